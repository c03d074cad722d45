"""Malware scans of documents: the resources of each stage, and how a deployer switches them."""

from typing import Any, Final

from infra.alarms import METRICS_NAME
from precert.names import SCAN_UNRESOLVED
from tests.template.synthesized import Synthesized

PLAN: Final = "AWS::GuardDuty::MalwareProtectionPlan"


def documents_bucket(stack: Synthesized) -> str:
    [name] = (
        name
        for name, bucket in stack.properties("AWS::S3::Bucket").items()
        if "CorsConfiguration" in bucket
    )
    return name


def environment(stack: Synthesized, handler: str) -> dict[str, Any]:
    [function] = (
        f for f in stack.properties("AWS::Lambda::Function").values() if f["Handler"] == handler
    )
    variables: dict[str, Any] = function["Environment"]["Variables"]
    return variables


def test_documents_are_scanned_when_in_production(prod: Synthesized) -> None:
    [plan] = prod.properties(PLAN).values()
    protected = plan["ProtectedResource"]["S3Bucket"]
    assert protected == {
        "BucketName": {"Ref": documents_bucket(prod)},
        "ObjectPrefixes": ["documents/"],
    }
    assert "Actions" not in plan
    assert environment(prod, "functions.upload.verify.handle")["SCAN_DOCUMENTS"] == "on"


def test_plan_depends_on_its_roles_permissions_when_it_is_created(prod: Synthesized) -> None:
    [plan] = prod.resources(PLAN).values()
    role = plan["Properties"]["Role"]["Fn::GetAtt"][0]
    [policy] = (
        name
        for name, policy_ in prod.properties("AWS::IAM::Policy").items()
        if policy_["Roles"] == [{"Ref": role}]
    )
    assert {role, policy} <= set(plan["DependsOn"])


def test_documents_are_not_scanned_when_in_development(dev: Synthesized) -> None:
    assert dev.resources(PLAN) == {}
    assert environment(dev, "functions.upload.verify.handle")["SCAN_DOCUMENTS"] == "off"


def test_documents_are_scanned_in_development_when_its_configuration_enables_it(
    with_own_issuer: Synthesized,
) -> None:
    assert len(with_own_issuer.resources(PLAN)) == 1
    verify = environment(with_own_issuer, "functions.upload.verify.handle")
    assert verify["SCAN_DOCUMENTS"] == "on"
    assert with_own_issuer.findings == []


def test_results_of_this_bucket_are_received_when_guardduty_publishes_them(
    stack: Synthesized,
) -> None:
    [rule] = (
        rule
        for rule in stack.properties("AWS::Events::Rule").values()
        if rule.get("EventPattern", {}).get("detail-type")
        == ["GuardDuty Malware Protection Object Scan Result"]
    )
    [target] = rule["Targets"]
    assert target["Arn"]["Fn::GetAtt"][0].startswith("MessagingScans")
    assert rule["EventPattern"] == {
        "source": ["aws.guardduty"],
        "detail-type": ["GuardDuty Malware Protection Object Scan Result"],
        "detail": {
            "s3ObjectDetails": {
                "bucketName": [{"Ref": documents_bucket(stack)}],
                "objectKey": [{"prefix": "documents/"}],
            }
        },
    }
    assert "EventBusName" not in rule


def test_operator_is_alarmed_when_a_scan_failed(stack: Synthesized) -> None:
    [alarm] = (
        alarm
        for alarm in stack.properties("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == SCAN_UNRESOLVED
    )
    assert (alarm["Namespace"], alarm["Statistic"]) == (METRICS_NAME, "Sum")
    assert alarm["Dimensions"] == [{"Name": "service", "Value": METRICS_NAME}]
    for function in stack.properties("AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == METRICS_NAME
        assert variables["POWERTOOLS_SERVICE_NAME"] == METRICS_NAME
