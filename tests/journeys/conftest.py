"""One deployed product for the tier, called over HTTP."""

from collections.abc import Iterator

import pytest

from local.deployment import Deployment
from tests.journeys.portal import (
    OTHER_QUEUE,
    STRANGER,
    THIRD_REVIEWER,
    Portal,
    deployed,
    register_user,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run last what creates most requests, which lists and executions of later tests would include."""
    items.sort(key=lambda item: item.path.name == "test_openapi.py")


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("journeys")) as new:
        register_user(new, STRANGER)
        register_user(new, OTHER_QUEUE, ("HMO-COMPLETE",))
        register_user(new, THIRD_REVIEWER, ("OAP-COMPLETE",))
        yield new


@pytest.fixture
def portal(deployment: Deployment) -> Portal:
    return Portal.at(deployment)
