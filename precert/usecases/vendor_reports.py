"""Determinations of delegated vendors: validate and record them (W8, W10).

A vendor reports decisions on the service lines that the payer delegated to it, or on a whole case that
the provider requested from the vendor. In both cases the rule list determines which lines it decides.
What it approves while another request approves the same service is recorded with that request's number
(S2).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from precert.domain.assessment import Assessment
from precert.domain.caller import Caller
from precert.domain.clocks import history_end
from precert.domain.code_sets import Lookup
from precert.domain.codes import code_types_of
from precert.domain.content import MAX_LINES, RequestContent, numbered_lines
from precert.domain.dates import Instant
from precert.domain.decisions import DecidingRole, Decision, LineDecision, service_lines_of
from precert.domain.delegation import Delegation, RecordedReport, VendorReviewer
from precert.domain.determination import (
    Signature,
    decision_of,
    errors_of_approval,
    errors_of_form,
    errors_of_line,
)
from precert.domain.duplicates import submitted_fingerprint
from precert.domain.errors import FieldError, InvalidInputError, NotFoundError, TransientError
from precert.domain.event_types import EventType
from precert.domain.matching import matched
from precert.domain.payer import Payer
from precert.domain.request import Comparison, Request
from precert.domain.request_events import event_of
from precert.domain.requested_lines import RequestedLine, requested_lines
from precert.domain.retry import retry
from precert.domain.review import FIRST_CYCLE, Channel
from precert.domain.statuses import Status, determined_status
from precert.domain.values import Text, Value
from precert.names import Entitlement
from precert.usecases.overlaps import confirmed_overlaps, find_overlaps
from precert.usecases.ownership import JudgeCase
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    Fingerprints,
    RegisteredAlreadyError,
    Registrations,
    RequestStore,
)
from precert.usecases.submission import received_request, store_with_number, with_number


class VendorReport(Value):
    """A delegated vendor's determination of all its service lines of a case (W8)."""

    vendor_id: Text
    reference: Annotated[Text, Field(description="The vendor's number of the case.")]
    reported_at: Annotated[
        Instant,
        Field(
            description="When the vendor decided. Of the reports with one `reference`, the one with "
            "the latest `reported_at` applies, in whatever order they arrive."
        ),
    ]
    number: Annotated[
        Text | None,
        Field(
            description="The precertification number, if the payer delegated service lines to the "
            "vendor. Only these are reported."
        ),
    ] = None
    content: Annotated[
        RequestContent | None,
        Field(
            description="What was requested, if the request was made at the vendor. Service lines are "
            "numbered `<service>.<line>`, both counted from 1. The rule list must delegate every code "
            "to the vendor, and the member must be covered on the dates of service."
        ),
    ] = None
    reviewer: Annotated[
        VendorReviewer | None,
        Field(
            description="Who decided. Required with a denial or a reduction. It is recorded for audits "
            "and is in no response."
        ),
    ] = None
    lines: Annotated[tuple[LineDecision, ...], Field(min_length=1, max_length=MAX_LINES)]


