"""Updates and cancellations of claims of the Prior Authorization API (W5)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from pydantic import TypeAdapter, ValidationError

from precert.domain.amending import amend, require_amendable
from precert.domain.caller import Caller
from precert.domain.content import RequestContent
from precert.domain.delegation import Delegation
from precert.domain.documents import Document, DocumentStatus, sent_before
from precert.domain.errors import (
    ActionNotAllowedError,
    FieldError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    TransientError,
)
from precert.domain.events import Event
from precert.domain.inquiry import MAX_NUMBERS
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.retry import retry
from precert.domain.statuses import Status
from precert.domain.values import PrecertNumber
from precert.names import Entitlement
from precert.usecases.assessment import AssessmentSources, assess_cycle, assess_updated
from precert.usecases.documents import document_event
from precert.usecases.facts_of_call import ReadOnce
from precert.usecases.item_changes import (
    ClaimUpdate,
    ItemChanges,
    compared_items,
    errors_of_changes,
)
from precert.usecases.ownership import ownership_of
from precert.usecases.ports.reference import CodeSets, ReferenceReader, RuleLists, RuleListVersions
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    Fingerprints,
    Registrations,
    RequestFile,
    RequestStore,
)
from precert.usecases.prior_authorization import (
    of_other_values,
    own_request,
    require_same_patient,
    stored_file,
)
from precert.usecases.received_documents import received_records


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

    Lines are matched with the items of the claim by item number; equal ones are unchanged. The request
    keeps its precertification number. An update that is repeated, or that changes nothing, returns the
    current request. One that cancels every line withdraws the request. Files of the update become
    documents in the same transaction as the change of the lines, so that the assessment finds them.

    Raises:
        NotEntitledError.
        NotFoundError: the earlier claim is not known, or not the caller's.
        InvalidInputError: an added or changed item is incomplete or wrong, the earlier claims belong to
            different requests, or a provider differs, which an update cannot change. All errors are
            listed.
        KeyReusedError: the update is of another patient, or has the identifier of another claim.
        ActionNotAllowedError: a line was denied or modified, or the status does not allow it.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    reference = ReadOnce(reference)

    def attempt() -> RequestFile:
        file = _prior_file(update, caller, id_of, requests, registrations)
        request = file.request
        require_same_patient(request, update.content)
        alias, is_repeated = _identifier_of(update, request, id_of, requests, registrations)
        if is_repeated and not update.errors:
            return file
        changes, unknown = compared_items(update, file, numbers_of(file))
        errors = [
            *update.errors,
            *unknown,
            *_errors_of_numbers(update, request, caller, requests, registrations),
            *_errors_of_providers(request, update.content),
        ]
        if not errors and _is_in_effect(changes, request):
            return file
        require_amendable(request, changes.added, changes.cancelled)
        of_changes = errors_of_changes(update, changes, code_sets, payer, now)
        errors += of_other_values(of_changes, errors)
        if errors:
            raise InvalidInputError(errors)
        delegations = partial(_added_delegations, changes, reference, rule_lists, payer, now)
        change = _change_of(request, changes, delegations, caller, payer, now)
        documents = _added_documents(update, file, caller, document_id_of, payer, now)
        change = change._replace(original=update.original, reference=alias, documents=documents)
        requests.record(change)
        return replace(
            file,
            request=change.request,
            documents=(*file.documents, *(document for document, _ in documents)),
            events=(*file.events, change.event),
        )

    updated = retry(attempt, on=ConcurrentChangeError)
    request = updated.request
    if request.status is not Status.PROCESSING:
        return stored_file(updated, caller)
    sources = AssessmentSources(
        requests=requests,
        reference=reference,
        rule_lists=rule_lists,
        rule_list_versions=rule_list_versions,
        fingerprints=fingerprints,
        payer=payer,
        now=now,
    )
    # The workflow assesses every cycle, and repeats it until it succeeds.
    with suppress(TransientError):
        try:
            return stored_file(assess_updated(updated, sources), caller)
        except ConcurrentChangeError:
            assess_cycle(request.request_id, request.submitted.cycle, sources)
    return stored_file(requests.read_file(request.request_id), caller)


def _identifier_of(
    update: ClaimUpdate,
    request: Request,
    id_of: Callable[[str], str],
    requests: RequestStore,
    registrations: Registrations,
) -> tuple[str | None, bool]:
    """The id under which the update can be found later, and whether it was received before.

    ``None`` if the update has the identifier of the claim that it updates, as some submitters send it.

    Raises:
        KeyReusedError: the identifier is that of another claim.
    """
    alias = id_of(update.claim_id)
    if update.claim_id in update.prior_ids or alias == request.request_id:
        return None, False
    known = registrations.request_id_of(alias)
    if known is None and requests.read(alias) is not None:
        known = alias
    if known not in (None, request.request_id):
        raise KeyReusedError(_USED)
    return alias, known is not None


def _is_in_effect(changes: ItemChanges, request: Request) -> bool:
    """Whether the request is already as the update requests it."""
    if not changes.added and not changes.cancelled:
        return True
    return changes.cancels_all(request) and request.status is Status.VOID


def _change_of(
    request: Request,
    changes: ItemChanges,
    delegations: Callable[[], Sequence[Delegation]],
    caller: Caller,
    payer: Payer,
    now: datetime,
) -> Change:
    """The change of the request: its withdrawal if every line is cancelled, else new lines.

    A request that is decided cannot be withdrawn: its lines are then cancelled.
    """
    if changes.cancels_all(request):
        with suppress(ActionNotAllowedError):
            return request.void(_CANCELLED, caller.subject, now)
    return amend(
        request,
        changes.content,
        changes.added,
        changes.cancelled,
        ownership=delegations(),
        by=caller.subject,
        now=now,
        payer=payer,
    )


def _added_delegations(
    changes: ItemChanges,
    reference: ReferenceReader,
    rule_lists: RuleLists,
    payer: Payer,
    now: datetime,
) -> list[Delegation]:
    """The delegations of those added lines that delegated vendors decide."""
    if not changes.added:
        return []
    added_ids = {line.line_id for line in changes.added}
    ownership = ownership_of(
        changes.content, reference=reference, rule_lists=rule_lists, payer=payer, now=now
    ).delegations()
    return [
        one.model_copy(update={"line_ids": ids})
        for one in ownership
        if (ids := tuple(line_id for line_id in one.line_ids if line_id in added_ids))
    ]


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


def _prior_file(
    update: ClaimUpdate,
    caller: Caller,
    id_of: Callable[[str], str],
    requests: RequestStore,
    registrations: Registrations,
) -> RequestFile:
    """The request that the claim updates.

    It is found by the identifiers of the earlier claims, which must all belong to one request, or else
    by its precertification number.

    Raises:
        InvalidInputError, NotFoundError.
    """
    if len(update.prior_ids) > _MAX_PRIOR:
        message = f"an update can name at most {_MAX_PRIOR} earlier claims"
        raise InvalidInputError([FieldError("/related", "too_long", message), *update.errors])

    def found(known_as: str, *, is_claim: bool) -> RequestFile | None:
        file = requests.read_file(known_as) if is_claim else None
        if file is None and (request_id := registrations.request_id_of(known_as)):
            file = requests.read_file(request_id)
        if file is None or own_request(file.request, caller) is None:
            return None
        return file if file.request.review is not None else None

    files = [found(id_of(one), is_claim=True) for one in update.prior_ids]
    first = next((one for one in files if one is not None), None)
    if first is None:
        named = (found(one, is_claim=False) for one in _known_forms(update).values())
        first = next((one for one in named if one is not None), None)
        if first is None:
            raise NotFoundError(_NO_PRIOR)
        return first
    errors = [
        FieldError(f"/related/{index}", "claim_unknown", _NO_PRIOR)
        if one is None
        else FieldError(f"/related/{index}", "contradicts", _ANOTHER_REQUEST)
        for index, one in enumerate(files)
        if one is None or one.request.request_id != first.request.request_id
    ]
    if errors:
        raise InvalidInputError([*errors, *update.errors])
    return first


def _known_forms(update: ClaimUpdate) -> dict[int, str]:
    """The numbers that can be those of requests here, by their position."""
    found = {}
    for index, number in enumerate(update.numbers):
        with suppress(ValidationError):
            found[index] = _NUMBER.validate_python(number)
    return dict(islice(found.items(), MAX_NUMBERS))


def _errors_of_numbers(
    update: ClaimUpdate,
    request: Request,
    caller: Caller,
    requests: RequestStore,
    registrations: Registrations,
) -> Iterator[FieldError]:
    """Errors of numbers of the caller's other requests: items stay with their request.

    A number that is not known here can be another payer's.
    """
    for index, number in _known_forms(update).items():
        if number == request.submitted.number:
            continue
        other = registrations.request_id_of(number)
        if other is not None and own_request(requests.read(other), caller) is not None:
            message = (
                f"Precertification {number} is another request than the one in Claim.related: leave "
                "the number out, or send the item in an update of that request"
            )
            yield FieldError(f"/numbers/{index}", "contradicts", message)


def _errors_of_providers(request: Request, content: RequestContent) -> list[FieldError]:
    """Errors of providers that differ: a request with another provider is a new request (W5)."""
    known, errors = request.content_as_submitted, []
    for name in ("requesting_provider", "servicing_provider"):
        before, sent = getattr(known, name), getattr(content, name)
        if before and sent and (before.npi, before.tin) != (sent.npi, sent.tin):
            message = (
                "an update cannot change the provider: cancel the claim, and submit it as a new one"
            )
            errors.append(FieldError(f"/{name}", "other_provider", message))
    return errors


_CANCELLED: Final = "Cancelled by the submitter of the claim."
_NO_PRIOR: Final = (
    "The claim in Claim.related is not known, or does not belong to one of your TINs. Use the "
    "identifier and the requestor with which it was submitted, or submit this claim as a new one."
)
_ANOTHER_REQUEST: Final = (
    "this claim belongs to a different request than the first one: update each request with a "
    "separate claim"
)
_USED: Final = "Another claim has this identifier. Use a new identifier for the update."
_NUMBER: Final = TypeAdapter[str](PrecertNumber)
_MAX_PRIOR: Final = 20
"""Maximum number of earlier claims that are looked up."""
