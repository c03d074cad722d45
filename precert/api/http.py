"""From an HTTP event to a use case and back: parsing, the error map, one log line for each call.

An operation is a function of a :class:`Call` that answers an :class:`Answer`; whatever it raises
becomes a problem. Bodies are strict JSON: a number sent as text is an error with a pointer to it.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel

from precert.api.claims import caller_of
from precert.api.parsing import (
    ETAG,
    ID,
    KEY,
    MAX_BODY_BYTES,
    NOTICE_ID,
    Model,
    UnreadableBodyError,
    malformed,
    parse_body,
    parse_idempotency_key,
    parse_if_match,
    parse_query,
)
from precert.api.problems import PROBLEM_TYPE, Problem, plain_problem, problem_of
from precert.api.routes import Function, Route, routes_of
from precert.domain.caller import Caller, ClaimNames
from precert.domain.errors import NotFoundError, PrecertError, TransientError
from precert.observability import note_answer, note_error

__all__ = ["MAX_BODY_BYTES", "UnreadableBodyError", "malformed"]

RETRY_AFTER_SECONDS: Final = 2
_ID = ID
_NOTICE_ID = NOTICE_ID
_ETAG = ETAG
_KEY = KEY


@dataclass(frozen=True)
class Call:
    """One call, parsed as it is asked for."""

    event: Mapping[str, Any]
    path: Mapping[str, str]
    claim_names: ClaimNames

    @property
    def caller(self) -> Caller:
        authorizer = self.event["requestContext"].get("authorizer") or {}
        claims = (authorizer.get("jwt") or {}).get("claims") or {}
        return caller_of(claims, self.claim_names)

    def header(self, name: str) -> str | None:
        """A header by its name in lower case, as API Gateway sends all of them."""
        value: str | None = (self.event.get("headers") or {}).get(name)
        return value

    def id(self, name: str) -> str:
        """An id of the path; what has not the form of one names nothing.

        Raises:
            NotFoundError.
        """
        value = self.path[name]
        if not _ID.fullmatch(value):
            raise NotFoundError("None of your TINs has a request with this ID.")
        return value

    @property
    def notice_id(self) -> str:
        """The letter's id of the path, as in ``1-provider``.

        Raises:
            NotFoundError: it has not the form of one.
        """
        value = self.path["notice_id"]
        if not _NOTICE_ID.fullmatch(value):
            raise NotFoundError("This request does not have a determination notice with this ID.")
        return value

    def body(self, model: type[Model]) -> Model:
        """The body as its model.

        Raises:
            InvalidInputError: every error, each with its pointer.
            UnreadableBodyError: it is no JSON, or too large.
        """
        return parse_body(self.event, model)

    def query(self, model: type[Model]) -> Model:
        """The query string as its model.

        Raises:
            InvalidInputError: every error; pointers name the parameters.
        """
        return parse_query(self.event, model)

    @property
    def based_on(self) -> int:
        """The version that If-Match names.

        Raises:
            VersionMissingError: there is none.
            MalformedHeaderError: it is no ETag of ours.
        """
        return parse_if_match(self.header("if-match"))

    @property
    def idempotency_key(self) -> str | None:
        """The caller's key for this write, if any.

        Raises:
            MalformedHeaderError: it is longer than 255 characters or not plain ASCII.
        """
        return parse_idempotency_key(self.header("idempotency-key"))


@dataclass(frozen=True)
class Attachment:
    """A file to be saved; its name is seen by proxies and in histories, so it leads to nobody."""

    content: bytes
    content_type: str
    file_name: str


@dataclass(frozen=True)
class Answer:
    """What an operation answers."""

    body: BaseModel | Attachment | None
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


Operation = Callable[[Call], Answer]


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


class Api:
    """The HTTP side of one function: its rows of the route table, and what serves them.

    API Gateway has matched the route already and names it in the event; nothing is matched twice.
    """

    def __init__(self, function: Function, claim_names: Callable[[], ClaimNames]) -> None:
        self._claim_names = claim_names
        self._routes = {route.operation_id: route for route in routes_of(function)}
        self._operations: dict[str, tuple[Route, Operation]] = {}

    @property
    def served(self) -> set[str]:
        return {route.operation_id for route, _ in self._operations.values()}

    def operation(self, operation_id: str) -> Callable[[Operation], Operation]:
        """Serve an operation of the route table."""
        route = self._routes[operation_id]

        def register(operation: Operation) -> Operation:
            self._operations[route.key] = (route, operation)
            return operation

        return register

    def resolve(self, event: dict[str, Any]) -> dict[str, Any]:
        """Answer a Lambda event of API Gateway (payload format 2.0). Nothing escapes it."""
        found = self._operations.get(event.get("routeKey", ""))
        if found is None:
            problem = plain_problem(HTTPStatus.NOT_FOUND, "no_route", "There is no such operation.")
            note_answer("none", problem.status, problem.code)
            return _problem_response(problem)
        return self._serve(*found, event)

    def _serve(self, route: Route, operation: Operation, event: dict[str, Any]) -> dict[str, Any]:
        try:
            path = event.get("pathParameters") or {}
            answer = operation(Call(event, path, self._claim_names()))
        except UnreadableBodyError as error:
            return self._refuse(route, plain_problem(error.status, error.code, error.detail))
        except PrecertError as error:
            if isinstance(error, TransientError):
                note_error(error)
            return self._refuse(route, problem_of(error))
        except Exception as error:  # noqa: BLE001 - the last wall: no trace may reach a caller
            note_error(error)
            detail = "Something went wrong with us. Try again; nothing is half done."
            return self._refuse(
                route, plain_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail)
            )
        note_answer(route.operation_id, answer.status)
        return _response(answer)

    def _refuse(self, route: Route, problem: Problem) -> dict[str, Any]:
        note_answer(route.operation_id, problem.status, problem.code)
        return _problem_response(problem)


def _response(answer: Answer) -> dict[str, Any]:
    headers = {"Cache-Control": "no-store", **answer.headers}
    body = answer.body
    if isinstance(body, Attachment):
        headers |= {
            "Content-Type": body.content_type,
            "Content-Disposition": f'attachment; filename="{body.file_name}"',
        }
        # API Gateway decodes it again and sends bytes.
        return _lambda_response(
            answer.status, headers, b64encode(body.content).decode(), encoded=True
        )
    if body is None:
        return _lambda_response(answer.status, headers, "")
    headers["Content-Type"] = answer.media_type
    return _lambda_response(answer.status, headers, body.model_dump_json())


def _problem_response(problem: Problem) -> dict[str, Any]:
    headers = {"Cache-Control": "no-store", "Content-Type": PROBLEM_TYPE}
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    body = problem.model_dump_json(exclude_none=True)
    return _lambda_response(HTTPStatus(problem.status), headers, body)


def _lambda_response(
    status: HTTPStatus, headers: Mapping[str, str], body: str, *, encoded: bool = False
) -> dict[str, Any]:
    return {
        "statusCode": status.value,
        "headers": dict(headers),
        "body": body,
        "isBase64Encoded": encoded,
    }