def report_determination(  # noqa: PLR0913 - each is a dependency
    report: VendorReport,
    caller: Caller,
    *,
    id_of: Callable[[str, str], str],
    registrations: Registrations,
    requests: RequestStore,
    fingerprints: Fingerprints,
    judge_case: JudgeCase,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
    serial: Callable[[], int],
) -> Request:
    """Record the determination on the delegated request, or as a new request of the vendor.

    A repeated report, or one older than the last of the same case, changes nothing.

    Raises:
        NotEntitledError.
        InvalidInputError: something is missing or wrong; all errors are listed. The caller acts for
            another vendor, or reports what is not delegated to it.
        NotFoundError: the number is not that of a request delegated to this vendor.
        PatientNotFoundError: the patient is not a member.
    """
    caller.require(Entitlement.VENDOR)
    caller.acting_vendor(report.vendor_id)
    request_id = (
        registrations.request_id_of(report.number)
        if report.number
        else id_of(report.vendor_id, report.reference)
    )
    recorded = RecordedReport(
        reference=report.reference,
        reported_at=report.reported_at,
        received_at=now,
        reported_by=caller.subject,
        reviewer=report.reviewer,
    )

    def attempt() -> Request:
        request = requests.read(request_id) if request_id else None
        if request is None:
            if report.number or request_id is None:
                raise _unknown()
            built = _reported_case(
                request_id,
                report,
                recorded,
                judge_case=judge_case,
                lookup=code_sets.listed,
                payer=payer,
                now=now,
            )
            return _stored_case(
                built,
                recorded,
                registrations=registrations,
                requests=requests,
                fingerprints=fingerprints,
                payer=payer,
                serial=serial,
            )
        delegation = _delegation(request, report)
        errors = [
            *_errors(report, payer, request.submitted.submitted_at, now),
            *_errors_of_case(report, request),
        ]
        decisions = _decisions(
            report,
            request.content,
            [line.line_id for line in request.submitted.lines_of_vendor(delegation)],
            errors,
            by=caller.subject,
            payer=payer,
            lookup=code_sets.listed,
        )
        if request.status is Status.PROCESSING:
            # The vendor has the request, and the payer's own part is not pended yet.
            raise TransientError(
                "The payer is still assessing this request. Send the report again later."
            )
        if request.report(report.vendor_id, decisions, recorded, now) is None:
            return request
        found = find_overlaps(request, decisions, fingerprints=fingerprints, requests=requests)
        decisions = confirmed_overlaps(decisions, found)
        change = request.report(report.vendor_id, decisions, recorded, now)
        if change is None:
            raise AssertionError("numbers of other requests do not make a report older")
        requests.record(change._replace(compared=found.compared))
        return change.request

    return retry(attempt, on=(ConcurrentChangeError, RegisteredAlreadyError))


def _delegation(request: Request, report: VendorReport) -> Delegation:
    """The vendor's delegation, if the payer sent it to the vendor or the vendor reported the case.

    Raises:
        NotFoundError.
    """
    review = request.review
    delegation = review.delegated_to(report.vendor_id) if review else None
    if delegation is None or not (delegation.delegated_at or delegation.reports):
        raise _unknown()
    return delegation


def _errors_of_case(report: VendorReport, request: Request) -> Iterator[FieldError]:
    """The error of a reference that was used for a case of another member or with other lines."""
    content = report.content
    if content is None:
        return
    sent = service_lines_of(content.services)
    stored = [line.model_copy(update={"decisions": ()}) for line in request.submitted.lines]
    if content.member_id != request.content.member_id or list(sent) != stored:
        message = "this reference was used for a case of another member or with other codes"
        yield FieldError("/reference", "reference_used", message)


# -- A case that was requested from the vendor ---------------------------------------------------------


def _reported_case(
    request_id: str,
    report: VendorReport,
    recorded: RecordedReport,
    *,
    judge_case: JudgeCase,
    lookup: Lookup,
    payer: Payer,
    now: datetime,
) -> Request:
    """The request with its determination, without a number.

    Raises:
        InvalidInputError, PatientNotFoundError.
    """
    content = report.content
    errors = list(_errors(report, payer, None, now))
    if content is None:
        message = (
            "the payer has no case with this reference: send the content of the case, or the payer's "
            "precertification number"
        )
        errors.append(FieldError("/content", "missing", message))
    else:
        errors.extend(_errors_of_content(content))
    if content is None or any(error.pointer.startswith("/content") for error in errors):
        raise InvalidInputError([*errors, *_errors_of_entries(report, payer, lookup)])
    judged = judge_case(content, report.vendor_id, report.reported_at)
    errors.extend(judged.errors)
    lines = service_lines_of(content.services)
    line_ids = tuple(line.line_id for line in lines)
    decisions = _decisions(
        report,
        content,
        line_ids,
        errors,
        by=recorded.reported_by,
        payer=payer,
        lookup=lookup,
    )
    first_days = [service.first_day for service in content.services if service.first_day]
    request = received_request(
        request_id,
        content,
        plan=judged.member.coverage_near(min(first_days)).plan,
        received_at=report.reported_at,
        channel=Channel.VENDOR,
        reference=report.reference,
        now=now,
    )
    if judged.vendor is None:
        raise AssertionError("the rule list delegates every line to the vendor")
    rule_list = judged.rule_list
    delegation = Delegation(
        vendor=judged.vendor, line_ids=line_ids, rule_list=rule_list, reports=(recorded,)
    )
    review = request.submitted.model_copy(
        update={
            "lines": tuple(
                line.model_copy(update={"decisions": (decisions[line.line_id],)}) for line in lines
            ),
            "ownership": (delegation,),
            "assessment": Assessment(rule_list=rule_list, assessed_at=now, lines=()),
            "determined_at": report.reported_at,
            "temporary_providers": matched(request_id, content, {}, judged.entries),
        }
    )
    status = determined_status(line.counts_as for line in review.lines)
    return request.model_copy(update={"status": status, "review": review})


