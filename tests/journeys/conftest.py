"""One deployed product for the tier, called as its users call it."""

from collections.abc import Iterator

import pytest

from local.stand import Stand
from tests.journeys.desk import OTHER_QUEUE, STRANGER, THIRD_REVIEWER, Desk, deployed, enlist


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with deployed(tmp_path_factory.mktemp("journeys")) as deps:
        enlist(deps, STRANGER)
        enlist(deps, OTHER_QUEUE, ("HMO-COMPLETE",))
        enlist(deps, THIRD_REVIEWER, ("OAP-COMPLETE",))
        yield deps


@pytest.fixture
def desk(stand: Stand) -> Desk:
    return Desk.at(stand)
