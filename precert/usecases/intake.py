"""Requests that the payer's staff registers from other channels (S5)."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field

from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_sets import errors_of_codes
from precert.domain.completeness import errors_of_submission
from precert.domain.content import RequestContent
from precert.domain.dates import Instant
from precert.domain.duplicates import submitted_fingerprint
from precert.domain.errors import (
    FieldError,
    InvalidInputError,
    KeyReusedError,
    PatientNotEligibleError,
)
from precert.domain.event_types import EventType
from precert.domain.payer import Payer
from precert.domain.request import Request, event_of
from precert.domain.review import (
    Channel,
)
from precert.domain.values import Text, Value
from precert.names import Entitlement
from precert.usecases.members import require_checkable
from precert.usecases.ports.reference import CodeSets, ReferenceReader
from precert.usecases.ports.requests import (
    CoverageChangedError,
    DuplicateFoundError,
    RegisteredAlreadyError,
    Registrations,
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