def _stored_case(
    request: Request,
    recorded: RecordedReport,
    *,
    registrations: Registrations,
    requests: RequestStore,
    fingerprints: Fingerprints,
    payer: Payer,
    serial: Callable[[], int],
) -> Request:
    def store(number: str) -> Request:
        stored, compared = _with_overlaps(with_number(request, number), fingerprints, requests)
        [delegation] = stored.submitted.delegations
        event = event_of(
            stored,
            EventType.REQUEST_DETERMINED,
            recorded.reported_by,
            vendor_id=delegation.vendor_id,
        )
        registrations.register(
            stored,
            event,
            covered_on=None,
            fingerprint=submitted_fingerprint(stored),
            unique=False,
            compared=compared,
        )
        return stored

    return store_with_number(store, payer=payer, serial=serial)


def _with_overlaps(
    request: Request, fingerprints: Fingerprints, requests: RequestStore
) -> tuple[Request, Comparison | None]:
    """The determined request with the numbers of others that approve the same."""
    review = request.submitted
    decisions = {line.line_id: line.decisions[-1] for line in review.lines}
    found = find_overlaps(request, decisions, fingerprints=fingerprints, requests=requests)
    decisions = confirmed_overlaps(decisions, found)
    lines = tuple(
        line.model_copy(update={"decisions": (decisions[line.line_id],)}) for line in review.lines
    )
    review = review.model_copy(update={"lines": lines})
    return request.model_copy(update={"review": review}), found.compared


def _errors_of_content(content: RequestContent) -> Iterator[FieldError]:
    """The errors of details without which a case cannot be recorded. Others are not required."""
    message = "required in a report of a case"
    if content.patient is None:
        yield FieldError("/content/patient", "missing", message)
    for name in ("requesting_provider", "servicing_provider"):
        provider = getattr(content, name)
        if provider is None or provider.tin is None:
            yield FieldError(f"/content/{name}/tin", "missing", message)
    if not content.services:
        yield FieldError("/content/services", "missing", message)
    for index, service in enumerate(content.services):
        at = f"/content/services/{index}"
        if service.first_day is None:
            yield FieldError(f"{at}/service_date", "missing", message)
        if not service.procedures:
            message_of_codes = "must have at least one code, as the rules delegate by code"
            yield FieldError(f"{at}/procedures", "missing", message_of_codes)
        for number, procedure in enumerate(service.procedures):
            if not (procedure.code_type or code_types_of(procedure.code)):
                pointer = f"{at}/procedures/{number}/code"
                yield FieldError(pointer, "malformed", "is not a procedure code")


# -- Decisions -----------------------------------------------------------------------------------------


def _errors(
    report: VendorReport, payer: Payer, received_at: datetime | None, now: datetime
) -> Iterator[FieldError]:
    """Errors of the report that do not depend on its lines."""
    at = report.reported_at
    if at > now:
        yield FieldError("/reported_at", "in_future", "must not be in the future")
    elif at < _earliest(payer, now):
        message = f"must be within the last {payer.history_years} years"
        yield FieldError("/reported_at", "too_early", message)
    elif received_at is not None and report.number and at < received_at:
        message = "must not be before the request was received"
        yield FieldError("/reported_at", "too_early", message)
    yield from errors_of_form(report.lines)


