"""Partners' systems that sign in with a key pair: SMART Backend Services, and CDS Hooks.

A client registers its public keys (RFC 7517), as the https URL of a JWK Set or as the set itself. It
proves that it has the private key with an assertion, a JWT that it signs (RFC 7523): one for each
access token, and in CDS Hooks one with each call.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from precert.domain.dates import Moment
from precert.domain.smart_scopes import MAX_SCOPES, is_scope
from precert.domain.values import Text, Value

ALGORITHMS: Final = {"RS384": "RSA", "ES384": "EC"}
"""Signature algorithms of assertions, which SMART requires, each with its key type (``kty``)."""
CURVE: Final = "P-384"
MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
MAX_KEYS: Final = 20
"""The maximum number of keys in a JWK Set."""
MAX_ASSERTION_LIFETIME: Final = timedelta(minutes=5)
"""How far in the future an assertion may expire."""
TOKEN_LIFETIME: Final = timedelta(minutes=5)
"""After how much time an access token expires."""
CLOCK_SKEW: Final = timedelta(seconds=10)
"""How far a client's clock may be ahead, for ``nbf`` and ``iat``."""
MAX_CHARACTERS: Final = 8192
"""The maximum length of an assertion; the signature of the largest RSA key has 1,366 characters."""
_JTI: Final = re.compile(r"[\x21-\x7e]{1,255}")
_HOST: Final = re.compile(
    r"(?=.{4,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+"
)
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_FOREIGN_KEYS: Final = frozenset({"jwk", "x5c", "x5u"})
"""Header members with a key other than the registered ones."""


class OAuthErrorCode(StrEnum):
    """Error codes of the token endpoint (RFC 6749, section 5.2)."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_SCOPE = "invalid_scope"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"


class OAuthError(Exception):
    """A refused token request. ``detail`` contains no value of the request."""

    def __init__(self, code: OAuthErrorCode, detail: str) -> None:
        super().__init__(code.value)
        self.code = code
        self.detail = detail


class NotVerifiedError(Exception):
    """A JWT that is not a valid assertion. ``detail`` contains no value of the JWT."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def public_address(url: str) -> str:
    """Return the URL, if it is an https URL of a host name at port 443.

    Raises:
        ValueError: it is not a URL, has another scheme, a port, a user or a fragment, or its host is an
            IP address or a name without a dot.
    """
    try:
        parts = urlsplit(url)
        plain = (parts.scheme, parts.port, parts.username, parts.password, parts.fragment)
    except ValueError:
        raise ValueError("must be a URL") from None
    if plain != ("https", None, None, None, ""):
        raise ValueError("must be an https URL without port, user and fragment")
    if not _HOST.fullmatch(parts.hostname or "") or (parts.hostname or "")[-1].isdigit():
        raise ValueError("must have a public host name, not an IP address")
    return url


PublicUrl = Annotated[str, Field(max_length=500), AfterValidator(public_address)]


class PublicKey(Value):
    """A public key of a client, as a JSON Web Key (RFC 7517)."""

    kid: Annotated[str, Field(min_length=1, max_length=255)]
    kty: str
    jwk: str
    """The key as JSON text."""

    def verifies(self, algorithm: str) -> bool:
        """Whether signatures of this algorithm can be verified with the key."""
        stated = json.loads(self.jwk).get("alg")
        return ALGORITHMS.get(algorithm) == self.kty and stated in (None, algorithm)


class FormerKeys(Value):
    """The keys before the last replacement, which are accepted ``until`` then."""

    jwks_url: PublicUrl | None = None
    jwks: tuple[PublicKey, ...] = ()
    until: Moment


class RegisteredClient(Value):
    """A partner's system. Its rights are a grant to its client id."""

    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{3,63}$")]
    label: Text
    jwks_url: PublicUrl | None = None
    jwks: tuple[PublicKey, ...] = ()
    """The keys, where the client has no URL of a JWK Set."""
    former: FormerKeys | None = None
    scopes: Annotated[tuple[Text, ...], Field(max_length=MAX_SCOPES)] = ()
    cds_hooks_issuer: Text | None = None
    """The ``iss`` of its CDS Hooks calls, if it makes such calls."""
    registered_at: datetime

    def with_keys(
        self,
        *,
        jwks_url: str | None = None,
        jwks: tuple[PublicKey, ...] = (),
        until: datetime | None = None,
    ) -> Self:
        """The registration with other keys.

        The present keys are accepted until ``until``; ``None`` ends them at once.

        Raises:
            ValidationError: the keys or their URL are not valid.
        """
        former = {"jwks_url": self.jwks_url, "jwks": self.jwks, "until": until} if until else None
        changed = {"jwks_url": jwks_url, "jwks": jwks, "former": former}
        return type(self).model_validate({**self.model_dump(), **changed})

    def former_keys(self, now: datetime) -> FormerKeys | None:
        """The earlier keys, if they are still accepted."""
        return self.former if self.former is not None and now < self.former.until else None

    @field_validator("scopes")
    @classmethod
    def _are_scopes(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [one for one in scopes if not is_scope(one)]:
            raise ValueError(
                f"must be scopes such as system/Claim.cs; these are not: {', '.join(wrong)}"
            )
        return scopes

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if (self.jwks_url is None) is not bool(self.jwks):
            raise ValueError("must have either jwks_url or jwks, not both")
        return self


def public_keys(document: object) -> tuple[PublicKey, ...]:
    """The keys of a JWK Set that can verify assertions.

    Keys of another type or curve, and keys for encryption, are left out.

    Raises:
        ValueError: it is not a JWK Set of public keys, or has no usable key.
    """
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, Sequence) or isinstance(keys, str) or not 0 < len(keys) <= MAX_KEYS:
        raise ValueError(f"must be a JWK Set with 1 to {MAX_KEYS} keys in the member keys")
    if any(isinstance(one, Mapping) and _PRIVATE_MEMBERS & one.keys() for one in keys):
        raise ValueError("must not contain a private key; register a new key pair instead of it")
    found = [key for one in keys if isinstance(one, Mapping) and (key := _usable(one))]
    if len({one.kid for one in found}) != len(found):
        raise ValueError("must not have two keys with the same kid")
    if not found:
        raise ValueError(
            f"must have a key with a kid: an RSA key of {MIN_RSA_BITS} to {MAX_RSA_BITS} bits for "
            f"RS384, or an EC key of the curve {CURVE} for ES384"
        )
    return tuple(found)


