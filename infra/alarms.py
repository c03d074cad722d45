"""The alarms on the product's own metrics, and the severity and runbook section of every alarm."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from precert.domain.event_types import EventType
from precert.names import (
    CLOCK_SWEPT,
    DAMAGED_RECORD,
    ERRORS,
    NOTICES_AGE,
    ORPHANS_RETAINED,
    ORPHANS_SWEPT,
    PROCESSING_AGE,
    SCAN_UNRESOLVED,
    SERVER_ERROR,
    SUBSCRIPTION_OFF,
    SUBSCRIPTIONS_SWEPT,
    SWEPT,
    UNAVAILABLE,
    UPLOADS_SWEPT,
    WARNED,
)


class Severity(StrEnum):
    """Which topic an alarm notifies."""

    PAGE = "page"
    """A person must act now."""
    TICKET = "ticket"
    """A person must act on the next business day."""


RUNBOOK: Final = "docs/operations.md"
METRICS_NAME: Final = "precert"
"""Namespace and service of the product's own metrics."""


def described(text: str, runbook: str) -> str:
    """Return the description of an alarm: what happened, and the section of the runbook."""
    return f"{text}. Runbook: {RUNBOOK}#{runbook}"


@dataclass(frozen=True)
class OwnAlarm:
    """An alarm on a metric that the functions record, with ``service`` as its only dimension.

    It is raised when the metric is above the threshold in each of the periods or, if the metric must be
    ``present``, when it is missing in each of them.
    """

    name: str
    severity: Severity
    text: str
    runbook: str
    metric: str
    above: int = 0
    periods: int = 1
    period_minutes: int = 5
    maximum: bool = False
    """Whether the statistic is the maximum, as for an age in seconds, and not the sum."""
    present: bool = False

    def is_raised(self, values: list[float]) -> bool:
        """Return whether the alarm is raised if each of its periods has these values."""
        if self.present:
            return not values
        found = (max(values) if self.maximum else sum(values)) if values else 0
        return found > self.above


OWN_ALARMS: Final = (
    OwnAlarm(
        "SweepMissing",
        Severity.PAGE,
        "The sweep of the decision clocks did not complete in 10 minutes",
        "missing-runs",
        SWEPT,
        periods=2,
        present=True,
    ),
    OwnAlarm(
        "WarningsMissing",
        Severity.TICKET,
        "Drafts were not checked for expiry warnings in an hour",
        "missing-runs",
        WARNED,
        periods=2,
        period_minutes=30,
        present=True,
    ),
    OwnAlarm(
        "UploadSweepMissing",
        Severity.TICKET,
        "Uploads were not swept for missing events and scan results in an hour",
        "missing-runs",
        UPLOADS_SWEPT,
        periods=2,
        period_minutes=30,
        present=True,
    ),
    OwnAlarm(
        "OrphanSweepMissing",
        Severity.TICKET,
        "Records and files without their request were not swept in two hours",
        "missing-runs",
        ORPHANS_SWEPT,
        periods=2,
        period_minutes=60,
        present=True,
    ),
    OwnAlarm(
        "OrphansRetained",
        Severity.TICKET,
        "Requests were removed without being archived, or too many files have no record: they remain",
        "orphans",
        ORPHANS_RETAINED,
    ),
    OwnAlarm(
        "SubscriptionSweepMissing",
        Severity.TICKET,
        "Due heartbeats and retries of subscriptions were not queried in 30 minutes",
        "missing-runs",
        SUBSCRIPTIONS_SWEPT,
        periods=2,
        period_minutes=15,
        present=True,
    ),
    OwnAlarm(
        "SubscriptionsOff",
        Severity.TICKET,
        "A subscription is no longer notified: its endpoint failed for days, or accepted no handshake",
        "subscriptions",
        SUBSCRIPTION_OFF,
    ),
    OwnAlarm(
        "ClocksSwept",
        Severity.TICKET,
        "A reminder or deadline was recorded by the sweep, because no execution recorded it",
        "executions",
        CLOCK_SWEPT,
    ),
    OwnAlarm(
        "RequestsWaiting",
        Severity.PAGE,
        "A request has waited for its assessment for more than 10 minutes",
        "waiting-requests",
        PROCESSING_AGE,
        above=600,
        maximum=True,
    ),
    OwnAlarm(
        "NoticesWaiting",
        Severity.PAGE,
        "The notices of a determination were not issued within 30 minutes",
        "waiting-notices",
        NOTICES_AGE,
        above=1800,
        maximum=True,
    ),
    OwnAlarm(
        "ServerErrors",
        Severity.TICKET,
        "The API responded with 500: an error in the product, or a damaged record",
        "server-errors",
        SERVER_ERROR,
    ),
    OwnAlarm(
        "Unavailable",
        Severity.PAGE,
        "The API responded with more than 20 errors 503 in each of two periods",
        "server-errors",
        UNAVAILABLE,
        above=20,
        periods=2,
    ),
    OwnAlarm(
        "HandledErrors",
        Severity.TICKET,
        "Functions report more than 10 errors in each of three periods, which they retry",
        "function-errors",
        ERRORS,
        above=10,
        periods=3,
    ),
    OwnAlarm(
        "UnresolvedScans",
        Severity.TICKET,
        "A malware scan had no result, or none in time: the document is not available",
        "waiting-documents",
        SCAN_UNRESOLVED,
    ),
    OwnAlarm(
        "DamagedRecords",
        Severity.PAGE,
        "A stored record cannot be read: the functions' logs have its kind and id",
        "damaged-records",
        DAMAGED_RECORD,
    ),
    OwnAlarm(
        "DeadlinesPassed",
        Severity.TICKET,
        "A request was not decided by its deadline: it is in the operators' queue",
        "deadlines",
        EventType.DEADLINE_PASSED.value,
    ),
    OwnAlarm(
        "DeemedDenials",
        Severity.PAGE,
        "A passed deadline counts as a denial: a reviewer must decide the request today",
        "deadlines",
        EventType.DEEMED_DENIAL_DUE.value,
    ),
    OwnAlarm(
        "VendorDeadlinesPassed",
        Severity.TICKET,
        "A delegated vendor did not decide in time: it is in the operators' backlog of vendors",
        "deadlines",
        EventType.VENDOR_DEADLINE_PASSED.value,
    ),
)
