"""Cost of an operation: AWS calls, and write units of a save."""

import json

import pytest

from tests.adapters.callers import FACILITY, REVIEWER
from tests.adapters.capacity import billed
from tests.adapters.cloud import Cloud
from tests.fakes.samples import PATIENT, entered


def test_save_is_one_call_when_the_version_is_current(cloud: Cloud) -> None:
    draft_id = cloud.start()
    with cloud.wire.counting() as calls:
        assert cloud.save(draft_id, 1).status == 200
    assert calls == ["UpdateItem"]


def test_save_of_parts_is_one_call_when_the_version_is_current(cloud: Cloud) -> None:
    draft_id = cloud.start()
    with cloud.wire.counting() as calls:
        assert cloud.patch(draft_id, 1, services=[], requesting_provider=None).status == 200
    assert calls == ["UpdateItem"]


def test_resume_is_two_calls_when_documents_were_uploaded(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.offer(draft_id)
    with cloud.wire.counting() as calls:
        assert cloud.resume(draft_id).status == 200
    assert calls == ["Query", "BatchGetItem"]


def test_validation_is_two_calls_when_a_draft_is_complete(cloud: Cloud) -> None:
    draft_id = cloud.start()
    with cloud.wire.counting() as calls:
        assert cloud.review_of(draft_id).body["errors"] == []
    assert calls == ["GetItem", "BatchGetItem"]


def test_status_is_one_call_when_a_request_is_read(cloud: Cloud) -> None:
    request_id = cloud.pended()
    with cloud.wire.counting() as calls:
        assert cloud.read(request_id).status == 200
    assert calls == ["Query"]


def test_submission_is_two_calls_when_nothing_conflicts(cloud: Cloud) -> None:
    draft_id = cloud.start()
    with cloud.wire.counting() as calls:
        assert cloud.submit(draft_id).status == 202
    assert calls == ["BatchGetItem", "TransactWriteItems"]


def test_start_is_two_calls_when_a_draft_is_created(cloud: Cloud) -> None:
    cloud.check()  # the rule list is cached
    with cloud.wire.counting() as calls:
        cloud.start()
    assert calls == ["BatchGetItem", "TransactWriteItems"]


def test_check_is_one_call_when_the_rule_list_is_cached(cloud: Cloud) -> None:
    with cloud.wire.counting() as cold:
        assert cloud.check().status == 200
    assert cold == ["BatchGetItem", "GetObject"]
    with cloud.wire.counting() as warm:
        assert cloud.check().status == 200
    assert warm == ["BatchGetItem"]


def test_patient_confirmation_is_one_call_when_it_is_requested(cloud: Cloud) -> None:
    with cloud.wire.counting() as calls:
        assert cloud.confirm(PATIENT).status == 200
    assert calls == ["GetItem"]


def test_page_is_one_call_when_a_list_is_read(cloud: Cloud) -> None:
    cloud.pended()
    with cloud.wire.counting() as calls:
        assert len(cloud.dashboard().body["requests"]) == 1
        assert len(cloud.dashboard(FACILITY).body["requests"]) == 1
        assert len(cloud.worklist().body["cycles"]) == 1
        assert cloud.messages().status == 200
    assert calls == ["Query"] * 4


def test_document_upload_is_one_call_when_a_slot_is_free(cloud: Cloud) -> None:
    draft_id = cloud.start()
    with cloud.wire.counting() as calls:
        assert cloud.offer(draft_id).status == 201
    assert calls == ["TransactWriteItems"]


def test_decision_is_three_calls_when_it_approves(cloud: Cloud) -> None:
    request_id = cloud.pended()
    with cloud.wire.counting() as calls:
        lines = {"1.1": "APPROVED", "1.2": "APPROVED"}
        assert cloud.decide(request_id, lines, by=REVIEWER).status == 200
    assert calls == ["GetItem", "Query", "TransactWriteItems"]  # the member's other requests


def test_no_call_is_made_when_input_is_wrong(cloud: Cloud) -> None:
    draft_id = cloud.start()
    with cloud.wire.counting() as calls:
        assert cloud.check(services=[]).status == 422
        assert cloud.offer(draft_id, "virus.exe").status == 422
        assert cloud.resume("not-an-id").status == 404
    assert calls == []


def test_draft_is_not_read_when_a_submission_is_incomplete(cloud: Cloud) -> None:
    """Errors of form and of content are listed at once all the same."""
    draft_id = cloud.start()
    [service] = entered()["services"]
    wrong = {**service, "urgency": "SOON", "primary_diagnosis": None}
    with cloud.wire.counting() as calls:
        assert cloud.submit(draft_id, services=[]).status == 422
        reply = cloud.submit(draft_id, services=[wrong])
    assert calls == ["BatchGetItem"]  # who decides each line
    assert {(one["pointer"], one["code"]) for one in reply.body["errors"]} == {
        ("/content/services/0/urgency", "not_a_choice"),
        ("/content/services/0/primary_diagnosis", "missing"),
    }


def test_draft_is_read_once_when_a_complete_submission_is_refused(cloud: Cloud) -> None:
    """A repetition is answered as before, also if a rule list published since would refuse it."""
    draft_id = cloud.start()
    [service] = entered()["services"]
    with cloud.wire.counting() as calls:
        reply = cloud.submit(draft_id, services=[{**service, "primary_diagnosis": "K56999"}])
    assert reply.status == 422
    assert calls == ["BatchGetItem", "GetItem"]


@pytest.mark.parametrize("way", ["whole", "services alone", "one field of a part"])
def test_save_writes_at_most_two_units_when_a_draft_is_realistic(cloud: Cloud, way: str) -> None:
    assert len(json.dumps(entered()).encode()) > 1250
    draft_id = cloud.start()
    with billed(cloud.clients.by_name["dynamodb"]) as bill:
        if way == "whole":
            saved = cloud.save(draft_id, 1)
        elif way == "services alone":
            saved = cloud.patch(draft_id, 1, services=entered()["services"])
        else:
            provider = entered()["servicing_provider"] | {"phone": "2165550100"}
            saved = cloud.patch(draft_id, 1, servicing_provider=provider)
    assert saved.status == 200
    assert bill.by_call == [("UpdateItem", 2)]
    assert (bill.table, bill.indexes) == (2, 0)


def test_rejected_save_costs_as_much_as_a_save_when_the_version_is_old(cloud: Cloud) -> None:
    draft_id = cloud.start()
    with billed(cloud.clients.by_name["dynamodb"]) as bill:
        assert cloud.save(draft_id, 7).status == 412
    assert bill.by_call == [("UpdateItem", 2)]


@pytest.mark.parametrize("operation", ["UpdateItem"])
def test_one_response_is_returned_when_a_write_is_throttled(cloud: Cloud, operation: str) -> None:
    draft_id = cloud.start()
    cloud.wire.fail(operation, "ProvisionedThroughputExceededException")
    assert cloud.save(draft_id, 1).status == 200
