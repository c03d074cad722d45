"""Responses of a check over HTTP: next steps, delegated vendors, the assertion id, the export."""

import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from functions.check import handler as check
from functions.submit import handler as submit
from local.sample import load_sample_payer
from precert.adapters.dynamodb.reference import DynamoDBReference
from precert.adapters.dynamodb.rule_lists import DynamoDBRuleListVersions
from precert.domain.next_steps import emergency_notice
from precert.domain.rules import RuleListVersion
from tests.adapters.callers import UNENTITLED
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.tables import create_tables, names
from tests.adapters.wire import Clients
from tests.fakes.clock import START
from tests.fakes.samples import entered, payer

DAY = "2026-07-20"
EQUIPMENT, IMAGE, VISIT, UNKNOWN = "E0250", "70551", "99213", "99997"


def outpatient(*codes: str, **changes: Any) -> dict[str, Any]:
    fields = {
        "authorization_type": "OUTPATIENT",
        "type_of_service": "IMAGING",
        "place_of_service": "IMAGING_CENTER",
        "urgency": "STANDARD",
        "service_date": DAY,
        "primary_diagnosis": "M545",
        "procedures": [{"code": code} for code in codes],
    }
    return fields | changes


def equipment(*codes: str, **changes: Any) -> dict[str, Any]:
    at_home = {"type_of_service": "DME", "place_of_service": "HOME"}
    return outpatient(*codes, **at_home | changes)


def surgery(**changes: Any) -> dict[str, Any]:
    (service,) = entered()["services"]
    return {**service, **changes}


def checked(cloud: Cloud, *services: dict[str, Any], **changes: Any) -> dict[str, Any]:
    reply = cloud.check(services=list(services), **changes)
    assert reply.status == 200, reply.text
    answer: dict[str, Any] = reply.body
    return answer


def codes_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [code for service in answer["services"] for code in service["codes"]]


def exported(cloud: Cloud, vendor_id: str, *services: dict[str, Any], **changes: Any) -> Reply:
    body = {"content": entered(services=list(services), **changes), "vendor_id": vendor_id}
    return cloud.call(check, "POST", "/v1/checks/export", body)


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found: Iterable[dict[str, Any]] = (entry["resource"] for entry in bundle["entry"])
    return [resource for resource in found if resource["resourceType"] == kind]


# -- the response -------------------------------------------------------------------------------------


@pytest.mark.rule("C6")
def test_every_code_has_its_next_step_when_checked(cloud: Cloud) -> None:
    answer = checked(cloud, surgery(), outpatient(IMAGE, VISIT, UNKNOWN))
    response = {
        code["code"]: (code["requirement"], code["next_step"]["action"])
        for code in codes_of(answer)
    }
    assert response == {
        "44120": ("REQUIRED", "START_DRAFT"),
        "44121": ("REQUIRED", "START_DRAFT"),
        IMAGE: ("DELEGATED_VENDOR", "GO_TO_VENDOR"),
        VISIT: ("NOT_REQUIRED", "NONE"),
        UNKNOWN: ("UNABLE_TO_DETERMINE", "CALL"),
    }
    rules = {code["code"]: (code["rule_id"], code["effective_from"]) for code in codes_of(answer)}
    assert rules.pop(UNKNOWN) == (None, None)
    assert all(rule and since for rule, since in rules.values())
    call = next(code["next_step"]["text"] for code in codes_of(answer) if code["code"] == UNKNOWN)
    assert cloud.deps.payer.provider_services.phone in call
    assert answer["rule_list"]["payer"] == cloud.deps.payer.name
    assert {"version", "effective_from", "published_at"} <= set(answer["rule_list"])


@pytest.mark.rule("C6")
@pytest.mark.parametrize(
    "procedure",
    [
        {"code": "99997"},
        {"code": "0999U"},
        {"code": "V5090"},
        {"code": "9999", "code_type": "REVENUE"},
    ],
    ids=lambda procedure: procedure["code"],
)
def test_unknown_code_is_never_not_required_when_checked(
    cloud: Cloud, procedure: dict[str, str]
) -> None:
    answer = checked(cloud, outpatient(procedures=[{"code": VISIT}, procedure]))
    known, unknown = codes_of(answer)
    assert known["requirement"] == "NOT_REQUIRED"
    assert (unknown["requirement"], unknown["rule_id"]) == ("UNABLE_TO_DETERMINE", None)
    assert (answer["requirement"], answer["confirmation_available"]) == (
        "UNABLE_TO_DETERMINE",
        False,
    )


