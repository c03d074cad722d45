"""Requests from other channels: registered by the payer's staff, or reported by a delegated vendor
with its determination (S5, W8).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field

from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_sets import Lookup, errors_of_codes
from precert.domain.completeness import errors_of_submission
from precert.domain.content import MAX_LINES, RequestContent
from precert.domain.dates import Instant
from precert.domain.determination import (
    Signature,
    decision_of,
    errors_of_approval,
    errors_of_code,
    errors_of_diagnosis,
    requested_lines,
)
from precert.domain.duplicates import submitted_fingerprint
from precert.domain.errors import (
    FieldError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    PatientNotEligibleError,
)
from precert.domain.event_types import EventType
from precert.domain.matching import matched, provider_ids
from precert.domain.payer import Payer
from precert.domain.request import Request, event_of, service_lines_of
from precert.domain.retry import retry
from precert.domain.review import (
    FIRST_CYCLE,
    Channel,
    DecidingRole,
    Decision,
    LineDecision,
    ServiceLine,
)
from precert.domain.statuses import determined_status
from precert.domain.values import Text, Value
from precert.names import Entitlement
from precert.usecases.members import require_checkable, require_member
from precert.usecases.ports.reference import CodeSets, ReferenceReader
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    CoverageChangedError,
    DuplicateFoundError,
    RegisteredAlreadyError,
    Registrations,
    RequestStore,
)
from precert.usecases.submission import (
    SubmittedRequest,
    duplicate_error,
    received_request,
    store_with_number,
    with_number,
)


class Arrival(Value):
    """How a request was received by phone, fax, mail or EDI (S5)."""

    channel: Literal[Channel.PHONE, Channel.FAX, Channel.MAIL, Channel.EDI]
    reference: Annotated[
        Text,
        Field(
            description="The channel's number of the request: of the call, the fax or the X12 "
            "interchange. The same channel and reference are the same request."
        ),
    ]
    received_at: Annotated[
        Instant,
        Field(description="When it was received. The decision clock starts at this instant."),
    ]


def register_request(
    arrival: Arrival,
    content: RequestContent,
    caller: Caller,
    *,
    id_of: Callable[[str, str], str],
    registrations: Registrations,
    reference: ReferenceReader,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
    serial: Callable[[], int],
) -> SubmittedRequest:
    """Store a request as submitted; it is processed like any other.

    ``id_of`` derives the id from channel and reference, so that a repeated registration is the same
    request; its clock starts at the receipt.

    Raises:
        NotEntitledError.
        InvalidInputError: something is missing or wrong; all errors are listed.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError.
        DuplicateRequestError: an open request repeats it; the error names it (S2).
        KeyReusedError: the reference names another request.
    """
    caller.require(Entitlement.INTAKE)
    day = local_date(arrival.received_at, payer.zone)
    errors = errors_of_submission(content, payer, day)
    errors.extend(errors_of_codes(content, code_sets.listed))
    errors = [error.under("/content") for error in errors]
    if arrival.received_at > now:
        errors.append(FieldError("/received_at", "in_future", "say when it was received"))
    if errors:
        raise InvalidInputError(errors)
    if content.patient is None:
        raise AssertionError("completeness requires a patient")
    member = reference.member(content.patient.member_id)
    coverage = require_checkable(member, content.patient, payer=payer, now=arrival.received_at)
    request_id = id_of(arrival.channel.value, arrival.reference)
    request = received_request(
        request_id,
        content,
        plan=coverage.plan,
        received_at=arrival.received_at,
        channel=arrival.channel,
        reference=arrival.reference,
        submitted_by=caller.subject,
        now=now,
    ).model_copy(update={"started_with": sha256(content.model_dump_json().encode()).hexdigest()})

    def store(number: str) -> Request:
        stored = with_number(request, number)
        event = event_of(stored, EventType.REQUEST_SUBMITTED, caller.subject)
        registrations.register(
            stored, event, covered_on=day, fingerprint=submitted_fingerprint(stored)
        )
        return stored

    try:
        return SubmittedRequest.of(store_with_number(store, payer=payer, serial=serial))
    except CoverageChangedError as refusal:
        raise PatientNotEligibleError(payer.notices["not_eligible"]) from refusal
    except DuplicateFoundError as refusal:
        raise duplicate_error(payer, refusal.existing) from refusal
    except RegisteredAlreadyError as refusal:
        return _registered_request(refusal.current, request)


def _registered_request(current: Request | None, request: Request) -> SubmittedRequest:
    """The stored request, if this registration is a repetition."""
    if current is None or current.started_with != request.started_with:
        raise KeyReusedError("This reference names another request of the same channel.")
    return SubmittedRequest.of(current)


class VendorReport(Value):
    """A delegated vendor's determination of every service line of a case (W8)."""

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
            description="The precertification number, if the payer delegated the request to the vendor."
        ),
    ] = None
    content: Annotated[
        RequestContent | None,
        Field(
            description="What was requested, if the request was made at the vendor. Service lines are "
            "numbered `<service>.<line>`, both counted from 1."
        ),
    ] = None
    lines: Annotated[tuple[LineDecision, ...], Field(min_length=1, max_length=MAX_LINES)]


