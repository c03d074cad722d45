"""Documents: slots, presigned forms, and the processing of arrived files."""

import base64
import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from precert.domain.documents import CONTENT_TYPES, Refusal
from precert.domain.errors import TransientError
from tests.adapters.callers import FACILITY, PROVIDER, claims
from tests.adapters.cloud import PDF, PNG, Cloud
from tests.adapters.corpus import images, writing
from tests.fakes.samples import PROVIDER_TIN, STRANGER_TIN


def offered(
    cloud: Cloud, request_id: str, file_name: str = "operative-note.pdf", **more: str
) -> str:
    reply = cloud.offer(request_id, file_name, PROVIDER, **more)
    assert reply.status == 201, reply.text
    return str(reply.body["document"]["document_id"])


def documents(cloud: Cloud, request_id: str) -> dict[str, dict[str, Any]]:
    return {d["document_id"]: d for d in cloud.read(request_id).body["documents"]}


@pytest.mark.rule("U3")
def test_eleventh_upload_is_rejected_when_ten_were_created(cloud: Cloud) -> None:
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


def test_ten_more_are_accepted_when_an_appeal_opens(cloud: Cloud) -> None:
    request_id = cloud.pended()
    assert [cloud.offer(request_id).status for _ in range(10)] == [201] * 10
    cloud.decide(request_id, {"1.1": "DENIED", "1.2": "DENIED"})
    assert cloud.appeal(request_id, "1.1").status == 202
    assert [cloud.offer(request_id).status for _ in range(10)] == [201] * 10
    assert cloud.offer(request_id).code == "document_limit"


def test_slots_remain_ten_when_the_workflow_pends_again(cloud: Cloud) -> None:
    request_id = cloud.pended()
    for _ in range(10):
        cloud.offer(request_id)
    cloud.pend(request_id)
    assert cloud.offer(request_id).code == "document_limit"


@pytest.mark.rule("U4")
def test_only_drafts_and_pending_requests_accept_uploads_when_requested(cloud: Cloud) -> None:
    request_id = cloud.start()
    assert cloud.offer(request_id).status == 201
    cloud.submit(request_id)
    assert cloud.offer(request_id).code == "action_not_allowed"
    cloud.pend(request_id)
    assert cloud.offer(request_id).status == 201
    cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "DENIED"})
    refused = cloud.offer(request_id)
    assert (refused.status, refused.body["request_status"]) == (409, "PARTIALLY_APPROVED")
    voided = cloud.pended()
    cloud.void(voided)
    assert cloud.offer(voided).code == "action_not_allowed"


@pytest.mark.rule("U1")
@pytest.mark.parametrize("ending", sorted(CONTENT_TYPES))
def test_upload_is_created_when_the_extension_is_accepted(cloud: Cloud, ending: str) -> None:
    draft_id = cloud.start()
    assert cloud.offer(draft_id, f"Scan{ending.upper()}").status == 201


@pytest.mark.rule("U1")
@pytest.mark.parametrize("name", ["note.exe", "note", "note.pdf.zip", ".pdf", "note.html", "a.svg"])
def test_upload_is_rejected_when_the_extension_is_not_accepted(cloud: Cloud, name: str) -> None:
    draft_id = cloud.start()
    reply = cloud.offer(draft_id, name)
    assert (reply.status, reply.body["errors"][0]["code"]) == (422, "not_taken")
    assert cloud.items("DOCUMENT#") == []


def policy_of(upload: dict[str, Any]) -> tuple[dict[str, str], list[Any]]:
    """The exact fields of the form's policy, and its other conditions."""
    policy = json.loads(base64.b64decode(upload["fields"]["policy"]))
    conditions = policy["conditions"]
    exact = {name: value for c in conditions if isinstance(c, dict) for name, value in c.items()}
    return exact, [c for c in conditions if not isinstance(c, dict)]


