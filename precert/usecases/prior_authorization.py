"""Requests of the Prior Authorization API: submitted and assessed in one call (S5, W1).

They are requests like those of the portal: the same rules, duplicates, clocks, notices and visibility.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from precert.domain.audit import Basis, note_basis
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_sets import errors_of_codes
from precert.domain.completeness import errors_of_claim
from precert.domain.content import RequestContent
from precert.domain.coverage import Plan
from precert.domain.documents import Document, DocumentStatus
from precert.domain.duplicates import submitted_fingerprint
from precert.domain.errors import (
    CheckNotAvailableError,
    FieldError,
    InvalidInputError,
    KeyReusedError,
    PatientNotEligibleError,
    PatientNotFoundError,
    TransientError,
)
from precert.domain.event_types import EventType
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.request_events import event_of
from precert.domain.review import FIRST_CYCLE, Channel
from precert.names import Entitlement
from precert.usecases.assessment import assess_cycle
from precert.usecases.documents import document_event
from precert.usecases.members import require_checkable
from precert.usecases.ports.reference import CodeSets, ReferenceReader, RuleLists, RuleListVersions
from precert.usecases.ports.requests import (
    CoverageChangedError,
    DuplicateFoundError,
    Fingerprints,
    RegisteredAlreadyError,
    Registrations,
    RequestFile,
    RequestStore,
)
from precert.usecases.received_documents import ReceivedFile, received_document
from precert.usecases.submission import (
    duplicate_error,
    received_request,
    store_with_number,
    with_number,
)

_REFUSALS: Final = (
    InvalidInputError,
    PatientNotFoundError,
    PatientNotEligibleError,
    CheckNotAvailableError,
)


def submit_prior_authorization(  # noqa: PLR0913 - each is a dependency
    content: RequestContent,
    claim_id: str,
    original: bytes | None,
    caller: Caller,
    *,
    files: Sequence[ReceivedFile] = (),
    id_of: Callable[[str], str],
    requests: RequestStore,
    registrations: Registrations,
    reference: ReferenceReader,
    rule_lists: RuleLists,
    rule_list_versions: RuleListVersions,
    fingerprints: Fingerprints,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
    serial: Callable[[], int],
) -> RequestFile:
    """Store the request of a claim and assess it by the rules; return it in its current state.

    ``id_of`` derives the request's id from ``claim_id``, the identifier that the submitter gave the
    claim: a repeated submission returns the request as it is then. ``original`` is the claim as it was
    sent, compressed by gzip; the request of an order has none. If the assessment fails for a technical
    reason, the request is returned before it; the workflow repeats it. ``files`` become documents of
    the request, as many as a submission takes; :func:`store_received_files` stores their bytes.

    Raises:
        NotEntitledError.
        InvalidInputError: something is missing or wrong; all errors are listed.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError.
        DuplicateRequestError: an open request repeats it; named if the caller may see it (S2).
        KeyReusedError: the identifier is that of another patient's or provider's claim.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    request_id = id_of(claim_id)
    try:
        plan = _admitted(
            content, caller, reference=reference, code_sets=code_sets, payer=payer, now=now
        )
    except _REFUSALS:
        # What was accepted once is answered again, whatever the calendar would refuse by now.
        known = requests.read_file(request_id)
        if known is None or own_request(known.request, caller) is None:
            raise
        require_same_patient(known.request, content)
        return stored_file(known, caller)
    received = received_request(
        request_id,
        content,
        plan=plan,
        received_at=now,
        channel=Channel.API,
        reference=claim_id,
        submitted_by=caller.subject,
        now=now,
    )
    tins = tuple(sorted(caller.tins.intersection(content.tins)))
    review = received.submitted.model_copy(update={"submitter_tins": tins})
    request = received.model_copy(update={"review": review})
    received_documents = (
        received_document(request_id, one, at, sender=tins[0], id_of=id_of, now=now)
        for at, one in enumerate(files[: payer.documents.max_at_submission], start=1)
    )
    sent: list[Document] = []
    for one in received_documents:
        # The same file can be in two places of a bundle.
        if all(one.document_id != other.document_id for other in sent):
            sent.append(one)

    def store(number: str) -> None:
        stored = with_number(request, number)
        registrations.register(
            stored,
            event_of(stored, EventType.REQUEST_SUBMITTED, caller.subject),
            covered_on=local_date(now, payer.zone),
            fingerprint=submitted_fingerprint(stored),
            original=original,
            documents=sent,
            document_events=[
                document_event(stored, document, now)
                for document in sent
                if document.status is DocumentStatus.REFUSED
            ],
        )

    try:
        store_with_number(store, payer=payer, serial=serial)
    except CoverageChangedError as refusal:
        raise PatientNotEligibleError(payer.notices["not_eligible"]) from refusal
    except DuplicateFoundError as refusal:
        seen = not refusal.existing.tins.isdisjoint(caller.tins)
        raise duplicate_error(payer, refusal.existing if seen else None) from refusal
    except RegisteredAlreadyError as refusal:
        current = own_request(refusal.current, caller)
        if current is None:
            raise KeyReusedError(_OTHERS) from refusal
        require_same_patient(current, content)
    # The workflow assesses every submitted request, and repeats it until it succeeds.
    with suppress(TransientError):
        assess_cycle(
            request_id,
            FIRST_CYCLE,
            requests=requests,
            reference=reference,
            rule_lists=rule_lists,
            versions=rule_list_versions,
            fingerprints=fingerprints,
            payer=payer,
            now=now,
        )
    return stored_file(requests.read_file(request_id), caller)


def _admitted(
    content: RequestContent,
    caller: Caller,
    *,
    reference: ReferenceReader,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
) -> Plan:
    """The plan of a request that is complete and valid, and whose member is covered today."""
    errors = [
        *errors_of_claim(content, payer, local_date(now, payer.zone)),
        *errors_of_codes(content, code_sets.listed),
    ]
    if content.tins and not caller.tins.intersection(content.tins):
        message = "the requesting or the servicing provider must have one of your TINs"
        errors.append(FieldError("/requesting_provider/tin", "not_yours", message))
    if errors:
        raise InvalidInputError(errors)
    if content.patient is None:
        raise AssertionError("completeness requires a patient")
    member = reference.member(content.patient.member_id)
    return require_checkable(member, content.patient, payer=payer, now=now).plan


_OTHERS: Final = "Another provider's claim has this identifier. Send the claim with another one."


def require_same_patient(known: Request, content: RequestContent) -> None:
    """Refuse a claim whose identifier was used for another patient: it is no repetition."""
    if known.content_as_submitted.member_id != content.member_id:
        raise KeyReusedError("This identifier is that of another patient's claim. Use another one.")


def own_request(request: Request | None, caller: Caller) -> Request | None:
    return request if request is not None and request.tins & caller.tins else None


def stored_file(file: RequestFile | None, caller: Caller) -> RequestFile:
    if file is None:
        raise AssertionError("a submitted request is stored")
    note_basis(Basis.TIN, file.request.tins & caller.tins)
    return file
