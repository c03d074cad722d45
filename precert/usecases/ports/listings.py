"""Lists: a page is one query of narrow rows."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from precert.domain.content import RequestContent
from precert.domain.review import Review
from precert.domain.statuses import Status
from precert.domain.values import Purpose, Text, Tin, Urgency, Value

Row = TypeVar("Row")


class CursorError(Exception):
    """The cursor is none that this list gave out."""


class DashboardRow(Value):
    """The columns of a dashboard line (T2)."""

    request_id: Text
    number: Text | None = None
    status: Status
    purpose: Purpose = Purpose.PRECERTIFICATION
    patient: Text | None = None
    date_of_birth: date | None = None
    first_day: date | None = None
    last_day: date | None = None
    requesting_provider: Text | None = None
    requesting_tin: Tin | None = None
    servicing_provider: Text | None = None
    place_of_service: Text | None = None
    appeal_open: bool
    updated_at: datetime
    expires_at: datetime | None = None
    """Of a draft: from then on the line is not shown, whatever the store has removed yet (D5)."""


class WorklistRow(Value):
    """A line of the reviewers' worklist."""

    request_id: Text
    number: Text
    plan_id: Text
    urgency: Urgency
    round: int
    due_at: datetime


@dataclass(frozen=True)
class Page(Generic[Row]):
    rows: tuple[Row, ...]
    cursor: str | None


class Listings(Protocol):
    def dashboard(self, tin: str, *, limit: int, cursor: str | None) -> "Page[DashboardRow]":
        """Requests of a TIN, last changed first. One call."""

    def worklist(self, plan_id: str, *, limit: int, cursor: str | None) -> "Page[WorklistRow]":
        """Open rounds of a plan, urgent ones first, then by due date. One call."""

    def open_rounds(self) -> tuple[str, ...]:
        """Ids of all requests with an open round: for operations, not for callers."""


def dashboard_row(
    request_id: str,
    status: Status,
    content: RequestContent,
    review: Review | None,
    updated_at: datetime,
    expires_at: datetime | None = None,
) -> DashboardRow:
    """What the dashboard shows of a request (T2)."""
    first_days = [service.first_day for service in content.services if service.first_day]
    last_days = [service.last_day for service in content.services if service.last_day]
    places = [s.place_of_service for s in content.services if s.place_of_service]
    patient, requesting = content.patient, content.requesting_provider
    servicing = content.servicing_provider
    return DashboardRow(
        request_id=request_id,
        number=review.number if review else None,
        status=status,
        purpose=content.purpose,
        patient=f"{patient.first_name} {patient.last_name}" if patient else None,
        date_of_birth=patient.date_of_birth if patient else None,
        first_day=min(first_days, default=None),
        last_day=max(last_days, default=None),
        requesting_provider=requesting.name if requesting else None,
        requesting_tin=requesting.tin if requesting else None,
        servicing_provider=servicing.name if servicing else None,
        place_of_service=places[0] if places else None,
        appeal_open=review is not None and review.open_appeal is not None,
        updated_at=updated_at,
        expires_at=expires_at,
    )
