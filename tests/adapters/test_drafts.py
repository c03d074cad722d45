"""Drafts through the real handlers: save, resume, delete, and concurrent changes."""

from datetime import timedelta
from typing import Any

import pytest

from functions.submit import handler as submit
from precert.domain.assessment import Assessment
from precert.domain.content import PARTS, RequestContent
from precert.domain.dates import instant_text
from tests.adapters.callers import FACILITY, PROVIDER, PROVIDER_SUBJECT, claims
from tests.adapters.cloud import Cloud
from tests.fakes import samples
from tests.fakes.samples import FACILITY_TIN, OFFICE_VISIT, PROVIDER_TIN, content, entered

COLLEAGUE = claims("colleague-user", "PatientSearch", PROVIDER_TIN)


@pytest.mark.rule("D4")
def test_every_field_is_returned_when_a_draft_is_resumed(cloud: Cloud) -> None:
    draft_id = cloud.start()
    offered = cloud.offer(draft_id).body["document"]
    resumed = cloud.resume(draft_id)
    assert content(**resumed.body["content"]) == content()
    assert resumed.body["documents"] == [
        {
            **offered,
            "sent_by": "REQUESTING_PROVIDER",
            "sent_by_label": "Requesting provider",
        }
    ]
    assert resumed.headers["ETag"] == '"1"'
    [row] = cloud.dashboard().body["requests"]
    assert (row["request_id"], row["status"]) == (draft_id, "INCOMPLETE")
    assert "RESUME" in row["allowed_actions"]


@pytest.mark.rule("T6")
def test_codes_have_the_payers_words_when_a_draft_is_resumed(cloud: Cloud) -> None:
    draft_id = cloud.start(services=[OFFICE_VISIT, entered()["services"][0]])
    labels = cloud.resume(draft_id).body["content_labels"]
    assert labels["/services/1/procedures/0/code"] == "Surgery to take out part of the small bowel"
    undated = {**OFFICE_VISIT, "service_date": None}
    cloud.save(draft_id, 1, services=[undated, entered()["services"][0]])
    assert "/services/1/procedures/0/code" in cloud.resume(draft_id).body["content_labels"]


@pytest.mark.rule("D3")
def test_draft_is_saved_when_it_has_only_a_patient(cloud: Cloud) -> None:
    nothing: dict[str, Any] = {
        "servicing_provider": None,
        "requesting_provider": None,
        "services": [],
    }
    draft_id = cloud.start()
    assert cloud.save(draft_id, 1, **nothing).status == 200
    assert cloud.resume(draft_id).body["content"]["services"] == []
    assert [row["request_id"] for row in cloud.dashboard().body["requests"]] == [draft_id]


@pytest.mark.rule("D3")
def test_clock_restarts_when_a_draft_is_saved(cloud: Cloud) -> None:
    # Wednesday 11 o'clock: 61 hours until Saturday, and 11 more from Monday.
    draft_id = cloud.start()
    assert cloud.resume(draft_id).body["expires_at"] == "2026-07-06T15:00:00Z"
    cloud.clock.pass_by(hours=48)
    assert cloud.save(draft_id, 1).body["expires_at"] == "2026-07-08T15:00:00Z"
    assert cloud.resume(draft_id).body["expires_at"] == "2026-07-08T15:00:00Z"


def test_ttl_is_written_when_a_draft_is_written(cloud: Cloud) -> None:
    draft_id = cloud.start()
    ttl = cloud.stored(draft_id)["ttl"]
    cloud.clock.pass_by(hours=1)
    cloud.save(draft_id, 1)
    assert cloud.stored(draft_id)["ttl"] == ttl + 3600
    cloud.submit(draft_id, 2)
    assert "ttl" not in cloud.stored(draft_id)


@pytest.mark.rule("D7")
def test_second_save_is_rejected_when_both_are_based_on_one_version(cloud: Cloud) -> None:
    draft_id = cloud.start()
    assert cloud.save(draft_id, 1, services=[]).status == 200
    late = cloud.save(draft_id, 1, by=COLLEAGUE)
    assert (late.status, late.code) == (412, "version_mismatch")
    assert late.body["current_version"] == 2
    assert late.body["differs_in"] == ["/services"]
    resumed = cloud.resume(draft_id).body
    assert resumed["content"]["services"] == []
    assert late.body["current"] == {
        "version": 2,
        "saved_at": instant_text(cloud.clock.at),
        "expires_at": resumed["expires_at"],
        "content": resumed["content"],
    }


