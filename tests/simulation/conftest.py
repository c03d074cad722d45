"""The product under simulation, for one test module at a time."""

from collections.abc import Callable, Iterator

import pytest

from tests.simulation.installed import installed
from tests.simulation.world import World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run first what takes longest, so that two processes end at the same time."""
    items.sort(key=lambda item: not item.name.startswith("test_every_event"))


@pytest.fixture(scope="module")
def put() -> Iterator[Callable[[World], None]]:
    """Inject a world into the product's handlers."""
    with installed() as put:
        yield put
