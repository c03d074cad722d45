"""Files after a restore (port ``RestoredFiles``)."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from precert.domain.errors import TransientError
from precert.usecases.restoring import FileState, FoundFile

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound"})


class S3RestoredFiles:
    """The documents bucket, which retains noncurrent versions for 30 days, and a bucket with copies."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def ensure(self, key: str, version_id: str | None, *, copies: str | None) -> FoundFile:
        if not self._has(key, version_id):
            return self._copied(key, copies)
        if version_id is not None and not self._has(key, None):
            self._undelete(key)
            return FoundFile(FileState.UNDELETED)
        return FoundFile(FileState.STORED)

    def _has(self, key: str, version_id: str | None) -> bool:
        try:
            if version_id is None:
                self._client.head_object(Bucket=self._bucket, Key=key)
            else:
                self._client.head_object(Bucket=self._bucket, Key=key, VersionId=version_id)
        except ClientError as error:
            # S3 responds with 400 to a version id of another bucket.
            if error.response["Error"]["Code"] in _MISSING | {"400"}:
                return False
            raise _transient() from error
        except BotoCoreError as error:
            raise _transient() from error
        return True

    def _undelete(self, key: str) -> None:
        """Remove the delete markers of a key, which restores its last version."""
        try:
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=key
            )
            for page in pages:
                for marker in page.get("DeleteMarkers", []):
                    if marker["Key"] == key:
                        self._client.delete_object(
                            Bucket=self._bucket, Key=key, VersionId=marker["VersionId"]
                        )
        except (BotoCoreError, ClientError) as error:
            raise _transient() from error

    def _copied(self, key: str, copies: str | None) -> FoundFile:
        if copies is None:
            return FoundFile(FileState.MISSING)
        try:
            response = self._client.copy_object(
                Bucket=self._bucket, Key=key, CopySource={"Bucket": copies, "Key": key}
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return FoundFile(FileState.MISSING)
            raise _transient() from error
        except BotoCoreError as error:
            raise _transient() from error
        return FoundFile(FileState.COPIED, response.get("VersionId"))


def _transient() -> TransientError:
    return TransientError("The files could not be read. Try again.")
