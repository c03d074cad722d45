"""The audit record of an API call: ids of what the response disclosed and the call changed (X1)."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, RootModel

from precert.api.claims import verified_token
from precert.api.parameters import MESSAGE_ID
from precert.api.parsing import ID, NOTICE_ID
from precert.api.problems import RefusedCallError
from precert.domain.audit import (
    Accessed,
    AccessOutcome,
    AuditRecord,
    Basis,
    UserAgent,
    member_key,
    noting_access,
)
from precert.domain.caller import Caller

if TYPE_CHECKING:
    from datetime import datetime

    from precert.api.operation import Operation

_ID_FORMS: Final = {
    "request_id": ID,
    "draft_id": ID,
    "document_id": ID,
    "notice_id": NOTICE_ID,
    "message_id": MESSAGE_ID,
}
"""Fields and path parameters with ids, and their format. Values of another format are not recorded."""
_REQUESTS: Final = frozenset({"request_id", "draft_id"})
_MEMBER: Final = "member_id"
_UNIDENTIFIED: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}
)
"""Responses that confirm no patient: the value entered as a member id may be anything."""
_SEARCH: Final = "/search"
"""The end of the paths of searches. Only members in the response are recorded, not the criteria."""
_SUBJECT: Final = re.compile(r"[\x20-\x7e]{1,120}")


@dataclass
class Exchange:
    """The body of a CDS Hooks call, and the resources that were read from the client's FHIR server."""

    sent: Mapping[str, Any]
    read: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Call:
    """The facts of one API call that are collected for its audit record."""

    accessed: Accessed
    operation: "Operation | None" = None
    caller: Caller | None = None
    arguments: Mapping[str, object] = field(default_factory=dict)
    response: object = None
    code: str | None = None
    exchange: "Exchange | None" = None


_CALL: Final[ContextVar[Call | None]] = ContextVar("call", default=None)


@contextmanager
def noting_call() -> Iterator[Call]:
    """Collect the facts of a call in the block."""
    with noting_access() as accessed:
        call = Call(accessed)
        token = _CALL.set(call)
        try:
            yield call
        finally:
            _CALL.reset(token)


def current_call() -> Call:
    """The call in progress; outside of one, facts are discarded."""
    return _CALL.get() or Call(Accessed())


def record_of_call(
    call: Call,
    operation: "Operation",
    event: Mapping[str, Any],
    source_ip: str | None,
    status: int,
    at: "datetime",
) -> AuditRecord:
    """The audit record of a call.

    ``event`` is API Gateway's event (payload format 2.0), ``status`` the HTTP status of the response,
    and ``source_ip`` the caller's address.
    """
    context = event["requestContext"]
    found, caller = call.accessed, call.caller
    for name, value in (event.get("pathParameters") or {}).items():
        if name in _ID_FORMS and _ID_FORMS[name].fullmatch(str(value)):
            _note(name, str(value), found)
    if status not in _UNIDENTIFIED and not operation.path.endswith(_SEARCH):
        _note_ids(list(call.arguments.values()), found)
    _note_ids(call.response, found)
    claims = _claims_of(event)
    http = context.get("http") or {}
    return AuditRecord(
        access_id=api_request_id(event),
        at=at,
        operation=operation.operation_id,
        subject=caller.subject if caller else _matching(_SUBJECT, claims.get("sub")),
        client_id=_matching(_SUBJECT, claims.get("client_id") or claims.get("aud")),
        entitlements=tuple(sorted(_used(operation, caller))) if caller else (),
        basis=tuple(found.basis or _only_tin(caller)),
        requests=tuple(found.requests),
        members=tuple(found.members),
        objects=tuple(found.objects),
        source_ip=source_ip,
        user_agent=_class_of(http.get("userAgent")),
        outcome=_outcome(status),
        status=status,
        code=call.code,
    )


def _claims_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return verified_token(event).claims
    except RefusedCallError:
        return {}


def api_request_id(event: Mapping[str, Any]) -> str:
    """API Gateway's id of the call, which is also in its access log and in responses."""
    return str(event["requestContext"].get("requestId") or "none")


def _used(operation: "Operation", caller: Caller) -> frozenset[Any]:
    permitting = frozenset({operation.entitlement, *operation.also})
    return caller.entitlements & permitting or caller.entitlements


def _only_tin(caller: Caller | None) -> tuple[str, ...]:
    """The basis of a caller with one TIN, for operations that note none (conditional writes)."""
    tins = caller.tins if caller else frozenset[str]()
    return tuple(f"{Basis.TIN.value}:{tin}" for tin in tins) if len(tins) == 1 else ()


def _outcome(status: int) -> AccessOutcome:
    if status < HTTPStatus.BAD_REQUEST:
        return AccessOutcome.ALLOWED
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return AccessOutcome.REFUSED
    return AccessOutcome.FAILED


def _class_of(user_agent: object) -> UserAgent | None:
    if not isinstance(user_agent, str) or not user_agent:
        return None
    return UserAgent.BROWSER if user_agent.startswith("Mozilla/") else UserAgent.PROGRAM


def _matching(form: re.Pattern[str], value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) and form.fullmatch(value) else None


def _note_ids(value: object, found: Accessed) -> None:
    """Note every id in a model, at any depth.

    Documents of other standards (FHIR, CDS Hooks) have other names; use cases note what they access.
    """
    if isinstance(value, RootModel):
        return
    if isinstance(value, BaseModel):
        members: Mapping[str, object] = {**value.__dict__, **(value.__pydantic_extra__ or {})}
    elif isinstance(value, Mapping):
        members = value
    else:
        if isinstance(value, list | tuple):
            for one in value:
                _note_ids(one, found)
        return
    for name, one in members.items():
        if isinstance(one, str):
            _note(name, one, found)
        elif one is not None:
            _note_ids(one, found)


def _note(name: str, value: str, found: Accessed) -> None:
    if name == _MEMBER:
        found.members[member_key(value)] = None
    elif name in _REQUESTS:
        found.requests[value] = None
    elif name in _ID_FORMS:
        found.objects[value] = None
