"""Retention: two years by the calendar of the payer's zone (T4)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from precert.domain import disputing
from precert.domain.clocks import history_end
from precert.domain.statuses import Status
from tests.fakes.samples import payer, request

ZONE = ZoneInfo("America/New_York")


@pytest.mark.rule("T4")
@pytest.mark.parametrize(
    ("changed", "end"),
    [
        ("2026-07-01T11:00:00-04:00", "2028-07-01T11:00:00-04:00"),
        ("2026-07-01T02:30:00+00:00", "2028-06-30T22:30:00-04:00"),
        ("2028-02-29T12:00:00-05:00", "2030-03-01T12:00:00-05:00"),
        ("2026-02-28T23:59:59-05:00", "2028-02-28T23:59:59-05:00"),
        ("2025-03-09T12:00:00-04:00", "2027-03-09T12:00:00-05:00"),
    ],
)
def test_retention_ends_at_the_same_local_time_when_two_years_have_passed(
    changed: str, end: str
) -> None:
    ended = history_end(datetime.fromisoformat(changed), 2, ZONE)
    assert ended == datetime.fromisoformat(end)


def test_instant_is_rejected_when_it_has_no_zone() -> None:
    with pytest.raises(ValueError, match="zone-aware"):
        history_end(datetime(2026, 7, 1), 2, ZONE)  # noqa: DTZ001 - what is refused


@pytest.mark.rule("T4")
@pytest.mark.parametrize("status", Status)
def test_retention_starts_when_no_party_has_to_act(status: Status) -> None:
    ended = status.rule.review_action in {"A1", "A2", "A3", "C"}  # X12 306: final actions
    assert request(status).retention_has_begun == ended


def test_retention_does_not_run_when_an_appeal_is_open() -> None:
    denied = request(Status.DENIED)
    appealed = disputing.file_appeal(
        denied,
        ["1.1"],
        reason="The tumor grew since.",
        expedited=False,
        payer=payer(),
        by="provider",
        now=datetime(2026, 7, 2, tzinfo=UTC) + timedelta(hours=1),
    )
    assert not appealed.request.retention_has_begun
