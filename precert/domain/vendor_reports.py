"""The report of a delegated vendor about its decisions on a case, with its validation (W8, W10)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from precert.domain.clocks import history_end
from precert.domain.code_sets import Lookup
from precert.domain.codes import code_types_of
from precert.domain.content import MAX_LINES, RequestContent, numbered_lines
from precert.domain.dates import Instant
from precert.domain.decisions import DecidingRole, Decision, LineDecision, service_lines_of
from precert.domain.delegation import VendorReviewer
from precert.domain.determination import (
    Signature,
    decision_of,
    errors_of_approval,
    errors_of_decisions,
    errors_of_line,
)
from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.requested_lines import RequestedLine, requested_lines
from precert.domain.review import FIRST_CYCLE
from precert.domain.values import Text, Value
from precert.domain.wording import counted


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


def errors_of_report(
    report: VendorReport, payer: Payer, received_at: datetime | None, now: datetime
) -> Iterator[FieldError]:
    """Errors of the report except those of single lines.

    ``received_at`` is when the payer received the request; ``None`` for a case of the vendor.
    """
    at = report.reported_at
    if at > now:
        yield FieldError("/reported_at", "in_future", "must not be in the future")
    elif at < _earliest(payer, now):
        message = f"must be within the last {counted(payer.history_years, 'years')}"
        yield FieldError("/reported_at", "too_early", message)
    elif received_at is not None and report.number and at < received_at:
        message = "must not be before the request was received"
        yield FieldError("/reported_at", "too_early", message)
    yield from errors_of_decisions(report.lines)


def _earliest(payer: Payer, now: datetime) -> datetime:
    """The earliest time of a decision that is within retention."""
    return history_end(now, -payer.history_years, payer.zone)


def decisions_of(
    report: VendorReport,
    content: RequestContent,
    line_ids: Collection[str],
    errors: Sequence[FieldError],
    *,
    by: str,
    payer: Payer,
    lookup: Lookup,
) -> dict[str, Decision]:
    """The decisions on the vendor's lines ``line_ids``, by line id (W4, W10).

    They are validated as those of a reviewer, except that an adverse one needs a licensed reviewer of
    the vendor. ``by`` is the subject of the client that sent the report.

    Raises:
        InvalidInputError: with ``errors``, which the caller found, and those of the lines.
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
            yield FieldError(
                "/lines", "line_missing", f"must include a decision for line {line_id}"
            )
    for index, line in enumerate(report.lines):
        path = f"/lines/{index}"
        if line.line_id not in requested:
            message = "must be the id of a line of the request"
            yield FieldError(f"{path}/line_id", "line_unknown", message)
        elif line.line_id not in line_ids:
            procedure = codes[line.line_id]
            code = f" ({procedure.code})" if procedure else ""
            message = (
                f"must be a line that is delegated to {report.vendor_id}; omit {line.line_id}{code}"
            )
            yield FieldError(f"{path}/line_id", "not_delegated", message)
        for error in errors_of_line(line, requested.get(line.line_id), payer, lookup):
            yield error.under(path)


def errors_of_entries(report: VendorReport, payer: Payer, lookup: Lookup) -> Iterator[FieldError]:
    """Errors of the decisions in a report whose content is missing or invalid."""
    for index, line in enumerate(report.lines):
        line_errors = list(errors_of_line(line, None, payer, lookup))
        if line.status.rule.approves:
            line_errors.extend(errors_of_approval(line, None, payer))
        for error in line_errors:
            yield error.under(f"/lines/{index}")


def _errors_of_reviewer(
    reviewer: VendorReviewer | None, payer: Payer, *, adverse: bool
) -> Iterator[FieldError]:
    """The error of an adverse decision without a reviewer or with an unlicensed one (W10)."""
    if not adverse:
        return
    if reviewer is None:
        message = (
            "must have the name and credential of the reviewer, as a line is denied or reduced"
        )
        yield FieldError("/reviewer", "missing", message)
        return
    choices = payer.utilization_management.licensed_credentials
    if reviewer.credential.replace(".", "").upper() not in choices:
        message = f"must be one of {', '.join(choices)} for a denial or a reduction"
        yield FieldError("/reviewer/credential", "not_a_choice", message, choices)


def errors_of_reference(report: VendorReport, request: Request) -> Iterator[FieldError]:
    """The error of a reference that was used for a case of another member or with other lines."""
    content = report.content
    if content is None:
        return
    sent = service_lines_of(content.services)
    stored = [line.model_copy(update={"decisions": ()}) for line in request.submitted.lines]
    if content.member_id != request.content.member_id or list(sent) != stored:
        message = (
            "must be unused; the vendor reported a case of another member or other lines with it"
        )
        yield FieldError("/reference", "reference_used", message)


def errors_of_content(content: RequestContent) -> Iterator[FieldError]:
    """Errors of missing data without which a vendor's case cannot be recorded."""
    message = "this is required for a case that was requested from the vendor"
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
            message_of_codes = "must have at least one code: the rule list delegates by code"
            yield FieldError(f"{at}/procedures", "missing", message_of_codes)
        for number, procedure in enumerate(service.procedures):
            if not (procedure.code_type or code_types_of(procedure.code)):
                pointer = f"{at}/procedures/{number}/code"
                yield FieldError(
                    pointer, "malformed", "must be a procedure code, as in 44120, J1745 or 0450"
                )
