"""The portal: a private bucket, and the CloudFront distribution before bucket and API."""

from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigw
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import StageConfig
from infra.findings import acknowledge, acknowledge_checks
from infra.portal_headers import HSTS_SECONDS, security_headers
from infra.resources import resource_of, unique_name
from precert.names import FHIR_PATH, OAUTH_PATH, ORIGIN_SECRET_HEADER

API_PATHS: Final = ("/v1/*", f"{FHIR_PATH}/*", f"{OAUTH_PATH}/*", "/cds-services*")
VIEWER_FUNCTION: Final = Path(__file__).with_name("portal_viewer.js")
PAGE_FUNCTION: Final = Path(__file__).with_name("portal_page.js")
CACHED_ERRORS: Final = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
"""The statuses of errors that CloudFront can cache."""
LOGGED: Final = (
    "date",
    "time",
    "x-edge-location",
    "cs-method",
    "sc-status",
    "sc-bytes",
    "time-taken",
    "x-edge-result-type",
    "x-edge-request-id",
    "ssl-protocol",
)
"""No path, query, referrer, cookie or address: paths contain ids, and queries what users search for."""

_BUILT_IN: Final = frozenset(
    {
        "Content-Security-Policy",
        "Referrer-Policy",
        "Strict-Transport-Security",
        "X-Content-Type-Options",
        "X-Frame-Options",
    }
)
"""Headers of the policy that have properties of their own."""


