"""Access tokens signed by a key in AWS KMS (port ``AccessTokens``)."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, Protocol

import jwt
from botocore.exceptions import BotoCoreError, ClientError
from jwt.algorithms import Algorithm, RSAAlgorithm

from precert.adapters.tokens.signatures import verified_claims
from precert.domain.clients import NotVerifiedError
from precert.domain.errors import TransientError

ALGORITHM: Final = "RS256"
TYPE: Final = "at+jwt"
"""The ``typ`` of access tokens (RFC 9068), which assertions do not have."""
_KMS_ALGORITHM: Final = "RSASSA_PKCS1_V1_5_SHA_256"


class SigningClient(Protocol):
    """The part of boto3's ``kms`` client that is used here."""

    def sign(self, **arguments: Any) -> Any: ...

    def get_public_key(self, **arguments: Any) -> Any: ...


class _KmsRsa(Algorithm):
    """An algorithm of PyJWT that signs with AWS KMS."""

    def __init__(self, client: SigningClient, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def prepare_key(self, key: Any) -> Any:
        return key

    def sign(self, msg: bytes, key: Any) -> bytes:  # noqa: ARG002 - PyJWT passes it
        with _transient():
            response = self._client.sign(
                KeyId=self._key_id,
                Message=msg,
                MessageType="RAW",
                SigningAlgorithm=_KMS_ALGORITHM,
            )
        signature: bytes = response["Signature"]
        return signature

    def verify(self, msg: bytes, key: Any, sig: bytes) -> bool:
        raise NotImplementedError("tokens are verified with the public key")

    @staticmethod
    def to_jwk(key_obj: Any, as_dict: bool = False) -> Any:
        raise NotImplementedError

    @staticmethod
    def from_jwk(jwk: Any) -> Any:
        raise NotImplementedError


class KmsAccessTokens:
    """Signs with one key; its public key is read once per process."""

    def __init__(self, client: SigningClient, *, key_id: str) -> None:
        self._client = client
        self._key_id = key_id
        self._encoder = jwt.PyJWS(algorithms=[])
        self._encoder.register_algorithm(ALGORITHM, _KmsRsa(client, key_id))

    def sign(self, claims: Mapping[str, Any]) -> str:
        payload = json.dumps(claims, separators=(",", ":")).encode()
        headers = {"typ": TYPE, "kid": self._public["kid"]}
        return self._encoder.encode(payload, key="kms", algorithm=ALGORITHM, headers=headers)

    def verified(self, token: str, *, issuer: str, audience: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise NotVerifiedError("The access token is not a JWT.") from None
        if (header.get("typ"), header.get("kid")) != (TYPE, self._public["kid"]):
            raise NotVerifiedError("The access token was not issued by this token endpoint.")
        key = jwt.PyJWK.from_dict(dict(self._public), ALGORITHM)
        return verified_claims(token, key, ALGORITHM, issuer=issuer, audience=audience)

    def public_keys(self) -> Sequence[Mapping[str, str]]:
        return [self._public]

    @cached_property
    def _public(self) -> Mapping[str, str]:
        with _transient():
            response = self._client.get_public_key(KeyId=self._key_id)
        encoded = b64encode(response["PublicKey"]).decode()
        pem = f"-----BEGIN PUBLIC KEY-----\n{encoded}\n-----END PUBLIC KEY-----\n"
        algorithm = RSAAlgorithm(RSAAlgorithm.SHA256)
        public = algorithm.prepare_key(pem)
        jwk = RSAAlgorithm.to_jwk(public, as_dict=True)
        members = {name: str(jwk[name]) for name in ("kty", "n", "e")}
        # The thumbprint of the key (RFC 7638).
        canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
        kid = sha256(canonical.encode()).hexdigest()[:32]
        return {**members, "kid": kid, "use": "sig", "alg": ALGORITHM}


class _transient:  # noqa: N801 - reads as a context
    """Converts boto3's errors, without the signed data."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, BotoCoreError | ClientError):
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else None
            name = code or type(error).__name__
            raise TransientError(f"AWS KMS did not respond ({name}). Try again.") from None
