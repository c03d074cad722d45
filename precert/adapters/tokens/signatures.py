"""Signatures of clients' assertions (port ``Signatures``), by PyJWT."""

from collections.abc import Mapping
from typing import Any

import jwt

from precert.domain.clients import NotVerifiedError, PublicKey

_UNVERIFIED = "The JWT does not have a valid signature by the registered key."
_NO_JWT = "Send a JWT in the compact serialization: three parts in base64url."


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
    """The claims, once signature, issuer and audience are verified; times are those of the caller.

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
                # One audience: a token for several could be used at each of them.
                "strict_aud": audience is not None,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "enforce_minimum_key_length": True,
            },
        )
    except jwt.InvalidAudienceError:
        raise NotVerifiedError("The aud of the JWT is the URL that it is sent to.") from None
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise NotVerifiedError(_UNVERIFIED) from None
    return claims
