"""Every part of a response agrees for the kinds of services that are not simply requested.

Each test covers the whole surface: the check with its notices, vendors and labels, the
confirmation, the export, the start of a draft and its validation.
"""

import json
from datetime import date, timedelta
from typing import Any, Final

import pytest

from functions.check import handler as check
from functions.submit import handler as submit
from precert.domain.next_steps import emergency_notice
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.fakes.printing import text_of
from tests.fakes.samples import OFFICE_VISIT, entered, payer

SURGERY: Final[dict[str, Any]] = entered()["services"][0]
STAYS: Final = {
    "MEDICAL_INPATIENT": "MEDICAL",
    "MATERNITY": "MATERNITY",
    "NEONATAL": "NEWBORN",
    "REHABILITATION": "REHABILITATION",
    "SKILLED_NURSING": "SKILLED_NURSING",
    "LONG_TERM_ACUTE": "LONG_TERM_ACUTE",
    "HOSPICE_INPATIENT": "HOSPICE_FACILITY",
}
BEHAVIORAL: Final = {
    "REVENUE": (
        "0114 116 0124 0126 0134 0136 0144 0146 0154 0156 0204 0513 0900 0901 0905 0906 911 0912 "
        "0913 0914 0915 0916 0918 0919 0944 0945 0953 0961 1000 1001 1002 1005"
    ),
    "CPT": (
        "90785 90791 90792 90832 90834 90837 90839 90840 90846 90847 90853 90863 90867 90870 90899 "
        "96127 96130 97151 97153 97158 99408 99484 99492 99494 0362T 0373T 0820T 0889T"
    ),
    "HCPCS": (
        "H0001 H0004 H0010 H0015 H0018 H0020 H0031 H0035 H0050 H0053 H2001 H2012 H2019 H2036 G0410 "
        "G0396 G0411 G0177 G0512 G2011 G2067 G2086 G2214 S9475 S9480 S9485 S0201 T1006 T1012 T1040 "
        "C7900"
    ),
    "DRG": "876 880 881 882 883 884 885 886 887 894 895 896 897",
}
MEDICAL: Final = {
    "REVENUE": "0110 0112 0115 0118 0120 0128 0200 0203 0206 0450 0510 0512 0920 0940 0943 0946",
    "CPT": "90682 90935 90901 90912 92507 96105 96110 96413 97110 97161 99213 99406 0042T 0888T",
    "HCPCS": "H1000 H1005 G0299 G0463 S9123 T1000 E0601 J1745 A0428",
    "DRG": "871 872 853 862 868 917 918 057 101",
}
"""Codes beside behavioral ones."""


def codes_of(kinds: dict[str, str], code_type: str) -> list[dict[str, str]]:
    return [{"code": code, "code_type": code_type} for code in kinds[code_type].split()]


def stay(*procedures: dict[str, str], **changes: Any) -> dict[str, Any]:
    return {
        **SURGERY,
        "type_of_service": "MEDICAL_INPATIENT",
        "place_of_service": "MEDICAL",
        "procedures": list(procedures),
        **changes,
    }


def visit(*procedures: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**OFFICE_VISIT, "procedures": list(procedures), **changes}


def drug(service: dict[str, Any]) -> dict[str, Any]:
    return {**service, "medication": {"name": "Infliximab"}}


def started(cloud: Cloud, *services: dict[str, Any]) -> Reply:
    content = entered(services=list(services))
    return cloud.call(submit, "POST", "/v1/drafts", {"content": content})


def exported(cloud: Cloud, vendor_id: str, *services: dict[str, Any]) -> Reply:
    body = {"content": entered(services=list(services)), "vendor_id": vendor_id}
    return cloud.call(check, "POST", "/v1/checks/export", body)


# -- behavioral services (A5) -------------------------------------------------------------------------


