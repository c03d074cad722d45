"""Submit a draft: one request comes of it, however often it is sent (S1)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.content import RequestContent
from precert.domain.duplicates import Fingerprint, fingerprint_of
from precert.domain.errors import (
    DuplicateRequestError,
    InvalidInputError,
    PatientNotEligibleError,
    TransientError,
)
from precert.domain.events import Event, event_id
from precert.domain.matching import TemporaryProviders, manually_entered
from precert.domain.payer import Payer
from precert.domain.request import Request, service_lines_of
from precert.domain.review import Review
from precert.domain.statuses import Status
from precert.domain.values import precert_number
from precert.names import Entitlement, EventType
from precert.usecases.access import kept, why_refused
from precert.usecases.drafts import errors_before_submission
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import (
    CoverageChangedError,
    DraftRefusedError,
    DraftStore,
    DuplicateFoundError,
    NumberTakenError,
    Submission,
)

UNNUMBERED: Final = "-"
"""Of a request that is not stored yet."""


def numbered(
    request: Request,
    store: Callable[[Request], None],
    *,
    payer: Payer,
    serial: Callable[[], int],
) -> Request:
    """The request with a number, as stored; a number that exists is drawn anew.

    Raises:
        TransientError: no free number was drawn.
    """
    for _ in range(NUMBER_ATTEMPTS):
        number = precert_number(payer.number_prefix, serial())
        review = request.submitted.model_copy(update={"number": number})
        drawn = request.model_copy(update={"review": review})
        try:
            store(drawn)
        except NumberTakenError:
            continue
        return drawn
    raise TransientError("No free precertification number was drawn. Send it again.")


NUMBER_ATTEMPTS = 5


@dataclass(frozen=True)
class SubmittedRequest:
    request_id: str
    number: str
    status: Status
    submitted_at: datetime
    temporary_providers: TemporaryProviders = field(default_factory=dict)
    """Sides whose provider does not match the directory, as far as is known at once (S3)."""

    @classmethod
    def of(cls, request: Request) -> "SubmittedRequest":
        """A submitted request as its submission answers it."""
        review = request.submitted
        return cls(
            request.request_id,
            review.number,
            request.status,
            review.submitted_at,
            review.temporary_providers,
        )


def submit_draft(
    draft_id: str,
    content: RequestContent,
    caller: Caller,
    *,
    based_on: int,
    drafts: DraftStore,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
    serial: Callable[[], int],
) -> SubmittedRequest:
    """Save the reviewed content and submit it, in one transaction and one call.

    The content travels with the submission: what the office has before its eyes is what is
    submitted, and nothing has to be read first. Coverage is asked once more in the same transaction
    (A6). Sent again after it went through, it answers as it did.

    Raises:
        InvalidInputError: something is missing or wrong; all of it is listed (D6).
        NotEntitledError, NotFoundError, DraftExpiredError, ActionNotAllowedError.
        VersionMismatchError: somebody saved in the meantime.
        PatientNotEligibleError: coverage is not active, or not what was entered.
        DuplicateRequestError: a request for the same stands; names it where the caller sees it (S2).
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    today = local_date(now, payer.zone)
    if errors := errors_before_submission(
        content, caller, code_sets=code_sets, payer=payer, now=now
    ):
        raise InvalidInputError(errors)
    for _ in range(NUMBER_ATTEMPTS):
        number = precert_number(payer.number_prefix, serial())
        submission = _submission(
            draft_id, content, caller, based_on=based_on, number=number, today=today, now=now
        )
        try:
            drafts.submit(submission)
        except NumberTakenError:
            continue
        except CoverageChangedError as refusal:
            raise PatientNotEligibleError(payer.notices["not_eligible"]) from refusal
        except DuplicateFoundError as refusal:
            raise _duplicate(refusal.existing, caller, payer) from refusal
        except DraftRefusedError as refusal:
            current = kept(refusal.current, payer, now)
            if same := _same_submission(current, content, caller, based_on):
                return same
            raise why_refused(
                current,
                based_on=based_on,
                sent=content,
                callers_tins=caller.tins,
                now=now,
            ) from refusal
        known = submission.review.temporary_providers
        return SubmittedRequest(draft_id, number, Status.PROCESSING, now, known)
    raise TransientError("No free precertification number was drawn. Send it again.")


def _submission(
    draft_id: str,
    content: RequestContent,
    caller: Caller,
    *,
    based_on: int,
    number: str,
    today: date,
    now: datetime,
) -> Submission:
    patient = content.patient
    if patient is None:
        raise AssertionError("completeness requires a patient")
    review = Review(
        number=number,
        submitted_at=now,
        submitted_version=based_on,
        lines=service_lines_of(content.services),
        temporary_providers=manually_entered(draft_id, content),
        submitter_tins=tuple(sorted(caller.tins.intersection(content.tins))),
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


def _duplicate(existing: Fingerprint, caller: Caller, payer: Payer) -> DuplicateRequestError:
    words = payer.notices["duplicate"]
    if not existing.tins & caller.tins:
        return DuplicateRequestError(words)
    named = {"request_id": existing.request_id, "number": existing.number}
    return DuplicateRequestError(words, existing=named)


def _same_submission(
    current: Request | None, content: RequestContent, caller: Caller, based_on: int
) -> SubmittedRequest | None:
    """The earlier answer, if this is the same submission sent again."""
    if (
        current is None
        or current.review is None
        or current.review.submitted_version != based_on
        or current.content_as_submitted != content
        or not current.tins & caller.tins
    ):
        return None
    return SubmittedRequest.of(current)
