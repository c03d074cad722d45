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

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, Final, TypeVar, Unpack

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError

from precert.api.accesses import Call, api_request_id, current_call, noting_call, record_of_call
from precert.api.claims import token_claims, verified_token
from precert.api.edge import SECURITY_HEADERS, Edge
from precert.api.operation import Declaration, Operation
from precert.api.problems import PROBLEM_TYPE, Problem, RefusedCallError, plain_problem, problem_of
from precert.domain.audit import AuditRecord
from precert.domain.caller import Caller, require_access_token
from precert.domain.errors import (
    DamagedRecordError,
    InvalidInputError,
    NotEntitledError,
    PrecertError,
    TooManyRequestsError,
    TransientError,
)
from precert.domain.smart_scopes import interactions_of
from precert.names import Entitlement
from precert.observability import logger, metrics, note_error, note_response
from precert.snapshot import on_snapshot

RETRY_AFTER_SECONDS: Final = 2
COMMON_ERRORS: Final = (NotEntitledError, TransientError, DamagedRecordError)
"""Errors of every operation."""
INTERNAL_DETAIL: Final = "An internal error occurred, and nothing was partially saved. Try again."
Identify = Callable[[Mapping[str, Any], Mapping[str, Any] | None], Caller]
"""Returns the caller of the verified claims; the second argument has the token's claims as issued."""
Audit = Callable[[Callable[[datetime], AuditRecord]], None]
"""Stores an audit record. The argument builds the record for the current time."""
Handler = TypeVar("Handler", bound=Callable[..., object])
_VARIABLE: Final = re.compile(r"\{\w+\}")


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
    """Returns the settings by which calls are admitted."""
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
        """Serve the operations of another module of the function; they retain their entitlements."""
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
        """Store the audit record, then return the response; an error if it cannot be stored (X1)."""
        operation = access.operation
        if operation is None or not operation.audited:
            return response
        try:
            self.record(access, operation, event, response)
        except Exception as error:  # noqa: BLE001 - no data is disclosed without an audit record
            note_error(error)
            problem = self._described(TransientError("The call could not be audited. Try again."))
            problem.request_id = api_request_id(event)
            return self._problem_response(problem, {"Retry-After": str(RETRY_AFTER_SECONDS)})
        return response

    def record(
        self,
        access: Call,
        operation: Operation,
        event: Mapping[str, Any],
        response: dict[str, Any],
    ) -> None:
        """Store the audit record of a call."""
        source_ip = self.edge().source_ip(event)
        status = response["statusCode"]
        self.audit(partial(record_of_call, access, operation, event, source_ip, status))

    def _problem_response(self, problem: Problem, headers: Mapping[str, str]) -> dict[str, Any]:
        """API Gateway's response for a problem that the resolver does not return."""
        return {
            "statusCode": problem.status,
            "headers": {"Content-Type": self.problem_type, "Cache-Control": "no-store", **headers},
            "cookies": [],
            "isBase64Encoded": False,
            "body": self.written(problem),
        }

    def _direct_call(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The refusal of a call that did not come through CloudFront and AWS WAF."""
        note_response("none", HTTPStatus.FORBIDDEN, "direct_call")
        detail = "Call the API at the portal's domain, or at the domain for partners."
        problem = plain_problem(HTTPStatus.FORBIDDEN, "direct_call", detail)
        problem.request_id = api_request_id(event)
        return self._problem_response(problem, {})

    def _routed(self, event: dict[str, Any]) -> dict[str, Any]:
        """The event with a path by which Powertools finds the same route as API Gateway did.

        API Gateway accepts any character in a path parameter, but Powertools does not. Operations read
        their parameters from ``pathParameters``.
        """
        route = str(event.get("routeKey")).partition(" ")
        for operation in self.operations:
            if (operation.method, operation.path) == (route[0], route[2]):
                return {**event, "rawPath": _VARIABLE.sub("-", operation.path)}
        return event

    @property
    def base_url(self) -> str:
        """The URL of the current call, without its path."""
        return self.edge().base_url(self.resolver.current_event.raw_event)

    def prepare(self) -> None:
        """Before a SnapStart snapshot, analyze all signatures and process one call.

        The first call after a restore is fast then.
        """
        for operation in self.operations:
            operation.dependant  # noqa: B018 - the property is cached
        http = {"method": "GET", "path": "/"}
        no_route = {"rawPath": "/", "requestContext": {"http": http, "stage": "$default"}}
        context: Any = SimpleNamespace(aws_request_id="snapshot")
        self.resolver.resolve(no_route, context)
        # This call is not a caller's, so it is not counted.
        metrics.clear_metrics()

    def caller(self, event: Mapping[str, Any], *, reads: bool) -> Caller:
        """The caller, from the claims that API Gateway's authorizer has verified.

        ``reads`` is whether the scope for reading is enough. A token of the SMART token endpoint has
        scopes instead, one of which the operation requires.
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
        """The response for an exception: all exceptions are mapped to problems here."""
        operation = self.resolver.context.get("operation")
        problem = self._described(error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            note_error(error)
        if operation and operation.guidance and isinstance(error, InvalidInputError):
            more = operation.guidance(error)
            problem.detail = f"{problem.detail} {more}" if more else problem.detail
        current_call().code = problem.code
        name = operation.operation_id if operation else "none"
        note_response(name, problem.status, problem.code)
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
        return plain_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", INTERNAL_DETAIL)


def _with_security_headers(response: dict[str, Any]) -> dict[str, Any]:
    response["headers"] = {**response.get("headers", {}), **SECURITY_HEADERS}
    return response
