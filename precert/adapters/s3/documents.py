"""The files of documents and of determination notices."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence, Set
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from precert.domain.documents import Document, content_disposition, document_key
from precert.domain.errors import TransientError
from precert.domain.notices import Notice, notice_key
from precert.names import DOCUMENT_PREFIX, NOTICE_PREFIX
from precert.usecases.orphans import StoredFile
from precert.usecases.ports.documents import StoredObject, UploadForm
from precert.usecases.ports.listings import Page

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def _inline(content_type: str) -> dict[str, str]:
    """Parameters of a URL with which a browser shows the file. They contain no file name."""
    return {"ResponseContentDisposition": "inline", "ResponseContentType": content_type}


def _stored_file(key: str, stored_at: datetime) -> StoredFile:
    prefix, _, name = key.partition("/")
    request_id, _, name = name.partition("/")
    is_document = f"{prefix}/" == DOCUMENT_PREFIX
    return StoredFile(request_id, name if is_document else None, stored_at, key)


class S3Documents:
    """Private objects. Callers have access only by presigned forms and URLs."""

    def __init__(self, client: "S3Client", *, bucket: str, key_id: Callable[[], str]) -> None:
        self._client = client
        self._bucket = bucket
        self._key_id = key_id

    def upload_form(
        self, request_id: str, document: Document, *, max_bytes: int, seconds: int
    ) -> UploadForm:
        fields = {
            "Content-Type": document.content_type,
            # Stored with the object, so that the download URL contains only ids.
            "Content-Disposition": content_disposition(document.file_name),
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": self._key_id(),
        }
        if document.announced_sha256:
            digest = b64encode(bytes.fromhex(document.announced_sha256)).decode()
            fields |= {"x-amz-checksum-algorithm": "SHA256", "x-amz-checksum-sha256": digest}
        form = self._client.generate_presigned_post(
            Bucket=self._bucket,
            Key=document_key(request_id, document.document_id),
            Fields=dict(fields),
            Conditions=[
                *({name: value} for name, value in fields.items()),
                ["content-length-range", 1, max_bytes],
            ],
            ExpiresIn=seconds,
        )
        return UploadForm(url=form["url"], fields=dict(form["fields"]), max_bytes=max_bytes)

    def download_url(
        self,
        request_id: str,
        document_id: str,
        *,
        version_id: str | None,
        seconds: int,
        shown_as: str | None = None,
    ) -> str:
        params = {
            "Bucket": self._bucket,
            "Key": document_key(request_id, document_id),
            **({"VersionId": version_id} if version_id else {}),
            **(_inline(shown_as) if shown_as else {}),
        }
        return self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)

    def put(self, request_id: str, document: Document, body: bytes) -> None:
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=document_key(request_id, document.document_id),
                Body=body,
                ContentType=document.content_type,
                ContentDisposition=content_disposition(document.file_name),
                ChecksumSHA256=b64encode(hashlib.sha256(body).digest()).decode(),
            )
        except (BotoCoreError, ClientError) as error:
            raise TransientError("A document could not be stored. Try again.") from error

    def arrived(self, request_id: str) -> Set[str]:
        prefix = f"{DOCUMENT_PREFIX}{request_id}/"
        try:
            # A request has about twenty documents, so one page has all of them.
            page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix)
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The documents could not be listed. Try again.") from error
        return {found["Key"].removeprefix(prefix) for found in page.get("Contents", [])}

    def stored(self) -> Iterator[StoredFile]:
        page = self.page(None)
        yield from page.rows
        while page.cursor:
            page = self.page(page.cursor)
            yield from page.rows

    def page(self, after: str | None) -> Page[StoredFile]:
        """See the port. The position is a key, or the prefix of notices, which follow the documents."""
        position = after or DOCUMENT_PREFIX
        prefix = NOTICE_PREFIX if position.startswith(NOTICE_PREFIX) else DOCUMENT_PREFIX
        files, last = self._listed(prefix, position)
        following = NOTICE_PREFIX if prefix == DOCUMENT_PREFIX else None
        return Page(files, last or following)

    def of(self, request_id: str) -> Sequence[StoredFile]:
        """See the port. A request has about twenty documents, so one page has all of them."""
        prefixes = (f"{prefix}{request_id}/" for prefix in (DOCUMENT_PREFIX, NOTICE_PREFIX))
        return [file for prefix in prefixes for file in self._listed(prefix, prefix)[0]]

    def hide(self, file: StoredFile) -> None:
        try:
            self._client.delete_object(Bucket=self._bucket, Key=file.key)
        except (BotoCoreError, ClientError) as error:
            raise TransientError("A file could not be deleted. Try again.") from error

    def _listed(self, prefix: str, after: str) -> tuple[tuple[StoredFile, ...], str | None]:
        """Files below a prefix, after a key, and the last key if more follow."""
        try:
            response = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, StartAfter=after
            )
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The documents could not be listed. Try again.") from error
        found = response.get("Contents", [])
        files = tuple(_stored_file(one["Key"], one["LastModified"]) for one in found)
        return files, found[-1]["Key"] if response.get("IsTruncated") else None

    def fetch(self, request_id: str, document_id: str) -> StoredObject | None:
        key = document_key(request_id, document_id)
        try:
            response = self._client.get_object(Bucket=self._bucket, Key=key)
            body = response["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The document could not be read. Try again.") from error
        return StoredObject(body, response["ContentLength"], response.get("VersionId"))

    def keep_only(self, request_id: str, document_id: str, version_id: str) -> None:
        self._remove_below(document_key(request_id, document_id), but=version_id)

    def remove(self, request_id: str, document_id: str) -> None:
        self._remove_below(document_key(request_id, document_id))

    def remove_all(self, request_id: str) -> None:
        self._remove_below(f"{DOCUMENT_PREFIX}{request_id}/")

    def remove_files(self, request_id: str) -> None:
        """Documents and notices (port :class:`precert.usecases.ports.requests.FileCleanup`)."""
        self.remove_all(request_id)
        self._remove_below(f"{NOTICE_PREFIX}{request_id}/")

    def _remove_below(self, prefix: str, *, but: str | None = None) -> None:
        try:
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            for page in pages:
                for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                    if version["VersionId"] == but:
                        continue
                    self._client.delete_object(
                        Bucket=self._bucket,
                        Key=version["Key"],
                        VersionId=version["VersionId"],
                    )
        except (BotoCoreError, ClientError) as error:
            raise TransientError("Documents could not be removed. Try again.") from error


class S3Notices:
    """Notices, under a separate prefix to which uploads are not permitted."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, request_id: str, notice_id: str, document: bytes, sha256: str) -> str | None:
        try:
            response = self._client.put_object(
                Bucket=self._bucket,
                Key=notice_key(request_id, notice_id),
                Body=document,
                ContentType="application/pdf",
                ContentDisposition=f'attachment; filename="notice-{notice_id}.pdf"',
                ChecksumSHA256=b64encode(bytes.fromhex(sha256)).decode(),
            )
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The notice could not be stored. Try again.") from error
        return response.get("VersionId")

    def download_url(
        self, request_id: str, notice: Notice, *, seconds: int, shown_as: str | None = None
    ) -> str:
        params = {"Bucket": self._bucket, "Key": notice_key(request_id, notice.notice_id)}
        if notice.version_id:
            params["VersionId"] = notice.version_id
        if shown_as:
            params |= _inline(shown_as)
        return self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)
