"""Decide every open line of a round (W3, W4, W7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.errors import ActionNotAllowedError, Fault, InvalidInputError
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.review import Decision
from precert.domain.statuses import LineStatus, Status
from precert.usecases.change_request import change_request
from precert.usecases.ports.requests import RequestStore
from precert.usecases.read_case import reviewable


@dataclass(frozen=True)
class LineDecision:
    """What a reviewer says of one line."""

    line_id: str
    status: LineStatus
    reason_code: str | None = None
    rationale: str | None = None
    criterion: str | None = None


def decide(
    request_id: str,
    decisions: Sequence[LineDecision],
    caller: Caller,
    *,
    round_: int,
    requests: RequestStore,
    payer: Payer,
    now: datetime,
) -> Request:
    """Record one decision per line of the open round; a round is decided once.

    ``round_`` names the round the reviewer had before their eyes, so that a late click never decides
    another.

    Raises:
        NotEntitledError, NotFoundError.
        InvalidInputError: a denial lacks its reason, rationale or criterion (W4); a line is missing
            or not to be decided.
        ActionNotAllowedError: the round is decided already, or the request void.
        SameReviewerError: an appeal needs another reviewer.
    """
    caller.require(Entitlement.REVIEWER)
    if faults := _faults(decisions, payer):
        raise InvalidInputError(faults)

    def determine(found: Request | None) -> Change:
        request = reviewable(found, caller)
        _require_round(request, round_)
        made = {
            decision.line_id: Decision(
                status=decision.status,
                round=round_,
                decided_at=now,
                decided_by=caller.subject,
                reason_code=decision.reason_code,
                rationale=decision.rationale,
                criterion=decision.criterion,
            )
            for decision in decisions
        }
        if request.submitted.open_appeal:
            return request.determine_appeal(made, caller.subject, now)
        return request.determine(made, caller.subject, now)

    return change_request(request_id, determine, requests=requests)


def _require_round(request: Request, round_: int) -> None:
    waiting = request.status is not Status.PROCESSING and request.round_is_open
    if not waiting or request.submitted.round != round_:
        raise ActionNotAllowedError(
            "This round is not open for a decision: read the case again.",
            request_status=request.status.value,
            round=request.submitted.round,
        )


def _faults(decisions: Sequence[LineDecision], payer: Payer) -> list[Fault]:
    faults = [] if decisions else [Fault("/lines", "missing", "decide every open line")]
    seen: set[str] = set()
    for index, decision in enumerate(decisions):
        path = f"/lines/{index}"
        if decision.line_id in seen:
            faults.append(Fault(f"{path}/line_id", "duplicate", "decide each line once"))
        seen.add(decision.line_id)
        if decision.status is LineStatus.OPEN:
            choices = f"{LineStatus.APPROVED.value} or {LineStatus.DENIED.value}"
            faults.append(Fault(f"{path}/status", "not_a_choice", f"decide {choices}"))
        if decision.status is not LineStatus.DENIED:
            continue
        if decision.reason_code not in payer.reason_codes:
            choices = ", ".join(sorted(payer.reason_codes))
            faults.append(
                Fault(f"{path}/reason_code", "not_a_choice", f"a denial needs one of {choices}")
            )
        faults.extend(
            Fault(f"{path}/{name}", "missing", "a denial needs it")
            for name in ("rationale", "criterion")
            if not (getattr(decision, name) or "").strip()
        )
    return faults
