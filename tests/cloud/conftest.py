"""Two clouds for the session: one as the product runs it, one without patches of the emulator.

The second one shows that each patch is still needed: a test per patch fails once the emulator does
the same by itself, so that the patch can be removed. That changes with the locked version of the
emulator only, so these tests run in ``make deep``.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud.deploy import deploy
from local.cloud.process import cloud_python, running_cloud
from local.cloud.settings import PRELOAD
from tests.cloud import trial
from tests.cloud.deployment import Deployment

FAST = {
    "PRECERT_CLOUD_EXPIRY_SECONDS": "0.5",
    "PRECERT_CLOUD_ALARM_SECONDS": "0.5",
    "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",
    "SFN_WAIT_SCALE": "0.1",
    PRELOAD: "trial_layer",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Report why no test of this folder ran if the emulator is not installed."""
    for item in items:
        if "tests/cloud" not in item.path.as_posix():
            continue
        if item.name.partition("[")[0].endswith("_when_unpatched"):
            item.add_marker(pytest.mark.deep)
        if not cloud_python().exists():
            reason = f"the local cloud is not installed ({cloud_python()})"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The cloud as the product runs it."""
    home: Path = tmp_path_factory.mktemp("cloud")
    with running_cloud(home / "state", environment=FAST) as cloud:
        yield Deployment(cloud, deploy(cloud, trial.write(home / "out")))


@pytest.fixture(scope="session")
def unpatched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The emulator without patches."""
    home: Path = tmp_path_factory.mktemp("unpatched")
    with running_cloud(home / "state", environment=FAST, gaps=()) as cloud:
        yield Deployment(cloud, deploy(cloud, trial.write(home / "out", patched=False)))
