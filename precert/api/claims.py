"""Identify the caller by the claims of the token, and determine the caller's rights by the grants.

An authorizer of API Gateway has verified the token. FHIR routes have the Lambda authorizer of
``functions/smart``, which passes the claims as JSON; all other routes have the JWT authorizer.

The JWT authorizer passes every claim as text: an array arrives as ``[one two]``, in which a name with a
blank cannot be distinguished from two names. Names are therefore read from the token itself, which the
authorizer has verified. Claim names are configured, so that any OIDC issuer can be used; other claims
are ignored.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, NoReturn

from pydantic import ValidationError

from precert.api.problems import RefusedCallError
from precert.domain.caller import Caller, ClaimNames, with_grant
from precert.domain.errors import NotEntitledError
from precert.domain.text import ascii_digits, cleaned_line
from precert.names import Entitlement
from precert.usecases.grants import CachedGrants
from precert.usecases.rate_limits import RateLimit

CLAIMS: Final = "claims"
EXPIRED: Final = "expired"
REFUSED: Final = "refused"
SMART: Final = "smart"
"""Members of the Lambda authorizer's context."""
_YES: Final = "yes"
_INVALID: Final = "invalid"
_MISSING: Final = "missing"


@dataclass(frozen=True)
class VerifiedToken:
    """The claims of a token; ``smart`` if the SMART token endpoint issued it, with scopes."""

    claims: Mapping[str, Any]
    smart: bool = False


def verified_token(event: Mapping[str, Any]) -> VerifiedToken:
    """The token of a call; without claims if no authorizer verified one.

    Raises:
        RefusedCallError: the token has expired, cannot be verified or is missing.
    """
    authorizer = event["requestContext"].get("authorizer") or {}
    if (jwt := authorizer.get("jwt")) is not None:
        return VerifiedToken(jwt.get("claims") or {})
    context = authorizer.get("lambda") or {}
    if context.get(EXPIRED) == _YES:
        raise expired_token()
    if (reason := context.get(REFUSED)) is not None:
        raise _missing_token() if reason == _MISSING else _invalid_token()
    return VerifiedToken(json.loads(context.get(CLAIMS) or "{}"), context.get(SMART) == _YES)


def context_of(claims: Mapping[str, Any], *, smart: bool) -> dict[str, str]:
    """The Lambda authorizer's context for a verified token."""
    return {CLAIMS: json.dumps(claims), **({SMART: _YES} if smart else {})}


def context_of_expired() -> dict[str, str]:
    """The context for an expired token, so that the function responds with 401 and not 403."""
    return {EXPIRED: _YES}


def context_of_refused(token: str) -> dict[str, str]:
    """The context for a token that is invalid or missing, so that the function responds in FHIR."""
    return {REFUSED: _INVALID if token else _MISSING}


def require_current(claims: Mapping[str, Any], now: datetime) -> None:
    """Refuse a token that expired while API Gateway cached the authorizer's response.

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
        "The access token has expired. Get a new one and try again.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def _invalid_token() -> RefusedCallError:
    return RefusedCallError(
        HTTPStatus.UNAUTHORIZED,
        "token_invalid",
        "The access token cannot be verified. Get one from the token endpoint and try again.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def _missing_token() -> RefusedCallError:
    return RefusedCallError(
        HTTPStatus.UNAUTHORIZED,
        "token_missing",
        "Send an access token in the Authorization header, after the word Bearer.",
        # RFC 6750: the response to a call without a token has no error code.
        headers={"WWW-Authenticate": "Bearer"},
    )


def bearer_token(event: Mapping[str, Any]) -> str:
    """The token of the ``Authorization`` header; empty if there is none.

    API Gateway writes the names of headers in lower case.
    """
    sent = str((event.get("headers") or {}).get("authorization", ""))
    scheme, _, token = sent.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


_NO_CLAIM: Final = ""
"""The name of a claim that is not read."""


class Callers:
    """Identifies callers. Without grants, all rights are those of the token's claims."""

    def __init__(
        self,
        names: ClaimNames,
        grants: CachedGrants | None,
        limit: RateLimit | None,
        now: Callable[[], datetime],
    ) -> None:
        self._names = names
        self._grants = grants
        self._limit = limit
        self._now = now

    def identify(self, claims: Mapping[str, Any], token: Mapping[str, Any] | None) -> Caller:
        """The caller with these claims.

        Raises:
            NotEntitledError: the token has no valid subject, or a claim cannot be read.
            RefusedCallError: the token has expired.
            TransientError: the grants cannot be read.
            TooManyRequestsError: the caller made too many calls in this minute.
        """
        issuer = str(claims.get("iss") or "")
        require_current(claims, self._now())
        if self._grants is None:
            caller = caller_of(claims, self._names, token)
            self._admit(issuer, caller)
            return caller
        groups_only = self._names._replace(tins=_NO_CLAIM, plans=_NO_CLAIM, vendors=_NO_CLAIM)
        caller = caller_of(claims, groups_only, token)
        self._admit(issuer, caller)
        granted = with_grant(caller, self._grants.read(issuer, caller.subject, self._now()))
        return granted.model_copy(update={"issuer": issuer or None})

    def _admit(self, issuer: str, caller: Caller) -> None:
        if self._limit is not None:
            self._limit.admit(f"{issuer}#{caller.subject}", self._now())


