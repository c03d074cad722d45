"""FHIR operations: as other operations, but problems are OperationOutcomes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from pydantic import RootModel

from precert.api.app import Api, Handler
from precert.api.operation import FHIR_JSON, Declaration
from precert.api.parsing import BodyLimit
from precert.api.problems import ErrorItem, Problem, plain_problem
from precert.fhir.bundles import UnprocessableBundleError

ISSUE_OF: Final = {
    HTTPStatus.BAD_REQUEST: "structure",
    HTTPStatus.UNAUTHORIZED: "login",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.CONFLICT: "conflict",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-long",
    HTTPStatus.UNPROCESSABLE_ENTITY: "invalid",
    HTTPStatus.TOO_MANY_REQUESTS: "throttled",
    HTTPStatus.SERVICE_UNAVAILABLE: "transient",
}
"""FHIR's issue-type of each status; ``exception`` for others."""
UNPROCESSABLE: Final = "unprocessable_bundle"
FHIR_BODY: Final = BodyLimit(
    4 * 1024 * 1024,
    "Send the claim without documents, or with smaller ones, and then each document with "
    "$submit-attachment. Upload larger documents to the request.",
)
"""Lambda accepts events of 6 MB, and API Gateway's base64 encoding makes a body a third longer."""


class FhirResource(RootModel[dict[str, Any]]):
    """A FHIR R4 resource as JSON."""


@dataclass(eq=False)
class FhirApi(Api):
    """Operations that accept and return FHIR resources as FHIR JSON."""

    problem_type: str = FHIR_JSON

    def _operation(
        self, method: str, path: str, summary: str, declared: Declaration
    ) -> Callable[[Handler], Handler]:
        register = super()._operation(method, path, summary, declared)

        def register_resource(function: Handler) -> Handler:
            if function.__annotations__["return"] is FhirResource:
                declared.setdefault("media_type", FHIR_JSON)
            return register(function)

        return register_resource

    def written(self, problem: Problem) -> str:
        """An OperationOutcome with one issue per error; ``expression`` is the element's FHIRPath."""
        if problem.errors and problem.code == UNPROCESSABLE:
            issues = [_issue(one.code, one.message, one.pointer) for one in problem.errors]
        else:
            status = HTTPStatus(problem.status)
            text = " ".join([problem.detail, *(one.message for one in problem.errors or ())])
            issues = [_issue(ISSUE_OF.get(status, "exception"), text)]
        diagnostics = [problem.instance, problem.request_id]
        issues[0]["diagnostics"] = " ".join(one for one in diagnostics if one)
        return json.dumps({"resourceType": "OperationOutcome", "issue": issues})

    def _described(self, error: Exception) -> Problem:
        if not isinstance(error, UnprocessableBundleError):
            return super()._described(error)
        problem = plain_problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            UNPROCESSABLE,
            "Correct the bundle and submit it again.",
        )
        problem.errors = [
            ErrorItem(pointer=one.expression, code=one.code, message=one.message)
            for one in error.issues
        ]
        return problem


def _issue(code: str, text: str, expression: str | None = None) -> dict[str, Any]:
    issue: dict[str, Any] = {"severity": "error", "code": code, "details": {"text": text}}
    if expression:
        issue["expression"] = [expression]
    return issue
