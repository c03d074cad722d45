"""What outlives a stop, and what outlives a crash."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from local.cloud import process
from local.cloud.deploy import deploy
from local.cloud.errors import LocalCloudError
from local.cloud.gaps.checkpoint import INTERVAL_SECONDS
from tests.cloud import trial
from tests.cloud.conftest import FAST
from tests.cloud.stand import Stand, until


@dataclass
class Home:
    folder: Path
    filled: bool = True
    stand: Stand | None = None

    def start(self) -> Stand:
        gaps = None if self.filled else ()
        cloud = process.start(self.folder / "state", 0, environment=FAST, gaps=gaps)
        out = deploy(cloud, trial.write(self.folder / "out", filled=self.filled))
        self.stand = Stand(cloud, out)
        return self.stand


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    deps = Home(tmp_path)
    yield deps
    if deps.stand:
        deps.stand.cloud.stop()


def item(stand: Stand, sk: str) -> object:
    return (
        stand.cloud.client("dynamodb")
        .get_item(TableName=stand.out["Requests"], Key={"pk": {"S": "r"}, "sk": {"S": sk}})
        .get("Item")
    )


def works(stand: Stand, token: str, mark: str) -> None:
    """Everything the product needs still goes on."""
    assert item(stand, "EVT#before")
    body = stand.cloud.client("s3").get_object(Bucket=stand.out["Documents"], Key="kept")["Body"]
    assert body.read() == b"document"
    assert stand.echo(token).status == 200
    assert stand.echo(stand.sign_in()["IdToken"]).body["layer"]
    stand.put("r", f"EVT#{mark}")
    until(lambda: stand.seen("insert", f"EVT#{mark}"))
    arn = stand.run(mode="call")
    assert json.loads(stand.ended(arn)["output"]) == {"answer": 42}
    stand.cloud.client("s3").put_object(Bucket=stand.out["Documents"], Key=mark, Body=b"x")
    until(
        lambda: [
            n
            for n in stand.notes("event")
            if n["event"]["detail"].get("object", {}).get("key") == mark
        ]
    )


def lived_in(home: Home) -> tuple[Stand, str, str]:
    """A cloud with data, a waiting execution, and a delivered record."""
    stand = home.start()
    stand.put("r", "EVT#before")
    until(lambda: stand.seen("insert", "EVT#before"))
    stand.cloud.client("s3").put_object(Bucket=stand.out["Documents"], Key="kept", Body=b"document")
    token = stand.sign_in()["IdToken"]
    return stand, token, stand.run(mode="wait", seconds=600)


def enable(stand: Stand, *, delivery: bool) -> None:
    stand.cloud.client("lambda").update_event_source_mapping(
        UUID=stand.out["Inserts"], Enabled=delivery
    )


def test_a_stop_loses_nothing_when_filled(home: Home) -> None:
    stand, token, waiting = lived_in(home)
    stand.token(waiting)
    enable(stand, delivery=False)
    stand.put("r", "EVT#undelivered")
    stand.cloud.stop()
    assert stand.cloud.process.returncode == 0
    assert not (stand.cloud.state_dir / "tmp").exists()
    again = home.start()
    assert again.out == stand.out
    assert again.seen("insert", "EVT#undelivered") == []
    enable(again, delivery=True)
    until(lambda: again.seen("insert", "EVT#undelivered"))
    works(again, token, "stopped")
    assert len(again.seen("insert", "EVT#before")) == 1
    assert again.execution(waiting)["status"] == "FAILED"


def test_a_crash_loses_seconds_at_most_when_filled(home: Home) -> None:
    stand, token, waiting = lived_in(home)
    name = waiting.rpartition(":")[2]
    saved = stand.cloud.state_dir / "stepfunctions.json"
    until(lambda: saved.exists() and name in saved.read_text(), 3 * INTERVAL_SECONDS + 2)
    tables = stand.cloud.state_dir / "dynamodb.json"
    until(lambda: tables.exists() and "EVT#before" in tables.read_text())
    stand.cloud.kill()
    again = home.start()
    assert again.out == stand.out
    works(again, token, "crashed")
    assert len(again.seen("insert", "EVT#before")) == 1


def test_a_restart_stalls_the_mapping_when_unfilled(home: Home) -> None:
    home.filled = False
    stand = home.start()
    for number in range(4):
        stand.put("r", f"EVT#{number}")
    until(lambda: stand.seen("insert", "EVT#3"))
    stand.cloud.stop()
    again = home.start()
    again.put("r", "EVT#new")
    again.ended(again.run(mode="call"))
    assert again.seen("insert", "EVT#new") == []


def test_nothing_is_saved_before_the_stop_when_unfilled(raw: Stand) -> None:
    assert not list(raw.cloud.state_dir.glob("dynamodb.json"))


def test_a_half_made_stack_is_not_saved_when_filled(home: Home) -> None:
    """Killed amid the first deploy, the cloud starts empty and deploys."""
    cloud = process.start(home.folder / "state", 0, environment=FAST)
    said: list[str] = []

    def kill_amid(line: str) -> None:
        said.append(line)
        if line.startswith("CREATE_COMPLETE"):
            cloud.kill()

    with pytest.raises(EndpointConnectionError):
        deploy(cloud, trial.write(home.folder / "out"), progress=kill_amid)
    stand = home.start()
    assert stand.echo(stand.sign_in()["IdToken"]).status == 200


def test_two_clouds_do_not_share_a_state_when_filled(stand: Stand) -> None:
    port = process.free_port()
    remembered = stand.cloud.state_dir / "port"
    with pytest.raises(LocalCloudError, match="another local cloud is using"):
        process.start(stand.cloud.state_dir, port, log_file=stand.cloud.state_dir / "second.log")
    assert remembered.read_text() == str(stand.cloud.port)


def test_a_busy_port_is_named_when_filled(stand: Stand, tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=f"port {stand.cloud.port} is in use"):
        process.start(tmp_path / "state", stand.cloud.port)


def test_a_missing_emulator_is_named_when_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRECERT_CLOUD_PYTHON", str(tmp_path / "python"))
    with pytest.raises(LocalCloudError, match="not installed"):
        process.start(tmp_path / "state", 0)


def test_the_cloud_ends_with_whoever_started_it_when_filled(tmp_path: Path) -> None:
    cloud = process.start(tmp_path / "state", 0)
    assert cloud.process.stdin is not None
    cloud.process.stdin.close()
    until(lambda: not cloud.running())
    assert (tmp_path / "state" / "cloudformation.json").exists() or cloud.process.returncode == 0
