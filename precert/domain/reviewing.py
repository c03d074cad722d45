"""A reviewer's actions within a determination cycle.

Each function returns the change; the cycles themselves are in :mod:`precert.domain.request`. Use cases
check who may act; this module checks what the request allows.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from precert.domain.clocks import Deadline, after, extended
from precert.domain.decision_clocks import Extension, ExtensionRequester, ExtensionRule
from precert.domain.decisions import DecidingRole, Decision
from precert.domain.disputes import DiscussionOutcome
from precert.domain.errors import FieldError, InvalidInputError, NotEntitledError, SameReviewerError
from precert.domain.event_types import EventType
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.review import (
    MOST_ASSIGNMENTS,
    MOST_NOTES,
    MOST_PROPOSALS,
    Assignment,
    InformationRequest,
    Note,
    PeerToPeer,
    Proposal,
    ReturnedProposal,
    Review,
    with_deadline,
)
from precert.names import Entitlement


def waiting_review(request: Request) -> Review:
    """Return the review if a reviewer may act on the open cycle.

    Raises:
        ActionNotAllowedError: no cycle is open for review.
    """
    if not request.waits_for_review:
        raise request.refusal("This request is not open for review.")
    return request.submitted


def require_not_assigned_to_others(request: Request, by: str, now: datetime) -> None:
    """Refuse a case that is assigned to another reviewer.

    Raises:
        ActionNotAllowedError: it is assigned to another reviewer.
    """
    assignment = request.submitted.assignment
    if assignment is not None and assignment.assigned_to != by and now < assignment.until:
        until = f"{assignment.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        raise request.refusal(f"This case is assigned to another reviewer until {until}.")


def assign(
    request: Request, by: str, until: datetime, now: datetime, *, renews: bool = True
) -> Change | None:
    """Assign the open cycle, or renew the assignment. ``None`` where nothing changes.

    ``renews`` is false for a call that was received before: it does not extend the assignment.
    """
    review = waiting_review(request)
    request.require_other_reviewer(by)
    require_not_assigned_to_others(request, by, now)
    assignment, current = Assignment(assigned_to=by, until=until), review.assignment
    own = current is not None and current.assigned_to == by and now < current.until
    if own and current is not None and (until <= current.until or not renews):
        return None
    return _assigned(request, EventType.CASE_ASSIGNED, by, now, assignment)


def reassign(
    request: Request, reviewer: str | None, until: datetime, by: str, now: datetime
) -> Change | None:
    """Assign the open cycle to a reviewer as their lead, also from another reviewer; or take it back.

    Returns ``None`` where it is assigned so already.

    Raises:
        ActionNotAllowedError: no cycle is open for review.
        InvalidInputError: the reviewer may not decide the case.
    """
    review = waiting_review(request)
    current = review.assignment
    if reviewer is None:
        if current is None:
            return None
        return _within(request, EventType.CASE_RELEASED, by, now, assignment=None)
    if reviewer in request.earlier_reviewers | request.provider_persons:
        message = "this reviewer made the decision that is appealed, or submitted or appealed it"
        raise InvalidInputError([FieldError("/reviewer", "not_independent", message)])
    if (
        current is not None
        and current.assigned_to == reviewer
        and current.assigned_by is not None
        and now < current.until
    ):
        return None
    assignment = Assignment(assigned_to=reviewer, until=until, assigned_by=by)
    change = _assigned(request, EventType.CASE_REASSIGNED, by, now, assignment)
    return change._replace(event=change.event.model_copy(update={"assigned_to": reviewer}))


def _assigned(
    request: Request, event_type: EventType, by: str, now: datetime, assignment: Assignment
) -> Change:
    """The assignment, which is counted: each is an event of the history.

    Raises:
        ActionNotAllowedError: the cycle was assigned as often as it can be.
    """
    assignments = request.submitted.assignments + 1
    if assignments > MOST_ASSIGNMENTS:
        raise request.refusal(
            f"This case was assigned {MOST_ASSIGNMENTS} times since the cycle was opened. It can be "
            "decided without an assignment."
        )
    return _within(request, event_type, by, now, assignment=assignment, assignments=assignments)


def release(request: Request, by: str, now: datetime) -> Change | None:
    """Return the case to the worklist. ``None`` where it is not assigned."""
    review = waiting_review(request)
    require_not_assigned_to_others(request, by, now)
    if review.assignment is None:
        return None
    return _within(request, EventType.CASE_RELEASED, by, now, assignment=None)


def request_information(
    request: Request,
    documents: Sequence[str],
    text: str | None,
    *,
    payer: Payer,
    by: str,
    now: datetime,
) -> Change:
    """Send a request for information (W2).

    The payer's clock pauses until the response, if the line of business allows it. Otherwise it runs,
    and the providers' time ends at the latest when the decision is due.

    Raises:
        ActionNotAllowedError: another RFI is open, or the deadline has passed and does not pause.
        InvalidInputError: nothing is requested.
    """
    review, deadline = waiting_review(request), _deadline(request)
    if review.open_information_request is not None:
        raise request.refusal(
            "A request for information is already open. Wait for the response, or decide."
        )
    if not request.takes_information_request(now):
        raise request.refusal(
            "The decision deadline has passed, and a request for information does not pause it. "
            "Decide the request."
        )
    if not documents and not text:
        raise InvalidInputError(
            [
                FieldError(
                    "/documents",
                    "missing",
                    "name the required documents, or describe what is needed",
                )
            ]
        )
    rfi = InformationRequest(
        requested_at=now,
        requested_by=by,
        answer_by=_answer_by(deadline, now, payer),
        pauses=deadline.clock.pause,
        documents=tuple(dict.fromkeys(documents)),
        text=text,
    )
    return _within(
        request,
        EventType.INFORMATION_REQUESTED,
        by,
        now,
        information_requests=(*review.information_requests, rfi),
    )


def request_also(
    request: Request,
    documents: Sequence[str],
    words: Sequence[str],
    *,
    payer: Payer,
    by: str,
    now: datetime,
) -> Change | None:
    """Add documents to the open request for information, with the providers' time of a new one (W2).

    ``words`` are the payer's for each document. Returns ``None`` where all are requested already.
    """
    review, deadline = waiting_review(request), _deadline(request)
    rfi = review.open_information_request
    if rfi is None:
        return None
    added = {
        code: text for code, text in zip(documents, words, strict=True) if code not in rfi.documents
    }
    if not added:
        return None
    longer = rfi.model_copy(
        update={
            "documents": (*rfi.documents, *added),
            "text": "\n".join(filter(None, (rfi.text, *added.values()))),
            "answer_by": max(rfi.answer_by, _answer_by(deadline, now, payer)),
        }
    )
    return _within(
        request,
        EventType.INFORMATION_REQUESTED,
        by,
        now,
        information_requests=(*review.information_requests[:-1], longer),
    )


def extend(
    request: Request,
    reason: str,
    *,
    days: int | None = None,
    requested_by: ExtensionRequester = ExtensionRequester.PAYER,
    payer: Payer,
    by: str,
    now: datetime,
) -> Change:
    """Extend the deadline of the open cycle once, with a reason that both providers receive (W2).

    Without ``days`` by as many calendar days as the clock allows. An open RFI stays open: a pause
    continues, and without a pause the providers have more time as well.

    Raises:
        ActionNotAllowedError: the clock allows no extension, the deadline was extended already or has
            passed.
        InvalidInputError: too many days, or not requested by one who may request it.
    """
    review, deadline = waiting_review(request), _deadline(request)
    rule = deadline.clock.extension
    if rule is None:
        raise request.refusal("No extension is allowed for this kind of request.")
    if request.extension is not None:
        raise request.refusal("The deadline was already extended. It can be extended once.")
    if now >= deadline.due_at:
        raise request.refusal("The deadline has passed. It can be extended only before it passes.")
    if errors := list(_extension_errors(rule, days, requested_by)):
        raise InvalidInputError(errors)
    days = days or rule.days
    later, rfi = extended(deadline, days, payer.zone), review.open_information_request
    extension = Extension(
        extended_at=now,
        due_at=later.due_at,
        paused=rfi is not None and rfi.pauses,
        days=days,
        requested_by=requested_by,
        reason=reason,
    )
    update: dict[str, object] = {
        # The new deadline has its own reminder.
        "warned_cycle": review.cycle - 1,
    }
    if rfi is not None and not rfi.pauses:
        answer_by = _answer_by(later, rfi.requested_at, payer)
        longer = rfi.model_copy(update={"answer_by": answer_by})
        update["information_requests"] = (*review.information_requests[:-1], longer)
    moved = with_deadline(review, later, extension=extension)
    return _within(
        request.model_copy(update={"review": moved}),
        EventType.DEADLINE_EXTENDED,
        by,
        now,
        **update,
    )


def _extension_errors(
    rule: ExtensionRule, days: int | None, requested_by: ExtensionRequester
) -> Iterator[FieldError]:
    if days is not None and not 1 <= days <= rule.days:
        yield FieldError("/days", "out_of_range", f"send 1 to {rule.days} calendar days")
    if requested_by not in rule.requested_by:
        choices = tuple(one.value for one in rule.requested_by)
        yield FieldError(
            "/requested_by", "not_a_choice", f"send one of {', '.join(choices)}", choices
        )


def _deadline(request: Request) -> Deadline:
    if request.deadline is None:
        raise request.refusal("The request has no deadline yet.")
    return request.deadline


def _answer_by(deadline: Deadline, requested_at: datetime, payer: Payer) -> datetime:
    """The end of the providers' time for an RFI; at most the deadline, unless that pauses."""
    answer_by = after(requested_at, deadline.clock.information, payer)
    return answer_by if deadline.clock.pause else min(answer_by, deadline.due_at)


