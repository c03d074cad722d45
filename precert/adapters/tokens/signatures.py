"""Signatures of clients' assertions, with PyJWT (port ``Signatures``), and their keys (``KeySets``).

Only functions with the signing layer have PyJWT and cryptography.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from precert.adapters.public_https import PublicAddressError
from precert.domain.clients import (
    FormerKeys,
    NotVerifiedError,
    PublicKey,
    RegisteredClient,
    public_keys,
)

_UNVERIFIED = "The JWT does not have a valid signature of the registered key."
_NO_JWT = (
    "The token is not a JWT in compact serialization: three base64url parts separated by dots."
)


class JwtSignatures:
    """Verifies signatures with one key and one algorithm, which the caller has chosen."""

    def header(self, token: str) -> Mapping[str, Any]:
        try:
            return jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise NotVerifiedError(_NO_JWT) from None

    def unverified(self, token: str) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise NotVerifiedError(_NO_JWT) from None
        return claims

    def verified(
        self, token: str, key: PublicKey, algorithm: str, *, issuer: str, audience: str
    ) -> Mapping[str, Any]:
        try:
            public = jwt.PyJWK.from_json(key.jwk, algorithm)
        except (jwt.PyJWTError, ValueError):
            raise NotVerifiedError(_UNVERIFIED) from None
        return verified_claims(token, public, algorithm, issuer=issuer, audience=audience)


def verified_claims(
    token: str, key: jwt.PyJWK, algorithm: str, *, issuer: str, audience: str | None
) -> Mapping[str, Any]:
    """The claims, after the signature, issuer and audience were verified. Callers verify the times.

    Raises:
        NotVerifiedError.
    """
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=issuer,
            audience=audience,
            options={
                "require": ["iss", *(["aud"] if audience else [])],
                "verify_aud": audience is not None,
                # Exactly one audience, as a token for several could be replayed at another one.
                "strict_aud": audience is not None,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "enforce_minimum_key_length": True,
            },
        )
    except jwt.InvalidAudienceError:
        raise NotVerifiedError("The aud of the JWT must be the URL to which it is sent.") from None
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise NotVerifiedError(_UNVERIFIED) from None
    return claims


REUSED: Final = timedelta(minutes=5)
"""How long keys are cached, and how long a key that a client removed can still be used."""
READ_AGAIN_AFTER: Final = timedelta(seconds=30)
"""Minimum time before the keys are read again for an unknown key id."""
_MAX_CLIENTS: Final = 500


class FetchedKeySets:
    """The keys of clients, from their JWKS URLs or their registrations (port ``KeySets``).

    A URL is read at most once in five minutes, and for unknown keys at most twice a minute.
    """

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read
        self._cached: OrderedDict[str, tuple[datetime, tuple[PublicKey, ...]]] = OrderedDict()

    def keys(self, client: RegisteredClient, now: datetime) -> tuple[PublicKey, ...]:
        return self._with_former(client, now, REUSED)

    def keys_again(self, client: RegisteredClient, now: datetime) -> tuple[PublicKey, ...]:
        return self._with_former(client, now, READ_AGAIN_AFTER)

    def _with_former(
        self, client: RegisteredClient, now: datetime, reused: timedelta
    ) -> tuple[PublicKey, ...]:
        """The keys of a client, followed by former keys that are still accepted."""
        former = client.former_keys(now)
        if former is None:
            return self._of(client, now, reused)
        earlier: tuple[PublicKey, ...] = ()
        with suppress(NotVerifiedError):
            earlier = self._of(former, now, reused)
        try:
            return (*self._of(client, now, reused), *earlier)
        except NotVerifiedError:
            # The client may still sign with a former key.
            if not earlier:
                raise
            return earlier

    def _of(
        self, holder: RegisteredClient | FormerKeys, now: datetime, reused: timedelta
    ) -> tuple[PublicKey, ...]:
        return holder.jwks if holder.jwks_url is None else self._keys(holder.jwks_url, now, reused)

    def _keys(self, url: str, now: datetime, reused: timedelta) -> tuple[PublicKey, ...]:
        cached = self._cached.get(url)
        if cached is not None and timedelta(0) <= now - cached[0] < reused:
            return cached[1]
        try:
            found = public_keys(self._read(url))
        except (PublicAddressError, ValueError) as error:
            reason = error.reason if isinstance(error, PublicAddressError) else str(error)
            raise NotVerifiedError(f"The registered keys cannot be read: {reason}.") from None
        self._cached[url] = (now, found)
        self._cached.move_to_end(url)
        if len(self._cached) > _MAX_CLIENTS:
            self._cached.popitem(last=False)
        return found
