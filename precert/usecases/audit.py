"""The audit of access to health information: what stores it, and how it is read (X1)."""

import gzip
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final, Protocol

from precert.domain.audit import AuditRecord, member_key
from precert.usecases.ports.requests import ArchivedBundles, RequestStore


class HookCalls(Protocol):
    """Requests to CDS Hooks services with their responses, stored as evidence for disputes.

    Append-only. The key is the id of the audit record of the call.
    """

    def store(self, access_id: str, content: dict[str, Any]) -> None:
        """Store a call; a stored call is not overwritten.

        Raises:
            TransientError: the call was possibly not stored.
        """

    def read(self, access_id: str) -> dict[str, Any] | None:
        """The call of an audit record.

        Raises:
            TransientError.
        """


class AuditLog(Protocol):
    """Append-only: no method changes or deletes a record."""

    def append(self, record: AuditRecord) -> None:
        """Store the record; a stored record with the same time and id is not overwritten.

        Raises:
            TransientError: the record was possibly not stored.
        """


class StoredAudit(Protocol):
    """Reads appended records, oldest first."""

    def between(self, since: datetime, until: datetime) -> Iterator[AuditRecord]: ...


class LockedAudit(Protocol):
    """A store whose objects cannot be changed or deleted before their retention ends."""

    def store(self, records: tuple[AuditRecord, ...], name: str) -> None:
        """Store the records under a name; storing them again under the name changes nothing.

        Raises:
            TransientError: the records were possibly not stored.
        """


_COPIED_AT_ONCE: Final = 1000


def read_audit(
    since: datetime,
    until: datetime,
    *,
    audit: StoredAudit,
    person: str | None = None,
    patient: str | None = None,
    request_id: str | None = None,
    requests_of_patient: Collection[str] = (),
) -> Iterator[AuditRecord]:
    """The records of the period that match all criteria, oldest first.

    ``person`` is the subject of a token, ``patient`` a member id. A record of a member's request
    matches the member even if it names only the request, as the record of a list page does: requests
    of ``requests_of_patient``, and those that other records of the period state to be the member's.
    """
    member = member_key(patient) if patient else None
    requests = frozenset(requests_of_patient)
    if member:
        requests |= _requests_of(member, audit.between(since, until))
    for record in audit.between(since, until):
        if person is not None and record.subject != person:
            continue
        if request_id is not None and request_id not in record.requests:
            continue
        if member and member not in record.members and requests.isdisjoint(record.requests):
            continue
        yield record


def _requests_of(member: str, records: Iterator[AuditRecord]) -> frozenset[str]:
    """Ids of a member's requests, from the records that name one request and one member."""
    return frozenset(
        record.requests[0]
        for record in records
        if record.members == (member,) and len(record.requests) == 1
    )


def copy_audit(
    since: datetime, until: datetime, *, audit: StoredAudit, archive: LockedAudit
) -> int:
    """Store the records of the period in the archive again; returns how many.

    Readers ignore second copies.
    """
    copied = 0
    records = audit.between(since, until)
    while batch := tuple(islice(records, _COPIED_AT_ONCE)):
        archive.store(batch, f"copy-{batch[0].at.isoformat()}-{batch[0].access_id}")
        copied += len(batch)
    return copied


def received_bundles(
    request_id: str, *, stored_requests: RequestStore, archive: ArchivedBundles
) -> tuple[str, ...] | None:
    """The FHIR bundle by which a request was submitted, and those of its updates, as JSON texts.

    They are as they were received, without the data of their files, which are documents of the request.
    Requests whose retention has ended are read from the archive. Empty for a request of another
    channel; ``None`` if there is no such request.

    Raises:
        DamagedRecordError, TransientError.
    """
    file = stored_requests.read_file(request_id)
    if file is None:
        return archive.bundles_of(request_id)
    sent = (file.original, *file.updates)
    return tuple(gzip.decompress(one).decode() for one in sent if one is not None)
