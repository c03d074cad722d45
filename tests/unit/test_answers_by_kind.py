"""Kinds of answers with at least twenty cases each: emergencies, Tax IDs, newborns, codes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Any, Final

import pytest
from pydantic import ValidationError

from precert.api.details import RequestDetails
from precert.domain.caller import Caller
from precert.domain.codes import canonical_code, code_types_of, has_format, modifier_code_type
from precert.domain.completeness import errors_of_check
from precert.domain.content import Patient, Procedure
from precert.domain.coverage import Member, PatientSearch
from precert.domain.damage import Readable
from precert.domain.decisions import Approved
from precert.domain.errors import InvalidInputError, PatientNotFoundError
from precert.domain.matching import Mismatch, ProviderRole, TemporaryProvider
from precert.domain.next_steps import emergency_notice
from precert.domain.notices import Audience, NoticeKind
from precert.domain.payer import Payer
from precert.domain.statuses import LineStatus, Status
from precert.domain.value_errors import errors_of
from precert.domain.values import CodeType
from precert.names import Entitlement
from precert.usecases.confirmation import confirm_check
from precert.usecases.members import confirm_patient, newborn_referral, search_patients
from precert.usecases.notice_facts import Issue, notice_facts
from precert.usecases.ports.requests import RequestFile
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets
from tests.fakes.lines_of_business import request_of
from tests.unit.test_confirmation import FREE, Paper, checked
from tests.unit.test_export import CPT, HCPCS, bundle, claim_of, coding

CALLER: Final = Caller(subject="provider", entitlements=frozenset(Entitlement))
STAY: Final[Mapping[str, Any]] = samples.entered()["services"][0]
NOTICES: Final = samples.payer().notices


# -- confirmations of emergency admissions (C7, C10) --------------------------------------------------


def admission(day: str, **changes: Any) -> dict[str, Any]:
    procedures = [{**one, "start_date": day} for one in STAY["procedures"]]
    service = {**STAY, "urgency": "EMERGENCY", "admission_date": day, "procedures": procedures}
    return {**service, **changes}


def printed(
    *services: Mapping[str, Any], payer: Payer | None = None, state: str = "OH"
) -> dict[str, Any]:
    """What the confirmation states, if nothing needs precertification."""
    provider = samples.entered()["servicing_provider"]
    address = {**samples.ADDRESS, "state": state}
    content = samples.content(
        services=list(services), servicing_provider={**provider, "address": address}
    )
    codes = sum(len(service["procedures"]) for service in services)
    paper = Paper()
    answer = replace(checked(content, *[FREE] * codes), requirement=FREE)
    confirm_check(
        content,
        CALLER,
        check=lambda *_: answer,
        payer=payer or samples.payer(),
        printer=paper,
    )
    [(_, facts)] = paper.printed
    return dict(facts)


@pytest.mark.rule("C7", "C10")
@pytest.mark.parametrize(
    ("admitted", "last_day"),
    [
        ("2026-06-29", "June 30, 2026"),
        ("2026-06-26", "June 29, 2026"),
        ("2026-06-27", "June 29, 2026"),
        ("2026-06-28", "June 29, 2026"),
        ("2026-07-01", "July 2, 2026"),
        ("2026-07-02", "July 6, 2026"),
        ("2026-07-03", "July 6, 2026"),
        ("2026-07-04", "July 6, 2026"),
        ("2026-07-06", "July 7, 2026"),
        ("2026-09-04", "September 8, 2026"),
        ("2026-09-07", "September 8, 2026"),
        ("2026-11-25", "November 27, 2026"),
        ("2026-11-26", "November 27, 2026"),
        ("2026-12-24", "December 28, 2026"),
        ("2026-12-31", "January 4, 2027"),
        ("2027-01-01", "January 4, 2027"),
        ("2027-01-15", "January 19, 2027"),
        ("2028-02-28", "February 29, 2028"),
        ("2028-02-29", "March 1, 2028"),
        ("2027-02-26", "March 1, 2027"),
        ("2026-10-30", "November 2, 2026"),
        ("2026-03-06", "March 9, 2026"),
    ],
)
def test_confirmation_states_first_by_when_to_report_when_it_is_an_emergency_admission(
    admitted: str, last_day: str
) -> None:
    facts = printed(admission(admitted))
    [text] = facts["must_report"]
    assert f"must be reported within one business day, by {last_day}." in text
    assert "does not require precertification" in text
    assert "before" not in " ".join(facts["notices"])
    assert NOTICES["unable_to_determine"] not in facts["notices"]


KINDS: Final = [
    kind.code
    for kind in samples.payer().form.types_of_service
    if kind.authorization_type.value == "INPATIENT"
]
OUTPATIENT: Final = [
    kind.code
    for kind in samples.payer().form.types_of_service
    if kind.authorization_type.value == "OUTPATIENT"
]


@pytest.mark.rule("C7", "C10")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("with_codes", [True, False])
def test_every_kind_of_stay_must_be_reported_when_it_is_an_emergency(
    kind: str, with_codes: bool
) -> None:
    service = admission("2026-06-29", type_of_service=kind, requested_days=2)
    if not with_codes:
        service["procedures"] = []
    facts = printed(service)
    assert len(facts["must_report"]) == 1
    assert NOTICES["stay_without_codes"] not in facts["notices"]
    assert emergency_notice(samples.payer()) in facts["notices"]


@pytest.mark.rule("C7", "C10")
@pytest.mark.parametrize("kind", OUTPATIENT)
def test_nothing_must_be_reported_when_an_emergency_is_no_admission(kind: str) -> None:
    visit = {**samples.OFFICE_VISIT, "type_of_service": kind, "urgency": "EMERGENCY"}
    facts = printed(visit)
    assert facts["must_report"] == []
    assert emergency_notice(samples.payer()) in facts["notices"]
    assert NOTICES["notifications"] not in facts["notices"]


@pytest.mark.rule("C10")
@pytest.mark.parametrize(
    ("services", "last_days"),
    [
        ([admission("2026-06-29"), admission("2026-06-29")], ["June 30"]),
        ([admission("2026-06-29"), admission("2026-07-02")], ["June 30", "July 6"]),
        ([samples.OFFICE_VISIT, admission("2026-07-02")], ["July 6"]),
        ([admission("2026-07-02"), samples.OFFICE_VISIT], ["July 6"]),
        ([STAY, admission("2026-07-02")], ["July 6"]),
        ([STAY], []),
        ([samples.OFFICE_VISIT], []),
    ],
)
def test_each_day_is_stated_once_when_several_services_are_confirmed(
    services: list[dict[str, Any]], last_days: list[str]
) -> None:
    texts = printed(*services)["must_report"]
    assert [text.partition(", by ")[2].partition(",")[0] for text in texts] == last_days


@pytest.mark.rule("C10")
@pytest.mark.parametrize(
    ("state", "within"),
    [("OH", "one business day"), ("NY", "2 business days"), ("TX", "3 business days")],
)
def test_confirmation_states_the_time_of_the_state_when_it_differs(state: str, within: str) -> None:
    data = samples.payer().model_dump(mode="json")
    data["emergency_notice"]["business_days_by_state"] = {"NY": 2, "TX": 3}
    facts = printed(admission("2026-06-29"), payer=Payer.model_validate(data), state=state)
    assert f"must be reported within {within}, by" in facts["must_report"][0]


# -- Tax IDs (C16, S3) ---------------------------------------------------------------------------------


REASONS: Final = [
    found
    for size in range(4)
    for found in combinations((Mismatch.NPI, Mismatch.TIN, Mismatch.ADDRESS), size)
] + [(Mismatch.NOT_LISTED,), (Mismatch.MANUALLY_ENTERED,)]


@pytest.mark.rule("C16", "S3")
@pytest.mark.parametrize("role", ProviderRole)
@pytest.mark.parametrize("reconciled", [False, True])
@pytest.mark.parametrize("reasons", REASONS)
def test_details_state_that_a_tax_id_is_not_corrected_online_when_it_differs(
    role: ProviderRole, reconciled: bool, reasons: tuple[Mismatch, ...]
) -> None:
    request = samples.request(Status.PENDING)
    temporary = TemporaryProvider(
        temporary_id="TMP-1",
        reason_codes=reasons,
        reconciled_at=START if reconciled else None,
    )
    found = {role: temporary} if reasons else {}
    review = request.submitted.model_copy(update={"temporary_providers": found})
    request = request.model_copy(update={"review": review})
    notices = RequestDetails.of(
        RequestFile(request, (), ()),
        request.tins,
        payer=samples.payer(),
        code_sets=code_sets(),
        now=START,
    ).notices
    expected = Mismatch.TIN in reasons and not reconciled
    stated = [text for text in notices if "cannot be corrected online" in text]
    assert bool(stated) is expected
    for text in stated:
        assert "Intake_PDM@Evernorth.com" in text
        assert "CPOCIMs@Evernorth.com" in text
        assert "does not change this request" in text


@pytest.mark.rule("C16")
@pytest.mark.parametrize("name", ["directory_own", "directory_tax_id", "temporary_provider_tax_id"])
def test_no_text_offers_a_correction_online_when_it_is_about_a_tax_id(name: str) -> None:
    assert "be corrected online" in NOTICES[name] or "corrected online" in NOTICES[name]
    assert samples.payer().provider_services.phone in NOTICES[name]


# -- newborns (P1, A6) ---------------------------------------------------------------------------------


class NoMembers:
    """A reference without the member."""

    def member(self, member_id: str) -> Member | None:
        return None

    def members_by_ssn(self, digest: bytes) -> Readable[Member]:
        return Readable()

    def digest(self, text: str) -> bytes:
        return text.encode()


def searched(fields: Mapping[str, Any]) -> str:
    """All that a portal shows after a search or its confirmation, found or not."""
    no_members: Any = NoMembers()
    try:
        search = PatientSearch.model_validate(fields)
    except ValidationError as error:
        return newborn_referral(InvalidInputError(errors_of(error)), payer=samples.payer()) or ""
    found = search_patients(
        search, CALLER, reference=no_members, digests=no_members, payer=samples.payer(), now=START
    )
    assert found.patients == ()
    return " ".join(found.notices)


BORN: Final = {"date_of_birth": "2026-06-30", "last_name": "Adams", "first_name": "Baby Boy"}


@pytest.mark.rule("A6", "P1")
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"first_name": "Baby Girl"},
        {"first_name": "BB"},
        {"first_name": "Newborn"},
        {"first_name": "Infant of Allison"},
        {"first_name": "Twin A"},
        {"first_name": "NB2"},
        {"first_name": "Male"},
        {"first_name": ""},
        {"first_name": " "},
        {"first_name": None},
        {"last_name": ""},
        {"last_name": None},
        {"member_id": ""},
        {"member_id": "0"},
        {"member_id": "NONE"},
        {"member_id": "N/A"},
        {"member_id": "NEWBORN"},
        {"member_id": "PENDING"},
        {"member_id": "000000000"},
        {"member_id": "849382930"},
        {"member_id": None},
        {"ssn": "000-00-0000"},
        {"ssn": "000000000"},
        {"ssn": "999-99-9999"},
        {"ssn": ""},
        {"ssn": "none"},
        {"ssn": "123-45-6789"},
        {"ssn": None, "member_id": None},
    ],
)
def test_newborn_is_referred_to_provider_services_when_a_portal_searches_one(
    fields: dict[str, Any],
) -> None:
    assert NOTICES["newborn"] in searched({**BORN, **fields})


@pytest.mark.rule("A6", "P1")
@pytest.mark.parametrize("first_name", ["Baby", "Baby Boy", "BABY GIRL", "Newborn", "BB", "Twin A"])
@pytest.mark.parametrize("member_id", ["849382930", "NEWBORN", "PENDING00", "123456789"])
def test_newborn_is_referred_to_provider_services_when_it_is_confirmed_by_another_id(
    first_name: str, member_id: str
) -> None:
    no_members: Any = NoMembers()
    patient = Patient.model_validate({**BORN, "first_name": first_name, "member_id": member_id})
    with pytest.raises(PatientNotFoundError) as raised:
        confirm_patient(patient, CALLER, reference=no_members, payer=samples.payer(), now=START)
    assert NOTICES["newborn"] in raised.value.detail


@pytest.mark.parametrize("fields", [{"date_of_birth": "yesterday"}, {"color": "red"}])
def test_no_newborn_is_mentioned_when_another_field_is_wrong(fields: dict[str, Any]) -> None:
    assert searched({**BORN, "member_id": "849382930", **fields}) == ""


# -- categories of codes (C5) --------------------------------------------------------------------------


CATEGORIES: Final = {
    "I": "00100 01999 10004 27447 44120 70450 80047 90281 90837 96413 99199 99213 99499 36415",
    "II": "0001F 0005F 0500F 1000F 1036F 1111F 2000F 2028F 3006F 3044F 4000F 4040F 5005F 6005F 7010F "
    "9001F 9007F 0517F 3725F 4563F 6150F",
    "III": "0042T 0054T 0071T 0075T 0100T 0184T 0191T 0253T 0275T 0308T 0402T 0449T 0505T 0594T "
    "0600T 0671T 0707T 0795T 0811T 0865T 0900T",
    "PLA": "0001U 0002U 0017U 0037U 0048U 0101U 0102U 0120U 0153U 0172U 0211U 0239U 0242U 0244U "
    "0250U 0306U 0326U 0333U 0340U 0391U 0471U",
    "MAAA": "0002M 0003M 0004M 0006M 0007M 0011M 0012M 0013M 0014M 0015M 0016M 0017M 0018M 0019M",
}
CPT_CODES: Final = [code for codes in CATEGORIES.values() for code in codes.split()]


def line_of(procedure: Mapping[str, Any]) -> dict[str, Any]:
    document = bundle(services=[{**STAY, "procedures": [dict(procedure)]}])
    [item] = claim_of(document)["item"]
    found: dict[str, Any] = item
    return found


@pytest.mark.rule("C5")
@pytest.mark.parametrize("code", CPT_CODES)
def test_code_is_cpt_alone_when_it_is_of_any_category(code: str) -> None:
    assert code_types_of(code) == (CodeType.CPT,)
    for entered in (code, code.lower(), f" {code} "):
        procedure = Procedure.model_validate({"code": entered})
        assert procedure.code == code
    for other in (CodeType.HCPCS, CodeType.REVENUE, CodeType.DRG):
        assert not has_format(code, other)
    assert coding(line_of({"code": code})["productOrService"]) == (CPT, code)


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    "code",
    [
        *("0042X", "0042A", "T0042", "00042T", "042T", "F1000", "10000F", "100F", "1000f1"),
        *("0001V", "0001P", "1234Z", "12345T", "12T34", "T", "FFFFF", "0001", "W1234", "Z0001"),
        *("1000 F", "1000-F", "１０００F", "99213F"),
    ],
)
def test_code_is_no_cpt_code_when_its_form_is_another(code: str) -> None:
    assert not has_format(code, CodeType.CPT)
    assert CodeType.CPT not in code_types_of(code)


MODIFIERS: Final[Mapping[CodeType, str]] = {
    CodeType.CPT: "1P 2P 3P 4P 5P 6P 7P 8P P1 P2 P3 P4 P5 P6 22 23 24 25 26 27 32 33 47 50 51 52 53 "
    "57 58 59 62 66 76 80 90 91 92 93 95 96 97 99",
    CodeType.HCPCS: "LT RT E1 E4 F1 F9 FA T1 T9 TA GA GX GY GZ KX NU RR UE XE XP XS XU QW Q0 Q1 A1 "
    "A9 AA AS CR PA PB PC PI PS PO PN PT JW JZ TC SG PD PL PM",
}


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    ("modifier", "code_type"),
    [(one, kind) for kind, found in MODIFIERS.items() for one in found.split()],
)
def test_modifier_has_its_code_set_when_it_is_exported(modifier: str, code_type: CodeType) -> None:
    assert modifier_code_type(modifier) is code_type
    procedure = {"code": "3044F", "modifiers": [modifier.lower()]}
    [exported] = line_of(procedure)["modifier"]
    assert coding(exported) == ({CodeType.CPT: CPT, CodeType.HCPCS: HCPCS}[code_type], modifier)


# -- revenue codes (C5) --------------------------------------------------------------------------------


REVENUE: Final = """
    0100 0101 0110 0111 0112 0113 0114 0118 0120 0121 0128 0150 0160 0170 0173 0174 0190 0200 0206
    0250 0258 0300 0360 0450 0510 0636 0650 0762 0900 0944 1000 1001 2100 3101