@pytest.mark.rule("A5")
@pytest.mark.parametrize("code_type", BEHAVIORAL)
@pytest.mark.parametrize("urgency", ["STANDARD", "EMERGENCY"])
def test_behavioral_codes_have_guidance_in_every_part_when_checked(
    cloud: Cloud, code_type: str, urgency: str
) -> None:
    requested = codes_of(BEHAVIORAL, code_type)
    inpatient = code_type in ("REVENUE", "DRG")
    service = (stay if inpatient else visit)(*requested, urgency=urgency)
    notices = cloud.deps.payer.notices
    guidance = notices["behavioral_emergency" if urgency == "EMERGENCY" else "behavioral"]
    reply = cloud.check(services=[service])
    assert reply.status == 200, reply.text
    [codes] = [one["codes"] for one in reply.body["services"]]
    assert [code["code"] for code in codes] == [
        one["code"].zfill(4) if code_type == "REVENUE" else one["code"] for one in requested
    ]
    for code in codes:
        assert code["requirement"] == "UNABLE_TO_DETERMINE", code["code"]
        assert code["next_step"] == {"action": "CALL", "action_label": "Call", "text": guidance}
        assert (code["rule_id"], code["vendor_id"]) == (None, None)
        assert code["code_label"]
    assert reply.body["notices"] == [notices["no_guarantee"], guidance]
    assert (reply.body["vendors"], reply.body["confirmation_available"]) == ([], False)
    assert (cloud.confirmation(services=[service]).status) == 409
    assert exported(cloud, "EVICORE-MSK", service).code == "nothing_to_export"
    start = started(cloud, service)
    assert (start.code, start.body["detail"]) == ("guidance_only", guidance)


@pytest.mark.rule("A5")
@pytest.mark.parametrize("code_type", MEDICAL)
def test_no_behavioral_guidance_is_returned_when_a_code_is_medical(
    cloud: Cloud, code_type: str
) -> None:
    service = drug(visit(*codes_of(MEDICAL, code_type)))
    if code_type in ("REVENUE", "DRG", "CPT"):
        service = stay(*codes_of(MEDICAL, code_type))
    reply = cloud.check(services=[service])
    assert reply.status == 200, reply.text
    guidance = cloud.deps.payer.notices["behavioral"]
    found = [code for one in reply.body["services"] for code in one["codes"]]
    assert [code["code"] for code in found if code["next_step"]["text"] == guidance] == []
    assert guidance not in reply.body["notices"]


@pytest.mark.rule("A5")
def test_behavioral_code_is_named_when_a_draft_with_medical_codes_is_validated(
    cloud: Cloud,
) -> None:
    behavioral = stay({"code": "885", "code_type": "DRG"}, {"code": "0124"})
    reply = started(cloud, SURGERY, behavioral)
    assert reply.status == 201
    errors = cloud.review_of(reply.body["draft_id"]).body["errors"]
    named = {error["pointer"]: error for error in errors if error["code"] == "behavioral"}
    assert set(named) == {f"/content/services/1/procedures/{at}/code" for at in (0, 1)}
    for error in named.values():
        assert cloud.deps.payer.notices["behavioral"] in error["message"]
    content = entered(services=[SURGERY, behavioral])
    submitted = cloud.submit(reply.body["draft_id"], services=content["services"])
    assert submitted.status == 422
    assert "behavioral" in {error["code"] for error in submitted.body["errors"]}


@pytest.mark.rule("A5")
@pytest.mark.parametrize("urgency", ["STANDARD", "EMERGENCY"])
@pytest.mark.parametrize(
    "diagnosis",
    ["F10.231", "F20.9", "F32.2", "F43.10", "F50.01", "F90.0", "R45.851", "R45.850", "R45.88"],
)
def test_behavioral_stay_has_guidance_in_every_part_when_it_has_no_codes(
    cloud: Cloud, diagnosis: str, urgency: str
) -> None:
    service = stay(primary_diagnosis=diagnosis, urgency=urgency, additional_diagnoses=[])
    notices = cloud.deps.payer.notices
    guidance = notices["behavioral_emergency" if urgency == "EMERGENCY" else "behavioral"]
    answer = cloud.check(services=[service]).body
    step = {"action": "CALL", "action_label": "Call", "text": guidance}
    assert [one["next_step"] for one in answer["services"]] == [step]
    assert answer["notices"] == [notices["no_guarantee"], guidance]
    assert answer["requirement"] == "UNABLE_TO_DETERMINE"
    assert cloud.confirmation(services=[service]).status == 409
    start = started(cloud, service)
    assert (start.code, start.body["detail"]) == ("guidance_only", guidance)


