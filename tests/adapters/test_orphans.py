"""What is stored for requests that no longer exist is found and removed: by a command, and by a sweep
of older ones (X2).
"""

import json
from typing import Any, Final

import pytest

from functions.expire import orphans as sweep
from precert.cli import orphans
from precert.cli.main import DONE, REFUSED, main
from precert.domain.errors import PrecertError
from precert.names import ORPHANS_RETAINED, ORPHANS_SWEPT, Env
from tests.adapters.calls import Context
from tests.adapters.cloud import PDF, Cloud

pytestmark = pytest.mark.rule("X2")

LATER_DAYS: Final = 4000
"""The files have the time of the test machine, and everything else that of the test's clock."""


@pytest.fixture(autouse=True)
def command(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "stack_dependencies", lambda _: cloud.deps)


def attached(cloud: Cloud, request_id: str) -> str:
    document_id = str(cloud.offer(request_id).body["document"]["document_id"])
    cloud.arrive(request_id, document_id, PDF)
    return document_id


def lose(cloud: Cloud, request_id: str, sk: str = "REQUEST") -> dict[str, Any]:
    """The item is removed, and the record of the stream is lost."""
    old = cloud.item(request_id, sk)
    assert old is not None
    cloud.clients.by_name["dynamodb"].delete_item(
        TableName=cloud.requests_table, Key={"pk": old["pk"], "sk": old["sk"]}
    )
    return old


def left_of(cloud: Cloud, request_id: str) -> tuple[list[str], list[str]]:
    """Sort keys of the request's items, and its files."""
    items = [one["sk"]["S"] for one in cloud.items() if request_id in one["pk"]["S"]]
    listed = cloud.clients.by_name["s3"].list_objects_v2(Bucket=cloud.bucket)
    return items, [one["Key"] for one in listed.get("Contents", []) if request_id in one["Key"]]


def swept(cloud: Cloud) -> tuple[int, list[dict[str, Any]]]:
    """Runs the sweep: how many it removed, and what it logs of those that it must not remove."""
    cloud.log.truncate(0)
    sweep.handle({}, Context())
    lines = map(json.loads, cloud.log.getvalue().replace("\0", "").splitlines())
    logged = [one for one in lines if one["message"] in {ORPHANS_RETAINED, ORPHANS_SWEPT}]
    return logged[-1]["removed"], logged[:-1]


def versions_of(cloud: Cloud, request_id: str) -> list[str]:
    """Keys of the versions of the request's files, deleted ones too."""
    page = cloud.clients.by_name["s3"].list_object_versions(Bucket=cloud.bucket)
    return [one["Key"] for one in page.get("Versions", []) if request_id in one["Key"]]