@pytest.mark.rule("D7")
def test_submission_is_rejected_when_another_user_saved_in_the_meantime(cloud: Cloud) -> None:
    draft_id = cloud.start()
    assert cloud.save(draft_id, 1, services=[], by=COLLEAGUE).status == 200
    late = cloud.submit(draft_id, 1)
    assert (late.status, late.body["differs_in"]) == (412, ["/services"])
    assert cloud.resume(draft_id).body["version"] == 2


# -- saving parts -------------------------------------------------------------------------------------


@pytest.mark.rule("D3")
@pytest.mark.parametrize("part", sorted(PARTS - {"patient"}))
def test_one_part_is_replaced_when_it_is_sent_alone(cloud: Cloud, part: str) -> None:
    draft_id = cloud.start()
    other: dict[str, Any] = {
        "servicing_provider": {"name": "Somebody Else"},
        "requesting_provider": {"name": "Somebody Else"},
        "services": [OFFICE_VISIT],
        "assertion_id": "CHK-260701150000-0123456789ABCDEF",
        "purpose": "PREDETERMINATION",
        "confirmed_vendors": ["EVICORE-RAD"],
    }
    saved = cloud.patch(draft_id, 1, PROVIDER, **{part: other[part]})
    assert (saved.status, saved.body["version"], saved.headers["ETag"]) == (200, 2, '"2"')
    stored = cloud.resume(draft_id).body["content"]
    assert content(**stored) == content(**{part: other[part]})


@pytest.mark.parametrize("part", sorted(PARTS - {"patient"}))
def test_part_is_cleared_when_null_is_sent(cloud: Cloud, part: str) -> None:
    draft_id = cloud.start()
    nothing: dict[str, Any] = {part: None}
    assert cloud.patch(draft_id, 1, **nothing).status == 200
    assert cloud.patch(draft_id, 2, **nothing).status == 200
    stored = content(**cloud.resume(draft_id).body["content"])
    assert getattr(stored, part) == getattr(RequestContent(), part)
    assert stored == content().model_copy(update={part: getattr(RequestContent(), part)})


