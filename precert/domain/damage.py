"""Stored records that cannot be read: each is reported, and none hides the others.

A list shows a damaged record by its id beside the rows that can be read. Every damaged record that is
found is reported to the logger :data:`LOGGER`; :mod:`precert.observability` counts it in the metric
that an alarm watches.
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
    """Stored records of one kind. ``damaged`` are the ids of those that cannot be read."""

    records: tuple[Record, ...] = ()
    damaged: tuple[str, ...] = ()


class RecordKind(StrEnum):
    """What a stored record is of; for operators, in logs."""

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
    """The error for an operation that needs this one record."""
    return DamagedRecordError(
        "This record cannot be read. Support is notified. If you call, quote its ID.",
        record_id=record_id,
    )


def report_damage(kind: RecordKind, record_id: str, error: Exception) -> None:
    """Report a damaged record. Its content may be PHI: only the class of the error is reported."""
    logging.getLogger(LOGGER).error(
        "damaged_record",
        extra={
            "kind": kind.value,
            "record_id": record_id,
            "error_class": type(error).__name__,
        },
    )
