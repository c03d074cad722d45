"""A pended request continues after a stop and after a crash of the cloud."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.cloud import process
from local.deployment import prepare, synthesize
from local.users import PROVIDER, REVIEWER
from tests.journeys.portal import APPROVAL, SHORT_WAIT, until
from tests.workflow.bench import Bench


@dataclass
class Home:
    """The folder in which a cloud stores its state between processes."""

    folder: Path
    bench: Bench | None = None

    def start(self) -> Bench:
        cloud = process.start(self.folder / "state", 0, environment=SHORT_WAIT)
        self.bench = Bench(prepare(cloud))
        return self.bench

    def running(self) -> Bench:
        """As the previous test left it, or new."""
        return self.bench if self.bench and self.bench.deployment.cloud.running() else self.start()

    def saved(self, service: str, *words: str) -> bool:
        """Whether the last checkpoint of a service contains all of these."""
        file = self.folder / "state" / f"{service}.json"
        text = file.read_text() if file.exists() else ""
        return all(word in text for word in words)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    if not process.cloud_python().exists():
        pytest.skip("the local cloud is not installed")
    synthesize()
    new_home = Home(tmp_path_factory.mktemp("restart"))
    yield new_home
    if new_home.bench:
        new_home.bench.deployment.cloud.stop()


@pytest.mark.parametrize(
    "crash",
    [pytest.param(False, id="stopped", marks=pytest.mark.deep), pytest.param(True, id="killed")],
)
def test_pending_request_is_decided_when_the_cloud_was_restarted(home: Home, crash: bool) -> None:
    before = home.running()
    request_id = before.portal.draft()
    number = before.submit(request_id).number
    before.portal.await_status(request_id, PROVIDER, "PENDING")
    before.portal.await_types(request_id, PROVIDER, ["RequestSubmitted", "RequestPended"])
    draft_id = before.portal.draft()
    if crash:
        until(
            "waiting for the checkpoint",
            lambda: (
                (
                    home.saved("dynamodb", request_id, draft_id, "RequestPended")
                    and home.saved("stepfunctions", f"{request_id}-1")
                )
                or None
            ),
        )
        before.deployment.cloud.kill()
    else:
        before.deployment.cloud.stop()
        assert before.deployment.cloud.process.returncode == 0

    after = home.start()
    assert after.deployment.outputs == before.deployment.outputs
    details = after.portal.details(request_id)
    assert (details["number"], details["status"]) == (number, "PENDING")
    assert after.portal.row(draft_id, PROVIDER) is not None
    first, again = after.execution(request_id), after.execution(request_id, attempt=1)
    assert first is not None
    assert again is not None
    assert (first["status"], again["status"]) == ("FAILED", "RUNNING")
    assert again["name"] == f"{request_id}-1-repair-1"
    after.await_wait(request_id, attempt=1)
    after.portal.decide(request_id, REVIEWER, 1, [APPROVAL])
    assert after.ended(request_id, attempt=1)["status"] == "SUCCEEDED"
    after.portal.await_types(
        request_id, PROVIDER, ["RequestSubmitted", "RequestPended", "RequestDetermined"]
    )
    new = after.portal.decided()
    assert after.ended(new)["status"] == "SUCCEEDED"
