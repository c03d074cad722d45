"""No clock is missed in a decade of a plan's work; `make test` runs the five months with a leap day and
both daylight saving changes.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from functions.sweep import handler as sweep
from precert.usecases.repairs import Swept
from tests.depth import DEEP
from tests.simulation.broken import InvariantError
from tests.simulation.decade import LATEST, RECORDED, Away, Decade
from tests.simulation.world import World

Put = Callable[[World], None]
SHORT = (datetime(2027, 10, 20, tzinfo=UTC), datetime(2028, 3, 25, tzinfo=UTC))
LONG = (datetime(2026, 7, 1, tzinfo=UTC), datetime(2036, 7, 1, tzinfo=UTC))


def completed(put: Put, seed: int = 1) -> Decade:
    decade = Decade(seed, *(LONG if DEEP else SHORT))
    put(decade.world)
    decade.whole()
    return decade


@pytest.mark.rule("W2", "W11", "X2")
def test_no_clock_is_missed_when_services_are_away_for_hours(put: Put) -> None:
    decade = completed(put)
    assert {one.away for one in decade.outages} == set(Away)
    assert decade.recorded.keys() == RECORDED
    assert timedelta() < decade.latest <= LATEST
    assert len(decade.world.aborted) > 5
    clocks = sum(decade.recorded.values())
    print(
        f"{clocks} reminders of {decade.start:%Y-%m} to {decade.end:%Y-%m}, missed 0, "
        f"{len(decade.outages)} outages, {len(decade.world.aborted)} executions aborted, "
        f"latest {decade.latest}"
    )


def test_clock_is_missed_when_nothing_but_executions_checks_it(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "sweep_clocks", Swept)
    with pytest.raises(InvariantError, match="a clock was missed"):
        completed(put)
