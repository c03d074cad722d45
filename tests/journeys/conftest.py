"""One deployed product for the tier, called as its users call it."""

from collections.abc import Iterator

import pytest

from local.stand import Stand
from tests.journeys.desk import OTHER_QUEUE, STRANGER, THIRD_REVIEWER, Desk, deployed, enlist


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with deployed(tmp_path_factory.mktemp("journeys")) as made:
        enlist(made, STRANGER)
        enlist(made, OTHER_QUEUE, ("HMO-COMPLETE",))
        enlist(made, THIRD_REVIEWER, ("OAP-COMPLETE",))
        yield made


@pytest.fixture
def desk(stand: Stand) -> Desk:
    return Desk.at(stand)
