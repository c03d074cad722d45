"""One operation of the HTTP API: its declaration, its input and its response."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NotRequired, TypedDict, get_args

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.middlewares import BaseMiddlewareHandler, NextMiddleware
from aws_lambda_powertools.event_handler.openapi.dependant import get_dependant
from aws_lambda_powertools.event_handler.openapi.params import Dependant
from pydantic import BaseModel

from precert.api.accesses import current_call
from precert.api.parsing import (
    BODY_LIMIT,
    BodyLimit,
    PartlyValidError,
    is_current,
    parse_body,
    parse_query,
)
from precert.domain.caller import Caller
from precert.domain.errors import (
    FieldError,
    InvalidInputError,
    MalformedHeaderError,
    PrecertError,
    VersionMissingError,
)
from precert.names import Entitlement
from precert.observability import note_response
from precert.usecases.ports.writes import WritePreventedError, without_writes

if TYPE_CHECKING:
    from precert.api.app import Api

JSON: Final = "application/json"
FHIR_JSON: Final = "application/fhir+json"
PDF: Final = "application/pdf"


class Declaration(TypedDict):
    """The arguments of the decorators of :class:`precert.api.app.Api`, besides path and summary."""

    operation_id: str
    """Never renamed once published."""
    errors: NotRequired[tuple[type[PrecertError], ...]]
    """Errors of the operation. Those of its body, query, headers and entitlement are added."""
    entitlement: NotRequired[Entitlement | None]
    """The required entitlement, if not that of the function; ``None`` if any token is enough."""
    also: NotRequired[tuple[Entitlement, ...]]
    """Alternative entitlements; one of them is enough."""
    status: NotRequired[HTTPStatus]
    other_status: NotRequired[HTTPStatus]
    """A second success status, with the same model: the function returns ``model, status``."""
    etag: NotRequired[str]
    """Template of the version in the ETag, as in ``"{response.version}"``."""
    location: NotRequired[str]
    """Template of the Location header, as in ``"/v1/drafts/{response.draft_id}"``."""
    max_age: NotRequired[int]
    """Seconds for which callers may cache the response; its ETag is compared with If-None-Match."""
    conditional: NotRequired[bool]
    """For polling: the ETag is a digest of the response, which is compared with If-None-Match."""
    media_type: NotRequired[str]
    """Media type of the response, if not JSON."""
    body_limit: NotRequired[BodyLimit]
    """The size limit of the body, if not ``BODY_LIMIT``."""
    reads: NotRequired[bool]
    """Whether a POST only reads, so that the scope for reading is enough."""
    audited: NotRequired[bool]
    """Whether calls are audited; ``False`` if neither input nor response is about a patient."""
    public: NotRequired[str]
    """The reason why no access token is required: the route then has no authorizer."""
    scopes: NotRequired[tuple[str, ...]]
    """SMART scopes of a FHIR operation, such as ``Claim.c``; one of them is enough."""
    guidance: NotRequired[Callable[[InvalidInputError], str | None]]
    """Returns the payer's text to add to the detail of invalid input, if one applies."""


_HEADER_VALUES: Final = {"if-match": '"1"'}
"""Placeholders for required headers while only the body and the query are validated."""


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
        """The declared errors, and those of the body, query string and headers."""
        reads_input = self.body is not None or self.query is not None
        return (
            *self.errors,
            *((InvalidInputError,) if reads_input else ()),
            *((MalformedHeaderError,) if self.header_names else ()),
            *((VersionMissingError,) if "If-Match" in self.header_names else ()),
        )

    @property
    def header_names(self) -> list[str]:
        """Names of the headers that the operation reads, as in ``If-Match``."""
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
        note_response(self.operation_id, response.status_code)
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
        """The errors of type and format, and those of the operation in the valid part of the input."""
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
            # Powertools takes the status from the resolver's context, which a nested call has cleared.
            response.status_code = self.status
        return response


def file(content: bytes, media_type: str, name: str) -> Response[bytes]:
    """A response with a file to download.

    ``name`` must not identify a patient, as it is visible to proxies and in browser histories.
    """
    disposition = f'attachment; filename="{name}"'
    return Response(HTTPStatus.OK, media_type, content, {"Content-Disposition": disposition})