@pytest.mark.rule("D3")
def test_clock_restarts_when_a_part_is_saved(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.clock.pass_by(hours=48)
    assert cloud.patch(draft_id, 1, services=[]).body["expires_at"] == "2026-07-08T15:00:00Z"
    assert cloud.resume(draft_id).body["expires_at"] == "2026-07-08T15:00:00Z"


def test_names_can_be_corrected_and_the_patient_stays_when_parts_are_saved(cloud: Cloud) -> None:
    draft_id = cloud.start()
    corrected = entered()["patient"] | {"first_name": "Alison"}
    assert cloud.patch(draft_id, 1, patient=corrected).status == 200
    other = cloud.patch(draft_id, 2, patient=corrected | {"member_id": "U70018347"})
    assert (other.status, other.body["errors"][0]["code"]) == (422, "other_patient")
    removed = cloud.patch(draft_id, 2, patient=None)
    assert (removed.status, removed.body["errors"][0]["pointer"]) == (422, "/content/patient")
    assert cloud.resume(draft_id).body["content"]["patient"] == corrected


def test_parts_are_required_when_a_save_names_none(cloud: Cloud) -> None:
    draft_id = cloud.start()
    assert cloud.patch(draft_id, 1).body["errors"][0]["pointer"] == "/content"
    assert cloud.patch(draft_id, 1, diagnosis="K55").body["errors"][0]["pointer"] == (
        "/content/diagnosis"
    )
    body: dict[str, Any] = {"content": {"services": []}}
    unversioned = cloud.call(submit, "PATCH", f"/v1/drafts/{draft_id}", body)
    assert (unversioned.status, unversioned.code) == (428, "version_missing")
    assert cloud.resume(draft_id).body["version"] == 1


@pytest.mark.rule("D7")
def test_parts_saved_since_are_named_when_a_save_of_parts_is_late(cloud: Cloud) -> None:
    draft_id = cloud.start()
    assert cloud.patch(draft_id, 1, COLLEAGUE, services=[OFFICE_VISIT]).status == 200
    late = cloud.patch(draft_id, 1, requesting_provider={"name": "Somebody Else"})
    assert (late.status, late.code) == (412, "version_mismatch")
    assert late.body["saved_since"] == ["/services"]
    assert late.body["differs_in"] == ["/requesting_provider"]
    stored = content(**cloud.resume(draft_id).body["content"])
    assert stored == content(services=[OFFICE_VISIT])


def test_save_of_parts_returns_the_same_response_when_its_response_was_lost(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.wire.lose_answer("UpdateItem")
    saved = cloud.patch(draft_id, 1, services=[])
    assert (saved.status, saved.body["version"]) == (200, 2)
    cloud.clock.pass_by(hours=1)
    again = cloud.patch(draft_id, 1, services=[])
    assert (again.text, again.headers["ETag"]) == (saved.text, saved.headers["ETag"])
    assert cloud.patch(draft_id, 1, services=[OFFICE_VISIT]).status == 412
    assert cloud.stored(draft_id)["version"] == 2


@pytest.mark.rule("D7")
def test_late_save_is_rejected_when_a_colleague_saved_the_same_part_and_more(cloud: Cloud) -> None:
    """A success response would hide the part that this caller has not seen."""
    draft_id = cloud.start()
    assert (
        cloud.patch(draft_id, 1, COLLEAGUE, services=[], purpose="PREDETERMINATION").status == 200
    )
    late = cloud.patch(draft_id, 1, services=[])
    assert (late.status, late.body["differs_in"]) == (412, [])
    assert late.body["saved_since"] == ["/services", "/purpose"]


def test_version_is_required_when_a_save_names_none(cloud: Cloud) -> None:
    draft_id = cloud.start()
    path = f"/v1/drafts/{draft_id}"
    body = {"content": entered()}
    for reply in (
        cloud.call(submit, "PUT", path, body),
        cloud.call(submit, "PUT", path, body, if_match="*"),
    ):
        assert (reply.status, reply.code) == (428, "version_missing")
    for etag in ("1", "W/1", '"x"'):
        reply = cloud.call(submit, "PUT", path, body, if_match=etag)
        assert (reply.status, reply.code) == (400, "malformed_header")
        assert [error["pointer"] for error in reply.body["errors"]] == ["/If-Match"]


@pytest.mark.rule("D7")
def test_draft_is_saved_when_one_of_the_listed_versions_is_the_current_one(cloud: Cloud) -> None:
    draft_id = cloud.start()
    path = f"/v1/drafts/{draft_id}"
    for version, etags in enumerate(('W/"1"', '"7", "2"', 'W/"3","9", W/"1"'), start=1):
        body = {"content": {"services": [], "purpose": "PREDETERMINATION"}}
        for _ in range(2):  # and when the response is lost
            reply = cloud.call(submit, "PATCH", path, body, if_match=etags)
            assert (reply.status, reply.body["version"]) == (200, version + 1), reply.text
    refused = cloud.call(submit, "DELETE", path, if_match='"1", W/"2", "3"')
    assert (refused.status, refused.body["current_version"]) == (412, 4)
    assert cloud.call(submit, "DELETE", path, if_match='"3", W/"4"').status == 204


def test_save_returns_the_same_response_when_its_response_was_lost(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.wire.lose_answer("UpdateItem")
    saved = cloud.save(draft_id, 1, services=[])
    assert (saved.status, saved.body["version"]) == (200, 2)
    cloud.clock.pass_by(hours=1)
    again = cloud.save(draft_id, 1, services=[])
    assert again.text == saved.text
    assert again.headers["ETag"] == saved.headers["ETag"] == '"2"'
    assert cloud.stored(draft_id)["version"] == 2


def test_caller_may_retry_when_the_table_does_not_respond(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.wire.lose_answer("UpdateItem", attempts=4)
    reply = cloud.save(draft_id, 1, services=[])
    assert (reply.status, reply.code) == (503, "try_again")
    assert reply.headers["Retry-After"] == "2"
    assert cloud.save(draft_id, 1, services=[]).body["version"] == 2


def test_patient_stays_the_same_when_a_draft_is_saved(cloud: Cloud) -> None:
    draft_id = cloud.start()
    other = entered()["patient"] | {"member_id": "U70018347"}
    reply = cloud.save(draft_id, 1, patient=other)
    assert (reply.status, reply.body["errors"][0]["code"]) == (422, "other_patient")
    assert cloud.submit(draft_id, 1, patient=other).status == 422
    assert cloud.resume(draft_id).body["version"] == 1


def test_one_draft_is_created_when_a_start_is_repeated(cloud: Cloud) -> None:
    body = {"content": entered()}
    first = cloud.call(submit, "POST", "/v1/drafts", body, idempotency_key="order-17")
    again = cloud.call(submit, "POST", "/v1/drafts", body, idempotency_key="order-17")
    assert (again.status, again.text) == (first.status, first.text)
    assert len(cloud.items("REQUEST")) == 1
    other = cloud.call(
        submit,
        "POST",
        "/v1/drafts",
        {"content": entered(requesting_provider=None)},
        idempotency_key="order-17",
    )
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    colleague = cloud.call(
        submit, "POST", "/v1/drafts", body, by=COLLEAGUE, idempotency_key="order-17"
    )
    assert colleague.body["draft_id"] != first.body["draft_id"]


def test_draft_is_not_found_when_it_was_deleted_by_its_creator(cloud: Cloud) -> None:
    draft_id = cloud.start()
    before = cloud.item(draft_id)
    assert before is not None
    document = cloud.offer(draft_id).body["document"]["document_id"]
    cloud.arrive(draft_id, document, b"%PDF-1.4\n%%EOF")
    assert cloud.delete(draft_id, 1).status == 204
    assert cloud.resume(draft_id).status == 404
    assert cloud.dashboard().body["requests"] == []
    assert cloud.clean_up(before) == []
    assert cloud.object_versions() == []
    left = [item["sk"]["S"] for item in cloud.items() if draft_id in item["pk"]["S"]]
    assert {sk.partition("#")[0] for sk in left} == {"EVENT"}
    deleted = [item["event"]["S"] for item in cloud.items("EVENT#") if "DraftDeleted" in str(item)]
    assert PROVIDER_SUBJECT in deleted[0]


def test_current_draft_is_returned_when_a_start_is_repeated_after_a_save(
    cloud: Cloud,
) -> None:
    body = {"content": entered()}
    first = cloud.call(submit, "POST", "/v1/drafts", body, idempotency_key="order-17")
    cloud.save(first.body["draft_id"], 1, services=[])
    again = cloud.call(submit, "POST", "/v1/drafts", body, idempotency_key="order-17")
    assert (again.status, again.headers["ETag"]) == (201, '"2"')
    assert again.body["content"]["services"] == []
    assert len(cloud.items("REQUEST")) == 1


@pytest.mark.rule("D7")
def test_draft_is_not_deleted_when_another_user_saved_it_first(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.save(draft_id, 1, by=COLLEAGUE)
    late = cloud.delete(draft_id, 1)
    assert (late.status, late.code) == (412, "version_mismatch")
    assert cloud.resume(draft_id).body["version"] == 2


def test_draft_is_visible_to_its_creator_only_when_it_is_not_submitted(cloud: Cloud) -> None:
    draft_id = cloud.start()
    assert cloud.resume(draft_id, by=FACILITY).status == 404
    assert cloud.dashboard(FACILITY).body["requests"] == []
    assert cloud.resume(draft_id, by=COLLEAGUE).status == 200


def test_tin_is_required_when_the_caller_has_several(cloud: Cloud) -> None:
    both = claims("billing-user", "PatientSearch", f"[{PROVIDER_TIN} {FACILITY_TIN}]")
    reply = cloud.call(submit, "POST", "/v1/drafts", {"content": entered()}, by=both)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/tin")
    body = {"content": entered(), "tin": FACILITY_TIN}
    assert cloud.call(submit, "POST", "/v1/drafts", body, by=both).status == 201
    assert len(cloud.dashboard(FACILITY).body["requests"]) == 1
    assert cloud.call(submit, "POST", "/v1/drafts", body, by=PROVIDER).status == 422


def test_number_is_named_when_a_submitted_draft_is_resumed_or_saved(cloud: Cloud) -> None:
    draft_id = cloud.start()
    number = cloud.submit(draft_id).body["number"]
    for reply in (cloud.resume(draft_id), cloud.save(draft_id, 2), cloud.delete(draft_id, 2)):
        assert (reply.status, reply.code) == (409, "action_not_allowed")
        assert reply.body["number"] == number


@pytest.mark.rule("T1")
def test_rejected_save_offers_what_the_details_offer_when_a_vendor_decides(cloud: Cloud) -> None:
    draft_id = cloud.submitted()
    request = cloud.deps.requests.read(draft_id)
    assert request is not None
    assessment = Assessment(rule_list="1", assessed_at=cloud.clock.at, lines=())
    cloud.deps.requests.record(request.delegate([samples.delegation()], assessment, cloud.clock.at))
    response = cloud.read(draft_id).body["allowed_actions"]
    assert cloud.save(draft_id, 2).body["allowed_actions"] == response == ["DETAILS"]


def test_entry_stays_as_it_is_when_an_earlier_state_of_the_draft_is_listed_late(
    cloud: Cloud,
) -> None:
    draft_id = cloud.start()
    earlier = cloud.deps.stored_requests.read(draft_id)
    assert earlier is not None
    later = earlier.model_copy(update={"updated_at": earlier.updated_at + timedelta(minutes=1)})
    cloud.deps.drafts.show(later, None)
    listed = cloud.item(draft_id, "PARTY#DRAFT")
    cloud.deps.drafts.show(earlier, None)
    assert cloud.item(draft_id, "PARTY#DRAFT") == listed
