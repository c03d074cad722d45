"""The stacks as a whole: outputs, what is in which stack, stages, platforms."""

import json
import re
from typing import Any, Final

from tests.template.synthesized import Synthesized


def without_packages(value: Any) -> Any:
    """A template without what may differ between platforms: architecture and asset hashes.

    The logical id of a version ends in a hash of its function's assets.
    """
    text = re.sub(
        r"[0-9a-f]{64}|(?<=CurrentVersion)[0-9A-F]{8}[0-9a-f]{32}", "<hash>", json.dumps(value)
    )
    parsed = json.loads(text)
    for resource in parsed["Resources"].values():
        resource.get("Properties", {}).pop("Architectures", None)
    return parsed


def test_outputs_are_named_when_the_stack_is_deployed(stack: Synthesized) -> None:
    assert set(stack.template["Outputs"]) == {
        *("ApiUrl", "UserPoolId", "RequestsTableName", "ReferenceTableName"),
        *(
            "DocumentsBucketName",
            "RuleListsBucketName",
            "Deliveries",
            "EventBusName",
            "StateMachineArn",
            "StateMachineAliasArn",
        ),
        *(
            "ArchiveBucketName",
            "AuditTableName",
            "AuditBucketName",
            "DataKeyArn",
            "SsnKeyArn",
            "LoadingRoleArn",
            "PortalUrl",
            "PortalBucketName",
        ),
        *(("OriginTarget",) if stack.stage == "prod" else ()),
        *("PortalAuthority", "PortalClientId", "PortalScope", "PortalSignInUrl"),
        *(
            ("UserPoolClientId", "PartnerClientIdSampleEhr", "PartnerClientIdSampleVendor")
            if stack.stage == "dev"
            else ()
        ),
    }


def test_only_architecture_and_assets_differ_when_the_platform_does(
    dev: Synthesized, dev_on_aws: Synthesized
) -> None:
    assert without_packages(dev.template) == without_packages(dev_on_aws.template)


def test_functions_run_on_arm_when_in_aws(prod: Synthesized) -> None:
    functions = prod.properties("AWS::Lambda::Function").values()
    assert {tuple(function["Architectures"]) for function in functions} == {("arm64",)}


def test_no_path_of_this_machine_is_in_the_template_when_synthesized(stack: Synthesized) -> None:
    assert re.findall(r"/(?:work|home|root|Users|tmp)/[^\"]*", stack.text) == []


def test_no_account_is_looked_up_when_synthesized(stack: Synthesized) -> None:
    assert "Parameters" not in stack.template
    assert "Rules" not in stack.template


LIVES_IN_DATA: Final = frozenset(
    {
        *("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Events::Archive", "AWS::Events::EventBus"),
        *("AWS::Cognito::UserPool", "AWS::S3::Bucket", "AWS::Backup::BackupVault"),
    }
)
MAX_RESOURCES: Final = 500
"""CloudFormation's quota for a stack."""


def test_every_store_is_in_the_data_stack_when_the_stage_is_split(stack: Synthesized) -> None:
    """The portal's files are built by each deployment, and a deployment without them is repeated."""
    data, *others = stack.stacks
    for name in others:
        kinds = {
            resource["Type"]
            for logical_id, resource in stack.templates[name]["Resources"].items()
            if not logical_id.startswith("PortalFiles")
        }
        assert kinds & LIVES_IN_DATA == set(), name
    kinds = {resource["Type"] for resource in stack.templates[data]["Resources"].values()}
    assert kinds & {"AWS::Lambda::Function", "AWS::CloudWatch::Alarm", "AWS::SQS::Queue"} == set()


def test_references_lock_no_stack_when_stacks_refer_to_each_other(stack: Synthesized) -> None:
    """An export that is imported can be neither changed nor removed."""
    assert "Fn::ImportValue" not in stack.text
    referred = {
        name: set(re.findall(r'"StackName": "([\w-]+)"', text))
        for name, text in stack.texts.items()
    }
    data, *edge, service, monitoring = stack.stacks
    assert referred == {
        data: set(),
        **{one: set() for one in edge},
        service: {data, *edge},
        monitoring: {data, service},
    }
    for template in stack.templates.values():
        assert not any("Export" in one for one in template.get("Outputs", {}).values())


def test_stacks_have_room_when_the_stage_grows(stack: Synthesized) -> None:
    for name, template in stack.templates.items():
        assert len(template["Resources"]) <= MAX_RESOURCES * 0.9, name
        assert len(template.get("Outputs", {})) <= 200 * 0.9, name


def test_deletion_is_refused_when_the_stage_retains_data(
    dev: Synthesized, prod: Synthesized
) -> None:
    for stage, protected in ((prod, True), (dev, False)):
        manifest = json.loads((stage.folder / "manifest.json").read_text(encoding="utf-8"))
        for name in stage.stacks:
            properties = manifest["artifacts"][name]["properties"]
            assert properties["terminationProtection"] is protected, name


def test_only_data_and_logs_are_retained_when_the_stacks_are_deleted(prod: Synthesized) -> None:
    retaining = {"Retain", "RetainExceptOnCreate"}
    retained = {
        resource["Type"]
        for resource in prod.template["Resources"].values()
        if resource.get("DeletionPolicy") in retaining
    }
    assert retained <= LIVES_IN_DATA | {"AWS::Logs::LogGroup"}
    assert all(
        resource.get("DeletionPolicy") != "Retain"
        for resource in prod.template["Resources"].values()
    )
