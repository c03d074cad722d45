"""Documents: slots, presigned forms, and what happens when bytes arrive."""

import base64
import json
from hashlib import sha256
from typing import Any

import pytest

from precert.domain.documents import CONTENT_TYPES
from tests.adapters.cloud import FACILITY, PDF, PNG, Cloud, claims
from tests.fakes.samples import OFFICE_TIN, STRANGER_TIN


def offered(cloud: Cloud, request_id: str, file_name: str = "operative-note.pdf") -> str:
    reply = cloud.offer(request_id, file_name)
    assert reply.status == 201, reply.text
    return str(reply.body["document"]["document_id"])


def documents(cloud: Cloud, request_id: str) -> dict[str, dict[str, Any]]:
    return {d["document_id"]: d for d in cloud.read(request_id).body["documents"]}


@pytest.mark.rule("U3")
def test_eleventh_upload_is_refused_when_ten_were_offered(cloud: Cloud) -> None:
    draft_id = cloud.start()
    assert [cloud.offer(draft_id).status for _ in range(10)] == [201] * 10
    eleventh = cloud.offer(draft_id)
    assert (eleventh.status, eleventh.code) == (409, "document_limit")
    assert len(cloud.items("DOCUMENT#")) == 10
    assert cloud.submit(draft_id).status == 202
    cloud.pend(draft_id)
    assert [cloud.offer(draft_id).status for _ in range(10)] == [201] * 10
    assert cloud.offer(draft_id).code == "document_limit"
    assert len(documents(cloud, draft_id)) == 20


def test_slots_stay_ten_when_the_workflow_pends_again(cloud: Cloud) -> None:
    request_id = cloud.pended()
    for _ in range(10):
        cloud.offer(request_id)
    cloud.pend(request_id)
    assert cloud.offer(request_id).code == "document_limit"


@pytest.mark.rule("U4")
def test_only_drafts_and_pending_requests_are_offered_uploads_when_asked(cloud: Cloud) -> None:
    request_id = cloud.start()
    assert cloud.offer(request_id).status == 201
    cloud.submit(request_id)
    assert cloud.offer(request_id).code == "action_not_allowed"
    cloud.pend(request_id)
    assert cloud.offer(request_id).status == 201
    cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "DENIED"})
    refused = cloud.offer(request_id)
    assert (refused.status, refused.body["request_status"]) == (409, "PARTIALLY APPROVED")
    voided = cloud.pended()
    cloud.void(voided)
    assert cloud.offer(voided).code == "action_not_allowed"


@pytest.mark.rule("U1")
@pytest.mark.parametrize("ending", sorted(CONTENT_TYPES))
def test_upload_is_offered_when_the_ending_is_taken(cloud: Cloud, ending: str) -> None:
    draft_id = cloud.start()
    assert cloud.offer(draft_id, f"Scan{ending.upper()}").status == 201


@pytest.mark.rule("U1")
@pytest.mark.parametrize("name", ["note.exe", "note", "note.pdf.zip", ".pdf", "note.html", "a.svg"])
def test_upload_is_refused_when_the_ending_is_not_taken(cloud: Cloud, name: str) -> None:
    draft_id = cloud.start()
    reply = cloud.offer(draft_id, name)
    assert (reply.status, reply.body["faults"][0]["code"]) == (422, "not_taken")
    assert cloud.items("DOCUMENT#") == []


@pytest.mark.rule("U2")
def test_store_enforces_key_type_and_size_when_the_form_is_used(cloud: Cloud) -> None:
    draft_id = cloud.start()
    body = cloud.offer(draft_id, "scan.tif").body
    document_id = body["document"]["document_id"]
    policy = json.loads(base64.b64decode(body["upload"]["fields"]["policy"]))
    conditions = policy["conditions"]
    assert ["content-length-range", 1, 20 * 1024 * 1024] in conditions
    exact = {name: value for c in conditions if isinstance(c, dict) for name, value in c.items()}
    assert exact["Content-Type"] == "image/tiff"
    assert exact["key"] == f"documents/{draft_id}/{document_id}"
    assert exact["bucket"] == cloud.bucket
    assert not [c for c in conditions if isinstance(c, list) and c[0] == "starts-with"]
    assert body["upload"]["max_bytes"] == 20 * 1024 * 1024
    assert body["upload"]["fields"]["key"] == exact["key"]


@pytest.mark.rule("U5")
def test_document_is_attached_when_what_arrived_is_what_its_name_says(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id)
    assert documents(cloud, request_id)[document_id]["status"] == "AWAITING_UPLOAD"
    cloud.arrive(request_id, document_id, PDF)
    found = documents(cloud, request_id)[document_id]
    assert (found["status"], found["size"]) == ("ATTACHED", len(PDF))
    assert found["sha256"] == sha256(PDF).hexdigest()
    assert cloud.read(request_id).body["history"][-1]["document_id"] == document_id


