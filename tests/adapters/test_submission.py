"""Submission: one request and one number, for any repetition or lost response."""

import re

import pytest

from precert.bootstrap import Dependencies
from precert.domain.delegation import Ownership
from precert.domain.retry import ATTEMPTS
from tests.adapters.callers import FACILITY, PROVIDER, PROVIDER_SUBJECT, claims
from tests.adapters.cloud import Cloud
from tests.fakes.samples import FACILITY_TIN, PROVIDER_TIN, STRANGER_TIN, VENDOR, entered, later


def numbers(cloud: Cloud) -> list[str]:
    return [item["pk"]["S"] for item in cloud.items("NUMBER")]


@pytest.mark.rule("S1")
def test_one_number_is_assigned_when_a_submission_is_repeated(cloud: Cloud) -> None:
    draft_id = cloud.start()
    first = cloud.submit(draft_id)
    assert re.fullmatch(r"[A-Z]{2}[0-9]{10}", first.body["number"])
    cloud.clock.pass_by(minutes=5)
    again = cloud.submit(draft_id)
    assert (again.status, again.text) == (202, first.text)
    assert numbers(cloud) == [f"NUMBER#{first.body['number']}"]
    assert len([e for e in cloud.items("EVENT#") if "RequestSubmitted" in str(e)]) == 1


