"""Submit a draft: repeated submissions create one request (S1)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, TypeVar

from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.completeness import errors_of_submission, without_window
from precert.domain.content import RequestContent
from precert.domain.coverage import Plan
from precert.domain.decisions import service_lines_of
from precert.domain.delegation import Delegation, Ownership
from precert.domain.duplicates import Fingerprint, fingerprint_of
from precert.domain.errors import DuplicateRequestError, InvalidInputError, PatientNotEligibleError
from precert.domain.event_types import EventType
from precert.domain.events import Event, event_id
from precert.domain.matching import TemporaryProviders, manually_entered
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.retry import retry
from precert.domain.review import Channel, Review
from precert.domain.statuses import Status, WaitingOn
from precert.domain.values import precert_number
from precert.names import Entitlement
from precert.usecases.access import retained, why_refused
from precert.usecases.drafts import errors_before_submission
from precert.usecases.ownership import LineOwners
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import (
    CoverageChangedError,
    DraftRefusedError,
    DraftStore,
    DuplicateFoundError,
    NumberTakenError,
    RequestStore,
    Submission,
)

UNNUMBERED: Final = "-"
"""The number of a request that is not stored yet."""
Stored = TypeVar("Stored")


def review_of(
    request_id: str,
    content: RequestContent,
    *,
    submitted_at: datetime,
    submitted_version: int = 0,
    channel: Channel = Channel.PORTAL,
    reference: str | None = None,
    ownership: tuple[Delegation, ...] | None = None,
) -> Review:
    """The initial review record of a request of any channel, without a number."""
    return Review(
        number=UNNUMBERED,
        submitted_at=submitted_at,
        submitted_version=submitted_version,
        lines=service_lines_of(content.services),
        channel=channel,
        reference=reference,
        ownership=ownership,
        temporary_providers=manually_entered(request_id, content),
    )


def received_request(
    request_id: str,
    content: RequestContent,
    *,
    plan: Plan,
    received_at: datetime,
    channel: Channel,
    reference: str,
    submitted_by: str | None = None,
    now: datetime,
) -> Request:
    """A request that did not arrive by the portal: PROCESSING, without a number."""
    return Request(
        request_id=request_id,
        version=1,
        status=Status.PROCESSING,
        tins=frozenset(content.tins),
        plan=plan,
        content=content,
        created_at=now,
        updated_at=now,
        review=review_of(
            request_id, content, submitted_at=received_at, channel=channel, reference=reference
        ).model_copy(update={"submitted_by": submitted_by}),
    )


def with_number(request: Request, number: str) -> Request:
    review = request.submitted.model_copy(update={"number": number})
    return request.model_copy(update={"review": review})


def store_with_number(
    store: Callable[[str], Stored], *, payer: Payer, serial: Callable[[], int]
) -> Stored:
    """Call ``store`` with new precertification numbers until one is unused; returns its result (S1).

    Raises:
        TransientError: every number that was tried is taken.
    """
    return retry(
        lambda: store(precert_number(payer.number_prefix, serial())),
        on=NumberTakenError,
        message="No unused precertification number was found. Try again.",
    )


@dataclass(frozen=True)
class SubmittedRequest:
    """The result of a submission."""

    request_id: str
    number: str
    status: Status
    submitted_at: datetime
    temporary_providers: TemporaryProviders = field(default_factory=dict)
    """Providers that were entered manually, by role; they match no directory entry (S3)."""
    review: Review | None = None
    """The review record, which states who decides each service line (W8)."""

    @classmethod
    def of(cls, request: Request) -> "SubmittedRequest":
        """The result for a request that is submitted."""
        review = request.submitted
        return cls(
            request.request_id,
            review.number,
            request.status,
            review.submitted_at,
            review.temporary_providers,
            review,
        )


def submit_draft(  # noqa: PLR0913 - each is a dependency
    draft_id: str,
    content: RequestContent,
    caller: Caller,
    *,
    based_on: int,
    requests: RequestStore,
    drafts: DraftStore,
    line_owners: LineOwners,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
    serial: Callable[[], int],
) -> SubmittedRequest:
    """Save the content and submit it, in one transaction. Two AWS calls.

    ``content`` is what the provider reviewed, so the draft is not read first. The rule list in effect
    determines which lines delegated vendors decide; the content must have the provider's confirmation
    of them (W8). The transaction requires that coverage is still active (A6). A repetition returns the
    same result, even if the rule list or the date would refuse the content by then.

    Raises:
        InvalidInputError: the content is not complete or not valid; all errors are listed (D6).
        NotEntitledError, NotFoundError, DraftExpiredError, ActionNotAllowedError.
        VersionMismatchError: the draft was saved concurrently.
        PatientNotEligibleError: coverage is not active, or the member differs from the patient entered.
        DuplicateRequestError: an open request has the same services; the error states its number if
            the caller may read it (S2).
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    today = local_date(now, payer.zone)
    ownership = line_owners(content)
    if errors := errors_before_submission(
        content, caller, ownership, code_sets=code_sets, payer=payer, now=now
    ):
        # Content that is incomplete on any date was never submitted, so it is no repetition.
        if not without_window(errors_of_submission(content, payer, today)):
            current = retained(requests.read(draft_id), payer, now)
            if same := _same_submission(current, content, caller, based_on):
                return same
        raise InvalidInputError(errors)

    def submit(number: str) -> SubmittedRequest:
        submission = _submission(
            draft_id,
            content,
            caller,
            ownership,
            based_on=based_on,
            number=number,
            today=today,
            now=now,
        )
        drafts.submit(submission)
        review = submission.review
        known = review.temporary_providers
        return SubmittedRequest(draft_id, number, Status.PROCESSING, now, known, review)

    try:
        return store_with_number(submit, payer=payer, serial=serial)
    except CoverageChangedError as refusal:
        raise PatientNotEligibleError(payer.notices["not_eligible"]) from refusal
    except DuplicateFoundError as refusal:
        existing = refusal.existing
        seen = not existing.tins.isdisjoint(caller.tins)
        raise duplicate_error(payer, existing if seen else None) from refusal
    except DraftRefusedError as refusal:
        current = retained(refusal.current, payer, now)
        if same := _same_submission(current, content, caller, based_on):
            return same
        raise why_refused(
            current,
            based_on=based_on,
            sent=content,
            callers_tins=caller.tins,
            now=now,
        ) from refusal