def test_stay_without_codes_is_never_not_required_when_other_services_are(cloud: Cloud) -> None:
    stay = surgery(type_of_service="MEDICAL_INPATIENT", place_of_service="MEDICAL", procedures=[])
    answer = checked(cloud, outpatient(VISIT), stay)
    assert (answer["requirement"], answer["confirmation_available"]) == ("REQUIRED", False)
    steps = [service["next_step"] for service in answer["services"]]
    assert steps[0] is None
    notices = cloud.deps.payer.notices
    assert (steps[1]["action"], steps[1]["text"]) == ("START_DRAFT", notices["stay_without_codes"])
    assert notices["stay_without_codes"] in answer["notices"]
    assert notices["unable_to_determine"] not in answer["notices"]


@pytest.mark.rule("V9")
def test_confirmation_is_offered_when_nothing_needs_precertification(cloud: Cloud) -> None:
    assert checked(cloud, outpatient(VISIT))["confirmation_available"] is True
    assert checked(cloud, outpatient(VISIT, IMAGE))["confirmation_available"] is False


@pytest.mark.rule("C15")
@pytest.mark.parametrize("code", [VISIT, IMAGE, UNKNOWN, "44120"])
def test_no_guarantee_notice_is_returned_when_a_check_is_answered(cloud: Cloud, code: str) -> None:
    answer = checked(cloud, outpatient(code))
    assert answer["notices"][0] == cloud.deps.payer.notices["no_guarantee"]


@pytest.mark.rule("C10")
@pytest.mark.parametrize("service", [outpatient(VISIT, IMAGE), surgery()], ids=["visit", "stay"])
def test_emergency_has_its_own_next_step_when_it_is_checked(
    cloud: Cloud, service: dict[str, Any]
) -> None:
    answer = checked(cloud, {**service, "urgency": "EMERGENCY"})
    assert {code["requirement"] for code in codes_of(answer)} == {"NOT_REQUIRED"}
    notices, admitted = cloud.deps.payer.notices, "admission_date" in service
    [(action, text)] = {
        (code["next_step"]["action"], code["next_step"]["text"]) for code in codes_of(answer)
    }
    if admitted:
        assert action == "START_DRAFT"
        assert "must be reported within one business day, by July 21, 2026" in text
    else:
        assert (action, text) == ("NONE", emergency_notice(payer()))
    assert emergency_notice(payer()) in answer["notices"]
    assert (notices["notifications"] in answer["notices"]) is admitted
    assert answer["vendors"] == []


def test_emergency_is_unable_to_determine_when_no_rule_covers_the_code(cloud: Cloud) -> None:
    answer = checked(cloud, outpatient(UNKNOWN, urgency="EMERGENCY"))
    assert answer["requirement"] == "UNABLE_TO_DETERMINE"
    notices = cloud.deps.payer.notices
    assert notices["unable_to_determine"] not in answer["notices"]
    [code] = codes_of(answer)
    assert (code["next_step"]["action"], code["next_step"]["text"]) == (
        "NONE",
        emergency_notice(payer()),
    )
    content = {"content": entered(services=[outpatient(UNKNOWN, urgency="EMERGENCY")])}
    reply = cloud.call(submit, "POST", "/v1/drafts", content)
    assert (reply.code, reply.body["detail"]) == ("guidance_only", emergency_notice(payer()))


@pytest.mark.parametrize(
    ("member_id", "patient", "needed"),
    [
        ("U70084890", ("1990-10-14", "Mwangi", "Grace"), True),
        ("849382930", ("1986-01-01", "Adams", "Allison"), False),
    ],
    ids=["HMO", "OAP"],
)
def test_referral_notice_is_returned_when_the_plan_requires_one(
    cloud: Cloud, member_id: str, patient: tuple[str, str, str], *, needed: bool
) -> None:
    names = ("date_of_birth", "last_name", "first_name")
    who = {"member_id": member_id, **dict(zip(names, patient, strict=True))}
    answer = checked(cloud, outpatient(VISIT), patient=who)
    assert answer["referral_needed"] is needed
    assert (cloud.deps.payer.notices["referral_needed"] in answer["notices"]) is needed