@pytest.mark.rule("S1", "W8")
def test_response_is_the_same_when_a_rule_list_in_between_delegates_a_line(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_id = cloud.start()
    first = cloud.submit(draft_id)
    delegated = Ownership("2", {"1.1": VENDOR.vendor_id}, {VENDOR.vendor_id: VENDOR})
    monkeypatch.setattr(Dependencies, "line_owners", lambda *_, **__: delegated)
    again = cloud.submit(draft_id)
    assert (again.status, again.text) == (202, first.text)
    # Another caller, other content and another draft need the confirmation.
    stranger = cloud.submit(draft_id, by=claims("s", "Provider", tins=STRANGER_TIN))
    assert stranger.status != 202
    other = cloud.submit(draft_id, services=later(entered()["services"], 1))
    assert other.code == "invalid_input"
    assert cloud.submit(cloud.start()).code == "invalid_input"


@pytest.mark.rule("S1")
def test_response_is_the_same_when_the_first_one_was_lost(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.wire.lose_answer("TransactWriteItems", attempts=4)
    lost = cloud.submit(draft_id)
    again = cloud.submit(draft_id)
    assert lost.status in {202, 503}
    assert again.status == 202
    assert numbers(cloud) == [f"NUMBER#{again.body['number']}"]
    assert cloud.read(draft_id).body["number"] == again.body["number"]


def test_number_is_the_first_one_when_the_request_progressed_before_the_repetition(
    cloud: Cloud,
) -> None:
    draft_id = cloud.start()
    first = cloud.submit(draft_id)
    cloud.pend(draft_id)
    again = cloud.submit(draft_id)
    assert (again.status, again.body["number"]) == (202, first.body["number"])
    assert again.body["status"] == "PENDING"


def test_second_submission_is_rejected_when_its_content_differs(cloud: Cloud) -> None:
    draft_id = cloud.start()
    first = cloud.submit(draft_id)
    services = entered()["services"]
    services[0]["requested_days"] = 9
    other = cloud.submit(draft_id, services=services)
    assert (other.status, other.body["number"]) == (409, first.body["number"])
    assert cloud.read(draft_id).body["content"]["services"][0]["requested_days"] == 3


def test_another_number_is_drawn_when_the_first_is_taken(cloud: Cloud) -> None:
    drawn = iter([7, 7, 8])
    cloud.deps.serial = lambda: next(drawn)
    others = later(entered()["services"], 14)
    one, two = cloud.start(), cloud.start(services=others)
    first, second = cloud.submit(one), cloud.submit(two, services=others)
    assert first.body["number"] != second.body["number"]
    assert len(numbers(cloud)) == 2


def test_nothing_is_written_when_no_free_number_is_drawn(cloud: Cloud) -> None:
    drawn: list[int] = []

    def serial() -> int:
        drawn.append(7)
        return 7

    cloud.deps.serial = serial
    one, two = cloud.start(), cloud.start()
    cloud.submit(one)
    drawn.clear()
    before = cloud.items()
    reply = cloud.submit(two)
    assert (reply.status, reply.code, len(drawn)) == (503, "try_again", ATTEMPTS)
    assert cloud.items() == before


@pytest.mark.rule("A6")
@pytest.mark.parametrize("coverage", [{"active_to": "2026-06-30"}, {"active_from": "2026-07-02"}])
def test_submission_is_rejected_when_coverage_ended_since_the_check(
    cloud: Cloud, coverage: dict[str, str]
) -> None:
    draft_id = cloud.start()
    before = cloud.items()
    cloud.cover(**coverage)
    reply = cloud.submit(draft_id)
    assert (reply.status, reply.code) == (409, "patient_not_eligible")
    assert cloud.items() == before
    started = cloud.check()
    assert (started.status, started.code) == (409, "patient_not_eligible")


def test_submission_is_accepted_when_it_is_the_last_day_of_coverage_in_the_payers_zone(
    cloud: Cloud,
) -> None:
    cloud.cover(active_to="2026-07-01")
    draft_id = cloud.start()
    cloud.clock.pass_by(hours=12)  # July 2nd in UTC, still July 1st in New York
    assert cloud.submit(draft_id).status == 202


@pytest.mark.parametrize("patient", [{"last_name": "Other"}, {"date_of_birth": "1986-01-02"}])
def test_submission_is_rejected_when_the_patient_does_not_match(
    cloud: Cloud, patient: dict[str, str]
) -> None:
    draft_id = cloud.start()
    reply = cloud.submit(draft_id, patient=entered()["patient"] | patient)
    assert (reply.status, reply.code) == (409, "patient_not_eligible")
    assert numbers(cloud) == []


@pytest.mark.rule("D6")
def test_every_error_is_listed_when_fields_are_missing_and_wrong(cloud: Cloud) -> None:
    draft_id = cloud.start()
    servicing = entered()["servicing_provider"] | {"phone": None}
    reply = cloud.submit(
        draft_id,
        servicing_provider=servicing,
        requesting_provider=None,
        services=[entered()["services"][0] | {"urgency": None, "primary_diagnosis": None}],
    )
    assert (reply.status, reply.code) == (422, "invalid_input")
    found = {error["pointer"] for error in reply.body["errors"]}
    assert found == {
        "/content/servicing_provider/phone",
        "/content/requesting_provider",
        "/content/services/0/urgency",
        "/content/services/0/primary_diagnosis",
        "/content/requesting_provider/tin",
    }


def test_submission_is_refused_when_neither_provider_is_the_callers(cloud: Cloud) -> None:
    draft_id = cloud.start()
    roles = {
        "requesting_provider": entered()["requesting_provider"] | {"tin": STRANGER_TIN},
        "servicing_provider": entered()["servicing_provider"],
    }
    reply = cloud.submit(draft_id, **roles)
    assert reply.status == 422
    assert [error["code"] for error in reply.body["errors"]] == ["not_yours"]


@pytest.mark.rule("S4")
def test_request_is_on_both_dashboards_when_it_was_just_submitted(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    for by in (PROVIDER, FACILITY):
        [row] = cloud.dashboard(by).body["requests"]
        assert (row["request_id"], row["status"]) == (request_id, "PROCESSING")
    reason = cloud.read(request_id).body["status_reason"]
    assert reason == cloud.deps.payer.notices["processing"]


@pytest.mark.rule("A7")
@pytest.mark.parametrize("by", [PROVIDER, FACILITY])
def test_request_is_created_when_either_provider_submits(cloud: Cloud, by: dict[str, str]) -> None:
    draft_id = cloud.start(by=by)
    assert cloud.submit(draft_id, by=by).status == 202
    alone = {
        "requesting_provider": entered()["servicing_provider"],
        "services": later(entered()["services"], 14),
    }
    own = cloud.start(by=FACILITY, **alone)
    assert cloud.submit(own, by=FACILITY, **alone).status == 202
    assert len(cloud.dashboard(FACILITY).body["requests"]) == 2


def test_row_moves_when_a_draft_of_one_tin_is_submitted_for_another(cloud: Cloud) -> None:
    both = claims(PROVIDER_SUBJECT, "PatientSearch", f"{STRANGER_TIN},{PROVIDER_TIN}")
    draft_id = cloud.start(by=claims(PROVIDER_SUBJECT, "PatientSearch", STRANGER_TIN))
    assert cloud.submit(draft_id, by=both).status == 202
    assert {item["sk"]["S"] for item in cloud.items("PARTY#")} == {
        f"PARTY#{PROVIDER_TIN}",
        f"PARTY#{FACILITY_TIN}",
    }


def test_submission_succeeds_when_another_transaction_conflicted(cloud: Cloud) -> None:
    draft_id = cloud.start()
    for _ in range(3):
        cloud.wire.fail(
            "TransactWriteItems",
            "TransactionCanceledException",
            CancellationReasons=[{"Code": "TransactionConflict"}, {"Code": "None"}],
        )
    assert cloud.submit(draft_id).status == 202


def test_audit_trail_names_the_submitter_when_the_event_is_stored(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    [event] = [e["event"]["S"] for e in cloud.items("EVENT#") if "RequestSubmitted" in str(e)]
    assert f'"actor":"{PROVIDER_SUBJECT}"' in event
    assert request_id in event
