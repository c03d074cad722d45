"""One deployed product for the tier, called over HTTP."""

from collections.abc import Iterator

import pytest

from local.deployment import Deployment
from tests.journeys.portal import OTHER_QUEUE, STRANGER, THIRD_REVIEWER, Portal, deployed, enlist


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run last what creates most requests, which lists and executions of later tests would include."""
    items.sort(key=lambda item: item.path.name == "test_openapi.py")


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("journeys")) as new:
        enlist(new, STRANGER)
        enlist(new, OTHER_QUEUE, ("HMO-COMPLETE",))
        enlist(new, THIRD_REVIEWER, ("OAP-COMPLETE",))
        yield new


@pytest.fixture
def portal(deployment: Deployment) -> Portal:
    return Portal.at(deployment)
