"""CDS Hooks services: JSON in and out, with problems as OperationOutcomes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from precert.api.accesses import Call, Exchange, api_request_id
from precert.api.fhir import UNPROCESSABLE, FhirApi
from precert.api.operation import JSON, Operation
from precert.api.problems import ErrorItem, Problem, RefusedCallError, plain_problem
from precert.domain.errors import InvalidInputError
from precert.fhir.bundles import Issue


class HookRefusedError(Exception):
    """A call cannot be processed: it is malformed, or required data was not sent."""

    def __init__(self, issue: Issue, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__("hook refused")
        self.issue = issue
        self.status = status


Retain = Callable[[str, dict[str, Any]], None]
"""Stores a call with its response, under the id of its audit record."""
FORM: Final = 1
"""Version of the stored format. Within a version, members are only added."""
_ACCESS: Final = "fhirAuthorization"


@dataclass(eq=False)
class HookApi(FhirApi):
    """The services of CDS Hooks.

    A call of a verified client is stored with its response, without the token of its FHIR server.
    """

    problem_type: str = JSON
    retain: Retain | None = None

    def record(
        self,
        access: Call,
        operation: Operation,
        event: Mapping[str, Any],
        response: dict[str, Any],
    ) -> None:
        super().record(access, operation, event, response)
        if self.retain is not None and access.caller is not None and access.exchange is not None:
            content = _retained(access.exchange, event, response)
            self.retain(api_request_id(event), {"client": access.caller.subject, **content})

    def _described(self, error: Exception) -> Problem:
        if isinstance(error, HookRefusedError):
            problem = plain_problem(error.status, UNPROCESSABLE, error.issue.message)
            one = error.issue
            problem.errors = [ErrorItem(pointer=one.expression, code=one.code, message=one.message)]
            return problem
        problem = super()._described(error)
        if isinstance(error, InvalidInputError):
            # CDS Hooks: a malformed request is answered with 400.
            problem.status = HTTPStatus.BAD_REQUEST
        return problem


def _retained(
    exchange: Exchange, event: Mapping[str, Any], response: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "form": FORM,
        "service": (event.get("pathParameters") or {}).get("service_id"),
        "call": {name: value for name, value in exchange.sent.items() if name != _ACCESS},
        "read": exchange.read,
        "status": response["statusCode"],
        "answer": json.loads(response["body"]),
    }


def unverified(detail: str) -> RefusedCallError:
    """The refusal of a call whose JWT cannot be verified."""
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return RefusedCallError(HTTPStatus.UNAUTHORIZED, "not_verified", detail, headers=headers)
