"""CloudFront and AWS WAF are the only way to the API, besides the domain of partners."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.app import make_app
from infra.constructs.portal import VIEWER_FUNCTION
from infra.platforms import Platform
from precert.names import ORIGIN_SECRET_HEADER, VIEWER_ADDRESS_HEADER, VIEWER_HOST_HEADER
from tests.template import stages
from tests.template.synthesized import Properties, Synthesized


def acl_of(prod: Synthesized) -> Properties:
    [acl] = prod.properties("AWS::WAFv2::WebACL").values()
    return acl


def api_origin(prod: Synthesized) -> Properties:
    [distribution] = prod.properties("AWS::CloudFront::Distribution").values()
    config = distribution["DistributionConfig"]
    [behavior] = [one for one in config["CacheBehaviors"] if one["PathPattern"] == "/v1/*"]
    [origin] = [one for one in config["Origins"] if one["Id"] == behavior["TargetOriginId"]]
    return {"behavior": behavior, **origin}


def test_own_address_of_the_api_is_closed_when_the_stage_has_phi(prod: Synthesized) -> None:
    [api] = prod.properties("AWS::ApiGatewayV2::Api").values()
    assert api["DisableExecuteApiEndpoint"] is True
    domains = {
        one["DomainName"] for one in prod.properties("AWS::ApiGatewayV2::DomainName").values()
    }
    assert domains == {stages.PLAN["edge"]["origin_domain"]}
    assert api_origin(prod)["DomainName"] == stages.PLAN["edge"]["origin_domain"]
    outputs = prod.template["Outputs"]
    assert outputs["ApiUrl"]["Value"] == f"https://{stages.PLAN['portal']['domain']}"
    assert "OriginTarget" in outputs, "for the DNS entry"


def test_functions_accept_only_the_secret_of_cloudfront_when_the_stage_has_phi(
    prod: Synthesized,
) -> None:
    [header] = api_origin(prod)["OriginCustomHeaders"]
    assert header["HeaderName"] == ORIGIN_SECRET_HEADER
    assert "resolve:secretsmanager" in json.dumps(header["HeaderValue"])
    serving = {
        json.dumps(one["Environment"]["Variables"]["ORIGIN_SECRETS"])
        for one in prod.properties("AWS::Lambda::Function").values()
        if "ORIGIN_SECRETS" in one["Environment"]["Variables"]
    }
    assert serving == {json.dumps(header["HeaderValue"])}


def test_web_acl_bounds_addresses_and_clients_when_the_stage_has_phi(prod: Synthesized) -> None:
    acl = acl_of(prod)
    assert (acl["Scope"], acl["DefaultAction"]) == ("CLOUDFRONT", {"Allow": {}})
    rules = {one["Name"]: one for one in acl["Rules"]}
    managed = [one for one in rules if one.startswith("AWSManagedRules")]
    assert len(managed) == 3
    by_address = rules["ByAddress"]["Statement"]["RateBasedStatement"]
    assert (by_address["AggregateKeyType"], by_address["Limit"]) == ("IP", 6000)
    by_client = rules["ByClient"]["Statement"]["RateBasedStatement"]
    [key] = by_client["CustomKeys"]
    assert (key["Header"]["Name"], by_client["Limit"]) == ("authorization", 6000)
    for name in ("ByAddress", "ByClient"):
        assert rules[name]["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
    for rule in (by_address, by_client):
        assert rule["EvaluationWindowSec"] == 300
    # A call without a token would count for a client without a name.
    assert by_client["ScopeDownStatement"]["SizeConstraintStatement"]["Size"] == 0
    for name in managed:
        assert rules[name]["OverrideAction"] == {"None": {}}, "it would only count"
    counted = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    assert {one["Name"] for one in counted["RuleActionOverrides"]} == {
        "SizeRestrictions_BODY",
        "CrossSiteScripting_BODY",
        "GenericRFI_BODY",
    }
    [distribution] = prod.properties("AWS::CloudFront::Distribution").values()
    assert "WebAcl" in json.dumps(distribution["DistributionConfig"]["WebACLId"])


def test_log_of_refused_calls_has_no_token_and_no_path_when_it_is_written(
    prod: Synthesized,
) -> None:
    [logging] = prod.properties("AWS::WAFv2::LoggingConfiguration").values()
    assert logging["RedactedFields"] == [
        {"SingleHeader": {"Name": "authorization"}},
        {"SingleHeader": {"Name": "cookie"}},
        {"UriPath": {}},
        {"QueryString": {}},
    ]
    assert logging["LoggingFilter"]["DefaultBehavior"] == "DROP"
    # The group is retained; a stack that is deployed again needs another name.
    [name] = [
        json.dumps(one["LogGroupName"])
        for one in prod.properties("AWS::Logs::LogGroup").values()
        if "aws-waf-logs-" in json.dumps(one.get("LogGroupName", ""))
    ]
    assert "AWS::StackId" in name


def test_no_request_is_sampled_when_a_rule_matches_it(prod: Synthesized) -> None:
    """AWS WAF would show samples with their paths, which contain ids."""
    acl = acl_of(prod)
    shown = [acl["VisibilityConfig"], *(one["VisibilityConfig"] for one in acl["Rules"])]
    assert {one["SampledRequestsEnabled"] for one in shown} == {False}
    assert {one["CloudWatchMetricsEnabled"] for one in shown} == {True}


def test_secret_is_long_when_cloudfront_identifies_itself_with_it(prod: Synthesized) -> None:
    for secret in prod.properties("AWS::SecretsManager::Secret").values():
        generated = secret["GenerateSecretString"]
        assert (generated["PasswordLength"], generated["ExcludePunctuation"]) == (48, True)


def test_web_acl_is_in_us_east_1_when_the_stage_is_in_another_region(tmp_path: Path) -> None:
    certificate = f"arn:aws:acm:us-west-2:{stages.ACCOUNT}:certificate/2"
    stage = stages.dev(
        region="us-west-2",
        account=stages.ACCOUNT,
        edge={
            "origin_domain": "origin.example.org",
            "origin_certificate_arn": certificate,
            "origin_secret": 3,
        },
    )
    app, stacks = make_app(stage, Platform.LOCAL, out=str(tmp_path))
    assembly = app.synth()
    assert stacks.firewall is not None
    assert (stacks.firewall.region, stacks.service.region) == ("us-east-1", "us-west-2")
    [artifact] = [one for one in assembly.stacks if one.stack_name == "precert-dev"]
    assert "precert-dev-edge" in [one.id for one in artifact.dependencies]
    template = json.loads((tmp_path / "precert-dev.template.json").read_text(encoding="utf-8"))
    resources: dict[str, dict[str, Any]] = template["Resources"]
    [distribution] = [
        one["Properties"]["DistributionConfig"]
        for one in resources.values()
        if one["Type"] == "AWS::CloudFront::Distribution"
    ]
    assert distribution["WebACLId"] == {
        "Fn::GetStackOutput": {
            "StackName": "precert-dev-edge",
            "OutputName": "WebAclArn",
            "Region": "us-east-1",
        }
    }
    secrets = [
        name for name, one in resources.items() if one["Type"] == "AWS::SecretsManager::Secret"
    ]
    assert sorted(name[:17] for name in secrets) == ["EdgeOriginSecret2", "EdgeOriginSecret3"]


def test_nothing_of_the_edge_is_created_when_the_stage_has_none(dev: Synthesized) -> None:
    assert dev.resources("AWS::WAFv2::WebACL") == {}
    [api] = dev.properties("AWS::ApiGatewayV2::Api").values()
    assert "DisableExecuteApiEndpoint" not in api
    variables = [
        one["Environment"]["Variables"] for one in dev.properties("AWS::Lambda::Function").values()
    ]
    assert {one["ORIGIN_SECRETS"] for one in variables if "ORIGIN_SECRETS" in one} == {"off"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"origin_domain": "https://a.example"}, "edge.origin_domain: String should match"),
        ({"origin_domain": "CHANGE-ME"}, "edge.origin_domain: replace the placeholder"),
        ({"origin_secret": 0}, "edge.origin_secret: Input should be greater"),
        ({"requests_by_address": 5}, "edge.requests_by_address: Input should be greater"),
        (
            {"origin_certificate_arn": stages.CERTIFICATE.replace("us-east-1", "us-west-2")},
            "edge.origin_certificate_arn: must be in us-east-1, as the API",
        ),
    ],
)
def test_stage_is_refused_when_its_edge_would_not_work(
    changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        stages.prod(edge={**stages.PLAN["edge"], **changed})


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_address_of_the_viewer_replaces_what_was_sent_when_cloudfront_forwards() -> None:
    event = {
        "viewer": {"ip": "198.51.100.7"},
        "request": {
            "headers": {
                "host": {"value": "portal.example.org"},
                VIEWER_ADDRESS_HEADER: {"value": "203.0.113.1"},
                VIEWER_HOST_HEADER: {"value": "attacker.example.org"},
            }
        },
    }
    script = (
        f"{VIEWER_FUNCTION.read_text()}\nconsole.log(JSON.stringify(handler({json.dumps(event)})))"
    )
    ran = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["headers"] == {
        "host": {"value": "portal.example.org"},
        VIEWER_ADDRESS_HEADER: {"value": "198.51.100.7"},
        VIEWER_HOST_HEADER: {"value": "portal.example.org"},
    }
