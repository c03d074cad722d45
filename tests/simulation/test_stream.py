"""The simulated stream is as harsh as DynamoDB's with a parallelization factor."""

from datetime import datetime, timedelta
from random import Random
from types import ModuleType
from typing import Final

from tests.fakes.clock import START
from tests.simulation.streams import RETAINED, Record, StreamReader
from tests.simulation.table import Written

OTHER: Final = "REQUEST#2"


def reader() -> StreamReader:
    return StreamReader("relay", ModuleType("relay"), lambda _: True)


def write(stream: StreamReader, pk: str, at: datetime = START) -> None:
    stream.add(Written("requests", (pk, "REQUEST"), None, {}), at)


def numbers(batch: list[Record], pk: str) -> list[int]:
    return [int(one.number) for one in batch if one.key[0] == pk]


def test_records_of_one_item_are_in_their_order_when_those_of_others_are_not() -> None:
    before = set[bool]()
    for seed in range(30):
        stream, rng = reader(), Random(seed)
        for pk in ("REQUEST#1", OTHER, "REQUEST#1", OTHER):
            write(stream, pk)
        read: list[Record] = []
        while stream.behind:
            batch = stream.batch(rng)
            stream.remove(batch)
            read += batch
        assert numbers(read, "REQUEST#1") == [0, 2]
        assert numbers(read, OTHER) == [1, 3]
        before.add(read[0].key[0] == OTHER)
    assert before == {True, False}


def test_item_waits_for_its_batch_when_others_are_read_at_the_same_time() -> None:
    stream = reader()
    for pk in ("REQUEST#1", "REQUEST#1", OTHER):
        write(stream, pk)
    stream.in_flight.add(("REQUEST#1", "REQUEST"))
    assert numbers(stream.batch(Random(0)), "REQUEST#1") == []
    assert stream.behind
    stream.in_flight.add((OTHER, "REQUEST"))
    assert not stream.behind


def test_record_is_gone_when_it_was_not_processed_within_a_day() -> None:
    stream = reader()
    write(stream, "REQUEST#1")
    write(stream, OTHER, START + timedelta(hours=1))
    stream.expire(START + timedelta(minutes=1))
    assert [one.key[0] for one in stream.batch(Random(0))] == [OTHER]
    assert timedelta(hours=24) == RETAINED