def duplicate_error(payer: Payer, named: Fingerprint | None) -> DuplicateRequestError:
    """The error for a duplicate. It states the number of the other request, if ``named`` is set (S2).

    Otherwise the caller may not read the other request: the error states that it exists, and whom to
    call.
    """
    if named is None:
        return DuplicateRequestError(payer.notices["duplicate_not_visible"])
    existing = {"request_id": named.request_id, "number": named.number}
    return DuplicateRequestError(payer.notices["duplicate"], existing=existing)


def _submission(
    draft_id: str,
    content: RequestContent,
    caller: Caller,
    ownership: Ownership,
    *,
    based_on: int,
    number: str,
    today: date,
    now: datetime,
) -> Submission:
    patient = content.patient
    if patient is None:
        raise AssertionError("completeness requires a patient")
    delegations = ownership.delegations(confirmed_at=now) if ownership.rule_list else None
    review = review_of(
        draft_id,
        content,
        submitted_at=now,
        submitted_version=based_on,
        ownership=delegations,
    ).model_copy(
        update={
            "number": number,
            "submitted_by": caller.subject,
            "submitter_tins": tuple(sorted(caller.tins.intersection(content.tins))),
        }
    )
    event = Event(
        event_id=event_id(draft_id, based_on + 1),
        type=EventType.REQUEST_SUBMITTED,
        request_id=draft_id,
        cycle=review.cycle,
        at=now,
        status=Status.PROCESSING,
        number=number,
        tins=tuple(sorted(content.tins)),
        waiting_on=WaitingOn.PAYER,
        actor=caller.subject,
    )
    return Submission(
        request_id=draft_id,
        based_on=based_on,
        content=content,
        review=review,
        event=event,
        callers_tins=caller.tins,
        patient=patient,
        eligible_on=today,
        document_slots=0,
        now=now,
        fingerprint=fingerprint_of(draft_id, number, now, content),
    )


def _same_submission(
    current: Request | None, content: RequestContent, caller: Caller, based_on: int
) -> SubmittedRequest | None:
    """The earlier result, if this is a repetition of the same submission."""
    if (
        current is None
        or current.review is None
        or current.review.submitted_version != based_on
        or current.content_as_submitted != content
        or not current.tins & caller.tins
    ):
        return None
    return SubmittedRequest.of(current)
