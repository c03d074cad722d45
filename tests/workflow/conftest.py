"""One deployed product for the tier; tests that stop or break theirs bring their own."""

from collections.abc import Iterator

import pytest

from local.stand import Stand
from tests.journeys.desk import deployed
from tests.workflow.bench import Bench


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with deployed(tmp_path_factory.mktemp("workflow")) as deps:
        yield deps


@pytest.fixture
def bench(stand: Stand) -> Bench:
    return Bench(stand)
