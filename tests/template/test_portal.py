"""The portal's distribution: each header, each behavior, and who may read the files."""

import json
import re
import shutil
import subprocess
from typing import Any, Final

import pytest

from infra.constructs.portal import LOGGED, PAGE_FUNCTION
from infra.portal_headers import is_page, security_headers
from tests.template import stages
from tests.template.synthesized import Properties, Synthesized, listed

DISTRIBUTION: Final = "AWS::CloudFront::Distribution"
SIGN_IN: Final = "<sign-in>"
DOCUMENTS: Final = "<documents>"


def only(stack: Synthesized, kind: str) -> Properties:
    (found,) = stack.properties(kind).values()
    return found


def distribution(stack: Synthesized) -> Properties:
    config: Properties = only(stack, DISTRIBUTION)["DistributionConfig"]
    return config


def headers_of(stack: Synthesized) -> dict[str, Any]:
    """The headers of the policy by name, as CloudFront sends them."""
    config = only(stack, "AWS::CloudFront::ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"]
    security = config["SecurityHeadersConfig"]
    assert all(one["Override"] is True for one in security.values())
    hsts = security["StrictTransportSecurity"]
    assert hsts["IncludeSubdomains"] is True
    return {
        "Content-Security-Policy": text_of(
            security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
        ),
        "Strict-Transport-Security": (
            f"max-age={hsts['AccessControlMaxAgeSec']}; includeSubDomains"
        ),
        "X-Content-Type-Options": "nosniff" if "ContentTypeOptions" in security else "",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        **{
            one["Header"]: one["Value"]
            for one in config["CustomHeadersConfig"]["Items"]
            if one["Override"] is True
        },
    }


def text_of(value: Any) -> str:
    """A joined text, with the two origins of the stack by a word each."""
    if isinstance(value, str):
        return value
    text = "".join(
        part if isinstance(part, str) else f"<{part['Ref']}>" for part in value["Fn::Join"][1]
    )
    text = re.sub(r"https://<UserPoolDomain\w+>\.auth\.[^ ]+?\.amazoncognito\.com", SIGN_IN, text)
    return re.sub(r"https://<BucketsDocuments\w+>\.s3\.[^ ]+?\.<AWS::URLSuffix>", DOCUMENTS, text)


@pytest.mark.parametrize("name", security_headers(sign_in=[], documents=[]))
def test_header_is_that_of_the_local_cloud_when_cloudfront_responds(
    stack: Synthesized, name: str
) -> None:
    expected = security_headers(sign_in=[SIGN_IN], documents=[DOCUMENTS])
    found = headers_of(stack)
    assert set(found) == set(expected)
    assert found[name] == expected[name]


def test_issuers_origin_is_called_when_the_payer_has_its_own(with_own_issuer: Synthesized) -> None:
    policy = headers_of(with_own_issuer)["Content-Security-Policy"]
    assert "connect-src 'self' https://login.example.com " in policy
    assert "amazoncognito" not in policy


def test_headers_are_sent_with_files_and_api_when_cloudfront_responds(stack: Synthesized) -> None:
    config = distribution(stack)
    (policy,) = stack.resources("AWS::CloudFront::ResponseHeadersPolicy")
    for behavior in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        assert behavior["ResponseHeadersPolicyId"] == {"Ref": policy}


def test_portal_may_upload_when_the_documents_bucket_is_created(stack: Synthesized) -> None:
    """The policy names the bucket; the bucket cannot name a distribution, which is created later."""
    buckets = stack.resources("AWS::S3::Bucket").items()
    [(name, bucket)] = [one for one in buckets if "CorsConfiguration" in one[1]["Properties"]]
    policy = only(stack, "AWS::CloudFront::ResponseHeadersPolicy")
    assert {"Ref": name} in joined(policy)
    (rule,) = bucket["Properties"]["CorsConfiguration"]["CorsRules"]
    own = "precert.example.org" if stack.stage == "prod" else "*.cloudfront.net"
    assert f"https://{own}" in rule["AllowedOrigins"]
    assert "*" not in rule["AllowedOrigins"]


def joined(policy: Properties) -> list[Any]:
    """The parts of the content security policy."""
    security = policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    parts: list[Any] = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Join"][1]
    return parts


