"""Documents, uploaded by a provider with the presigned form."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import unquote

import httpx
import pytest

from local.client import upload
from local.journey import backend
from local.journey.content import clinical_note
from local.users import FACILITY, PROVIDER, REVIEWER, User
from tests.journeys.portal import APPROVAL, DENIAL, Json, Portal, until

MAX_BYTES: Final = 20 * 1024 * 1024
PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes.fromhex("0000000d49484452") + bytes(64)


def arrived(portal: Portal, request_id: str) -> int:
    """The number of versions and delete markers in the bucket for a request."""
    found = portal.deployment.cloud.client("s3").list_object_versions(
        Bucket=portal.deployment.outputs["DocumentsBucketName"], Prefix=f"documents/{request_id}/"
    )
    return len(found.get("Versions", [])) + len(found.get("DeleteMarkers", []))


@pytest.mark.rule("U2")
def test_storage_rejects_the_file_when_it_is_one_byte_too_large(portal: Portal) -> None:
    request_id = portal.draft()
    form = portal.offer(request_id, "scan.pdf")["upload"]
    assert form["max_bytes"] == MAX_BYTES
    pdf = clinical_note()
    refused = upload(form, "scan.pdf", pdf + b"\n" * (MAX_BYTES + 1 - len(pdf)))
    assert refused.status_code == 400
    assert "EntityTooLarge" in refused.text
    assert arrived(portal, request_id) == 0


@pytest.mark.rule("U2")
def test_document_is_attached_when_it_has_the_maximum_size(portal: Portal) -> None:
    request_id = portal.draft()
    offered = portal.offer(request_id, "scan.pdf")
    pdf = clinical_note()
    sent = upload(offered["upload"], "scan.pdf", pdf + b"\n" * (MAX_BYTES - len(pdf)))
    assert sent.status_code == 204
    document = portal.settled(request_id, offered["document"]["document_id"])
    assert (document["status"], document["size"]) == ("ATTACHED", MAX_BYTES)


def test_storage_rejects_the_file_when_it_is_empty(portal: Portal) -> None:
    request_id = portal.draft()
    refused = upload(portal.offer(request_id, "scan.pdf")["upload"], "scan.pdf", b"")
    assert refused.status_code == 400
    assert arrived(portal, request_id) == 0


def test_storage_rejects_the_file_when_the_forms_fields_were_changed(portal: Portal) -> None:
    request_id, other = portal.draft(), portal.draft()
    offered = portal.offer(request_id, "scan.pdf")["upload"]
    fields = offered["fields"]
    signature = fields["x-amz-signature"]
    changes: dict[str, Json] = {
        "type": {"Content-Type": "text/html"},
        "no type": {"Content-Type": ""},
        "request": {"key": fields["key"].replace(request_id, other)},
        "prefix": {"key": "rule-lists/sample-1.sqlite"},
        "signature": {"x-amz-signature": signature[::-1]},
        "added field": {"x-amz-meta-name": "x"},
        "name": {"Content-Disposition": "inline"},
        "no encryption": {"x-amz-server-side-encryption": ""},
        "other encryption": {"x-amz-server-side-encryption": "AES256"},
    }
    answered = {
        name: upload(
            {**offered, "fields": {**fields, **change}}, "scan.pdf", clinical_note()
        ).status_code
        for name, change in changes.items()
    }
    assert answered == dict.fromkeys(changes, 403)
    assert arrived(portal, request_id) + arrived(portal, other) == 0


@pytest.mark.rule("U1")
def test_document_is_refused_when_its_content_does_not_match_its_extension(portal: Portal) -> None:
    request_id = portal.draft()
    offered = portal.offer(request_id, "operative-plan.pdf")
    assert upload(offered["upload"], "operative-plan.pdf", PNG).status_code == 204
    document = portal.settled(request_id, offered["document"]["document_id"])
    assert document["status"] == "REFUSED"
    assert document["refusal_code_label"].startswith("The content does not match")
    until("waiting for the bytes to go", lambda: arrived(portal, request_id) == 0 or None)
    portal.await_types(request_id, PROVIDER, ["DocumentRefused"])


@pytest.mark.parametrize("name", ["run.exe", "page.html", "notes", "notes.pdf.svg", ".pdf"])
def test_upload_is_rejected_when_the_extension_is_not_accepted(portal: Portal, name: str) -> None:
    request_id = portal.draft()
    response = portal.deployment.caller(PROVIDER).call(
        "POST", f"/v1/requests/{request_id}/documents", {"file_name": name}
    )
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/file_name"


@pytest.mark.rule("U3", "U4")
def test_slots_are_exhausted_when_ten_are_used_before_and_ten_after_the_submission(
    portal: Portal,
) -> None:
    content = portal.content()
    request_id = portal.draft(content)
    path = f"/v1/requests/{request_id}/documents"
    provider = portal.deployment.caller(PROVIDER)

    def codes(times: int) -> list[int]:
        body = {"file_name": "notes.txt"}
        return [provider.call("POST", path, body).status_code for _ in range(times)]

    assert codes(11) == [201] * 10 + [409]
    portal.submission(request_id, content)
    portal.await_status(request_id, PROVIDER, "PENDING")
    assert codes(11) == [201] * 10 + [409]
    portal.decide(request_id, REVIEWER, 1, [APPROVAL])
    refused = provider.call("POST", path, {"file_name": "notes.txt"})
    assert (refused.status_code, refused.json()["code"]) == (409, "action_not_allowed")


@pytest.mark.rule("U3")
def test_ten_slots_are_reserved_when_twenty_are_requested_at_once(portal: Portal) -> None:
    request_id = portal.draft()
    path = f"/v1/requests/{request_id}/documents"
    provider = portal.deployment.caller(PROVIDER)

    def create_upload(_number: int) -> tuple[int, str]:
        response = provider.call("POST", path, {"file_name": "notes.txt"})
        return response.status_code, response.json().get("code", "")

    with ThreadPoolExecutor(20) as pool:
        answers = sorted(pool.map(create_upload, range(20)))
    assert answers[:10] == [(201, "")] * 10
    assert {code for _, code in answers[10:]} <= {"document_limit", "try_again"}
    assert len(portal.details(request_id)["documents"]) == 10


@pytest.mark.rule("W6")
def test_document_is_attached_when_the_request_is_pending(portal: Portal) -> None:
    request_id = portal.pending()
    portal.attach(request_id)
    assert [d["status"] for d in portal.details(request_id, FACILITY)["documents"]] == ["ATTACHED"]
    assert backend.objects(portal.deployment, request_id) == 1


@pytest.mark.rule("U4")
def test_late_document_is_refused_when_the_request_was_decided_meanwhile(portal: Portal) -> None:
    request_id = portal.pending()
    offered = portal.offer(request_id, "notes.pdf")
    portal.decide(request_id, REVIEWER, 1, [DENIAL])
    assert upload(offered["upload"], "notes.pdf", clinical_note()).status_code == 204
    document = portal.settled(request_id, offered["document"]["document_id"])
    assert (document["status"], document["refusal_code_label"]) == (
        "REFUSED",
        "The request no longer accepts documents.",
    )
    until("waiting for the bytes to go", lambda: arrived(portal, request_id) == 0 or None)


@pytest.mark.rule("U6")
@pytest.mark.parametrize("user", [PROVIDER, FACILITY, REVIEWER], ids=lambda user: user.name)
def test_file_has_its_original_name_when_it_is_downloaded(portal: Portal, user: User) -> None:
    request_id, note = portal.pending(), clinical_note()
    name = "Röntgen (links), 2. Aufnahme.pdf"
    sha256 = hashlib.sha256(note).hexdigest()
    offered = portal.offer(request_id, name, sha256=sha256)
    assert upload(offered["upload"], "x.pdf", note).status_code == 204
    document_id = offered["document"]["document_id"]
    assert portal.settled(request_id, document_id)["status"] == "ATTACHED"
    start = "/v1/review/requests" if user is REVIEWER else "/v1/requests"
    path = f"{start}/{request_id}/documents/{document_id}"
    link = portal.deployment.caller(user).call("GET", path).json()
    fetched = httpx.get(link["url"])
    assert (fetched.status_code, fetched.content) == (200, note)
    assert fetched.headers["content-type"] == "application/pdf"
    disposition = fetched.headers["content-disposition"]
    assert disposition.startswith("attachment;")
    assert unquote(disposition.partition("UTF-8''")[2]) == name
    assert httpx.get(link["url"].replace(document_id, request_id)).status_code == 403


def test_bytes_are_deleted_when_a_document_is_removed_from_its_draft(portal: Portal) -> None:
    request_id = portal.draft()
    portal.attach(request_id)
    [document] = portal.details(request_id)["documents"]
    path = f"/v1/requests/{request_id}/documents/{document['document_id']}"
    assert portal.deployment.caller(PROVIDER).call("DELETE", path).status_code == 204
    assert portal.details(request_id)["documents"] == []
    until("waiting for the bytes to go", lambda: arrived(portal, request_id) == 0 or None)


@pytest.mark.rule("D5")
def test_documents_are_deleted_when_their_draft_was_deleted(portal: Portal) -> None:
    request_id = portal.draft()
    portal.attach(request_id)
    deleted = portal.deployment.caller(PROVIDER).call(
        "DELETE", f"/v1/drafts/{request_id}", headers={"If-Match": '"1"'}
    )
    assert deleted.status_code == 204
    assert portal.row(request_id, PROVIDER) is None
    until("waiting for the bytes to go", lambda: arrived(portal, request_id) == 0 or None)
