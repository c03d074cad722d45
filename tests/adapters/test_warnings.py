"""A message warns before a draft expires, once per save (D5, T5)."""

from datetime import timedelta
from typing import Any, Final

import pytest

from precert.adapters.dynamodb.table import from_wire
from tests.adapters.callers import PROVIDER_SUBJECT
from tests.adapters.cloud import Cloud
from tests.fakes.samples import PATIENT, PROVIDER_TIN

# Wednesday 11 o'clock: 60 of the 72 hours have passed on Friday at 23 o'clock.
SIXTY_HOURS: Final = timedelta(hours=60)
SECOND: Final = timedelta(seconds=1)


def warned(cloud: Cloud) -> list[dict[str, Any]]:
    """Warning events, as stored."""
    events = [from_wire(item) for item in cloud.items("EVENT#")]
    return [event for event in events if "DraftExpiring" in event["event"]]


def listed(cloud: Cloud) -> list[str]:
    return [item["pk"]["S"] for item in cloud.items("PARTY#DRAFT") if "worklist_pk" in item]


def listed_at(cloud: Cloud) -> list[str]:
    return [one["worklist_sk"]["S"] for one in cloud.items("PARTY#DRAFT") if "worklist_sk" in one]


def save(cloud: Cloud, draft_id: str, version: int, **changes: Any) -> None:
    """A save, and the update of its row."""
    assert cloud.save(draft_id, version, **changes).status == 200
    assert cloud.relay([record_of(cloud, draft_id)]) == []


def record_of(cloud: Cloud, draft_id: str) -> dict[str, Any]:
    item = cloud.item(draft_id)
    assert item is not None
    dynamodb = {"Keys": {}, "NewImage": item, "SequenceNumber": "1"}
    return {"eventName": "MODIFY", "dynamodb": dynamodb}


@pytest.mark.rule("D5")
def test_message_warns_once_when_twelve_hours_of_the_clock_are_left(cloud: Cloud) -> None:
    cloud.start()
    cloud.clock.at += SIXTY_HOURS - SECOND
    cloud.warn()
    assert warned(cloud) == []
    cloud.clock.at += SECOND
    cloud.warn()
    cloud.warn()
    [event] = warned(cloud)
    assert listed(cloud) == []
    for _ in range(2):
        assert cloud.relay(cloud.stream()) == []
    for entry in cloud.published():
        if entry["DetailType"] == "DraftExpiring":
            cloud.receive(entry)
    [message] = cloud.messages().body["messages"]
    assert (message["type"], message["status"]) == ("DraftExpiring", "INCOMPLETE")
    assert message["text"] == cloud.deps.payer.messages["DraftExpiring"].format(status="Incomplete")
    for private in (*PATIENT.values(), PROVIDER_SUBJECT):
        assert private not in event["event"]
    assert PROVIDER_TIN in event["event"]