"""


@pytest.mark.rule("C5")
@pytest.mark.parametrize("code", REVENUE.split())
def test_revenue_code_has_four_digits_in_every_part_when_it_is_entered_with_three(
    code: str,
) -> None:
    entered = [{"code": code}, {"code": code, "code_type": "REVENUE"}]
    if code.startswith("0"):
        entered.append({"code": code[1:], "code_type": "REVENUE"})
    assert code_types_of(code) == (CodeType.REVENUE,)
    for procedure in entered:
        assert Procedure.model_validate(procedure).code == code
        item = line_of(procedure)
        system, exported = coding(item["revenue"])
        assert (exported, "nubc" in system.lower()) == (code, True)
        facts = printed({**STAY, "procedures": [procedure]})
        assert facts["services"][0]["codes"][0]["code"] == code
        assert notice_codes(procedure) == f"Revenue code\u00a0{code}"
    assert canonical_code(code.removeprefix("0"), CodeType.REVENUE) == code


def notice_codes(procedure: Mapping[str, Any]) -> str:
    """The code of the line in a notice of its approval."""
    request = request_of(Status.APPROVED, "COMMERCIAL", [{**STAY, "procedures": [procedure]}])
    [line] = request.submitted.lines
    approved = Approved(
        code=line.code, units=1, from_date=date(2026, 7, 20), to_date=date(2026, 7, 22)
    )
    decision = samples.decision(LineStatus.APPROVED).model_copy(update={"approved": approved})
    lines = (line.model_copy(update={"decisions": (decision,)}),)
    review = request.submitted.model_copy(update={"lines": lines, "determined_at": START})
    facts: Any = notice_facts(
        request.model_copy(update={"review": review}),
        Issue(NoticeKind.APPROVAL, 1),
        Audience.MEMBER,
        samples.payer(),
        samples.notice_words(),
        member=None,
        code_sets=code_sets(),
    )
    shown: str = facts["lines"][0]["code"]
    assert shown in facts["lines"][0]["approved"]
    return shown


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    "code",
    [
        *(
            "45",
            "4",
            "00450",
            "45O0",
            "O450",
            "0-450",
            "45.0",
            "R450",
            "450R",
            "",
        ),
        *("04500", "12345", "abcd", "45 0", "+450", "-450", "4e2", "0x45"),
    ],
)
def test_code_is_no_revenue_code_when_its_form_is_another(code: str) -> None:
    assert not has_format(code, CodeType.REVENUE)
    procedure = {"code": code, "code_type": "REVENUE"}
    try:
        content = samples.content(services=[{**STAY, "procedures": [procedure]}])
    except ValidationError as error:
        pointers = {one.pointer for one in errors_of(error)}
    else:
        found = errors_of_check(content, samples.payer(), START.date())
        pointers = {one.pointer for one in found}
    assert pointers == {"/services/0/procedures/0/code"}