def offer_peer_to_peer(
    request: Request, phone: str, respond_by: datetime, *, by: str, now: datetime
) -> Change | None:
    """Offer the requesting clinician a peer-to-peer discussion; moves no deadline.

    Returns ``None`` where one is already offered.
    """
    review = waiting_review(request)
    offered = review.peer_to_peer
    if offered is not None and offered.outcome is None and now < offered.respond_by:
        return None
    offer = PeerToPeer(offered_at=now, respond_by=respond_by, phone=phone)
    return _within(request, EventType.PEER_TO_PEER_OFFERED, by, now, peer_to_peer=offer)


def record_peer_to_peer(
    request: Request, outcome: DiscussionOutcome, *, by: str, now: datetime
) -> Change | None:
    """Record the outcome of a discussion that was offered before the determination (W12).

    Returns ``None`` where this outcome is recorded.

    Raises:
        ActionNotAllowedError: none was offered, or another outcome is recorded.
        InvalidInputError: nothing is decided yet that could be overturned.
    """
    offer = waiting_review(request).peer_to_peer
    if offer is None:
        raise request.refusal("No peer-to-peer discussion was offered or requested.")
    if offer.outcome is outcome:
        return None
    if offer.outcome is not None:
        raise request.refusal("The outcome of the discussion is already recorded.")
    if outcome is DiscussionOutcome.OVERTURNED:
        message = "nothing is decided yet: record another outcome, and decide the case"
        raise InvalidInputError([FieldError("/outcome", "nothing_decided", message)])
    recorded = offer.model_copy(update={"outcome": outcome, "recorded_at": now, "recorded_by": by})
    return _within(request, EventType.PEER_TO_PEER_RECORDED, by, now, peer_to_peer=recorded)


