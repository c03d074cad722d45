"""Requests of the Prior Authorization API: submitted and assessed in one call (S5, W1).

They are treated as requests of the portal: the same rules, duplicates, clocks, notices and access.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

from precert.domain.audit import Basis, note_basis, note_request
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_sets import errors_of_codes
from precert.domain.completeness import errors_of_claim
from precert.domain.content import RequestContent
from precert.domain.coverage import Plan
from precert.domain.documents import DocumentStatus
from precert.domain.duplicates import submitted_fingerprint
from precert.domain.errors import (
    CheckNotAvailableError,
    FieldError,
    InvalidInputError,
    KeyReusedError,
    PatientNotEligibleError,
    PatientNotFoundError,
    PrecertError,
    TransientError,
)
from precert.domain.event_types import EventType
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.request_events import event_of
from precert.domain.retry import retry
from precert.domain.review import FIRST_CYCLE, Channel
from precert.domain.statuses import Status
from precert.domain.values import MAX_TEXT
from precert.names import Entitlement
from precert.usecases.assessment import AssessmentSources, assess_before_storing, assess_cycle
from precert.usecases.documents import document_event
from precert.usecases.facts_of_call import ReadOnce
from precert.usecases.members import require_checkable
from precert.usecases.ports.reference import CodeSets, ReferenceReader, RuleLists, RuleListVersions
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    CoverageChangedError,
    DuplicateFoundError,
    Fingerprints,
    RegisteredAlreadyError,
    Registrations,
    RequestFile,
    RequestStore,
)
from precert.usecases.received_documents import ReceivedFile, received_records
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
    document_id_of: Callable[[str], str],
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
    """Assess the request of a claim by the rules, and store it with the result in one transaction.

    Three AWS calls: the member with the rule list in effect, the member's other requests, and the
    transaction; one more for each request that may be a duplicate. The transaction requires that the
    member is covered (A6), and that no other request was approved automatically meanwhile.

    ``id_of`` derives the request's id from ``claim_id``, the submitter's identifier of the claim: a
    repeated submission returns the current request. ``original`` is the claim as it was sent,
    compressed by gzip; the request of an order has none. If the assessment fails for a technical
    reason, the request is stored without it, and the workflow assesses it. ``files`` become documents
    of the request, up to the limit of a submission; :func:`store_received_files` stores their bytes.

    Raises:
        NotEntitledError.
        InvalidInputError: something is missing or wrong; all errors are listed.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError.
        DuplicateRequestError: an open request has the same services; the error states its number if
            the caller may read it (S2).
        KeyReusedError: the identifier is that of another patient's or provider's claim.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    request_id = id_of(claim_id)
    reference = ReadOnce(reference)
    try:
        plan = _admitted(
            content, caller, reference=reference, code_sets=code_sets, payer=payer, now=now
        )
    except _REFUSALS:
        # A repetition of an accepted claim gets its response, even if the date would refuse it by now.
        known = requests.read_file(request_id)
        if known is None or own_request(known.request, caller) is None:
            raise
        require_same_patient(known.request, content)
        return stored_file(known, caller)
    sources = AssessmentSources(
        requests=requests,
        reference=reference,
        rule_lists=rule_lists,
        rule_list_versions=rule_list_versions,
        fingerprints=fingerprints,
        payer=payer,
        now=now,
    )
    request = _received(request_id, content, claim_id, plan, caller, now)
    documents = received_records(
        request_id,
        files[: payer.documents.max_at_submission],
        sender=min(request.submitted.submitter_tins),
        document_id_of=document_id_of,
        now=now,
    )

    def store(number: str) -> RequestFile:
        numbered = with_number(request, number)
        event = event_of(numbered, EventType.REQUEST_SUBMITTED, caller.subject)
        file = RequestFile(numbered, documents, (event,), original=original)
        changes: tuple[Change, ...] = ()
        with suppress(TransientError):
            changes = assess_before_storing(file, sources)
        return _stored(file, changes, registrations, payer, now)

    try:
        file = retry(
            lambda: store_with_number(store, payer=payer, serial=serial), on=ConcurrentChangeError
        )
    except (CoverageChangedError, DuplicateFoundError) as refusal:
        raise _refusal_of(refusal, caller, payer) from refusal
    except RegisteredAlreadyError as refusal:
        current = own_request(refusal.current, caller)
        if current is None:
            raise KeyReusedError(_OTHERS) from refusal
        require_same_patient(current, content)
        file = stored_file(requests.read_file(request_id), caller)
    note_request(request_id, content.member_id)
    if file.request.status is not Status.PROCESSING:
        return stored_file(file, caller)
    # If this fails, the workflow assesses the request, and retries until it succeeds.
    with suppress(TransientError):
        assess_cycle(request_id, FIRST_CYCLE, sources)
    return stored_file(requests.read_file(request_id), caller)