@pytest.mark.rule("U2")
def test_storage_enforces_every_field_and_the_size_when_the_form_is_used(cloud: Cloud) -> None:
    draft_id = cloud.start()
    body = cloud.offer(draft_id, "scan.tif", sha256=sha256(PDF).hexdigest().upper()).body
    fields = body["upload"]["fields"]
    exact, others = policy_of(body["upload"])
    assert others == [["content-length-range", 1, 20 * 1024 * 1024]]
    assert body["upload"]["max_bytes"] == 20 * 1024 * 1024
    assert exact["bucket"] == cloud.bucket
    assert {name: fields[name] for name in exact if name != "bucket"} == {
        name: value for name, value in exact.items() if name != "bucket"
    }
    signing = {"policy", "signature", "AWSAccessKeyId", "x-amz-signature"}
    assert {name for name in fields if name not in exact} <= signing
    assert exact["key"] == f"documents/{draft_id}/{body['document']['document_id']}"
    assert exact["Content-Type"] == "image/tiff"
    assert exact["x-amz-server-side-encryption"] == "aws:kms"
    assert exact["x-amz-server-side-encryption-aws-kms-key-id"] == "data-key"
    assert exact["x-amz-checksum-algorithm"] == "SHA256"
    assert base64.b64decode(exact["x-amz-checksum-sha256"]) == sha256(PDF).digest()


