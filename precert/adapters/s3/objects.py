"""Objects that are stored once and never replaced."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from precert.domain.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def put_once(
    client: "S3Client", *, bucket: str, key: str, packed: bytes, content_type: str, refusal: str
) -> None:
    """Store gzipped content under a key, unless the key has an object already.

    Raises:
        TransientError: S3 did not store it. The message is ``refusal``.
    """
    try:
        client.put_object(
            Bucket=bucket,
            Key=key,
            Body=packed,
            ContentType=content_type,
            ContentEncoding="gzip",
            # An object with a retention period must be sent with a checksum.
            ChecksumAlgorithm="SHA256",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise TransientError(refusal) from error
    except BotoCoreError as error:
        raise TransientError(refusal) from error