def out(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_nothing_is_found_when_every_record_has_its_request(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    attached(cloud, cloud.start())
    attached(cloud, cloud.pended())
    deleted = cloud.start()
    cloud.expire(deleted)
    cloud.clock.pass_by(days=LATER_DAYS)
    assert main(["orphans", "list"]) == DONE
    assert out(capsys).splitlines()[-1] == "0 orphans"


def test_rest_of_a_draft_is_removed_when_its_cleanup_was_lost(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    draft_id, other = cloud.start(), cloud.start()
    attached(cloud, draft_id)
    attached(cloud, other)
    untouched = left_of(cloud, other)
    lose(cloud, draft_id)
    assert main(["orphans", "list"]) == DONE, "the stream can still deliver it"
    cloud.clock.pass_by(days=LATER_DAYS)
    out(capsys)
    assert main(["orphans", "list"]) == REFUSED
    assert f"{draft_id}: DOCUMENT, PARTY" in out(capsys)
    [listed] = [
        one for one in cloud.audit.records.values() if one.operation == "command:orphans list"
    ]
    assert listed.requests == (draft_id,)
    assert main(["orphans", "remove"]) == DONE
    removed = [
        one.requests
        for one in cloud.audit.records.values()
        if one.operation == "command:orphans remove"
    ]
    assert (draft_id,) in removed
    items, files = left_of(cloud, draft_id)
    assert (files, [one for one in items if not one.startswith("EVENT#")]) == ([], [])
    assert items, "the audit trail stays"
    assert left_of(cloud, other) == untouched
    assert main(["orphans", "list"]) == DONE


def test_request_stays_until_it_is_archived_when_its_cleanup_was_lost(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    request_id = cloud.pended()
    attached(cloud, request_id)
    before = cloud.deps.stored_requests.read_file(request_id)
    assert before is not None
    lose(cloud, request_id)
    cloud.clock.pass_by(days=LATER_DAYS)
    assert main(["orphans", "remove"]) == REFUSED
    assert "not archived" in out(capsys)
    assert left_of(cloud, request_id)[1]
    cloud.deps.archive.store(before)
    assert main(["orphans", "remove"]) == DONE
    assert left_of(cloud, request_id) == ([], [])


def test_request_stays_when_its_events_cannot_be_read(cloud: Cloud) -> None:
    """They may be of a request that was submitted and is not in the archive."""
    request_id = cloud.pended()
    attached(cloud, request_id)
    lose(cloud, request_id)
    store = cloud.clients.by_name["dynamodb"]
    for item in cloud.items("EVENT#"):
        store.put_item(TableName=cloud.requests_table, Item={**item, "event": {"S": "{"}})
    cloud.clock.pass_by(days=LATER_DAYS)
    before = left_of(cloud, request_id)
    assert main(["orphans", "remove"]) == REFUSED
    assert swept(cloud)[0] == 0
    assert left_of(cloud, request_id) == before


def test_file_is_removed_when_its_document_was_deleted_and_the_cleanup_was_lost(
    cloud: Cloud,
) -> None:
    draft_id = cloud.start()
    document_id, other = attached(cloud, draft_id), attached(cloud, draft_id)
    lose(cloud, draft_id, f"DOCUMENT#{document_id}")
    assert main(["orphans", "list"]) == DONE, "the stream can still deliver it"
    cloud.clock.pass_by(days=LATER_DAYS)
    assert main(["orphans", "remove"]) == DONE
    assert left_of(cloud, draft_id)[1] == [f"documents/{draft_id}/{other}"]


def test_file_stays_when_its_request_is_past_retention_and_not_yet_removed(cloud: Cloud) -> None:
    """TTL removes an item up to days later, and only then are its files copied to the archive."""
    request_id = cloud.pended()
    attached(cloud, request_id)
    reply = cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "APPROVED"})
    assert reply.status == 200, reply.text
    cloud.clock.pass_by(days=LATER_DAYS)
    assert cloud.read(request_id).status == 404
    before = left_of(cloud, request_id)
    assert main(["orphans", "remove"]) == DONE
    assert swept(cloud) == (0, [])
    assert left_of(cloud, request_id) == before
    cloud.expire(request_id)
    listed = cloud.clients.by_name["s3"].list_objects_v2(
        Bucket=cloud.deps.settings[Env.ARCHIVE_BUCKET]
    )
    assert [one["Key"] for one in listed["Contents"] if "/documents/" in one["Key"]]


def test_file_is_swept_with_its_version_retained_when_its_document_was_deleted(
    cloud: Cloud,
) -> None:
    draft_id = cloud.start()
    document_id, other = attached(cloud, draft_id), attached(cloud, draft_id)
    lose(cloud, draft_id, f"DOCUMENT#{document_id}")
    cloud.clock.pass_by(days=LATER_DAYS)
    assert swept(cloud) == (1, [])
    assert left_of(cloud, draft_id)[1] == [f"documents/{draft_id}/{other}"]
    assert len(versions_of(cloud, draft_id)) == 2
    assert swept(cloud) == (0, [])


def test_rest_of_a_draft_is_swept_when_its_cleanup_was_lost(cloud: Cloud) -> None:
    draft_id, other = cloud.start(), cloud.start()
    attached(cloud, draft_id)
    attached(cloud, other)
    untouched = left_of(cloud, other)
    lose(cloud, draft_id)
    cloud.clock.pass_by(days=LATER_DAYS)
    assert swept(cloud) == (1, [])
    items, files = left_of(cloud, draft_id)
    assert (files, {one.partition("#")[0] for one in items}) == ([], {"EVENT"})
    assert left_of(cloud, other) == untouched
    assert swept(cloud) == (0, [])


@pytest.mark.rule("T4")
def test_request_is_reported_until_it_is_archived_when_its_cleanup_was_lost(cloud: Cloud) -> None:
    request_id = cloud.pended()
    attached(cloud, request_id)
    before = cloud.deps.stored_requests.read_file(request_id)
    assert before is not None
    lose(cloud, request_id)
    years = cloud.deps.payer.history_years
    cloud.clock.pass_by(days=365 * years)
    assert swept(cloud) == (0, []), "its cleanup may still run"
    cloud.clock.pass_by(days=LATER_DAYS)
    removed, remaining = swept(cloud)
    assert (removed, [one["request_id"] for one in remaining]) == (0, [request_id])
    assert left_of(cloud, request_id)[1]
    cloud.deps.archive.store(before)
    assert swept(cloud) == (1, [])
    assert left_of(cloud, request_id) == ([], [])


@pytest.mark.rule("T4")
def test_history_is_archived_after_its_files_when_a_request_is_archived(cloud: Cloud) -> None:
    """What the sweep finds in the archive is complete."""
    request_id = cloud.pended()
    attached(cloud, request_id)
    file = cloud.deps.stored_requests.read_file(request_id)
    assert file is not None
    cloud.wire.cut("CopyObject")
    with pytest.raises(PrecertError):
        cloud.deps.archive.store(file)
    year = file.request.updated_at.year
    assert not cloud.deps.archived_requests.has(request_id, year)
    cloud.wire.reset()
    cloud.deps.archive.store(file)
    assert cloud.deps.archived_requests.has(request_id, year)
    assert not cloud.deps.archived_requests.has(request_id[:-1], year)


def test_no_file_is_swept_when_most_records_of_a_page_are_missing(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a stage whose table was lost, or restored to an earlier state."""
    store = cloud.clients.by_name["s3"]
    keys = [f"documents/lost-{number}/one" for number in range(21)]
    for key in keys:
        store.put_object(Bucket=cloud.bucket, Key=key, Body=PDF)
    cloud.clock.pass_by(days=LATER_DAYS)
    removed, [held] = swept(cloud)
    assert (removed, held["reason"], held["orphans"]) == (0, "too_many", 21)
    assert len(store.list_objects_v2(Bucket=cloud.bucket)["Contents"]) == 21
    store.delete_object(Bucket=cloud.bucket, Key=keys[0])
    assert swept(cloud) == (20, [])


def test_listing_continues_after_its_last_file_when_there_are_more_pages(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = cloud.clients.by_name["s3"]
    keys = [
        f"{prefix}/a-{number}/one" for prefix in ("documents", "notices") for number in range(3)
    ]
    for key in (*keys, "documents.other/x/y"):
        store.put_object(Bucket=cloud.bucket, Key=key, Body=PDF)
    listing = store.list_objects_v2
    monkeypatch.setattr(store, "list_objects_v2", lambda **named: listing(**named, MaxKeys=2))
    found = list(cloud.deps.leftover_files.stored())
    assert [one.key for one in found] == keys
    assert [one.document_id for one in found] == ["one"] * 3 + [None] * 3
    assert {one.request_id for one in found} == {"a-0", "a-1", "a-2"}