def test_both_sides_list_a_document_when_one_of_them_sent_it(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id)
    cloud.arrive(request_id, document_id, PDF)
    [listed] = cloud.read(request_id, by=FACILITY).body["documents"]
    assert (listed["document_id"], listed["sent_by_tin"]) == (document_id, OFFICE_TIN)


@pytest.mark.rule("U1")
@pytest.mark.parametrize(
    ("name", "body"), [("note.pdf", PNG), ("note.png", PDF), ("note.txt", PDF), ("note.doc", PDF)]
)
def test_document_is_refused_when_its_content_is_not_what_its_name_says(
    cloud: Cloud, name: str, body: bytes
) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id, name)
    cloud.arrive(request_id, document_id, body)
    found = documents(cloud, request_id)[document_id]
    assert (found["status"], found["sha256"]) == ("REFUSED", None)
    assert found["refusal"] == "The content is not what the file's name says."
    assert cloud.object_versions() == []


@pytest.mark.rule("U5")
def test_document_is_attached_when_the_draft_was_submitted_before_it_was_verified(
    cloud: Cloud,
) -> None:
    draft_id = cloud.start()
    document_id = offered(cloud, draft_id)
    assert cloud.submit(draft_id).status == 202
    cloud.arrive(draft_id, document_id, PDF)
    assert documents(cloud, draft_id)[document_id]["status"] == "ATTACHED"


def test_document_is_refused_when_its_request_was_voided_in_the_meantime(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id)
    cloud.void(request_id)
    cloud.arrive(request_id, document_id, PDF)
    assert documents(cloud, request_id)[document_id]["status"] == "REFUSED"
    assert cloud.object_versions() == []


def test_nothing_changes_when_an_arrival_is_told_twice(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id)
    cloud.arrive(request_id, document_id, PDF)
    before = cloud.items()
    cloud.clock.pass_by(minutes=1)
    cloud.tell_arrival(f"documents/{request_id}/{document_id}")
    assert cloud.items() == before
    assert len(cloud.object_versions()) == 1


def test_refused_bytes_are_removed_when_the_first_attempt_stopped_halfway(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id)
    cloud.wire.cut("ListObjectVersions")
    with pytest.raises(Exception, match="try_again"):
        cloud.arrive(request_id, document_id, PNG)
    assert documents(cloud, request_id)[document_id]["status"] == "REFUSED"
    cloud.tell_arrival(f"documents/{request_id}/{document_id}")
    assert cloud.object_versions() == []


@pytest.mark.parametrize("known", [True, False])
def test_every_version_is_removed_when_the_object_belongs_to_no_document(
    cloud: Cloud, known: bool
) -> None:
    request_id = cloud.pended() if known else "01J1QZ8Y7N4W3V2T1S0R9Q8P7Z"
    key = f"documents/{request_id}/01J1QZ8Y7N4W3V2T1S0R9Q8P7X"
    store = cloud.clients.by_name["s3"]
    store.put_object(Bucket=cloud.bucket, Key=key, Body=PDF)
    store.delete_object(Bucket=cloud.bucket, Key=key)
    store.put_object(Bucket=cloud.bucket, Key=key, Body=PNG)
    cloud.tell_arrival(key)
    assert cloud.object_versions() == []


def test_object_is_passed_over_when_its_key_is_no_documents(cloud: Cloud) -> None:
    with cloud.wire.counting() as calls:
        for key in ("other/1/2", "documents/1", "documents/1/2/3", "documents//2"):
            cloud.tell_arrival(key)
    assert calls == []


def test_slot_is_kept_when_a_stranger_asks_for_it(cloud: Cloud) -> None:
    draft_id = cloud.start()
    slots = cloud.stored(draft_id)["document_slots"]
    stranger = claims("stranger-user", "PatientSearch", STRANGER_TIN)
    assert cloud.offer(draft_id, by=stranger).status == 404
    assert cloud.stored(draft_id)["document_slots"] == slots


@pytest.mark.rule("U1")
def test_verified_bytes_stay_when_others_are_sent_over_them(cloud: Cloud) -> None:
    draft_id = cloud.start()
    document_id = offered(cloud, draft_id)
    cloud.arrive(draft_id, document_id, PDF)
    cloud.arrive(draft_id, document_id, b"MZ this is no document")
    [key] = cloud.object_versions()
    kept = cloud.clients.by_name["s3"].get_object(Bucket=cloud.bucket, Key=key)
    assert kept["Body"].read() == PDF
    assert documents(cloud, draft_id)[document_id]["status"] == "ATTACHED"
