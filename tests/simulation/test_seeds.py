"""400 seeds, 20,000 in `make deep`: no request lost, decided twice, or left waiting.

Each planted defect is detected by one of the seeds in `test_planted.py`.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest

from precert.domain.event_types import EventType
from tests.depth import depth
from tests.simulation.broken import InvariantError
from tests.simulation.run import SHARE, Run
from tests.simulation.wire import CallFailure
from tests.simulation.world import REQUESTS, World

SEEDS: Final = depth(SHARE, 20_000)
BATCH: Final = 50
VARIED: Final = 250
"""Seeds that between them bring about everything."""
STEPS_SHOWN: Final = 120
"""Steps of a broken seed that are shown; its replay shows all."""

SEEN: Final = frozenset(
    {
        EventType.DRAFT_STARTED,
        EventType.DRAFT_DELETED,
        EventType.DRAFT_EXPIRING,
        EventType.DRAFT_EXPIRED,
        EventType.REQUEST_SUBMITTED,
        EventType.REQUEST_PENDED,
        EventType.REQUEST_DETERMINED,
        EventType.REQUEST_VOIDED,
        EventType.DEADLINE_APPROACHING,
        EventType.DEADLINE_PASSED,
        EventType.DEEMED_DENIAL_DUE,
        EventType.DOCUMENT_ATTACHED,
        EventType.DOCUMENT_REFUSED,
        EventType.DOCUMENT_DELETED,
        EventType.INFORMATION_REQUESTED,
        EventType.INFORMATION_RECEIVED,
        EventType.INFORMATION_OVERDUE,
        EventType.DEADLINE_EXTENDED,
        EventType.PEER_TO_PEER_OFFERED,
        EventType.CASE_ASSIGNED,
        EventType.CASE_RELEASED,
        EventType.DECISION_PROPOSED,
        EventType.DECISION_RETURNED,
        EventType.NOTE_ADDED,
        EventType.APPEAL_FILED,
        EventType.APPEAL_PENDED,
        EventType.APPEAL_DETERMINED,
        EventType.NOTICES_ISSUED,
    }
)
"""What people and time bring about here; moves to come add theirs."""

Put = Callable[[World], None]


def completed(seed: int, put: Put) -> Run:
    """Run a seed to its end."""
    run = Run(seed)
    put(run.world)
    try:
        run.whole()
    except InvariantError as error:
        steps = "\n".join(map(str, run.world.trace[-STEPS_SHOWN:]))
        pytest.fail(f"{steps}\nseed {seed}: {error}\npython -m tests.simulation {seed}")
    return run


@pytest.mark.rule("S1", "D5", "U3", "W2", "W6", "W7", "T5")
@pytest.mark.parametrize("first", range(VARIED, SEEDS, BATCH))
def test_every_invariant_holds_when_any_call_fails_anywhere(put: Put, first: int) -> None:
    for seed in range(first, first + BATCH):
        completed(seed, put)


@pytest.mark.rule("S1", "D5", "U3", "W2", "W6", "W7", "T5")
def test_every_event_and_failure_occurs_when_the_first_seeds_are_run(put: Put) -> None:
    """The invariants hold, with every event, every failure, races and losses."""
    events: set[str] = set()
    defects: Counter[str] = Counter()
    nested = aborted = repeated = 0
    for seed in range(VARIED):
        run = completed(seed, put)
        world = run.world
        events |= {
            json.loads(item["event"]["S"])["type"]
            for item in world.tables.items(REQUESTS)
            if "event" in item
        }
        defects.update(step.text.rpartition(": ")[2] for step in world.trace)
        nested += any(step.depth > 1 for step in world.trace)
        aborted += bool(world.aborted)
        ids = [json.loads(entry["Detail"])["event_id"] for entry in world.published]
        repeated += len(set(ids)) < len(ids)
    assert events >= SEEN
    assert {defect.value for defect in CallFailure} - {CallFailure.STALE.value} <= defects.keys()
    assert nested > VARIED // 4
    assert aborted > VARIED // 50
    assert repeated > VARIED // 10


def test_replay_is_identical_when_a_seed_is_run_again(put: Put) -> None:
    for seed in (3, 17, 220):
        once, again = completed(seed, put), completed(seed, put)
        assert once.world.trace == again.world.trace
        assert once.world.tables.tables == again.world.tables.tables
