"""Record the determinations that delegated vendors report (W8, W10).

A vendor reports decisions on the service lines that the payer delegated to it, or on a whole case that
the provider requested from the vendor. In both cases the rule list determines which lines it decides.
If another request approves a service that the vendor approves, the decision names that request (S2).
"""

from collections.abc import Callable
from datetime import datetime

from precert.domain.assessment import Assessment
from precert.domain.caller import Caller
from precert.domain.code_sets import Lookup
from precert.domain.decisions import service_lines_of
from precert.domain.delegation import Delegation, RecordedReport
from precert.domain.duplicates import submitted_fingerprint
from precert.domain.errors import FieldError, InvalidInputError, NotFoundError, TransientError
from precert.domain.event_types import EventType
from precert.domain.matching import matched
from precert.domain.payer import Payer
from precert.domain.request import Comparison, Request
from precert.domain.request_events import event_of
from precert.domain.retry import retry
from precert.domain.review import Channel
from precert.domain.statuses import Status, determined_status
from precert.domain.vendor_reports import (
    VendorReport,
    decisions_of,
    errors_of_content,
    errors_of_entries,
    errors_of_reference,
    errors_of_report,
)
from precert.names import Entitlement
from precert.usecases.overlaps import confirmed_overlaps, find_overlaps
from precert.usecases.ownership import EvaluateCase
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    Fingerprints,
    RegisteredAlreadyError,
    Registrations,
    RequestStore,
)
from precert.usecases.submission import received_request, store_with_number, with_number


def report_determination(  # noqa: PLR0913 - each is a dependency
    report: VendorReport,
    caller: Caller,
    *,
    id_of: Callable[[str, str], str],
    registrations: Registrations,
    requests: RequestStore,
    fingerprints: Fingerprints,
    evaluate_case: EvaluateCase,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
    serial: Callable[[], int],
) -> Request:
    """Record the determination on the delegated request, or as a new request of the vendor.

    A report of the same or an earlier time than the last one of the case changes nothing.

    Raises:
        NotEntitledError: the caller is not a delegated vendor.
        InvalidInputError: with all errors of the report, including lines that are not delegated to the
            vendor, and a vendor for which the caller does not act.
        NotFoundError: no request with the number is delegated to this vendor.
        PatientNotFoundError: the patient is not a member.
        TransientError: the payer has not assessed its own lines yet, or every write conflicted.
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
                evaluate_case=evaluate_case,
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
            *errors_of_report(report, payer, request.submitted.submitted_at, now),
            *errors_of_reference(report, request),
        ]
        decisions = decisions_of(
            report,
            request.content,
            [line.line_id for line in request.submitted.lines_of_vendor(delegation)],
            errors,
            by=caller.subject,
            payer=payer,
            lookup=code_sets.listed,
        )
        if request.status is Status.PROCESSING:
            # The vendor has received its lines, and the payer is still assessing its own.
            raise TransientError(
                "The payer is still assessing this request. Send the report again later."
            )
        if request.report(report.vendor_id, decisions, recorded, now) is None:
            return request
        found = find_overlaps(request, decisions, fingerprints=fingerprints, requests=requests)
        decisions = confirmed_overlaps(decisions, found)
        change = request.report(report.vendor_id, decisions, recorded, now)
        if change is None:
            raise AssertionError("overlaps do not change the time of a report")
        requests.record(change._replace(compared=found.compared))
        return change.request

    return retry(attempt, on=(ConcurrentChangeError, RegisteredAlreadyError))


def _delegation(request: Request, report: VendorReport) -> Delegation:
    """The delegation to the vendor.

    Raises:
        NotFoundError: the vendor has neither received lines of the request nor reported it.
    """
    review = request.review
    delegation = review.delegated_to(report.vendor_id) if review else None
    if delegation is None or not (delegation.delegated_at or delegation.reports):
        raise _unknown()
    return delegation


# -- A case that was requested from the vendor ---------------------------------------------------------


def _reported_case(
    request_id: str,
    report: VendorReport,
    recorded: RecordedReport,
    *,
    evaluate_case: EvaluateCase,
    lookup: Lookup,
    payer: Payer,
    now: datetime,
) -> Request:
    """A new request with the vendor's determination, without a precertification number.

    Raises:
        InvalidInputError: with all errors of the report.
        PatientNotFoundError: the patient is not a member.
    """
    content = report.content
    errors = list(errors_of_report(report, payer, None, now))
    if content is None:
        message = (
            "this is required, as the payer has no case with this reference; or set `number` to the "
            "precertification number"
        )
        errors.append(FieldError("/content", "missing", message))
    else:
        errors.extend(errors_of_content(content))
    if content is None or any(error.pointer.startswith("/content") for error in errors):
        raise InvalidInputError([*errors, *errors_of_entries(report, payer, lookup)])
    evaluated = evaluate_case(content, report.vendor_id, report.reported_at)
    errors.extend(evaluated.errors)
    lines = service_lines_of(content.services)
    line_ids = tuple(line.line_id for line in lines)
    decisions = decisions_of(
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
        plan=evaluated.member.coverage_near(min(first_days)).plan,
        received_at=report.reported_at,
        channel=Channel.VENDOR,
        reference=report.reference,
        now=now,
    )
    if evaluated.vendor is None:
        raise AssertionError("the rule list delegates every line to the vendor")
    rule_list = evaluated.rule_list
    delegation = Delegation(
        vendor=evaluated.vendor, line_ids=line_ids, rule_list=rule_list, reports=(recorded,)
    )
    review = request.submitted.model_copy(
        update={
            "lines": tuple(
                line.model_copy(update={"decisions": (decisions[line.line_id],)}) for line in lines
            ),
            "ownership": (delegation,),
            "assessment": Assessment(rule_list=rule_list, assessed_at=now, lines=()),
            "determined_at": report.reported_at,
            "temporary_providers": matched(request_id, content, {}, evaluated.entries),
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
    """The request, whose decisions name other requests that approve the same services (S2)."""
    review = request.submitted
    decisions = {line.line_id: line.decisions[-1] for line in review.lines}
    found = find_overlaps(request, decisions, fingerprints=fingerprints, requests=requests)
    decisions = confirmed_overlaps(decisions, found)
    lines = tuple(
        line.model_copy(update={"decisions": (decisions[line.line_id],)}) for line in review.lines
    )
    review = review.model_copy(update={"lines": lines})
    return request.model_copy(update={"review": review}), found.compared


def _unknown() -> NotFoundError:
    return NotFoundError("No request with this number is delegated to this vendor.")