def test_form_fields_match_those_of_botocore_when_compared(cloud: Cloud) -> None:
    fields = cloud.offer(cloud.start(), "scan.tif", sha256=sha256(PDF).hexdigest()).body
    put = cloud.deps.s3.meta.service_model.operation_model("PutObject")
    members = put.input_shape.members.values() if put.input_shape else ()
    known = {member.serialization.get("name", "").lower() for member in members}
    sent = {name.lower() for name in fields["upload"]["fields"]}
    of_the_policy = {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-security-token"}
    amazon = {name for name in sent if name.startswith("x-amz-")} - of_the_policy
    assert amazon - {"x-amz-signature", "x-amz-checksum-algorithm"} <= known


def test_form_expires_after_fifteen_minutes_when_it_is_not_used(cloud: Cloud) -> None:
    body = cloud.offer(cloud.start()).body
    offered, until = (
        datetime.fromisoformat(body["document"][name]) for name in ("offered_at", "upload_until")
    )
    assert until - offered == timedelta(minutes=15)


@pytest.mark.parametrize("digest", ["abc", "g" * 64, "a" * 63, ""])
def test_upload_is_rejected_when_the_announced_checksum_is_malformed(
    cloud: Cloud, digest: str
) -> None:
    reply = cloud.offer(cloud.start(), sha256=digest)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/sha256")


def test_document_type_is_stored_when_rules_can_require_it(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id, document_type="OPERATIVE_PLAN")
    assert documents(cloud, request_id)[document_id]["document_type"] == "OPERATIVE_PLAN"


def test_all_errors_are_listed_when_extension_and_type_are_wrong(cloud: Cloud) -> None:
    reply = cloud.offer(cloud.start(), "run.exe", document_type="HOROSCOPE")
    errors = {error["pointer"]: error for error in reply.body["errors"]}
    assert set(errors) == {"/file_name", "/document_type"}
    assert "pdf" in errors["/file_name"]["choices"]
    assert "CLINICAL_NOTES" in errors["/document_type"]["choices"]


# -- slots that become free ---------------------------------------------------------------------------


def filled(cloud: Cloud, request_id: str, name: str = "note.pdf") -> list[str]:
    return [offered(cloud, request_id, name) for _ in range(10)]


@pytest.mark.rule("U3")
def test_slots_are_free_again_when_no_file_arrived_before_the_forms_expired(cloud: Cloud) -> None:
    draft_id = cloud.start()
    abandoned = filled(cloud, draft_id)
    cloud.clock.pass_by(minutes=14)
    assert cloud.offer(draft_id).code == "document_limit"
    cloud.clock.pass_by(minutes=1)
    again = filled(cloud, draft_id)
    assert cloud.offer(draft_id).code == "document_limit"
    listed = documents(cloud, draft_id)
    assert {listed[one]["refusal_code"] for one in abandoned} == {"not_uploaded"}
    assert {listed[one]["status"] for one in again} == {"AWAITING_UPLOAD"}


@pytest.mark.rule("U3")
def test_slot_remains_in_use_when_the_file_arrived_and_its_event_is_late(cloud: Cloud) -> None:
    draft_id = cloud.start()
    first, *_ = filled(cloud, draft_id)
    key = f"documents/{draft_id}/{first}"
    cloud.clients.by_name["s3"].put_object(Bucket=cloud.bucket, Key=key, Body=PDF)
    cloud.clock.pass_by(hours=3)
    assert [cloud.offer(draft_id).status for _ in range(10)] == [201] * 9 + [409]
    cloud.deliver_arrival(key)
    assert documents(cloud, draft_id)[first]["status"] == "ATTACHED"


def test_late_bytes_are_deleted_when_their_slot_was_reused(cloud: Cloud) -> None:
    draft_id = cloud.start()
    late, *_ = filled(cloud, draft_id)
    cloud.clock.pass_by(minutes=15)
    offered(cloud, draft_id)
    cloud.arrive(draft_id, late, PDF)
    assert documents(cloud, draft_id)[late]["refusal_code"] == "not_uploaded"
    assert cloud.object_versions() == []


def test_slot_is_free_again_when_its_document_was_refused(cloud: Cloud) -> None:
    draft_id = cloud.start()
    first, *_ = filled(cloud, draft_id)
    cloud.arrive(draft_id, first, PNG)
    cloud.deliver_arrival(f"documents/{draft_id}/{first}")
    assert [cloud.offer(draft_id).status for _ in range(2)] == [201, 409]


@pytest.mark.rule("U3")
def test_ten_more_are_accepted_when_documents_of_the_draft_are_refused_later(cloud: Cloud) -> None:
    draft_id = cloud.start()
    first, *_ = filled(cloud, draft_id)
    cloud.submit(draft_id)
    cloud.pend(draft_id)
    filled(cloud, draft_id)
    cloud.arrive(draft_id, first, PNG)
    cloud.clock.pass_by(minutes=10)
    assert cloud.offer(draft_id).code == "document_limit"
    cloud.clock.pass_by(minutes=5)
    filled(cloud, draft_id)
    assert cloud.offer(draft_id).code == "document_limit"


def test_slots_are_ten_when_an_upload_fails_between_freeing_a_slot_and_using_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_id = cloud.start()
    filled(cloud, draft_id)
    cloud.clock.pass_by(minutes=15)
    records = cloud.deps.documents
    settle = records.settle

    def fail_afterwards(*arguments: Any) -> None:
        settle(*arguments)
        raise TransientError("The function died.")

    monkeypatch.setattr(records, "settle", fail_afterwards)
    assert cloud.offer(draft_id).status == 503
    monkeypatch.undo()
    filled(cloud, draft_id)
    assert cloud.offer(draft_id).code == "document_limit"


@pytest.mark.rule("U5")
def test_document_is_attached_when_its_content_matches_its_extension(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id)
    assert documents(cloud, request_id)[document_id]["status"] == "AWAITING_UPLOAD"
    cloud.arrive(request_id, document_id, PDF)
    found = documents(cloud, request_id)[document_id]
    assert (found["status"], found["size"]) == ("ATTACHED", len(PDF))
    assert found["sha256"] == sha256(PDF).hexdigest()
    assert cloud.read(request_id).body["history"][-1]["document_id"] == document_id


def test_both_providers_list_a_document_when_one_of_them_sent_it(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id)
    cloud.arrive(request_id, document_id, PDF)
    [listed] = cloud.read(request_id, by=FACILITY).body["documents"]
    assert (listed["document_id"], listed["sent_by_tin"]) == (document_id, PROVIDER_TIN)
    assert listed["sent_by"] == "REQUESTING_PROVIDER"


@pytest.mark.rule("U1")
@pytest.mark.parametrize(
    ("name", "body"), [("note.pdf", PNG), ("note.png", PDF), ("note.txt", PDF), ("note.doc", PDF)]
)
def test_document_is_refused_when_its_content_does_not_match_its_extension(
    cloud: Cloud, name: str, body: bytes
) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id, name)
    cloud.arrive(request_id, document_id, body)
    found = documents(cloud, request_id)[document_id]
    assert (found["status"], found["sha256"]) == ("REFUSED", None)
    assert found["refusal_code"] == "content_mismatch"
    assert found["refusal_code_label"].startswith("The content does not match")
    assert cloud.object_versions() == []