@pytest.mark.rule("D5")
def test_warning_is_repeated_when_the_draft_is_saved_after_it(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.clock.at += SIXTY_HOURS
    cloud.warn()
    cloud.clock.pass_by(hours=1)  # midnight: the clock is paused until Monday
    save(cloud, draft_id, 1)
    cloud.clock.at += timedelta(days=2) + SIXTY_HOURS - SECOND
    cloud.warn()
    assert len(warned(cloud)) == 1
    cloud.clock.at += SECOND
    cloud.warn()
    cloud.warn()
    assert [event["sk"] for event in warned(cloud)] == [
        "EVENT#000001.warning",
        "EVENT#000002.warning",
    ]


def test_saved_draft_is_not_warned_when_its_row_is_outdated(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.clock.pass_by(hours=59)
    assert cloud.save(draft_id, 1).status == 200
    cloud.clock.pass_by(hours=1)
    cloud.warn()
    assert warned(cloud) == []
    assert cloud.relay([record_of(cloud, draft_id)]) == []
    cloud.clock.pass_by(days=7)
    assert len(listed(cloud)) == 1


@pytest.mark.rule("D5")
def test_warning_is_rescheduled_when_the_draft_was_saved_before_it_was_due(cloud: Cloud) -> None:
    """A save does not move the entry of the list, which would be two write units."""
    draft_id = cloud.start()
    [before] = listed_at(cloud)
    cloud.clock.pass_by(hours=1)
    assert cloud.save(draft_id, 1).status == 200
    assert cloud.relay([record_of(cloud, draft_id)]) == []
    assert listed_at(cloud) == [before]
    cloud.clock.at += SIXTY_HOURS - timedelta(hours=1)
    cloud.warn()
    assert warned(cloud) == []
    [later] = listed_at(cloud)
    assert later > before
    cloud.clock.at += timedelta(hours=1) - SECOND
    cloud.warn()
    assert warned(cloud) == []
    cloud.clock.at += SECOND
    cloud.warn()
    assert (len(warned(cloud)), listed(cloud)) == (1, [])


def test_version_is_warned_of_once_when_its_row_is_late(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.clock.pass_by(hours=1)
    assert cloud.save(draft_id, 1).status == 200
    cloud.clock.at += SIXTY_HOURS + timedelta(days=2)
    cloud.warn()
    assert cloud.relay([record_of(cloud, draft_id)]) == []
    assert len(listed(cloud)) == 1
    cloud.warn()
    assert (len(warned(cloud)), listed(cloud)) == (1, [])


def test_no_warning_is_sent_when_the_draft_is_deleted_submitted_or_expired(cloud: Cloud) -> None:
    deleted, submitted, over = cloud.start(), cloud.start(), cloud.start()
    assert cloud.delete(deleted, 1).status == 204
    assert cloud.submit(submitted).status == 202
    cloud.clock.pass_by(days=6)
    cloud.warn()
    assert (warned(cloud), listed(cloud)) == ([], [])
    assert cloud.item(over) is not None
    assert cloud.deps.listings.open_cycles() == (submitted,)


def test_drafts_are_not_cycles_when_orphaned_executions_are_repaired(cloud: Cloud) -> None:
    cloud.start()
    assert len(listed(cloud)) == 1
    assert cloud.deps.listings.open_cycles() == ()
    assert cloud.worklist().body["cycles"] == []


@pytest.mark.parametrize("operation", ["Query", "GetItem", "TransactWriteItems"])
def test_warning_is_sent_once_when_a_run_failed_anywhere(cloud: Cloud, operation: str) -> None:
    cloud.start()
    cloud.start()
    cloud.clock.at += SIXTY_HOURS
    cloud.wire.cut(operation)
    with pytest.raises(Exception, match="try_again"):
        cloud.warn()
    cloud.warn()
    assert (len(warned(cloud)), listed(cloud)) == (2, [])


def test_warning_is_sent_once_when_its_response_was_lost(cloud: Cloud) -> None:
    cloud.start()
    cloud.clock.at += SIXTY_HOURS
    cloud.wire.lose_answer("TransactWriteItems", attempts=4)
    with pytest.raises(Exception, match="try_again"):
        cloud.warn()
    cloud.warn()
    assert (len(warned(cloud)), listed(cloud)) == (1, [])


def test_no_warning_is_sent_when_the_payer_configures_none(cloud: Cloud) -> None:
    clock = cloud.deps.payer.draft_clock.model_copy(update={"warn_hours_left": 0})
    cloud.deps.payer = cloud.deps.payer.model_copy(update={"draft_clock": clock})
    cloud.start()
    assert listed(cloud) == []


# -- the list of drafts -------------------------------------------------------------------------------


@pytest.mark.rule("D4")
def test_drafts_are_listed_with_their_time_left_when_requested(cloud: Cloud) -> None:
    first = cloud.start()
    cloud.submitted()
    cloud.clock.pass_by(hours=2)
    second = cloud.start()
    with cloud.wire.counting() as calls:
        page = cloud.drafts().body
    assert calls == ["Query"]
    assert [row["draft_id"] for row in page["drafts"]] == [second, first]
    row = page["drafts"][1]
    assert row["expires_at"] == "2026-07-06T15:00:00Z"
    assert row["time_left"] == "2 days 22 hours, weekends not counted"
    assert row["allowed_actions"] == ["RESUME", "DELETE"]
    assert cloud.resume(first).body["time_left"] == row["time_left"]
    cloud.clock.at += timedelta(days=4, hours=21, minutes=59, seconds=30)
    [left] = [one["time_left"] for one in cloud.drafts().body["drafts"] if one["draft_id"] == first]
    assert left == "less than a minute, weekends not counted"
    cloud.clock.pass_by(seconds=30)
    assert [one["draft_id"] for one in cloud.drafts().body["drafts"]] == [second]


def test_list_continues_when_a_page_is_full(cloud: Cloud) -> None:
    started = [cloud.start() for _ in range(3)]
    first = cloud.drafts(limit="2").body
    rest = cloud.drafts(limit="2", cursor=first["cursor"]).body
    seen = [row["draft_id"] for row in [*first["drafts"], *rest["drafts"]]]
    assert set(seen) >= set(started)
    assert cloud.drafts(cursor="not-a-cursor").status == 422


# -- validation ---------------------------------------------------------------------------------------


@pytest.mark.rule("D6")
def test_validation_lists_what_a_submission_would_when_fields_are_missing(cloud: Cloud) -> None:
    draft_id = cloud.start()
    stay = {"authorization_type": "INPATIENT", "primary_diagnosis": "Z9999"}
    changes: dict[str, Any] = {
        "servicing_provider": None,
        "requesting_provider": {"tin": "690121431"},
        "services": [stay, {}],
    }
    assert cloud.save(draft_id, 1, **changes).status == 200
    with cloud.wire.counting() as calls:
        reviewed = cloud.review_of(draft_id)
    assert calls == ["GetItem"]
    refused = cloud.submit(draft_id, 2, **changes)
    assert (reviewed.status, refused.status) == (200, 422)
    assert reviewed.body["errors"] == [
        {"choices": None, **error} for error in refused.body["errors"]
    ]
    assert len(reviewed.body["errors"]) > 10
    assert reviewed.headers["ETag"] == '"2"'
    assert cloud.resume(draft_id).body["version"] == 2


@pytest.mark.rule("D6")
def test_validation_is_empty_when_the_draft_can_be_submitted(cloud: Cloud) -> None:
    draft_id = cloud.start()
    assert cloud.review_of(draft_id).body["errors"] == []
    assert cloud.submit(draft_id).status == 202
    assert cloud.review_of(draft_id).status == 409
