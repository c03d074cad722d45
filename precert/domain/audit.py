"""Audit records of each access to health information (X1).

A record has the caller, the operation, the requests and members, the basis of the access, the source
address, the instant and the outcome. It contains no PHI: members are recorded by :func:`member_key`, a
hash of the member id.
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
    """An internal error: it is not known whether data was read or written."""


class Basis(StrEnum):
    """The relation of the caller to the data that allowed the access, in addition to entitlements."""

    TIN = "tin"
    PLAN = "plan"
    VENDOR = "vendor"
    ASSIGNMENT = "assignment"
    """The case is assigned to the caller."""


class UserAgent(StrEnum):
    """The class of a caller's user agent. The header itself can identify a person: not recorded."""

    BROWSER = "BROWSER"
    PROGRAM = "PROGRAM"


class AuditRecord(Value):
    """One access. ``access_id`` is the request id of API Gateway, or the event id of a change."""

    form: Literal[1] = 1
    access_id: Text
    at: Moment
    operation: Text
    """The operation id of the API, or the type of an event."""
    subject: Text | None = None
    client_id: Text | None = None
    entitlements: tuple[Entitlement, ...] = ()
    """The caller's entitlements that permit the operation; all of them if none permits it."""
    basis: tuple[Text, ...] = ()
    """As in ``tin:463778226`` or ``plan:OAP-COMPLETE``."""
    requests: tuple[Text, ...] = ()
    members: tuple[Text, ...] = ()
    """Keys of members, by :func:`member_key`."""
    objects: tuple[Text, ...] = ()
    """Ids of documents, notices and messages."""
    source_ip: Text | None = None
    user_agent: UserAgent | None = None
    outcome: AccessOutcome = AccessOutcome.ALLOWED
    status: int | None = None
    """The HTTP status of the response."""
    code: Text | None = None
    """The ``code`` of the problem in an error response."""


def member_key(member_id: str) -> str:
    """A member's key in audit records and in the index of members: SHA-256 in hexadecimal."""
    return sha256(member_id.upper().encode()).hexdigest()


def record_of_event(event: Event) -> AuditRecord:
    """The audit record of a change, from its event. It covers changes without an API call too."""
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
    """What an operation has accessed so far, and on which basis: the keys, in order of access."""

    requests: dict[str, None] = field(default_factory=dict)
    members: dict[str, None] = field(default_factory=dict)
    objects: dict[str, None] = field(default_factory=dict)
    basis: dict[str, None] = field(default_factory=dict)


_ACCESSED: Final[ContextVar[Accessed | None]] = ContextVar("accessed", default=None)


@contextmanager
def noting_access() -> Iterator[Accessed]:
    """Collect the accesses that are noted within the ``with`` block."""
    accessed = Accessed()
    token = _ACCESSED.set(accessed)
    try:
        yield accessed
    finally:
        _ACCESSED.reset(token)


def note_request(request_id: str, member_id: str | None) -> None:
    """Note that a request was read, and its member; without effect outside of a block."""
    if (accessed := _ACCESSED.get()) is not None:
        accessed.requests[request_id] = None
        if member_id is not None:
            accessed.members[member_key(member_id)] = None


def note_basis(basis: Basis, ids: Iterable[str] = ()) -> None:
    """Note the basis of the access, and the TINs, plans or vendors that allow it."""
    if (accessed := _ACCESSED.get()) is not None:
        accessed.basis.update((f"{basis.value}:{one}", None) for one in sorted(ids))
        if basis is Basis.ASSIGNMENT:
            accessed.basis[basis.value] = None