def test_message_states_the_reason_and_what_to_do_when_a_document_was_refused(cloud: Cloud) -> None:
    request_id = cloud.pended()
    cloud.arrive(request_id, offered(cloud, request_id, "note.pdf"), writing.for_a_certificate())
    assert cloud.relay(cloud.stream()) == []
    [event] = [e for e in cloud.published() if e["DetailType"] == "DocumentRefused"]
    cloud.receive(event)
    [message] = cloud.messages().body["messages"]
    assert message["refusal_code"] == "password_protected"
    assert message["refusal_code_label"] in message["text"]
    assert "print it to a PDF" in message["text"]


@pytest.mark.rule("U7")
def test_slot_is_free_again_when_a_document_was_too_complex(cloud: Cloud) -> None:
    draft_id = cloud.start()
    first, *_ = filled(cloud, draft_id, "scan.png")
    cloud.arrive(draft_id, first, images.png_of(images.PIXELS, width=1 << 20, height=1 << 20))
    assert documents(cloud, draft_id)[first]["refusal_code"] == "too_complex"
    assert [cloud.offer(draft_id).status for _ in range(2)] == [201, 409]


@pytest.mark.rule("U5")
def test_document_is_attached_when_the_draft_was_submitted_before_it_was_verified(
    cloud: Cloud,
) -> None:
    draft_id = cloud.start()
    document_id = offered(cloud, draft_id)
    assert cloud.submit(draft_id).status == 202
    cloud.arrive(draft_id, document_id, PDF)
    assert documents(cloud, draft_id)[document_id]["status"] == "ATTACHED"


def test_document_is_refused_when_its_checksum_is_not_the_announced_one(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id, sha256=sha256(PDF + b"\n").hexdigest())
    cloud.arrive(request_id, document_id, PDF)
    assert documents(cloud, request_id)[document_id]["refusal_code"] == "checksum_mismatch"
    assert cloud.object_versions() == []


def test_document_is_refused_when_its_request_was_voided_in_the_meantime(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id)
    cloud.void(request_id)
    cloud.arrive(request_id, document_id, PDF)
    assert documents(cloud, request_id)[document_id]["status"] == "REFUSED"
    assert cloud.object_versions() == []


def test_nothing_changes_when_an_arrival_is_delivered_twice(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id)
    cloud.arrive(request_id, document_id, PDF)
    before = cloud.items()
    cloud.clock.pass_by(minutes=1)
    cloud.deliver_arrival(f"documents/{request_id}/{document_id}")
    assert cloud.items() == before
    assert len(cloud.object_versions()) == 1


def test_refused_bytes_are_deleted_when_the_first_attempt_stopped_halfway(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id)
    cloud.wire.cut("ListObjectVersions")
    with pytest.raises(Exception, match="try_again"):
        cloud.arrive(request_id, document_id, PNG)
    assert documents(cloud, request_id)[document_id]["status"] == "REFUSED"
    cloud.deliver_arrival(f"documents/{request_id}/{document_id}")
    assert cloud.object_versions() == []


