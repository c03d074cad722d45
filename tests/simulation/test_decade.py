"""No clock is missed in a decade of a plan's work; `make test` runs the five months with a leap day and
both daylight saving changes.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from functions.sweep import handler as sweep
from precert.usecases.relay import EventFilter, find_events, republish
from precert.usecases.repairs import Swept
from tests.depth import DEEP
from tests.figures import measured, number
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


@pytest.fixture(scope="module")
def decade(put: Put) -> Decade:
    return completed(put)


@pytest.mark.rule("W2", "W11", "X2")
def test_no_clock_is_missed_when_services_are_away_for_hours(decade: Decade) -> None:
    assert {one.away for one in decade.outages} == set(Away)
    assert decade.recorded.keys() == RECORDED
    assert timedelta() < decade.latest <= LATEST
    assert len(decade.world.aborted) > 5
    found = {f"`{name}`": number(count) for name, count in decade.recorded.items()} | {
        "simulated": f"{decade.start:%Y-%m-%d} to {decade.end:%Y-%m-%d}",
        "reminders and deadlines": number(sum(decade.recorded.values())),
        # A missed one raises an error.
        "missed": "0",
        "executions that were aborted": number(len(decade.world.aborted)),
        "latest record, in seconds": number(round(decade.latest.total_seconds())),
    }
    assert measured("Clocks in simulated years") == found


STREAM_RETAINS: Final = timedelta(hours=24)


@pytest.mark.rule("X2")
def test_no_event_is_lost_when_the_runbook_is_followed_after_outages(decade: Decade) -> None:
    """What expired from the stream in an outage of more than a day is published by the command."""
    minutes = {
        f"minutes without {away.value}": number(
            round(
                sum(
                    (one.end - one.start).total_seconds()
                    for one in decade.outages
                    if one.away is away
                )
                / 60
            )
        )
        for away in Away
    }
    deps = decade.world.deps
    recorded = {event.event_id for event in deps.event_records.all()}
    expired = recorded - published(decade)
    assert expired, "the stream lost nothing"
    for outage in decade.outages:
        if outage.end - outage.start > STREAM_RETAINS:
            criteria = EventFilter(since=outage.start, until=outage.end)
            events = find_events(criteria, event_records=deps.event_records)
            list(republish(events, bus=deps.bus))
    assert recorded == published(decade)
    assert measured("Outages") == minutes | {
        "outages": number(len(decade.outages)),
        "events": number(len(recorded)),
        "of which expired from the stream": number(len(expired)),
        "lost after `events republish`": "0",
    }


def published(decade: Decade) -> set[str]:
    return {json.loads(entry["Detail"])["event_id"] for entry in decade.world.published}


def test_clock_is_missed_when_nothing_but_executions_checks_it(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "sweep_clocks", Swept)
    with pytest.raises(InvariantError, match="a clock was missed"):
        completed(put)
