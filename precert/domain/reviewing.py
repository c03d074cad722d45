"""What a reviewer, or an operator, does with a request within a round.

Each move answers the change it makes; :mod:`precert.domain.request` has the rounds themselves. Who may
move is asked by the use cases; what the request allows is asked here.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from precert.domain.clocks import later
from precert.domain.errors import FieldError, InvalidInputError, SameReviewerError
from precert.domain.event_types import EventType
from precert.domain.request import Change, Request
from precert.domain.review import (
    Assignment,
    Decision,
    Extension,
    InformationRequest,
    PeerToPeer,
    Proposal,
    Review,
)
from precert.domain.statuses import Transition


def waiting_review(request: Request) -> Review:
    """The review, where a reviewer may act on the open round.

    Raises:
        ActionNotAllowedError: nothing waits for a reviewer.
    """
    if not request.waits_for_review:
        raise request.refusal("Nothing of this request waits for a reviewer.")
    return request.submitted


def require_not_held_by_others(request: Request, by: str, now: datetime) -> None:
    """Refuse who would work on what somebody else holds.

    Raises:
        ActionNotAllowedError: another reviewer's lease is running.
    """
    assignment = request.submitted.assignment
    if assignment is not None and assignment.assigned_to != by and now < assignment.until:
        until = f"{assignment.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        raise request.refusal(f"Another reviewer works on this request until {until}.")


def claim(request: Request, by: str, until: datetime, now: datetime) -> Change | None:
    """Hold the open round until then; who holds it renews it. ``None`` where it changes nothing."""
    review = waiting_review(request)
    request.require_other_reviewer(by)
    require_not_held_by_others(request, by, now)
    assignment = Assignment(assigned_to=by, until=until)
    if review.assignment == assignment:
        return None
    return _within(request, EventType.CASE_ASSIGNED, by, now, assignment=assignment)


def release(request: Request, by: str, now: datetime) -> Change | None:
    """Give the round back to the queue. ``None`` where nobody holds it."""
    review = waiting_review(request)
    require_not_held_by_others(request, by, now)
    if review.assignment is None:
        return None
    return _within(request, EventType.CASE_RELEASED, by, now, assignment=None)


def request_information(
    request: Request,
    documents: Sequence[str],
    text: str | None,
    *,
    answer_by: datetime,
    by: str,
    now: datetime,
) -> Change:
    """Ask the providers for more; the payer's clock stands still until they answer (W2).

    Raises:
        ActionNotAllowedError: not while an appeal is open, nor a second time at once.
        InvalidInputError: nothing is asked for.
    """
    review = request.require(Transition.REQUEST_INFORMATION)
    waiting_review(request)
    if review.open_information_request is not None:
        raise request.refusal("Information is asked for already: wait for it, or decide.")
    if not documents and not text:
        raise InvalidInputError(
            [
                FieldError(
                    "/documents", "missing", "name the documents wanted, or say in words what is"
                )
            ]
        )
    asked = InformationRequest(
        requested_at=now,
        requested_by=by,
        answer_by=answer_by,
        documents=tuple(dict.fromkeys(documents)),
        text=text,
    )
    return _within(
        request,
        EventType.INFORMATION_REQUESTED,
        by,
        now,
        information_requests=(*review.information_requests, asked),
    )


def extend(request: Request, days: int, reason: str, *, by: str, now: datetime) -> Change:
    """Take more time, once, for a reason that both sides are told (W2).

    ``days`` is what the line of business allows; nothing where it allows none.

    Raises:
        ActionNotAllowedError: extended before, an appeal is open, information is asked for, or there
            is no extension for this request.
    """
    review = request.require(Transition.REQUEST_INFORMATION)
    waiting_review(request)
    if days < 1:
        raise request.refusal("No extension is allowed for this kind of request.")
    if review.extension is not None:
        raise request.refusal("The deadline was extended before; it can be extended once.")
    if review.open_information_request is not None:
        raise request.refusal("The clock stands still while information is asked for.")
    if review.warn_at is None or review.due_at is None:
        raise request.refusal("The request has no deadline yet.")
    more = timedelta(days=days)
    return _within(
        request,
        EventType.DEADLINE_EXTENDED,
        by,
        now,
        extension=Extension(extended_at=now, days=days, reason=reason),
        warn_at=later(review.warn_at, more),
        due_at=later(review.due_at, more),
        # The new deadline is told of like the first one.
        warned_cycle=review.cycle - 1,
        escalated_cycle=review.cycle - 1,
    )


def offer_peer_to_peer(
    request: Request, phone: str, respond_by: datetime, *, by: str, now: datetime
) -> Change | None:
    """Offer the requesting clinician a talk before the decision; it moves no deadline.

    ``None`` where one is offered already: one talk is enough, and a click may come twice.
    """
    review = waiting_review(request)
    if review.peer_to_peer is not None and now < review.peer_to_peer.respond_by:
        return None
    offer = PeerToPeer(offered_at=now, respond_by=respond_by, phone=phone)
    return _within(request, EventType.PEER_TO_PEER_OFFERED, by, now, peer_to_peer=offer)


def propose(request: Request, decisions: Mapping[str, Decision], by: str, now: datetime) -> Change:
    """Put decisions before a second reviewer, whose signature they need.

    Raises:
        ActionNotAllowedError: other decisions wait for their signature.
        SameReviewerError: it is an appeal against what the same person decided.
        InvalidInputError: a line of the round is missing, or one too many.
    """
    review = waiting_review(request)
    request.require_other_reviewer(by)
    request.require_lines(decisions)
    if review.proposal is not None:
        raise request.refusal("Decisions wait for their second signature already.")
    proposal = Proposal(proposed_by=by, proposed_at=now, decisions=dict(decisions))
    return _within(
        request, EventType.DECISION_PROPOSED, by, now, proposal=proposal, assignment=None
    )


def signed(request: Request, by: str) -> dict[str, Decision]:
    """The decisions that were proposed, with a second reviewer's signature.

    Raises:
        ActionNotAllowedError: nothing is proposed.
        SameReviewerError: who proposed them cannot sign them.
    """
    proposal = _proposal(request)
    if proposal.proposed_by == by:
        raise SameReviewerError("You proposed these decisions. Leave the signature to another.")
    return {
        line_id: decision.model_copy(update={"signed_by": by})
        for line_id, decision in proposal.decisions.items()
    }


def return_proposal(request: Request, by: str, now: datetime) -> Change:
    """Refuse the second signature: the round is open again."""
    _proposal(request)
    return _within(request, EventType.DECISION_RETURNED, by, now, proposal=None)


def change_dates(
    request: Request, decisions: Mapping[str, Decision], *, by: str, now: datetime
) -> Change:
    """Move the approved periods of decided lines: the one change after a determination (W5).

    Each of ``decisions`` is the line's standing one with another period and the reason for it.

    Raises:
        InvalidInputError: a line is not approved, or there is none of it.
    """
    review = request.require(Transition.CHANGE_DATES)
    errors = [
        FieldError("/lines", "not_approved", f"line {line_id} is not approved: it has no dates")
        for line_id in decisions
        if (line := review.line(line_id)) is None or not line.status.rule.approves
    ]
    if errors or not decisions:
        raise InvalidInputError(
            errors or [FieldError("/lines", "missing", "name the lines whose dates change")]
        )
    lines = tuple(
        line.model_copy(update={"decisions": (*line.decisions, decisions[line.line_id])})
        if line.line_id in decisions
        else line
        for line in review.lines
    )
    return _within(request, EventType.DATES_CHANGED, by, now, lines=lines)


def _proposal(request: Request) -> Proposal:
    proposal = waiting_review(request).proposal
    if proposal is None:
        raise request.refusal("No decisions wait for a second signature.")
    return proposal


def _within(
    request: Request, event_type: EventType, by: str, now: datetime, **update: object
) -> Change:
    """A change of the review that leaves the status as it is."""
    review = request.submitted.model_copy(update=update)
    return request.changed(event_type, now, actor=by, review=review)
