"""Each planted fault is caught: what the simulation promises is worth no more than this."""

from collections.abc import Callable

import pytest

from tests.simulation.broken import InvariantError
from tests.simulation.planted import DEFECTS
from tests.simulation.run import SHARE, Run
from tests.simulation.world import World


def broken(seed: int, put: Callable[[World], None]) -> InvariantError | None:
    run = Run(seed)
    put(run.world)
    try:
        run.whole()
    except InvariantError as error:
        return error
    return None


@pytest.mark.parametrize("name", DEFECTS)
def test_planted_defect_is_detected_when_seeds_are_run(
    name: str, put: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    DEFECTS[name](monkeypatch)
    caught = next(filter(None, (broken(seed, put) for seed in range(SHARE))), None)
    assert caught, f"{name} lived through {SHARE} seeds"
    # By a promise, and not by a slip in the fault itself.
    assert "a fault of our own" not in str(caught)
