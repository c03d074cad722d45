"""The product under simulation, for one module of tests at a time."""

from collections.abc import Callable, Iterator

import pytest

from tests.simulation.world import World, installed


@pytest.fixture(scope="module")
def put() -> Iterator[Callable[[World], None]]:
    """Puts a world under the product's handlers."""
    with installed() as put:
        yield put
