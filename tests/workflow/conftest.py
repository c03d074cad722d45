"""One deployed product for the tier; tests that stop or break theirs deploy their own."""

from collections.abc import Iterator

import pytest

from local.deployment import Deployment
from tests.journeys.portal import deployed
from tests.workflow.bench import Bench


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("workflow")) as new:
        yield new


@pytest.fixture
def bench(deployment: Deployment) -> Bench:
    return Bench(deployment)
