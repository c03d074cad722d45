"""Updates of a submitted request by its submitter: service lines added, replaced and cancelled.

A changed line is replaced: a new line has the same item number and names the old line in ``replaces``.
An old line without a decision is cancelled at once; an approved one stays in effect until the new line
is approved (W10). Lines without a decision are decided in the next determination cycle. Decisions of
other lines do not change.
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
    """Add service lines to the request, and cancel others.

    The deadline of the open cycle continues if it has a line that is neither changed nor decided;
    otherwise the clock starts again.

    Args:
        request: The submitted request.
        content: The whole content after the update, with the services of the added lines.
        added: The new lines. ``replaces`` is the id of the line that a new line changes.
        cancelled: Ids of the lines to cancel.
        ownership: The delegations of the added lines; empty if the payer decides them.
        by: Subject of the caller.
        now: The instant of the update.
        payer: The payer, for the end of a pause.

    Returns:
        The change: the request is void if no line is left, otherwise amended, or only lines are
        cancelled if the payer has nothing left to decide.

    Raises:
        ActionNotAllowedError: the request is void, a line was denied or modified, a delegated vendor
            decided a line that would change, or the status does not allow an update.
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
    """Return the review of the request, if these lines can be added and cancelled.

    Raises:
        ActionNotAllowedError: for the reasons of :func:`amend`.
    """
    if request.status is Status.VOID:
        raise request.refusal("The request was voided and cannot be changed. Submit a new request.")
    if request.is_adverse:
        raise request.refusal(
            "A service line was denied or modified. Dispute the decision, or submit a new request."
        )
    review = request.require(Transition.AMEND)
    changed = {*cancelled, *(line.replaces for line in added if line.replaces)}
    decided = [
        one for one in review.delegations if one.reports and not changed.isdisjoint(one.line_ids)
    ]
    if decided:
        raise request.refusal(
            f"{names_of(decided)} decided a line that would change. Call the vendor to change it."
        )
    return review


def _in_next_cycle(review: Review, running: Deadline | None, cycle: int, now: datetime) -> Review:
    """The review in a new cycle; ``running`` is the deadline to continue, ``None`` to start again."""
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
    """The deadline that continues in the current cycle; ``None`` if its clock started again."""
    if review.clock is None or review.running_due_at is None or review.running_warn_at is None:
        return None
    return Deadline(review.running_warn_at, review.running_due_at, review.clock)


def _merged(
    ownership: tuple[Delegation, ...] | None, added: Sequence[Delegation]
) -> tuple[Delegation, ...] | None:
    """The delegations with added lines, one per vendor; ``None`` until the rule list is applied."""
    if ownership is None:
        return None
    merged = {one.vendor_id: one for one in ownership}
    for one in added:
        known = merged.get(one.vendor_id)
        line_ids = (*known.line_ids, *one.line_ids) if known else one.line_ids
        merged[one.vendor_id] = (known or one).model_copy(update={"line_ids": line_ids})
    return tuple(merged.values())
