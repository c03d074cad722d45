"""The archive (port :class:`precert.usecases.ports.requests.Archive`)."""

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from precert.adapters.s3.objects import put_once
from precert.domain.documents import DocumentStatus, document_key
from precert.domain.errors import TransientError
from precert.domain.notices import notice_key
from precert.domain.request import Request
from precert.names import HISTORY_PREFIX, PK, REMOVED_PREFIX
from precert.usecases.ports.requests import RequestFile

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_NAME: Final = re.compile(r"[0-9A-Za-z-]+$")

_UNAVAILABLE: Final = "History could not be archived. Try again."
_NOT_READ: Final = "The archive could not be read. Try again."
FORM = 1
"""Version of the format of archived objects. Within a version, members are only added."""


class S3Archive:
    """A separate bucket without other writers. Files are copied within S3."""

    def __init__(self, client: "S3Client", *, bucket: str, documents_bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._documents_bucket = documents_bucket

    def store(self, file: RequestFile) -> None:
        """Store the files first, then the history, whose existence proves that all files are stored."""
        request = file.request
        below = archive_key(request).removesuffix(".json.gz")
        for document in file.documents:
            if document.status is DocumentStatus.ATTACHED:
                key = document_key(request.request_id, document.document_id)
                self._copy(key, document.version_id, f"{below}/documents/{document.document_id}")
        for notice in file.notices:
            key = notice_key(request.request_id, notice.notice_id)
            self._copy(key, notice.version_id, f"{below}/notices/{notice.notice_id}.pdf")
        self._put(archive_key(request), _packed(file))

    def store_removed(self, image: Mapping[str, Any], sequence_number: str) -> None:
        text = json.dumps({"form": FORM, "image": image}, default=_as_in_stream, sort_keys=True)
        key = removed_key(image, sequence_number)
        self._put(key, gzip.compress(text.encode(), mtime=0))

    def has(self, request_id: str, year: int) -> bool:
        """See the port. The key is listed, because no function is permitted to read objects here."""
        key = history_key(request_id, year)
        try:
            listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        except (BotoCoreError, ClientError) as error:
            raise TransientError(_UNAVAILABLE) from error
        return [found["Key"] for found in listed.get("Contents", [])] == [key]

    def bundles_of(self, request_id: str) -> tuple[str, ...] | None:
        """See the port. Objects are listed by year, as a request's year is not known."""
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=HISTORY_PREFIX, Delimiter="/"
            )
            years = [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", [])]
            for below in sorted(years, reverse=True):
                key = f"{below}{request_id}.json.gz"
                listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
                if [found["Key"] for found in listed.get("Contents", [])] == [key]:
                    found = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
                    return _bundles(json.loads(gzip.decompress(found)))
        except (BotoCoreError, ClientError) as error:
            raise TransientError(_NOT_READ) from error
        return None

    def _put(self, key: str, packed: bytes) -> None:
        put_once(
            self._client,
            bucket=self._bucket,
            key=key,
            packed=packed,
            content_type="application/json",
            refusal=_UNAVAILABLE,
        )

    def _copy(self, key: str, version_id: str | None, target: str) -> None:
        """Copy an object. If it no longer exists, it was copied before it was deleted."""
        source = f"{self._documents_bucket}/{key}"
        if version_id:
            source += f"?versionId={version_id}"
        try:
            self._client.copy_object(Bucket=self._bucket, Key=target, CopySource=source)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NoSuchKey", "NoSuchVersion", "404"}:
                raise TransientError(_UNAVAILABLE) from error
        except BotoCoreError as error:
            raise TransientError(_UNAVAILABLE) from error


def archive_key(request: Request) -> str:
    """The key of a request's archived object, by the year of its last change."""
    return history_key(request.request_id, request.updated_at.astimezone(UTC).year)


def history_key(request_id: str, year: int) -> str:
    """The key of the archived object of a request that was last changed in the year."""
    return f"{HISTORY_PREFIX}{year}/{request_id}.json.gz"


def removed_key(keys: Mapping[str, Any], sequence_number: str) -> str:
    """The key of a removed request as the stream delivered it; ``keys`` are those of its item."""
    found = _NAME.search(str(keys.get(PK, {}).get("S", "")))
    return f"{REMOVED_PREFIX}{found[0] if found else 'unknown'}/{sequence_number}.json.gz"


def _bundles(contents: Mapping[str, Any]) -> tuple[str, ...]:
    """The original bundle of a history and those of its updates, in their order."""
    original = contents.get("original")
    return tuple(one for one in (original, *contents.get("updates", ())) if one is not None)


def _as_in_stream(value: object) -> str | list[object]:
    """Bytes as Base64 and sets as lists, as in Lambda's stream records."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"a stream record has no {type(value).__name__}")


def _packed(file: RequestFile) -> bytes:
    """The compressed JSON of a history; the same history has the same bytes."""
    request = file.request.model_dump(mode="json")
    contents = {
        "form": FORM,
        "request": {
            **request,
            "tins": sorted(request["tins"]),
            "new_documents": sorted(file.request.new_documents),
        },
        "original": gzip.decompress(file.original).decode() if file.original else None,
        "updates": [gzip.decompress(one).decode() for one in file.updates],
        "documents": [document.model_dump(mode="json") for document in file.documents],
        "notices": [notice.model_dump(mode="json") for notice in file.notices],
        "events": [event.model_dump(mode="json") for event in file.events],
    }
    text = json.dumps(contents, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return gzip.compress(text.encode(), mtime=0)