def propose(
    request: Request,
    decisions: Mapping[str, Decision],
    by: str,
    now: datetime,
    *,
    awaits_physician: bool = False,
) -> Change:
    """Propose decisions that a physician must confirm, or that need a second signature (W10).

    The author of a proposal can replace it.

    Raises:
        ActionNotAllowedError: another reviewer's decisions are proposed.
        SameReviewerError: the appeal is against a decision of the same person.
        InvalidInputError: a line of the cycle is missing, or one is unknown.
    """
    review = waiting_review(request)
    request.require_other_reviewer(by)
    request.require_lines(decisions)
    if review.proposal is not None and review.proposal.proposed_by != by:
        raise request.refusal("Another reviewer's decisions are already proposed.")
    if review.proposals >= MOST_PROPOSALS:
        raise request.refusal(
            f"Decisions of this case were proposed {MOST_PROPOSALS} times since the cycle was opened. "
            "A physician can decide it without a proposal."
        )
    proposal = Proposal(
        proposed_by=by,
        proposed_at=now,
        decisions=dict(decisions),
        awaits_physician=awaits_physician,
    )
    return _within(
        request,
        EventType.DECISION_PROPOSED,
        by,
        now,
        proposal=proposal,
        proposals=review.proposals + 1,
        returned_proposal=None,
        assignment=None,
    )


