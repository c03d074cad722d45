"""A disaster: the requests table is lost, and the service is rebuilt on a backup of it (X2).

It deploys a cloud of its own twice, so only ``make deep`` runs it. The times in
docs/disaster-recovery.md are those that this test prints with ``-s``.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from local.cloud import settings
from local.cloud.deploy import deploy
from local.cloud.process import ROOT
from local.deployment import STAGE, Deployment
from local.users import PROVIDER, REVIEWER
from precert.cli.main import DONE, main
from precert.names import INDEXES, NUMBERS
from tests.journeys.portal import APPROVAL, deployed, until
from tests.workflow.bench import Bench

pytestmark = [pytest.mark.rule("X2"), pytest.mark.deep]

RESTORED: Final = "restored-requests"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """The product on a cloud of its own, whose table is lost."""
    with deployed(tmp_path / "cloud") as deployment:
        yield Bench(deployment)


def backed_up(bench: Bench) -> list[dict[str, Any]]:
    """The items of the table, as a backup holds them."""
    pages = bench.deployment.cloud.client("dynamodb").get_paginator("scan")
    table = bench.deployment.outputs["RequestsTableName"]
    return [item for page in pages.paginate(TableName=table) for item in page["Items"]]


def restored(bench: Bench, backup: list[dict[str, Any]]) -> None:
    """A new table with the items, as DynamoDB restores it: without stream and TTL."""
    client = bench.deployment.cloud.client("dynamodb")
    names = dict.fromkeys(["pk", "sk", *(name for one in INDEXES.values() for name in one.key)])
    client.create_table(
        TableName=RESTORED,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_key("pk", "sk"),
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "N" if name in NUMBERS else "S"}
            for name in names
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": _key(*index.key),
                "Projection": (
                    {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.carries)}
                    if index.carries
                    else {"ProjectionType": "KEYS_ONLY"}
                ),
            }
            for name, index in INDEXES.items()
        ],
    )
    for item in backup:
        client.put_item(TableName=RESTORED, Item=item)


def _key(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def deployed_again(bench: Bench, file: Path, out: Path) -> Bench:
    """The stage's file is deployed, as ``make deploy`` does on AWS."""
    subprocess.run(
        [
            *(sys.executable, "-m", "infra.app", "--stage", STAGE, "--platform", "local"),
            *("--config", str(file), "--out", str(out)),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    cloud = bench.deployment.cloud
    return Bench(Deployment(cloud, deploy(cloud, out)))


def attached(bench: Bench, request_id: str) -> str:
    bench.portal.attach(request_id)
    [document] = bench.portal.details(request_id)["documents"]
    return str(document["document_id"])


def run(*words: str) -> None:
    assert main(["restore", *words]) == DONE


@pytest.fixture
def operator(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell of an operator, as `local env operator` prints it."""
    for name, value in {
        "AWS_ENDPOINT_URL": bench.deployment.cloud.endpoint_url,
        "AWS_DEFAULT_REGION": settings.REGION,
        "AWS_ACCESS_KEY_ID": settings.ADMIN_KEY,
        "AWS_SECRET_ACCESS_KEY": settings.ADMIN_SECRET,
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("operator")
def test_service_continues_on_the_backup_when_its_table_was_lost(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    portal = bench.portal
    waiting, decided_later = portal.pending(), portal.pending()
    document_id = attached(bench, waiting)
    determined, draft = portal.decided(), portal.draft()
    portal.await_types(
        determined, PROVIDER, ["RequestSubmitted", "RequestPended", "RequestDetermined"]
    )
    cloud = bench.deployment.cloud
    recovery_point, backup = datetime.now(UTC), backed_up(bench)

    portal.decide(decided_later, REVIEWER, 1, [APPROVAL])
    lost = portal.pending()
    cloud.client("s3").delete_object(
        Bucket=bench.deployment.outputs["DocumentsBucketName"],
        Key=f"documents/{waiting}/{document_id}",
    )
    audited = until("waiting for the audit", lambda: _audited(bench, lost, decided_later))
    assert audited
    failed_at, started = datetime.now(UTC), time.monotonic()
    cloud.client("dynamodb").delete_table(TableName=bench.deployment.outputs["RequestsTableName"])
    restored(bench, backup)
    table_restored = time.monotonic()

    file, report = tmp_path / "dev.toml", tmp_path / "report.json"
    file.write_text(
        (ROOT / "config" / f"{STAGE}.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    run("prepare", "--requests-table", RESTORED, "--stage-file", str(file))
    after = deployed_again(bench, file, tmp_path / "cdk.out")
    assert after.deployment.outputs["RequestsTableName"] == RESTORED
    assert after.deployment.outputs["ApiUrl"] == bench.deployment.outputs["ApiUrl"]
    assert after.portal.details(waiting)["status"] == "PENDING"
    served = time.monotonic()
    run(
        *("rebuild", "--stack", f"precert-{STAGE}", "--report", str(report)),
        *("--recovery-point", recovery_point.isoformat(), "--failed-at", failed_at.isoformat()),
    )
    rebuilt = time.monotonic()

    found = json.loads(report.read_text(encoding="utf-8"))
    assert {one["request_id"]: one["missing"] for one in found["lost"]} == {
        lost: True,
        decided_later: False,
    }
    assert (found["open_cycles"], found["executions_started"]) == (2, 2)
    assert found["repaired"] == {}
    assert found["files"].keys() <= {"STORED", "UNDELETED"}
    assert found["files"]["UNDELETED"] == 1

    # What was waiting is decided, and everybody gets what follows.
    again = after.portal
    for request_id in (waiting, decided_later):
        again.decide(request_id, REVIEWER, 1, [APPROVAL])
        again.await_types(
            request_id, PROVIDER, ["RequestSubmitted", "RequestPended", "RequestDetermined"]
        )
        assert after.ended(request_id, attempt=1)["status"] == "SUCCEEDED"
    assert again.messages(determined, PROVIDER) == portal.messages(determined, PROVIDER)
    assert again.row(draft, PROVIDER) is not None
    assert again.row(lost, PROVIDER) is None
    new = again.decided()
    assert after.ended(new)["status"] == "SUCCEEDED"
    with capsys.disabled():
        print(
            f"\nrecovery point {failed_at - recovery_point} before the failure; table restored in "
            f"{table_restored - started:.1f} s, service answers after {served - started:.1f} s, "
            f"rebuilt after {rebuilt - started:.1f} s"
        )


def _audited(bench: Bench, lost: str, decided: str) -> bool | None:
    """Whether the relay has recorded the events that will be lost."""
    since = datetime.now(UTC).replace(hour=0, minute=0, second=0)
    records = bench.deps.stored_audit.between(since, datetime.now(UTC))
    found = {(one.requests[0], one.operation) for one in records if one.requests}
    return {(lost, "RequestPended"), (decided, "RequestDetermined")} <= found or None
