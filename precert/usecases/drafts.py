"""Drafts: start, save, list, resume, validate and delete them (D1-D7).

Starting a draft runs the check with the rule list in effect; the result of an earlier check is not
used. The check reads the coverage, which is not read again. A save writes only the draft; its
dashboard row is updated by the handler of the table's stream.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated

from pydantic import Field

from precert.domain.caller import Caller
from precert.domain.clocks import draft_expiry, draft_warning, local_date
from precert.domain.code_sets import errors_of_codes
from precert.domain.completeness import errors_of_submission
from precert.domain.content import PARTS, RequestContent
from precert.domain.delegation import Ownership
from precert.domain.errors import (
    FieldError,
    GuidanceOnlyError,
    InvalidInputError,
    KeyReusedError,
    PrecertError,
    PrecertificationNotRequiredError,
    VendorDecidesError,
)
from precert.domain.event_types import EventType
from precert.domain.next_steps import BEHAVIORAL, NextAction, error_of_purpose
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.request_events import event_of
from precert.domain.rows import DashboardRow
from precert.domain.rules import Requirement
from precert.domain.statuses import Status
from precert.domain.values import Value
from precert.names import Entitlement
from precert.usecases.access import has_expired, is_live, live_draft, retained, why_refused
from precert.usecases.checks import Check, CheckResult
from precert.usecases.ownership import LineOwners, errors_of_confirmation
from precert.usecases.ports.listings import ListFilters, Listings, Page
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import (
    DraftRefusedError,
    DraftStore,
    RequestFile,
    RequestStore,
    Saving,
)


@dataclass(frozen=True)
class StartedDraft:
    """A draft, and the result of the check it was started from."""

    draft: Request
    answer: CheckResult


def start_draft(
    content: RequestContent,
    caller: Caller,
    *,
    tin: str | None,
    draft_id_for: Callable[[str], str],
    check: Check,
    drafts: DraftStore,
    payer: Payer,
    now: datetime,
) -> StartedDraft:
    """Run the check, and store a new draft of the caller's TIN if its result calls for one.

    It does if a code needs precertification, if that cannot be determined, if an emergency admission
    must be reported (C10), or if a predetermination is requested and offered (C14).

    ``draft_id_for`` returns the draft's id for the acting TIN. It is derived from the caller's
    idempotency key, if any, so that a repeated start returns the same draft.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: the content is not valid for a check, or the TIN is not the caller's.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError: no check (P1, A6, A4).
        PrecertificationNotRequiredError, VendorDecidesError, GuidanceOnlyError: the result does not
            call for a draft; the error states what to do instead.
        KeyReusedError: the idempotency key started another draft.
        DraftExpiredError, ActionNotAllowedError: the draft it started has expired or was submitted.
    """
    try:
        answer = check(content, caller)
    except InvalidInputError as invalid:
        raise InvalidInputError([*invalid.errors, *caller.errors_of_tin(tin)]) from invalid
    if not needs_draft(answer, payer):
        raise no_draft(answer, payer)
    acting_tin = caller.acting_tin(tin)
    draft = Request(
        request_id=draft_id_for(acting_tin),
        version=1,
        status=Status.INCOMPLETE,
        tins=frozenset({acting_tin}),
        plan=answer.coverage.plan,
        content=content,
        created_at=now,
        updated_at=now,
        expires_at=draft_expiry(now, payer.draft_clock, payer.zone).astimezone(UTC),
        document_slots=payer.documents.max_at_submission,
        part_versions=dict.fromkeys(sorted(PARTS), 1),
        started_with=sha256(content.model_dump_json().encode()).hexdigest(),
    )
    try:
        drafts.start(
            draft,
            event_of(draft, EventType.DRAFT_STARTED, caller.subject),
            draft_warning(now, payer.draft_clock, payer.zone),
        )
    except DraftRefusedError as refusal:
        return StartedDraft(_replayed(refusal.current, draft, caller, now), answer)
    return StartedDraft(draft, answer)


def needs_draft(answer: CheckResult, payer: Payer) -> bool:
    """Whether a service of the check can be requested from the payer, by its next steps."""
    steps = [step for steps in answer.next_steps(payer) for step in steps]
    if any(step.action is NextAction.START_DRAFT for step in steps):
        return True
    # A stay without codes continues to the request (C3), unless it is behavioral (A5).
    own_steps = answer.steps_without_codes(payer)
    if any(step is not None and step.action is NextAction.START_DRAFT for step in own_steps):
        return True
    return any(
        step.action is NextAction.CALL and code.guidance != BEHAVIORAL
        for codes, steps in zip(answer.services, answer.next_steps(payer), strict=True)
        for code, step in zip(codes, steps, strict=True)
    )


def no_draft(answer: CheckResult, payer: Payer) -> PrecertError:
    """The error for a check whose result calls for no draft: states what to do instead."""
    if answer.requirement is Requirement.NOT_REQUIRED:
        return PrecertificationNotRequiredError(
            "None of these services needs precertification, so there is nothing to submit. Download "
            "the confirmation of the check for your records.",
            operation="confirmCheck",
        )
    steps = [step for steps in answer.next_steps(payer) for step in steps]
    steps += [step for step in answer.steps_without_codes(payer) if step is not None]
    named = {
        one: answer.vendors[one]
        for codes, steps_of_service in zip(answer.services, answer.next_steps(payer), strict=True)
        for one, step in zip([code.vendor_id for code in codes], steps_of_service, strict=True)
        if one and one in answer.vendors and step.action is NextAction.GO_TO_VENDOR
    }
    if not named:
        guidance = [one.text for one in steps if one.action is not NextAction.NONE]
        return GuidanceOnlyError(" ".join(dict.fromkeys(guidance or [one.text for one in steps])))
    names = " and ".join(vendor.name for vendor in named.values())
    return VendorDecidesError(
        f"{names} decides on these services for the payer. Request precertification there. The "
        "check can be exported as a document for the vendor.",
        operation="exportCheck",
        vendors=[
            vendor.model_dump(mode="json", exclude_none=True, exclude={"retrospective_notice"})
            for vendor in named.values()
        ],
    )


def _replayed(current: Request | None, draft: Request, caller: Caller, now: datetime) -> Request:
    """The current draft, if this start is a repetition of the one that created it."""
    existing = live_draft(current, caller.tins, now)
    if existing.started_with != draft.started_with:
        raise KeyReusedError("Use a new Idempotency-Key. This key was used to start another draft.")
    return existing


class SavedDraft(Value):
    """The draft after a save."""

    draft_id: str
    version: Annotated[int, Field(description="The new version, which is also in the ETag.")]
    expires_at: Annotated[
        datetime, Field(description="When the draft expires. Every save postpones it.")
    ]


def save_draft(
    draft_id: str,
    content: RequestContent,
    caller: Caller,
    *,
    parts: frozenset[str] = PARTS,
    based_on: int,
    drafts: DraftStore,
    payer: Payer,
    now: datetime,
) -> SavedDraft:
    """Replace the draft's content, or the named parts, if it was not changed since ``based_on``.

    One database write. A repetition of the same save returns the same result.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError, ActionNotAllowedError.
        InvalidInputError: no part is named, or the patient is missing or differs from the draft's.
        VersionMismatchError: the draft was saved concurrently; the error names the parts.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    if errors := _errors(content, parts):
        raise InvalidInputError(errors)
    expires_at = draft_expiry(now, payer.draft_clock, payer.zone).astimezone(UTC)
    saving = Saving(
        request_id=draft_id,
        based_on=based_on,
        content=content,
        parts=parts,
        expires_at=expires_at,
        callers_tins=caller.tins,
        now=now,
    )
    try:
        drafts.save(saving)
    except DraftRefusedError as refusal:
        current = retained(refusal.current, payer, now)
        if same := _same_save(current, saving):
            return same
        raise why_refused(
            current,
            based_on=based_on,
            sent=content,
            parts=parts,
            callers_tins=caller.tins,
            now=now,
        ) from refusal
    return SavedDraft(draft_id=draft_id, version=based_on + 1, expires_at=expires_at)


