"""CDS Hooks services: JSON in and out, with problems as OperationOutcomes."""

from dataclasses import dataclass
from http import HTTPStatus

from precert.api.app import JSON
from precert.api.fhir import UNPROCESSABLE, FhirApi
from precert.api.problems import ErrorItem, Problem, RefusedCallError, plain_problem
from precert.domain.errors import InvalidInputError
from precert.fhir.bundles import Issue


class HookRefusedError(Exception):
    """A call cannot be answered: it is malformed, or what it needs was not sent."""

    def __init__(self, issue: Issue, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__("hook refused")
        self.issue = issue
        self.status = status


@dataclass(eq=False)
class HookApi(FhirApi):
    """The services of CDS Hooks."""

    problem_type: str = JSON

    def _described(self, error: Exception) -> Problem:
        if isinstance(error, HookRefusedError):
            problem = plain_problem(error.status, UNPROCESSABLE, error.issue.message)
            one = error.issue
            problem.errors = [ErrorItem(pointer=one.expression, code=one.code, message=one.message)]
            return problem
        problem = super()._described(error)
        if isinstance(error, InvalidInputError):
            # A body that is no object is not a call of a hook.
            problem.status = HTTPStatus.BAD_REQUEST
        return problem


def unverified(detail: str) -> RefusedCallError:
    """The refusal of a call whose JWT does not prove who sent it."""
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return RefusedCallError(HTTPStatus.UNAUTHORIZED, "not_verified", detail, headers=headers)
