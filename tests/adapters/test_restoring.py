"""The service is rebuilt on a restored table, and what the backup did not have is reported (X2)."""

import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from precert.cli import restore
from precert.cli.main import DONE, FAILED, REFUSED, main
from precert.domain.errors import TransientError
from precert.names import INDEXES, VENDOR_DETERMINED, Env
from precert.usecases.restoring import TablePart
from tests.adapters.callers import FACILITY, REVIEWER
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.tables import create_requests_table, create_tables, names
from tests.fakes.clock import START
from tests.fakes.samples import PROVIDER_TIN

pytestmark = pytest.mark.rule("X2")

RECOVERY_POINT: Final = START.isoformat()
Items = list[dict[str, Any]]


@pytest.fixture
def rebuild(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., dict[str, Any]]:
    """Run the command, and return its report."""
    monkeypatch.setattr(restore, "stack_dependencies", lambda _: cloud.deps)
    cloud.deps.stored_audit = cloud.audit  # type: ignore[assignment]
    report = tmp_path / "report.json"

    def run(*more: str, expected: int = DONE) -> dict[str, Any]:
        command = ["restore", "rebuild", "--recovery-point", RECOVERY_POINT, "--workers", "1"]
        assert main([*command, "--report", str(report), *more]) == expected
        found: dict[str, Any] = json.loads(report.read_text()) if report.exists() else {}
        return found

    return run


def attached(cloud: Cloud, request_id: str) -> str:
    document_id = str(cloud.offer(request_id).body["document"]["document_id"])
    cloud.arrive(request_id, document_id, PDF)
    return document_id


def filled(cloud: Cloud) -> dict[str, str]:
    """Requests in the states that have records of each kind."""
    found = {"draft": cloud.start(), "pended": cloud.pended(), "overdue": cloud.pended()}
    cloud.flag(found["draft"])
    cloud.flag(found["pended"])
    cloud.flag(found["pended"], by=FACILITY)
    attached(cloud, found["pended"])
    found["denied"] = cloud.pended()
    cloud.decide(found["denied"], {"1.1": "DENIED", "1.2": "DENIED"})
    found["appealed"] = cloud.pended()
    cloud.decide(found["appealed"], {"1.1": "DENIED", "1.2": "DENIED"})
    cloud.appeal(found["appealed"], "1.1", "1.2")
    found["approved"] = cloud.pended()
    cloud.decide(found["approved"], {"1.1": "APPROVED", "1.2": "APPROVED"})
    found["void"] = cloud.pended()
    cloud.void(found["void"])
    found["processing"] = cloud.submitted()
    cloud.clock.pass_by(days=60)
    cloud.check_deadline(found["overdue"])
    delivered(cloud)
    return found


def delivered(cloud: Cloud) -> None:
    """The stream and the bus deliver every event."""
    sent = len(cloud.published())
    assert cloud.relay(cloud.stream()) == []
    for entry in cloud.published()[sent:]:
        cloud.receive(entry)


def key_of(item: dict[str, Any]) -> str:
    return f"{item['pk']['S']} {item['sk']['S']}"


def stored(cloud: Cloud) -> dict[str, dict[str, Any]]:
    """All items by key; the versions of duplicate locks only grow."""
    found = {}
    for item in cloud.items():
        unversioned = {name: value for name, value in item.items() if name != "version"}
        found[key_of(item)] = unversioned if item["sk"]["S"] == "LOCK" else item
    return found


def lose(cloud: Cloud, key: str) -> None:
    pk, sk = key.split(" ")
    cloud.clients.by_name["dynamodb"].delete_item(
        TableName=cloud.requests_table, Key={"pk": {"S": pk}, "sk": {"S": sk}}
    )


def test_nothing_is_repaired_when_the_backup_was_consistent(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]]
) -> None:
    filled(cloud)
    before = stored(cloud)
    report = rebuild()
    assert report["repaired"] == {}
    assert report["inboxes_recounted"] == 0
    assert stored(cloud) == before
    assert report["lost"] == []
    assert (report["files"], report["missing_files"]) == ({"STORED": 1}, [])


