"""SMART on FHIR: access tokens, the documents about the server, and the authorizer of FHIR routes."""

from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response

from functions.smart.models import (
    Document,
    issued,
    openid_configuration,
    refusal,
    server_at,
    smart_configuration,
    token_request,
)
from precert.api.claims import bearer_token, context_of, context_of_expired, context_of_refused
from precert.api.fhir import FhirApi, FhirResource
from precert.bootstrap import audit, call, dependencies, edge, identify
from precert.domain.clients import NotVerifiedError, OAuthError
from precert.fhir.capabilities import capability_statement
from precert.names import FHIR_PATH, OAUTH_PATH, VERSION, Env
from precert.observability import logger
from precert.usecases.smart import authorize_token, issue_token

api = FhirApi("smart", tag="SMART on FHIR", identify=identify, audit=audit, edge=edge)
REUSED_SECONDS: Final = 300
_PUBLIC: Final = "Clients read it before they have a token."


@api.post(
    "/oauth/token",
    "Get an access token",
    operation_id="issueAccessToken",
    public="The client authenticates with the assertion in the request.",
    audited=False,
)
def issue_access_token() -> Response[str]:
    """SMART Backend Services: client credentials with `private_key_jwt`."""
    event = _event()
    _admit(event)
    settings = dependencies().settings
    server = server_at(_base(event), settings.smart_issuer, settings.fhir_url)
    try:
        token = call(issue_token, token_request(event), server)
    except OAuthError as error:
        logger.info("token_refused", extra={"code": error.code.value})
        return refusal(error)
    logger.info("token_issued", extra={"client_id": token.client_id})
    return issued(token)


@api.get(
    "/oauth/jwks.json",
    "Get the keys of access tokens",
    operation_id="getAccessTokenKeys",
    public=_PUBLIC,
    audited=False,
    conditional=True,
    max_age=REUSED_SECONDS,
)
def get_access_token_keys() -> Document:
    """The public keys with which the access tokens are verified (RFC 7517)."""
    return Document({"keys": list(dependencies().access_tokens.public_keys())})


@api.get(
    "/oauth/.well-known/openid-configuration",
    "Describe the issuer of access tokens",
    operation_id="getOpenidConfiguration",
    public=_PUBLIC,
    audited=False,
    conditional=True,
    max_age=REUSED_SECONDS,
)
def get_openid_configuration() -> Document:
    """The issuer's endpoints (OpenID Connect Discovery)."""
    return openid_configuration(_base(_event()), dependencies().settings.smart_issuer)


@api.get(
    "/fhir/r4/.well-known/smart-configuration",
    "Describe how clients sign in",
    operation_id="getSmartConfiguration",
    public=_PUBLIC,
    audited=False,
    conditional=True,
    max_age=REUSED_SECONDS,
)
def get_smart_configuration() -> Document:
    """SMART App Launch 2.2, for backend services."""
    return smart_configuration(_base(_event()), dependencies().settings.smart_issuer)


@api.get(
    "/fhir/r4/metadata",
    "Describe the FHIR endpoint",
    operation_id="getCapabilityStatement",
    public=_PUBLIC,
    audited=False,
    conditional=True,
    max_age=REUSED_SECONDS,
)
def get_capability_statement() -> FhirResource:
    """The CapabilityStatement of the endpoint."""
    base = _base(_event())
    return FhirResource(
        capability_statement(f"{base}{FHIR_PATH}", f"{base}{OAUTH_PATH}/token", VERSION)
    )


@logger.inject_lambda_context(clear_state=True)
def authorize(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """API Gateway's authorizer of FHIR routes: returns the claims of a valid token of either issuer.

    Any other call is passed on without claims, so that the function returns 401 with an
    OperationOutcome. If the authorizer refused, API Gateway would return 403 with its own body, and
    clients would not request a new token.
    """
    settings = dependencies().settings
    issuer, audience, token = settings.smart_issuer, settings.fhir_url, bearer_token(event)
    try:
        verdict = call(authorize_token, token, issuer=issuer, audience=audience)
    except NotVerifiedError:
        logger.info("access_token_refused")
        return {"isAuthorized": True, "context": context_of_refused(token)}
    context = (
        context_of_expired() if verdict.expired else context_of(verdict.claims, smart=verdict.smart)
    )
    return {"isAuthorized": True, "context": context}


def _event() -> Mapping[str, Any]:
    event: Mapping[str, Any] = api.resolver.current_event.raw_event
    return event


def _base(event: Mapping[str, Any]) -> str:
    """The base URL of the API that was called."""
    return edge().address(event) or dependencies().settings[Env.PUBLIC_URL]


def _admit(event: Mapping[str, Any]) -> None:
    """Count a token request in the rate limit of its source IP address.

    Raises:
        TooManyRequestsError: the address has sent too many requests.
    """
    deps = dependencies()
    if deps.rate_limit is not None:
        deps.rate_limit.admit(f"address#{edge().source_ip(event)}", deps.now())


serve = api.lambda_handler()


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve a route, or API Gateway's authorizer event for another route."""
    return authorize(event, context) if event.get("type") == "REQUEST" else serve(event, context)
