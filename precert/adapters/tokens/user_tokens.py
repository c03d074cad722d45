"""Access tokens of the users' issuer, verified as by API Gateway's JWT authorizer (``UserTokens``)."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from precert.adapters.public_https import PublicAddressError
from precert.adapters.tokens.signatures import verified_claims
from precert.domain.clients import NotVerifiedError
from precert.domain.errors import TransientError

ALGORITHM: Final = "RS256"
"""The algorithm that the supported issuers use; API Gateway's JWT authorizer accepts it."""
KEYS_REUSED: Final = timedelta(hours=1)
READ_AGAIN_AFTER: Final = timedelta(seconds=30)
ReadJson = Callable[[str], Any]


class IssuerTokens:
    """Tokens of one OIDC issuer. ``keys_url`` overrides the ``jwks_uri`` of the issuer's metadata."""

    def __init__(
        self,
        issuer: str,
        *,
        audiences: Collection[str],
        scopes: Collection[str],
        read: ReadJson,
        keys_url: str | None = None,
    ) -> None:
        self._issuer = issuer
        self._audiences = frozenset(audiences)
        self._scopes = frozenset(scopes)
        self._read = read
        self._keys_url = keys_url
        self._keys: Mapping[str, Any] = {}
        self._read_at: datetime | None = None

    def verified(self, token: str, now: datetime) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise NotVerifiedError("The access token is not a JWT.") from None
        jwk = self._key(str(header.get("kid")), now)
        try:
            key = jwt.PyJWK.from_dict(jwk, ALGORITHM)
        except (jwt.PyJWTError, ValueError):
            raise NotVerifiedError("The access token was signed by an unknown key.") from None
        claims = verified_claims(token, key, ALGORITHM, issuer=self._issuer, audience=None)
        # As in API Gateway: the aud, or the client_id if there is no aud.
        named = claims.get("aud", claims.get("client_id"))
        audiences = named if isinstance(named, list) else [named]
        if self._audiences.isdisjoint(one for one in audiences if isinstance(one, str)):
            raise NotVerifiedError("The access token is not for this API.")
        scopes = claims.get("scope", claims.get("scp", ""))
        granted = scopes if isinstance(scopes, list) else str(scopes).split()
        if self._scopes.isdisjoint(one for one in granted if isinstance(one, str)):
            raise NotVerifiedError("The access token has no scope of this API.")
        return claims

    def _key(self, kid: str, now: datetime) -> dict[str, Any]:
        age = now - self._read_at if self._read_at else KEYS_REUSED
        if age >= KEYS_REUSED or (kid not in self._keys and age >= READ_AGAIN_AFTER):
            self._keys, self._read_at = self._read_keys(), now
        if kid not in self._keys:
            raise NotVerifiedError("The access token was signed by an unknown key.")
        return dict(self._keys[kid])

    def _read_keys(self) -> Mapping[str, Any]:
        """The issuer's keys.

        Raises:
            TransientError: they cannot be read.
        """
        unread = TransientError("The keys of the issuer could not be read. Try again.")
        url = self._keys_url
        try:
            if url is None:
                issuer = self._issuer.rstrip("/")
                document = self._read(f"{issuer}/.well-known/openid-configuration")
                url = document.get("jwks_uri") if isinstance(document, dict) else None
            keys = self._read(url) if isinstance(url, str) else None
        except PublicAddressError:
            raise unread from None
        listed = keys.get("keys") if isinstance(keys, dict) else None
        if not isinstance(listed, list):
            raise unread
        return {str(one["kid"]): one for one in listed if isinstance(one, dict) and "kid" in one}