_SUBJECT: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,118}[\x21-\x7e])?")
"""OpenID Connect: ASCII, case-sensitive. Without blanks at the ends, which comparisons could lose."""
_TIN: Final = re.compile(r"[0-9]{2}-?[0-9]{7}")
_NAME_LENGTH: Final = 120
_BRACKETS: Final = re.compile(r"\[(.*)\]", re.DOTALL)
_SEPARATORS: Final = re.compile(r"[\s,;]+")
_ENTITLEMENTS: Final = {entitlement.value: entitlement for entitlement in Entitlement}


def caller_of(
    claims: Mapping[str, Any], names: ClaimNames, token: Mapping[str, Any] | None = None
) -> Caller:
    """The caller described by the claims; ``token`` are the claims of the same token as issued.

    Raises:
        NotEntitledError: the token has no valid subject, or a claim cannot be read; the detail names
            the claim.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise NotEntitledError(
            "The token does not identify a user: its sub claim must be 1 to 120 ASCII characters. "
            "Sign in again."
        )
    exact = token if token is not None and token.get("sub") == subject else {}

    def claim(name: str) -> object:
        # Only claims that API Gateway has verified; it passes every claim of the token.
        return exact.get(name, claims[name]) if name in claims else None

    try:
        return Caller(
            subject=subject,
            entitlements=_entitlements(
                claim(names.entitlements), as_issued=names.entitlements in exact
            ),
            tins=frozenset(_tins(claim(names.tins), names.tins)),
            plan_ids=frozenset(_ids(claim(names.plans), names.plans)),
            vendor_ids=frozenset(_ids(claim(names.vendors), names.vendors)),
            name=_name(claim("name"), claim("given_name"), claim("family_name")),
        )
    except ValidationError as error:
        claim_of = {"plan_ids": names.plans, "vendor_ids": names.vendors, "tins": names.tins}
        _unreadable(claim_of.get(str(error.errors()[0]["loc"][0]), "sub"))


def _name(name: object, given: object, family: object) -> str | None:
    """The name in the standard claims of OpenID Connect; ``None`` if there is none to display."""
    parts = [name] if isinstance(name, str) and name.strip() else [given, family]
    try:
        shown = cleaned_line(" ".join(part for part in parts if isinstance(part, str)))
    except ValueError:
        # The name grants no rights, so one that cannot be displayed is not an error.
        return None
    return shown[:_NAME_LENGTH].strip() or None


def token_claims(authorization: str | None) -> Mapping[str, Any] | None:
    """The claims of a bearer token, without verifying it; ``None`` if there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    parts = token.strip().split(".")
    if scheme.lower() != "bearer" or len(parts) != 3:
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None


def _entitlements(claim: object, *, as_issued: bool) -> frozenset[Entitlement]:
    """The entitlements in a claim, by their exact names. Other groups of the issuer are ignored.

    In API Gateway's ``[one two]`` a word next to an unknown one may be a part of a longer name, so it
    grants nothing: ``[Facilities Operator]`` may be the single group *Facilities Operator*.
    """
    if isinstance(claim, str) and (array := _json_array(claim)) is None:
        bracketed = None if as_issued else _BRACKETS.fullmatch(claim)
        words = bracketed[1].split(" ") if bracketed else [claim]
        if any(word not in _ENTITLEMENTS for word in words):
            words = _without_unknown_neighbors(words)
        return frozenset(_ENTITLEMENTS[word] for word in words)
    members = array if isinstance(claim, str) else claim
    if not isinstance(members, list | tuple):
        return frozenset()
    known = (one for one in members if isinstance(one, str))
    return frozenset(_ENTITLEMENTS[one] for one in known if one in _ENTITLEMENTS)


def _without_unknown_neighbors(words: list[str]) -> list[str]:
    """The known words whose neighbors are known too."""
    return [
        word
        for at, word in enumerate(words)
        if all(one in _ENTITLEMENTS for one in words[max(at - 1, 0) : at + 2])
    ]


def _tins(claim: object, name: str) -> Iterable[str]:
    """TINs, written with or without a hyphen.

    Raises:
        NotEntitledError: an entry is not a TIN; it is not ignored.
    """
    for at, entry in enumerate(_entries(claim, name), start=1):
        digits = ascii_digits(entry)
        if not _TIN.fullmatch(digits):
            _unreadable(name, f"Entry {at} is not a TIN of nine digits, as in 12-3456789.")
        yield digits.replace("-", "")


def _ids(claim: object, name: str) -> Iterable[str]:
    return (entry for entry in _entries(claim, name) if entry)


def _entries(claim: object, name: str) -> list[str]:
    """The members of an array, or the parts of a text between commas, semicolons and blanks."""
    if claim is None:
        return []
    if isinstance(claim, str):
        array = _json_array(claim)
        if array is None:
            bracketed = _BRACKETS.fullmatch(claim.strip())
            text = bracketed[1] if bracketed else claim
            return [part for part in _SEPARATORS.split(text) if part]
        claim = array
    members = claim if isinstance(claim, list | tuple) else [claim]
    if any(isinstance(one, bool) or not isinstance(one, str | int) for one in members):
        _unreadable(name)
    return [str(one) for one in members]


def _json_array(text: str) -> list[Any] | None:
    """The members of an array that an issuer wrote as JSON text."""
    if not text.lstrip().startswith('["'):
        return None
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, list) else None


def _unreadable(name: str, why: str = "") -> NoReturn:
    raise NotEntitledError(
        " ".join(
            (
                f"The claim {name} of your token cannot be read.",
                *((why,) if why else ()),
                "Ask your website access manager to correct your registration.",
            )
        )
    )