def test_predetermination_is_offered_when_a_rule_offers_it(cloud: Cloud) -> None:
    notice = cloud.deps.payer.notices["predetermination"]
    for codes, offered in ((["19342"], True), (["19342", VISIT], False), ([VISIT], False)):
        answer = checked(cloud, _SURGERY | {"procedures": [{"code": code} for code in codes]})
        assert {code["code"]: code["predetermination"] for code in codes_of(answer)} == {
            code: code == "19342" for code in codes
        }
        assert answer["predetermination_available"] is offered
        texts = [code["next_step"]["text"] for code in codes_of(answer)]
        assert (notice in answer["notices"]) is (notice in texts) is offered


@pytest.mark.rule("C14")
def test_predetermination_has_the_same_form_and_its_own_label_when_it_is_offered(
    cloud: Cloud,
) -> None:
    answer = checked(cloud, _SURGERY, purpose="PREDETERMINATION")
    [step] = [code["next_step"] for code in codes_of(answer)]
    assert step["action"] == "START_DRAFT"
    assert step["text"] == cloud.deps.payer.notices["predetermination"]
    cloud.start(services=[_SURGERY], purpose="PREDETERMINATION")
    (row,) = cloud.dashboard().body["requests"]
    assert row["purpose"] == "PREDETERMINATION"


_SURGERY = outpatient(
    "19342", type_of_service="OUTPATIENT_SURGERY", place_of_service="SURGERY_CENTER"
)
_STAY = surgery(type_of_service="MEDICAL_INPATIENT", place_of_service="MEDICAL", procedures=[])


@pytest.mark.rule("C14")
@pytest.mark.parametrize(
    ("services", "without"),
    [
        ([outpatient(VISIT)], [VISIT]),
        ([_SURGERY | {"procedures": [{"code": "19342"}, {"code": VISIT}]}], [VISIT]),
        ([_SURGERY, outpatient(IMAGE, UNKNOWN)], [IMAGE, UNKNOWN]),
        ([_SURGERY, surgery()], ["44120", "44121"]),
        ([_SURGERY, outpatient("90837")], ["90837"]),
        ([_SURGERY, _STAY], ["a stay without codes"]),
        ([_SURGERY | {"urgency": "EMERGENCY"}], ["19342"]),
    ],
)
def test_predetermination_is_rejected_when_one_code_does_not_offer_it(
    cloud: Cloud, services: list[dict[str, Any]], without: list[str]
) -> None:
    assert checked(cloud, *services)["predetermination_available"] is False
    content = entered(services=services, purpose="PREDETERMINATION")
    replies = [
        cloud.check(services=services, purpose="PREDETERMINATION"),
        cloud.call(submit, "POST", "/v1/drafts", {"content": content}),
    ]
    for reply in replies:
        assert (reply.status, reply.code) == (422, "invalid_input")
        [error] = reply.body["errors"]
        assert (error["pointer"], error["code"]) == ("/content/purpose", "not_offered")
        assert ", ".join(without) in error["message"]
        assert without[0] == "19342" or "19342" not in error["message"]


@pytest.mark.rule("A5")
def test_no_type_of_service_is_behavioral_when_the_form_is_read(cloud: Cloud) -> None:
    payer = cloud.deps.payer
    offered = [kind.code for kind in payer.form.types_of_service]
    assert not [code for code in offered if "BEHAVIORAL" in code or "MENTAL" in code]
    patient = {"patient": entered()["patient"]}
    confirmed = cloud.call(check, "POST", "/v1/patients/confirm", patient)
    assert payer.notices["behavioral"] in confirmed.body["notices"]


# -- delegated vendors --------------------------------------------------------------------------------


@pytest.mark.rule("C8", "V9")
def test_delegated_vendor_is_returned_with_all_its_contacts_when_it_decides(cloud: Cloud) -> None:
    answer = checked(cloud, surgery(), outpatient(IMAGE, VISIT, "70552"))
    (vendor,) = answer["vendors"]
    assert vendor["vendor_id"] == "EVICORE-RAD"
    assert vendor["name"]
    assert vendor["url"].startswith("https://")
    assert vendor["phone"]
    assert vendor["fax"]
    assert vendor["hours"]
    assert vendor["requirements"]
    assert vendor["codes"] == [
        {
            "service": 2,
            "code": code,
            "code_label": "MR of the head and neck",
            "code_type": "CPT",
            "code_type_label": "CPT",
        }
        for code in (IMAGE, "70552")
    ]
    link = vendor["export"]
    body = {
        "content": entered(services=[surgery(), outpatient(IMAGE, VISIT, "70552")]),
        "vendor_id": vendor["vendor_id"],
    }
    reply = cloud.call(check, link["method"], link["path"], body)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == link["media_type"]
    assert cloud.deps.payer.notices["vendor"] in answer["notices"]


