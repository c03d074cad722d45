"""One deployed product for the tier, called over HTTP."""

from collections.abc import Iterator

import pytest

from local.deployment import Deployment
from tests.journeys.portal import OTHER_QUEUE, STRANGER, THIRD_REVIEWER, Portal, deployed, enlist


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