def report_determination(
    report: VendorReport,
    caller: Caller,
    *,
    id_of: Callable[[str, str], str],
    registrations: Registrations,
    requests: RequestStore,
    reference: ReferenceReader,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
    serial: Callable[[], int],
) -> Request:
    """Record the determination on the exported request, or as a new request of the vendor.

    A repeated report, or one older than the last of the same case, changes nothing.

    Raises:
        NotEntitledError.
        InvalidInputError: something is missing or wrong; all errors are listed. The caller acts for
            another vendor.
        NotFoundError: the number is not that of a request delegated to this vendor.
        PatientNotFoundError: the patient is not a member.
    """
    caller.require(Entitlement.VENDOR)
    if errors := list(_errors(report, caller, payer, now)):
        raise InvalidInputError(errors)
    by = caller.subject
    request_id = (
        registrations.request_id_of(report.number)
        if report.number
        else id_of(report.vendor_id, report.reference)
    )

    def attempt() -> Request:
        request = requests.read(request_id) if request_id else None
        if request is None:
            if report.number or request_id is None:
                raise _unknown()
            request = _shown(
                request_id,
                report,
                by,
                reference=reference,
                payer=payer,
                lookup=code_sets.listed,
                now=now,
            )
            return _reported_request(request, by, registrations, payer, serial)
        if request.review is None or request.review.vendor_id != report.vendor_id:
            raise _unknown()
        change = request.report(
            _decisions(report, request.content, by, payer, code_sets.listed),
            report.reported_at,
            by,
            now,
        )
        if change is None:
            return request
        requests.record(change)
        return change.request

    return retry(attempt, on=(ConcurrentChangeError, RegisteredAlreadyError))


def _shown(
    request_id: str,
    report: VendorReport,
    by: str,
    *,
    reference: ReferenceReader,
    payer: Payer,
    lookup: Lookup,
    now: datetime,
) -> Request:
    """A request that was submitted to the vendor, with its determination, without a number."""
    content = report.content
    if content is None:
        message = "this case does not exist here: send all details of the case, or our number"
        raise InvalidInputError([FieldError("/content", "missing", message)])
    if errors := _content_errors(content):
        raise InvalidInputError(errors)
    if content.patient is None:
        raise AssertionError("a report has a patient")
    member = require_member(reference.member(content.patient.member_id), content.patient, payer)
    lines = _lines(content, _decisions(report, content, by, payer, lookup))
    first_days = [service.first_day for service in content.services if service.first_day]
    request = received_request(
        request_id,
        content,
        plan=member.coverage_near(min(first_days)).plan,
        received_at=report.reported_at,
        channel=Channel.VENDOR,
        reference=report.reference,
        now=now,
    )
    entries = reference.entries(provider_ids(content))
    review = request.submitted.model_copy(
        update={
            "lines": lines,
            "vendor_id": report.vendor_id,
            "reported_at": report.reported_at,
            "determined_at": report.reported_at,
            "temporary_providers": matched(request_id, content, {}, entries),
        }
    )
    status = determined_status(line.counts_as for line in lines)
    return request.model_copy(update={"status": status, "review": review})


