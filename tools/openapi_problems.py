"""Examples of problems: one for each error code, as the product words it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from typing import Any

from precert.api.parsing import malformed, parse_if_match
from precert.api.problems import plain_problem, problem_of
from precert.domain import disputing
from precert.domain.caller import Caller
from precert.domain.completeness import errors_of_submission
from precert.domain.content import Service
from precert.domain.damage import damaged
from precert.domain.errors import (
    CheckNotAvailableError,
    DocumentLimitError,
    DocumentNotAvailableError,
    DuplicateRequestError,
    FieldError,
    FlagLimitError,
    GuidanceOnlyError,
    InvalidInputError,
    KeyReusedError,
    NothingToExportError,
    PatientNotEligibleError,
    PrecertError,
    TransientError,
    VersionMissingError,
)
from precert.domain.request import Request
from precert.domain.rules import Requirement
from precert.names import Entitlement
from precert.usecases.access import expired, not_found, why_refused
from precert.usecases.confirmation import no_confirmation
from precert.usecases.drafts import no_draft
from precert.usecases.members import require_member
from precert.usecases.rate_limits import too_many
from tools.openapi_story import (
    DENIED_LINE,
    PROVIDER_USER,
    REQUEST_ID,
    REVIEWER,
    SUBMITTED,
    Story,
    story,
)


@cache
def problem_examples() -> Mapping[str, Any]:
    """One problem for each code, as the product words it."""
    example = story()
    problems = [
        *(problem_of(error) for error in _refusals(example)),
        plain_problem(HTTPStatus.BAD_REQUEST, "malformed_body", malformed().detail),
        plain_problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body_too_large",
            "A body can have at most 256 KB. Upload documents separately.",
        ),
        plain_problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong with us. Try again; nothing is half done.",
        ),
    ]
    return {
        problem.code: problem.model_dump(mode="json", exclude_none=True) for problem in problems
    }


def _refusals(example: Story) -> tuple[PrecertError, ...]:
    notices, draft = example.payer.notices, example.draft
    other = draft.content.model_copy(update={"services": (_half_entered(draft),)})
    same_reviewer = {DENIED_LINE: example.determined.request.submitted.lines[0].decisions[0]}
    return (
        InvalidInputError(errors_of_incomplete_draft(example)),
        _refused(lambda: Caller(subject=PROVIDER_USER).require(Entitlement.PATIENT_SEARCH)),
        not_found(),
        _refused(lambda: require_member(None, example.patient, example.payer)),
        PatientNotEligibleError(notices["not_eligible"]),
        CheckNotAvailableError(notices["check_not_available"]),
        no_confirmation(example.check.requirement),
        no_draft(replace(example.check, requirement=Requirement.NOT_REQUIRED), example.payer),
        no_draft(example.export.answer, example.payer),
        GuidanceOnlyError(notices["behavioral"]),
        expired(),
        why_refused(
            draft.model_copy(update={"version": 3, "part_versions": {"services": 3}}),
            based_on=2,
            sent=other,
            callers_tins=draft.tins,
            now=SUBMITTED,
        ),
        _refused(lambda: parse_if_match("3")),
        VersionMissingError('Send the version that you read, as in If-Match: "3".'),
        _refused(lambda: example.determined.request.void("", PROVIDER_USER, SUBMITTED)),
        FlagLimitError(
            "At most 15 requests can be flagged. Remove the flag of one of these first.",
            flagged=[
                {
                    "request_id": REQUEST_ID,
                    "number": example.determined.request.submitted.number,
                    "status": example.determined.request.status.value,
                }
            ],
        ),
        KeyReusedError("Use a new Idempotency-Key. This key was used to start another draft."),
        NothingToExportError(
            f"{example.export.vendor.name} does not decide any of these codes. "
            "Follow each code's next_step."
        ),
        DocumentLimitError("All upload slots of this request are in use."),
        DocumentNotAvailableError(
            "Only attached documents can be downloaded. The request shows the status of each document.",
            document_status="REFUSED",
        ),
        _refused(
            lambda: disputing.determine_appeal(
                example.appeal_pended.request, same_reviewer, REVIEWER, SUBMITTED
            )
        ),
        _refused(
            lambda: Caller(
                subject=PROVIDER_USER, tins=example.pended.request.tins
            ).require_no_conflict(example.pended.request)
        ),
        DuplicateRequestError(
            example.payer.notices["duplicate"],
            existing={"request_id": REQUEST_ID, "number": example.pended.request.submitted.number},
        ),
        damaged(REQUEST_ID),
        TransientError("Other callers are changing the request. Try again."),
        too_many(1200, SUBMITTED),
    )


def errors_of_incomplete_draft(example: Story) -> list[FieldError]:
    """The errors of an incomplete draft."""
    content = example.draft.content.model_copy(update={"services": (_half_entered(example.draft),)})
    errors = errors_of_submission(content, example.payer, SUBMITTED.date())
    return [error.under("/content") for error in errors]


def _half_entered(draft: Request) -> Service:
    service = draft.content.services[0]
    return service.model_copy(update={"urgency": None, "requested_days": None})


def _refused(attempt: Callable[[], object]) -> PrecertError:
    """The error that a call raises."""
    try:
        attempt()
    except PrecertError as error:
        return error
    raise AssertionError("this is allowed, so it is no example of a refusal")
