"""Partners' systems that sign in with a key pair: SMART Backend Services, and CDS Hooks.

A client registers its public keys, as a JWK Set at an https address or as the set itself. It proves
that it has a private key by a JWT that it signed, the assertion: once for each access token, and in
CDS Hooks with each call.
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
from precert.domain.smart_scopes import MOST_SCOPES, is_scope
from precert.domain.values import Text, Value

ALGORITHMS: Final = {"RS384": "RSA", "ES384": "EC"}
"""Signature algorithms of assertions, which SMART requires, with the type of their keys."""
CURVE: Final = "P-384"
FEWEST_RSA_BITS: Final = 2048
MOST_RSA_BITS: Final = 8192
MOST_KEYS: Final = 20
LONGEST_ASSERTION: Final = timedelta(minutes=5)
TOKEN_LIFETIME: Final = timedelta(minutes=5)
CLOCK_SKEW: Final = timedelta(seconds=10)
"""How far a client's clock may be ahead."""
MOST_CHARACTERS: Final = 8192
"""Of an assertion; RSA signatures of the largest keys are 1,366 characters."""
_JTI: Final = re.compile(r"[\x21-\x7e]{1,255}")
_HOST: Final = re.compile(
    r"(?=.{4,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+"
)
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_FOREIGN_KEYS: Final = frozenset({"jwk", "x5c", "x5u"})
"""Header members that would let an assertion bring its own key."""


class OAuthErrorCode(StrEnum):
    """Error codes of the token endpoint (RFC 6749, section 5.2)."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_SCOPE = "invalid_scope"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"


class OAuthError(Exception):
    """A refused request for a token; ``detail`` contains nothing of the request."""

    def __init__(self, code: OAuthErrorCode, detail: str) -> None:
        super().__init__(code.value)
        self.code = code
        self.detail = detail


class NotVerifiedError(Exception):
    """A JWT that does not prove who sent it; ``detail`` contains nothing of it."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def public_address(url: str) -> str:
    """An https address at port 443 of a public name.

    Raises:
        ValueError.
    """
    try:
        parts = urlsplit(url)
        plain = (parts.scheme, parts.port, parts.username, parts.password, parts.fragment)
    except ValueError:
        raise ValueError("must be a URL") from None
    if plain != ("https", None, None, None, ""):
        raise ValueError("must be an https URL without port, user and fragment")
    if not _HOST.fullmatch(parts.hostname or "") or (parts.hostname or "")[-1].isdigit():
        raise ValueError("must name a public host, and no address")
    return url


PublicUrl = Annotated[str, Field(max_length=500), AfterValidator(public_address)]


class PublicKey(Value):
    """A public key of a client, as a JSON Web Key (RFC 7517)."""

    kid: Annotated[str, Field(min_length=1, max_length=255)]
    kty: str
    jwk: str
    """The key as JSON text."""

    @property
    def fits(self) -> bool:
        """Whether one of the algorithms has keys of this type."""
        return self.kty in ALGORITHMS.values()

    def serves(self, algorithm: str) -> bool:
        """Whether signatures of this algorithm are verified with it."""
        stated = json.loads(self.jwk).get("alg")
        return ALGORITHMS.get(algorithm) == self.kty and stated in (None, algorithm)


class FormerKeys(Value):
    """The keys before the last replacement, which are accepted until they end."""

    jwks_url: PublicUrl | None = None
    jwks: tuple[PublicKey, ...] = ()
    until: Moment


