"""The HTTP API has the routes of the manifest, all of them behind the authorizer."""

import json
import re
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk

from infra import catalog
from infra.constructs.identity import UserPool
from infra.packaging import ROOT
from precert.names import READ_SCOPE, USER_SCOPE, WRITE_SCOPE, Entitlement
from tests.template import stages
from tests.template.synthesized import Synthesized
from tools.operations import ALL_ROUTES, OPERATIONS


def handler_of(stack: Synthesized, route: dict[str, Any]) -> str:
    integration = route["Target"]["Fn::Join"][1][1]["Ref"]
    uri = stack.properties("AWS::ApiGatewayV2::Integration")[integration]["IntegrationUri"]
    alias = stack.properties("AWS::Lambda::Alias")[uri["Ref"]]
    function = stack.properties("AWS::Lambda::Function")[alias["FunctionName"]["Ref"]]
    handler: str = function["Handler"]
    return handler


def test_every_route_is_served_when_the_table_lists_it(stack: Synthesized) -> None:
    handlers = {spec.serves: spec.handler for spec in catalog.ALL if spec.serves}
    found = {
        (route["RouteKey"], route["OperationName"], handler_of(stack, route))
        for route in stack.properties("AWS::ApiGatewayV2::Route").values()
    }
    assert found == {
        (f"{route.method} {route.path}", route.operation_id, handlers[route.function])
        for route in ALL_ROUTES
    }


def jwt_authorizer(stack: Synthesized) -> dict[str, Any]:
    found = stack.properties("AWS::ApiGatewayV2::Authorizer").values()
    (authorizer,) = [one for one in found if one["AuthorizerType"] == "JWT"]
    return dict(authorizer)


DESCRIBES: Final = "describes the server, to clients that have no token yet"
PUBLIC: Final = {
    "POST /oauth/token": "requires an assertion that is signed by the client's registered key",
    "GET /oauth/jwks.json": "has the public keys with which tokens are verified",
    "GET /oauth/.well-known/openid-configuration": DESCRIBES,
    "GET /fhir/r4/.well-known/smart-configuration": DESCRIBES,
    "GET /fhir/r4/metadata": DESCRIBES,
    "GET /cds-services": DESCRIBES,
    "POST /cds-services/{service_id}": "requires a JWT that is signed by the client's registered key",
}
"""The routes that require no access token, and why: deliberately repeated here."""


def test_every_route_requires_a_token_when_it_is_not_listed_as_public(stack: Synthesized) -> None:
    authorizers = stack.properties("AWS::ApiGatewayV2::Authorizer")
    [jwt] = [name for name, one in authorizers.items() if one["AuthorizerType"] == "JWT"]
    [fhir] = [name for name, one in authorizers.items() if one["AuthorizerType"] == "REQUEST"]
    public = set()
    for route in stack.properties("AWS::ApiGatewayV2::Route").values():
        found = (route["AuthorizationType"], route.get("AuthorizerId"))
        if found == ("NONE", None):
            public.add(route["RouteKey"])
        elif " /fhir/" in route["RouteKey"]:
            assert found == ("CUSTOM", {"Ref": fhir})
            assert not route.get("AuthorizationScopes"), (
                "the authorizer and the function check them"
            )
        else:
            assert found == ("JWT", {"Ref": jwt})
            assert route["AuthorizationScopes"][:2] == [READ_SCOPE, WRITE_SCOPE]
    assert public == set(PUBLIC)


def test_authorizer_is_asked_for_each_call_when_a_route_is_of_fhir(
    stack: Synthesized,
) -> None:
    [found] = [
        one
        for one in stack.properties("AWS::ApiGatewayV2::Authorizer").values()
        if one["AuthorizerType"] == "REQUEST"
    ]
    assert found["AuthorizerResultTtlInSeconds"] == 0
    assert not found.get("IdentitySource"), "a call without a token would be answered without FHIR"
    assert found["EnableSimpleResponses"] is True
    assert found["AuthorizerPayloadFormatVersion"] == "2.0"


