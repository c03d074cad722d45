"""The HTTP API of one function, on Powertools' resolver.

An operation is one decorated function: method, path, summary, errors, entitlement and headers in the
decorator, parameters and response in its signature, the description in its docstring::

    api = Api("submit", tag="Request", identify=..., audit=..., edge=...)

    @api.post(
        "/v1/requests/{request_id}/void",
        "Void a request",
        operation_id="voidRequest",
        errors=(NotFoundError, ActionNotAllowedError),
    )
    def void(request_id: RequestId, body: VoidBody, caller: CurrentCaller) -> ChangedRequest:
        \"\"\"Withdraw a request that is not determined yet.\"\"\"
        return ChangedRequest.of(call(void_request, request_id, body.reason, caller))

    handle = api.lambda_handler()

Before the function runs, :class:`Operation` requires the entitlement (403), then validates path (404),
query (422), body (400, 413, 422) and headers (400, 428). Every exception becomes a problem.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from hashlib import sha256
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, Final, NotRequired, TypedDict, TypeVar, Unpack, get_args

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
from aws_lambda_powertools.event_handler.middlewares import BaseMiddlewareHandler, NextMiddleware
from aws_lambda_powertools.event_handler.openapi.dependant import get_dependant
from aws_lambda_powertools.event_handler.openapi.params import Dependant
from pydantic import BaseModel

from precert.api.accesses import Call, api_request_id, current_call, noting_call, record_of_call
from precert.api.claims import token_claims
from precert.api.edge import SECURITY_HEADERS, Edge
from precert.api.parsing import (
    BODY_LIMIT,
    BodyLimit,
    PartlyValidError,
    is_current,
    parse_body,
    parse_query,
)
from precert.api.problems import (
    PROBLEM_TYPE,
    Problem,
    RefusedCallError,
    plain_problem,
    problem_of,
)
from precert.api.tokens import verified_token
from precert.domain.audit import AuditRecord
from precert.domain.caller import Caller, require_access_token
from precert.domain.errors import (
    DamagedRecordError,
    FieldError,
    InvalidInputError,
    MalformedHeaderError,
    NotEntitledError,
    PrecertError,
    TooManyRequestsError,
    TransientError,
    VersionMissingError,
)
from precert.domain.smart_scopes import interactions_of
from precert.names import Entitlement
from precert.observability import logger, metrics, note_answer, note_error
from precert.snapshot import on_snapshot
from precert.usecases.ports.writes import WritePreventedError, without_writes

JSON: Final = "application/json"
FHIR_JSON: Final = "application/fhir+json"
PDF: Final = "application/pdf"
RETRY_AFTER_SECONDS: Final = 2
COMMON_ERRORS: Final = (NotEntitledError, TransientError, DamagedRecordError)
"""Errors of every operation."""

Identify = Callable[[Mapping[str, Any], Mapping[str, Any] | None], Caller]
"""The caller with these claims; the second ones are those of the token as issued."""
Audit = Callable[[Callable[[datetime], AuditRecord]], None]
"""Stores the record that is built with the current instant."""
Handler = TypeVar("Handler", bound=Callable[..., object])


class Declaration(TypedDict):
    """What an operation declares besides method, path and summary."""

    operation_id: str
    """Never renamed once published."""
    errors: NotRequired[tuple[type[PrecertError], ...]]
    """Errors of its own; those of its body, query, headers and entitlement are added."""
    entitlement: NotRequired[Entitlement | None]
    """The entitlement of callers, if not that of the function; ``None`` if any token is enough."""
    also: NotRequired[tuple[Entitlement, ...]]
    """Further entitlements, one of which is enough too."""
    status: NotRequired[HTTPStatus]
    other_status: NotRequired[HTTPStatus]
    """A second success status, with the same model: the function returns ``model, status``."""
    etag: NotRequired[str]
    """The version for the ETag, formatted from the response, as in ``"{response.version}"``."""
    location: NotRequired[str]
    """As in ``"/v1/drafts/{response.draft_id}"``."""
    max_age: NotRequired[int]
    """Seconds for which a caller may reuse the response; its ETag is compared with If-None-Match."""
    conditional: NotRequired[bool]
    """Whether callers poll it: the ETag is a digest of the response, compared with If-None-Match."""
    media_type: NotRequired[str]
    """Media type of the response, if not JSON."""
    body_limit: NotRequired[BodyLimit]
    """The limit of its body, if not that of the others."""
    reads: NotRequired[bool]
    """Whether it changes nothing, although it is a POST: the scope for reading is enough."""
    audited: NotRequired[bool]
    """Whether calls are in the audit; ``False`` if neither input nor response is about a patient."""
    public: NotRequired[str]
    """Why no access token is required: API Gateway then has no authorizer before the route."""
    scopes: NotRequired[tuple[str, ...]]
    """SMART scopes of FHIR operations, such as ``Claim.c``, one of which is enough."""
    guidance: NotRequired[Callable[[InvalidInputError], str | None]]
    """The payer's text to add to the detail of invalid input, if one applies."""


