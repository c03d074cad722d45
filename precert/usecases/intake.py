"""Requests that the payer's staff registers from other channels (S5)."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final, Literal

from pydantic import Field

from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_sets import errors_of_codes
from precert.domain.completeness import errors_of_submission, exceptions_of, without_window
from precert.domain.content import RequestContent
from precert.domain.coverage import Coverage
from precert.domain.dates import Instant, elapsed
from precert.domain.delegation import Ownership
from precert.domain.duplicates import submitted_fingerprint
from precert.domain.errors import (
    CheckNotAvailableError,
    FieldError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    PatientNotEligibleError,
    PatientNotFoundError,
)
from precert.domain.event_types import EventType
from precert.domain.next_steps import error_of_purpose
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.request_events import event_of
from precert.domain.review import CLERKS_CHANNELS, Channel, IntakeException
from precert.domain.values import Text, Value
from precert.names import Entitlement
from precert.usecases.changes import change_request, with_callers_actions
from precert.usecases.members import require_checkable, require_member
from precert.usecases.ownership import LineOwners, errors_of_confirmation
from precert.usecases.ports.listings import Listings, Page
from precert.usecases.ports.reference import CodeSets, ReferenceReader
from precert.usecases.ports.requests import (
    CoverageChangedError,
    DuplicateFoundError,
    RegisteredAlreadyError,
    Registrations,
    RequestFile,
    RequestStore,
)
from precert.usecases.submission import (
    SubmittedRequest,
    duplicate_error,
    received_request,
    store_with_number,
    with_number,
)

LATEST_ENTRY: Final = timedelta(days=365)
"""How long after its receipt a request can be registered. Earlier dates are taken for typing errors."""


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


def register_request(  # noqa: PLR0913 - each is a dependency
    arrival: Arrival,
    content: RequestContent,
    caller: Caller,
    *,
    id_of: Callable[[str, str], str],
    requests: RequestStore,
    registrations: Registrations,
    reference: ReferenceReader,
    line_owners: LineOwners,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
    serial: Callable[[], int],
) -> SubmittedRequest:
    """Store a request as submitted; it is processed like any other.

    Lines that a delegated vendor decides need the same confirmation as in the portal. Staff confirm
    them for the provider, and the confirmation is recorded as one by staff (W8). A request by EDI is
    stored without a person; the assessment assigns its lines.

    Staff may enter dates outside the window (C9), unsupported plans (A4) and members whose coverage is
    not active (A6): the request has intake exceptions, and an operator confirms it. These are errors
    for requests by EDI.

    ``id_of`` derives the id from channel and reference, so that a repeated registration is the same
    request. The decision clock starts at the receipt. A repetition gets the same response even if the
    rule list, the coverage or the date would refuse the request by then.

    Raises:
        NotEntitledError.
        InvalidInputError: something is missing or wrong; all errors are listed.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError.
        DuplicateRequestError: an open request repeats it; the error names it (S2).
        KeyReusedError: the reference names another request.
    """
    caller.require(Entitlement.INTAKE)
    request_id = id_of(arrival.channel.value, arrival.reference)
    digest = sha256(content.model_dump_json().encode()).hexdigest()
    try:
        ownership, coverage, exceptions = _admitted(
            arrival,
            content,
            reference=reference,
            line_owners=line_owners,
            code_sets=code_sets,
            payer=payer,
            now=now,
        )
    except _REFUSALS:
        current = requests.read(request_id)
        if current is None or current.started_with != digest:
            raise
        return SubmittedRequest.of(current)
    day = local_date(arrival.received_at, payer.zone)
    by_staff = arrival.channel is not Channel.EDI
    covered_on = None if IntakeException.COVERAGE_INACTIVE in exceptions else day
    request = received_request(
        request_id,
        content,
        plan=coverage.plan,
        received_at=arrival.received_at,
        channel=arrival.channel,
        reference=arrival.reference,
        submitted_by=caller.subject,
        now=now,
    )
    review = request.submitted.model_copy(update={"intake_exceptions": exceptions})
    if by_staff and ownership.rule_list is not None:
        delegations = ownership.delegations(confirmed_at=now, by_staff=True)
        review = review.model_copy(update={"ownership": delegations})
    request = request.model_copy(update={"review": review, "started_with": digest})

    def store(number: str) -> Request:
        stored = with_number(request, number)
        event = event_of(stored, EventType.REQUEST_SUBMITTED, caller.subject)
        registrations.register(
            stored, event, covered_on=covered_on, fingerprint=submitted_fingerprint(stored)
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


def _admitted(
    arrival: Arrival,
    content: RequestContent,
    *,
    reference: ReferenceReader,
    line_owners: LineOwners,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
) -> tuple[Ownership, Coverage, tuple[IntakeException, ...]]:
    """Who decides each line, the patient's coverage, and the intake exceptions.

    Raises:
        InvalidInputError, PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError.
    """
    day = local_date(arrival.received_at, payer.zone)
    by_staff = arrival.channel is not Channel.EDI
    content_errors = errors_of_submission(content, payer, day)
    ownership = line_owners(content, now=arrival.received_at)
    errors = [
        *(without_window(content_errors) if by_staff else content_errors),
        *errors_of_codes(content, code_sets.listed),
        *_errors_of_owners(content, ownership, by_staff=by_staff),
    ]
    errors = [error.under("/content") for error in errors]
    errors.extend(_errors_of_receipt(arrival.received_at, now))
    if errors:
        raise InvalidInputError(errors)
    if content.patient is None:
        raise AssertionError("completeness requires a patient")
    member = reference.member(content.patient.member_id)
    if by_staff:
        coverage = require_member(member, content.patient, payer).coverage_near(day)
    else:
        coverage = require_checkable(member, content.patient, payer=payer, now=arrival.received_at)
    exceptions = exceptions_of(content_errors, coverage, payer, day)
    return ownership, coverage, exceptions


_REFUSALS: Final = (
    *(InvalidInputError, PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError),
)


def _errors_of_owners(
    content: RequestContent, ownership: Ownership, *, by_staff: bool
) -> Iterator[FieldError]:
    """Errors of a purpose that is not offered, and of vendors not confirmed by staff (C14, W8)."""
    if error := error_of_purpose(content, ownership.without_predetermination):
        yield error
    if by_staff:
        yield from errors_of_confirmation(content, ownership)


def _errors_of_receipt(received_at: datetime, now: datetime) -> Iterator[FieldError]:
    if received_at > now:
        yield FieldError("/received_at", "in_future", "must not be in the future")
    elif received_at < elapsed(now, -LATEST_ENTRY):
        message = f"must be within the last {LATEST_ENTRY.days} days"
        yield FieldError("/received_at", "too_long_ago", message)


def _registered_request(current: Request | None, request: Request) -> SubmittedRequest:
    """The stored request, if this registration is a repetition."""
    if current is None or current.started_with != request.started_with:
        raise KeyReusedError("Another request of the same channel has this reference.")
    return SubmittedRequest.of(current)


def registered(request: Request | None) -> Request:
    """The request, if staff registered it or it arrived by EDI.

    Raises:
        NotFoundError: it does not exist, or was submitted in the portal or to a vendor.
    """
    if request is None or request.review is None or request.review.channel not in CLERKS_CHANNELS:
        raise NotFoundError("There is no registered request with this ID.")
    return request


def list_registered_requests(
    caller: Caller,
    *,
    mine: bool,
    limit: int,
    cursor: str | None,
    listings: Listings,
    requests: RequestStore,
) -> Page[Request]:
    """List registered requests, last registered first. Two database reads.

    ``mine`` selects those that the caller registered; otherwise those of all staff are listed.

    Raises:
        NotEntitledError.
        InvalidInputError: the cursor is not of this list.
    """
    caller.require(Entitlement.INTAKE)
    ids = listings.registered(caller.subject if mine else None, limit=limit, cursor=cursor)
    found = requests.read_all(ids.rows)
    return Page(found.requests, ids.cursor, found.damaged)


def find_registered_request(
    number: str, caller: Caller, *, requests: RequestStore, registrations: Registrations
) -> Request:
    """The registered request with a precertification number. Two database reads.

    Raises:
        NotEntitledError.
        NotFoundError: no request has the number, or it was submitted in the portal or to a vendor.
    """
    caller.require(Entitlement.INTAKE)
    request_id = registrations.request_id_of(number)
    request = requests.read(request_id) if request_id else None
    if request is None or request.submitted.channel not in CLERKS_CHANNELS:
        raise NotFoundError(
            "No registered request has this number. Requests that providers submitted in the portal, "
            "and those of delegated vendors, are not shown here."
        )
    return request


def read_registered_request(
    request_id: str, caller: Caller, *, requests: RequestStore
) -> RequestFile:
    """Read a registered request. One database read.

    Raises:
        NotEntitledError, NotFoundError.
    """
    caller.require(Entitlement.INTAKE)
    file = requests.read_file(request_id)
    registered(file.request if file else None)
    if file is None:
        raise AssertionError("a registered request has a file")
    return file


def void_registered_request(
    request_id: str, reason: str, caller: Caller, *, requests: RequestStore, now: datetime
) -> Request:
    """Withdraw a registered request on behalf of its provider or member. A repetition changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: it is determined, or void for another reason.
    """
    caller.require(Entitlement.INTAKE)

    def withdraw(stored: Request | None) -> Change | Request:
        request = registered(stored)
        if request.submitted.void_reason == reason:
            return request
        return with_callers_actions(
            request,
            lambda: request.void(reason, caller.subject, now),
            lambda: request.clerk_actions(now),
        )

    return change_request(request_id, withdraw, requests=requests)