@pytest.mark.rule("A5", "C3")
@pytest.mark.parametrize("diagnosis", ["F03.90", "F05", "F70", "F84.0", "G30.9", "T42.4X2A", "K55"])
def test_request_continues_when_the_diagnosis_of_a_stay_without_codes_is_medical(
    cloud: Cloud, diagnosis: str
) -> None:
    service = stay(primary_diagnosis=diagnosis, additional_diagnoses=["F329"])
    assert cloud.check(services=[service]).body["requirement"] == "REQUIRED"
    with_codes = stay({"code": "44120"}, primary_diagnosis="F20.9", additional_diagnoses=[])
    assert cloud.check(services=[with_codes]).body["requirement"] == "REQUIRED"


@pytest.mark.rule("A5")
def test_behavioral_stay_is_named_when_a_saved_draft_is_submitted(cloud: Cloud) -> None:
    draft = cloud.start(services=[stay()])
    services = [stay(primary_diagnosis="F20.9", additional_diagnoses=[])]
    assert cloud.save(draft, 1, services=services).status == 200
    for errors in (
        cloud.review_of(draft).body["errors"],
        cloud.submit(draft, version=2, services=services).body["errors"],
    ):
        [error] = [one for one in errors if one["code"] == "behavioral"]
        assert error["pointer"] == "/content/services/0/primary_diagnosis"


# -- stays without codes (C3) -------------------------------------------------------------------------


@pytest.mark.rule("C3")
@pytest.mark.parametrize("urgency", ["STANDARD", "EXPEDITED", "EMERGENCY"])
@pytest.mark.parametrize(("kind", "place"), STAYS.items())
def test_request_continues_in_every_part_when_a_stay_has_no_codes(
    cloud: Cloud, kind: str, place: str, urgency: str
) -> None:
    service = stay(type_of_service=kind, place_of_service=place, urgency=urgency)
    notices, emergency = cloud.deps.payer.notices, urgency == "EMERGENCY"
    answer = cloud.check(services=[service]).body
    [step] = [one["next_step"] for one in answer["services"]]
    assert (step["action"], step["action_label"]) == ("START_DRAFT", "Start the request")
    assert answer["requirement"] == ("NOT_REQUIRED" if emergency else "REQUIRED")
    own = [emergency_notice(payer()), notices["notifications"]]
    assert answer["notices"] == [
        notices["no_guarantee"],
        *(own if emergency else [notices["stay_without_codes"]]),
    ]
    assert answer["confirmation_available"] is emergency
    assert cloud.confirmation(services=[service]).status == (200 if emergency else 409)
    assert started(cloud, service).status == 201


# -- emergencies (C10) --------------------------------------------------------------------------------

PLANNED: Final = ("before the service", "before you", "in advance", "cannot determine")
EMERGENCIES: Final = [
    stay({"code": "44120"}),
    stay({"code": "99997"}),
    stay({"code": "44120"}, {"code": "99997"}, {"code": "27447"}),
    stay({"code": "470", "code_type": "DRG"}),
    stay({"code": "330", "code_type": "DRG"}),
    stay({"code": "120", "code_type": "REVENUE"}),
    stay({"code": "99223"}),
    stay(),
    stay({"code": "885", "code_type": "DRG"}),
    drug(stay({"code": "J9271"})),
    visit({"code": "99284"}),
    visit({"code": "99997"}),
    visit({"code": "70551"}),
    visit({"code": "22551"}),
    visit({"code": "0450"}),
    visit({"code": "V5257"}),
    visit({"code": "A0431"}),
    visit({"code": "80053"}),
    visit({"code": "90839"}),
    drug(visit({"code": "J9271"})),
    drug(visit({"code": "J3030"})),
    visit({"code": "E0601"}, type_of_service="DME", place_of_service="HOME"),
]


