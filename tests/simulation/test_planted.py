"""Each planted defect is detected, which shows that the invariants are effective."""

from collections.abc import Callable
from typing import Final

import pytest

from tests.simulation.broken import InvariantError
from tests.simulation.planted import DEFECTS
from tests.simulation.run import SHARE, Run
from tests.simulation.world import World

SEEDS: Final = 2 * SHARE
"""A defect of a rare order of calls needs more seeds than the search for unknown defects runs."""


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
    caught = next(filter(None, (broken(seed, put) for seed in range(SEEDS))), None)
    assert caught, f"{name} was not detected in {SEEDS} seeds"
    # By an invariant, and not by an error in the defect itself.
    assert "an internal error" not in str(caught)
