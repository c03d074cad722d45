"""Updates of a submitted request by its submitter: service lines added, replaced and cancelled.

A changed line is replaced: the line as it was is cancelled, and a new line has the same item number.
An approved line that is replaced stays in effect until its replacement is approved (W10). What remains
to be decided is decided in the next determination cycle; other decisions stay as they are.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from precert.domain.clocks import Deadline
from precert.domain.content import RequestContent
from precert.domain.decisions import ServiceLine
from precert.domain.delegation import Delegation, names_of
from precert.domain.event_types import EventType
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.review import Review, closed_cycle
from precert.domain.statuses import DETERMINED, Status, Transition, status_of_lines

CANCELLED_BY_UPDATE: Final = "All service lines were cancelled by the submitter."


def amend(
    request: Request,
    content: RequestContent,
    added: Sequence[ServiceLine],
    cancelled: Collection[str],
    *,
    ownership: Sequence[Delegation] = (),
    by: str,
    now: datetime,
    payer: Payer,
) -> Change:
    """Add lines to the request, and cancel others.

    ``content`` has the services of the added lines, whose ``replaces`` names the line that each of
    them changes. ``ownership`` has the delegations of added lines. The clock of the open cycle
    continues if a line that is not changed waits for the same decision; otherwise it starts again.

    Raises:
        ActionNotAllowedError: a line was denied or modified, a delegated vendor decided a line that
            would change, or the status does not allow it.
    """
    review = require_amendable(request, added, cancelled)
    replaced = {line.replaces for line in added}
    earlier = [
        line.model_copy(update={"cancelled_at": now})
        if line.cancelled_at is None
        and (line.line_id in cancelled or (line.line_id in replaced and not line.decisions))
        else line
        for line in review.lines
    ]
    cycle = review.cycle + 1
    new = tuple(line.model_copy(update={"added_in": cycle}) for line in added)
    lines = (*earlier, *new)
    if review.open_information_request is not None:
        review = request.without_open_rfi(now, payer)
    after = closed_cycle(review, now).model_copy(
        update={"lines": lines, "ownership": _merged(review.ownership, ownership)}
    )
    status = status_of_lines(line.counts_as for line in lines)
    if status is Status.VOID:
        kind = EventType.REQUEST_VOIDED
        after = after.model_copy(update={"void_reason": CANCELLED_BY_UPDATE})
    elif not new and not after.open_own_lines:
        kind = EventType.LINES_CANCELLED
        if status in DETERMINED and after.determined_at is None:
            after = after.model_copy(update={"determined_at": now})
    else:
        kind, status = EventType.REQUEST_AMENDED, Status.PROCESSING
        waits = any(line.added_in < cycle for line in after.open_own_lines)
        after = _in_next_cycle(after, request.deadline if waits else None, cycle, now)
    change = request.changed(kind, now, actor=by, status=status, content=content, review=after)
    return change._replace(before=request)


def require_amendable(
    request: Request, added: Sequence[ServiceLine], cancelled: Collection[str]
) -> Review:
    """The review of a request whose lines can be changed so.

    Raises:
        ActionNotAllowedError: as :func:`amend`.
    """
    if request.status is Status.VOID:
        raise request.refusal(
            "The request is void and takes no changes. Submit what is needed as a new request."
        )
    if request.is_adverse:
        raise request.refusal(
            "A service line was denied or modified. Dispute the decision, or submit what is needed as "
            "a new request."
        )
    review = request.require(Transition.AMEND)
    changed = {*cancelled, *(line.replaces for line in added if line.replaces)}
    decided = [
        one for one in review.delegations if one.reports and not changed.isdisjoint(one.line_ids)
    ]
    if decided:
        raise request.refusal(
            f"{names_of(decided)} decided this line. Call the vendor to change it."
        )
    return review


def _in_next_cycle(review: Review, running: Deadline | None, cycle: int, now: datetime) -> Review:
    """The review in a new cycle; ``running`` is the deadline that continues, if one does."""
    deadline = None
    if running is not None and review.due_at is not None and review.warn_at is not None:
        deadline = Deadline(review.warn_at, review.due_at, running.clock)
    return review.model_copy(
        update={
            "cycle": cycle,
            "clock": deadline.clock if deadline else None,
            "warn_at": None,
            "due_at": None,
            "running_warn_at": deadline.warn_at if deadline else None,
            "running_due_at": deadline.due_at if deadline else None,
            "clock_from": review.clock_from if deadline else now,
            "extension": review.extension if deadline else None,
            "peer_to_peer": None,
        }
    )


def running_deadline(review: Review) -> Deadline | None:
    """The deadline that continues in the current cycle, because unchanged lines wait for it."""
    if review.clock is None or review.running_due_at is None or review.running_warn_at is None:
        return None
    return Deadline(review.running_warn_at, review.running_due_at, review.clock)


def _merged(
    ownership: tuple[Delegation, ...] | None, added: Sequence[Delegation]
) -> tuple[Delegation, ...] | None:
    """The delegations with further lines: those of a vendor that has received lines join them."""
    if ownership is None:
        return None
    merged = {one.vendor_id: one for one in ownership}
    for one in added:
        known = merged.get(one.vendor_id)
        line_ids = (*known.line_ids, *one.line_ids) if known else one.line_ids
        merged[one.vendor_id] = (known or one).model_copy(update={"line_ids": line_ids})
    return tuple(merged.values())
