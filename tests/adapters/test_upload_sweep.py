"""Uploads are verified and attached although their event is lost (X2)."""

import json
from typing import Any

import pytest

from functions.upload import sweep
from precert.names import SCAN_UNRESOLVED
from tests.adapters.calls import Context
from tests.adapters.cloud import PDF, Cloud

pytestmark = pytest.mark.rule("X2")


def swept(cloud: Cloud) -> dict[str, Any]:
    """What the run logs at its end."""
    cloud.log.truncate(0)
    sweep.handle({}, Context())
    [line] = [one for one in logged(cloud) if one["message"] == "uploads_swept"]
    names = ("upload_recovered", "upload_abandoned", "scan_missing", "upload_awaited")
    return {name: line[name] for name in names if name in line}


def logged(cloud: Cloud) -> list[dict[str, Any]]:
    text = cloud.log.getvalue().replace("\0", "")
    return [json.loads(line) for line in text.splitlines() if line]


def status_of(cloud: Cloud, request_id: str) -> list[str]:
    return [one["status"] for one in cloud.read(request_id).body["documents"]]


def uploaded(cloud: Cloud, request_id: str) -> str:
    """The file arrives, and the event is lost."""
    document_id = str(cloud.offer(request_id).body["document"]["document_id"])
    cloud.put_file(request_id, document_id, PDF)
    return document_id


def test_document_is_attached_once_when_the_event_of_its_upload_was_lost(cloud: Cloud) -> None:
    request_id = cloud.pended()
    uploaded(cloud, request_id)
    cloud.clock.pass_by(minutes=4)
    assert swept(cloud) == {}, "its event can still arrive"
    cloud.clock.pass_by(minutes=2)
    assert swept(cloud) == {"upload_recovered": 1}
    assert status_of(cloud, request_id) == ["ATTACHED"]
    assert cloud.stored(request_id)["new_documents"]
    with cloud.wire.counting() as calls:
        assert swept(cloud) == {}
    assert calls == ["Query"]


def test_document_is_looked_at_until_its_form_expires_when_no_file_arrives(cloud: Cloud) -> None:
    draft_id = cloud.start()
    offered = cloud.offer(draft_id).body["document"]
    cloud.clock.pass_by(minutes=6)
    assert swept(cloud) == {"upload_awaited": 1}
    cloud.clock.pass_by(days=1)
    assert swept(cloud) == {"upload_abandoned": 1}
    assert swept(cloud) == {}
    assert status_of(cloud, draft_id) == ["AWAITING_UPLOAD"]
    # The event of an upload at the last moment can still arrive.
    cloud.arrive(draft_id, offered["document_id"], PDF)
    assert status_of(cloud, draft_id) == ["ATTACHED"]


def test_alarm_is_raised_until_a_document_is_scanned_when_its_result_was_lost(cloud: Cloud) -> None:
    cloud.scan_documents()
    request_id = cloud.pended()
    document_id = uploaded(cloud, request_id)
    cloud.clock.pass_by(minutes=6)
    assert swept(cloud) == {"upload_recovered": 1}
    assert status_of(cloud, request_id) == ["CHECKING"]
    assert swept(cloud) == {"upload_awaited": 1}
    cloud.clock.pass_by(minutes=30)
    assert swept(cloud) == {"scan_missing": 1}
    [line] = [one for one in logged(cloud) if one["message"] == SCAN_UNRESOLVED]
    assert (line["request_id"], line["document_id"]) == (request_id, document_id)
    version = cloud.deps.documents.document(request_id, document_id)
    assert version is not None
    cloud.deliver_scan_result(request_id, document_id, version.version_id, "NO_THREATS_FOUND")
    assert swept(cloud) == {}


def test_other_documents_are_verified_when_one_cannot_be_read(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = cloud.pended()
    first, second = (uploaded(cloud, request_id) for _ in range(2))
    fetch = cloud.deps.document_bytes.fetch

    def failing(request: str, document: str) -> Any:
        if document == first:
            raise ValueError
        return fetch(request, document)

    monkeypatch.setattr(cloud.deps.document_bytes, "fetch", failing)
    cloud.clock.pass_by(minutes=6)
    assert swept(cloud) == {"upload_recovered": 1}
    [error] = [one for one in logged(cloud) if one["level"] == "ERROR"]
    assert (error["request_id"], error["document_id"]) == (request_id, first)
    document = cloud.deps.documents.document(request_id, second)
    assert document is not None
    assert document.status.value == "ATTACHED"