def signed(request: Request, by: str, decided_as: DecidingRole) -> dict[str, Decision]:
    """The proposed decisions, signed; a physician who confirms them is who decided them (W10).

    Raises:
        ActionNotAllowedError: nothing is proposed.
        SameReviewerError: the proposer cannot sign.
        NotEntitledError: a physician must confirm them.
    """
    proposal = _proposal(request)
    if proposal.proposed_by == by:
        raise SameReviewerError("You proposed these decisions. Another reviewer must sign them.")
    update: dict[str, object] = {"signed_by": by}
    if proposal.awaits_physician:
        if decided_as is not DecidingRole.PHYSICIAN:
            raise NotEntitledError(
                "These decisions deny or reduce something. A physician reviewer must confirm them; "
                "you can return them.",
                entitlement=Entitlement.PHYSICIAN_REVIEWER.value,
            )
        update |= {
            "decided_by": by,
            "decided_as": decided_as,
            "proposed_by": proposal.proposed_by,
        }
    return {
        line_id: decision.model_copy(update=update)
        for line_id, decision in proposal.decisions.items()
    }


def return_proposal(
    request: Request, by: str, now: datetime, *, comment: str | None = None
) -> Change | None:
    """Withdraw a proposal, or return it unsigned with a comment; the cycle is open again.

    Returns ``None`` where the caller returned it with this comment before.

    Raises:
        ActionNotAllowedError: nothing is proposed.
        InvalidInputError: the comment is missing.
    """
    review = request.submitted
    before = review.returned_proposal
    if review.proposal is None and before is not None:
        repeated = (before.cycle, before.returned_by, before.comment) == (review.cycle, by, comment)
        if repeated:
            return None
    proposal = _proposal(request)
    if comment is None and proposal.proposed_by != by:
        message = "state what the reviewer who proposed the decisions should change"
        raise InvalidInputError([FieldError("/comment", "missing", message)])
    returned = ReturnedProposal(
        **dict(proposal), cycle=review.cycle, returned_by=by, returned_at=now, comment=comment
    )
    return _within(
        request,
        EventType.DECISION_RETURNED,
        by,
        now,
        proposal=None,
        returned_proposal=returned,
        notes=_with_note(request, comment, by, now) if comment else review.notes,
    )


def add_note(
    request: Request, text: str, by: str, now: datetime, *, read: int | None = None
) -> Change | None:
    """Add a note for other reviewers, in any status after the submission.

    Returns ``None`` where it is the last note of the same reviewer, or was added after the version
    ``read``: then the call is a repeat.

    Raises:
        ActionNotAllowedError: the request has as many notes as it can have.
    """
    review = request.submitted
    own = [note for note in review.notes if note.written_by == by]
    if own and own[-1].text == text:
        return None
    if read is not None and any(note.text == text and note.version > read for note in own):
        return None
    if len(review.notes) >= MOST_NOTES:
        raise request.refusal(f"A case has at most {MOST_NOTES} notes.")
    return _within(request, EventType.NOTE_ADDED, by, now, notes=_with_note(request, text, by, now))


def _with_note(request: Request, text: str, by: str, now: datetime) -> tuple[Note, ...]:
    review, version = request.submitted, request.version + 1
    note = Note(written_by=by, written_at=now, cycle=review.cycle, text=text, version=version)
    return (*review.notes, note)


def _proposal(request: Request) -> Proposal:
    proposal = waiting_review(request).proposal
    if proposal is None:
        raise request.refusal("No decisions are proposed.")
    return proposal


def _within(
    request: Request, event_type: EventType, by: str, now: datetime, **update: object
) -> Change:
    """A change of the review that leaves the status unchanged."""
    review = request.submitted.model_copy(update=update)
    return request.changed(event_type, now, actor=by, review=review)
