"""The HTTP API: one route per operation of the manifest, behind the authorizer."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigw
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import ApiConfig, EdgeConfig, StageConfig
from infra.constructs.functions import ServiceFunction
from infra.constructs.identity import Identity
from infra.findings import acknowledge
from infra.resources import resource_of
from precert.names import Access

MANIFEST: Final = Path(__file__).parent.parent / "routes.json"
"""The file of the routes, which ``make openapi`` writes from the operations."""


class Route(NamedTuple):
    """One operation: its route in API Gateway and the function that serves it."""

    operation_id: str
    method: str
    path: str
    function: str
    access: Access


ROUTES: Final = tuple(
    Route(**{**row, "access": Access(row["access"])})
    for row in json.loads(MANIFEST.read_text(encoding="utf-8"))
)


ACCESS_LOG_FORMAT: Final = {
    "request_id": "$context.requestId",
    "route": "$context.routeKey",
    "status": "$context.status",
    "latency_ms": "$context.responseLatency",
    "integration_latency_ms": "$context.integrationLatency",
    "response_bytes": "$context.responseLength",
    "time": "$context.requestTimeEpoch",
}
"""Route keys instead of paths, so that the access log contains no ids."""

_REQUEST_HEADERS: Final = (
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
)
_RESPONSE_HEADERS: Final = ("etag", "location", "retry-after", "content-disposition")


def _fhir_authorizer(function: ServiceFunction) -> authorizers.HttpLambdaAuthorizer:
    """Return the Lambda authorizer of FHIR routes, because a JWT authorizer accepts one issuer only.

    It has no identity source: with one, API Gateway itself would respond to a call without a token, and
    not with an OperationOutcome. Without one, API Gateway invokes the authorizer for each call and
    caches no result.
    """
    return authorizers.HttpLambdaAuthorizer(
        "FhirAuthorizer",
        function.live,
        authorizer_name="fhir",
        identity_source=[],
        response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
        results_cache_ttl=cdk.Duration.seconds(0),
    )


def _cors(stage: StageConfig) -> apigw.CorsPreflightOptions:
    """Allow calls of pages at partners' origins; the plan's portal calls the API at its own origin."""
    return apigw.CorsPreflightOptions(
        allow_origins=list(stage.cors_origins),
        allow_methods=[apigw.CorsHttpMethod[name] for name in sorted({r.method for r in ROUTES})],
        allow_headers=list(_REQUEST_HEADERS),
        expose_headers=list(_RESPONSE_HEADERS),
        max_age=cdk.Duration.hours(1),
    )


class Api(Construct):
    """One integration per function, one route per operation, and the default stage.

    It is created before the functions, whose environment has its URL; :meth:`serve` adds the routes.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        identity: Identity,
    ) -> None:
        super().__init__(scope, construct_id)
        self.http_api = apigw.HttpApi(
            self,
            "HttpApi",
            api_name=f"precert-{stage.name}",
            create_default_stage=False,
            default_authorizer=identity.authorizer,
            # An ID token has no scope.
            default_authorization_scopes=identity.scopes,
            cors_preflight=_cors(stage) if stage.cors_origins else None,
            # Calls must pass CloudFront and AWS WAF in a stage with an edge.
            disable_execute_api_endpoint=True if stage.edge else None,
        )
        self.origin_target: str | None = None
        """The name to which the DNS entry of the origin's domain points."""
        self.stage = self._stage(stage)
        if stage.edge:
            self._origin_domain(stage.edge)
        if stage.api.domain:
            self._partners_domain(stage.api)

    def serve(
        self, functions: Mapping[str, ServiceFunction], *, fhir_authorizer: ServiceFunction
    ) -> None:
        """Add the routes of the functions, by the names in the manifest."""
        self._routes(
            functions,
            {
                Access.API: None,
                Access.FHIR: _fhir_authorizer(fhir_authorizer),
                Access.PUBLIC: apigw.HttpNoneAuthorizer(),
            },
        )

    def _origin_domain(self, edge: EdgeConfig) -> None:
        """Serve the API at the domain that CloudFront calls."""
        domain = apigw.DomainName(
            self,
            "OriginDomain",
            domain_name=edge.origin_domain,
            certificate=acm.Certificate.from_certificate_arn(
                self, "OriginCertificate", edge.origin_certificate_arn
            ),
            security_policy=apigw.SecurityPolicy.TLS_1_2,
        )
        apigw.ApiMapping(
            self, "OriginMapping", api=self.http_api, domain_name=domain, stage=self.stage
        )
        self.origin_target = domain.regional_domain_name

    def _partners_domain(self, api: ApiConfig) -> None:
        """Serve the API at a domain that requires a client certificate, beside the access token."""
        bucket, _, key = str(api.truststore).removeprefix("s3://").partition("/")
        domain = apigw.DomainName(
            self,
            "PartnersDomain",
            domain_name=str(api.domain),
            certificate=acm.Certificate.from_certificate_arn(
                self, "PartnersCertificate", str(api.certificate_arn)
            ),
            security_policy=apigw.SecurityPolicy.TLS_1_2,
            mtls=apigw.MTLSConfig(
                bucket=s3.Bucket.from_bucket_name(self, "Truststore", bucket),
                key=key,
                version=api.truststore_version,
            ),
        )
        apigw.ApiMapping(
            self, "PartnersMapping", api=self.http_api, domain_name=domain, stage=self.stage
        )

    def _routes(
        self,
        functions: Mapping[str, ServiceFunction],
        authorizer_of: Mapping[Access, apigw.IHttpRouteAuthorizer | None],
    ) -> None:
        integrated = {
            name: integrations.HttpLambdaIntegration(
                name.title(),
                function.live,
                timeout=cdk.Duration.seconds(29),
                # One permission per function: one per route would take a fifth of the resources that
                # a stack can have.
                scope_permission_to_route=False,
            )
            for name, function in functions.items()
        }
        for route in ROUTES:
            http_route = apigw.HttpRoute(
                self,
                route.operation_id[0].upper() + route.operation_id[1:],
                http_api=self.http_api,
                route_key=apigw.HttpRouteKey.with_(route.path, apigw.HttpMethod[route.method]),
                integration=integrated[route.function],
                # The default is the authorizer of the users' issuer.
                authorizer=authorizer_of[route.access],
                authorization_scopes=None if route.access is Access.API else [],
            )
            resource_of(http_route, apigw.CfnRoute).operation_name = route.operation_id
            if route.access is Access.PUBLIC:
                acknowledge(
                    http_route,
                    "AwsSolutions-APIG4",
                    "The standards require these operations without an access token: discovery, and "
                    "the token endpoint and CDS Hooks, which verify a signed JWT of the client.",
                )

    def _stage(self, stage: StageConfig) -> apigw.HttpStage:
        log = logs.LogGroup(
            self, "AccessLog", retention=stage.log_retention, removal_policy=stage.removal_policy
        )
        http_stage = apigw.HttpStage(
            self,
            "Stage",
            http_api=self.http_api,
            stage_name="$default",
            auto_deploy=True,
            detailed_metrics_enabled=True,
            throttle=apigw.ThrottleSettings(
                rate_limit=stage.requests_per_second, burst_limit=stage.request_burst
            ),
        )
        resource = resource_of(http_stage, apigw.CfnStage)
        resource.access_log_settings = apigw.CfnStage.AccessLogSettingsProperty(
            destination_arn=log.log_group_arn, format=json.dumps(ACCESS_LOG_FORMAT)
        )
        return http_stage