@pytest.mark.rule("C12")
def test_equipment_vendor_is_returned_with_its_requirements_when_it_is_for_home(
    cloud: Cloud,
) -> None:
    answer = checked(cloud, equipment(EQUIPMENT))
    (vendor,) = answer["vendors"]
    expected = " ".join(vendor["requirements"]).lower()
    for word in (
        *("customer name", "date of birth", "id", "npi", "tin", "phone", "fax", "referring"),
        *("rendering", "prescription", "certificate of medical necessity", "detailed invoice"),
        *("diagnosis", "history or notes", "hcpcs", "rental or purchase", "units", "before"),
    ):
        assert word in expected, word
    assert set(vendor["care_coordination"]) == {"phone", "fax", "email"}
    assert all(vendor["care_coordination"].values())
    delivered = checked(cloud, equipment(EQUIPMENT, service_date="2026-06-30"))
    (code,) = codes_of(delivered)
    notices = cloud.deps.payer.notices
    assert code["next_step"] == {
        "action": "START_DRAFT",
        "action_label": "Start the request",
        "text": notices["retrospective_equipment"],
    }
    assert (code["requirement"], code["vendor_id"]) == ("REQUIRED", None)
    assert delivered["requirement"] == "REQUIRED"
    assert delivered["notices"] == [notices["no_guarantee"], notices["retrospective_equipment"]]
    text = json.dumps(delivered).lower()
    assert not [word for word in ("evicore", 'vendor_id": "', "666-9250") if word in text]
    assert delivered["vendors"] == []


@pytest.mark.rule("C13")
@pytest.mark.parametrize(
    ("code", "type_of_service", "place", "vendor"),
    [
        ("22551", "PAIN_MANAGEMENT", "SURGERY_CENTER", "EVICORE-MSK"),
        ("77263", "RADIATION_THERAPY", "OFFICE", "EVICORE-RT"),
        (IMAGE, "IMAGING", "IMAGING_CENTER", "EVICORE-RAD"),
        ("J9015", "MEDICAL_PHARMACY", "OFFICE", "EVICORE-ONC"),
        (EQUIPMENT, "DME", "HOME", "EVICORE-DME"),
    ],
)
def test_code_family_is_delegated_to_its_vendor_when_checked(
    cloud: Cloud, code: str, type_of_service: str, place: str, vendor: str
) -> None:
    drug = {"medication": {"name": "Aldesleukin"}} if code.startswith("J") else {}
    where = {"type_of_service": type_of_service, "place_of_service": place, **drug}
    answer = checked(cloud, outpatient(code, **where))
    assert [one["vendor_id"] for one in answer["vendors"]] == [vendor]


def test_home_health_is_ordered_directly_when_it_is_checked(cloud: Cloud) -> None:
    at_home = {"type_of_service": "HOME_HEALTH", "place_of_service": "HOME"}
    (code,) = codes_of(checked(cloud, outpatient("99501", **at_home)))
    assert code["next_step"] == {
        "action": "NONE",
        "action_label": "None",
        "text": cloud.deps.payer.notices["home_health"],
    }


# -- the assertion id ---------------------------------------------------------------------------------


def test_check_is_one_call_when_it_names_vendors_and_returns_an_id(cloud: Cloud) -> None:
    checked(cloud, outpatient(IMAGE))
    with cloud.wire.counting() as calls:
        answer = checked(cloud, outpatient(IMAGE, VISIT), equipment(EQUIPMENT))
    assert calls == ["BatchGetItem"]
    assert answer["assertion_id"].startswith("CHK-260701150000-")
    assert len(answer["vendors"]) == 2


def test_assertion_id_is_copied_to_the_details_when_a_request_follows_the_check(
    cloud: Cloud,
) -> None:
    quoted = checked(cloud, surgery())["assertion_id"]
    request_id = cloud.submitted(assertion_id=quoted)
    assert cloud.read(request_id).body["content"]["assertion_id"] == quoted


def test_assertion_is_verified_when_it_is_quoted_with_its_question(cloud: Cloud) -> None:
    quoted = checked(cloud, surgery())["assertion_id"]
    cloud.clock.pass_by(days=3)
    assert checked(cloud, surgery(), assertion_id=quoted)["assertion_valid"] is True
    other = checked(cloud, outpatient(IMAGE), assertion_id=quoted)
    assert other["assertion_valid"] is False
    assert checked(cloud, surgery())["assertion_valid"] is None


