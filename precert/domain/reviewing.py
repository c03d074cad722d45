"""A reviewer's actions in a determination cycle: RFI, extension, peer-to-peer discussion, note.

Assignments are in :mod:`precert.domain.case_assignment`, proposed decisions in
:mod:`precert.domain.proposals`, and the determination in :mod:`precert.domain.request`. Each function
returns the change. Use cases check who may act; this module checks whether the request allows it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from precert.domain.clocks import Deadline, after, extended
from precert.domain.decision_clocks import Extension, ExtensionRequester, ExtensionRule
from precert.domain.disputes import DiscussionOutcome
from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.event_types import EventType
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.review import (
    MAX_NOTES,
    InformationRequest,
    Note,
    PeerToPeer,
    Review,
    with_deadline,
)


def waiting_review(request: Request) -> Review:
    """Return the review if reviewers can act on the open cycle.

    Raises:
        ActionNotAllowedError: no cycle is open for review.
    """
    if not request.waits_for_review:
        raise request.refusal("This request is not open for review.")
    return request.submitted


def request_information(
    request: Request,
    documents: Sequence[str],
    text: str | None,
    *,
    payer: Payer,
    by: str,
    now: datetime,
) -> Change:
    """Send a request for information (RFI) to the providers (W2).

    If the clock of the line of business allows a pause, it pauses until the response. Otherwise it
    continues, and the providers' time ends with the decision deadline at the latest.

    Args:
        request: A request whose open cycle is pended.
        documents: Codes of the payer's required documentation; the caller has validated them.
        text: A description of what is needed.
        payer: The payer with the business calendar.
        by: Subject of the reviewer.
        now: The time of the RFI.

    Raises:
        ActionNotAllowedError: no cycle is open for review, another RFI is open, or the deadline has
            passed on a clock that does not pause.
        InvalidInputError: neither documents nor a text.
    """
    review, deadline = waiting_review(request), _deadline(request)
    if review.open_information_request is not None:
        raise request.refusal(
            "A request for information is already open. Wait for the response, or decide the request."
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
                    "must name a document, unless `text` describes what is needed",
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
    return review_changed(
        request,
        EventType.INFORMATION_REQUESTED,
        by,
        now,
        information_requests=(*review.information_requests, rfi),
    )


def request_more_documents(
    request: Request,
    documents: Sequence[str],
    words: Sequence[str],
    *,
    payer: Payer,
    by: str,
    now: datetime,
) -> Change | None:
    """Add documents to the open RFI, and extend the providers' time to that of a new RFI (W2).

    ``words`` has the payer's text for each document. Returns ``None`` if no RFI is open, or if the open
    one requests all these documents.
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
    return review_changed(
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
    """Extend the decision deadline of the open cycle once (W2).

    An open RFI remains open. If it pauses the clock, the pause continues; otherwise the providers' time
    is extended as well.

    Args:
        request: A request whose open cycle is pended.
        reason: The reason, which the notices of the extension state.
        days: Calendar days of the extension; by default, as many as the clock allows.
        requested_by: The party that requested the extension.
        payer: The payer with its time zone.
        by: Subject of the reviewer.
        now: The time of the extension.

    Raises:
        ActionNotAllowedError: no cycle is open for review, the clock allows no extension, or the
            deadline was extended already or has passed.
        InvalidInputError: more days than the clock allows, or a party that cannot request an extension.
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
    return review_changed(
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
        yield FieldError("/days", "out_of_range", f"must be 1 to {rule.days} calendar days")
    if requested_by not in rule.requested_by:
        choices = tuple(one.value for one in rule.requested_by)
        yield FieldError(
            "/requested_by", "not_a_choice", f"must be one of {', '.join(choices)}", choices
        )


def _deadline(request: Request) -> Deadline:
    if request.deadline is None:
        raise request.refusal("The request has no deadline yet.")
    return request.deadline


def _answer_by(deadline: Deadline, requested_at: datetime, payer: Payer) -> datetime:
    """The end of the providers' time for an RFI: at most the deadline, unless the clock pauses."""
    answer_by = after(requested_at, deadline.clock.information, payer)
    return answer_by if deadline.clock.pause else min(answer_by, deadline.due_at)


def offer_peer_to_peer(
    request: Request, phone: str, respond_by: datetime, *, by: str, now: datetime
) -> Change | None:
    """Offer the requesting clinician a peer-to-peer discussion before the determination.

    The deadline does not change. Returns ``None`` if an earlier offer can still be accepted.

    Raises:
        ActionNotAllowedError: no cycle is open for review.
    """
    review = waiting_review(request)
    offered = review.peer_to_peer
    if offered is not None and offered.outcome is None and now < offered.respond_by:
        return None
    offer = PeerToPeer(offered_at=now, respond_by=respond_by, phone=phone)
    return review_changed(request, EventType.PEER_TO_PEER_OFFERED, by, now, peer_to_peer=offer)


def record_peer_to_peer(
    request: Request, outcome: DiscussionOutcome, *, by: str, now: datetime
) -> Change | None:
    """Record the outcome of a discussion that was offered before the determination (W12).

    Returns ``None`` if the same outcome is recorded already.

    Raises:
        ActionNotAllowedError: no cycle is open for review, no discussion was offered, or another
            outcome is recorded.
        InvalidInputError: the outcome is OVERTURNED, although nothing is decided yet.
    """
    offer = waiting_review(request).peer_to_peer
    if offer is None:
        raise request.refusal("No peer-to-peer discussion was offered or requested.")
    if offer.outcome is outcome:
        return None
    if offer.outcome is not None:
        raise request.refusal("The outcome of the discussion is already recorded.")
    if outcome is DiscussionOutcome.OVERTURNED:
        message = "must be another outcome, as nothing is decided yet; decide the case afterwards"
        raise InvalidInputError([FieldError("/outcome", "nothing_decided", message)])
    recorded = offer.model_copy(update={"outcome": outcome, "recorded_at": now, "recorded_by": by})
    return review_changed(request, EventType.PEER_TO_PEER_RECORDED, by, now, peer_to_peer=recorded)


def add_note(
    request: Request, text: str, by: str, now: datetime, *, read: int | None = None
) -> Change | None:
    """Add a note for other reviewers, in any status after the submission.

    Returns ``None`` if the call is a repeat: the reviewer's last note has the same text, or the
    reviewer added such a note after the version ``read``.

    Raises:
        ActionNotAllowedError: the request is a draft, or has :data:`MAX_NOTES` notes.
    """
    review = request.submitted
    own = [note for note in review.notes if note.written_by == by]
    if own and own[-1].text == text:
        return None
    if read is not None and any(note.text == text and note.version > read for note in own):
        return None
    if len(review.notes) >= MAX_NOTES:
        raise request.refusal(f"A case has at most {MAX_NOTES} notes.")
    return review_changed(
        request, EventType.NOTE_ADDED, by, now, notes=with_note(request, text, by, now)
    )


def with_note(request: Request, text: str, by: str, now: datetime) -> tuple[Note, ...]:
    """The notes of the request, with a new one of the reviewer ``by``."""
    review, version = request.submitted, request.version + 1
    note = Note(written_by=by, written_at=now, cycle=review.cycle, text=text, version=version)
    return (*review.notes, note)


def review_changed(
    request: Request, event_type: EventType, by: str, now: datetime, **update: object
) -> Change:
    """A change of these fields of the review, without a change of the status.

    ``by`` is the subject of the user who made it.
    """
    review = request.submitted.model_copy(update=update)
    return request.changed(event_type, now, actor=by, review=review)
