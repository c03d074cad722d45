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

import httpx
import pytest

from local.cloud import settings
from local.cloud.deploy import deploy
from local.cloud.process import ROOT
from local.deployment import STAGE, Deployment
from local.users import PROVIDER, REVIEWER, register
from precert.cli.main import DONE, main
from precert.names import INDEXES, NUMBERS
from tests.journeys.portal import APPROVAL, Json, deployed, until
from tests.journeys.test_search import FACTS, SSN
from tests.workflow.bench import Bench, imaging
from tests.workflow.test_intake import put
from tests.workflow.test_intake import register as fax

pytestmark = [pytest.mark.rule("X2"), pytest.mark.deep]

RESTORED: Final = "restored-requests"
RESTORED_REFERENCE: Final = "restored-reference"
STANDBY: Final = "standby"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """The product on a cloud of its own, whose table is lost."""
    with deployed(tmp_path / "cloud") as deployment:
        yield Bench(deployment)


def backed_up(bench: Bench, output: str = "RequestsTableName") -> list[dict[str, Any]]:
    """The items of a table, as a backup holds them."""
    pages = bench.deployment.cloud.client("dynamodb").get_paginator("scan")
    table = bench.deployment.outputs[output]
    return [item for page in pages.paginate(TableName=table) for item in page["Items"]]


def restored(bench: Bench, backup: list[dict[str, Any]], key: str | None = None) -> None:
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
        **encrypted(key),
    )
    for item in backup:
        client.put_item(TableName=RESTORED, Item=item)


def encrypted(key: str | None) -> dict[str, Any]:
    if key is None:
        return {}
    return {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}}