def test_entries_are_written_again_when_the_backup_lacks_them(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]]
) -> None:
    cloud.start()
    overdue = cloud.pended()
    cloud.clock.pass_by(days=60)
    cloud.check_deadline(overdue)
    before = stored(cloud)
    lost = [key for key in before if " PARTY#" in key or key.endswith(" OVERDUE")]
    assert len(lost) == 4
    for key in lost:
        lose(cloud, key)
    assert rebuild()["repaired"] == {"LIST_ENTRY": 2, "QUEUE_ENTRY": 1}
    assert stored(cloud) == before


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [("NUMBER", "NUMBER#"), ("DUPLICATE_LOCK", "DUPLICATE#"), ("FINGERPRINT", "MEMBER#")],
)
def test_record_beside_the_request_is_written_again_when_the_backup_lacks_it(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]], kind: str, prefix: str
) -> None:
    cloud.pended()
    before = stored(cloud)
    [lost] = [key for key in before if key.startswith(prefix)]
    lose(cloud, lost)
    assert rebuild()["repaired"] == {kind: 1}
    assert stored(cloud) == before


def test_index_attributes_and_old_entries_are_corrected_when_a_transaction_was_torn(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]]
) -> None:
    request_id = cloud.pended()
    pended = {key: item for key, item in stored(cloud).items() if request_id in key}
    cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "APPROVED"})
    decided = stored(cloud)
    for key, item in pended.items():
        if " PARTY#" in key:
            put(cloud, item)
    header = decided[f"REQUEST#{request_id} REQUEST"]
    put(cloud, {**header, "worklist_pk": {"S": "PLAN#OAP-COMPLETE"}, "worklist_sk": {"S": "1#"}})
    put(cloud, {"pk": header["pk"], "sk": {"S": "OVERDUE"}, "row": {"S": "{}"}})
    assert rebuild()["repaired"] == {"INDEXES": 1, "LIST_ENTRY": 1, "QUEUE_ENTRY": 1}
    assert stored(cloud) == decided


def put(cloud: Cloud, item: dict[str, Any]) -> None:
    cloud.clients.by_name["dynamodb"].put_item(TableName=cloud.requests_table, Item=item)


def test_counters_are_corrected_when_they_are_not_those_of_the_records(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]]
) -> None:
    request_id = cloud.pended()
    cloud.flag(request_id)
    delivered(cloud)
    before = stored(cloud)
    unread = [key for key in before if key.endswith(" UNREAD")]
    assert unread
    for key in unread:
        put(cloud, {**before[key], "unread": {"N": "77"}})
    [flags] = [key for key in before if key.startswith("FLAGS#")]
    lose(cloud, flags)
    report = rebuild()
    assert report["inboxes_recounted"] == len(unread)
    assert report["repaired"] == {"FLAG": 1}
    assert stored(cloud) == before


def test_number_of_another_request_is_reported_when_two_have_it(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]]
) -> None:
    cloud.pended()
    [number] = cloud.items("NUMBER")
    put(cloud, {**number, "request_id": {"S": "01JZ0000000000000000000000"}})
    before = stored(cloud)
    assert rebuild()["repaired"] == {"NUMBER_OF_ANOTHER": 1}
    assert stored(cloud) == before


def restore_items(cloud: Cloud, backup: Items) -> None:
    """The table is lost, and a backup of it restored."""
    for item in cloud.items():
        lose(cloud, key_of(item))
    for item in backup:
        put(cloud, item)


def test_lost_requests_and_changes_are_listed_when_they_are_younger_than_the_backup(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]]
) -> None:
    decided, untouched, draft = cloud.pended(), cloud.pended(), cloud.start()
    cloud.relay(cloud.stream())
    backup = cloud.items()
    cloud.clock.pass_by(minutes=3)
    recovery_point = cloud.clock.at
    cloud.decide(decided, {"1.1": "APPROVED", "1.2": "APPROVED"})
    lost = cloud.pended()
    cloud.delete(draft, 1)
    cloud.relay(cloud.stream())
    restore_items(cloud, backup)
    cloud.clock.pass_by(minutes=2)
    report = rebuild("--recovery-point", recovery_point.isoformat())
    found = {one["request_id"]: one for one in report["lost"]}
    assert set(found) == {decided, lost, draft}
    assert untouched not in found
    assert (found[decided]["missing"], found[lost]["missing"]) == (False, True)
    assert [one["type"] for one in found[decided]["changes"]] == ["RequestDetermined"]
    assert found[decided]["changes"][0]["by"] == REVIEWER["sub"]
    assert {"DraftStarted", "RequestSubmitted", "RequestPended"} <= {
        one["type"] for one in found[lost]["changes"]
    }
    assert found[lost]["tins"] == [PROVIDER_TIN], "whom to inform"


