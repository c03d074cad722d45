"""Migrations: changes of stored records that a release needs. They can be stopped and repeated.

A migration reads every request, page by page, and stores its position after each page. It changes a
record only if the record still lacks the change, so that running it again changes nothing, also beside
the service and beside another run.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from precert.domain.errors import DamagedRecordError, FieldError, InvalidInputError
from precert.domain.request import Request
from precert.usecases.ports.migrations import MigrationRecords, Progress
from precert.usecases.ports.requests import RequestStore


@dataclass(frozen=True)
class Migration:
    """What a migration changes in a request."""

    text: str
    apply: Callable[[MigrationRecords, Request], bool]
    """Whether it changed the record; not where the record has the change."""


def _index_cycle(records: MigrationRecords, request: Request) -> bool:
    return request.review is not None and request.cycle_is_open and records.index_cycle(request)


MIGRATIONS: Final[Mapping[str, Migration]] = {
    "index-open-cycles": Migration(
        "adds open cycles to the index that the sweep of clocks reads", _index_cycle
    ),
}
"""By name, in the order in which they are run. A migration remains until every stage has run it."""


def migrate(
    name: str, *, restart: bool = False, migrations: MigrationRecords, requests: RequestStore
) -> Iterator[Progress]:
    """Continue a migration where it was stopped, and yield its progress after each page.

    A complete migration is not run again, unless it is restarted.

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