def test_access_log_identifies_no_person_when_a_call_is_logged(stack: Synthesized) -> None:
    (stage,) = stack.properties("AWS::ApiGatewayV2::Stage").values()
    logged = set(json.loads(stage["AccessLogSettings"]["Format"]).values())
    assert {"$context.requestId", "$context.routeKey", "$context.status"} <= logged
    assert not {"$context.path", "$context.identity.sourceIp"} & logged
    assert not any("authorizer" in name for name in logged)


def test_callers_are_throttled_at_the_documented_rate_when_they_exceed_it(
    dev: Synthesized, prod: Synthesized
) -> None:
    page = (ROOT / "docs" / "partner.md").read_text(encoding="utf-8")
    result = re.search(
        r"(\d+) in `prod`, (\d+) in `dev`, and twice as many in a burst", " ".join(page.split())
    )
    assert result is not None
    for of, rate in ((prod, int(result[1])), (dev, int(result[2]))):
        (stage,) = of.properties("AWS::ApiGatewayV2::Stage").values()
        assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == rate
        assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] == 2 * rate


def test_no_other_origin_calls_when_no_partner_is_configured(prod: Synthesized) -> None:
    """The plan's own portal has the API at its own address."""
    (api,) = prod.properties("AWS::ApiGatewayV2::Api").values()
    assert "CorsConfiguration" not in api


def test_portals_of_partners_are_allowed_when_they_send_a_preflight(dev: Synthesized) -> None:
    (api,) = dev.properties("AWS::ApiGatewayV2::Api").values()
    cors = api["CorsConfiguration"]
    assert set(cors["AllowMethods"]) == {route.method for route in ALL_ROUTES}
    assert "*" not in cors["AllowOrigins"]
    sent = {header.lower() for found in OPERATIONS.values() for header in found.request_headers}
    answered = {
        header.lower() for found in OPERATIONS.values() for header in found.response_headers
    }
    assert sent | {"authorization", "content-type"} <= set(cors["AllowHeaders"])
    readable_anyway = {"cache-control"}  # a safelisted response header of the fetch standard
    assert answered - readable_anyway | {"retry-after"} <= set(cors["ExposeHeaders"])


def test_users_cannot_sign_up_or_edit_entitlements_when_the_pool_is_ours(
    stack: Synthesized,
) -> None:
    (pool,) = stack.properties("AWS::Cognito::UserPool").values()
    clients = stack.properties("AWS::Cognito::UserPoolClient").values()
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert "Schema" not in pool
    people = [
        one for one in clients if "client_credentials" not in one.get("AllowedOAuthFlows", ())
    ]
    assert len(people) == (1 if stack.stage == "prod" else 2)
    for client in people:
        assert client["WriteAttributes"] == ["locale"]
        assert "name" in client["ReadAttributes"]


def test_portal_signs_in_by_code_without_a_secret_when_the_pool_is_ours(
    stack: Synthesized,
) -> None:
    """A public client: PKCE takes the place of a secret. Its tokens last an hour."""
    clients = stack.properties("AWS::Cognito::UserPoolClient").values()
    (pages,) = [one for one in clients if "CallbackURLs" in one]
    assert pages["AllowedOAuthFlows"] == ["code"]
    assert [text for one in pages["AllowedOAuthScopes"][1:] for text in one["Fn::Join"][1][1:]] == [
        "/read",
        "/write",
    ]
    assert pages["AllowedOAuthScopes"][0] == "openid"
    assert pages["GenerateSecret"] is False
    assert all("/signed-in" in json.dumps(url) for url in pages["CallbackURLs"])
    own = "precert.example.org" if stack.stage == "prod" else "DomainName"
    assert own in json.dumps(pages["CallbackURLs"])
    assert own in json.dumps(pages["LogoutURLs"])
    assert pages["PreventUserExistenceErrors"] == "ENABLED"
    assert (pages["IdTokenValidity"], pages["AccessTokenValidity"]) == (60, 60)
    assert pages["RefreshTokenRotation"]["Feature"] == "ENABLED"
    assert "ALLOW_USER_PASSWORD_AUTH" not in pages["ExplicitAuthFlows"]


