"""States that many tests start from, created once by the product and restored for the others.

A state is restored only for a test that has not changed anything before: with another clock, payer,
setting or injected failure the product creates it. In ``make deep`` the product creates all of them.
"""

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TextIO, TypeVar

from moto.backends import get_backend

from tests.depth import DEEP

if TYPE_CHECKING:
    from tests.adapters.calls import Calls

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"

Made = TypeVar("Made")


class Resources(NamedTuple):
    """Creating these takes as long as a submission: each test uses the same, emptied."""

    table: str
    documents: str
    archive: str
    bus: str
    machine: str
    subscriptions: str
    """The queue of what subscriptions have due."""

    @property
    def items(self) -> Any:
        """The items of moto's table by partition and sort key; no write changes an item in place."""
        return get_backend("dynamodb")[ACCOUNT][REGION].tables[self.table].items

    @property
    def buckets(self) -> list[Any]:
        """Moto's buckets that tests write to."""
        buckets = get_backend("s3")[ACCOUNT]["aws"].buckets
        return [buckets[name] for name in (self.documents, self.archive)]

    @property
    def executions(self) -> list[Any]:
        """Moto's executions of the state machine."""
        machines = get_backend("stepfunctions")[ACCOUNT][REGION].state_machines
        (found,) = (one for one in machines if one.arn == self.machine)
        executions: list[Any] = found.executions
        return executions

    @property
    def are_empty(self) -> bool:
        return not (self.items or self.executions or any(one.keys for one in self.buckets))

    def empty(self) -> None:
        """Remove what the last test has stored, in moto's own records."""
        self.items.clear()
        self.executions.clear()
        for bucket in self.buckets:
            bucket.keys = type(bucket.keys)()


@dataclass(frozen=True)
class Snapshot:
    """Everything that creating a state leaves behind."""

    result: Any
    items: Mapping[Any, Mapping[Any, Any]]
    keys: list[Any]
    executions: list[Any]
    audit: Mapping[Any, Any]
    calls: list[str]
    parameters: list[tuple[str, dict[str, Any]]]
    log: str
    printed: str
    at: datetime
    created: int
    rule_lists: tuple[Path, ...]

    @classmethod
    def of(cls, cloud: "Calls", result: Any, printed: str) -> "Snapshot":
        resources = cloud.resources
        return cls(
            result=result,
            items={key: dict(rows) for key, rows in resources.items.items()},
            keys=[deepcopy(bucket.keys) for bucket in resources.buckets],
            executions=[copy(one) for one in resources.executions],
            audit=dict(cloud.audit.records),
            calls=list(cloud.wire.calls),
            parameters=deepcopy(cloud.wire.parameters),
            log=cloud.log.getvalue(),
            printed=printed,
            at=cloud.clock.at,
            created=cloud.created_before,
            rule_lists=tuple(cloud.folder.glob("rule-list-*.sqlite")),
        )

    def restore(self, cloud: "Calls") -> None:
        resources = cloud.resources
        resources.items.update({key: dict(rows) for key, rows in self.items.items()})
        for bucket, keys in zip(resources.buckets, self.keys, strict=True):
            bucket.keys = deepcopy(keys)
        resources.executions.extend(copy(one) for one in self.executions)
        cloud.audit.records.update(self.audit)
        cloud.wire.calls.extend(self.calls)
        cloud.wire.parameters.extend(deepcopy(self.parameters))
        cloud.log.write(self.log)
        sys.stdout.write(self.printed)
        cloud.clock.at = self.at
        cloud.created_before = self.created
        for file in self.rule_lists:
            (cloud.folder / file.name).hardlink_to(file)


_snapshots: Final[dict[str, Snapshot]] = {}


def restored(cloud: "Calls", name: str, create: Callable[[], Made]) -> Made:
    """The state of this name: created by the first test that has changed nothing before."""
    if DEEP or not cloud.is_unchanged:
        return create()
    if name in _snapshots:
        _snapshots[name].restore(cloud)
        result: Made = _snapshots[name].result
        return result
    with _recorded_output() as printed:
        result = create()
    if cloud.wire.spent:
        _snapshots[name] = Snapshot.of(cloud, result, printed.getvalue())
    return result


class _Both(io.StringIO):
    """Output that is retained, and printed as before."""

    def __init__(self, output: TextIO) -> None:
        super().__init__()
        self._output = output

    def write(self, text: str) -> int:
        self._output.write(text)
        return super().write(text)


@contextmanager
def _recorded_output() -> Iterator[io.StringIO]:
    before = sys.stdout
    sys.stdout = recorded = _Both(before)
    try:
        yield recorded
    finally:
        sys.stdout = before
