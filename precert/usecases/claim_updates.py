"""Updates and cancellations of claims of the Prior Authorization API (W5)."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from precert.domain.amending import amend
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_sets import errors_of_codes
from precert.domain.completeness import errors_of_submission
from precert.domain.content import MAX_SERVICES, RequestContent, Service, line_id_of, numbered_lines
from precert.domain.decisions import ServiceLine, service_lines_of
from precert.domain.documents import Document, DocumentStatus, sent_before
from precert.domain.errors import FieldError, InvalidInputError, NotFoundError, TransientError
from precert.domain.events import Event
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.retry import retry
from precert.domain.statuses import Status
from precert.names import Entitlement
from precert.usecases.assessment import assess_cycle
from precert.usecases.documents import document_event
from precert.usecases.ownership import ownership_of
from precert.usecases.ports.reference import CodeSets, ReferenceReader, RuleLists, RuleListVersions
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    Fingerprints,
    Registrations,
    RequestFile,
    RequestStore,
)
from precert.usecases.prior_authorization import own_request, require_same_patient, stored_file
from precert.usecases.received_documents import ReceivedFile, received_records
from precert.usecases.requests import void_request


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
    files: Sequence[ReceivedFile] = ()
    """The files that were sent with it."""


def update_prior_authorization(  # noqa: PLR0913 - each is a dependency
    update: ClaimUpdate,
    numbers_of: Callable[[RequestFile], Sequence[int]],
    caller: Caller,
    *,
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
) -> RequestFile:
    """Add, replace and cancel service lines of a request, and assess what is not decided.

    Lines are compared with the items of the claim by number: what is equal is unchanged. The request
    keeps its number. A repeated update, and one that changes nothing, returns the request as it is.
    Files of the update become documents in the transaction that changes the lines, as those of a new
    claim do, so that the assessment finds them.

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
        require_same_patient(request, update.content)
        # Some submitters send an update with the identifier of the claim that it updates.
        alias = None if update.claim_id == update.prior_id else id_of(update.claim_id)
        if alias and registrations.request_id_of(alias) == request.request_id:
            return file
        changes = compared_items(update, file, numbers_of(file))
        errors = _errors_of_providers(request, update.content)
        if not changes.added and not changes.cancelled and not errors:
            return file
        errors = [
            *errors,
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
        documents = _added_documents(update, file, caller, document_id_of, payer, now)
        change = change._replace(original=update.original, reference=alias, documents=documents)
        requests.record(change)
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
    return stored_file(requests.read_file(request.request_id), caller)


def _added_documents(
    update: ClaimUpdate,
    file: RequestFile,
    caller: Caller,
    document_id_of: Callable[[str], str],
    payer: Payer,
    now: datetime,
) -> tuple[tuple[Document, Event | None], ...]:
    """Records of the update's files that the request does not have yet."""
    request = file.request
    records = received_records(
        request.request_id,
        update.files,
        sender=min(caller.tins & request.tins),
        document_id_of=document_id_of,
        now=now,
    )
    added = [one for one in records if sent_before(one, file.documents) is None]
    return tuple(
        (
            one,
            document_event(request, one, now) if one.status is DocumentStatus.REFUSED else None,
        )
        for one in added[: payer.documents.max_at_submission]
    )


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
    unknown = [
        FieldError(f"/items/{index}/sequence", "line_unknown", _NO_ITEM)
        for index, number in enumerate(update.sequences)
        if number in update.cancelled and number not in latest
    ]
    if unknown:
        raise InvalidInputError(unknown)
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
    if file is None or own_request(file.request, caller) is None or file.request.review is None:
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
    content, pointer_of = _without_cancelled(update)
    errors = [
        replace(one, pointer=pointer_of(one.pointer))
        for one in (
            *errors_of_submission(content, payer, local_date(now, payer.zone)),
            *errors_of_codes(content, code_sets.listed),
        )
    ]
    unchanged = {
        f"/services/{index}"
        for index in range(len(update.content.services))
        if index not in changes.changed_services
    }
    return [one for one in errors if "/".join(one.pointer.split("/")[:3]) not in unchanged]


def _without_cancelled(update: ClaimUpdate) -> tuple[RequestContent, Callable[[str], str]]:
    """What the update still requests, and the pointer into all of it by the pointer into that."""
    cancelled = {
        line_id
        for number, (line_id, _, _) in zip(
            update.sequences, numbered_lines(update.content.services), strict=True
        )
        if number in update.cancelled
    }
    services = list[Service]()
    indexes = list[tuple[int, tuple[int, ...]]]()
    for at, service in enumerate(update.content.services):
        left = tuple(
            index
            for index in range(max(len(service.procedures), 1))
            if line_id_of(at + 1, index + 1) not in cancelled
        )
        if left:
            procedures = tuple(service.procedures[index] for index in left if service.procedures)
            services.append(service.model_copy(update={"procedures": procedures}))
            indexes.append((at, left))

    def pointer_of(pointer: str) -> str:
        parts = pointer.split("/")
        if parts[1:2] == ["services"] and len(parts) > 2:
            at, left = indexes[int(parts[2])]
            parts[2] = str(at)
            if parts[3:4] == ["procedures"] and len(parts) > 4:
                parts[4] = str(left[int(parts[4])])
        return "/".join(parts)

    return update.content.model_copy(update={"services": tuple(services)}), pointer_of


def cancel_prior_authorization(
    update: ClaimUpdate,
    numbers_of: Callable[[RequestFile], Sequence[int]],
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
        KeyReusedError: the claim that cancels it is of another patient.
        ActionNotAllowedError: it is decided, or has service lines that the claim does not cancel.
    """
    request_id = id_of(update.prior_id)
    file = requests.read_file(request_id)
    if file is None or own_request(file.request, caller) is None or file.request.review is None:
        raise NotFoundError(_NO_PRIOR)
    request = file.request
    require_same_patient(request, update.content)
    lines = zip(numbers_of(file), request.submitted.lines, strict=True)
    left = [
        number
        for number, line in lines
        if line.cancelled_at is None and number not in update.cancelled
    ]
    unknown = update.cancelled.difference(numbers_of(file))
    if not update.cancels_all and (left or unknown):
        raise request.refusal("The claim cancels some of the service lines.")
    try:
        void_request(request_id, _CANCELLED, caller, requests=requests, now=now)
    except NotFoundError as error:
        raise NotFoundError(_NO_PRIOR) from error
    return stored_file(requests.read_file(request_id), caller)


_CANCELLED: Final = "Cancelled by the submitter of the claim."
_NO_ITEM: Final = "the request has no item with this number: send the number of the earlier claim"
_NO_PRIOR: Final = (
    "The claim in Claim.related is not known, or is not one of your TINs. Send its identifier as it "
    "was submitted, and the same requestor; or submit the claim as a new one."
)
