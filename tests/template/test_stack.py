"""The stack as a whole: outputs, stages, platforms."""

import json
import re
from typing import Any

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
        *("ApiUrl", "UserPoolId", "UserPoolClientId", "RequestsTableName", "ReferenceTableName"),
        *(
            "DocumentsBucketName",
            "RuleListsBucketName",
            "Deliveries",
            "EventBusName",
            "StateMachineArn",
        ),
        *(
            "ArchiveBucketName",
            "AuditTableName",
            "AuditBucketName",
            "SsnKeyArn",
            "LoadingRoleArn",
            "PortalUrl",
            "PortalBucketName",
        ),
        *("PortalAuthority", "PortalClientId", "PortalScope", "PortalSignInUrl"),
        *(
            ("PartnerClientIdSampleEhr", "PartnerClientIdSampleVendor")
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