def test_only_a_stage_without_phi_has_a_client_for_passwords_when_it_is_deployed(
    stack: Synthesized,
) -> None:
    """Commands of the local cloud sign in with it, without the pool's pages and a second factor."""
    clients = stack.properties("AWS::Cognito::UserPoolClient").values()
    commands = [
        one for one in clients if "ALLOW_USER_PASSWORD_AUTH" in one.get("ExplicitAuthFlows", ())
    ]
    assert len(commands) == (0 if stack.stage == "prod" else 1)
    for client in commands:
        assert client["AllowedOAuthFlowsUserPoolClient"] is False


def test_every_route_needs_a_scope_when_it_is_called(stack: Synthesized) -> None:
    """An ID token has none; the pool's own scope is that of the client for passwords."""
    routes = stack.properties("AWS::ApiGatewayV2::Route").values()
    with_jwt = [route for route in routes if route["AuthorizationType"] == "JWT"]
    assert {tuple(route["AuthorizationScopes"]) for route in with_jwt} == {
        (READ_SCOPE, WRITE_SCOPE, *(() if stack.stage == "prod" else (USER_SCOPE,)))
    }
    (server,) = stack.properties("AWS::Cognito::UserPoolResourceServer").values()
    defined = {f"{server['Identifier']}/{scope['ScopeName']}" for scope in server["Scopes"]}
    assert defined == {READ_SCOPE, WRITE_SCOPE}


def test_partners_system_has_client_credentials_when_it_is_configured(dev: Synthesized) -> None:
    clients = [
        one
        for one in dev.properties("AWS::Cognito::UserPoolClient").values()
        if one.get("GenerateSecret")
    ]
    assert [one["ClientName"] for one in clients] == ["sample-ehr", "sample-vendor"]
    for client in clients:
        assert client["AllowedOAuthFlows"] == ["client_credentials"]
        assert len(client["AllowedOAuthScopes"]) == 2
        assert "CallbackURLs" not in client


def test_partners_domain_requires_a_client_certificate_when_it_is_configured(
    with_own_domain: Synthesized,
) -> None:
    (domain,) = with_own_domain.properties("AWS::ApiGatewayV2::DomainName").values()
    assert domain["MutualTlsAuthentication"]["TruststoreUri"] == "s3://truststore/partners.pem"
    assert domain["DomainNameConfigurations"][0]["SecurityPolicy"] == "TLS_1_2"
    assert len(with_own_domain.resources("AWS::ApiGatewayV2::ApiMapping")) == 1


def test_staff_signs_in_at_its_provider_when_one_is_configured(
    with_own_domain: Synthesized,
) -> None:
    (provider,) = with_own_domain.properties("AWS::Cognito::UserPoolIdentityProvider").values()
    assert provider["ProviderType"] == "SAML"
    (pages,) = [
        one
        for one in with_own_domain.properties("AWS::Cognito::UserPoolClient").values()
        if "CallbackURLs" in one
    ]
    assert len(pages["SupportedIdentityProviders"]) == 2


def test_invitations_are_sent_by_ses_when_the_stage_has_a_sender(
    with_own_domain: Synthesized, prod: Synthesized
) -> None:
    """Cognito itself sends at most 50 messages a day, with invitations and forgotten passwords."""
    (pool,) = with_own_domain.properties("AWS::Cognito::UserPool").values()
    sending = pool["EmailConfiguration"]
    assert (sending["EmailSendingAccount"], sending["From"]) == (
        "DEVELOPER",
        "portal@mail.example.org",
    )
    assert "identity/mail.example.org" in json.dumps(sending["SourceArn"])
    (pool,) = prod.properties("AWS::Cognito::UserPool").values()
    assert "EmailConfiguration" not in pool


