"""Streams of the simulated table, the filters of their mappings, and deliveries of the bus."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from types import ModuleType
from typing import Any, Final, NamedTuple

from precert.names import REQUEST_SK
from tests.simulation.table import Key, Written

BATCH: Final = 4
RETAINED: Final = timedelta(hours=24)
"""How long a stream keeps a record."""


class Record(NamedTuple):
    """A record of a stream."""

    key: Key
    at: datetime
    content: dict[str, Any]

    @property
    def number(self) -> str:
        return str(self.content["dynamodb"]["SequenceNumber"])


@dataclass
class StreamReader:
    """An event source mapping with a parallelization factor: the stream's records, at least once.

    Only the records of one item are in their order; batches of different items run at the same time.
    The stream keeps a record for a day.
    """

    name: str
    handler: ModuleType
    passes: Callable[[Written], bool]
    records: dict[Key, list[Record]] = field(default_factory=dict)
    """What is not processed, by item."""
    in_flight: set[Key] = field(default_factory=set)
    written: int = 0

    @property
    def ready(self) -> list[Key]:
        """Items of which no batch in flight has a record."""
        return [key for key in self.records if key not in self.in_flight]

    @property
    def behind(self) -> bool:
        return len(self.records) > len(self.in_flight)

    def add(self, written: Written, at: datetime) -> None:
        number = f"{self.written:021d}"
        self.written += 1
        record = Record(written.key, at, stream_record(written, number))
        self.records.setdefault(written.key, []).append(record)

    def expire(self, before: datetime) -> None:
        for key in self.ready:
            self.remove([one for one in self.records[key] if one.at < before])

    def batch(self, rng: Random) -> list[Record]:
        """Some records: of each item its first ones."""
        batch: list[Record] = []
        left = {key: list(self.records[key]) for key in self.ready}
        for _ in range(rng.randint(1, BATCH)):
            if not left:
                break
            key = rng.choice(list(left))
            batch.append(left[key].pop(0))
            if not left[key]:
                del left[key]
        return batch

    def remove(self, processed: list[Record]) -> None:
        for one in processed:
            self.records[one.key].remove(one)
            if not self.records[one.key]:
                del self.records[one.key]


@dataclass
class Delivery:
    """An event that is delivered at least once, at any time: from a queue, or by an invocation."""

    detail: dict[str, Any]
    handler: ModuleType
    what: str
    attempts: int = 0


def _event_written(written: Written) -> bool:
    return written.old is None and written.key[1].startswith("EVENT#")


def is_draft(written: Written) -> bool:
    new = written.new
    return written.key[1] == REQUEST_SK and new is not None and new["status"]["S"] == "INCOMPLETE"


def _draft_saved(written: Written) -> bool:
    return written.old is not None and is_draft(written)


def relayed(written: Written) -> bool:
    """What the relay's mapping passes, as ``infra.constructs.streams`` defines it."""
    return _event_written(written) or _draft_saved(written)


def removed(written: Written) -> bool:
    """What the cleanup's mapping passes."""
    sk = written.key[1]
    return written.new is None and (sk == REQUEST_SK or sk.startswith("DOCUMENT#"))


def stream_record(written: Written, number: str) -> dict[str, Any]:
    pk, sk = written.key
    response: dict[str, Any] = {
        "SequenceNumber": number,
        "Keys": {"pk": {"S": pk}, "sk": {"S": sk}},
    }
    if written.new is not None:
        response["NewImage"] = written.new
    if written.old is not None:
        response["OldImage"] = written.old
    return {"eventName": written.kind, "dynamodb": response}