def test_receivers_get_the_last_events_again_when_the_queues_were_lost(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]]
) -> None:
    old = cloud.pended()
    cloud.clock.pass_by(days=2)
    recent = cloud.pended()
    cloud.wire.reset()
    rebuild("--recovery-point", cloud.clock.at.isoformat())
    published = {json.loads(one["Detail"])["event_id"] for one in cloud.published()}
    assert published == {f"{recent}.{number}" for number in published_versions(cloud, recent)}
    assert not any(one.startswith(old) for one in published)
    audited = {one.access_id for one in cloud.audit.records.values()}
    assert published <= audited


def published_versions(cloud: Cloud, request_id: str) -> list[str]:
    items = cloud.items("EVENT#")
    return [one["sk"]["S"].removeprefix("EVENT#") for one in items if request_id in one["pk"]["S"]]


def test_open_cycles_get_one_new_execution_when_the_command_is_repeated(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]]
) -> None:
    waiting, never_started = cloud.pended(), cloud.submitted()
    done = cloud.determined()
    for request_id in (waiting, done):
        cloud.deps.workflow.start(request_id, 1)
    # moto's executions have the time of the test machine.
    cloud.clock.at = datetime.now(UTC) + timedelta(days=1)
    report = rebuild()
    assert (report["open_cycles"], report["executions_started"]) == (2, 2)
    expected = {f"{waiting}-1", f"{done}-1", f"{waiting}-1-repair-1", f"{never_started}-1"}
    status_of = {one["name"]: one["status"] for one in cloud.executions()}
    assert status_of.keys() == expected
    # It would wait with a token that the restored table does not have.
    assert (status_of[f"{waiting}-1"], status_of[f"{waiting}-1-repair-1"]) == ("ABORTED", "RUNNING")
    assert rebuild()["executions_started"] == 2, "the report of the first run"
    assert not cloud.deps.workflow.renew(waiting, 1, before=START)
    assert {one["name"] for one in cloud.executions()} == expected


REPORTS: Final = "reports"


def archived_bus(cloud: Cloud) -> Any:
    """The client of the bus, which has an archive, a rule of vendors' reports and another one."""
    events = cloud.clients.by_name["events"]
    bus = cloud.deps.settings[Env.EVENT_BUS_NAME]
    arn = events.describe_event_bus(Name=bus)["Arn"]
    events.create_archive(ArchiveName=REPORTS, EventSourceArn=arn)
    for name, kind in ((REPORTS, VENDOR_DETERMINED), ("others", "RequestDetermined")):
        pattern = json.dumps({"detail-type": [kind]})
        events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)
    return events


def test_vendors_reports_are_replayed_once_when_the_bus_has_an_archive(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]]
) -> None:
    events = archived_bus(cloud)
    try:
        assert rebuild()["reports_replayed"] is True
        [replay] = events.list_replays()["Replays"]
        found = events.describe_replay(ReplayName=replay["ReplayName"])
        assert found["EventSourceArn"].endswith(f":archive/{REPORTS}")
        assert [arn.rpartition("/")[2] for arn in found["Destination"]["FilterArns"]] == [REPORTS]
        assert found["EventStartTime"] == START - timedelta(days=1)
        assert found["EventEndTime"] == cloud.clock.at
        # The same replay is not started twice: the name is that of the rebuild.
        replays = cloud.deps.replays
        at = (found["EventStartTime"], found["EventEndTime"])
        assert replays.replay_reports(replay["ReplayName"], *at)
        assert len(events.list_replays()["Replays"]) == 1
        cloud.wire.cut("ListArchives")
        with pytest.raises(TransientError):
            replays.replay_reports("later", *at)
    finally:
        for rule in (REPORTS, "others"):
            events.delete_rule(Name=rule, EventBusName=cloud.deps.settings[Env.EVENT_BUS_NAME])
        events.delete_archive(ArchiveName=REPORTS)


