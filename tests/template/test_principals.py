"""Who may assume a role, use a key, and call a function, queue or topic."""

from collections import defaultdict
from typing import Any, Final

from tests.template import stages
from tests.template.synthesized import Properties, Synthesized, listed

ROOT_USER: Final = f"arn:aws:iam::{stages.ACCOUNT}:root"
"""The account: its own policies decide which of its users may do it."""
OF_ACCOUNT: Final = {"StringEquals": {"aws:SourceAccount": stages.ACCOUNT}}
ASSUMED_BY: Final = {
    "BackupsRole": "backup.amazonaws.com",
    "LoadingRole": ROOT_USER,
    "MalwareProtectionRole": "malware-protection-plan.guardduty.amazonaws.com",
    "ReleasesRole": "codedeploy.amazonaws.com",
    "WorkflowRole": "states.amazonaws.com",
}
"""All other roles are those of functions."""


def without_hash(logical_id: str) -> str:
    return logical_id[:-8]


def principals(statement: dict[str, Any]) -> list[str]:
    """The accounts, services or ``*`` that a statement names."""
    named = statement["Principal"]
    kinds = named.values() if isinstance(named, dict) else [named]
    return [one for kind in kinds for one in listed(kind)]


def allowed(policy: Properties, *services: str) -> list[dict[str, Any]]:
    """The statements of a resource's policy that allow something to one of the services."""
    return [
        statement
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow" and set(services) & set(principals(statement))
    ]


def test_role_is_assumed_by_its_service_only_when_it_is_created(prod: Synthesized) -> None:
    found = {}
    for name, role in prod.properties("AWS::IAM::Role").items():
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRole"
        [found[without_hash(name)]] = principals(statement)
    functions = {name for name in found if name.endswith("FunctionRole")}
    assert found == {**dict.fromkeys(functions, "lambda.amazonaws.com"), **ASSUMED_BY}


def test_backups_read_every_store_when_their_role_is_used(prod: Synthesized) -> None:
    [role] = [
        one
        for name, one in prod.properties("AWS::IAM::Role").items()
        if name.startswith("BackupsRole")
    ]
    policies = {one["Fn::Join"][1][-1].rpartition("/")[2] for one in role["ManagedPolicyArns"]}
    assert policies == {
        "AWSBackupServiceRolePolicyForBackup",
        "AWSBackupServiceRolePolicyForS3Backup",
    }
    [statement] = [one for name, one in prod.statements() if name.startswith("BackupsRole")]
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}
    keys = {one["Fn::GetAtt"][0] for one in statement["Resource"]}
    stores = [
        *(
            one["SSESpecification"]["KMSMasterKeyId"]
            for name, one in prod.properties("AWS::DynamoDB::Table").items()
            if not name.startswith("TablesLimits")
        ),
        *(
            one["BucketEncryption"]["ServerSideEncryptionConfiguration"][0][
                "ServerSideEncryptionByDefault"
            ]["KMSMasterKeyID"]
            for name, one in prod.properties("AWS::S3::Bucket").items()
            if not name.startswith("PortalFiles")
        ),
    ]
    assert {one["Fn::GetAtt"][0] for one in stores} == keys


def test_key_is_used_by_the_account_only_when_no_service_needs_it(prod: Synthesized) -> None:
    """Logs, alarms, and the secret of CloudFront have a key of their own."""
    for name, key in prod.properties("AWS::KMS::Key").items():
        used_by = {
            one for statement in key["KeyPolicy"]["Statement"] for one in principals(statement)
        }
        services = {
            f"logs.{stages.REGION}.amazonaws.com",
            *(f"{one}.amazonaws.com" for one in ("budgets", "cloudwatch", "events")),
        }
        operations = services if name.startswith("EncryptionOperationsKey") else set()
        assert used_by == {ROOT_USER, *operations}, name


def test_notification_is_encrypted_when_aws_sends_it(prod: Synthesized) -> None:
    """Without the key, CloudWatch fails to notify, and only its own history shows it."""
    topics = prod.properties("AWS::SNS::Topic")
    [key] = {one["KmsMasterKeyId"]["Fn::GetAtt"][0] for one in topics.values()}
    policy = prod.properties("AWS::KMS::Key")[key]["KeyPolicy"]
    for service in ("budgets", "cloudwatch", "events"):
        conditions = [
            one.get("Condition")
            for one in allowed(policy, f"{service}.amazonaws.com")
            if set(one["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
        ]
        assert OF_ACCOUNT in conditions


def test_aws_notifies_both_topics_when_an_alarm_is_raised(prod: Synthesized) -> None:
    policies = {
        one["Topics"][0]["Ref"]: one["PolicyDocument"]
        for one in prod.properties("AWS::SNS::TopicPolicy").values()
    }
    assert policies.keys() == prod.resources("AWS::SNS::Topic").keys()
    for topic, policy in policies.items():
        for service in ("budgets", "cloudwatch", "events"):
            [statement] = allowed(policy, f"{service}.amazonaws.com")
            assert (statement["Action"], statement["Resource"]) == ("sns:Publish", {"Ref": topic})
            if service != "events":
                assert statement["Condition"] == OF_ACCOUNT


def test_rule_may_use_its_targets_when_it_fires(stack: Synthesized) -> None:
    """A rule without the permission delivers nothing, and reports it in a metric only."""
    invoked = {
        (one["FunctionName"]["Ref"], one["SourceArn"]["Fn::GetAtt"][0])
        for one in stack.properties("AWS::Lambda::Permission").values()
        if one["Principal"] == "events.amazonaws.com"
    }
    sent: defaultdict[str, set[str]] = defaultdict(set)
    for policy in stack.properties("AWS::SQS::QueuePolicy").values():
        for statement in allowed(policy["PolicyDocument"], "events.amazonaws.com"):
            assert "sqs:SendMessage" in listed(statement["Action"])
            rule = statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::GetAtt"][0]
            sent[rule] |= {queue["Ref"] for queue in policy["Queues"]}
    for name, rule in stack.properties("AWS::Events::Rule").items():
        [target] = rule["Targets"]
        assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] in sent[name], name
        if "ScheduleExpression" in rule:
            assert (target["Arn"]["Ref"], name) in invoked
        elif "Fn::GetAtt" in target["Arn"]:
            assert target["Arn"]["Fn::GetAtt"][0] in sent[name], name


def test_only_the_products_api_invokes_functions_when_a_call_arrives(stack: Synthesized) -> None:
    """Any API of any account could call a function whose permission names no source."""
    [api] = stack.resources("AWS::ApiGatewayV2::Api")
    found = [
        one
        for one in stack.properties("AWS::Lambda::Permission").values()
        if one["Principal"] == "apigateway.amazonaws.com"
    ]
    aliases = stack.properties("AWS::ApiGatewayV2::Integration").values()
    assert {one["FunctionName"]["Ref"] for one in found} == {
        one["IntegrationUri"]["Ref"] for one in aliases
    }
    for one in found:
        assert {"Ref": api} in one["SourceArn"]["Fn::Join"][1]


def test_rest_is_refused_when_a_permission_names_a_principal(stack: Synthesized) -> None:
    """Nothing else may invoke a function or put events on the bus."""
    invoking = {one["Principal"] for one in stack.properties("AWS::Lambda::Permission").values()}
    assert invoking == {"apigateway.amazonaws.com", "events.amazonaws.com"}
