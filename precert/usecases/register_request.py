"""Register a request that came by phone, fax, mail or EDI (S5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from precert.contract import Entitlement, EventType
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_sets import faults_of_codes
from precert.domain.completeness import faults_of_submission
from precert.domain.content import RequestContent
from precert.domain.duplicates import footprint_of
from precert.domain.errors import (
    DuplicateRequestError,
    Fault,
    InvalidInputError,
    KeyReusedError,
    PatientNotEligibleError,
)
from precert.domain.matching import typed_in
from precert.domain.payer import Payer
from precert.domain.request import Request, event_of, lines_of
from precert.domain.review import Channel, Review
from precert.domain.statuses import Status
from precert.usecases.confirm_patient import require_checkable
from precert.usecases.draw_number import UNNUMBERED, numbered
from precert.usecases.ports.code_sets import CodeSets
from precert.usecases.ports.drafts import CoverageChangedError
from precert.usecases.ports.duplicates import DuplicateFoundError
from precert.usecases.ports.reference import ReferenceReader
from precert.usecases.ports.registrations import RegisteredAlreadyError, Registrations
from precert.usecases.submit_draft import SubmittedRequest


@dataclass(frozen=True)
class Arrival:
    """How a request came in: by which way, what it is called there, and when it was received."""

    channel: Channel
    reference: str
    received_at: datetime


def register_request(
    arrival: Arrival,
    content: RequestContent,
    caller: Caller,
    *,
    new_id: Callable[[str, str], str],
    registrations: Registrations,
    reference: ReferenceReader,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
    serial: Callable[[], int],
) -> SubmittedRequest:
    """Store it as submitted: from here on it goes the way of every request.

    ``new_id`` makes the id of channel and reference, so that what is registered twice is one request;
    its clock runs from the receipt.

    Raises:
        NotEntitledError.
        InvalidInputError: something is missing or wrong; all of it is listed.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError.
        DuplicateRequestError: a request for the same stands; names it (S2).
        KeyReusedError: the reference names another request.
    """
    caller.require(Entitlement.INTAKE)
    day = local_date(arrival.received_at, payer.zone)
    faults = faults_of_submission(content, payer, day)
    faults.extend(faults_of_codes(content, code_sets.listed))
    faults = [fault.under("/content") for fault in faults]
    if arrival.received_at > now:
        faults.append(Fault("/received_at", "in_future", "say when it was received"))
    if faults:
        raise InvalidInputError(faults)
    if content.patient is None:
        raise AssertionError("completeness requires a patient")
    member = reference.member(content.patient.member_id)
    coverage = require_checkable(member, content.patient, payer=payer, now=arrival.received_at)
    request_id = new_id(arrival.channel.value, arrival.reference)
    request = Request(
        request_id=request_id,
        version=1,
        status=Status.PROCESSING,
        tins=frozenset(content.tins),
        plan=coverage.plan,
        content=content,
        created_at=now,
        updated_at=now,
        started_with=sha256(content.model_dump_json().encode()).hexdigest(),
        review=Review(
            number=UNNUMBERED,
            submitted_at=arrival.received_at,
            submitted_version=0,
            lines=lines_of(content.services),
            channel=arrival.channel,
            reference=arrival.reference,
            temporary_providers=typed_in(request_id, content),
        ),
    )

    def store(drawn: Request) -> None:
        event = event_of(drawn, EventType.REQUEST_SUBMITTED, caller.subject)
        review = drawn.submitted
        footprint = footprint_of(
            drawn.request_id, review.number, review.submitted_at, drawn.content
        )
        registrations.register(drawn, event, covered_on=day, footprint=footprint)

    try:
        return SubmittedRequest.of(numbered(request, store, payer=payer, serial=serial))
    except CoverageChangedError as refusal:
        raise PatientNotEligibleError(payer.notices["not_eligible"]) from refusal
    except DuplicateFoundError as refusal:
        existing = refusal.existing
        raise DuplicateRequestError(
            payer.notices["duplicate"],
            existing={"request_id": existing.request_id, "number": existing.number},
        ) from refusal
    except RegisteredAlreadyError as refusal:
        return _registered(refusal.current, request)


def _registered(current: Request | None, request: Request) -> SubmittedRequest:
    """What was registered before, if this is the same arrival sent again."""
    if current is None or current.started_with != request.started_with:
        raise KeyReusedError("This reference names another request of the same channel.")
    return SubmittedRequest.of(current)
