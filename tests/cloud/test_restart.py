"""What persists after a stop, and after a crash."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError

from local.cloud import process
from local.cloud.deploy import deploy
from local.cloud.errors import LocalCloudError
from local.cloud.gaps.checkpoint import INTERVAL_SECONDS, hash_of_stacks
from tests.cloud import trial
from tests.cloud.conftest import FAST
from tests.cloud.deployment import Deployment, until


@dataclass
class Home:
    folder: Path
    patched: bool = True
    deployment: Deployment | None = None

    def start(self) -> Deployment:
        gaps = None if self.patched else ()
        cloud = process.start(self.folder / "state", 0, environment=FAST, gaps=gaps)
        out = deploy(cloud, trial.write(self.folder / "out", patched=self.patched))
        self.deployment = Deployment(cloud, out)
        return self.deployment


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    new_home = Home(tmp_path)
    yield new_home
    if new_home.deployment:
        new_home.deployment.cloud.stop()


def item(deployment: Deployment, sk: str) -> object:
    return (
        deployment.cloud.client("dynamodb")
        .get_item(TableName=deployment.out["Requests"], Key={"pk": {"S": "r"}, "sk": {"S": sk}})
        .get("Item")
    )


def works(deployment: Deployment, token: str, mark: str) -> None:
    """Everything that the product needs still works."""
    assert item(deployment, "EVT#before")
    body = deployment.cloud.client("s3").get_object(
        Bucket=deployment.out["Documents"], Key="stored"
    )["Body"]
    assert body.read() == b"document"
    assert deployment.echo(token).status == 200
    assert deployment.echo(deployment.sign_in()["IdToken"]).body["layer"]
    deployment.put("r", f"EVT#{mark}")
    until(lambda: deployment.seen("insert", f"EVT#{mark}"))
    arn = deployment.run(mode="call")
    assert json.loads(deployment.ended(arn)["output"]) == {"answer": 42}
    deployment.cloud.client("s3").put_object(
        Bucket=deployment.out["Documents"], Key=mark, Body=b"x"
    )
    until(
        lambda: [
            n
            for n in deployment.notes("event")
            if n["event"]["detail"].get("object", {}).get("key") == mark
        ]
    )


def populated(home: Home) -> tuple[Deployment, str, str]:
    """A cloud with data, a waiting execution and a delivered record."""
    deployment = home.start()
    deployment.put("r", "EVT#before")
    until(lambda: deployment.seen("insert", "EVT#before"))
    deployment.cloud.client("s3").put_object(
        Bucket=deployment.out["Documents"], Key="stored", Body=b"document"
    )
    token = deployment.sign_in()["IdToken"]
    return deployment, token, deployment.run(mode="wait", seconds=600)


def enable(deployment: Deployment, *, delivery: bool) -> None:
    deployment.cloud.client("lambda").update_event_source_mapping(
        UUID=deployment.out["Inserts"], Enabled=delivery
    )


def test_a_stop_loses_nothing_when_patched(home: Home) -> None:
    deployment, token, waiting = populated(home)
    deployment.token(waiting)
    enable(deployment, delivery=False)
    deployment.put("r", "EVT#undelivered")
    deployment.cloud.stop()
    assert deployment.cloud.process.returncode == 0
    assert not (deployment.cloud.state_dir / "tmp").exists()
    again = home.start()
    assert again.out == deployment.out
    assert again.seen("insert", "EVT#undelivered") == []
    enable(again, delivery=True)
    until(lambda: again.seen("insert", "EVT#undelivered"))
    works(again, token, "stopped")
    assert len(again.seen("insert", "EVT#before")) == 1
    assert again.execution(waiting)["status"] == "FAILED"


def test_a_crash_loses_seconds_at_most_when_patched(home: Home) -> None:
    deployment, token, waiting = populated(home)
    name = waiting.rpartition(":")[2]
    saved = deployment.cloud.state_dir / "stepfunctions.json"
    until(lambda: saved.exists() and name in saved.read_text(), 3 * INTERVAL_SECONDS + 2)
    tables = deployment.cloud.state_dir / "dynamodb.json"
    until(lambda: tables.exists() and "EVT#before" in tables.read_text())
    deployment.cloud.kill()
    again = home.start()
    assert again.out == deployment.out
    works(again, token, "crashed")
    assert len(again.seen("insert", "EVT#before")) == 1


def saved_zips(deployment: Deployment) -> list[str]:
    """The zips of layers in the saved state of the functions, as base64."""
    state = json.loads((deployment.cloud.state_dir / "lambda.json").read_text())
    versions = [
        one for layer in state["payload"]["layers"]["data"].values() for one in layer["versions"]
    ]
    return [one["_zip_data"]["__bytes__"] for one in versions if "__bytes__" in one["_zip_data"]]


def test_the_zip_of_a_layer_is_saved_in_a_file_of_its_own_when_patched(home: Home) -> None:
    deployment = home.start()
    token = deployment.sign_in()["IdToken"]
    deployment.cloud.stop()
    assert saved_zips(deployment) == []
    (file,) = (deployment.cloud.state_dir / "layer-zips").iterdir()
    (file.parent / "of-an-earlier-layer.zip").write_bytes(b"")
    again = home.start()
    assert again.echo(token).body["layer"]
    assert list(file.parent.iterdir()) == [file]


def test_the_zip_of_a_layer_is_saved_as_text_when_unpatched(home: Home) -> None:
    home.patched = False
    deployment = home.start()
    deployment.cloud.stop()
    assert len(saved_zips(deployment)) == 1


@pytest.mark.parametrize(
    ("changed", "saved"),
    [
        ({}, False),
        ({"_stacks": {"id": {"StackStatus": "UPDATE_COMPLETE"}}}, True),
        ({"_stack_events": {"id": [{}, {}]}}, True),
        ({"_exports": {"name": {}}}, True),
    ],
)
def test_stacks_are_saved_again_when_an_operation_changed_them(
    changed: dict[str, dict[str, object]], saved: bool
) -> None:
    before: dict[str, dict[str, object]] = {
        "_stacks": {"id": {"StackStatus": "CREATE_COMPLETE"}},
        "_stack_events": {"id": [{}]},
        "_exports": {},
        "_change_sets": {},
    }
    hashes = {
        hash_of_stacks(
            SimpleNamespace(**{name: SimpleNamespace(_data=one) for name, one in state.items()})
        )
        for state in (before, before | changed)
    }
    assert (len(hashes) == 2) is saved


def test_a_restart_stalls_the_mapping_when_unpatched(home: Home) -> None:
    home.patched = False
    deployment = home.start()
    for number in range(4):
        deployment.put("r", f"EVT#{number}")
    until(lambda: deployment.seen("insert", "EVT#3"))
    deployment.cloud.stop()
    again = home.start()
    again.put("r", "EVT#new")
    again.ended(again.run(mode="call"))
    assert again.seen("insert", "EVT#new") == []


def test_nothing_is_saved_before_the_stop_when_unpatched(unpatched: Deployment) -> None:
    assert not list(unpatched.cloud.state_dir.glob("dynamodb.json"))


def test_a_partially_deployed_stack_is_not_saved_when_patched(home: Home) -> None:
    """Killed during the first deployment, the cloud starts empty and deploys."""
    cloud = process.start(home.folder / "state", 0, environment=FAST)
    printed: list[str] = []

    def kill_amid(line: str) -> None:
        printed.append(line)
        if line.startswith("CREATE_COMPLETE"):
            cloud.kill()

    with pytest.raises(EndpointConnectionError):
        deploy(cloud, trial.write(home.folder / "out"), progress=kill_amid)
    deployment = home.start()
    assert deployment.echo(deployment.sign_in()["IdToken"]).status == 200


def test_two_clouds_do_not_share_state_when_patched(deployment: Deployment) -> None:
    port = process.free_port()
    remembered = deployment.cloud.state_dir / "port"
    with pytest.raises(LocalCloudError, match="another local cloud is using"):
        process.start(
            deployment.cloud.state_dir, port, log_file=deployment.cloud.state_dir / "second.log"
        )
    assert remembered.read_text() == str(deployment.cloud.port)


def test_a_port_in_use_is_named_when_patched(deployment: Deployment, tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=f"port {deployment.cloud.port} is in use"):
        process.start(tmp_path / "state", deployment.cloud.port)


def test_a_missing_emulator_is_named_when_patched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRECERT_CLOUD_PYTHON", str(tmp_path / "python"))
    with pytest.raises(LocalCloudError, match="not installed"):
        process.start(tmp_path / "state", 0)


def test_the_cloud_stops_with_its_parent_process_when_patched(tmp_path: Path) -> None:
    cloud = process.start(tmp_path / "state", 0)
    assert cloud.process.stdin is not None
    cloud.process.stdin.close()
    until(lambda: not cloud.running())
    assert (tmp_path / "state" / "cloudformation.json").exists() or cloud.process.returncode == 0