def test_rebuild_continues_when_it_was_interrupted(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.pended()
    cloud.start()
    records = cloud.deps.derived_records
    complete = records.part
    failures = [TransientError("The table did not respond. Try again.")]

    def one_request(after: str | None, **more: Any) -> TablePart:
        if after is not None and failures:
            raise failures.pop()
        requests, index = complete(None, **more).request_ids, int(after or 0)
        position = str(index + 1) if index < 1 else None
        return TablePart(requests[index : index + 1], (), (), position)

    monkeypatch.setattr(records, "part", one_request)
    report = rebuild(expected=FAILED)
    assert (report["requests"], report["finished_at"]) == (1, None)
    cloud.clock.pass_by(hours=1)
    report = rebuild()
    assert report["requests"] == 2
    runs = [one for one in cloud.audit.records.values() if "restore" in one.operation]
    recorded = [request_id for one in runs for request_id in one.requests]
    assert sorted(recorded) == sorted(complete(None, events_since=START).request_ids)
    assert datetime.fromisoformat(report["started_at"]) == START
    assert datetime.fromisoformat(report["finished_at"]) == cloud.clock.at


def test_files_are_recovered_or_reported_when_the_bucket_lacks_them(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]]
) -> None:
    request_id = cloud.pended()
    ids = [attached(cloud, request_id) for _ in range(4)]
    whole, hidden, copied, missing = (f"documents/{request_id}/{one}" for one in ids)
    store, copies = cloud.clients.by_name["s3"], names("copies")
    store.create_bucket(Bucket=copies)
    store.put_object(Bucket=copies, Key=copied, Body=PDF)
    store.delete_object(Bucket=cloud.bucket, Key=hidden)
    for key in (copied, missing):
        for version in store.list_object_versions(Bucket=cloud.bucket, Prefix=key)["Versions"]:
            store.delete_object(Bucket=cloud.bucket, Key=key, VersionId=version["VersionId"])
    unknown = cloud.put_file("01JZ0000000000000000000000", "late", PDF)
    assert unknown
    cloud.clock.at = datetime.now(UTC) + timedelta(days=1)
    report = rebuild("--documents-from", copies)
    assert report["files"] == {"STORED": 1, "UNDELETED": 1, "COPIED": 1, "MISSING": 1}
    assert [one["name"] for one in report["missing_files"]] == [missing]
    assert [one["name"] for one in report["files_without_record"]] == ["late"]
    for key, document_id in ((whole, ids[0]), (hidden, ids[1]), (copied, ids[2])):
        record = cloud.deps.documents.document(request_id, document_id)
        assert record is not None
        assert record.version_id is not None
        found = store.get_object(Bucket=cloud.bucket, Key=key, VersionId=record.version_id)
        assert found["Body"].read() == PDF


