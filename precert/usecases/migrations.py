"""Migrations: changes of stored records that a release requires. They can be stopped and repeated.

A migration reads every request, page by page, and stores its position after each page. It changes only
records that still lack the change, so that it can run again, at the same time as the service, and at
the same time as another run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from precert.domain.errors import DamagedRecordError, FieldError, InvalidInputError
from precert.domain.request import Request
from precert.usecases.ports.requests import RequestStore


@dataclass(frozen=True)
class Progress:
    """How far a migration is."""

    position: str | None = None
    """Where it continues; ``None`` at the beginning, and when it is complete."""
    complete: bool = False
    seen: int = 0
    changed: int = 0
    damaged: int = 0
    """Number of requests that cannot be read and were not changed."""


@dataclass(frozen=True)
class RequestPage:
    """Some requests, and the position of the next page; ``None`` after the last page."""

    request_ids: tuple[str, ...]
    position: str | None


class MigrationRecords(Protocol):
    def progress(self, name: str) -> Progress:
        """The stored progress; the beginning if the migration was never run. One AWS call."""

    def store(self, name: str, progress: Progress) -> None:
        """Store the progress of the migration. One AWS call."""

    def requests_after(self, position: str | None) -> RequestPage:
        """Read ids of requests, in no order. One AWS call, which reads at most 1 MB of the table."""

    def index_cycle(self, request: Request) -> bool:
        """Add an open cycle to the index of checks; returns whether it was added. One AWS call.

        If the request was changed since it was read, nothing is done, because every change adds it.
        """


@dataclass(frozen=True)
class Migration:
    """A migration: a description for operators, and the function that changes one request."""

    text: str
    apply: Callable[[MigrationRecords, Request], bool]
    """Returns whether it changed the record; ``False`` if the record has the change already."""


def _index_cycle(records: MigrationRecords, request: Request) -> bool:
    return request.review is not None and request.cycle_is_open and records.index_cycle(request)


MIGRATIONS: Final[Mapping[str, Migration]] = {
    "index-open-cycles": Migration(
        "adds open cycles to the index that the sweep of clocks reads", _index_cycle
    ),
}
"""By name, in the order in which they are run. Delete a migration once every stage has run it."""


def migrate(
    name: str,
    *,
    restart: bool = False,
    before: Callable[[Sequence[str]], None] = lambda _request_ids: None,
    migrations: MigrationRecords,
    requests: RequestStore,
) -> Iterator[Progress]:
    """Continue a migration where it was stopped, and yield its progress after each page.

    ``before`` is called with the ids of a page before its requests are read, to record them. A complete
    migration is not run again, unless it is restarted.

    Raises:
        InvalidInputError: there is no migration of this name.
    """
    if name not in MIGRATIONS:
        known = ", ".join(MIGRATIONS)
        raise InvalidInputError([FieldError("/name", "unknown", f"must be one of: {known}")])
    progress = Progress() if restart else migrations.progress(name)
    yield progress
    while not progress.complete:
        page = migrations.requests_after(progress.position)
        if page.request_ids:
            before(page.request_ids)
        seen = changed = damaged = 0
        for request_id in page.request_ids:
            seen += 1
            try:
                request = requests.read(request_id)
                if request is not None and MIGRATIONS[name].apply(migrations, request):
                    changed += 1
            except DamagedRecordError:
                damaged += 1
        progress = replace(
            progress,
            position=page.position,
            complete=page.position is None,
            seen=progress.seen + seen,
            changed=progress.changed + changed,
            damaged=progress.damaged + damaged,
        )
        migrations.store(name, progress)
        yield progress
