"""Keyed hashes with an HMAC key that never leaves AWS KMS (port ``Digests``)."""

from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from precert.domain.errors import TransientError


class MacClient(Protocol):
    """The part of boto3's ``kms`` client that is used here."""

    def generate_mac(self, **arguments: Any) -> Any: ...


class KmsDigests:
    """Hashes with one HMAC key."""

    def __init__(self, client: MacClient, *, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def digest(self, text: str) -> str:
        try:
            response = self._client.generate_mac(
                KeyId=self._key_id, MacAlgorithm="HMAC_SHA_256", Message=text.encode()
            )
        except (BotoCoreError, ClientError) as error:
            # Raised without the cause, which may contain the hashed text.
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else None
            raise TransientError(
                f"AWS KMS did not respond ({code or type(error).__name__}). Try again."
            ) from None
        mac: bytes = response["Mac"]
        return mac.hex()
