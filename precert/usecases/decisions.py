"""Decide every open service line of a case, and sign proposed decisions (W3, W4, W7, W9)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from precert.domain.caller import Caller
from precert.domain.code_sets import Lookup
from precert.domain.determination import (
    Signature,
    decision_of,
    errors_of_form,
    errors_of_line,
    requested_lines,
)
from precert.domain.errors import ActionNotAllowedError, FieldError, InvalidInputError
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.review import Decision, LineDecision
from precert.domain.reviewing import propose, require_not_held_by_others, return_proposal, signed
from precert.usecases.changes import change_case
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import RequestStore


def decide(
    request_id: str,
    decisions: Sequence[LineDecision],
    caller: Caller,
    *,
    cycle: int,
    requests: RequestStore,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
) -> Request:
    """Record one decision per line of the open cycle; a cycle is decided once.

    ``cycle`` is the cycle that the reviewer saw, so that a late request never decides another one.
    Where the payer requires a second signature, the decisions are stored as a proposal. Repeating the
    same decisions returns the same response.

    Raises:
        NotEntitledError, NotFoundError.
        InvalidInputError: a denial or reduction lacks reason, rationale or criterion (W4); a line is
            missing or not open; a code does not exist.
        ActionNotAllowedError: the cycle has other decisions, needs a signature, is assigned to
            another reviewer, or the request is void; includes the current decisions.
        SameReviewerError: an appeal needs another reviewer.
    """
    signature = Signature(caller.subject, now, cycle)

    def determine(request: Request) -> Change | None:
        errors = _errors(request, decisions, payer, code_sets.listed)
        built = {} if errors else _decisions_of(request, decisions, payer, signature)
        if built and _already_recorded(request, built, cycle):
            return None
        require_cycle(request, cycle)
        require_not_held_by_others(request, caller.subject, now)
        if errors:
            raise InvalidInputError(errors)
        if request.submitted.proposal is not None:
            raise _already_decided(request, "Other decisions wait for their second signature.")
        if payer.utilization_management.second_signature & {one.status for one in built.values()}:
            return propose(request, built, caller.subject, now)
        return determined(request, built, caller.subject, now)

    return change_case(request_id, determine, caller, requests=requests, now=now)


def determined(
    request: Request, decisions: Mapping[str, Decision], by: str, now: datetime
) -> Change:
    """The determination of the open cycle: initial or appeal."""
    if request.submitted.open_appeal:
        return request.determine_appeal(decisions, by, now)
    return request.determine(decisions, by, now)


def require_cycle(request: Request, cycle: int) -> None:
    """Refuse a decision on a cycle that is no longer open.

    Raises:
        ActionNotAllowedError: includes the current decision of each line.
    """
    if request.waits_for_review and request.submitted.cycle == cycle:
        return
    raise _already_decided(request, "This cycle is not open for a decision: read the case again.")


def _already_decided(request: Request, detail: str) -> ActionNotAllowedError:
    """The decided or proposed lines that the caller had not read."""
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
    request: Request, submitted: Sequence[LineDecision], payer: Payer, lookup: Lookup
) -> list[FieldError]:
    requested = requested_lines(request.content)
    errors = list(errors_of_form(submitted))
    for index, one in enumerate(submitted):
        path = f"/lines/{index}"
        if one.line_id not in requested:
            errors.append(
                FieldError(f"{path}/line_id", "line_unknown", "name a line of the request")
            )
        found = errors_of_line(one, requested.get(one.line_id), payer, lookup)
        errors.extend(error.under(path) for error in found)
    return errors


def _decisions_of(
    request: Request, submitted: Sequence[LineDecision], payer: Payer, signature: Signature
) -> dict[str, Decision]:
    requested = requested_lines(request.content)
    return {
        one.line_id: decision_of(one, requested[one.line_id], payer, signature) for one in submitted
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
    """The decision without members that differ between repeats or are added later."""
    return {
        line_id: decision.model_copy(update={"decided_at": None, "signed_by": None})
        for line_id, decision in decisions.items()
    }


def sign_decisions(
    request_id: str,
    caller: Caller,
    *,
    cycle: int,
    accept: bool,
    requests: RequestStore,
    now: datetime,
) -> Request:
    """Sign the proposed decisions, or return them.

    The proposer can withdraw but not sign them. Signing again changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: nothing is proposed, the case is assigned to another reviewer, or the
            cycle is closed.
        SameReviewerError: the caller proposed the decisions, or decided what is appealed.
    """

    def move(request: Request) -> Change | None:
        if accept and _signed_by(request, caller.subject, cycle):
            return None
        require_cycle(request, cycle)
        if not accept:
            return return_proposal(request, caller.subject, now)
        return determined(request, signed(request, caller.subject), caller.subject, now)

    return change_case(request_id, move, caller, requests=requests, now=now)


def _signed_by(request: Request, by: str, cycle: int) -> bool:
    """Whether this signature closed the cycle."""
    return any(
        decision.cycle == cycle and decision.signed_by == by
        for line in request.submitted.lines
        for decision in line.decisions
    )
