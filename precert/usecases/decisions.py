"""Decide every open service line of a case, and sign proposed decisions (W3, W4, W7, W9)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from precert.domain import disputing
from precert.domain.caller import Caller
from precert.domain.case_assignment import require_not_assigned_to_others
from precert.domain.code_sets import Lookup
from precert.domain.decisions import DecidingRole, Decision, LineDecision
from precert.domain.delegation import names_of
from precert.domain.determination import Signature, decision_of, errors_of_decisions, errors_of_line
from precert.domain.disputes import CLINICAL_OUTCOMES, DiscussionOutcome, DisputeKind
from precert.domain.disputing import with_rights
from precert.domain.errors import ActionNotAllowedError, FieldError, InvalidInputError
from precert.domain.payer import Payer
from precert.domain.proposals import propose, return_proposal, signed
from precert.domain.request import Change, Request
from precert.domain.requested_lines import lines_to_determine
from precert.domain.reviewing import record_peer_to_peer
from precert.domain.statuses import LineStatus
from precert.names import Entitlement
from precert.usecases.changes import Reading, change_case
from precert.usecases.overlaps import (
    FoundOverlaps,
    confirmed_overlaps,
    errors_of_overlaps,
    find_overlaps,
)
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import Fingerprints, RequestStore


def decide(  # noqa: PLR0913 - most are dependencies
    request_id: str,
    decisions: Sequence[LineDecision],
    caller: Caller,
    *,
    cycle: int,
    before_response: bool = False,
    read: Reading,
    requests: RequestStore,
    fingerprints: Fingerprints,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
) -> Request:
    """Record one decision per line of the open cycle; a cycle is decided once.

    ``cycle`` is the cycle that the reviewer read, so that a late request never decides another one.
    Decisions are stored as a proposal (W10) if they need a second signature, or if they deny or reduce,
    the payer requires a physician for that, and the reviewer is not one. The author of a proposal can
    replace it, and a physician can decide differently. Repeating the same decisions returns the same
    response.

    Raises:
        NotEntitledError, NotFoundError.
        OwnRequestError: the caller acts for the providers of the request.
        InvalidInputError: a decision contradicts itself or the request, or lacks its reasons (W4);
            withdraws an earlier approval (W7); denies or reduces before the providers' time to respond
            ends, without ``before_response``; approves what another request approves, without
            confirming the overlap; or a line is missing or not open.
        ActionNotAllowedError: the cycle has other decisions, another reviewer's proposal is open, the
            case is assigned to another reviewer, or the request is void; includes the current
            decisions.
        SameReviewerError: an appeal needs another reviewer.
        VersionMismatchError: the request is in another version than the caller read.
    """
    signature = Signature(caller.subject, now, cycle, caller.deciding_role)
    settings = payer.utilization_management

    def determine(request: Request) -> Change | None:
        errors = _errors(request, decisions, cycle, payer, code_sets.listed)
        built = {} if errors else _decisions_of(request, decisions, payer, signature)
        if built and _already_recorded(request, built, cycle):
            return None
        require_cycle(request, cycle)
        _require_no_discussion(request)
        require_not_assigned_to_others(request, caller.subject, now)
        adverse = any(one.adverse for one in built.values())
        denies = any(one.status is LineStatus.DENIED for one in decisions)
        if adverse or denies:
            errors += errors_of_response(request, read, now, before_response=before_response)
        found = find_overlaps(request, built, fingerprints=fingerprints, requests=requests)
        errors += errors_of_overlaps(found, caller, confirmed=read.overlap_confirmed)
        if errors:
            raise InvalidInputError(errors)
        built = confirmed_overlaps(built, found)
        physician = signature.decided_as is DecidingRole.PHYSICIAN
        awaits_physician = adverse and settings.physician_decides_adverse and not physician
        _require_no_other_proposal(request, caller, physician=physician)
        if awaits_physician:
            change = propose(request, built, caller.subject, now, awaits_physician=True)
        else:
            change = _signed_or_proposed(request, built, caller, payer, now)
        return change._replace(all_seen=adverse, compared=found.compared)

    return change_case(request_id, determine, caller, read=read, requests=requests, now=now)


def record_outcome(  # noqa: PLR0913 - most are dependencies
    request_id: str,
    outcome: DiscussionOutcome,
    decisions: Sequence[LineDecision],
    caller: Caller,
    *,
    cycle: int,
    read: Reading,
    requests: RequestStore,
    fingerprints: Fingerprints,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
) -> Request:
    """Record the outcome of a peer-to-peer discussion; overturning is a new determination (W12).

    Decisions that need a second signature are stored as a proposal, and take effect when it is signed.

    Raises:
        NotEntitledError: a physician must uphold or overturn a determination.
        NotFoundError.
        OwnRequestError: the caller acts for the providers of the request.
        InvalidInputError: the decisions do not fit the outcome, are wrong, overturn nothing, or approve
            what another request approves, without confirming the overlap.
        ActionNotAllowedError: no discussion is open, another outcome is recorded, or the case is
            assigned to another reviewer.
        VersionMismatchError: the request is in another version than the caller read.
    """
    signature = Signature(caller.subject, now, cycle, caller.deciding_role)
    overturned = outcome is DiscussionOutcome.OVERTURNED

    def record(request: Request) -> Change | None:
        if _outcome_of(request, cycle) is outcome:
            return None
        require_cycle(request, cycle)
        discussion = request.submitted.open_appeal
        if discussion is None or discussion.kind is not DisputeKind.PEER_TO_PEER:
            if decisions:
                message = "decide the open case instead"
                raise InvalidInputError([FieldError("/lines", "not_applicable", message)])
            return record_peer_to_peer(request, outcome, by=caller.subject, now=now)
        settings = payer.utilization_management
        if outcome in CLINICAL_OUTCOMES and settings.physician_decides_adverse:
            caller.require(Entitlement.PHYSICIAN_REVIEWER)
        errors = list(_errors(request, decisions, cycle, payer, code_sets.listed))
        if not overturned:
            message = "only OVERTURNED changes the decisions; remove the lines"
            errors = [FieldError("/lines", "not_applicable", message)] if decisions else []
        upheld = outcome is DiscussionOutcome.UPHELD
        if upheld:
            errors += errors_of_unseen(request, read)
        if errors:
            raise InvalidInputError(errors)
        if not overturned:
            closed = disputing.close_discussion(request, outcome, caller.subject, now)
            return closed._replace(all_seen=upheld)
        built = _decisions_of(request, decisions, payer, signature)
        found = find_overlaps(request, built, fingerprints=fingerprints, requests=requests)
        return _overturned(request, built, found, caller, read=read, payer=payer, now=now)

    return change_case(request_id, record, caller, read=read, requests=requests, now=now)


def _overturned(
    request: Request,
    built: Mapping[str, Decision],
    found: FoundOverlaps,
    caller: Caller,
    *,
    read: Reading,
    payer: Payer,
    now: datetime,
) -> Change | None:
    """The determination that overturns the discussed one, or its proposal; ``None`` if repeated."""
    if not any(_improves(request, line_id, one) for line_id, one in built.items()):
        message = "these decisions overturn nothing: approve more, or record UPHELD"
        raise InvalidInputError([FieldError("/lines", "nothing_overturned", message)])
    if _already_recorded(request, built, request.submitted.cycle):
        return None
    if errors := errors_of_overlaps(found, caller, confirmed=read.overlap_confirmed):
        raise InvalidInputError(errors)
    _require_no_other_proposal(request, caller, physician=True)
    change = _signed_or_proposed(request, confirmed_overlaps(built, found), caller, payer, now)
    return change._replace(compared=found.compared)


def _signed_or_proposed(
    request: Request, built: Mapping[str, Decision], caller: Caller, payer: Payer, now: datetime
) -> Change:
    """The determination, or the proposal of decisions that need a second signature (W3)."""
    if payer.utilization_management.second_signature & {one.status for one in built.values()}:
        return propose(request, built, caller.subject, now, awaits_physician=False)
    return determined(request, built, caller.subject, payer, now)


def _outcome_of(request: Request, cycle: int) -> DiscussionOutcome | None:
    """The recorded outcome of the discussion of a cycle."""
    review = request.submitted
    disputes = (
        one for one in review.appeals if one.cycle == cycle and one.kind is DisputeKind.PEER_TO_PEER
    )
    return next((one.outcome for one in disputes), None)


def _improves(request: Request, line_id: str, decision: Decision) -> bool:
    """Whether more is approved than before."""
    line = request.submitted.line(line_id)
    before = line.before(decision.cycle) if line else None
    if before is None or before.approved is None:
        return decision.status.rule.approves
    return decision.approved is not None and decision.approved != before.approved


def _require_no_discussion(request: Request) -> None:
    """Refuse a decision on a cycle that is decided by the outcome of a discussion."""
    dispute = request.submitted.open_appeal
    if dispute is not None and dispute.kind is DisputeKind.PEER_TO_PEER:
        raise request.refusal("Record the outcome of the peer-to-peer discussion instead.")


def _require_no_other_proposal(request: Request, caller: Caller, *, physician: bool) -> None:
    proposal = request.submitted.proposal
    if proposal is None or proposal.proposed_by == caller.subject:
        return
    if proposal.awaits_physician:
        if physician:
            return
        raise _already_decided(request, "Another reviewer's decisions wait for a physician.")
    raise _already_decided(request, "Another reviewer's decisions wait for a second signature.")


def errors_of_response(
    request: Request, read: Reading, now: datetime, *, before_response: bool
) -> list[FieldError]:
    """The errors of an adverse decision while a response is awaited, or before it was read."""
    still_open = [] if before_response else errors_of_open_request(request, now)
    return [*still_open, *errors_of_unseen(request, read)]


def errors_of_unseen(request: Request, read: Reading) -> list[FieldError]:
    """The error of an adverse decision by a reviewer who has not read a new document."""
    unseen = sorted(request.new_documents.difference(read.documents))
    if not unseen:
        return []
    message = f"these documents are new: {', '.join(unseen)}. Read them, and list their ids here"
    return [FieldError("/seen_documents", "documents_unseen", message)]


def errors_of_open_request(request: Request, now: datetime) -> list[FieldError]:
    """The error of an adverse decision while the providers can still respond (W2)."""
    rfi = request.submitted.open_information_request
    if rfi is None or now >= rfi.answer_by:
        return []
    until = f"{rfi.answer_by.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    message = (
        f"the providers can respond to the request for information until {until}: wait until then, or "
        "set this to true to decide now"
    )
    return [FieldError("/before_response", "response_pending", message)]


def determined(
    request: Request, decisions: Mapping[str, Decision], by: str, payer: Payer, now: datetime
) -> Change:
    """The determination of the open cycle, with the rights that follow from it (W7, W12)."""
    if request.submitted.open_appeal:
        return with_rights(disputing.determine_appeal(request, decisions, by, now), payer)
    return with_rights(request.determine(decisions, by, now), payer)


def require_cycle(request: Request, cycle: int) -> None:
    """Refuse a decision on a cycle that is no longer open.

    Raises:
        ActionNotAllowedError: includes the current decision of each line.
    """
    if request.waits_for_review and request.submitted.cycle == cycle:
        return
    raise _already_decided(request, "This cycle is not open for a decision. Read the case again.")


def _already_decided(request: Request, detail: str) -> ActionNotAllowedError:
    """The error of a cycle that is decided or has a proposal, with the current status of each line."""
    review = request.submitted
    proposed = review.proposal.decisions if review.proposal else {}
    return ActionNotAllowedError(
        detail,
        request_status=request.status.value,
        cycle=review.cycle,
        lines=[
            {
                "line_id": line.line_id,
                "status": (proposed.get(line.line_id) or line).status.value,
            }
            for line in review.lines
        ],
    )


def _errors(
    request: Request,
    entered: Sequence[LineDecision],
    cycle: int,
    payer: Payer,
    lookup: Lookup,
) -> list[FieldError]:
    review = request.submitted
    requested = lines_to_determine(request.content, review.lines, cycle)
    errors = list(errors_of_decisions(entered))
    for index, one in enumerate(entered):
        path = f"/lines/{index}"
        if delegation := request.submitted.delegation_of(one.line_id):
            message = f"{names_of([delegation])} decides this line, not the payer: leave it out"
            errors.append(FieldError(f"{path}/line_id", "vendor_decides", message))
            continue
        if one.line_id not in requested:
            errors.append(
                FieldError(
                    f"{path}/line_id", "line_unknown", "must be the id of a line of the request"
                )
            )
        line = review.line(one.line_id)
        earlier = line.before(cycle) if line else None
        line_errors = errors_of_line(
            one,
            requested.get(one.line_id),
            payer,
            lookup,
            granted=earlier.approved if earlier else None,
            information_requested=bool(review.information_requests),
        )
        errors.extend(error.under(path) for error in line_errors)
    return errors


def _decisions_of(
    request: Request, entered: Sequence[LineDecision], payer: Payer, signature: Signature
) -> dict[str, Decision]:
    lines = request.submitted.lines
    requested = lines_to_determine(request.content, lines, signature.cycle)
    return {
        one.line_id: decision_of(one, requested[one.line_id], payer, signature) for one in entered
    }


def _already_recorded(request: Request, built: Mapping[str, Decision], cycle: int) -> bool:
    """Whether the same reviewer decided or proposed the same in this cycle."""
    review = request.submitted
    if review.proposal is not None and review.cycle == cycle:
        current: Mapping[str, Decision] = review.proposal.decisions
    else:
        current = {
            line.line_id: decision
            for line in review.lines
            # Later decisions of the cycle only change dates (W5).
            for decision in reversed(line.decisions)
            if decision.cycle == cycle
        }
    return _comparable(current) == _comparable(built)


def _comparable(decisions: Mapping[str, Decision]) -> dict[str, Decision]:
    """The decisions as entered, without members that differ between repeats or are added later."""
    later = {
        "decided_at": None,
        "decided_as": None,
        "signed_by": None,
        "proposed_by": None,
        "approved_also_in": (),
    }
    return {
        line_id: decision.model_copy(
            update={**later, "decided_by": decision.proposed_by or decision.decided_by}
        )
        for line_id, decision in decisions.items()
    }


class ReadProposal(NamedTuple):
    """The proposal that the caller read; a later one is not signed in its place."""

    cycle: int
    proposed_at: datetime


def sign_decisions(  # noqa: PLR0913 - most are dependencies
    request_id: str,
    proposal: ReadProposal,
    caller: Caller,
    *,
    accept: bool,
    comment: str | None = None,
    before_response: bool = False,
    read: Reading,
    requests: RequestStore,
    fingerprints: Fingerprints,
    payer: Payer,
    now: datetime,
) -> Request:
    """Confirm or sign the proposed decisions, or return them with a comment.

    The proposer can withdraw but not sign them. If the payer requires it, a physician must confirm what
    another reviewer proposed (W10). Signing or returning again changes nothing.

    Raises:
        NotEntitledError: a physician must confirm them.
        NotFoundError.
        OwnRequestError: the caller acts for the providers of the request.
        InvalidInputError: they deny or reduce before the providers' time to respond ends, approve what
            another request approves, without confirming the overlap, or the comment of a return is
            missing.
        ActionNotAllowedError: nothing is proposed, the proposal was replaced, the case is assigned to
            another reviewer, or the cycle is closed.
        SameReviewerError: the caller proposed the decisions, or decided what is appealed.
        VersionMismatchError: the request is in another version than the caller read.
    """

    def move(request: Request) -> Change | None:
        if accept and _signed_by(request, caller.subject, proposal.cycle):
            return None
        require_cycle(request, proposal.cycle)
        current = request.submitted.proposal
        if current is not None and current.proposed_at != proposal.proposed_at:
            message = "The proposed decisions were replaced. Read the case again."
            raise _already_decided(request, message)
        if not accept:
            return return_proposal(request, caller.subject, now, comment=comment)
        decisions = signed(request, caller.subject, caller.deciding_role)
        adverse = any(decision.adverse for decision in decisions.values())
        errors = list[FieldError]()
        if adverse:
            errors += errors_of_response(request, read, now, before_response=before_response)
        found = find_overlaps(request, decisions, fingerprints=fingerprints, requests=requests)
        errors += errors_of_overlaps(found, caller, confirmed=read.overlap_confirmed)
        if errors:
            raise InvalidInputError(errors)
        confirmed = confirmed_overlaps(decisions, found)
        change = determined(request, confirmed, caller.subject, payer, now)
        return change._replace(all_seen=adverse, compared=found.compared)

    return change_case(request_id, move, caller, read=read, requests=requests, now=now)


def _signed_by(request: Request, by: str, cycle: int) -> bool:
    """Whether this reviewer's signature closed the cycle."""
    return any(
        decision.cycle == cycle and decision.signed_by == by
        for line in request.submitted.lines
        for decision in line.decisions
    )
