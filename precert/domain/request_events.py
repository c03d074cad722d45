"""The event of a change of a request."""

from precert.domain.event_types import EVENTS, EventType
from precert.domain.events import Event, VendorLine, event_id
from precert.domain.request_state import RequestState
from precert.domain.review import FIRST_CYCLE, Review


def event_of(
    request: RequestState,
    event_type: EventType,
    actor: str | None = None,
    *,
    vendor_id: str | None = None,
) -> Event:
    """The event of a change. Each version has one event, so the event id is derived from the version.

    ``vendor_id`` is the vendor that the event is about. Such an event belongs to the first cycle, in
    which vendors decide. ``actor`` is the subject of the user who caused the change.
    """
    review = request.review
    cycle = review.cycle if review else 0
    return Event(
        event_id=event_id(request.request_id, request.version),
        type=event_type,
        request_id=request.request_id,
        cycle=FIRST_CYCLE if vendor_id else cycle,
        at=request.updated_at,
        status=request.status,
        number=review.number if review else None,
        tins=tuple(sorted(request.tins)),
        vendor_id=vendor_id,
        vendor_lines=_vendor_lines(review) if review else None,
        approved_also_in=_approved_also_in(review)
        if review and EVENTS[event_type].decides_lines
        else None,
        waiting_on=request.waiting_on,
        due_at=request.expires_at or request.due_at or request.vendor_due_at,
        actor=actor,
    )


def _vendor_lines(review: Review) -> tuple[VendorLine, ...] | None:
    """The service lines that vendors decide, each with its vendor; ``None`` if there are none."""
    lines = tuple(
        VendorLine(
            vendor_id=delegation.vendor_id,
            line_id=line.line_id,
            procedure_code=line.code,
            code_set=line.code_type,
        )
        for line in review.active_lines
        if (delegation := review.delegation_of(line.line_id)) is not None
    )
    return lines or None


def _approved_also_in(review: Review) -> tuple[str, ...] | None:
    """The numbers of other requests that approve the same services, each once; ``None`` if none do."""
    decisions = [line.decisions[-1] for line in review.active_lines if line.decisions]
    numbers = (other.number for one in decisions for other in one.approved_also_in)
    return tuple(dict.fromkeys(numbers)) or None