_HEADER_VALUES: Final = {"if-match": '"1"'}
"""Headers while only the input is validated; others are absent."""
_VARIABLE: Final = re.compile(r"\{\w+\}")


@dataclass(eq=False)
class Operation(BaseMiddlewareHandler[Any]):
    """One operation: its declaration, and the checks before the function is called."""

    api: "Api"
    method: str
    path: str
    summary: str
    endpoint: Callable[..., object]
    """The decorated function."""
    operation_id: str
    errors: tuple[type[PrecertError], ...] = ()
    entitlement: Entitlement | None = None
    also: tuple[Entitlement, ...] = ()
    status: HTTPStatus = HTTPStatus.OK
    other_status: HTTPStatus | None = None
    etag: str | None = None
    location: str | None = None
    max_age: int | None = None
    conditional: bool = False
    media_type: str = JSON
    audited: bool = True
    body_limit: BodyLimit = BODY_LIMIT
    reads: bool = False
    public: str | None = None
    scopes: tuple[str, ...] = ()
    guidance: Callable[[InvalidInputError], str | None] | None = None

    def __post_init__(self) -> None:
        if self.revalidates:
            self.other_status = HTTPStatus.NOT_MODIFIED

    @property
    def revalidates(self) -> bool:
        """Whether it compares its ETag with If-None-Match."""
        return self.conditional or self.max_age is not None

    @property
    def changes_nothing(self) -> bool:
        return self.reads or self.method == "GET"

    @property
    def key(self) -> str:
        """API Gateway's key of the route."""
        return f"{self.method} {self.path}"

    @property
    def function(self) -> str:
        """The Lambda function that serves it."""
        return self.api.name

    @property
    def description(self) -> str:
        return inspect.getdoc(self.endpoint) or ""

    @cached_property
    def dependant(self) -> Dependant:
        """Powertools' analysis of the function's signature."""
        return get_dependant(path=self.path, call=self.endpoint)

    @property
    def body(self) -> type[BaseModel] | None:
        """The model of the request body."""
        return next((field.type_ for field in self.dependant.body_params), None)

    @property
    def query(self) -> type[BaseModel] | None:
        """The model of the query string."""
        return next((field.type_ for field in self.dependant.query_params), None)

    @property
    def all_errors(self) -> tuple[type[PrecertError], ...]:
        """Errors that it declares, and those of its body, query string and headers."""
        reads_input = self.body is not None or self.query is not None
        return (
            *self.errors,
            *((InvalidInputError,) if reads_input else ()),
            *((MalformedHeaderError,) if self.header_names else ()),
            *((VersionMissingError,) if "If-Match" in self.header_names else ()),
        )

    @property
    def header_names(self) -> list[str]:
        """Headers that the operation reads; Powertools stores their names in lower case."""
        return [one.alias.title() for one in self.dependant.header_params]

    @property
    def response(self) -> type[BaseModel] | None:
        """The model of the response; ``None`` for files and for empty responses."""
        returned = inspect.signature(self.endpoint).return_annotation
        model = get_args(returned)[0] if get_args(returned) else returned
        return model if isinstance(model, type) and issubclass(model, BaseModel) else None

    @property
    def request_headers(self) -> frozenset[str]:
        conditional = {"If-None-Match"} if self.revalidates else set()
        return frozenset({*self.header_names, *conditional})

    @property
    def response_headers(self) -> frozenset[str]:
        declared = {"ETag": self.etag, "Location": self.location, "Cache-Control": self.max_age}
        names = {name for name, value in declared.items() if value is not None}
        names |= {"ETag"} if self.conditional else set()
        names |= {"Content-Disposition"} if self.media_type == PDF else set()
        return frozenset(names)

    def handler(self, app: Any, next_middleware: NextMiddleware) -> Response[Any]:
        """Powertools calls this in place of the function, which is ``next``."""
        app.append_context(operation=self)
        event: dict[str, Any] = app.current_event.raw_event
        access = current_call()
        access.operation = self
        access.caller = caller = None if self.public else self._permitted_caller(event)
        access.arguments = arguments = self._arguments(event, caller)
        app.append_context(caller=caller, _route_args=arguments)
        response = next_middleware(app)
        access.response = response.body
        response = self._finished(response, event.get("headers") or {})
        note_answer(self.operation_id, response.status_code)
        return response

    def _permitted_caller(self, event: Mapping[str, Any]) -> Caller:
        caller = self.api.caller(event, reads=self.changes_nothing)
        if self.entitlement is not None:
            caller.require(self.entitlement, *self.also)
        if caller.scopes is not None:
            caller.require_scope(*self.scopes)
        return caller

    def _arguments(self, event: Mapping[str, Any], caller: Caller | None) -> dict[str, object]:
        arguments: dict[str, object] = {}
        malformed: dict[str, PartlyValidError] = {}
        path, headers = event.get("pathParameters") or {}, event.get("headers") or {}
        for parameter in self.dependant.path_params:
            arguments[parameter.name], _ = parameter.validate(path[parameter.name])
        for parameter in self.dependant.query_params:
            try:
                arguments[parameter.name] = parse_query(event, parameter.type_)
            except PartlyValidError as error:
                malformed[parameter.name] = error
        for parameter in self.dependant.body_params:
            try:
                arguments[parameter.name] = parse_body(event, parameter.type_, self.body_limit)
            except PartlyValidError as error:
                malformed[parameter.name] = error
        if malformed:
            raise InvalidInputError(self._all_errors(arguments, malformed, caller))
        for parameter in self.dependant.header_params:
            # API Gateway and Powertools write the names of headers in lower case.
            value = headers.get(parameter.alias)
            arguments[parameter.name], _ = parameter.validate(value)
        return arguments

    def _all_errors(
        self,
        arguments: Mapping[str, object],
        malformed: Mapping[str, PartlyValidError],
        caller: Caller | None,
    ) -> list[FieldError]:
        """The errors of form, and those that the operation finds in the valid part of the input."""
        errors = [error for one in malformed.values() for error in one.errors]
        parts = {name: one.part for name, one in malformed.items() if one.part is not None}
        if len(parts) < len(malformed):
            return errors
        valid = {**arguments, **{name: part.model for name, part in parts.items()}}
        headers = {
            one.name: one.validate(_HEADER_VALUES.get(one.alias))[0]
            for one in self.dependant.header_params
        }
        further = self._errors_in({**valid, **headers}, caller)
        for part in parts.values():
            further = part.further_errors(further)
        known = {error.pointer for error in errors}
        return [*errors, *(error for error in further if error.pointer not in known)]

    def _errors_in(
        self, arguments: Mapping[str, object], caller: Caller | None
    ) -> Sequence[FieldError]:
        """The errors that the operation finds in its input, without writing anything."""
        takes_caller = {"caller": caller} if "caller" in self._parameters else {}
        with without_writes():
            try:
                self.endpoint(**arguments, **takes_caller)
            except InvalidInputError as error:
                return error.errors
            except (PrecertError, WritePreventedError):
                return ()
        return ()

    @cached_property
    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(self.endpoint).parameters

    def _finished(self, response: Response[Any], sent: Mapping[str, str]) -> Response[Any]:
        """The response with its headers; the model is serialized here, once."""
        headers, body = response.headers, response.body
        if self.max_age is not None:
            shared = "public" if self.public else "private"
            headers["Cache-Control"] = f"{shared}, max-age={self.max_age}"
        headers.setdefault("Cache-Control", "no-store")
        text = body.model_dump_json() if isinstance(body, BaseModel) else None
        version = self.etag.format(response=body) if self.etag is not None else None
        if self.conditional and text is not None:
            version = sha256(text.encode()).hexdigest()[:16]
        if version is not None:
            headers["ETag"] = etag = f'"{version}"'
            if self.revalidates and is_current(etag, sent.get("if-none-match")):
                response.status_code, body, text = HTTPStatus.NOT_MODIFIED, None, None
        if self.location is not None:
            headers["Location"] = self.location.format(response=body)
        if text is not None:
            headers["Content-Type"] = self.media_type
            response.body = text
        elif body is None:
            del headers["Content-Type"]
            response.body = ""
        if isinstance(body, BaseModel | None) and self.other_status is None:
            # Powertools reads it from the resolver's context, which a nested call has cleared.
            response.status_code = self.status
        return response


