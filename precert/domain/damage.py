"""Stored records that cannot be read.

A list returns the ids of damaged records together with the records that can be read. Every damaged
record that is found is reported to the logger :data:`LOGGER`, which :mod:`precert.observability` counts
in a metric with an alarm.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from precert.domain.errors import DamagedRecordError

LOGGER: Final = "precert.damage"
Record = TypeVar("Record")


@dataclass(frozen=True)
class Readable(Generic[Record]):
    """Stored records of one kind, and the ids of those that cannot be read."""

    records: tuple[Record, ...] = ()
    damaged: tuple[str, ...] = ()


class RecordKind(StrEnum):
    """The kind of a stored record, as logs state it."""

    REQUEST = "request"
    DASHBOARD_ROW = "dashboard_row"
    WORKLIST_ROW = "worklist_row"
    UNMATCHED_ROW = "unmatched_row"
    INTAKE_ROW = "intake_row"
    DELEGATION_ROW = "delegation_row"
    MESSAGE = "message"
    DOCUMENT = "document"
    NOTICE = "notice"
    EVENT = "event"
    FINGERPRINT = "fingerprint"
    MEMBER = "member"
    DIRECTORY_ENTRY = "directory_entry"
    FREQUENT_PROVIDER = "frequent_provider"
    RULE_LIST = "rule_list"
    STREAM_RECORD = "stream_record"
    OPEN_CYCLE = "open_cycle"
    UNREAD_COUNT = "unread_count"
    GRANT = "grant"
    CLIENT = "client"
    PLAN = "plan"
    AUDIT_RECORD = "audit_record"
    SUBSCRIPTION = "subscription"
    SUBSCRIPTION_EVENT = "subscription_event"


def damaged(record_id: str) -> DamagedRecordError:
    """The error of an operation that needs the damaged record; the problem has its ``record_id``."""
    return DamagedRecordError(
        "This record cannot be read. Support is notified. If you call, quote its ID.",
        record_id=record_id,
    )


def report_damage(kind: RecordKind, record_id: str, error: Exception) -> None:
    """Log a damaged record with its kind, its id and the class of the error.

    The message of the error is not logged: it can contain PHI.
    """
    logging.getLogger(LOGGER).error(
        "damaged_record",
        extra={
            "kind": kind.value,
            "record_id": record_id,
            "error_class": type(error).__name__,
        },
    )
