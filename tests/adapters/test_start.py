"""A draft is started from a check and has all of its values (D1, D2)."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from functions.submit import handler as submit
from precert.domain.content import (
    Address,
    Medication,
    Patient,
    Procedure,
    Provider,
    RequestContent,
    Service,
)
from tests.adapters.callers import PROVIDER
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.fakes.samples import OFFICE_VISIT, content, entered

SURGERY: Final[dict[str, Any]] = entered()["services"][0]
STAY: Final[dict[str, Any]] = {
    **SURGERY,
    "type_of_service": "MEDICAL_INPATIENT",
    "place_of_service": "MEDICAL",
    "procedures": [],
}


def outpatient(code: str, **changes: Any) -> dict[str, Any]:
    return {**OFFICE_VISIT, "procedures": [{"code": code}], **changes}


IMAGING: Final = outpatient("70551", type_of_service="IMAGING", place_of_service="IMAGING_CENTER")
EQUIPMENT: Final = outpatient("E0601", type_of_service="DME", place_of_service="HOME")
UNKNOWN: Final = outpatient("99997")


def started(cloud: Cloud, *services: Mapping[str, Any], **changes: Any) -> Reply:
    sent = {"content": entered(services=list(services), **changes)}
    return cloud.call(submit, "POST", "/v1/drafts", sent)


def requirement(cloud: Cloud, *services: dict[str, Any], **changes: Any) -> str:
    return str(cloud.check(services=list(services), **changes).body["requirement"])


@pytest.mark.rule("D1")
@pytest.mark.parametrize(
    "services",
    [
        [SURGERY],
        [OFFICE_VISIT, SURGERY],
        [IMAGING, SURGERY],
        [UNKNOWN],
        [STAY],
        [IMAGING, UNKNOWN],
    ],
    ids=[
        "required",
        "one required",
        "a delegated vendor's beside",
        "unknown",
        "no codes",
        "unknown too",
    ],
)
def test_draft_has_everything_entered_when_it_is_started_from_a_check(
    cloud: Cloud, services: list[dict[str, Any]]
) -> None:
    assert requirement(cloud, *services) != "NOT_REQUIRED"
    reply = started(cloud, *services)
    assert reply.status == 201, reply.text
    stored = cloud.resume(reply.body["draft_id"]).body["content"]
    assert content(**stored) == content(services=services)
    assert reply.body["check"]["requirement"] == requirement(cloud, *services)


@pytest.mark.rule("D1")
def test_no_draft_is_started_when_nothing_needs_precertification(cloud: Cloud) -> None:
    reply = started(cloud, OFFICE_VISIT)
    assert (reply.status, reply.code) == (409, "precertification_not_required")
    assert reply.body["operation"] == "confirmCheck"
    assert cloud.items() == []
    assert cloud.confirmation(services=[OFFICE_VISIT]).status == 200


@pytest.mark.rule("D1")
@pytest.mark.parametrize("beside", [[], [OFFICE_VISIT]], ids=["alone", "beside a free one"])
def test_vendor_is_named_when_it_decides_all_that_needs_precertification(
    cloud: Cloud, beside: list[dict[str, Any]]
) -> None:
    reply = started(cloud, IMAGING, *beside)
    assert (reply.status, reply.code) == (409, "vendor_decides")
    [response] = reply.body["vendors"]
    requested = cloud.check(services=[IMAGING]).body["vendors"][0]
    assert {name: requested[name] for name in response} == response
    assert {"vendor_id", "name", "url", "phone", "requirements"} <= response.keys()
    assert response["name"] in reply.body["detail"]
    assert reply.body["operation"] == "exportCheck"
    assert cloud.items() == []


@pytest.mark.rule("D1")
def test_all_vendors_are_named_when_several_decide(cloud: Cloud) -> None:
    reply = started(cloud, IMAGING, EQUIPMENT, IMAGING)
    response = [one["vendor_id"] for one in reply.body["vendors"]]
    assert response == ["EVICORE-RAD", "EVICORE-DME"]


@pytest.mark.rule("C12")
def test_draft_is_started_when_the_vendor_takes_no_retrospective_requests(cloud: Cloud) -> None:
    reply = started(cloud, {**EQUIPMENT, "service_date": "2026-06-25"})
    assert (reply.status, reply.body["check"]["requirement"]) == (201, "REQUIRED")


@pytest.mark.rule("C10")
def test_emergency_admission_starts_a_draft_and_other_emergencies_do_not_when_requested(
    cloud: Cloud,
) -> None:
    admission = {**SURGERY, "urgency": "EMERGENCY", "admission_date": "2026-07-01"}
    assert started(cloud, admission).status == 201
    visit = {**IMAGING, "urgency": "EMERGENCY"}
    assert started(cloud, visit).code == "precertification_not_required"


def test_errors_are_those_of_the_check_when_a_start_is_incomplete(cloud: Cloud) -> None:
    reply = started(cloud, {**SURGERY, "urgency": None}, servicing_provider=None)
    checked = cloud.check(services=[{**SURGERY, "urgency": None}], servicing_provider=None)
    assert reply.status == 422
    assert reply.body["errors"] == checked.body["errors"]


@pytest.mark.rule("D1")
def test_quoted_assertion_is_verified_when_a_draft_is_started_from_it(cloud: Cloud) -> None:
    quoted = cloud.check().body["assertion_id"]
    cloud.clock.pass_by(hours=1)
    first = started(cloud, SURGERY, assertion_id=quoted)
    assert first.body["check"]["assertion_valid"] is True
    assert first.body["content"]["assertion_id"] == quoted
    assert first.body["check"]["assertion_id"] == cloud.check().body["assertion_id"]
    other = started(cloud, {**SURGERY, "primary_diagnosis": "K55"}, assertion_id=quoted)
    assert other.body["check"]["assertion_valid"] is False
    assert started(cloud, SURGERY).body["check"]["assertion_valid"] is None


# -- every field --------------------------------------------------------------------------------------

EVERYTHING: Final[dict[str, Any]] = entered(
    servicing_provider=entered()["servicing_provider"] | {"kind": "FACILITY"},
    requesting_provider={
        "kind": "INDIVIDUAL",
        "name": "Typed by Hand",
        "npi": "1234567893",
        "tin": "463778226",
        "address": {**entered()["requesting_provider"]["address"], "line_2": "Suite 9"},
        "phone": "2165550111",
        "fax": "2165550112",
    },
    services=[
        {
            **SURGERY,
            "requested_days": 5,
            "additional_diagnoses": ["E11", "E1122", "S72001A"],
            "procedures": [
                {
                    "code": "44120",
                    "code_type": "CPT",
                    "start_date": "2026-07-21",
                    "units": 12,
                    "unit_type": "VISITS",
                    "modifiers": ["50", "RT", "22", "59"],
                },
                {"code": "0120", "code_type": "REVENUE"},
            ],
        },
        {
            **outpatient("J1745", type_of_service="MEDICAL_PHARMACY"),
            "medication": {
                "name": "Infliximab",
                "ndc": "00093-7424-56",
                "frequency": "EVERY_8_WEEKS",
                "route": "INTRAVENOUS_INFUSION",
            },
        },
    ],
    assertion_id="CHK-260701150000-0123456789ABCDEF",
    purpose="PREDETERMINATION",
    confirmed_vendors=["EVICORE-RAD"],
)


def named(value: Any, path: str = "") -> set[str]:
    """Every field that has a value."""
    if isinstance(value, dict):
        return {one for name, part in value.items() for one in named(part, f"{path}/{name}")}
    if isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        return {one for part in value for one in named(part, path)}
    return {path} if value else set()


@pytest.mark.rule("D2", "D4")
@pytest.mark.parametrize("way", ["whole", "in parts"])
def test_every_field_is_returned_when_it_was_saved(cloud: Cloud, way: str) -> None:
    draft_id = cloud.start()
    if way == "whole":
        assert cloud.save(draft_id, 1, **EVERYTHING).status == 200
    else:
        for version, (part, value) in enumerate(EVERYTHING.items(), start=1):
            saved = cloud.patch(draft_id, version, PROVIDER, **{part: value})
            assert saved.status == 200, saved.text
    resumed = cloud.resume(draft_id).body["content"]
    assert content(**resumed) == content(**EVERYTHING)
    # Every field of the models is covered, so that a field missing in this test is detected too.
    known = named(_every_field())
    assert named(resumed) >= known - {"/servicing_provider/address/line_2"}


def _every_field() -> dict[str, Any]:
    """The content's fields by name, recursively, each with a value."""

    def fields(model: Any, **inner: Any) -> dict[str, Any]:
        return dict.fromkeys(model.model_fields, "x") | inner

    provider = fields(Provider, address=fields(Address))
    service = fields(Service, procedures=[fields(Procedure)], medication=fields(Medication))
    del service["service_date"]
    return fields(
        RequestContent,
        patient=fields(Patient),
        servicing_provider=provider,
        requesting_provider={k: v for k, v in provider.items() if k != "provider_id"},
        services=[service],
    )