def _key(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def deployed_again(bench: Bench, file: Path, out: Path, stage: str = STAGE) -> Bench:
    """The stage's file is deployed, as ``make deploy`` does on AWS."""
    subprocess.run(
        [
            *(sys.executable, "-m", "infra.app", "--stage", stage, "--platform", "local"),
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


def with_vendor(bench: Bench) -> Json:
    """A request that waits for a delegated vendor, on a bus with an archive."""
    events = bench.deployment.cloud.client("events")
    bus = events.describe_event_bus(Name=bench.deployment.outputs["EventBusName"])
    events.create_archive(ArchiveName="reports", EventSourceArn=bus["Arn"])
    taken = fax(bench, imaging(bench.portal.content(days_ahead=40)), "FAX-9001")

    def waits() -> bool | None:
        return bench.portal.details(taken["request_id"])["waiting_on"] == "VENDOR" or None

    until("waiting for the request to be delegated", waits)
    return taken


def reported(taken: Json) -> Json:
    """The vendor's determination of the request."""
    return {
        "version": 1,
        "number": taken["number"],
        "reference": "RAD-9",
        "reported_at": datetime.now(UTC).isoformat(),
        "lines": [{"line_id": "1.1", "status": "APPROVED"}],
    }


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
    delegated = with_vendor(bench)
    cloud = bench.deployment.cloud
    recovery_point, backup = datetime.now(UTC), backed_up(bench)

    portal.decide(decided_later, REVIEWER, 1, [APPROVAL])
    lost = portal.pending()
    put(bench, reported(delegated))
    portal.await_status(delegated["request_id"], PROVIDER, "APPROVED")
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
    assert found["reports_replayed"]
    # The vendor's report can be recorded again before or after the audit is compared.
    assert {
        one["request_id"]: one["missing"]
        for one in found["lost"]
        if one["request_id"] != delegated["request_id"]
    } == {lost: True, decided_later: False}
    assert (found["open_cycles"], found["executions_started"]) == (2, 2)
    assert found["repaired"] == {}
    assert found["files"].keys() <= {"STORED", "UNDELETED"}
    assert found["files"]["UNDELETED"] == 1

    # What was waiting is decided, and everybody gets what follows.
    again = after.portal
    again.await_status(delegated["request_id"], PROVIDER, "APPROVED")
    assert after.events(delegated["request_id"]).count("RequestDetermined") == 1
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


class Vault:
    """What the vault of the other Region has: copies of items and objects."""

    TABLES: Final = ("RequestsTableName", "ReferenceTableName")
    BUCKETS: Final = ("DocumentsBucketName", "RuleListsBucketName", "ArchiveBucketName")

    def __init__(self, bench: Bench) -> None:
        self.s3 = bench.deployment.cloud.client("s3")
        self.items = {name: backed_up(bench, name) for name in self.TABLES}
        self.buckets = {name: f"vault-{number}" for number, name in enumerate(self.BUCKETS)}
        for name, copy in self.buckets.items():
            self.s3.create_bucket(Bucket=copy)
            self.copy(bench.deployment.outputs[name], copy)

    def copy(self, source: str, target: str) -> None:
        for one in self.s3.list_objects_v2(Bucket=source).get("Contents", []):
            body = self.s3.get_object(Bucket=source, Key=one["Key"])["Body"].read()
            self.s3.put_object(Bucket=target, Key=one["Key"], Body=body)


def lose_region(bench: Bench) -> None:
    """No table is left, and no version of an object; no function runs."""
    cloud = bench.deployment.cloud
    client, s3 = cloud.client("dynamodb"), cloud.client("s3")
    for name in (*Vault.TABLES, "AuditTableName"):
        client.delete_table(TableName=bench.deployment.outputs[name])
    for name in Vault.BUCKETS:
        bucket = bench.deployment.outputs[name]
        found = s3.list_object_versions(Bucket=bucket)
        for one in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


def load_ssns(stack: str, *more: str) -> None:
    """The file of SSNs, which is stored outside of the account."""
    file = str(ROOT / "data" / "sample" / "ssns.csv")
    assert main(["ssns", "load", file, "--stack", stack, *more]) == DONE


def found_by_ssn(bench: Bench) -> int:
    facts = {"ssn": SSN, **FACTS}
    answer = bench.deployment.caller(PROVIDER).call("POST", "/v1/patients/search", facts)
    assert answer.status_code == 200, answer.text
    return len(answer.json()["patients"])


@pytest.mark.usefixtures("operator")
def test_service_continues_in_new_stacks_when_the_region_was_lost(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """New stacks with keys, tables, buckets and a user pool of their own replace all that was lost.

    The emulator has one Region: the stacks have another stage instead of another Region.
    """
    portal, stack = bench.portal, f"precert-{STANDBY}"
    load_ssns(f"precert-{STAGE}")
    waiting = portal.pending()
    document_id = attached(bench, waiting)
    determined, draft = portal.decided(), portal.draft()
    portal.await_types(
        determined, PROVIDER, ["RequestSubmitted", "RequestPended", "RequestDetermined"]
    )
    recovery_point, vault = datetime.now(UTC), Vault(bench)
    lost = portal.pending()
    failed_at, started = datetime.now(UTC), time.monotonic()
    lose_region(bench)

    file = tmp_path / "standby.toml"
    file.write_text(
        (ROOT / "config" / f"{STAGE}.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    empty = deployed_again(bench, file, tmp_path / "first", STANDBY)
    for name, copy in vault.buckets.items():
        if name != "DocumentsBucketName":
            vault.copy(copy, empty.deployment.outputs[name])
    key = empty.deployment.outputs["DataKeyArn"]
    assert key != bench.deployment.outputs["DataKeyArn"]
    restored(empty, vault.items["RequestsTableName"], key)
    client = empty.deployment.cloud.client("dynamodb")
    client.create_table(
        TableName=RESTORED_REFERENCE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_key("pk", "sk"),
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
        ],
        **encrypted(key),
    )
    for item in vault.items["ReferenceTableName"]:
        client.put_item(TableName=RESTORED_REFERENCE, Item=item)
    run(
        *("prepare", "--stack", stack, "--stage-file", str(file)),
        *("--requests-table", RESTORED, "--reference-table", RESTORED_REFERENCE),
    )
    after = deployed_again(bench, file, tmp_path / "second", STANDBY)
    register(
        after.deployment.cloud.client("cognito-idp"),
        after.deployment.outputs,
        after.deployment.deps.grants,
    )
    assert after.portal.details(waiting)["status"] == "PENDING"
    served = time.monotonic()
    report = tmp_path / "report.json"
    run(
        *("rebuild", "--stack", stack, "--report", str(report)),
        *("--documents-from", vault.buckets["DocumentsBucketName"], "--archive"),
        *("--recovery-point", recovery_point.isoformat(), "--failed-at", failed_at.isoformat()),
    )
    load_ssns(stack, "--as-of", datetime.now(UTC).isoformat())
    rebuilt = time.monotonic()

    found = json.loads(report.read_text(encoding="utf-8"))
    assert (found["open_cycles"], found["executions_started"]) == (1, 1)
    assert found["repaired"] == {}
    assert found["missing_files"] == []
    assert found["files"].keys() == {"COPIED"}
    again = after.portal
    assert again.details(determined)["status"] == "APPROVED"
    path = f"/v1/requests/{waiting}/documents/{document_id}"
    link = after.deployment.caller(PROVIDER).call("GET", path).json()
    assert httpx.get(link["url"]).content.startswith(b"%PDF")
    again.decide(waiting, REVIEWER, 1, [APPROVAL])
    again.await_types(waiting, PROVIDER, ["RequestSubmitted", "RequestPended", "RequestDetermined"])
    assert again.row(draft, PROVIDER) is not None
    assert again.row(lost, PROVIDER) is None
    assert found_by_ssn(after) == 1
    new = again.decided()
    assert after.ended(new)["status"] == "SUCCEEDED"
    with capsys.disabled():
        print(
            f"\nRegion: recovery point {failed_at - recovery_point} before the failure; service "
            f"answers after {served - started:.1f} s, rebuilt after {rebuilt - started:.1f} s"
        )


def _audited(bench: Bench, lost: str, decided: str) -> bool | None:
    """Whether the relay has recorded the events that will be lost."""
    since = datetime.now(UTC).replace(hour=0, minute=0, second=0)
    records = bench.deps.stored_audit.between(since, datetime.now(UTC))
    found = {(one.requests[0], one.operation) for one in records if one.requests}
    return {(lost, "RequestPended"), (decided, "RequestDetermined")} <= found or None