@pytest.mark.parametrize("known", [True, False])
def test_every_version_is_deleted_when_the_object_belongs_to_no_document(
    cloud: Cloud, known: bool
) -> None:
    request_id = cloud.pended() if known else "01J1QZ8Y7N4W3V2T1S0R9Q8P7Z"
    key = f"documents/{request_id}/01J1QZ8Y7N4W3V2T1S0R9Q8P7X"
    store = cloud.clients.by_name["s3"]
    store.put_object(Bucket=cloud.bucket, Key=key, Body=PDF)
    store.delete_object(Bucket=cloud.bucket, Key=key)
    store.put_object(Bucket=cloud.bucket, Key=key, Body=PNG)
    cloud.deliver_arrival(key)
    assert cloud.object_versions() == []


def test_object_is_ignored_when_its_key_is_not_a_documents(cloud: Cloud) -> None:
    with cloud.wire.counting() as calls:
        for key in ("other/1/2", "documents/1", "documents/1/2/3", "documents//2"):
            cloud.deliver_arrival(key)
    assert calls == []


def test_slot_remains_in_use_when_an_unrelated_caller_requests_it(cloud: Cloud) -> None:
    draft_id = cloud.start()
    stranger = claims("stranger-user", "PatientSearch", STRANGER_TIN)
    assert cloud.offer(draft_id, by=stranger).status == 404
    assert "slots_taken" not in cloud.stored(draft_id)


@pytest.mark.rule("U1")
def test_verified_bytes_are_retained_when_others_are_uploaded_over_them(cloud: Cloud) -> None:
    draft_id = cloud.start()
    document_id = offered(cloud, draft_id)
    cloud.arrive(draft_id, document_id, PDF)
    cloud.arrive(draft_id, document_id, b"MZ this is no document")
    [key] = cloud.object_versions()
    retained = cloud.clients.by_name["s3"].get_object(Bucket=cloud.bucket, Key=key)
    assert retained["Body"].read() == PDF
    assert documents(cloud, draft_id)[document_id]["status"] == "ATTACHED"


@pytest.mark.rule("U1")
def test_only_verified_bytes_are_retained_when_two_files_arrive_at_once(cloud: Cloud) -> None:
    draft_id = cloud.start()
    document_id = offered(cloud, draft_id)
    inspect = cloud.deps.inspect

    def overtaken(body: bytes, content_type: str) -> Refusal | None:
        cloud.deps.inspect = inspect
        cloud.arrive(draft_id, document_id, PDF + b"\n")
        return inspect(body, content_type)

    cloud.deps.inspect = overtaken
    cloud.arrive(draft_id, document_id, PDF)
    [key] = cloud.object_versions()
    retained = cloud.clients.by_name["s3"].get_object(Bucket=cloud.bucket, Key=key)
    assert retained["Body"].read() == PDF + b"\n"
    assert documents(cloud, draft_id)[document_id]["status"] == "ATTACHED"


@pytest.mark.rule("W5")
def test_nothing_is_attached_when_the_request_was_decided_during_verification(
    cloud: Cloud,
) -> None:
    request_id = cloud.pended()
    document_id = offered(cloud, request_id)
    inspect = cloud.deps.inspect

    def decide_meanwhile(body: bytes, content_type: str) -> Refusal | None:
        cloud.deps.inspect = inspect
        decided = cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "APPROVED"})
        assert decided.status == 200
        return inspect(body, content_type)

    cloud.deps.inspect = decide_meanwhile
    with pytest.raises(TransientError):
        cloud.arrive(request_id, document_id, PDF)
    assert documents(cloud, request_id)[document_id]["status"] == "AWAITING_UPLOAD"
    cloud.deliver_arrival(f"documents/{request_id}/{document_id}")
    assert documents(cloud, request_id)[document_id]["refusal_code"] == Refusal.CLOSED.value
