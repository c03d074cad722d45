"""Dashboard rows: dates of service as approved, else as requested (T2, W5)."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import pytest

from precert.domain.decisions import Approved
from precert.domain.request import Request
from precert.domain.rows import row_of_request
from precert.domain.statuses import LineStatus, Status
from tests.fakes import samples

APPROVED, MODIFIED, DENIED = LineStatus.APPROVED, LineStatus.MODIFIED, LineStatus.DENIED
REQUESTED: Final = (date(2026, 7, 20), date(2026, 7, 22))
STAY: Final = REQUESTED
LATER: Final = (date(2026, 8, 3), date(2026, 8, 5))
QUARTER: Final = (date(2026, 7, 20), date(2026, 10, 17))


def request(
    status: Status, lines: Mapping[str, tuple[LineStatus, tuple[date, date] | None]]
) -> Request:
    """A request whose lines are decided with these approved periods."""
    review = samples.review((DENIED, DENIED))
    decided = []
    for line in review.lines:
        outcome, period = lines[line.line_id]
        approved = period and Approved(from_date=period[0], to_date=period[1])
        decision = samples.decision(outcome).model_copy(update={"approved": approved})
        decided.append(line.model_copy(update={"decisions": (decision,)}))
    return samples.request(status, review=review.model_copy(update={"lines": tuple(decided)}))


@pytest.mark.rule("T2", "W5")
@pytest.mark.parametrize(
    ("status", "lines", "days"),
    [
        (Status.APPROVED, {"1.1": (APPROVED, STAY), "1.2": (APPROVED, STAY)}, STAY),
        (Status.APPROVED, {"1.1": (APPROVED, QUARTER), "1.2": (APPROVED, STAY)}, QUARTER),
        (Status.APPROVED, {"1.1": (APPROVED, LATER), "1.2": (APPROVED, LATER)}, LATER),
        (Status.PARTIALLY_APPROVED, {"1.1": (MODIFIED, LATER), "1.2": (DENIED, None)}, LATER),
        (
            Status.PARTIALLY_APPROVED,
            {"1.1": (MODIFIED, LATER), "1.2": (APPROVED, STAY)},
            (STAY[0], LATER[1]),
        ),
        (Status.DENIED, {"1.1": (DENIED, None), "1.2": (DENIED, None)}, REQUESTED),
    ],
)
def test_row_has_the_approved_dates_when_a_line_is_approved(
    status: Status,
    lines: Mapping[str, tuple[LineStatus, tuple[date, date] | None]],
    days: tuple[date, date],
) -> None:
    row = row_of_request(request(status, lines))
    assert (row.first_day, row.last_day) == days


@pytest.mark.rule("T2")
def test_row_has_the_requested_dates_of_a_line_too_when_only_another_line_is_decided() -> None:
    decided = request(Status.PENDING, {"1.1": (APPROVED, LATER), "1.2": (DENIED, None)})
    first, second = decided.submitted.lines
    lines = (first, second.model_copy(update={"decisions": ()}))
    review = decided.submitted.model_copy(update={"lines": lines})
    row = row_of_request(decided.model_copy(update={"review": review}))
    assert (row.first_day, row.last_day) == (REQUESTED[0], LATER[1])


@pytest.mark.rule("T2")
@pytest.mark.parametrize("status", [Status.INCOMPLETE, Status.PENDING, Status.VOID])
def test_row_has_the_requested_dates_when_nothing_is_decided(status: Status) -> None:
    row = row_of_request(samples.request(status))
    assert (row.first_day, row.last_day) == REQUESTED


@pytest.mark.rule("T2")
def test_row_has_each_column_of_the_dashboard_when_a_request_is_pended() -> None:
    row, content = row_of_request(samples.request(Status.PENDING)), samples.content()
    patient, requesting = content.patient, content.requesting_provider
    servicing = content.servicing_provider
    assert patient is not None
    assert requesting is not None
    assert servicing is not None
    assert (row.request_id, row.number, row.status) == (
        samples.REQUEST_ID,
        samples.NUMBER,
        Status.PENDING,
    )
    assert row.patient == f"{patient.first_name} {patient.last_name}"
    assert row.date_of_birth == patient.date_of_birth
    assert (row.requesting_provider, row.servicing_provider) == (requesting.name, servicing.name)
    assert row.requesting_provider != row.servicing_provider
    assert (row.requesting_tin, row.place_of_service) == (samples.PROVIDER_TIN, "SURGICAL")
    assert (row.flagged_at, row.expires_at) == (None, None)
