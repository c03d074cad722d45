"""Requests of the Prior Authorization API: submitted and assessed in one call (S5, W1).

They are requests like those of the portal: the same rules, duplicates, clocks, notices and visibility.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from precert.domain.amending import amend
from precert.domain.audit import Basis, note_basis
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_sets import errors_of_codes
from precert.domain.completeness import errors_of_claim, errors_of_submission
from precert.domain.content import MAX_SERVICES, RequestContent, line_id_of, numbered_lines
from precert.domain.coverage import Plan
from precert.domain.decisions import ServiceLine, service_lines_of
from precert.domain.documents import Document, DocumentStatus
from precert.domain.duplicates import submitted_fingerprint
from precert.domain.errors import (
    CheckNotAvailableError,
    DamagedRecordError,
    FieldError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    PatientNotEligibleError,
    PatientNotFoundError,
    TransientError,
)
from precert.domain.event_types import EventType
from precert.domain.inquiry import Inquiry
from precert.domain.payer import Payer
from precert.domain.request import Request, event_of
from precert.domain.retry import retry
from precert.domain.review import FIRST_CYCLE, Channel
from precert.domain.statuses import Status
from precert.names import Entitlement
from precert.usecases.documents import document_event
from precert.usecases.members import require_checkable
from precert.usecases.ownership import ownership_of
from precert.usecases.ports.reference import (
    CodeSets,
    ReferenceReader,
    RuleLists,
    RuleListVersions,
)
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
from precert.usecases.received_documents import ReceivedFile, received_document
from precert.usecases.requests import void_request
from precert.usecases.submission import (
    duplicate_error,
    received_request,
    store_with_number,
    with_number,
)
from precert.usecases.workflow import assess_cycle

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
        if known is None or _own_request(known.request, caller) is None:
            raise
        _require_same_patient(known.request, content)
        return _stored(known, caller)
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
        received_document(request_id, one, at, sender=tins[0], id_of=id_of, payer=payer, now=now)
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
        current = _own_request(refusal.current, caller)
        if current is None:
            raise KeyReusedError(_OTHERS) from refusal
        _require_same_patient(current, content)
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
    return _stored(requests.read_file(request_id), caller)


@dataclass(frozen=True)
class ClaimUpdate:
    """A claim that updates an earlier one."""

    claim_id: str
    prior_id: str
    numbers: tuple[str, ...]
    """Precertification numbers that it names."""
    content: RequestContent
    sequences: tuple[int, ...]
    """The item number of each service line of the content, in its order."""
    cancelled: frozenset[int]
    """Item numbers that it cancels."""
    cancels_all: bool
    original: bytes
    """As it was sent, compressed by gzip."""


def update_prior_authorization(  # noqa: PLR0913 - each is a dependency
    update: ClaimUpdate,
    numbers_of: Callable[[RequestFile], Sequence[int]],
    caller: Caller,
    *,
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
) -> RequestFile:
    """Add, replace and cancel service lines of a request, and assess what is not decided.

    Lines are compared with the items of the claim by number: what is equal is unchanged. The request
    keeps its number. A repeated update, and one that changes nothing, returns the request as it is.

    Raises:
        NotEntitledError.
        NotFoundError: the earlier claim is not known, or not the caller's.
        InvalidInputError: an added or changed item is missing something or wrong, or the providers
            differ: those are not changed.
        KeyReusedError: the update is of another patient.
        ActionNotAllowedError: a line was denied or modified, or the status does not allow it.
    """
    caller.require(Entitlement.PATIENT_SEARCH)

    def attempt() -> RequestFile:
        file = _prior_file(update, caller, id_of, requests, registrations)
        request = file.request
        # Some submitters send an update with the identifier of the claim that it updates.
        alias = None if update.claim_id == update.prior_id else id_of(update.claim_id)
        if alias and registrations.request_id_of(alias) == request.request_id:
            return file
        changes = compared_items(update, file, numbers_of(file))
        if not changes.added and not changes.cancelled:
            return file
        _require_same_patient(request, update.content)
        errors = [
            *_errors_of_providers(request, update.content),
            *_errors_of_changes(update, changes, code_sets, payer, now),
        ]
        if errors:
            raise InvalidInputError(errors)
        added_ids = {line.line_id for line in changes.added}
        ownership = ownership_of(
            changes.content, reference=reference, rule_lists=rule_lists, payer=payer, now=now
        ).delegations()
        delegated = [
            one.model_copy(update={"line_ids": ids})
            for one in ownership
            if (ids := tuple(line_id for line_id in one.line_ids if line_id in added_ids))
        ]
        change = amend(
            request,
            changes.content,
            changes.added,
            changes.cancelled,
            ownership=delegated,
            by=caller.subject,
            now=now,
            payer=payer,
        )
        requests.record(change._replace(original=update.original, reference=alias))
        return replace(file, request=change.request)

    updated = retry(attempt, on=ConcurrentChangeError)
    request = updated.request
    if request.status is Status.PROCESSING:
        with suppress(TransientError):
            assess_cycle(
                request.request_id,
                request.submitted.cycle,
                requests=requests,
                reference=reference,
                rule_lists=rule_lists,
                versions=rule_list_versions,
                fingerprints=fingerprints,
                payer=payer,
                now=now,
            )
    return _stored(requests.read_file(request.request_id), caller)


@dataclass(frozen=True)
class ItemChanges:
    """How an update differs from a request. ``content`` has the services of added lines last."""

    content: RequestContent
    added: tuple[ServiceLine, ...]
    cancelled: frozenset[str]
    changed_services: frozenset[int]
    """Indexes of the services of the update that have an added or changed item."""


def compared_items(update: ClaimUpdate, file: RequestFile, numbers: Sequence[int]) -> ItemChanges:
    """The items of an update compared with the service lines of a request, by number."""
    request = file.request
    content = request.content
    if update.cancels_all:
        active = frozenset(line.line_id for line in request.submitted.active_lines)
        return ItemChanges(content, (), active, frozenset())
    stored = {
        line_id: (service.model_copy(update={"procedures": ()}), procedure)
        for line_id, service, procedure in numbered_lines(content.services)
    }
    # Of lines with the same number, the last one is the item as it is.
    latest = dict(zip(numbers, request.submitted.lines, strict=True))
    services, added = list(content.services), list[ServiceLine]()
    cancelled, changed = set[str](), set[int]()
    sent = zip(update.sequences, numbered_lines(update.content.services), strict=True)
    for number, (sent_id, service, procedure) in sent:
        line = latest.get(number)
        is_active = line is not None and line.cancelled_at is None
        if number in update.cancelled:
            if line is not None and is_active:
                cancelled.add(line.line_id)
            continue
        head = service.model_copy(update={"procedures": ()})
        if line is not None and is_active and stored[line.line_id] == (head, procedure):
            continue
        services.append(
            service.model_copy(update={"procedures": (procedure,) if procedure else ()})
        )
        (built,) = service_lines_of([services[-1]])
        update_line = {
            "line_id": line_id_of(len(services), 1),
            "sequence": number,
            "replaces": line.line_id if line is not None and is_active else None,
        }
        added.append(built.model_copy(update=update_line))
        changed.add(int(sent_id.partition(".")[0]) - 1)
    if len(services) > MAX_SERVICES:
        message = f"a request has at most {MAX_SERVICES} services, with those that were changed"
        raise InvalidInputError([FieldError("/services", "too_many_codes", message)])
    return ItemChanges(
        content.model_copy(update={"services": tuple(services)}),
        tuple(added),
        frozenset(cancelled),
        frozenset(changed),
    )


def _prior_file(
    update: ClaimUpdate,
    caller: Caller,
    id_of: Callable[[str], str],
    requests: RequestStore,
    registrations: Registrations,
) -> RequestFile:
    """The request of the earlier claim: of the first one, of an update of it, or with its number."""
    file = requests.read_file(id_of(update.prior_id))
    for known_as in (id_of(update.prior_id), *update.numbers):
        if file is not None:
            break
        request_id = registrations.request_id_of(known_as)
        file = requests.read_file(request_id) if request_id else None
    if file is None or _own_request(file.request, caller) is None or file.request.review is None:
        raise NotFoundError(_NO_PRIOR)
    return file


def _errors_of_providers(request: Request, content: RequestContent) -> list[FieldError]:
    """Errors of providers that differ: a change of them is another request (W5)."""
    known, errors = request.content_as_submitted, []
    for name in ("requesting_provider", "servicing_provider"):
        before, sent = getattr(known, name), getattr(content, name)
        if before and sent and (before.npi, before.tin) != (sent.npi, sent.tin):
            message = (
                "an update cannot change the provider: cancel the claim, and submit it as a new one"
            )
            errors.append(FieldError(f"/{name}", "other_provider", message))
    return errors


def _errors_of_changes(
    update: ClaimUpdate, changes: ItemChanges, code_sets: CodeSets, payer: Payer, now: datetime
) -> list[FieldError]:
    """Errors of the added and changed items; others were accepted before."""
    if not changes.added:
        return []
    errors = [
        *errors_of_submission(update.content, payer, local_date(now, payer.zone)),
        *errors_of_codes(update.content, code_sets.listed),
    ]
    unchanged = {
        f"/services/{index}"
        for index in range(len(update.content.services))
        if index not in changes.changed_services
    }
    return [one for one in errors if "/".join(one.pointer.split("/")[:3]) not in unchanged]


def cancel_prior_authorization(
    claim_id: str,
    reason: str,
    caller: Caller,
    *,
    id_of: Callable[[str], str],
    requests: RequestStore,
    now: datetime,
) -> RequestFile:
    """Withdraw the request of an earlier claim; a repetition returns it as it is.

    Raises:
        NotEntitledError.
        NotFoundError: no claim with this identifier was submitted, or not by this caller.
        ActionNotAllowedError: it is decided.
    """
    request_id = id_of(claim_id)
    try:
        void_request(request_id, reason, caller, requests=requests, now=now)
    except NotFoundError as error:
        raise NotFoundError(_NO_PRIOR) from error
    return _stored(requests.read_file(request_id), caller)


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


MOST_FOUND: Final = 25


@dataclass(frozen=True)
class FoundAuthorizations:
    """Requests that an inquiry describes, last submitted first.

    ``withheld`` if the caller may not see others, ``more`` if there are more than are returned.
    ``damaged`` are ids of the caller's requests that cannot be read.
    """

    requests: tuple[RequestFile, ...]
    withheld: bool
    more: bool
    damaged: tuple[str, ...] = ()


def inquire_prior_authorizations(
    inquiry: Inquiry,
    caller: Caller,
    *,
    requests: RequestStore,
    registrations: Registrations,
    fingerprints: Fingerprints,
) -> FoundAuthorizations:
    """The requests that an inquiry describes, of any channel, in their current state.

    By number also those that were withdrawn. Others of the member that the caller may not see (A2) are
    counted as withheld.

    Raises:
        NotEntitledError.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    own = set[str]()
    if inquiry.numbers:
        named = [registrations.request_id_of(number) for number in inquiry.numbers]
        request_ids = [one for one in dict.fromkeys(named) if one is not None]
    else:
        known = fingerprints.of_member(inquiry.member_id)
        newest = sorted(known.records, key=lambda one: one.submitted_at, reverse=True)
        request_ids = [*(one.request_id for one in newest), *known.damaged]
        own = {one.request_id for one in newest if one.tins & caller.tins}
    found: list[RequestFile] = []
    withheld, damaged = False, list[str]()
    for request_id in request_ids:
        try:
            file = requests.read_file(request_id)
        except DamagedRecordError:
            # It does not hide the others, and is shown to those whose fingerprint states that it is.
            if request_id in own:
                damaged.append(request_id)
            continue
        if file is None or not inquiry.describes(file.request):
            continue
        if _own_request(file.request, caller) is None:
            withheld = True
        elif len(found) < MOST_FOUND:
            found.append(_stored(file, caller))
        else:
            return FoundAuthorizations(tuple(found), withheld, True, tuple(damaged))
    return FoundAuthorizations(tuple(found), withheld, False, tuple(damaged))


_NO_PRIOR: Final = (
    "The claim in Claim.related is not known, or is not one of your TINs. Send its identifier as it "
    "was submitted, and the same requestor; or submit the claim as a new one."
)
_OTHERS: Final = "Another provider's claim has this identifier. Send the claim with another one."


def _require_same_patient(known: Request, content: RequestContent) -> None:
    """Refuse a claim whose identifier was used for another patient: it is no repetition."""
    if known.content_as_submitted.member_id != content.member_id:
        raise KeyReusedError("This identifier is that of another patient's claim. Use another one.")


def _own_request(request: Request | None, caller: Caller) -> Request | None:
    return request if request is not None and request.tins & caller.tins else None


def _stored(file: RequestFile | None, caller: Caller) -> RequestFile:
    if file is None:
        raise AssertionError("a submitted request is stored")
    note_basis(Basis.TIN, file.request.tins & caller.tins)
    return file
