"""Scanned documents: downloadable after a clean scan of the verified version."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from precert.domain.errors import TransientError
from tests.adapters.callers import FACILITY, PROVIDER, REVIEWER
from tests.adapters.cloud import PDF, PNG, Cloud
from tests.fakes.samples import BOWEL_SURGERIES

CLEAN: Final = "NO_THREATS_FOUND"
INFECTED: Final = "THREATS_FOUND"
UNRESOLVED: Final = ("ACCESS_DENIED", "FAILED")


@pytest.fixture
def scanning(cloud: Cloud) -> Cloud:
    cloud.scan_documents()
    return cloud


def offered(cloud: Cloud, request_id: str, name: str = "operative-note.pdf") -> str:
    reply = cloud.offer(request_id, name)
    assert reply.status == 201, reply.text
    return str(reply.body["document"]["document_id"])


def shown(cloud: Cloud, request_id: str) -> dict[str, Any]:
    [document] = cloud.read(request_id).body["documents"]
    assert isinstance(document, dict)
    return document


def deliver_arrival(cloud: Cloud, request_id: str, document_id: str) -> None:
    cloud.deliver_arrival(f"documents/{request_id}/{document_id}")


def checking(cloud: Cloud, request_id: str) -> tuple[str, str]:
    """A verified document that waits for its scan, and its version."""
    document_id = offered(cloud, request_id)
    version_id = cloud.put_file(request_id, document_id, PDF)
    deliver_arrival(cloud, request_id, document_id)
    return document_id, version_id


def events(cloud: Cloud, request_id: str) -> list[str]:
    history = cloud.read(request_id).body["history"]
    return [e["type"] for e in history if e["type"].startswith("Document")]


def messages(cloud: Cloud) -> list[str]:
    assert cloud.relay(cloud.stream()) == []
    for entry in cloud.published():
        if entry["DetailType"] == "DocumentRefused":
            cloud.receive(entry)
    return [m["type"] for m in cloud.messages().body["messages"]]


@pytest.mark.rule("U5")
def test_document_is_listed_and_not_downloadable_when_its_scan_is_pending(scanning: Cloud) -> None:
    request_id = scanning.pended()
    document_id, _ = checking(scanning, request_id)
    for by in (PROVIDER, FACILITY):
        [document] = scanning.read(request_id, by).body["documents"]
        assert (document["status"], document["settled_at"]) == ("CHECKING", None)
        refused = scanning.download(request_id, document_id, by)
        assert (refused.code, refused.body["document_status"]) == (
            "document_not_available",
            "CHECKING",
        )
    [document] = scanning.case(request_id).body["documents"]
    assert document["status"] == "CHECKING"
    assert scanning.download_case(request_id, document_id, REVIEWER).status == 409
    assert events(scanning, request_id) == []
    assert len(scanning.object_versions()) == 1


@pytest.mark.rule("U5")
def test_document_is_downloadable_when_its_scan_found_nothing(scanning: Cloud) -> None:
    request_id = scanning.pended()
    document_id, version_id = checking(scanning, request_id)
    scanning.clock.pass_by(minutes=1)
    scanning.deliver_scan_result(request_id, document_id, version_id, CLEAN)
    document = shown(scanning, request_id)
    assert (document["status"], document["settled_at"]) == ("ATTACHED", "2026-07-01T15:01:00Z")
    assert scanning.download(request_id, document_id).status == 200
    assert scanning.download_case(request_id, document_id).status == 200
    assert events(scanning, request_id) == ["DocumentAttached"]


@pytest.mark.rule("U5")
def test_document_is_attached_at_once_when_documents_are_not_scanned(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id, version_id = checking(cloud, request_id)
    assert shown(cloud, request_id)["status"] == "ATTACHED"
    before = cloud.items()
    cloud.deliver_scan_result(request_id, document_id, version_id, CLEAN)
    assert cloud.items() == before


@pytest.mark.rule("U3")
def test_document_is_deleted_and_its_slot_is_free_when_its_scan_found_malware(
    scanning: Cloud,
) -> None:
    draft_id = scanning.start()
    for _ in range(9):
        offered(scanning, draft_id)
    document_id, version_id = checking(scanning, draft_id)
    assert scanning.offer(draft_id).code == "document_limit"
    scanning.deliver_scan_result(draft_id, document_id, version_id, INFECTED)
    [document] = [
        one
        for one in scanning.read(draft_id).body["documents"]
        if one["document_id"] == document_id
    ]
    assert (document["status"], document["refusal_code"]) == ("REFUSED", "threat_found")
    assert document["refusal_code_label"].startswith("The file contains malware and was removed.")
    assert document["sha256"] is None
    assert scanning.object_versions() == []
    assert [scanning.offer(draft_id).status for _ in range(2)] == [201, 409]
    assert scanning.download(draft_id, document_id).body["document_status"] == "REFUSED"


def test_message_reports_it_when_a_scan_found_malware(scanning: Cloud) -> None:
    request_id = scanning.pended()
    document_id, version_id = checking(scanning, request_id)
    for _ in range(2):
        scanning.deliver_scan_result(request_id, document_id, version_id, INFECTED)
    assert events(scanning, request_id) == ["DocumentRefused"]
    assert messages(scanning).count("DocumentRefused") == 1


def test_another_form_of_the_file_is_requested_when_it_cannot_be_scanned(scanning: Cloud) -> None:
    request_id = scanning.pended()
    document_id, version_id = checking(scanning, request_id)
    for _ in range(2):
        scanning.deliver_scan_result(request_id, document_id, version_id, "UNSUPPORTED")
    document = shown(scanning, request_id)
    assert (document["status"], document["refusal_code"]) == ("REFUSED", "not_scanned")
    assert "Print it to a PDF" in document["refusal_code_label"]
    assert scanning.object_versions() == []
    assert events(scanning, request_id) == ["DocumentRefused"]
    assert messages(scanning).count("DocumentRefused") == 1


@pytest.mark.parametrize("result", UNRESOLVED)
def test_document_is_withheld_and_an_operator_alarmed_when_the_scan_failed(
    scanning: Cloud, result: str, capsys: pytest.CaptureFixture[str]
) -> None:
    request_id = scanning.pended()
    document_id, version_id = checking(scanning, request_id)
    before = scanning.items()
    capsys.readouterr()
    scanning.deliver_scan_result(request_id, document_id, version_id, result)
    assert scanning.items() == before
    metric = capsys.readouterr().out
    assert '"scan_unresolved":[1.0]' in metric.replace(" ", "")
    assert '"service":"precert"' in metric.replace(" ", "")
    line = scanning.log.getvalue().splitlines()[-1]
    for response in (request_id, document_id, result):
        assert response in line
    assert "operative-note" not in line
    assert scanning.download(request_id, document_id).status == 409
    scanning.deliver_scan_result(request_id, document_id, version_id, CLEAN)
    assert shown(scanning, request_id)["status"] == "ATTACHED"


# -- early, late, twice, of another version --------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "status", "retained"), [(CLEAN, "ATTACHED", 1), (INFECTED, "REFUSED", 0)]
)
def test_result_is_not_lost_when_it_is_delivered_before_the_arrival(
    scanning: Cloud, result: str, status: str, retained: int
) -> None:
    request_id = scanning.pended()
    document_id = offered(scanning, request_id)
    version_id = scanning.put_file(request_id, document_id, PDF)
    scanning.deliver_scan_result(request_id, document_id, version_id, result)
    assert shown(scanning, request_id)["status"] == status
    deliver_arrival(scanning, request_id, document_id)
    assert shown(scanning, request_id)["status"] == status
    assert len(scanning.object_versions()) == retained
    assert len(events(scanning, request_id)) == 1


def test_content_is_verified_when_the_scan_completed_first(scanning: Cloud) -> None:
    request_id = scanning.pended()
    document_id = offered(scanning, request_id)
    version_id = scanning.put_file(request_id, document_id, PNG)
    scanning.deliver_scan_result(request_id, document_id, version_id, CLEAN)
    assert shown(scanning, request_id)["refusal_code"] == "content_mismatch"
    assert scanning.object_versions() == []


@pytest.mark.parametrize("result", [CLEAN, INFECTED])
def test_result_is_ignored_when_it_is_of_another_version(scanning: Cloud, result: str) -> None:
    request_id = scanning.pended()
    document_id = offered(scanning, request_id)
    first = scanning.put_file(request_id, document_id, PDF)
    second = scanning.put_file(request_id, document_id, PDF + b"\n")
    scanning.deliver_scan_result(request_id, document_id, first, result)
    deliver_arrival(scanning, request_id, document_id)
    for version_id in (first, None):
        scanning.deliver_scan_result(request_id, document_id, version_id, result)
        assert shown(scanning, request_id)["status"] == "CHECKING"
    scanning.deliver_scan_result(request_id, document_id, second, CLEAN)
    assert shown(scanning, request_id)["status"] == "ATTACHED"


def test_verified_version_is_retained_when_malware_is_uploaded_over_it(scanning: Cloud) -> None:
    request_id = scanning.pended()
    document_id, version_id = checking(scanning, request_id)
    scanning.deliver_scan_result(request_id, document_id, version_id, CLEAN)
    over = scanning.put_file(request_id, document_id, PDF + b"\n")
    scanning.deliver_scan_result(request_id, document_id, over, INFECTED)
    deliver_arrival(scanning, request_id, document_id)
    assert shown(scanning, request_id)["status"] == "ATTACHED"
    assert len(scanning.object_versions()) == 1


@pytest.mark.parametrize("result", [CLEAN, INFECTED])
def test_nothing_changes_when_a_result_is_delivered_twice(scanning: Cloud, result: str) -> None:
    request_id = scanning.pended()
    document_id, version_id = checking(scanning, request_id)
    scanning.deliver_scan_result(request_id, document_id, version_id, result)
    before = scanning.items()
    scanning.clock.pass_by(minutes=1)
    for again in (result, INFECTED, CLEAN):
        scanning.deliver_scan_result(request_id, document_id, version_id, again)
    assert scanning.items() == before


def test_bytes_are_deleted_at_the_next_delivery_when_a_refusal_failed_halfway(
    scanning: Cloud,
) -> None:
    request_id = scanning.pended()
    document_id, version_id = checking(scanning, request_id)
    scanning.wire.cut("ListObjectVersions")
    with pytest.raises(TransientError):
        scanning.deliver_scan_result(request_id, document_id, version_id, INFECTED)
    assert len(scanning.object_versions()) == 1
    scanning.deliver_scan_result(request_id, document_id, version_id, INFECTED)
    assert scanning.object_versions() == []
    assert events(scanning, request_id) == ["DocumentRefused"]


def test_result_is_applied_when_the_document_was_changed_in_between(
    scanning: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = scanning.pended()
    document_id, version_id = checking(scanning, request_id)
    records = scanning.deps.documents
    settle = records.settle
    response: list[bool] = []

    def change_meanwhile(*arguments: Any) -> None:
        if not response:
            response.append(True)
            scanning.deliver_scan_result(request_id, document_id, version_id, CLEAN)
        settle(*arguments)

    monkeypatch.setattr(records, "settle", change_meanwhile)
    scanning.deliver_scan_result(request_id, document_id, version_id, CLEAN)
    assert shown(scanning, request_id)["status"] == "ATTACHED"
    assert events(scanning, request_id) == ["DocumentAttached"]


def deleted_with_its_draft(cloud: Cloud) -> tuple[str, str, str]:
    draft_id = cloud.start()
    document_id, version_id = checking(cloud, draft_id)
    old = cloud.item(draft_id)
    assert old is not None
    assert cloud.delete(draft_id, 1).status == 204
    assert cloud.clean_up(old) == []
    return draft_id, document_id, version_id


def removed(cloud: Cloud) -> tuple[str, str, str]:
    draft_id = cloud.start()
    document_id, version_id = checking(cloud, draft_id)
    assert cloud.delete_document(draft_id, document_id).status == 204
    return draft_id, document_id, version_id


@pytest.mark.parametrize("deleted", [deleted_with_its_draft, removed])
@pytest.mark.parametrize("result", [CLEAN, INFECTED, "FAILED"])
def test_nothing_is_recreated_when_a_document_is_deleted_before_its_scan_completes(
    scanning: Cloud, deleted: Callable[[Cloud], tuple[str, str, str]], result: str
) -> None:
    request_id, document_id, version_id = deleted(scanning)
    scanning.deliver_scan_result(request_id, document_id, version_id, result)
    assert scanning.items("DOCUMENT#") == []
    assert scanning.object_versions() == []


def test_nothing_changes_when_a_result_has_no_document(scanning: Cloud) -> None:
    request_id = scanning.pended()
    document_id = offered(scanning, request_id)
    before = scanning.items()
    scanning.deliver_scan_result(request_id, document_id, "version", CLEAN)
    assert scanning.items() == before


# -- effects of the scan ---------------------------------------------------------------------------


@pytest.mark.rule("W2")
def test_review_continues_only_when_the_scan_has_completed(scanning: Cloud) -> None:
    request_id = scanning.pended(services=[BOWEL_SURGERIES])
    assert scanning.move(request_id, "assign").status == 200
    requested = scanning.move(request_id, "information", {"documents": ["CLINICAL_NOTES"]})
    assert requested.body["waiting_on"] == "PROVIDER"
    scanning.clock.pass_by(days=1)
    document_id, version_id = checking(scanning, request_id)
    assert scanning.relay(scanning.stream()) == []
    assert scanning.read(request_id).body["waiting_on"] == "PROVIDER"
    assert scanning.case(request_id).body["new_documents"] == []
    scanning.deliver_scan_result(request_id, document_id, version_id, CLEAN)
    assert scanning.relay(scanning.stream()) == []
    assert scanning.read(request_id).body["waiting_on"] == "PAYER"
    assert scanning.case(request_id).body["new_documents"] == [document_id]


@pytest.mark.rule("U5")
def test_document_belongs_to_the_request_when_the_draft_is_submitted_during_its_scan(
    scanning: Cloud,
) -> None:
    draft_id = scanning.start()
    document_id, version_id = checking(scanning, draft_id)
    assert scanning.submit(draft_id).status == 202
    scanning.deliver_scan_result(draft_id, document_id, version_id, CLEAN)
    assert shown(scanning, draft_id)["status"] == "ATTACHED"
    assert scanning.download(draft_id, document_id, FACILITY).status == 200