def _reported_request(
    request: Request,
    by: str,
    registrations: Registrations,
    payer: Payer,
    serial: Callable[[], int],
) -> Request:
    def store(number: str) -> Request:
        stored = with_number(request, number)
        event = event_of(stored, EventType.REQUEST_DETERMINED, by)
        registrations.register(
            stored,
            event,
            covered_on=None,
            fingerprint=submitted_fingerprint(stored),
            unique=False,
        )
        return stored

    return store_with_number(store, payer=payer, serial=serial)


def _lines(content: RequestContent, decisions: Mapping[str, Decision]) -> tuple[ServiceLine, ...]:
    lines = service_lines_of(content.services)
    errors = [
        FieldError("/lines", "line_missing", f"line {line.line_id} needs a decision")
        for line in lines
        if line.line_id not in decisions
    ]
    if errors:
        raise InvalidInputError(errors)
    return tuple(
        line.model_copy(update={"decisions": (decisions[line.line_id],)}) for line in lines
    )


def _decisions(
    report: VendorReport, content: RequestContent, by: str, payer: Payer, lookup: Lookup
) -> dict[str, Decision]:
    requested = requested_lines(content)
    errors: list[FieldError] = []
    for index, line in enumerate(report.lines):
        path, found = f"/lines/{index}", requested.get(line.line_id)
        if found is None:
            message = "there is no such line in the request"
            errors.append(FieldError(f"{path}/line_id", "line_unknown", message))
            continue
        errors.extend(error.under(path) for error in errors_of_approval(line, found, payer))
        errors.extend(error.under(path) for error in errors_of_diagnosis(line, found, lookup))
    if errors:
        raise InvalidInputError(errors)
    signature = Signature(by, report.reported_at, FIRST_CYCLE, DecidingRole.VENDOR)
    return {
        line.line_id: decision_of(line, requested[line.line_id], payer, signature)
        for line in report.lines
    }


def _errors(
    report: VendorReport, caller: Caller, payer: Payer, now: datetime
) -> Sequence[FieldError]:
    errors = []
    if report.vendor_id not in caller.vendor_ids:
        errors.append(FieldError("/vendor_id", "not_yours", "name a vendor you speak for"))
    if report.reported_at > now:
        errors.append(FieldError("/reported_at", "in_future", "say when it was decided"))
    seen: set[str] = set()
    for index, line in enumerate(report.lines):
        path = f"/lines/{index}"
        if line.line_id in seen:
            errors.append(FieldError(f"{path}/line_id", "duplicate", "decide each line once"))
        seen.add(line.line_id)
        found = list(errors_of_approval(line, None, payer))
        if line.status.rule.adverse:
            found.extend(errors_of_code(line, "a denial", payer))
        errors.extend(error.under(path) for error in found)
    return errors


def _content_errors(content: RequestContent) -> Sequence[FieldError]:
    """The details that a case must have to be shown; the vendor judged the others."""
    message = "the report has to name it"
    errors = []
    if content.patient is None:
        errors.append(FieldError("/content/patient", "missing", message))
    for name in ("requesting_provider", "servicing_provider"):
        provider = getattr(content, name)
        if provider is None or provider.tin is None:
            errors.append(FieldError(f"/content/{name}/tin", "missing", message))
    if not content.services:
        errors.append(FieldError("/content/services", "missing", message))
    errors.extend(
        FieldError(f"/content/services/{index}/service_date", "missing", message)
        for index, service in enumerate(content.services)
        if service.first_day is None
    )
    return errors


def _unknown() -> NotFoundError:
    return NotFoundError("No request of this number was handed to this vendor.")