def _usable(jwk: Mapping[str, Any]) -> PublicKey | None:
    kid, kty = jwk.get("kid"), jwk.get("kty")
    if not isinstance(kid, str) or not 0 < len(kid) <= 255 or jwk.get("use", "sig") != "sig":
        return None
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    names = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}.get(str(kty), ())
    if not names or not all(isinstance(jwk.get(name), str) for name in names):
        return None
    if kty == "RSA" and not MIN_RSA_BITS <= _bits(jwk["n"]) <= MAX_RSA_BITS:
        return None
    if kty == "EC" and jwk["crv"] != CURVE:
        return None
    members = {name: jwk[name] for name in ("kid", "kty", *names)}
    stated = {"alg": jwk["alg"]} if isinstance(jwk.get("alg"), str) else {}
    return PublicKey(kid=kid, kty=str(kty), jwk=json.dumps({**members, **stated}))


def _bits(value: str) -> int:
    """The length in bits of an unsigned number in base64url; 0 if it is not base64url."""
    try:
        octets = urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        return 0
    return int.from_bytes(octets).bit_length()


def key_of(
    keys: Iterable[PublicKey], header: Mapping[str, Any], jwks_url: str | None
) -> PublicKey | None:
    """The registered key with the ``kid`` of an assertion's header; ``None`` if there is none.

    Raises:
        NotVerifiedError: the header has another algorithm or type, a key of its own, or no ``kid``.
    """
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise NotVerifiedError(f"The assertion must be signed with one of {', '.join(ALGORITHMS)}.")
    if str(header.get("typ", "JWT")).upper() != "JWT" or "crit" in header:
        raise NotVerifiedError("The header must have typ JWT, and no member crit.")
    if _FOREIGN_KEYS & header.keys() or header.get("jku", jwks_url) != jwks_url:
        raise NotVerifiedError("The header must not have a key: the registered key is used.")
    if not isinstance(kid, str) or not kid:
        raise NotVerifiedError("The header must have the kid of a registered key.")
    return next((one for one in keys if one.kid == kid and one.verifies(algorithm)), None)


def require_assertion(claims: Mapping[str, Any], now: datetime) -> datetime:
    """Check the times (``exp``, ``nbf``, ``iat``) and the id (``jti``) of an assertion.

    Returns:
        The instant at which the assertion expires, in UTC.

    Raises:
        NotVerifiedError: it has no ``exp`` or ``jti``, has expired, expires too far in the future, or
            is not valid yet.
    """
    expires = _time(claims, "exp")
    if expires is None:
        raise NotVerifiedError("The assertion must have an exp.")
    if expires <= now:
        raise NotVerifiedError("The assertion has expired. Create one for each request.")
    if expires > now + MAX_ASSERTION_LIFETIME:
        raise NotVerifiedError("The exp of the assertion must be within the next five minutes.")
    for name in ("nbf", "iat"):
        since = _time(claims, name)
        if since is not None and since > now + CLOCK_SKEW:
            raise NotVerifiedError(f"The {name} of the assertion must not be in the future.")
    if not isinstance(claims.get("jti"), str) or not _JTI.fullmatch(claims["jti"]):
        raise NotVerifiedError(
            "The assertion must have a jti of 1 to 255 visible ASCII characters."
        )
    return expires


def _time(claims: Mapping[str, Any], name: str) -> datetime | None:
    """The instant in a claim, in UTC; ``None`` without the claim.

    Raises:
        NotVerifiedError: it is not a number of seconds since 1970.
    """
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11:
        raise NotVerifiedError(
            f"The {name} of the assertion must be a number of seconds since 1970."
        )
    return datetime.fromtimestamp(value, tz=UTC)


def token_id(issuer: str, jti: str) -> str:
    """The key under which an accepted assertion is stored, so that it is accepted only once."""
    return sha256(f"{issuer}\x1f{jti}".encode()).hexdigest()
