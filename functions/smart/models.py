"""Parse token requests, and compose the documents that describe the server."""

import json
from base64 import b64decode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler import Response
from pydantic import RootModel

from precert.domain.clients import ALGORITHMS, TOKEN_LIFETIME, OAuthError, OAuthErrorCode
from precert.fhir.capabilities import supported_scopes
from precert.names import OAUTH_PATH
from precert.usecases.smart import GRANT_TYPE, IssuedToken, Server, TokenRequest

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MAX_BYTES: Final = 32 * 1024
_MAX_PARAMETERS: Final = 20
_STATUS_OF: Final = {
    OAuthErrorCode.INVALID_REQUEST: HTTPStatus.BAD_REQUEST,
    OAuthErrorCode.INVALID_CLIENT: HTTPStatus.UNAUTHORIZED,
    OAuthErrorCode.INVALID_SCOPE: HTTPStatus.BAD_REQUEST,
    OAuthErrorCode.UNSUPPORTED_GRANT_TYPE: HTTPStatus.BAD_REQUEST,
}
_UNCACHED: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Document(RootModel[dict[str, Any]]):
    """A JSON document that describes the server."""


def token_request(event: Mapping[str, Any]) -> TokenRequest:
    """The parameters of a token request, from the form in its body.

    Raises:
        OAuthError: the body is not a valid form, a parameter is repeated, or the request has a
            secret or an Authorization header.
    """
    headers = event.get("headers") or {}
    sent_as = str(headers.get("content-type", "")).partition(";")[0].strip().lower()
    if sent_as != FORM:
        raise _malformed(f"Send the parameters as a form: Content-Type {FORM}.")
    if "authorization" in headers:
        raise _malformed("Authenticate only with client_assertion; send no Authorization header.")
    pairs = _pairs(event)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise _malformed("A parameter is repeated. Send each parameter once.")
    if "client_secret" in parameters:
        raise _malformed("Authenticate only with client_assertion; send no client_secret.")
    return TokenRequest(
        grant_type=parameters.get("grant_type"),
        assertion_type=parameters.get("client_assertion_type"),
        assertion=parameters.get("client_assertion"),
        scope=parameters.get("scope"),
        client_id=parameters.get("client_id"),
    )


def _pairs(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    text = str(event.get("body") or "")
    too_large = _malformed(f"The request is larger than {MAX_BYTES // 1024} KB.")
    if len(text) > MAX_BYTES * 2:
        raise too_large
    try:
        if event.get("isBase64Encoded"):
            text = b64decode(text, validate=True).decode()
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=bool(text),
            errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError:
        raise _malformed(f"The body is not a valid form ({FORM}).") from None
    if len(text) > MAX_BYTES:
        raise too_large
    return pairs


def _malformed(detail: str) -> OAuthError:
    return OAuthError(OAuthErrorCode.INVALID_REQUEST, detail)


def issued(token: IssuedToken) -> Response[str]:
    """The response with an access token."""
    body = {
        "access_token": token.token,
        "token_type": "bearer",
        "expires_in": int(TOKEN_LIFETIME.total_seconds()),
        "scope": token.scope,
    }
    return Response(HTTPStatus.OK, JSON, json.dumps(body), dict(_UNCACHED))


def refusal(error: OAuthError) -> Response[str]:
    """The response to a refused request for a token."""
    body = {"error": error.code.value, "error_description": error.detail}
    return Response(_STATUS_OF[error.code], JSON, json.dumps(body), dict(_UNCACHED))


def server_at(base: str, issuer: str, audience: str) -> Server:
    """The server at the base URL that was called. Issuer and audience do not depend on that URL."""
    return Server(issuer, f"{base}{OAUTH_PATH}/token", audience)


def _endpoints(base: str, issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "jwks_uri": f"{base}{OAUTH_PATH}/jwks.json",
        "token_endpoint": f"{base}{OAUTH_PATH}/token",
        "grant_types_supported": [GRANT_TYPE],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": supported_scopes(),
    }


def smart_configuration(base: str, issuer: str) -> Document:
    """The SMART configuration of the server."""
    return Document(
        {
            **_endpoints(base, issuer),
            "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
            "code_challenge_methods_supported": ["S256"],
        }
    )


def openid_configuration(base: str, issuer: str) -> Document:
    """The OpenID Connect discovery document of the issuer of access tokens, which has no users."""
    return Document(
        {
            **_endpoints(base, issuer),
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )
