"""The product under simulation, for one test module at a time."""

from collections.abc import Callable, Iterator

import pytest

from tests.simulation.world import World, installed


@pytest.fixture(scope="module")
def put() -> Iterator[Callable[[World], None]]:
    """Inject a world into the product's handlers."""
    with installed() as put:
        yield put