def _received(
    request_id: str,
    content: RequestContent,
    claim_id: str,
    plan: Plan,
    caller: Caller,
    now: datetime,
) -> Request:
    """The request of a claim, without a number; it records which of the caller's TINs submitted it."""
    received = received_request(
        request_id,
        content,
        plan=plan,
        received_at=now,
        channel=Channel.API,
        reference=_shown(claim_id),
        submitted_by=caller.subject,
        now=now,
    )
    tins = tuple(sorted(caller.tins.intersection(content.tins)))
    review = received.submitted.model_copy(update={"submitter_tins": tins})
    return received.model_copy(update={"review": review})


def _stored(
    file: RequestFile,
    changes: Sequence[Change],
    registrations: Registrations,
    payer: Payer,
    now: datetime,
) -> RequestFile:
    """Store a new request with its documents and the changes of its assessment in one transaction.

    Returns the file with the changes.

    Raises:
        NumberTakenError, ConcurrentChangeError: the transaction can be repeated.
        CoverageChangedError, DuplicateFoundError, RegisteredAlreadyError: the request is not stored.
    """
    request, (event,) = file.request, file.events
    registrations.register(
        request,
        event,
        covered_on=local_date(now, payer.zone),
        fingerprint=submitted_fingerprint(request),
        original=file.original,
        documents=file.documents,
        document_events=[
            document_event(request, document, now)
            for document in file.documents
            if document.status is DocumentStatus.REFUSED
        ],
        changes=changes,
    )
    events = (event, *(one.event for one in changes))
    return replace(file, request=changes[-1].request if changes else request, events=events)


def _refusal_of(
    refusal: CoverageChangedError | DuplicateFoundError, caller: Caller, payer: Payer
) -> PrecertError:
    """The error of a request that was not stored; names a duplicate that the caller may read (S2)."""
    if isinstance(refusal, CoverageChangedError):
        return PatientNotEligibleError(payer.notices["not_eligible"])
    seen = not refusal.existing.tins.isdisjoint(caller.tins)
    return duplicate_error(payer, refusal.existing if seen else None)


def errors_of_parts(
    errors: Sequence[FieldError],
    partial: RequestContent | None,
    *,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
) -> list[FieldError]:
    """The errors of unreadable values, and those of the rest of the content, in one list."""
    if partial is None:
        return list(errors)
    others = [
        *errors_of_claim(partial, payer, local_date(now, payer.zone)),
        *errors_of_codes(partial, code_sets.listed),
    ]
    return [*errors, *of_other_values(others, errors)]


def of_other_values(
    others: Sequence[FieldError], errors: Sequence[FieldError]
) -> Iterator[FieldError]:
    """Those of ``others`` whose pointers are neither above nor below one of ``errors``."""
    known = [f"{one.pointer}/" for one in errors]
    for one in others:
        own = f"{one.pointer}/"
        if not any(own.startswith(each) or each.startswith(own) for each in known):
            yield one


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
    member = reference.check_facts(content.patient.member_id).member
    return require_checkable(member, content.patient, payer=payer, now=now).plan


def _shown(claim_id: str) -> str:
    """The identifier as it is displayed: printable and shortened. Lookups use the whole identifier."""
    plain = "".join(one for one in claim_id if one.isprintable()).strip()
    return plain if len(plain) <= MAX_TEXT else f"{plain[: MAX_TEXT - 1]}\u2026"


_OTHERS: Final = "Another provider's claim has this identifier. Use a different identifier."


def require_same_patient(known: Request, content: RequestContent) -> None:
    """Refuse a claim of another patient.

    Raises:
        KeyReusedError.
    """
    if content.member_id not in (None, known.content_as_submitted.member_id):
        raise KeyReusedError(
            "Another patient's claim has this identifier. Use a different identifier."
        )


def own_request(request: Request | None, caller: Caller) -> Request | None:
    return request if request is not None and request.tins & caller.tins else None


def stored_file(file: RequestFile | None, caller: Caller) -> RequestFile:
    if file is None:
        raise AssertionError("a submitted request is stored")
    note_basis(Basis.TIN, file.request.tins & caller.tins)
    return file
