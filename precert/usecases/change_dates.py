"""Move approved periods after the determination: the one change there is, an operator's (W5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from precert.domain import reviewing
from precert.domain.caller import Caller
from precert.domain.errors import Fault, InvalidInputError
from precert.domain.request import Change, Request
from precert.domain.review import Decision
from precert.domain.statuses import Transition
from precert.usecases.change_case import change_as_operator
from precert.usecases.ports.requests import RequestStore


@dataclass(frozen=True)
class DateChange:
    """The new period of one line; the last day is included."""

    line_id: str
    from_date: date
    to_date: date


def change_dates(
    request_id: str,
    changes: Sequence[DateChange],
    caller: Caller,
    *,
    reason: str,
    requests: RequestStore,
    now: datetime,
) -> Request:
    """Record another period for approved lines, beside the decisions that stand.

    The same change sent again changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        InvalidInputError: a line is not approved, named twice or unknown, or its days out of order.
        ActionNotAllowedError: nothing is determined.
    """

    def move(request: Request) -> Change | None:
        request.require(Transition.CHANGE_DATES)
        if faults := _faults(changes):
            raise InvalidInputError(faults)
        moved = {one.line_id: _moved(request, one, caller.subject, reason, now) for one in changes}
        if all(decision is None for decision in moved.values()) and moved:
            return None
        wanted = {line_id: decision for line_id, decision in moved.items() if decision is not None}
        return reviewing.change_dates(request, wanted, by=caller.subject, now=now)

    return change_as_operator(request_id, move, caller, requests=requests)


def _faults(changes: Sequence[DateChange]) -> list[Fault]:
    faults: list[Fault] = []
    seen: set[str] = set()
    for index, change in enumerate(changes):
        path = f"/lines/{index}"
        if change.line_id in seen:
            faults.append(Fault(f"{path}/line_id", "duplicate", "name each line once"))
        seen.add(change.line_id)
        if change.to_date < change.from_date:
            message = f"send {change.from_date} or a later day"
            faults.append(Fault(f"{path}/to_date", "out_of_order", message))
    return faults


def _moved(
    request: Request, change: DateChange, by: str, reason: str, now: datetime
) -> Decision | None:
    """The standing decision with the other period; ``None`` where it has it, for the same reason."""
    line = request.submitted.line(change.line_id)
    standing = line.decisions[-1] if line and line.decisions else None
    period = {"from_date": change.from_date, "to_date": change.to_date}
    if standing is None or standing.approved is None:
        raise InvalidInputError(
            [
                Fault(
                    "/lines",
                    "not_approved",
                    f"line {change.line_id} is not approved: it has no dates",
                )
            ]
        )
    approved = standing.approved.model_copy(update=period)
    if approved == standing.approved and standing.changed_dates_because == reason:
        return None
    return standing.model_copy(
        update={
            "approved": approved,
            "decided_at": now,
            "decided_by": by,
            "signed_by": None,
            "changed_dates_because": reason,
        }
    )
