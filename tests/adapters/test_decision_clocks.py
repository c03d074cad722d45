"""The decision clock of each line of business, through the API (W2, W11)."""

import json
from typing import Any, Final

import pytest

from precert.names import WorkflowTask
from tests.adapters.callers import PROVIDER, REVIEWER
from tests.adapters.cloud import Cloud
from tests.fakes.samples import BOWEL_SURGERY, PLAN

WHY: Final = {"reason": "In your interest, we wait for a specialist's opinion."}
EXPEDITED: Final = {**BOWEL_SURGERY, "urgency": "EXPEDITED"}


def pended(cloud: Cloud, line: str, service: Any = BOWEL_SURGERY, state: str | None = None) -> str:
    cloud.cover(plan=PLAN.model_copy(update={"line_of_business": line, "state": state}))
    return cloud.pended(services=[service])


def due_dates(cloud: Cloud, request_id: str) -> set[tuple[str, str]]:
    """Who must act and until when, by details, case, both lists, history and published event."""
    details, case = cloud.read(request_id).body, cloud.case(request_id).body
    [row], [cycle] = cloud.dashboard().body["requests"], cloud.worklist().body["cycles"]
    shown = {(one["waiting_on"], one["due_at"]) for one in (details, case, row, cycle)}
    shown |= {(one["waiting_on"], one["until"]) for one in (details["history"][-1],)}
    assert cloud.relay(cloud.stream()) == []
    last = json.loads(cloud.published()[-1]["Detail"])
    return shown | {(last["waiting_on"], last["due_at"])}


@pytest.mark.rule("W2", "W11")
def test_deadline_is_the_payers_everywhere_when_information_does_not_pause_the_clock(
    cloud: Cloud,
) -> None:
    request_id = pended(cloud, "MEDICARE_ADVANTAGE", EXPEDITED)
    assert due_dates(cloud, request_id) == {("PAYER", "2026-07-04T15:00:00Z")}
    cloud.clock.pass_by(hours=30)
    assert cloud.move(request_id, "information", {"text": "Since when?"}).status == 200
    # 48 hours would end after the decision is due.
    assert due_dates(cloud, request_id) == {("PROVIDER", "2026-07-04T15:00:00Z")}
    extended = cloud.move(request_id, "extension", {**WHY, "days": 14, "requested_by": "MEMBER"})
    assert extended.status == 200, extended.text
    assert due_dates(cloud, request_id) == {("PROVIDER", "2026-07-04T21:00:00Z")}
    clock = cloud.read(request_id).body["decision_clock"]
    assert (clock["pause"], clock["paused"]) == (False, False)
    assert clock["decision_due_at"] == "2026-07-18T15:00:00Z"
    assert cloud.answer(request_id, "Since May.").status == 200
    assert due_dates(cloud, request_id) == {("PAYER", "2026-07-18T15:00:00Z")}


@pytest.mark.rule("W11")
def test_providers_date_is_over_and_reminder_recorded_when_the_clock_ran_meanwhile(
    cloud: Cloud,
) -> None:
    request_id = pended(cloud, "MEDICARE_ADVANTAGE")
    cloud.move(request_id, "information", {"text": "Since when?"})
    cloud.clock.pass_by(days=6)
    cloud.check_deadline(request_id)
    cloud.clock.pass_by(days=1)
    cloud.check_deadline(request_id)
    history = [entry["type"] for entry in cloud.read(request_id).body["history"]]
    assert history[-3:] == ["DeadlineApproaching", "InformationOverdue", "DeadlinePassed"]
    late = cloud.move(request_id, "information", {"text": "Since when?"})
    assert (late.status, late.code) == (409, "action_not_allowed")
    assert not {"REQUEST_INFORMATION", "EXTEND"} & set(late.body["allowed_actions"])
    assert cloud.move(request_id, "extension", WHY).status == 409


