"""SMART Backend Services: issue and verify access tokens, and verify the JWTs of CDS Hooks calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from precert.domain.caller import Caller, with_grant
from precert.domain.clients import (
    CLOCK_SKEW,
    MAX_CHARACTERS,
    TOKEN_LIFETIME,
    NotVerifiedError,
    OAuthError,
    OAuthErrorCode,
    RegisteredClient,
    key_of,
    require_assertion,
    token_id,
)
from precert.domain.smart_scopes import granted_scopes
from precert.usecases.grants import Grants
from precert.usecases.ports.clients import (
    AcceptedTokenIds,
    AccessTokens,
    Clients,
    KeySets,
    Signatures,
    UserTokens,
)

GRANT_TYPE: Final = "client_credentials"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_SCOPE: Final = 1500
"""Maximum characters, so that a token fits AWS KMS's limit for a signed message and an HTTP header."""
_UNVERIFIED: Final = (
    "The assertion does not have a valid signature of a registered client, with a registered key."
)


@dataclass(frozen=True)
class Server:
    """The issuer, the token endpoint and the audience of access tokens."""

    issuer: str
    token_endpoint: str
    """The URL that the client called."""
    audience: str
    """The FHIR endpoint."""


@dataclass(frozen=True)
class TokenRequest:
    """The parameters of a request for a token."""

    grant_type: str | None
    assertion_type: str | None
    assertion: str | None
    scope: str | None
    client_id: str | None = None


@dataclass(frozen=True)
class IssuedToken:
    """An access token and what it permits."""

    token: str
    client_id: str
    scope: str


class _Verifier(NamedTuple):
    """The dependencies that verify an assertion."""

    key_sets: KeySets
    signatures: Signatures
    now: datetime


@dataclass(frozen=True)
class Verdict:
    """The claims of an access token; ``smart`` if the token endpoint issued it."""

    claims: Mapping[str, Any]
    smart: bool
    expired: bool


def issue_token(
    request: TokenRequest,
    server: Server,
    *,
    clients: Clients,
    key_sets: KeySets,
    signatures: Signatures,
    accepted_token_ids: AcceptedTokenIds,
    access_tokens: AccessTokens,
    new_uuid: Any,
    now: datetime,
) -> IssuedToken:
    """Issue an access token for a client assertion. An assertion is accepted only once.

    Raises:
        OAuthError.
        TransientError.
    """
    _require_parameters(request)
    try:
        verifier = _Verifier(key_sets, signatures, now)
        client, claims = _asserted(
            request.assertion or "", server.token_endpoint, clients, verifier
        )
        if request.client_id not in (None, client.client_id):
            raise NotVerifiedError("The client_id differs from the iss of the assertion.")
        expires = require_assertion(claims, now)
    except NotVerifiedError as error:
        raise OAuthError(OAuthErrorCode.INVALID_CLIENT, error.detail) from error
    scopes = granted_scopes(request.scope or "", client.scopes)
    scope = " ".join(scopes)
    if not scopes or len(scope) > MAX_SCOPE:
        raise OAuthError(
            OAuthErrorCode.INVALID_SCOPE,
            "Request system scopes for which the client is registered, such as system/Claim.c, with at "
            f"most {MAX_SCOPE} characters in total.",
        )
    # Signed first: if the key service fails, the client can send the same assertion again.
    signed = access_tokens.sign(
        {
            "iss": server.issuer,
            "sub": client.client_id,
            "client_id": client.client_id,
            "aud": server.audience,
            "scope": scope,
            "jti": str(new_uuid()),
            "iat": int(now.timestamp()),
            "exp": int((now + TOKEN_LIFETIME).timestamp()),
        }
    )
    if not accepted_token_ids.accept(token_id(client.client_id, claims["jti"]), expires):
        raise OAuthError(
            OAuthErrorCode.INVALID_CLIENT,
            "The assertion was already used. Create a new one for each request.",
        )
    return IssuedToken(signed, client.client_id, scope)


def _require_parameters(request: TokenRequest) -> None:
    if request.grant_type is None:
        raise OAuthError(OAuthErrorCode.INVALID_REQUEST, "The parameter grant_type is missing.")
    if request.grant_type != GRANT_TYPE:
        raise OAuthError(
            OAuthErrorCode.UNSUPPORTED_GRANT_TYPE, f"The grant_type must be {GRANT_TYPE}."
        )
    if request.assertion_type != ASSERTION_TYPE or not request.assertion:
        raise OAuthError(
            OAuthErrorCode.INVALID_CLIENT if request.assertion else OAuthErrorCode.INVALID_REQUEST,
            f"Send client_assertion, and client_assertion_type {ASSERTION_TYPE}.",
        )


