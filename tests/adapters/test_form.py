"""The form over HTTP: the response after each choice (C3, C4)."""

from typing import Any

import pytest

from functions.check import handler as check
from tests.adapters.callers import UNENTITLED
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud


def requested(cloud: Cloud, **chosen: str) -> Reply:
    return cloud.call(check, "GET", "/v1/form", query=chosen or None)


def field(reply: Reply, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in reply.body["fields"] if one["name"] == name)
    return found


@pytest.mark.rule("C3", "C4")
def test_each_choice_adds_the_next_field_when_a_portal_follows_the_form(cloud: Cloud) -> None:
    chosen: dict[str, str] = {}
    for name in ("authorization_type", "type_of_service", "place_of_service", "urgency"):
        reply = requested(cloud, **chosen)
        assert reply.status == 200, reply.text
        offered = field(reply, name)["choices"]
        assert all(set(choice) == {"code", "name"} for choice in offered)
        chosen[name] = offered[-1]["code"]
    reply = requested(cloud, **chosen)
    [later] = reply.body["later"]
    assert (later["name"], later["waits_for"]) == ("medication", "procedures")
    ranges = [(one["code_type"], one["code_from"], one["code_to"]) for one in later["codes"]]
    assert ("HCPCS", "J7308", "J9999") in ranges
    assert reply.body["not_shown"] == ["admission_date", "requested_days"]
    day = field(reply, "service_date")
    assert (day["earliest"], day["latest"]) == ("2026-06-16", "2026-12-28")
    assert reply.body["max_codes"] == 100
    around = {one["name"]: one["required_for"] for one in reply.body["request_fields"]}
    assert around["requesting_provider"] == "SUBMISSION"


@pytest.mark.rule("C11")
def test_form_states_what_is_accepted_when_the_service_is_a_drug(cloud: Cloud) -> None:
    chosen = {"authorization_type": "OUTPATIENT", "type_of_service": "MEDICAL_PHARMACY"}
    medication = field(requested(cloud, **chosen), "medication")
    notices = cloud.deps.payer.notices
    assert medication["hint"] == notices["medical_pharmacy"]
    hints = {part["name"]: part["hint"] for part in medication["fields"]}
    assert hints == {"name": None, "ndc": notices["ndc"], "frequency": None, "route": None}


def test_no_call_is_made_when_the_form_is_read(cloud: Cloud) -> None:
    with cloud.wire.counting() as calls:
        requested(cloud)
    assert calls == []


@pytest.mark.parametrize(
    ("chosen", "pointer"),
    [
        ({"authorization_type": "SOMETIMES"}, "/authorization_type"),
        (
            {"authorization_type": "INPATIENT", "type_of_service": "OBSERVATION"},
            "/type_of_service",
        ),
        ({"type_of_service": "OBSERVATION"}, "/authorization_type"),
        ({"urgency": "😱"}, "/urgency"),
        ({"authorization_type": "OUTPATIENT", "type_of_service": "\x00"}, "/type_of_service"),
        ({"member_id": "849382930"}, "/member_id"),
    ],
)
def test_parameter_is_named_when_the_form_does_not_offer_it(
    cloud: Cloud, chosen: dict[str, str], pointer: str
) -> None:
    reply = requested(cloud, **chosen)
    assert (reply.status, reply.code) == (422, "invalid_input")
    assert [error["pointer"] for error in reply.body["errors"]] == [pointer]


@pytest.mark.rule("A1")
def test_form_is_refused_when_the_caller_lacks_the_entitlement(cloud: Cloud) -> None:
    reply = cloud.call(check, "GET", "/v1/form", by=UNENTITLED)
    assert (reply.status, reply.code) == (403, "not_entitled")
