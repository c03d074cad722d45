"""The determination of a service line: what was requested, decided and approved.

Whether a decision approves as requested or modifies is derived from what is approved, and is not
entered (W3, W4, W9).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from precert.domain.code_sets import Lookup, error_of_diagnosis
from precert.domain.codes import code_types_of
from precert.domain.content import RequestContent, Service, numbered_lines
from precert.domain.errors import FieldError
from precert.domain.payer import Payer
from precert.domain.review import Approved, Decision, ServiceLine
from precert.domain.statuses import LineStatus
from precert.domain.values import UnitType


@dataclass(frozen=True)
class RequestedLine:
    """One service line as requested."""

    service: Service
    code: str | None
    units: int | None
    unit_type: UnitType | None
    from_date: date | None

    @property
    def days(self) -> int | None:
        """Requested days: of the stay, or counted by the units."""
        if self.service.requested_days is not None:
            return self.service.requested_days
        return self.units if self.unit_type is UnitType.DAYS else None


def requested_lines(content: RequestContent) -> Mapping[str, RequestedLine]:
    """What is requested, by line id."""
    return {
        line_id: RequestedLine(
            service=service,
            code=procedure.code if procedure else None,
            units=procedure.units if procedure else None,
            unit_type=procedure.unit_type if procedure else None,
            from_date=(procedure.start_date if procedure else None) or service.first_day,
        )
        for line_id, service, procedure in numbered_lines(content.services)
    }


def as_requested(asked: RequestedLine, *, approval_days: int) -> Approved:
    """The approval of a line as requested.

    The period is the stay, or ``approval_days`` from the first day of other services.
    """
    if asked.from_date is None:
        raise AssertionError("completeness requires a date")
    days = asked.service.requested_days or approval_days
    return Approved(
        code=asked.code,
        units=asked.units,
        unit_type=asked.unit_type,
        from_date=asked.from_date,
        to_date=asked.from_date + timedelta(days=days - 1),
    )


def days_of_service(
    content: RequestContent, lines: Sequence[ServiceLine] = ()
) -> tuple[date | None, date | None]:
    """The first and last day of all services: as requested, or as changed by an operator (W5).

    An approved period is longer than the service, except for a stay.
    """
    moved = {
        line.line_id: line.decisions[-1].approved
        for line in lines
        if line.decisions and line.decisions[-1].date_change_reason
    }
    days = [day for asked in _by_service(content) for day in _days(asked, moved)]
    return min(days, default=None), max(days, default=None)


def _by_service(content: RequestContent) -> list[dict[str, RequestedLine]]:
    """The requested lines, grouped by service."""
    found: dict[str, dict[str, RequestedLine]] = {}
    for line_id, asked in requested_lines(content).items():
        found.setdefault(line_id.partition(".")[0], {})[line_id] = asked
    return list(found.values())


def _days(
    lines: Mapping[str, RequestedLine], moved: Mapping[str, Approved | None]
) -> Iterator[date]:
    """First and last day of one service; of the changed lines where dates were changed."""
    periods = [(lines[one], period) for one, period in moved.items() if one in lines and period]
    for asked, period in periods:
        yield period.from_date
        yield period.to_date if asked.service.requested_days else period.from_date
    service = next(iter(lines.values())).service
    if not periods and service.first_day and service.last_day:
        yield service.first_day
        yield service.last_day


def line_status(approved: Approved, wanted: Approved) -> LineStatus:
    """APPROVED where the approval is as requested, else MODIFIED."""
    return LineStatus.APPROVED if approved == wanted else LineStatus.MODIFIED


def is_less(approved: Approved, wanted: Approved) -> bool:
    """Whether the approval is a reduction: it needs reasons, as a denial does (W4)."""
    fewer_units = (approved.units or 0) < (wanted.units or 0)
    shorter = approved.to_date - approved.from_date < wanted.to_date - wanted.from_date
    return fewer_units or shorter or approved.code != wanted.code


@dataclass(frozen=True)
class Approval:
    """What is approved of a line; absent members are approved as requested."""

    code: str | None = None
    units: int | None = None
    unit_type: UnitType | None = None
    from_date: date | None = None
    to_date: date | None = None


@dataclass(frozen=True)
class LineDecision:
    """A decision on one line as a reviewer enters it: APPROVED or DENIED, details and reasons.

    ``diagnosis`` is the adjudicated one.
    """

    line_id: str
    status: LineStatus
    reason_code: str | None = None
    rationale: str | None = None
    criterion: str | None = None
    approved: Approval | None = None
    diagnosis: str | None = None


@dataclass(frozen=True)
class Signature:
    """Who decides, when, and in which determination cycle."""

    by: str
    at: datetime
    cycle: int


def errors_of_form(decisions: Collection[LineDecision]) -> Iterator[FieldError]:
    """Errors of the decisions that do not depend on the request."""
    if not decisions:
        yield FieldError("/lines", "missing", "decide every open service line")
    seen: set[str] = set()
    for index, decision in enumerate(decisions):
        if decision.line_id in seen:
            yield FieldError(
                f"/lines/{index}/line_id", "duplicate", "decide each service line once"
            )
        seen.add(decision.line_id)
        if decision.status not in (LineStatus.APPROVED, LineStatus.DENIED):
            choices = (LineStatus.APPROVED.value, LineStatus.DENIED.value)
            yield FieldError(
                f"/lines/{index}/status", "not_a_choice", f"decide {' or '.join(choices)}", choices
            )


def errors_of_line(
    said: LineDecision, asked: RequestedLine | None, payer: Payer, lookup: Lookup
) -> Iterator[FieldError]:
    """Errors of the decision on one line; pointers are relative to the line."""
    if said.diagnosis is not None:
        on = asked.service.first_day if asked else None
        if error := error_of_diagnosis(said.diagnosis, on, lookup):
            yield error
    if said.status is LineStatus.DENIED:
        if said.approved is not None:
            yield FieldError("/approved", "not_asked", "leave this out of a denial")
        yield from _errors_of_reasons(said, "a denial", payer)
        return
    if asked is None:
        return
    if errors := list(_errors_of_approval(said.approved, asked, payer)):
        yield from errors
    elif is_less(approved_of(said, asked, payer), _wanted(asked, payer)):
        yield from _errors_of_reasons(said, "an approval of less than requested", payer)
    elif said.reason_code is not None:
        yield from _errors_of_code(said, "a decision", payer)


def decision_of(
    said: LineDecision, asked: RequestedLine, payer: Payer, signature: Signature
) -> Decision:
    """The decision; MODIFIED where the approval is not as requested."""
    denied = said.status is LineStatus.DENIED
    approved = None if denied else approved_of(said, asked, payer)
    status = line_status(approved, _wanted(asked, payer)) if approved else LineStatus.DENIED
    return Decision(
        status=status,
        cycle=signature.cycle,
        decided_at=signature.at,
        decided_by=signature.by,
        reason_code=said.reason_code,
        rationale=_words(said.rationale),
        criterion=_words(said.criterion),
        approved=approved,
        diagnosis=said.diagnosis,
    )


def approved_of(said: LineDecision, asked: RequestedLine, payer: Payer) -> Approved:
    """What is approved; as requested where the reviewer entered nothing else."""
    given = said.approved or Approval()
    changed = {name: value for name, value in vars(given).items() if value is not None}
    return _wanted(asked, payer).model_copy(update=changed)


def _words(text: str | None) -> str | None:
    return (text or "").strip() or None


def _wanted(asked: RequestedLine, payer: Payer) -> Approved:
    return as_requested(asked, approval_days=payer.utilization_management.approval_days)


def _errors_of_approval(
    given: Approval | None, asked: RequestedLine, payer: Payer
) -> Iterator[FieldError]:
    if given is None:
        return
    wanted = _wanted(asked, payer)
    first, last = given.from_date or wanted.from_date, given.to_date or wanted.to_date
    if last < first:
        yield FieldError("/approved/to_date", "out_of_order", f"send {first} or a later day")
    if given.code is not None:
        if asked.code is None:
            yield FieldError(
                "/approved/code", "not_asked", "leave this out: the service line has no code"
            )
        elif not code_types_of(given.code):
            yield FieldError("/approved/code", "malformed", "this is not a procedure code")
    if (given.units or wanted.units) is not None and (given.unit_type or wanted.unit_type) is None:
        yield FieldError("/approved/unit_type", "missing", "send unit_type with units")
    if given.unit_type is not None and (given.units or wanted.units) is None:
        yield FieldError("/approved/units", "missing", "send units with unit_type")


def _errors_of_reasons(said: LineDecision, what: str, payer: Payer) -> Iterator[FieldError]:
    yield from _errors_of_code(said, what, payer)
    for name in ("rationale", "criterion"):
        if _words(getattr(said, name)) is None:
            yield FieldError(f"/{name}", "missing", f"{what} needs it")


def _errors_of_code(said: LineDecision, what: str, payer: Payer) -> Iterator[FieldError]:
    if said.reason_code not in payer.reason_codes:
        choices = tuple(sorted(payer.reason_codes))
        message = f"{what} needs one of {', '.join(choices)}"
        yield FieldError("/reason_code", "not_a_choice", message, choices)