@pytest.mark.rule("W10", "W11")
def test_person_must_decide_when_a_medicaid_deadline_passes(cloud: Cloud) -> None:
    request_id, commercial = pended(cloud, "MEDICAID"), pended(cloud, "COMMERCIAL")
    assert cloud.deemed_denials().body["cycles"] == []
    cloud.clock.pass_by(days=15)
    for one in (request_id, commercial):
        for _ in range(2):
            cloud.check_deadline(one)
    [row] = cloud.deemed_denials().body["cycles"]
    assert (row["request_id"], row["deemed_denial"]) == (request_id, True)
    assert row["due_at"] == "2026-07-08T15:00:00Z"
    overdue = {one["request_id"]: one["deemed_denial"] for one in cloud.overdue().body["cycles"]}
    assert overdue == {request_id: True, commercial: False}
    assert cloud.read(request_id).body["status"] == "PENDING"
    for_reviewer, for_provider = (
        [entry["type"] for entry in read.body["history"]]
        for read in (cloud.case(request_id), cloud.read(request_id))
    )
    assert for_reviewer[-2:] == ["DeadlinePassed", "DeemedDenialDue"]
    assert "DeemedDenialDue" not in for_provider
    for by in (PROVIDER, REVIEWER):
        assert cloud.deemed_denials(by).status == 403
    assert cloud.deemed_denials(cursor="abc").status == 422
    assert cloud.decide(request_id, {"1.1": "APPROVED"}).status == 200
    assert cloud.deemed_denials().body["cycles"] == []
    assert set(cloud.deps.listings.open_cycles()) == {commercial}


@pytest.mark.rule("W11")
def test_deemed_denial_leaves_the_queue_when_the_request_is_voided(cloud: Cloud) -> None:
    request_id = pended(cloud, "MEDICAID", EXPEDITED)
    cloud.clock.pass_by(hours=72)
    assert cloud.task(WorkflowTask.CHECK_DEADLINE, request_id)["route"] == "review"
    assert len(cloud.deemed_denials().body["cycles"]) == 1
    assert cloud.void(request_id).status == 200
    assert cloud.deemed_denials().body["cycles"] == []


@pytest.mark.rule("W11")
def test_every_error_is_listed_when_an_extension_is_not_what_the_clock_allows(
    cloud: Cloud,
) -> None:
    request_id = pended(cloud, "COMMERCIAL")
    reply = cloud.move(request_id, "extension", {**WHY, "days": 16, "requested_by": "MEMBER"})
    assert reply.status == 422
    errors = {one["pointer"]: one for one in reply.body["errors"]}
    assert errors.keys() == {"/days", "/requested_by"}
    assert errors["/requested_by"]["choices"] == ["PAYER"]
    first = cloud.move(request_id, "extension", {**WHY, "days": 3})
    assert (first.status, first.body["due_at"]) == (200, "2026-07-19T15:00:00Z")
    assert cloud.move(request_id, "extension", {**WHY, "days": 3}).status == 200
    assert cloud.move(request_id, "extension", {**WHY, "days": 4}).status == 409
    extension = cloud.read(request_id).body["extension"]
    assert (extension["days"], extension["requested_by_label"]) == (3, "Payer")


@pytest.mark.rule("W2", "W11")
def test_pause_goes_on_when_the_deadline_is_extended_meanwhile(cloud: Cloud) -> None:
    request_id = pended(cloud, "EXCHANGE")
    cloud.move(request_id, "information", {"text": "Since when?"})
    cloud.clock.pass_by(days=2)
    assert cloud.move(request_id, "extension", WHY).status == 200
    assert due_dates(cloud, request_id) == {("PROVIDER", "2026-08-15T15:00:00Z")}
    assert cloud.read(request_id).body["decision_clock"]["paused"]
    cloud.clock.pass_by(days=1)
    cloud.answer(request_id, "Since May.")
    # 15 days, 15 of the extension, and three of the pause.
    assert due_dates(cloud, request_id) == {("PAYER", "2026-08-03T15:00:00Z")}


@pytest.mark.rule("W2", "W11")
@pytest.mark.parametrize(
    ("line", "state", "due_at", "words"),
    [
        (
            "COMMERCIAL",
            "CA",
            "2026-07-09T15:00:00Z",
            "5 business days of receipt (Cal. Health & Safety Code 1367.01(h)(1)).",
        ),
        (
            "CHIP",
            "CA",
            "2026-07-08T15:00:00Z",
            "7 calendar days of receipt (42 CFR 457.1230(d), 438.210(d)(1)).",
        ),
    ],
)
def test_details_state_the_clock_in_words_when_a_state_overrides_it_or_not(
    cloud: Cloud, line: str, state: str, due_at: str, words: str
) -> None:
    request_id = pended(cloud, line, state=state)
    details = cloud.read(request_id).body
    assert (details["due_at"], details["plan"]["state"]) == (due_at, state)
    first = details["decision_clock"]["description"][0]
    assert first == f"The decision is due within {words}"
    assert details["decision_clock"]["kind_label"] == "Standard"