@pytest.mark.rule("C10")
@pytest.mark.parametrize("service", EMERGENCIES)
def test_no_precertification_is_required_when_it_is_an_emergency(
    cloud: Cloud, service: dict[str, Any]
) -> None:
    emergency, admitted = {**service, "urgency": "EMERGENCY"}, "requested_days" in service
    answer = cloud.check(services=[emergency]).body
    notices = cloud.deps.payer.notices
    steps = [code["next_step"] for one in answer["services"] for code in one["codes"]]
    steps += [one["next_step"] for one in answer["services"] if one["next_step"]]
    start = started(cloud, emergency)
    texts = [*answer["notices"], *(step["text"] for step in steps), start.body.get("detail", "")]
    for text in texts:
        assert not [words for words in PLANNED if words in text.lower()], text
    assert not {notices[name] for name in ("unable_to_determine", "vendor", "required")} & {*texts}
    behavioral = notices["behavioral_emergency"] in answer["notices"]
    expected = "START_DRAFT" if admitted else "NONE"
    assert {step["action"] for step in steps} == {"CALL" if behavioral else expected}
    assert (start.status == 201) is (admitted and not behavioral)
    assert start.status == 201 or start.body["detail"]
    assert answer["vendors"] == []
    if admitted and not behavioral:
        [text] = {step["text"] for step in steps}
        assert "must be reported within one business day, by July 21, 2026." in text


@pytest.mark.rule("C7", "C10")
@pytest.mark.parametrize("codes", [["44120"], ["70551", "99223"], []])
def test_report_is_stated_first_when_a_confirmation_is_of_an_emergency_admission(
    cloud: Cloud, codes: list[str]
) -> None:
    service = stay(*({"code": code} for code in codes), urgency="EMERGENCY")
    service["admission_date"] = "2026-07-02"
    reply = cloud.confirmation(services=[service, visit({"code": "99213"})])
    assert reply.status == 200, reply.text
    text = text_of(reply.body)
    # Friday, July 3 is a holiday of the sample payer.
    report = text.index("must be reported within one business day, by July 6, 2026")
    assert report < text.index("Patient")
    assert report < text.index("Date of the check")
    plain = cloud.confirmation(services=[visit({"code": "99213"}, urgency="EMERGENCY")])
    assert "Report this admission" not in text_of(plain.body)


# -- equipment that was delivered already (C12) -------------------------------------------------------

EQUIPMENT: Final = (
    "E0601 E0250 E0260 E0277 E0303 E0424 E0431 E0439 E0465 E0470 E0471 E0483 E0601 E0630 E0650 "
    "E0748 E0784 E1390 E2402 K0001 K0004 K0823 K0856"
)


@pytest.mark.rule("C12")
@pytest.mark.parametrize("days_ago", [1, 7, 15])
def test_equipment_is_the_payers_in_every_part_when_it_was_delivered(
    cloud: Cloud, days_ago: int
) -> None:
    day = (date(2026, 7, 1) - timedelta(days=days_ago)).isoformat()
    codes = [{"code": code} for code in dict.fromkeys(EQUIPMENT.split())]
    home = {"type_of_service": "DME", "place_of_service": "HOME"}
    to_come = cloud.check(services=[visit(*codes, **home)]).body
    vendors = {code["vendor_id"] for one in to_come["services"] for code in one["codes"]}
    assert vendors == {"EVICORE-DME"}
    service = visit(*codes, **home, service_date=day)
    answer = cloud.check(services=[service]).body
    notices = cloud.deps.payer.notices
    for code in answer["services"][0]["codes"]:
        assert (code["requirement"], code["vendor_id"]) == ("REQUIRED", None)
        assert code["next_step"]["text"] == notices["retrospective_equipment"]
        assert code["next_step"]["action"] == "START_DRAFT"
    assert (answer["requirement"], answer["vendors"]) == ("REQUIRED", [])
    assert answer["notices"] == [notices["no_guarantee"], notices["retrospective_equipment"]]
    start = started(cloud, service)
    assert (start.status, start.body["check"]["requirement"]) == (201, "REQUIRED")
    for text in (json.dumps(answer), start.text):
        assert not [words for words in ("evicore", "EviCore", "(866) 668-9250") if words in text]
    assert exported(cloud, "EVICORE-DME", service).code == "nothing_to_export"