class RegisteredClient(Value):
    """A partner's system. What it may do is granted to its id, as to any client."""

    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{3,63}$")]
    label: Text
    jwks_url: PublicUrl | None = None
    jwks: tuple[PublicKey, ...] = ()
    """Its keys, where it has no address that serves them."""
    former: FormerKeys | None = None
    scopes: Annotated[tuple[Text, ...], Field(max_length=MOST_SCOPES)] = ()
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
        """The registration with other keys; the present ones are accepted ``until`` then.

        Raises:
            ValidationError: the keys or their address are not usable.
        """
        former = {"jwks_url": self.jwks_url, "jwks": self.jwks, "until": until} if until else None
        changed = {"jwks_url": jwks_url, "jwks": jwks, "former": former}
        return type(self).model_validate({**self.model_dump(), **changed})

    def former_keys(self, now: datetime) -> FormerKeys | None:
        """The earlier keys, while they are accepted."""
        return self.former if self.former is not None and now < self.former.until else None

    @field_validator("scopes")
    @classmethod
    def _are_scopes(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [one for one in scopes if not is_scope(one)]:
            raise ValueError(f"not a scope of a system, as in system/Claim.cs: {', '.join(wrong)}")
        return scopes

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if (self.jwks_url is None) is not bool(self.jwks):
            raise ValueError("a client has either the URL of its keys, or the keys themselves")
        return self


def public_keys(document: object) -> tuple[PublicKey, ...]:
    """The usable keys of a JWK Set.

    Keys of another kind, and keys for encryption, are left out.

    Raises:
        ValueError: it is not a set of public keys, with the reason.
    """
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, Sequence) or isinstance(keys, str) or not 0 < len(keys) <= MOST_KEYS:
        raise ValueError(f"a JWK Set has 1 to {MOST_KEYS} keys in its member keys")
    if any(isinstance(one, Mapping) and _PRIVATE_MEMBERS & one.keys() for one in keys):
        raise ValueError("the set contains a private key: it must be replaced by a new one")
    found = [key for one in keys if isinstance(one, Mapping) and (key := _usable(one))]
    if len({one.kid for one in found}) != len(found):
        raise ValueError("two keys have the same kid")
    if not found:
        raise ValueError(
            f"no key with a kid is an RSA key of {FEWEST_RSA_BITS} bits or more, for RS384, or an "
            f"EC key of the curve {CURVE}, for ES384"
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
    if kty == "RSA" and not FEWEST_RSA_BITS <= _bits(jwk["n"]) <= MOST_RSA_BITS:
        return None
    if kty == "EC" and jwk["crv"] != CURVE:
        return None
    members = {name: jwk[name] for name in ("kid", "kty", *names)}
    stated = {"alg": jwk["alg"]} if isinstance(jwk.get("alg"), str) else {}
    return PublicKey(kid=kid, kty=str(kty), jwk=json.dumps({**members, **stated}))


def _bits(value: str) -> int:
    """The length of an unsigned number in base64url; 0 if it is none."""
    try:
        octets = urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        return 0
    return int.from_bytes(octets).bit_length()


def key_of(
    keys: Iterable[PublicKey], header: Mapping[str, Any], jwks_url: str | None
) -> PublicKey | None:
    """The registered key that an assertion names; ``None`` if the client has none.

    Raises:
        NotVerifiedError: the header is not one of an assertion.
    """
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise NotVerifiedError(f"Sign the assertion with one of {', '.join(ALGORITHMS)}.")
    if str(header.get("typ", "JWT")).upper() != "JWT" or "crit" in header:
        raise NotVerifiedError("The header has typ JWT, and no member crit.")
    if _FOREIGN_KEYS & header.keys() or header.get("jku", jwks_url) != jwks_url:
        raise NotVerifiedError("The key is the registered one. Send no key in the header.")
    if not isinstance(kid, str) or not kid:
        raise NotVerifiedError("The header has no kid.")
    return next((one for one in keys if one.kid == kid and one.serves(algorithm)), None)


def require_assertion(claims: Mapping[str, Any], now: datetime) -> datetime:
    """Check the times and the id of an assertion; return when it expires.

    Raises:
        NotVerifiedError.
    """
    expires = _time(claims, "exp")
    if expires is None:
        raise NotVerifiedError("The assertion has no exp.")
    if expires <= now:
        raise NotVerifiedError("The assertion has expired. Make one for each request.")
    if expires > now + LONGEST_ASSERTION:
        raise NotVerifiedError("The exp of the assertion is more than five minutes ahead.")
    for name in ("nbf", "iat"):
        since = _time(claims, name)
        if since is not None and since > now + CLOCK_SKEW:
            raise NotVerifiedError(f"The {name} of the assertion is in the future.")
    if not isinstance(claims.get("jti"), str) or not _JTI.fullmatch(claims["jti"]):
        raise NotVerifiedError("The assertion has no jti of 1 to 255 visible ASCII characters.")
    return expires


def _time(claims: Mapping[str, Any], name: str) -> datetime | None:
    """A claim with an instant.

    Raises:
        NotVerifiedError: it is not a number of seconds.
    """
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11:
        raise NotVerifiedError(f"The {name} of the assertion is not a number of seconds.")
    return datetime.fromtimestamp(value, tz=UTC)


def token_id(issuer: str, jti: str) -> str:
    """The stored name of an assertion that was accepted."""
    return sha256(f"{issuer}\x1f{jti}".encode()).hexdigest()
