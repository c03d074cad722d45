"""``audit --bundle`` prints the bundles of a request as they were received, and records that."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from precert.cli import audit as audit_command
from precert.cli import main as cli
from precert.names import PK
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import Json, claim, submit
from tests.adapters.pas_documents import attachment, only_request, reference, with_resources
from tests.adapters.pas_updates import update
from tests.fakes.samples import BOWEL_SURGERY
from tests.unit.test_export import claim_of

EXTENSION = {"url": "https://ehr.example/department", "valueString": "Surgery"}
Run = Callable[..., int]


@pytest.fixture
def run(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(audit_command, "stack_dependencies", lambda _stack: cloud.deps)
    return lambda request_id: cli.main(["audit", "--stack", "precert-dev", "--bundle", request_id])


def printed(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line[:1] == "{"]


def submitted(cloud: Cloud) -> tuple[Json, Json]:
    """A claim with an unknown extension, and an update of it, both stored."""
    document = claim(BOWEL_SURGERY)
    claim_of(document)["extension"].append(EXTENSION)
    submit(cloud, document)
    changed = update(document)
    claim_of(changed)["item"][0]["quantity"]["value"] = 2
    submit(cloud, changed)
    return document, changed


def test_command_prints_the_original_bundle_and_each_update_when_a_request_is_named(
    cloud: Cloud, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    document, changed = submitted(cloud)
    request_id = only_request(cloud)
    capsys.readouterr()
    assert run(request_id) == 0
    assert printed(capsys) == [
        {"request_id": request_id, "kind": "original", "bundle": document},
        {"request_id": request_id, "kind": "update 1", "bundle": changed},
    ]
    *_, record = cloud.audit.records.values()
    assert (record.operation, record.requests) == ("command:audit", (request_id,))


def test_command_prints_the_bundles_when_the_request_is_in_the_archive(
    cloud: Cloud, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    document, changed = submitted(cloud)
    request_id = only_request(cloud)
    file = cloud.deps.stored_requests.read_file(request_id)
    assert file is not None
    cloud.deps.archive.store(file)
    dynamodb = cloud.clients.by_name["dynamodb"]
    for item in dynamodb.scan(TableName=cloud.requests_table)["Items"]:
        if item[PK]["S"] == f"REQUEST#{request_id}":
            key = {name: item[name] for name in ("pk", "sk")}
            dynamodb.delete_item(TableName=cloud.requests_table, Key=key)
    capsys.readouterr()
    assert run(request_id) == 0
    assert [one["bundle"] for one in printed(capsys)] == [document, changed]


def test_bundle_has_no_data_of_files_when_it_is_printed(
    cloud: Cloud, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = with_resources(claim(BOWEL_SURGERY), reference(attachment(title="Notes")))
    submit(cloud, sent)
    capsys.readouterr()
    assert run(only_request(cloud)) == 0
    (found,) = printed(capsys)
    file = found["bundle"]["entry"][-1]["resource"]["content"][0]["attachment"]
    assert file == {"contentType": "application/pdf", "title": "Notes"}


def test_command_states_it_when_there_is_no_bundle(
    cloud: Cloud, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("unknown") == 1
    assert "no request has the id unknown" in capsys.readouterr().out
    request_id = cloud.submitted()
    assert run(request_id) == 1
    assert "no bundle was received" in capsys.readouterr().out
