"""Letters' bytes (port :class:`precert.usecases.ports.letters.LetterBytes`)."""

from base64 import b64encode
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from precert.domain.errors import TransientError
from precert.domain.letters import Letter, letter_key

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class S3Letters:
    """Beside the documents, under a prefix of their own: nobody uploads there."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, request_id: str, letter_id: str, document: bytes, sha256: str) -> str | None:
        try:
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=letter_key(request_id, letter_id),
                Body=document,
                ContentType="application/pdf",
                ContentDisposition=f'attachment; filename="letter-{letter_id}.pdf"',
                ChecksumSHA256=b64encode(bytes.fromhex(sha256)).decode(),
            )
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The letter could not be stored. Try again.") from error
        return answer.get("VersionId")

    def download_url(self, request_id: str, letter: Letter, *, seconds: int) -> str:
        params = {"Bucket": self._bucket, "Key": letter_key(request_id, letter.letter_id)}
        if letter.version_id:
            params["VersionId"] = letter.version_id
        return self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)
