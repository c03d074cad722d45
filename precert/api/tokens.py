"""The access token of a call, as an authorizer of API Gateway has verified it.

Routes of the portal's API have the JWT authorizer, which passes claims as text. FHIR routes have the
Lambda authorizer of ``functions/smart``, which passes the claims as JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from precert.api.problems import RefusedCallError

CLAIMS: Final = "claims"
EXPIRED: Final = "expired"
SMART: Final = "smart"
"""Members of the Lambda authorizer's context."""
_YES: Final = "yes"


@dataclass(frozen=True)
class VerifiedToken:
    """The claims of a token; ``smart`` if it is one of the token endpoint, with SMART scopes."""

    claims: Mapping[str, Any]
    smart: bool = False


def verified_token(event: Mapping[str, Any]) -> VerifiedToken:
    """The token of a call; without claims if no authorizer verified one.

    Raises:
        RefusedCallError: the token has expired.
    """
    authorizer = event["requestContext"].get("authorizer") or {}
    if (jwt := authorizer.get("jwt")) is not None:
        return VerifiedToken(jwt.get("claims") or {})
    context = authorizer.get("lambda") or {}
    if context.get(EXPIRED) == _YES:
        raise expired_token()
    return VerifiedToken(json.loads(context.get(CLAIMS) or "{}"), context.get(SMART) == _YES)


def context_of(claims: Mapping[str, Any], *, smart: bool) -> dict[str, str]:
    """What the Lambda authorizer passes on of a verified token."""
    return {CLAIMS: json.dumps(claims), **({SMART: _YES} if smart else {})}


def context_of_expired() -> dict[str, str]:
    """What it passes on of an expired one, so that the function answers with 401 and not 403."""
    return {EXPIRED: _YES}


def require_current(claims: Mapping[str, Any], now: datetime) -> None:
    """Refuse a token that expired while API Gateway had the authorizer's answer in its cache.

    Raises:
        RefusedCallError.
    """
    expires = claims.get("exp")
    if isinstance(expires, int | float) and expires <= now.timestamp():
        raise expired_token()


def expired_token() -> RefusedCallError:
    return RefusedCallError(
        HTTPStatus.UNAUTHORIZED,
        "token_expired",
        "The access token has expired. Get another one and send the call again.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def bearer_token(event: Mapping[str, Any]) -> str:
    """The token of the ``Authorization`` header; empty if there is none.

    API Gateway writes the names of headers in lower case.
    """
    sent = str((event.get("headers") or {}).get("authorization", ""))
    scheme, _, token = sent.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
