"""The audit archive, a bucket with S3 Object Lock in compliance mode.

It has the records of accesses (port ``LockedAudit``), and the calls of CDS Hooks services with their
responses (port ``HookCalls``).

The keys of records are ``audit/<day>/<name>-<digest of the content>.jsonl.gz``: one record per line, of
one day in UTC. The digest is part of the key because a repeated batch can have more records than
before.
"""

import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from precert.adapters.dynamodb.table import json_of
from precert.adapters.s3.objects import put_once
from precert.domain.audit import AuditRecord
from precert.domain.damage import RecordKind, report_damage
from precert.domain.errors import TransientError
from precert.names import AUDIT_PREFIX, HOOK_CALLS_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_UNAVAILABLE: Final = "The audit archive did not respond. Try again."


class S3Audit:
    """Writes batches of records, and reads those of a period."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def store(self, records: tuple[AuditRecord, ...], name: str) -> None:
        by_day = defaultdict[date, list[str]](list)
        for record in records:
            by_day[record.at.astimezone(UTC).date()].append(json_of(record))
        for day, lines in by_day.items():
            content = "".join(f"{line}\n" for line in lines).encode()
            key = f"{_prefix(day)}{name}-{sha256(content).hexdigest()[:16]}.jsonl.gz"
            put_once(
                self._client,
                bucket=self._bucket,
                key=key,
                packed=gzip.compress(content, mtime=0),
                content_type="application/x-ndjson",
                refusal=_UNAVAILABLE,
            )

    def between(self, since: datetime, until: datetime) -> Iterator[AuditRecord]:
        day, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
        while day <= last:
            found = {(one.at, one.access_id): one for one in self._of_day(day)}
            for (at, _), record in sorted(found.items()):
                if since <= at < until:
                    yield record
            day += timedelta(days=1)

    def _of_day(self, day: date) -> Iterator[AuditRecord]:
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=_prefix(day)
            )
            for page in pages:
                for listed in page.get("Contents", ()):
                    response = self._client.get_object(Bucket=self._bucket, Key=listed["Key"])
                    yield from _records_of(listed["Key"], response["Body"].read())
        except (BotoCoreError, ClientError) as error:
            raise TransientError(_UNAVAILABLE) from error


def _records_of(key: str, content: bytes) -> Iterator[AuditRecord]:
    """The records of an object; those that cannot be read are reported and left out."""
    try:
        lines = gzip.decompress(content).splitlines()
    except (EOFError, OSError, zlib.error) as error:
        report_damage(RecordKind.AUDIT_RECORD, key, error)
        return
    for number, line in enumerate(lines, start=1):
        try:
            record = AuditRecord.model_validate_json(line)
        except ValueError as error:
            report_damage(RecordKind.AUDIT_RECORD, f"{key}:{number}", error)
        else:
            yield record


def _prefix(day: date) -> str:
    return f"{AUDIT_PREFIX}{day.isoformat()}/"


class S3HookCalls:
    """One object per call, which cannot be changed or deleted before its retention ends."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def store(self, access_id: str, content: dict[str, Any]) -> None:
        put_once(
            self._client,
            bucket=self._bucket,
            key=_key_of_call(access_id),
            packed=gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0),
            content_type="application/json",
            refusal=_UNAVAILABLE,
        )

    def read(self, access_id: str) -> dict[str, Any] | None:
        try:
            response = self._client.get_object(Bucket=self._bucket, Key=_key_of_call(access_id))
            found: dict[str, Any] = json.loads(gzip.decompress(response["Body"].read()))
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise TransientError(_UNAVAILABLE) from error
        except BotoCoreError as error:
            raise TransientError(_UNAVAILABLE) from error
        return found


def _key_of_call(access_id: str) -> str:
    return f"{HOOK_CALLS_PREFIX}{access_id}.json.gz"
