"""The audit of access to health information: who, what, whose, on which basis, from where, when (X1).

A record contains ids and codes only. A member is named by :func:`member_key`, a hash of the member id.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final, Literal

from precert.domain.dates import Moment
from precert.domain.events import Event
from precert.domain.values import Text, Value
from precert.names import Entitlement


class AccessOutcome(StrEnum):
    """The result of an access."""

    ALLOWED = "ALLOWED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    """An internal error: whether something was read or written is not known."""


class Basis(StrEnum):
    """Why an access was allowed, besides the entitlement."""

    TIN = "tin"
    PLAN = "plan"
    VENDOR = "vendor"
    ASSIGNMENT = "assignment"
    """The case is assigned to the caller."""


class UserAgent(StrEnum):
    """The class of a caller's user agent; the header itself can identify a person."""

    BROWSER = "BROWSER"
    PROGRAM = "PROGRAM"


class AuditRecord(Value):
    """One access. ``access_id`` is API Gateway's request id, or the id of the event of a change."""

    form: Literal[1] = 1
    access_id: Text
    at: Moment
    operation: Text
    """The operation id of the API, or the type of an event."""
    subject: Text | None = None
    client_id: Text | None = None
    entitlements: tuple[Entitlement, ...] = ()
    """Those of the caller that permit the operation; all that the caller has, if none does."""
    basis: tuple[Text, ...] = ()
    """As in ``tin:463778226`` or ``plan:OAP-COMPLETE``."""
    requests: tuple[Text, ...] = ()
    members: tuple[Text, ...] = ()
    """By :func:`member_key`."""
    objects: tuple[Text, ...] = ()
    """Ids of documents, notices and messages."""
    source_ip: Text | None = None
    user_agent: UserAgent | None = None
    outcome: AccessOutcome = AccessOutcome.ALLOWED
    status: int | None = None
    """The HTTP status of the response."""
    code: Text | None = None
    """The problem's code."""


def member_key(member_id: str) -> str:
    """A member's key in the audit and in the index of members; it does not reveal the member id."""
    return sha256(member_id.upper().encode()).hexdigest()


def record_of_event(event: Event) -> AuditRecord:
    """The record of a change, by its event: also of changes that no API call made."""
    return AuditRecord(
        access_id=event.event_id,
        at=event.at,
        operation=event.type.value,
        subject=event.actor,
        basis=(f"{Basis.VENDOR.value}:{event.vendor_id}",) if event.vendor_id else (),
        requests=(event.request_id,),
        objects=(event.document_id,) if event.document_id else (),
    )


@dataclass
class Accessed:
    """What an operation accessed so far, and on which basis; sets that keep their order."""

    requests: dict[str, None] = field(default_factory=dict)
    members: dict[str, None] = field(default_factory=dict)
    objects: dict[str, None] = field(default_factory=dict)
    basis: dict[str, None] = field(default_factory=dict)


_ACCESSED: Final[ContextVar[Accessed | None]] = ContextVar("accessed", default=None)


@contextmanager
def noting_access() -> Iterator[Accessed]:
    """Collect what is noted in the block."""
    accessed = Accessed()
    token = _ACCESSED.set(accessed)
    try:
        yield accessed
    finally:
        _ACCESSED.reset(token)


def note_request(request_id: str, member_id: str | None) -> None:
    """Note that a request was read, with its member."""
    if (accessed := _ACCESSED.get()) is not None:
        accessed.requests[request_id] = None
        if member_id is not None:
            accessed.members[member_key(member_id)] = None


def note_basis(basis: Basis, ids: Iterable[str] = ()) -> None:
    """Note why the access is allowed."""
    if (accessed := _ACCESSED.get()) is not None:
        accessed.basis.update((f"{basis.value}:{one}", None) for one in sorted(ids))
        if basis is Basis.ASSIGNMENT:
            accessed.basis[basis.value] = None