def test_api_is_forwarded_without_caching_when_it_is_called_at_the_portal(
    stack: Synthesized,
) -> None:
    config = distribution(stack)
    paths = {one["PathPattern"]: one for one in config["CacheBehaviors"]}
    assert paths.keys() == {"/v1/*", "/fhir/r4/*", "/oauth/*", "/cds-services*"}
    for api in paths.values():
        assert set(api["AllowedMethods"]) == {
            *("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"),
        }
        # The ids of AWS's policies CachingDisabled and AllViewerExceptHostHeader.
        assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
        assert api["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
        assert api["ViewerProtocolPolicy"] == "https-only"
        (viewer,) = api["FunctionAssociations"]
        assert viewer["EventType"] == "viewer-request"
        assert "Viewer" in json.dumps(viewer["FunctionARN"])
        (origin,) = [one for one in config["Origins"] if one["Id"] == api["TargetOriginId"]]
        if stack.stage == "dev":
            assert "execute-api" in json.dumps(origin["DomainName"])
        assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
        assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


def test_errors_of_the_api_arrive_unchanged_when_cloudfront_responds(stack: Synthesized) -> None:
    """A custom error page for the portal's paths would replace problems of the API too."""
    errors = distribution(stack)["CustomErrorResponses"]
    assert [one for one in errors if one.keys() & {"ResponsePagePath", "ResponseCode"}] == []


def test_error_of_one_caller_is_sent_to_no_other_when_cloudfront_responds(
    stack: Synthesized,
) -> None:
    """By default CloudFront caches errors by URL for ten seconds, also with CachingDisabled."""
    errors = distribution(stack)["CustomErrorResponses"]
    assert {one["ErrorCachingMinTTL"] for one in errors} == {0}
    assert {one["ErrorCode"] for one in errors} == {
        *(400, 403, 404, 405, 414, 416),
        *(500, 501, 502, 503, 504),
    }


@pytest.mark.parametrize(
    "path",
    ["/", "/signed-in", "/requests/01J1QZ8Y", "/a.b/page", "/assets/index-1.js", "/favicon.svg"],
)
def test_page_is_served_when_the_path_names_no_file(path: str) -> None:
    """The function of CloudFront decides as the local cloud does."""
    script = (
        f"{PAGE_FUNCTION.read_text(encoding='utf-8')}\n"
        f"console.log(handler({{request: {{uri: {json.dumps(path)}}}}}).uri)"
    )
    node = shutil.which("node")
    assert node is not None
    ran = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ("/index.html" if is_page(path) else path)


def test_page_function_runs_before_files_only_when_a_request_arrives(stack: Synthesized) -> None:
    (association,) = distribution(stack)["DefaultCacheBehavior"]["FunctionAssociations"]
    (function,) = [one for one in stack.resources("AWS::CloudFront::Function") if "Page" in one]
    assert association["EventType"] == "viewer-request"
    assert association["FunctionARN"] == {"Fn::GetAtt": [function, "FunctionARN"]}
    assert distribution(stack)["DefaultRootObject"] == "index.html"


def test_files_are_cached_as_they_say_when_cloudfront_stores_them(stack: Synthesized) -> None:
    config = only(stack, "AWS::CloudFront::CachePolicy")["CachePolicyConfig"]
    assert (config["MinTTL"], config["DefaultTTL"], config["MaxTTL"]) == (0, 0, 31_536_000)
    key = config["ParametersInCacheKeyAndForwardedToOrigin"]
    assert key["EnableAcceptEncodingBrotli"] is key["EnableAcceptEncodingGzip"] is True
    behavior = distribution(stack)["DefaultCacheBehavior"]
    assert behavior["Compress"] is True
    assert behavior["AllowedMethods"] == ["GET", "HEAD"]
    assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"


def test_only_the_distribution_reads_the_files_when_they_are_requested(
    stack: Synthesized,
) -> None:
    (bucket,) = [name for name in stack.resources("AWS::S3::Bucket") if name.startswith("Portal")]
    properties = stack.properties("AWS::S3::Bucket")[bucket]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketEncryption" in properties
    (statements,) = [
        policy["PolicyDocument"]["Statement"]
        for policy in stack.properties("AWS::S3::BucketPolicy").values()
        if policy["Bucket"] == {"Ref": bucket}
    ]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert {action for statement in allowed for action in listed(statement["Action"])} == {
        "s3:GetObject",
        "s3:ListBucket",
    }
    (name,) = stack.resources(DISTRIBUTION)
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert {"Ref": name} in (
            statement["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Join"][1]
        )
    insecure = [one for one in statements if one["Effect"] == "Deny"]
    assert any("aws:SecureTransport" in json.dumps(one) for one in insecure)
    access = only(stack, "AWS::CloudFront::OriginAccessControl")["OriginAccessControlConfig"]
    assert (access["SigningBehavior"], access["SigningProtocol"]) == ("always", "sigv4")


def test_no_person_is_identified_when_a_request_is_logged(stack: Synthesized) -> None:
    delivery = only(stack, "AWS::Logs::Delivery")
    assert delivery["RecordFields"] == list(LOGGED)
    personal = ("c-ip", "cs-uri", "cs(", "cookie", "x-forwarded-for", "asn", "country")
    assert [name for name in LOGGED if any(part in name for part in personal)] == []
    assert {"sc-status", "time-taken", "cs-method"} <= set(LOGGED)
    assert "Logging" not in distribution(stack)


def test_log_is_delivered_when_the_stack_is_in_us_east_1(stack: Synthesized) -> None:
    """CloudFront delivers its log in that region only; elsewhere the deployment must not fail."""
    kinds = ("DeliverySource", "DeliveryDestination", "Delivery")
    conditions = {
        resource.get("Condition")
        for kind in kinds
        for resource in stack.resources(f"AWS::Logs::{kind}").values()
    }
    (condition,) = conditions
    assert condition is not None
    assert stack.template["Conditions"][condition] == {
        "Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]
    }


def test_newest_protocols_are_offered_when_a_browser_connects(stack: Synthesized) -> None:
    config = distribution(stack)
    assert (config["HttpVersion"], config["IPV6Enabled"]) == ("http2and3", True)


def test_own_domain_certificate_and_web_acl_are_used_when_configured(
    with_own_domain: Synthesized,
) -> None:
    config = distribution(with_own_domain)
    assert config["Aliases"] == ["portal.example.org"]
    assert config["ViewerCertificate"] == {
        "AcmCertificateArn": stages.CERTIFICATE,
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }
    assert config["WebACLId"] == stages.WEB_ACL
    assert with_own_domain.template["Outputs"]["PortalUrl"]["Value"] == "https://portal.example.org"
    (client,) = [
        one
        for one in with_own_domain.properties("AWS::Cognito::UserPoolClient").values()
        if "CallbackURLs" in one
    ]
    assert "https://portal.example.org/signed-in" in client["CallbackURLs"]
    acknowledged = {finding for _, finding, _ in with_own_domain.acknowledged}
    assert not {"AwsSolutions-CFR2", "AwsSolutions-CFR4"} & acknowledged
    assert with_own_domain.findings == []