def _errors(content: RequestContent, parts: frozenset[str]) -> list[FieldError]:
    if not parts:
        return [FieldError("/content", "missing", "must have at least one part, such as services")]
    if "patient" in parts and content.patient is None:
        message = (
            "the patient of a draft cannot be removed: send it, or omit this part to save others"
        )
        return [FieldError("/content/patient", "missing", message)]
    return []


def _same_save(current: Request | None, saving: Saving) -> SavedDraft | None:
    """The earlier result, if this save is a repetition of the last one.

    Equal content of the saved parts does not suffice: another user may have saved the same parts
    together with others that this caller has not read.
    """
    if (
        current is None
        or current.status is not Status.INCOMPLETE
        or current.version != saving.based_on + 1
        or current.saved_since(saving.based_on) != saving.parts
        or any(
            getattr(current.content, one) != getattr(saving.content, one) for one in saving.parts
        )
        or not current.tins.intersection(saving.callers_tins)
        or current.expires_at is None
        or has_expired(current, saving.now)
    ):
        return None
    return SavedDraft(
        draft_id=current.request_id, version=current.version, expires_at=current.expires_at
    )


def show_draft(
    request_id: str, *, requests: RequestStore, drafts: DraftStore, payer: Payer
) -> None:
    """Update the draft's dashboard row to its current state.

    Safe to repeat, and to call late or after the draft was deleted.
    """
    draft = requests.read(request_id)
    if draft is not None and draft.status is Status.INCOMPLETE:
        drafts.show(draft, draft_warning(draft.updated_at, payer.draft_clock, payer.zone))


