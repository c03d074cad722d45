"""What is stored for requests that no longer exist is found and removed by a command (X2)."""

from typing import Any, Final

import pytest

from precert.cli import orphans
from precert.cli.main import DONE, REFUSED, main
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
