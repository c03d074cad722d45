"""One deployed product for the tier; tests that stop or break theirs deploy their own."""

from collections.abc import Iterator
from typing import Final

import pytest

from local.deployment import Deployment
from tests.journeys.portal import deployed
from tests.workflow.bench import Bench
from tests.workflow.operators import Operators

SHORT_PERIODS: Final = {
    "PRECERT_CLOUD_ALARM_SECONDS": "0.5",
    "PRECERT_CLOUD_ALARM_SCALE": "0.012",
    "PRECERT_CLOUD_TRANSITIONS": "20",
}
"""Alarms look at seconds instead of minutes, and few state transitions a second are allowed."""


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("workflow"), SHORT_PERIODS) as new:
        yield new


@pytest.fixture
def bench(deployment: Deployment) -> Bench:
    return Bench(deployment)


@pytest.fixture
def operators(bench: Bench) -> Iterator[Operators]:
    found = Operators(bench)
    yield found
    found.sqs.delete_queue(QueueUrl=found.url)