def _asserted(
    assertion: str, audience: str, clients: Clients, verifier: _Verifier
) -> tuple[RegisteredClient, Mapping[str, Any]]:
    """The client of an assertion whose ``iss`` and ``sub`` are its id, and the claims."""
    issuer = _issuer(assertion, verifier.signatures)
    client = clients.read(issuer)
    if client is None:
        raise NotVerifiedError(_UNVERIFIED)
    claims = _verified(assertion, client, issuer, audience, verifier)
    if claims.get("sub") != issuer:
        raise NotVerifiedError("The iss and the sub of the assertion must both be the client_id.")
    return client, claims


def verified_cds_client(
    token: str,
    *,
    audience: str,
    clients: Clients,
    key_sets: KeySets,
    signatures: Signatures,
    accepted_token_ids: AcceptedTokenIds,
    now: datetime,
) -> RegisteredClient:
    """The client of a CDS Hooks call, by the JWT of its ``Authorization`` header.

    ``audience`` is the URL of the called service. A JWT is accepted only once.

    Raises:
        NotVerifiedError: the detail states the reason; the response is 401.
        TransientError.
    """
    issuer = _issuer(token, signatures)
    client = clients.of_cds_hooks(issuer)
    if client is None:
        raise NotVerifiedError(_UNVERIFIED)
    verifier = _Verifier(key_sets, signatures, now)
    claims = _verified(token, client, issuer, audience, verifier)
    expires = require_assertion(claims, now)
    if "iat" not in claims:
        raise NotVerifiedError("The assertion has no iat.")
    if not accepted_token_ids.accept(token_id(issuer, claims["jti"]), expires):
        raise NotVerifiedError("The JWT was already used. Create a new one for each call.")
    return client


def _issuer(token: str, signatures: Signatures) -> str:
    if len(token) > MAX_CHARACTERS:
        raise NotVerifiedError("The assertion is too long.")
    issuer = signatures.unverified(token).get("iss")
    if not isinstance(issuer, str) or not 0 < len(issuer) <= 500:
        raise NotVerifiedError("The assertion has no iss.")
    return issuer


def _verified(
    token: str, client: RegisteredClient, issuer: str, audience: str, verifier: _Verifier
) -> Mapping[str, Any]:
    key_sets, now = verifier.key_sets, verifier.now
    header = verifier.signatures.header(token)
    key = key_of(key_sets.keys(client, now), header, client.jwks_url)
    if key is None:
        # The client may have added a key since its keys were read.
        key = key_of(key_sets.keys_again(client, now), header, client.jwks_url)
    if key is None:
        raise NotVerifiedError(_UNVERIFIED)
    return verifier.signatures.verified(token, key, header["alg"], issuer=issuer, audience=audience)


def authorize_token(
    token: str,
    *,
    issuer: str,
    audience: str,
    signatures: Signatures,
    access_tokens: AccessTokens,
    user_tokens: UserTokens,
    now: datetime,
) -> Verdict:
    """Verify the access token of a FHIR call, for API Gateway's authorizer.

    Raises:
        NotVerifiedError: neither the token endpoint nor the users' issuer issued it for this API.
        TransientError.
    """
    smart = signatures.unverified(token).get("iss") == issuer
    claims = (
        access_tokens.verified(token, issuer=issuer, audience=audience)
        if smart
        else user_tokens.verified(token, now)
    )
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise NotVerifiedError("The token has no exp.")
    for name in ("nbf", "iat"):
        since = claims.get(name, 0)
        if not isinstance(since, int | float) or since > (now + CLOCK_SKEW).timestamp():
            raise NotVerifiedError(f"The {name} of the token is in the future.")
    return Verdict(claims, smart, expired=expires <= now.timestamp())


HookCaller = Callable[[str, str, str], Caller]
"""The caller (:func:`hook_caller`) with its dependencies."""


def hook_caller(
    token: str,
    audience: str,
    issuer: str,
    *,
    clients: Clients,
    key_sets: KeySets,
    signatures: Signatures,
    accepted_token_ids: AcceptedTokenIds,
    grants: Grants,
    now: datetime,
) -> Caller:
    """The client that sent a CDS Hooks call, with its grant; see :func:`verified_cds_client`.

    ``audience`` is the URL of the called service. ``issuer`` is the issuer of access tokens, by which
    grants are stored: a client has the same rights with an access token and with a CDS Hooks JWT.

    Raises:
        NotVerifiedError: the JWT cannot be verified.
        TransientError.
    """
    client = verified_cds_client(
        token,
        audience=audience,
        clients=clients,
        key_sets=key_sets,
        signatures=signatures,
        accepted_token_ids=accepted_token_ids,
        now=now,
    )
    grant = grants.read(issuer, client.client_id)
    return with_grant(Caller(subject=client.client_id, issuer=issuer), grant)