class Portal(Construct):
    """The portal's files, and one address for them and the API."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        documents_origin: str,
        sign_in_origin: str | None,
        web_acl_arn: str | None,
        origin_secret: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self._web_acl_arn = web_acl_arn
        self._origin_secret = origin_secret
        self._documents_origin = documents_origin
        self._sign_in_origin = sign_in_origin
        self.bucket = self._bucket()
        self._headers = self._security_headers()
        self.distribution = self._distribution()
        self._log_requests()
        self._acknowledge()

    @property
    def origin(self) -> str:
        """The origin of the portal's pages."""
        domain = self._stage.portal.domain or self.distribution.distribution_domain_name
        return f"https://{domain}"

    def forward_api(self, api: apigw.HttpApi) -> None:
        """Serve the API at the same address, without caching, and forward all headers but Host."""
        region, edge = cdk.Stack.of(self).region, self._stage.edge
        address = f"{api.api_id}.execute-api.{region}.{cdk.Aws.URL_SUFFIX}"
        viewer = cloudfront.Function(
            self,
            "Viewer",
            code=cloudfront.FunctionCode.from_inline(VIEWER_FUNCTION.read_text(encoding="utf-8")),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            comment="Forward the address of the viewer to the API",
        )
        origin = origins.HttpOrigin(
            edge.origin_domain if edge else address,
            custom_headers=(
                {ORIGIN_SECRET_HEADER: self._origin_secret} if self._origin_secret else None
            ),
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
        )
        for path in API_PATHS:
            self.distribution.add_behavior(
                path,
                origin,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
                response_headers_policy=self._headers,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                function_associations=[
                    cloudfront.FunctionAssociation(
                        event_type=cloudfront.FunctionEventType.VIEWER_REQUEST, function=viewer
                    )
                ],
                compress=False,
            )

    def _bucket(self) -> s3.Bucket:
        return s3.Bucket(
            self,
            "Files",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            # The files are public: a customer managed key would protect nothing.
            encryption=s3.BucketEncryption.S3_MANAGED,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="Cleanup",
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                    noncurrent_version_expiration=cdk.Duration.days(30),
                    expired_object_delete_marker=True,
                )
            ],
            # The files are built again by the next deployment.
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def _security_headers(self) -> cloudfront.ResponseHeadersPolicy:
        """Send the headers that the local cloud sends too, in place of those of bucket and API."""
        headers = security_headers(
            sign_in=self._sign_in_origins(), documents=[self._documents_origin]
        )
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Security",
            response_headers_policy_name=unique_name(self._stage.name, "portal"),
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=headers["Content-Security-Policy"], override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=cdk.Duration.seconds(HSTS_SECONDS),
                    include_subdomains=True,
                    override=True,
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=name, value=value, override=True)
                    for name, value in headers.items()
                    if name not in _BUILT_IN
                ]
            ),
        )

    def _sign_in_origins(self) -> list[str]:
        identity = self._stage.identity
        if identity.issuer is None:
            return [self._sign_in_origin] if self._sign_in_origin else []
        issuer = "/".join(identity.issuer.split("/")[:3])
        return list(dict.fromkeys((issuer, *identity.portal_origins)))

    def _distribution(self) -> cloudfront.Distribution:
        portal = self._stage.portal
        page = cloudfront.Function(
            self,
            "Page",
            code=cloudfront.FunctionCode.from_inline(PAGE_FUNCTION.read_text(encoding="utf-8")),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            comment="Serve index.html for the portal's pages",
        )
        certificate = (
            acm.Certificate.from_certificate_arn(self, "Certificate", portal.certificate_arn)
            if portal.certificate_arn
            else None
        )
        return cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Portal of precert {self._stage.name}",
            default_root_object="index.html",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(
                    self.bucket,
                    # With the list level a missing file is a 404; without it S3 responds with 403.
                    origin_access_levels=[
                        cloudfront.AccessLevel.READ,
                        cloudfront.AccessLevel.LIST,
                    ],
                ),
                allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
                cache_policy=self._cache_policy(),
                compress=True,
                function_associations=[
                    cloudfront.FunctionAssociation(
                        event_type=cloudfront.FunctionEventType.VIEWER_REQUEST, function=page
                    )
                ],
                response_headers_policy=self._headers,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            ),
            domain_names=[portal.domain] if portal.domain else None,
            certificate=certificate,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            enable_ipv6=True,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            web_acl_id=self._web_acl_arn,
            # Otherwise CloudFront sends an error to all callers of the URL for ten seconds, also if it
            # caches nothing else: one caller's 503 to everyone who reads their own messages.
            error_responses=[
                cloudfront.ErrorResponse(http_status=status, ttl=cdk.Duration.seconds(0))
                for status in CACHED_ERRORS
            ],
        )

    def _cache_policy(self) -> cloudfront.CachePolicy:
        """Cache by the Cache-Control of each file; without one not at all."""
        return cloudfront.CachePolicy(
            self,
            "Caching",
            cache_policy_name=unique_name(self._stage.name, "portal"),
            min_ttl=cdk.Duration.seconds(0),
            default_ttl=cdk.Duration.seconds(0),
            max_ttl=cdk.Duration.days(365),
            cookie_behavior=cloudfront.CacheCookieBehavior.none(),
            header_behavior=cloudfront.CacheHeaderBehavior.none(),
            query_string_behavior=cloudfront.CacheQueryStringBehavior.none(),
            enable_accept_encoding_gzip=True,
            enable_accept_encoding_brotli=True,
        )

    def _log_requests(self) -> None:
        """Log requests without data that identifies a person; CloudFront delivers in us-east-1 only."""
        stage = self._stage
        here = cdk.CfnCondition(
            self, "LogsHere", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "us-east-1")
        )
        group = logs.LogGroup(
            self,
            "AccessLog",
            # With the prefix, the delivery service can write without a further resource policy.
            log_group_name=f"/aws/vendedlogs/{unique_name(stage.name, 'portal')}",
            retention=stage.log_retention,
            removal_policy=stage.removal_policy,
        )
        name = unique_name(stage.name, "portal")
        source = logs.CfnDeliverySource(
            self,
            "LogSource",
            name=name,
            log_type="ACCESS_LOGS",
            resource_arn=self.distribution.distribution_arn,
        )
        destination = logs.CfnDeliveryDestination(
            self,
            "LogDestination",
            name=name,
            destination_resource_arn=group.log_group_arn,
            output_format="json",
        )
        delivery = logs.CfnDelivery(
            self,
            "LogDelivery",
            delivery_source_name=source.name,
            delivery_destination_arn=destination.attr_arn,
            record_fields=list(LOGGED),
        )
        delivery.add_resource_dependency(source)
        for resource in (source, destination, delivery, resource_of(group, logs.CfnLogGroup)):
            resource.cfn_options.condition = here

    def _acknowledge(self) -> None:
        acknowledge(
            self.bucket,
            "AwsSolutions-S1",
            "The files are public; CloudFront, the only reader, has the log of requests.",
        )
        for rule, reason in (
            (
                "S3BucketLoggingEnabled",
                "The files are public; CloudFront, the only reader, has the log of requests.",
            ),
            (
                "S3BucketReplicationEnabled",
                "The files are built from the repository and published again in seconds.",
            ),
            (
                "S3DefaultEncryptionKMS",
                "The files of the portal are public: a customer managed key would protect nothing.",
            ),
        ):
            acknowledge_checks(self.bucket, rule, reason)
        acknowledge(
            self.distribution,
            "AwsSolutions-CFR1",
            "Staff of providers may travel; access is limited by sign-in, not by country.",
        )
        acknowledge(
            self.distribution,
            "AwsSolutions-CFR3",
            "A log delivery with chosen fields replaces the standard log, which contains paths.",
        )
        if self._web_acl_arn is None:
            acknowledge(
                self.distribution,
                "AwsSolutions-CFR2",
                "A stage with fictitious people only; [edge] creates the web ACL of one with PHI.",
            )
        if self._stage.portal.certificate_arn is None:
            acknowledge(
                self.distribution,
                "AwsSolutions-CFR4",
                "Without a domain of its own the portal has the certificate of CloudFront.",
            )
