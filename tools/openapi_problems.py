"""Examples of problems: one for each error code, with the text that the API returns."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from typing import Any

from precert.api.app import INTERNAL_DETAIL
from precert.api.parsing import BODY_LIMIT, malformed, parse_if_match
from precert.api.problems import plain_problem, problem_of
from precert.domain import disputing
from precert.domain.caller import Caller
from precert.domain.completeness import errors_of_submission
from precert.domain.content import Service
from precert.domain.damage import damaged
from precert.domain.errors import (
    CheckNotAvailableError,
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
)
from precert.domain.request import Request
from precert.domain.rules import Requirement
from precert.names import Entitlement
from precert.usecases.access import expired, not_found, why_refused
from precert.usecases.confirmation import no_confirmation
from precert.usecases.document_uploads import limit_reached
from precert.usecases.drafts import no_draft
from precert.usecases.members import require_member
from precert.usecases.ports.requests import MAX_FLAGGED
from precert.usecases.rate_limits import too_many
from tools.example_request import (
    DENIED_LINE,
    PROVIDER_USER,
    REQUEST_ID,
    REVIEWER,
    SUBMITTED,
    ExampleRequest,
    example_request,
)


@cache
def problem_examples() -> Mapping[str, Any]:
    """The JSON of one problem for each error code."""
    example = example_request()
    problems = [
        *(problem_of(error) for error in _refusals(example)),
        plain_problem(HTTPStatus.BAD_REQUEST, "malformed_body", malformed().detail),
        plain_problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body_too_large",
            BODY_LIMIT.detail,
        ),
        plain_problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal",
            INTERNAL_DETAIL,
        ),
    ]
    return {
        problem.code: problem.model_dump(mode="json", exclude_none=True) for problem in problems
    }


def _refusals(example: ExampleRequest) -> tuple[PrecertError, ...]:
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
        _refused(lambda: parse_if_match(None)),
        _refused(lambda: example.determined.request.void("", PROVIDER_USER, SUBMITTED)),
        FlagLimitError(
            f"At most {MAX_FLAGGED} requests can be flagged. Remove the flag of one of these first.",
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
        limit_reached(draft, example.payer),
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


def errors_of_incomplete_draft(example: ExampleRequest) -> list[FieldError]:
    """The errors of a draft without urgency and requested days; pointers are into the body."""
    content = example.draft.content.model_copy(update={"services": (_half_entered(example.draft),)})
    errors = errors_of_submission(content, example.payer, SUBMITTED.date())
    return [error.under("/content") for error in errors]


def _half_entered(draft: Request) -> Service:
    service = draft.content.services[0]
    return service.model_copy(update={"urgency": None, "requested_days": None})


def _refused(attempt: Callable[[], object]) -> PrecertError:
    """The error that a call raises.

    Raises:
        AssertionError: the call raises none.
    """
    try:
        attempt()
    except PrecertError as error:
        return error
    raise AssertionError("the call is allowed, so it is not an example of a refusal")