def list_drafts(
    caller: Caller,
    *,
    tin: str | None,
    limit: int,
    cursor: str | None,
    listings: Listings,
    payer: Payer,
    now: datetime,
) -> Page[DashboardRow]:
    """Drafts of one of the caller's TINs, last saved first. One database read.

    Expired drafts are left out, so that a page may be shorter than the limit (D5).

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's, or the cursor is not of this list.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    filters = ListFilters(caller.acting_tin(tin), status=Status.INCOMPLETE)
    page = listings.rows(filters, limit=limit, cursor=cursor, now=now)
    rows = (row for row in page.rows if is_live(row, payer, now) and filters.matches(row))
    return replace(page, rows=tuple(rows))


@dataclass(frozen=True)
class ResumedDraft:
    """A draft with its documents, and who decides each of its service lines."""

    file: RequestFile
    ownership: Ownership


def resume_draft(
    draft_id: str,
    caller: Caller,
    *,
    requests: RequestStore,
    line_owners: LineOwners,
    now: datetime,
) -> ResumedDraft:
    """The draft with its documents, and who decides each line by the rule list. Two database reads.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError, ActionNotAllowedError.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    file = requests.read_file(draft_id)
    draft = live_draft(file.request if file else None, caller.tins, now)
    if file is None:
        raise AssertionError("a live draft has a file")
    ownership = line_owners(draft.content)
    return ResumedDraft(file, ownership)


@dataclass(frozen=True)
class ValidatedDraft:
    """A stored draft, and the errors that prevent its submission."""

    draft: Request
    errors: tuple[FieldError, ...]
    ownership: Ownership


def validate_draft(
    draft_id: str,
    caller: Caller,
    *,
    requests: RequestStore,
    line_owners: LineOwners,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
) -> ValidatedDraft:
    """List every error of the stored draft that prevents its submission. Two database reads.

    Whether coverage is still active is checked only by the submission, in its transaction (A6).

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError, ActionNotAllowedError.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    draft = live_draft(requests.read(draft_id), caller.tins, now)
    ownership = line_owners(draft.content)
    errors = errors_before_submission(
        draft.content, caller, ownership, code_sets=code_sets, payer=payer, now=now
    )
    return ValidatedDraft(draft, tuple(errors), ownership)


def errors_before_submission(
    content: RequestContent,
    caller: Caller,
    ownership: Ownership,
    *,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
) -> list[FieldError]:
    """The errors that prevent this caller from submitting the content, with pointers into the body.

    ``ownership`` states who decides each line: lines of a vendor need the provider's confirmation (W8).
    """
    errors = errors_of_submission(content, payer, local_date(now, payer.zone))
    errors.extend(errors_of_codes(content, code_sets.listed))
    if error := error_of_purpose(content, ownership.without_predetermination):
        errors.append(error)
    errors.extend(errors_of_confirmation(content, ownership))
    if content.tins and not caller.tins.intersection(content.tins):
        errors.append(_NOT_A_ROLE)
    return [error.under("/content") for error in errors]


_NOT_A_ROLE = FieldError(
    "/requesting_provider/tin",
    "not_yours",
    "the requesting or the servicing provider must have one of your TINs",
)


def delete_draft(
    draft_id: str,
    caller: Caller,
    *,
    based_on: int,
    drafts: DraftStore,
    requests: RequestStore,
    now: datetime,
) -> None:
    """Delete the draft; its event is retained.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError, ActionNotAllowedError.
        VersionMismatchError: the draft was saved concurrently.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    draft = live_draft(requests.read(draft_id), caller.tins, now)
    if draft.version != based_on:
        raise why_refused(draft, based_on=based_on, sent=None, callers_tins=caller.tins, now=now)
    deleted = draft.model_copy(update={"version": draft.version + 1, "updated_at": now})
    event = event_of(deleted, EventType.DRAFT_DELETED, caller.subject)
    try:
        drafts.delete(draft, event, callers_tins=caller.tins, now=now)
    except DraftRefusedError as refusal:
        raise why_refused(
            refusal.current,
            based_on=draft.version,
            sent=None,
            callers_tins=caller.tins,
            now=now,
        ) from refusal