def test_no_assertion_id_is_issued_when_a_check_is_made_as_of_the_past(cloud: Cloud) -> None:
    cloud.clock.pass_by(days=3)
    body = {"content": entered(), "as_of": "2026-07-02T15:00:00Z"}
    reply = cloud.call(check, "POST", "/v1/checks", body)
    assert (reply.status, reply.body["assertion_id"]) == (200, None)


def test_assertion_is_still_valid_when_the_same_list_was_published_again(cloud: Cloud) -> None:
    quoted = checked(cloud, surgery())["assertion_id"]
    load_sample_payer(cloud.deps)
    assert checked(cloud, surgery(), assertion_id=quoted)["assertion_valid"] is True


def test_assertion_key_does_not_change_when_another_list_takes_effect(clients: Clients) -> None:
    client, table = clients.by_name["dynamodb"], names("reference")
    create_tables(client, names("unused"), table)
    keys = iter((b"first", b"second"))
    versions = DynamoDBRuleListVersions(client, reference_table=table, new_key=lambda: next(keys))
    old = RuleListVersion("1", date(2026, 1, 1), "a", "a", START)
    new = RuleListVersion("2", date(2026, 1, 1), "b", "b", START + timedelta(days=1))
    versions.put_in_effect(old, instead_of=None)
    versions.put_in_effect(new, instead_of=old)
    assert DynamoDBReference(client, reference_table=table).check_facts("X").assertion_key == (
        b"first"
    )


# -- the export ---------------------------------------------------------------------------------------


def test_bundle_has_the_services_the_vendor_decides_only_when_exported(
    cloud: Cloud,
) -> None:
    services = (surgery(), outpatient(IMAGE, VISIT), equipment(EQUIPMENT))
    reply = exported(cloud, "EVICORE-RAD", *services)
    assert reply.status == 200, reply.text
    assert reply.headers["Content-Type"] == "application/fhir+json"
    Bundle.model_validate(reply.body)
    (claim,) = resources(reply.body, "Claim")
    assert [item["productOrService"]["coding"][0]["code"] for item in claim["item"]] == [IMAGE]
    (patient,) = resources(reply.body, "Patient")
    assert patient["identifier"][0]["value"] == "849382930"


def test_two_bundles_share_no_id_when_exported_from_the_same_check(cloud: Cloud) -> None:
    first, second = (exported(cloud, "EVICORE-RAD", outpatient(IMAGE)).body for _ in range(2))
    urls = [entry["fullUrl"] for bundle_ in (first, second) for entry in bundle_["entry"]]
    assert len(set(urls)) == len(urls)


def test_vendor_is_not_found_when_the_list_does_not_have_it(cloud: Cloud) -> None:
    reply = exported(cloud, "NONE", outpatient(IMAGE))
    assert (reply.status, reply.code) == (422, "invalid_input")
    assert [error["pointer"] for error in reply.body["errors"]] == ["/vendor_id"]


@pytest.mark.parametrize(
    ("vendor_id", "service"),
    [
        ("EVICORE-RAD", surgery()),
        ("EVICORE-RAD", outpatient(VISIT, UNKNOWN)),
        ("EVICORE-RT", outpatient(IMAGE)),
        ("EVICORE-RAD", outpatient(IMAGE, urgency="EMERGENCY")),
        ("EVICORE-DME", equipment(EQUIPMENT, service_date="2026-06-30")),
    ],
    ids=["the payer's", "invented", "another's", "emergency", "delivered already"],
)
def test_nothing_is_exported_when_the_vendor_decides_nothing(
    cloud: Cloud, vendor_id: str, service: dict[str, Any]
) -> None:
    reply = exported(cloud, vendor_id, service)
    assert (reply.status, reply.code) == (409, "nothing_to_export")


def test_errors_are_those_of_the_check_when_a_field_is_missing(cloud: Cloud) -> None:
    reply = exported(cloud, "EVICORE-RAD", outpatient(IMAGE, service_date=None))
    assert reply.status == 422
    assert [error["pointer"] for error in reply.body["errors"]] == [
        "/content/services/0/service_date"
    ]


def test_nothing_is_exported_when_the_caller_may_not_check(cloud: Cloud) -> None:
    body = {"content": entered(services=[outpatient(IMAGE)]), "vendor_id": "EVICORE-RAD"}
    reply = cloud.call(check, "POST", "/v1/checks/export", body, by=UNENTITLED)
    assert (reply.status, reply.code) == (403, "not_entitled")
