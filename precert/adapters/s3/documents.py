"""Documents' bytes (port :class:`precert.usecases.ports.documents.DocumentBytes`)."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from precert.contract import DOCUMENT_PREFIX
from precert.domain.documents import Document, document_key
from precert.domain.errors import TransientError
from precert.usecases.ports.documents import StoredObject, UploadForm

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class S3Documents:
    """Private objects, reached by callers through presigned forms only."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def upload_form(
        self, request_id: str, document: Document, *, max_bytes: int, seconds: int
    ) -> UploadForm:
        form = self._client.generate_presigned_post(
            Bucket=self._bucket,
            Key=document_key(request_id, document.document_id),
            Fields={"Content-Type": document.content_type},
            Conditions=[
                {"Content-Type": document.content_type},
                ["content-length-range", 1, max_bytes],
            ],
            ExpiresIn=seconds,
        )
        return UploadForm(form["url"], dict(form["fields"]))

    def fetch(self, request_id: str, document_id: str) -> StoredObject | None:
        key = document_key(request_id, document_id)
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            body = answer["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The document could not be read. Try again.") from error
        return StoredObject(body, answer["ContentLength"], answer.get("VersionId"))

    def keep_only(self, request_id: str, document_id: str, version_id: str) -> None:
        self._remove_below(document_key(request_id, document_id), but=version_id)

    def remove(self, request_id: str, document_id: str) -> None:
        self._remove_below(document_key(request_id, document_id))

    def remove_all(self, request_id: str) -> None:
        self._remove_below(f"{DOCUMENT_PREFIX}{request_id}/")

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