def _earliest(payer: Payer, now: datetime) -> datetime:
    """The time before which decisions are past retention."""
    return history_end(now, -payer.history_years, payer.zone)


def _decisions(
    report: VendorReport,
    content: RequestContent,
    line_ids: Collection[str],
    errors: Sequence[FieldError],
    *,
    by: str,
    payer: Payer,
    lookup: Lookup,
) -> dict[str, Decision]:
    """One decision for each of the vendor's lines, validated as a reviewer's (W4, W10).

    Raises:
        InvalidInputError: with ``errors`` and those of the lines.
    """
    requested = requested_lines(content)
    all_errors = [*errors, *_errors_of_lines(report, content, requested, line_ids, payer, lookup)]
    signature = Signature(by, report.reported_at, FIRST_CYCLE, DecidingRole.VENDOR)
    decisions = (
        {}
        if all_errors
        else {
            line.line_id: decision_of(line, requested[line.line_id], payer, signature)
            for line in report.lines
        }
    )
    denies = any(not line.status.rule.approves for line in report.lines)
    adverse = denies or any(decision.adverse for decision in decisions.values())
    all_errors.extend(_errors_of_reviewer(report.reviewer, payer, adverse=adverse))
    if all_errors:
        raise InvalidInputError(all_errors)
    return decisions


def _errors_of_lines(
    report: VendorReport,
    content: RequestContent,
    requested: Mapping[str, RequestedLine],
    line_ids: Collection[str],
    payer: Payer,
    lookup: Lookup,
) -> Iterator[FieldError]:
    codes = {line_id: procedure for line_id, _, procedure in numbered_lines(content.services)}
    reported = {line.line_id for line in report.lines}
    for line_id in line_ids:
        if line_id not in reported:
            yield FieldError("/lines", "line_missing", f"line {line_id} needs a decision")
    for index, line in enumerate(report.lines):
        path = f"/lines/{index}"
        if line.line_id not in requested:
            message = "the request has no line with this id"
            yield FieldError(f"{path}/line_id", "line_unknown", message)
        elif line.line_id not in line_ids:
            procedure = codes[line.line_id]
            code = f" ({procedure.code})" if procedure else ""
            message = f"line {line.line_id}{code} is not delegated to {report.vendor_id}: omit it"
            yield FieldError(f"{path}/line_id", "not_delegated", message)
        for error in errors_of_line(line, requested.get(line.line_id), payer, lookup):
            yield error.under(path)


def _errors_of_entries(report: VendorReport, payer: Payer, lookup: Lookup) -> Iterator[FieldError]:
    """Errors of the decisions of a report whose service lines are not known."""
    for index, line in enumerate(report.lines):
        line_errors = list(errors_of_line(line, None, payer, lookup))
        if line.status.rule.approves:
            line_errors.extend(errors_of_approval(line, None, payer))
        for error in line_errors:
            yield error.under(f"/lines/{index}")


def _errors_of_reviewer(
    reviewer: VendorReviewer | None, payer: Payer, *, adverse: bool
) -> Iterator[FieldError]:
    """Errors of an adverse decision that names no licensed reviewer (W10)."""
    if not adverse:
        return
    if reviewer is None:
        message = "required for a denial or a reduction: the name and credential of the reviewer"
        yield FieldError("/reviewer", "missing", message)
        return
    choices = payer.utilization_management.licensed_credentials
    if reviewer.credential.replace(".", "").upper() not in choices:
        message = f"for a denial or a reduction, must be one of {', '.join(choices)}"
        yield FieldError("/reviewer/credential", "not_a_choice", message, choices)


def _unknown() -> NotFoundError:
    return NotFoundError("No request with this number is delegated to this vendor.")
