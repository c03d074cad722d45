"""Calls of CDS Hooks services with their answers (port ``HookCalls``), in the locked audit archive."""

import gzip
import json
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from precert.adapters.s3.objects import put_once
from precert.domain.errors import TransientError
from precert.names import HOOK_CALLS_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_UNAVAILABLE: Final = "The audit archive did not answer. Try again."


class S3HookCalls:
    """One object for each call; none can be changed or deleted before its retention ends."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def store(self, access_id: str, content: dict[str, Any]) -> None:
        put_once(
            self._client,
            bucket=self._bucket,
            key=_key(access_id),
            packed=gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0),
            content_type="application/json",
            refusal=_UNAVAILABLE,
        )

    def read(self, access_id: str) -> dict[str, Any] | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=_key(access_id))
            found: dict[str, Any] = json.loads(gzip.decompress(answer["Body"].read()))
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise TransientError(_UNAVAILABLE) from error
        except BotoCoreError as error:
            raise TransientError(_UNAVAILABLE) from error
        return found


def _key(access_id: str) -> str:
    return f"{HOOK_CALLS_PREFIX}{access_id}.json.gz"