@pytest.mark.rule("C12", "W8")
def test_delivered_equipment_is_reviewed_by_the_payer_when_submitted(cloud: Cloud) -> None:
    line: dict[str, Any] = {"code": "E0250", "start_date": "2026-06-25", "units": 1}
    home = {"type_of_service": "DME", "place_of_service": "HOME", "service_date": "2026-06-25"}
    request_id = cloud.submitted(services=[visit(line, **home)])
    cloud.pend(request_id)
    details = cloud.read(request_id)
    assert details.body["status"] == "PENDING"
    assert "EVICORE" not in details.text


# -- drugs (C11) --------------------------------------------------------------------------------------


@pytest.mark.rule("C11")
@pytest.mark.parametrize("code", ["J1745", "J9271", "Q5103", "C9399", "S0189", "90378", "J0585"])
def test_infused_or_injected_drugs_are_stated_in_every_part_when_a_code_is_a_drugs(
    cloud: Cloud, code: str
) -> None:
    notice = cloud.deps.payer.notices["medical_pharmacy"]
    without = cloud.check(services=[visit({"code": code})])
    assert without.status == 422
    [error] = without.body["errors"]
    assert (error["pointer"], error["code"]) == ("/content/services/0/medication", "missing")
    answer = cloud.check(services=[drug(visit({"code": code}))])
    assert answer.status == 200, answer.text
    assert notice in answer.body["notices"]
    assert "infused or injected" in notice
    oral = visit({"code": code}, medication={"name": "X", "route": "ORAL"})
    [error] = cloud.check(services=[oral]).body["errors"]
    assert (error["pointer"], error["code"]) == (
        *("/content/services/0/medication/route", "not_a_choice"),
    )


# -- the directory (C16) ------------------------------------------------------------------------------


@pytest.mark.rule("C16")
def test_tax_id_is_corrected_by_email_and_never_online_when_a_provider_is_searched(
    cloud: Cloud,
) -> None:
    corrections = cloud.search(zip_code="44122", kind="FACILITY", name="cle").body["corrections"]
    assert "cannot be added or corrected online" in corrections["tax_id"]
    for way in ("Intake_PDM@Evernorth.com", "CPOCIMs@Evernorth.com", "(800) 882-4462"):
        assert way in corrections["tax_id"]
    assert "Directory Update" in corrections["own"]
    assert "Tax IDs cannot be corrected online" in corrections["own"]
    assert "Tax ID" not in corrections["other"]
    notices = cloud.deps.payer.notices
    assert "cannot be corrected online" in notices["temporary_provider_tax_id"]
    known = ("directory_own", "directory_tax_id", "temporary_provider_tax_id")
    others = [text for name, text in notices.items() if "Tax ID" in text and name not in known]
    assert others == []


# -- predeterminations (C14) --------------------------------------------------------------------------


@pytest.mark.rule("C14")
@pytest.mark.parametrize(
    ("codes", "without"),
    [(["19342"], None), (["19342", "99213"], "99213"), (["99213"], "99213"), ([], "a stay")],
)
def test_predetermination_is_rejected_when_a_saved_draft_has_a_code_without_one(
    cloud: Cloud, codes: list[str], without: str | None
) -> None:
    surgery = {"type_of_service": "OUTPATIENT_SURGERY", "place_of_service": "SURGERY_CENTER"}
    draft = cloud.start(services=[visit({"code": "19342"}, **surgery)], purpose="PREDETERMINATION")
    lines = [{"code": code, "start_date": "2026-07-06", "units": 1} for code in codes]
    service = visit(*lines, **surgery) if codes else stay()
    changes: dict[str, Any] = {"services": [service], "purpose": "PREDETERMINATION"}
    assert cloud.save(draft, 1, **changes).status == 200
    validated = cloud.review_of(draft).body["errors"]
    submitted = cloud.submit(draft, version=2, **changes)
    errors = submitted.body.get("errors", [])
    if without is None:
        assert (validated, submitted.status) == ([], 202)
        return
    assert submitted.status == 422
    for listed in (validated, errors):
        [error] = [one for one in listed if one["pointer"] == "/content/purpose"]
        assert error["code"] == "not_offered"
        assert without in error["message"]
