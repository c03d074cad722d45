"""A plan of a million members is loaded within an hour, in `make deep`; `make test` loads a share.

The product's own load runs over a table that throttles as a new on-demand table does. Time is
simulated: calls of 16 workers overlap, so that each takes a sixteenth of its latency.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any, Final

from bench.cost.prices import prices
from bench.cost.usage import Item
from local.sample import sample_members
from precert.adapters.dynamodb.bulk import Bulk, LoadSpeed, Pacer
from precert.adapters.dynamodb.loading import DynamoDBLoads
from precert.domain.coverage import Member, members_of
from precert.domain.loads import Checkpoint, LoadKind, RejectedRow, Unit
from precert.usecases.loading import Load
from precert.usecases.member_loading import load_members
from tests.depth import depth
from tests.fakes.clock import START
from tests.fakes.reference_table import Capacity, FakeReferenceTable, SimulatedTime
from tests.fakes.samples import payer
from tests.figures import measured, number

MEMBERS: Final = depth(5_000, 1_000_000)
LATENCY: Final = 0.005
SPEED: Final = LoadSpeed()
HOUR: Final = 3600.0
EXPECTED_MINUTES: Final = 10
"""What docs/operations.md states of a million."""
MEMBER_PREFIX: Final = "MEMBER#L"


class CountingTable(FakeReferenceTable):
    """Counts the writes of each member instead of storing it."""

    def __init__(self, capacity: Capacity) -> None:
        super().__init__(capacity=capacity, latency=LATENCY / SPEED.workers)
        self.written = bytearray(MEMBERS)

    def _set(self, key: tuple[str, str], item: dict[str, Any] | None) -> None:
        if key[0].startswith(MEMBER_PREFIX):
            self.written[int(key[0].removeprefix(MEMBER_PREFIX))] += 1
        else:
            super()._set(key, item)


class Monitor:
    """Port ``LoadMonitor``: no row is rejected."""

    def begins(self, checkpoint: Checkpoint) -> None: ...

    def rejected(self, row: RejectedRow) -> None:
        raise AssertionError(row.errors)

    def advanced(self, checkpoint: Checkpoint) -> None: ...


def members() -> Iterator[Unit[Member]]:
    """The sample members again and again, each with an id of its own."""
    known = list(members_of(sample_members(payer())))
    for index in range(MEMBERS):
        member = known[index % len(known)].model_copy(update={"member_id": f"L{index}"})
        yield Unit(index + 1, member)


def test_million_members_are_loaded_within_an_hour_when_the_table_is_new() -> None:
    time = SimulatedTime()
    capacity = Capacity(time)
    table = CountingTable(capacity)
    loads = DynamoDBLoads(
        table,  # type: ignore[arg-type]
        reference_table="reference",
        digests=lambda: None,  # type: ignore[arg-type, return-value]
        bulk=Bulk(workers=1, chance=Random(1).random, pause=time.sleep),
        writes=Pacer(SPEED.writes_per_second, clock=time, pause=time.sleep),
        macs=Pacer(SPEED.macs_per_second, clock=time, pause=time.sleep),
    )
    load = Load(load_id="million", as_of=START, monitor=Monitor(), records=loads)
    done = load_members(
        members(), load, loads=loads, now=lambda: START + timedelta(seconds=time.now)
    )
    minutes = time.now / 60
    assert Counter(table.written) == {1: MEMBERS}
    assert done.counts.stored == MEMBERS
    assert loads.checkpoint(LoadKind.MEMBERS, "million") == done
    assert time.now <= HOUR * MEMBERS / 1_000_000
    assert minutes <= EXPECTED_MINUTES
    dollars = table.units * prices().prices[Item.WRITE_UNITS.value].of_one
    assert measured("A million members") == {
        "members": number(MEMBERS),
        "write units": number(table.units),
        "dollars": f"{dollars:.3f}",
        "simulated minutes": f"{minutes:.1f}",
    }
