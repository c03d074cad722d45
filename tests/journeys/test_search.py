"""Patient and provider search on the deployed product."""

import pytest

from local.journey.content import PATIENT
from local.journey.transcript import answer
from local.users import PROVIDER
from tests.journeys.portal import Portal

FACTS = {name: value for name, value in PATIENT.items() if name != "member_id"}
SSN = "987-65-4320"


@pytest.mark.rule("P1")
def test_patient_is_found_and_the_ssn_is_not_returned_when_searched_by_ssn(portal: Portal) -> None:
    provider = portal.deployment.caller(PROVIDER)
    reply = provider.call("POST", "/v1/patients/search", {"ssn": SSN, **FACTS})
    [found] = answer("searching by SSN", reply, 200)["patients"]
    assert {name: found[name] for name in PATIENT} == PATIENT
    other = provider.call("POST", "/v1/patients/search", {"ssn": "987-65-4329", **FACTS})
    assert answer("searching by another SSN", other, 200)["patients"] == []
    cloud_log = portal.deployment.cloud.log_file.read_text(encoding="utf-8", errors="replace")
    logs = portal.deployment.cloud.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    events = [
        event["message"]
        for group in groups
        for event in logs.filter_log_events(logGroupName=group)["events"]
    ]
    assert any("searchPatients" in event for event in events)
    response = cloud_log + "".join(events) + reply.text + other.text
    assert not any(digits in response for digits in ("987-65-432", "98765432"))


@pytest.mark.rule("C2")
def test_provider_is_suggested_when_a_draft_has_selected_it(portal: Portal) -> None:
    provider = portal.deployment.caller(PROVIDER)
    portal.draft()
    offered = answer(
        "listing frequent providers", provider.call("GET", "/v1/providers/frequent"), 200
    )["providers"]
    assert offered[0]["selected"] >= 1
    assert offered[0]["provider"]["tin"] == "203129831"