def test_rebuild_is_refused_when_the_report_is_of_another_recovery_point(
    cloud: Cloud, rebuild: Callable[..., dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.start()
    rebuild()
    rebuild("--recovery-point", "2026-01-01T00:00Z", expected=FAILED)
    assert "name another file with --report" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("period", "shown"),
    [
        (("--recovery-point", "2999-01-01T00:00Z"), "--recovery-point: must not be in the future"),
        (
            ("--recovery-point", "2026-06-30T15:00Z", "--failed-at", "2026-06-30T14:59Z"),
            "--failed-at: must not be before --recovery-point",
        ),
        (
            ("--recovery-point", "2026-06-30T15:00Z", "--failed-at", "2999-01-01T00:00Z"),
            "--failed-at: must not be in the future",
        ),
    ],
)
def test_rebuild_is_refused_when_its_period_is_impossible(
    cloud: Cloud,
    rebuild: Callable[..., dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    period: tuple[str, ...],
    shown: str,
) -> None:
    """With an exchanged day and month, nothing would be found lost."""
    rebuild(*period, expected=REFUSED)
    assert shown in capsys.readouterr().err
    assert cloud.audit.records == {}


@pytest.fixture
def stage_file(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(restore, "stack_dependencies", lambda _: cloud.deps)
    file = tmp_path / "prod.toml"
    file.write_text("retain_data = true\n\n[vendors]\n", encoding="utf-8")
    return file


def prepare(file: Path, *more: str) -> int:
    return main(["restore", "prepare", "--stage-file", str(file), *more])


def test_restored_tables_get_what_a_restore_lacks_when_they_are_prepared(
    cloud: Cloud, stage_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = cloud.clients.by_name["dynamodb"]
    requests, reference = names("restored"), names("restored")
    create_tables(client, requests, reference)
    tables = ["--requests-table", requests, "--reference-table", reference]
    assert prepare(stage_file, *tables) == DONE
    table = client.describe_table(TableName=requests)["Table"]
    assert table["StreamSpecification"] == {
        "StreamEnabled": True,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    assert table["DeletionProtectionEnabled"]
    ttl = client.describe_time_to_live(TableName=requests)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    for name in (requests, reference):
        backups = client.describe_continuous_backups(TableName=name)
        state = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert state["PointInTimeRecoveryStatus"] == "ENABLED"
    written = tomllib.loads(stage_file.read_text())
    assert written["restored"] == {
        "requests_table": requests,
        "requests_stream_arn": table["LatestStreamArn"],
        "reference_table": reference,
    }
    assert (written["retain_data"], written["vendors"]) == (True, {})
    before = stage_file.read_text()
    capsys.readouterr()
    assert prepare(stage_file, *tables) == DONE
    assert f"{requests}: nothing added" in capsys.readouterr().out
    assert stage_file.read_text() == before


def test_stage_file_is_whole_when_the_command_ends_while_it_writes(
    cloud: Cloud, stage_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = cloud.clients.by_name["dynamodb"]
    requests, reference = names("restored"), names("restored")
    create_tables(client, requests, reference)
    before = stage_file.read_text()

    def end(_path: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", end)
    with pytest.raises(KeyboardInterrupt):
        prepare(stage_file, "--requests-table", requests)
    assert stage_file.read_text() == before


def test_missing_index_is_created_when_the_backup_was_restored_without_it(
    cloud: Cloud, stage_file: Path
) -> None:
    client, table = cloud.clients.by_name["dynamodb"], names("restored")
    create_requests_table(client, table)
    delete: Any = [{"Delete": {"IndexName": "checks"}}]
    client.update_table(TableName=table, GlobalSecondaryIndexUpdates=delete)
    assert prepare(stage_file, "--requests-table", table) == DONE
    indexes = client.describe_table(TableName=table)["Table"]["GlobalSecondaryIndexes"]
    found = {one["IndexName"]: one for one in indexes}
    assert set(found) == set(INDEXES)
    assert found["checks"]["Projection"]["NonKeyAttributes"] == list(INDEXES["checks"].carries)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--requests-table", "no-such-table"], "does not exist in this Region"),
        (
            ["--reference-table", "REFERENCE", "--key", "arn:aws:kms:x:1:key/1"],
            "restore the table with",
        ),
        (
            ["--requests-table", "REFERENCE", "--key", "arn:aws:kms:x:1:key/1"],
            "restore the table with",
        ),
        (
            ["--reference-table", "REFERENCE", "--stack", "precert-prod"],
            "restore the table with data-key",
        ),
        ([], "name a table with --requests-table or --reference-table"),
    ],
)
def test_table_is_refused_when_the_service_cannot_run_on_it(
    cloud: Cloud,
    stage_file: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    message: str,
) -> None:
    reference = cloud.deps.settings[Env.REFERENCE_TABLE]
    before = stage_file.read_text()
    named = [reference if one == "REFERENCE" else one for one in more]
    assert prepare(stage_file, *named) == REFUSED
    assert message in capsys.readouterr().err
    assert stage_file.read_text() == before


def test_index_of_another_release_is_refused_when_the_table_has_it(
    cloud: Cloud, stage_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client, table = cloud.clients.by_name["dynamodb"], names("restored")
    create_requests_table(client, table)
    changes: Any = [
        {"Delete": {"IndexName": "checks"}},
        {
            "Create": {
                "IndexName": "checks",
                "KeySchema": [
                    {"AttributeName": "checks_pk", "KeyType": "HASH"},
                    {"AttributeName": "due", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        },
    ]
    for change in changes:
        client.update_table(TableName=table, GlobalSecondaryIndexUpdates=[change])
    assert prepare(stage_file, "--requests-table", table) == REFUSED
    assert "the index checks" in capsys.readouterr().err