@dataclass(eq=False)
class Api:
    """The operations of one function, and the Lambda handler that serves them."""

    name: str
    """The function's name in the manifest of routes."""
    tag: str
    """The group of its operations in the OpenAPI document."""
    identify: "Identify"
    audit: "Audit"
    edge: Callable[[], Edge]
    """How calls reach the API."""
    entitlement: Entitlement | None = Entitlement.PATIENT_SEARCH
    problem_type: str = PROBLEM_TYPE
    """Media type of problems."""
    operations: list[Operation] = field(default_factory=list)
    resolver: APIGatewayHttpResolver = field(default_factory=APIGatewayHttpResolver)

    def __post_init__(self) -> None:
        self.resolver.exception_handler(Exception)(self._problem)

    def get(
        self, path: str, summary: str, **declared: Unpack[Declaration]
    ) -> Callable[[Handler], Handler]:
        return self._operation("GET", path, summary, declared)

    def post(
        self, path: str, summary: str, **declared: Unpack[Declaration]
    ) -> Callable[[Handler], Handler]:
        return self._operation("POST", path, summary, declared)

    def put(
        self, path: str, summary: str, **declared: Unpack[Declaration]
    ) -> Callable[[Handler], Handler]:
        return self._operation("PUT", path, summary, declared)

    def patch(
        self, path: str, summary: str, **declared: Unpack[Declaration]
    ) -> Callable[[Handler], Handler]:
        return self._operation("PATCH", path, summary, declared)

    def delete(
        self, path: str, summary: str, **declared: Unpack[Declaration]
    ) -> Callable[[Handler], Handler]:
        return self._operation("DELETE", path, summary, declared)

    def include(self, other: "Api") -> None:
        """Serve the operations of another module of the function, with the entitlements they have."""
        for operation in other.operations:
            operation.api = self
            self._serve(operation)

    def lambda_handler(self) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
        """The function's entry point, with logs and metrics."""
        resolve = self.resolver.resolve

        @logger.inject_lambda_context(clear_state=True)
        @metrics.log_metrics
        def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
            logger.append_keys(api_request_id=api_request_id(event))
            if not self.edge().admits(event):
                return _with_security_headers(self._direct_call(event))
            with noting_call() as access:
                response = resolve(self._routed(event), context)
                return _with_security_headers(self._audited(access, event, response))

        on_snapshot(before=self.prepare)
        return handle

    def _audited(
        self, access: Call, event: dict[str, Any], response: dict[str, Any]
    ) -> dict[str, Any]:
        """The response, once its record is stored: without the record, nothing is answered (X1)."""
        operation = access.operation
        if operation is None or not operation.audited:
            return response
        try:
            source_ip = self.edge().source_ip(event)
            status = response["statusCode"]
            self.audit(partial(record_of_call, access, operation, event, source_ip, status))
        except Exception as error:  # noqa: BLE001 - whatever prevents the record prevents the answer
            note_error(error)
            problem = self._described(
                TransientError("The call could not be recorded. Send it again.")
            )
            problem.request_id = api_request_id(event)
            return self._answer(problem, {"Retry-After": str(RETRY_AFTER_SECONDS)})
        return response

    def _answer(self, problem: Problem, headers: Mapping[str, str]) -> dict[str, Any]:
        """A problem as API Gateway expects it, outside of the resolver."""
        return {
            "statusCode": problem.status,
            "headers": {"Content-Type": self.problem_type, "Cache-Control": "no-store", **headers},
            "cookies": [],
            "isBase64Encoded": False,
            "body": self.written(problem),
        }

    def _direct_call(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The refusal of a call that did not come through CloudFront and AWS WAF."""
        note_answer("none", HTTPStatus.FORBIDDEN, "direct_call")
        detail = "Call the API at the address of the portal, or at the domain of partners."
        problem = plain_problem(HTTPStatus.FORBIDDEN, "direct_call", detail)
        problem.request_id = api_request_id(event)
        return self._answer(problem, {})

    def _routed(self, event: dict[str, Any]) -> dict[str, Any]:
        """The event with a path that Powertools matches with the route that API Gateway matched.

        API Gateway accepts any character in a path parameter, Powertools does not. Operations read
        their parameters from ``pathParameters``.
        """
        route = str(event.get("routeKey")).partition(" ")
        for operation in self.operations:
            if (operation.method, operation.path) == (route[0], route[2]):
                return {**event, "rawPath": _VARIABLE.sub("-", operation.path)}
        return event

    @property
    def base_url(self) -> str:
        """The address of the current call, without a path."""
        return self.edge().base_url(self.resolver.current_event.raw_event)

    def prepare(self) -> None:
        """Before a snapshot, analyze all signatures and answer one call, for fast first calls."""
        for operation in self.operations:
            operation.dependant  # noqa: B018 - built when it is first used
        http = {"method": "GET", "path": "/"}
        no_route = {"rawPath": "/", "requestContext": {"http": http, "stage": "$default"}}
        context: Any = SimpleNamespace(aws_request_id="snapshot")
        self.resolver.resolve(no_route, context)
        # It is not a caller's request, so it is not counted.
        metrics.clear_metrics()

    def caller(self, event: Mapping[str, Any], *, reads: bool) -> Caller:
        """The caller, from the claims that API Gateway's authorizer has verified.

        A token of the token endpoint has SMART scopes, which the operation requires one of.
        """
        verified = verified_token(event)
        token = token_claims((event.get("headers") or {}).get("authorization"))
        if not verified.smart:
            require_access_token(verified.claims, reads=reads)
            return self.identify(verified.claims, token)
        caller = self.identify(verified.claims, token)
        scopes = interactions_of(str(verified.claims.get("scope", "")))
        return caller.model_copy(update={"scopes": scopes})

    def _operation(
        self, method: str, path: str, summary: str, declared: Declaration
    ) -> Callable[[Handler], Handler]:
        def register(function: Handler) -> Handler:
            declared.setdefault("entitlement", self.entitlement)
            self._serve(Operation(self, method, path, summary, function, **declared))
            return function

        return register

    def _serve(self, operation: Operation) -> None:
        self.operations.append(operation)
        self.resolver.route(
            operation.path.replace("{", "<").replace("}", ">"),
            operation.method,
            operation_id=operation.operation_id,
            status_code=operation.status,
            middlewares=[operation],
        )(operation.endpoint)

    def _problem(self, error: Exception) -> Response[str]:
        """The one map from exceptions to problems."""
        operation = self.resolver.context.get("operation")
        problem = self._described(error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            note_error(error)
        if operation and operation.guidance and isinstance(error, InvalidInputError):
            more = operation.guidance(error)
            problem.detail = f"{problem.detail} {more}" if more else problem.detail
        current_call().code = problem.code
        name = operation.operation_id if operation else "none"
        note_answer(name, problem.status, problem.code)
        headers = {"Cache-Control": "no-store"}
        if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        if isinstance(error, TooManyRequestsError):
            headers["Retry-After"] = str(error.retry_after)
        if isinstance(error, RefusedCallError):
            headers |= error.headers
        problem.request_id = api_request_id(self.resolver.current_event.raw_event)
        problem.instance = f"urn:precert:call:{self.resolver.lambda_context.aws_request_id}"
        return Response(problem.status, self.problem_type, self.written(problem), headers)

    def written(self, problem: Problem) -> str:
        """The body of a problem, in the media type :attr:`problem_type`."""
        return problem.model_dump_json(exclude_none=True)

    def _described(self, error: Exception) -> Problem:
        if isinstance(error, PrecertError):
            return problem_of(error)
        if isinstance(error, RefusedCallError):
            return plain_problem(error.status, error.code, error.detail)
        if isinstance(error, NoRouteError):
            return plain_problem(HTTPStatus.NOT_FOUND, "no_route", "There is no such operation.")
        detail = "An internal error occurred. Try again; nothing was partially saved."
        return plain_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail)


def _with_security_headers(response: dict[str, Any]) -> dict[str, Any]:
    response["headers"] = {**response.get("headers", {}), **SECURITY_HEADERS}
    return response


def file(content: bytes, media_type: str, name: str) -> Response[bytes]:
    """A file to save; its name is visible to proxies and in histories, so it identifies no patient."""
    disposition = f'attachment; filename="{name}"'
    return Response(HTTPStatus.OK, media_type, content, {"Content-Disposition": disposition})
