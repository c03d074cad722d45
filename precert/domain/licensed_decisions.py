"""Verification of every change of a request: only a licensed person denies or reduces (W10)."""

from precert.domain.determination import is_worse
from precert.domain.event_types import EVENTS, EventType
from precert.domain.request_state import RequestState
from precert.domain.statuses import DETERMINED, status_of_lines


def require_licensed(
    before: RequestState, after: RequestState, event_type: EventType, actor: str | None
) -> None:
    """Verify that a change denies or reduces nothing without a licensed person (W10).

    An adverse decision must be one of a person who also causes the change, or of a delegated vendor,
    and must be recorded with an event that decides lines. The status must follow from the service
    lines.

    Raises:
        AssertionError: it does not; this is a defect of the code.
    """
    if after.review is None:
        return
    for line in after.review.lines:
        earlier = before.review.line(line.line_id) if before.review else None
        old = earlier.decisions[-1] if earlier and earlier.decisions else None
        new = line.decisions[-1] if line.decisions else None
        if new == old:
            continue
        if new is None:
            raise AssertionError("a decision was removed")
        refuses = is_worse(new, old) or (new.adverse and not new.date_change_reason)
        licensed = new.decided_as.may_refuse and actor in new.persons
        if refuses and not (licensed and EVENTS[event_type].decides_lines):
            raise AssertionError(f"{event_type} refuses a service line without a licensed person")
    if after.status in DETERMINED and after.status is not status_of_lines(
        line.counts_as for line in after.review.lines
    ):
        raise AssertionError("the status does not follow from the service lines")
