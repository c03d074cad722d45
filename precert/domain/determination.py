"""The determination of service lines: validate entered decisions and derive their status.

A decision that contradicts itself or the request is an error. The status is derived from the approved
values: APPROVED as requested, otherwise MODIFIED, which is adverse if it reduces the request (W3, W4,
W9). Only a licensed person denies or reduces (W10).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from precert.domain.code_sets import Lookup, error_of_diagnosis
from precert.domain.codes import canonical_code, code_types_of, has_format
from precert.domain.decisions import Approved, DecidingRole, Decision, DecisionEntry, LineDecision
from precert.domain.errors import FieldError
from precert.domain.event_types import EVENTS, EventType
from precert.domain.payer import Payer
from precert.domain.request_state import RequestState
from precert.domain.requested_lines import RequestedLine, as_requested
from precert.domain.statuses import DETERMINED, LineStatus, status_of_lines
from precert.domain.text import words_of
from precert.domain.values import CodeType
from precert.domain.wording import counted


def is_less(approved: Approved, reference: Approved) -> bool:
    """Whether an approval reduces the reference, so that it needs reasons as a denial does (W4)."""
    return bool(_reductions(approved, reference))


def _reductions(approved: Approved, reference: Approved) -> dict[str, str]:
    """Members with less than the reference, each with its least valid value in words."""
    members = {}
    if approved.code != reference.code:
        members["code"] = f"{reference.code or 'no code'}"
    if (approved.units or 0) < (reference.units or 0):
        members["units"] = f"{reference.units} or more"
    if reference.unit_type is not None and approved.unit_type is not reference.unit_type:
        members["unit_type"] = reference.unit_type.value
    if _length(approved) < _length(reference):
        members["to_date"] = str(approved.from_date + _length(reference))
    return members


def _additions(approved: Approved, reference: Approved) -> dict[str, str]:
    """Members with more than the reference, each with the requested value."""
    members = {}
    if reference.units is not None and (approved.units or 0) > reference.units:
        members["units"] = str(reference.units)
    if _length(approved) > _length(reference):
        members["to_date"] = str(approved.from_date + _length(reference))
    return members


def _losses(approved: Approved, granted: Approved) -> dict[str, str]:
    """Members with less than an earlier approval, each with its least valid value in words."""
    members = _reductions(approved, granted)
    members.pop("to_date", None)
    if approved.from_date > granted.from_date:
        members["from_date"] = f"{granted.from_date} or earlier"
    if approved.to_date < granted.to_date:
        members["to_date"] = f"{granted.to_date} or later"
    return members


def is_worse(after: Decision, before: Decision | None) -> bool:
    """Whether a decision denies or reduces more than the earlier one, if any, did (W10)."""
    if before is None or not before.status.rule.approves:
        return after.adverse and (before is None or not before.adverse)
    if not after.status.rule.approves or (after.adverse and not before.adverse):
        return True
    if after.approved is None or before.approved is None:
        return False
    losses = _losses(after.approved, before.approved)
    if after.date_change_reason:
        # An operator moves a period without changing its length (W5).
        losses = _reductions(after.approved, before.approved)
    return bool(losses)


def _length(approved: Approved) -> timedelta:
    return approved.to_date - approved.from_date


@dataclass(frozen=True)
class Signature:
    """The person, role, instant and determination cycle of a decision."""

    by: str
    at: datetime
    cycle: int
    decided_as: DecidingRole = DecidingRole.REVIEWER


def errors_of_decisions(decisions: Collection[LineDecision]) -> Iterator[FieldError]:
    """Errors of the decisions that do not depend on the request."""
    if not decisions:
        yield FieldError("/lines", "missing", "must have a decision for each open service line")
    seen: set[str] = set()
    for index, decision in enumerate(decisions):
        if decision.line_id in seen:
            yield FieldError(
                f"/lines/{index}/line_id", "duplicate", "must not have more than one decision"
            )
        seen.add(decision.line_id)


def errors_of_line(
    entered: LineDecision,
    requested: RequestedLine | None,
    payer: Payer,
    lookup: Lookup,
    *,
    granted: Approved | None = None,
    information_requested: bool = True,
) -> Iterator[FieldError]:
    """Errors of the decision of one line; pointers are relative to the line.

    ``requested`` is ``None`` if the content does not have the line: then the approved values are not
    compared. ``granted`` is what an earlier determination approved, which an appeal must not reduce
    (W7). ``information_requested`` is whether the providers received a request for information.
    """
    yield from errors_of_diagnosis(entered, requested, lookup)
    if not entered.status.rule.approves:
        yield from errors_of_approval(entered, requested, payer)
        yield from _errors_of_reasons(entered, LineStatus.DENIED, payer, information_requested)
        if granted is not None:
            message = (
                "an approval cannot become a denial; use MODIFIED with at least what was approved"
            )
            yield FieldError("/status", "made_worse", message)
        return
    if entered.status is LineStatus.MODIFIED and not _changes(entered):
        message = "MODIFIED needs changed units, dates or code; otherwise use APPROVED"
        yield FieldError("/approved", "missing", message)
    if requested is None:
        return
    if errors := list(errors_of_approval(entered, requested, payer)):
        yield from errors
        return
    approved, in_full = approved_of(entered, requested, payer), _as_requested(requested, payer)
    yield from _errors_of_amount(entered, approved, in_full, granted)
    if is_less(approved, in_full):
        yield from _errors_of_reasons(entered, LineStatus.MODIFIED, payer, information_requested)
    else:
        yield from _errors_of_refusal(entered, payer)


def _changes(entered: LineDecision) -> dict[str, object]:
    return entered.approved.model_dump(exclude_none=True) if entered.approved else {}


def _errors_of_amount(
    entered: LineDecision, approved: Approved, in_full: Approved, granted: Approved | None
) -> Iterator[FieldError]:
    """Errors of the approved amount.

    They are more than requested without MODIFIED, MODIFIED without a change, and less than granted.
    """
    if entered.status is LineStatus.MODIFIED:
        if _changes(entered) and approved == in_full:
            message = "this is the same as requested; use APPROVED, or change units, dates or code"
            yield FieldError("/approved", "same_as_requested", message)
    else:
        for name, most in _additions(approved, in_full).items():
            message = (
                f"more than requested; use at most {most}, or the status MODIFIED to approve more"
            )
            yield FieldError(f"/approved/{name}", "more_than_requested", message)
    if granted is not None:
        for name, least in _losses(approved, granted).items():
            message = f"less than was approved before; must be {least}"
            yield FieldError(f"/approved/{name}", "made_worse", message)


def _errors_of_refusal(entered: LineDecision, payer: Payer) -> Iterator[FieldError]:
    """Errors of a decision with reasons of a denial, which denies and reduces nothing."""
    if entered.reason_code is not None:
        message = "nothing is denied or reduced; remove the reason, or deny or reduce the line"
        yield FieldError("/reason_code", "contradicts", message)
    rationale = " ".join(words_of(entered.rationale or ""))
    if any(" ".join(words_of(text)) in rationale for text in payer.reason_codes.values()):
        message = "must not state a reason for a denial, because nothing is denied or reduced"
        yield FieldError("/rationale", "contradicts", message)


def errors_of_diagnosis(
    entered: LineDecision, requested: RequestedLine | None, lookup: Lookup
) -> Iterator[FieldError]:
    """The error of an adjudicated diagnosis that is not valid on the date of service (W9)."""
    if entered.diagnosis is not None:
        on = requested.service.first_day if requested else None
        if error := error_of_diagnosis(entered.diagnosis, on, lookup):
            yield error


def decision_of(
    entered: LineDecision, requested: RequestedLine, payer: Payer, signature: Signature
) -> Decision:
    """The decision to record: MODIFIED if the approved values are not as requested."""
    approves = entered.status.rule.approves
    approved = approved_of(entered, requested, payer) if approves else None
    status, favorable = entered.status, False
    if approved is not None:
        in_full = _as_requested(requested, payer)
        status = LineStatus.APPROVED if approved == in_full else LineStatus.MODIFIED
        favorable = status is LineStatus.MODIFIED and not is_less(approved, in_full)
    return Decision(
        status=status,
        favorable=favorable,
        cycle=signature.cycle,
        decided_at=signature.at,
        decided_by=signature.by,
        decided_as=signature.decided_as,
        approved=approved,
        approved_also_in=(),
        **{name: getattr(entered, name) or None for name in DecisionEntry.model_fields},
    )


def approved_of(entered: LineDecision, requested: RequestedLine, payer: Payer) -> Approved:
    """The approved values: as entered, otherwise as requested."""
    changed = _changes(entered)
    if (code := changed.get("code")) and has_format(requested.code or "", CodeType.REVENUE):
        changed["code"] = canonical_code(str(code), CodeType.REVENUE)
    return _as_requested(requested, payer).model_copy(update=changed)


def _as_requested(requested: RequestedLine, payer: Payer) -> Approved:
    return as_requested(requested, approval_days=payer.utilization_management.approval_days)


def errors_of_approval(
    entered: LineDecision, requested: RequestedLine | None, payer: Payer
) -> Iterator[FieldError]:
    """Errors of the approved values; pointers are relative to the line."""
    amount = entered.approved
    if amount is None:
        return
    if not entered.status.rule.approves:
        yield FieldError(
            "/approved", "not_applicable", "a denial has no approved values; remove them"
        )
        return
    approved = approved_of(entered, requested, payer) if requested else amount
    first, last = approved.from_date, approved.to_date
    if first and last and last < first:
        yield FieldError("/approved/to_date", "out_of_order", f"must be {first} or later")
    if requested is None:
        return
    yield from _errors_of_period(approved_of(entered, requested, payer), requested, payer)
    if amount.code is not None and requested.code is None:
        message = "the service line has no code; remove this code"
        yield FieldError("/approved/code", "not_applicable", message)
    elif amount.code is not None and not code_types_of(amount.code):
        yield FieldError("/approved/code", "malformed", "must have the format of a procedure code")
    if approved.units is not None and approved.unit_type is None:
        yield FieldError("/approved/unit_type", "missing", "required with units")
    if amount.unit_type is not None and approved.units is None:
        yield FieldError("/approved/units", "missing", "required with unit_type")


def _errors_of_period(
    approved: Approved, requested: RequestedLine, payer: Payer
) -> Iterator[FieldError]:
    """Errors of an approved period that is too far from the requested dates, or too long."""
    settings, day = payer.utilization_management, requested.from_date
    if day is None:
        return
    first, last = _around(day, settings.approval_start_days)
    if not first <= approved.from_date <= last:
        message = f"must be from {first} to {last}, because the request is for {day}"
        yield FieldError("/approved/from_date", "out_of_range", message)
        return
    days = max(settings.approval_max_days, requested.service.requested_days or 1)
    latest = _around(approved.from_date, days - 1)[1]
    if approved.to_date > latest:
        longest = counted(days, "days")
        message = f"must be {latest} or earlier, because an approval is for at most {longest}"
        yield FieldError("/approved/to_date", "out_of_range", message)


def _around(day: date, days: int) -> tuple[date, date]:
    """The dates ``days`` before and after a day, within the calendar."""
    length = timedelta(days=days)
    first = day - length if day - date.min > length else date.min
    return first, day + length if date.max - day > length else date.max


def _errors_of_reasons(
    entered: LineDecision, status: LineStatus, payer: Payer, information_requested: bool
) -> Iterator[FieldError]:
    """Errors of a denial or a reduction without a valid reason code, a rationale and a criterion."""
    decision = "a denial" if status is LineStatus.DENIED else "an approval of less than requested"
    if errors := list(errors_of_code(entered, decision, payer)):
        yield from errors
    elif entered.reason_code is not None:
        rule = payer.reason_rule(entered.reason_code)
        meaning = payer.reason_codes[entered.reason_code]
        if status not in rule.statuses:
            fitting = payer.reasons_for(status)
            message = (
                f"{meaning} is not a reason for {decision}; must be one of {', '.join(fitting)}"
            )
            yield FieldError("/reason_code", "contradicts", message, fitting)
        elif rule.needs_information_request and not information_requested:
            message = (
                f"{meaning}: not valid, because no information was requested from the providers"
            )
            yield FieldError("/reason_code", "contradicts", message)
    for name in ("rationale", "criterion"):
        if not getattr(entered, name):
            yield FieldError(f"/{name}", "missing", f"required for {decision}")


def errors_of_code(entered: LineDecision, decision: str, payer: Payer) -> Iterator[FieldError]:
    """The error of a reason code that is not one of the payer's."""
    if entered.reason_code not in payer.reason_codes:
        choices = tuple(sorted(payer.reason_codes))
        names = ", ".join(f"{code} ({payer.reason_codes[code]})" for code in choices)
        message = f"{decision} must have a reason, one of: {names}"
        code = "missing" if entered.reason_code is None else "not_a_choice"
        yield FieldError("/reason_code", code, message, choices)


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
