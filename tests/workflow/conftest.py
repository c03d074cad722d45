"""One deployed product for the tier; tests that stop or break theirs deploy their own."""

from collections.abc import Iterator
from typing import Final

import pytest

from local.deployment import Deployment
from tests.journeys.portal import deployed
from tests.workflow.bench import Bench

SHORT_PERIODS: Final = {
    "PRECERT_CLOUD_ALARM_SECONDS": "0.5",
    "PRECERT_CLOUD_ALARM_SCALE": "0.012",
}
"""Alarms look at seconds instead of minutes."""


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("workflow"), SHORT_PERIODS) as new:
        yield new


@pytest.fixture
def bench(deployment: Deployment) -> Bench:
    return Bench(deployment)