def test_secret_is_a_reference_when_staff_signs_in_at_an_oidc_provider(tmp_path: Path) -> None:
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:staff-AbCdEf"
    oidc = {
        "issuer": "https://login.example.org/staff",
        "client_id": "precert",
        "secret_arn": secret,
    }
    app = cdk.App(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "identity")
    pool = UserPool(stack, "Users", stage=stages.dev(identity={"staff_oidc": oidc}))
    assert pool.staff is not None
    resources = app.synth().get_stack_by_name("identity").template["Resources"].values()
    (provider,) = [
        one["Properties"]
        for one in resources
        if one["Type"] == "AWS::Cognito::UserPoolIdentityProvider"
    ]
    assert provider["ProviderType"] == "OIDC"
    details = provider["ProviderDetails"]
    assert (details["oidc_issuer"], details["client_id"]) == (oidc["issuer"], "precert")
    assert details["client_secret"] == f"{{{{resolve:secretsmanager:{secret}:SecretString:::}}}}"


def test_tokens_of_all_clients_are_accepted_when_the_pool_is_ours(stack: Synthesized) -> None:
    authorizer = jwt_authorizer(stack)
    clients = stack.properties("AWS::Cognito::UserPoolClient")
    audience = [one["Ref"] for one in authorizer["JwtConfiguration"]["Audience"]]
    assert sorted(audience) == sorted(clients)


def test_sign_in_pages_have_an_address_of_the_stack_when_the_pool_is_ours(
    stack: Synthesized,
) -> None:
    """Its name contains a part of the stack's id: it is unique in the region."""
    (domain,) = stack.properties("AWS::Cognito::UserPoolDomain").values()
    assert "AWS::StackId" in str(domain["Domain"])


def test_group_exists_when_an_operation_needs_an_entitlement(stack: Synthesized) -> None:
    groups = stack.properties("AWS::Cognito::UserPoolGroup").values()
    assert {group["GroupName"] for group in groups} == {kind.value for kind in Entitlement}


def test_second_factor_is_required_when_in_production(prod: Synthesized) -> None:
    (pool,) = prod.properties("AWS::Cognito::UserPool").values()
    assert pool["MfaConfiguration"] == "ON"
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]


def test_payers_own_tokens_are_accepted_when_an_issuer_is_configured(
    with_own_issuer: Synthesized,
) -> None:
    authorizer = jwt_authorizer(with_own_issuer)
    assert authorizer["JwtConfiguration"] == {
        "Issuer": "https://login.example.com/payer",
        "Audience": ["portal", "partner"],
    }
    assert with_own_issuer.resources("AWS::Cognito::UserPool") == {}
    claims = {
        f["Environment"]["Variables"].get("TINS_CLAIM")
        for f in with_own_issuer.properties("AWS::Lambda::Function").values()
    }
    assert claims == {None, "registered_tins"}
    assert with_own_issuer.findings == []


def test_api_waits_for_a_function_as_long_as_it_may_take_when_it_is_called(
    stack: Synthesized,
) -> None:
    for integration in stack.properties("AWS::ApiGatewayV2::Integration").values():
        assert integration["TimeoutInMillis"] == 29_000
        # Handlers read the event of version 2.0, which has other names.
        assert integration["PayloadFormatVersion"] == "2.0"


def test_routes_are_served_at_once_when_a_release_changes_them(stack: Synthesized) -> None:
    (stage,) = stack.properties("AWS::ApiGatewayV2::Stage").values()
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    assert stage["DefaultRouteSettings"]["DetailedMetricsEnabled"] is True


def test_old_protocols_are_refused_when_the_api_has_a_domain(
    prod: Synthesized, with_own_domain: Synthesized
) -> None:
    for stack in (prod, with_own_domain):
        for domain in stack.properties("AWS::ApiGatewayV2::DomainName").values():
            (found,) = domain["DomainNameConfigurations"]
            assert found["SecurityPolicy"] == "TLS_1_2"
