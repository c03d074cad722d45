"""The sample payer: its files load without errors, fit together, and have the guide's example."""

import csv
import re
from datetime import date
from pathlib import Path
from typing import Final

import holidays
import pytest

from precert.domain.coverage import Coverage, Plan, members_of
from precert.domain.decision_clocks import ClockKind, ExtensionRequester
from precert.domain.directory import SEARCH_RADIUS_MILES, DirectoryEntry, Place, miles_between
from precert.domain.event_types import MESSAGE_EVENT_TYPES, EventType
from precert.domain.loading import (
    PLAN_TYPES,
    load_directory,
    load_members,
    load_plans,
    load_rules,
    load_vendors,
    ssns_format,
)
from precert.domain.loading_rules import load_rule_rows, warnings
from precert.domain.loading_table import load_table
from precert.domain.payer import Payer
from precert.domain.rules import CodeQuery, DelegatedVendor, Requirement, Rule, answer_code
from precert.domain.values import AuthorizationType, CodeType, ProviderKind
from precert.fhir import systems
from tests.fakes.code_sets import code_sets
from tools.fhir_validator import pas_validator

DATA: Final = Path(__file__).resolve().parents[2] / "data"
GUIDES_DAY: Final = date(2025, 7, 1)
TODAY: Final = date(2026, 11, 20)
INPATIENT, OUTPATIENT = AuthorizationType.INPATIENT, AuthorizationType.OUTPATIENT
NOTICES: Final = {
    "no_guarantee",
    "unable_to_determine",
    "not_entitled",
    "not_eligible",
    "check_not_available",
    "appeal_rights",
}


def text_of(name: str) -> str:
    return (DATA / "sample" / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def payer() -> Payer:
    return Payer.model_validate_json((DATA / "payer" / "payer.json").read_bytes())


@pytest.fixture(scope="module")
def plans(payer: Payer) -> list[Plan]:
    return load_plans(text_of("plans.csv"), payer.review_clocks.keys())


@pytest.fixture(scope="module")
def members(plans: list[Plan]) -> list[Coverage]:
    return load_members(text_of("members.csv"), plans)


@pytest.fixture(scope="module")
def directory() -> list[DirectoryEntry]:
    return load_directory(text_of("providers.csv"))


@pytest.fixture(scope="module")
def vendors() -> list[DelegatedVendor]:
    return load_vendors(text_of("vendors.csv"))


@pytest.fixture(scope="module")
def rules(vendors: list[DelegatedVendor], payer: Payer) -> list[Rule]:
    known = {delegate.vendor_id for delegate in vendors}
    return load_rules(text_of("rules.csv"), known, payer)


# -- The payer -------------------------------------------------------------------------------------


def test_payer_has_the_documented_values_when_shipped(payer: Payer) -> None:
    assert payer.zone.key == "America/New_York"
    assert payer.number_prefix == "PC"
    assert payer.provider_services.phone == "(800) 882-4462"
    assert payer.supported_management_levels == ("Basic", "Basic Low", "Complete", "Preferred")
    assert (payer.draft_clock.hours, payer.draft_clock.resting_weekdays) == (72, frozenset({5, 6}))
    assert (payer.service_dates.days_back, payer.service_dates.days_ahead) == (15, 180)
    assert payer.documents.max_bytes == 20 * 1024 * 1024
    assert (payer.documents.max_at_submission, payer.documents.max_while_pending) == (10, 10)


@pytest.mark.rule("W2", "W11")
@pytest.mark.parametrize(
    ("line", "days", "pause", "extension", "urgent_extension", "deemed"),
    [
        ("COMMERCIAL", 15, True, 15, None, False),
        ("EXCHANGE", 15, True, 15, None, False),
        ("MEDICARE_ADVANTAGE", 7, False, 14, 14, False),
        ("MEDICAID", 7, False, 14, 14, True),
        ("CHIP", 7, False, 14, 14, False),
    ],
)
def test_clocks_match_the_regulations_of_each_line_of_business_when_loaded(
    payer: Payer,
    line: str,
    days: int,
    pause: bool,
    extension: int,
    urgent_extension: int | None,
    deemed: bool,
) -> None:
    clocks = payer.review_clocks[line]
    for clock, limit, extended in (
        (clocks.expedited, "72 hours", urgent_extension),
        (clocks.standard, f"{days} calendar days", extension),
    ):
        assert (clock.limit.words, clock.pause) == (limit, pause)
        assert (clock.extension.days if clock.extension else None) == extended
        assert (clock.deemed_denial is not None) is deemed
    assert clocks.appeal_expedited.limit.words == "72 hours"
    # An employer plan with two appeals has half the time for each (29 CFR 2560.503-1(i)(2)); an issuer
    # of individual coverage has one appeal (45 CFR 147.136(b)(3)(ii)(G)).
    halved = clocks.appeal_levels == 2
    assert halved is (line == "COMMERCIAL")
    assert clocks.appeal_standard.limit.words == f"{15 if halved else 30} calendar days"


@pytest.mark.rule("W11")
def test_member_may_request_an_extension_when_the_program_is_public(payer: Payer) -> None:
    for line in ("MEDICARE_ADVANTAGE", "MEDICAID", "CHIP"):
        rule = payer.review_clocks[line].expedited.extension
        assert rule is not None
        assert set(rule.requested_by) == set(ExtensionRequester)


@pytest.mark.rule("W11")
def test_clock_is_the_states_when_a_state_overrides_it(payer: Payer) -> None:
    clocks = payer.review_clocks["COMMERCIAL"]
    assert clocks.clock(ClockKind.STANDARD, "CA").limit.words == "5 business days"

    assert clocks.clock(ClockKind.STANDARD, "CA").extension == clocks.standard.extension
    assert clocks.clock(ClockKind.APPEAL_STANDARD, "CA") == clocks.appeal_standard
    assert clocks.clock(ClockKind.STANDARD, "TX") == clocks.clock(ClockKind.STANDARD)


def test_choices_lead_to_complete_forms_when_a_type_of_service_is_selected(payer: Payer) -> None:
    known = [place.code for place in payer.form.places_of_service]
    used = {place for kind in payer.form.types_of_service for place in kind.places_of_service}
    assert len(known) == len(set(known))
    assert used == set(known)
    kinds = [kind.code for kind in payer.form.types_of_service]
    assert len(kinds) == len(set(kinds))
    assert all(kind.places_of_service for kind in payer.form.types_of_service)


def test_form_has_the_guides_choices_when_loaded(payer: Payer) -> None:
    kinds = {kind.code: kind for kind in payer.form.types_of_service}
    places = {place.code: place for place in payer.form.places_of_service}
    surgical = kinds["SURGICAL_INPATIENT"]
    assert (surgical.name, surgical.authorization_type) == ("Surgical Inpatient", INPATIENT)
    assert surgical.procedure_required
    assert "SURGICAL" in surgical.places_of_service
    assert (places["SURGICAL"].name, places["SURGICAL"].cms_code) == ("Surgical", "21")
    assert not kinds["MEDICAL_INPATIENT"].procedure_required
    assert kinds["OBSERVATION"].authorization_type is OUTPATIENT


def test_procedure_is_required_when_the_service_is_outpatient(payer: Payer) -> None:
    assert all(
        kind.procedure_required
        for kind in payer.form.types_of_service
        if kind.authorization_type is OUTPATIENT
    )


def test_texts_exist_when_they_are_referenced(payer: Payer) -> None:
    assert payer.notices.keys() >= NOTICES
    assert all(text.strip() for text in payer.notices.values())
    assert payer.provider_services.phone in payer.notices["unable_to_determine"]


PHONE: Final = re.compile(r"[0-9]{3}\D{1,3}[0-9]{3}\D{1,2}[0-9]{4}")


def test_phone_has_one_form_when_it_is_in_a_text(payer: Payer) -> None:
    """The payer's data has each number once; texts refer to it by a placeholder."""
    numbers = (payer.provider_services.phone, payer.utilization_management.peer_to_peer_phone)
    found = [number for text in payer.notices.values() for number in PHONE.findall(text)]
    assert set(found) == {number.removeprefix("(") for number in numbers}
    assert not [text for text in payer.notices.values() if "phone}" in text]
    written = (DATA / "payer" / "payer.json").read_text(encoding="utf-8")
    assert len(PHONE.findall(written)) == len(numbers)


def test_message_text_exists_when_an_event_has_one(payer: Payer) -> None:
    assert payer.messages.keys() == {str(kind) for kind in MESSAGE_EVENT_TYPES}


def test_message_has_number_status_and_reason_only_when_rendered(payer: Payer) -> None:
    for kind, text in payer.messages.items():
        filled = text.format(number="PC0000000000", status="PENDING", reason="The file is empty.")
        assert ("The file is empty." in filled) is (kind == EventType.DOCUMENT_REFUSED)
        assert ("PC0000000000" in filled) is not kind.startswith("Draft")  # a draft has none yet
        assert "PENDING" in filled


# -- Members ---------------------------------------------------------------------------------------


def test_guides_member_exists_when_members_are_loaded(members: list[Coverage]) -> None:
    [adams] = [member for member in members if member.member_id == "849382930"]
    assert (adams.last_name, adams.first_name) == ("Adams", "Allison")
    assert adams.date_of_birth == date(1986, 1, 1)
    assert (adams.account, adams.account_name) == ("00472356", "Live Well, Inc.")
    assert adams.plan.plan_type == "OAP"
    assert adams.is_active(GUIDES_DAY)
    assert adams.is_active(TODAY)


def test_every_plan_type_has_members_when_loaded(payer: Payer, members: list[Coverage]) -> None:
    assert {member.plan.plan_type for member in members} == set(PLAN_TYPES)
    assert {member.plan.line_of_business for member in members} == payer.review_clocks.keys()
    levels = {member.plan.management_level for member in members}
    assert levels - set(payer.supported_management_levels) == {"PHS", "PHS+"}
    assert levels >= set(payer.supported_management_levels)


def test_coverage_has_ended_or_not_begun_when_a_sample_member_shows_it(
    members: list[Coverage],
) -> None:
    ended = [member for member in members_of(members) if member.spans[-1].last_day < TODAY]
    to_come = [member for member in members_of(members) if member.spans[0].active_from > TODAY]
    assert len(ended) == 1
    assert len(to_come) == 1


def test_plan_changes_and_lapses_when_a_member_has_several_spans(members: list[Coverage]) -> None:
    several = {m.member_id: m.spans for m in members_of(members) if len(m.spans) > 1}
    assert len(several) == 3
    assert several["U70022037"][0].plan != several["U70022037"][1].plan
    before, after = several["U70121843"]
    assert (after.active_from - before.last_day).days > 1


def test_ssn_is_never_issued_when_it_is_a_sample(members: list[Coverage]) -> None:
    rows = load_table(text_of("ssns.csv"), *ssns_format())
    assert {row.member_id for row in rows} <= {member.member_id for member in members}
    digits = [row.ssn.get_secret_value() for row in rows]
    assert all(number.startswith("98765432") for number in digits)
    assert len(digits) - len(set(digits)) == 1


# -- Directory -------------------------------------------------------------------------------------


def test_guides_providers_exist_when_the_directory_is_loaded(
    directory: list[DirectoryEntry],
) -> None:
    [center] = [entry for entry in directory if entry.tin == "203129831"]
    assert center.kind is ProviderKind.FACILITY
    assert center.name == "Cleveland Center for Digestive Health & Endoscopy LLC"
    assert center.address.line_1 == "3700 Park East Drive 100a"
    assert (center.address.city, center.address.zip_code) == ("Beachwood", "44122")
    requesting = [entry for entry in directory if entry.tin == "463778226"]
    assert {entry.name for entry in requesting} == {"Jeffrey Rubinstein"}
    assert {entry.kind for entry in requesting} == {ProviderKind.INDIVIDUAL}


def place_of(zip_code: str) -> Place:
    found = code_sets().place(zip_code)
    assert found is not None, zip_code
    return found


def test_most_providers_are_near_when_searched_from_beachwood(
    directory: list[DirectoryEntry],
) -> None:
    center = place_of("44122")
    away = [
        entry
        for entry in directory
        if miles_between(center, place_of(entry.address.zip_code)) > SEARCH_RADIUS_MILES
    ]
    assert len(directory) >= 120
    assert {entry.kind for entry in away} == set(ProviderKind)
    assert 0 < len(away) <= 10


def test_address_and_tin_have_to_be_chosen_when_a_provider_has_several(
    directory: list[DirectoryEntry],
) -> None:
    by_npi: dict[str, list[DirectoryEntry]] = {}
    for entry in directory:
        by_npi.setdefault(entry.npi, []).append(entry)
    assert any(len({entry.address for entry in same}) > 1 for same in by_npi.values())
    assert any(len({entry.tin for entry in same}) > 1 for same in by_npi.values())


def test_npi_is_never_issued_when_it_is_a_sample(directory: list[DirectoryEntry]) -> None:
    guides = {"203129831", "463778226"}
    assert all(entry.npi.startswith("8") for entry in directory)
    assert all(entry.tin.startswith("69") for entry in directory if entry.tin not in guides)
    assert all(entry.phone and entry.phone[3:7] == "5550" for entry in directory)


# -- Rules -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "code_type", "setting", "expected", "vendor_id"),
    [
        ("44120", CodeType.CPT, INPATIENT, Requirement.REQUIRED, None),
        ("44140", CodeType.CPT, INPATIENT, Requirement.REQUIRED, None),
        ("47562", CodeType.CPT, INPATIENT, Requirement.REQUIRED, None),
        ("47562", CodeType.CPT, OUTPATIENT, Requirement.NOT_REQUIRED, None),
        ("99213", CodeType.CPT, OUTPATIENT, Requirement.NOT_REQUIRED, None),
        ("99215", CodeType.CPT, INPATIENT, Requirement.NOT_REQUIRED, None),
        ("27447", CodeType.CPT, INPATIENT, Requirement.DELEGATED_VENDOR, "EVICORE-MSK"),
        ("62321", CodeType.CPT, OUTPATIENT, Requirement.DELEGATED_VENDOR, "EVICORE-MSK"),
        ("70551", CodeType.CPT, OUTPATIENT, Requirement.DELEGATED_VENDOR, "EVICORE-RAD"),
        ("70551", CodeType.CPT, INPATIENT, Requirement.NOT_REQUIRED, None),
        ("78452", CodeType.CPT, OUTPATIENT, Requirement.DELEGATED_VENDOR, "EVICORE-RAD"),
        ("77385", CodeType.CPT, OUTPATIENT, Requirement.DELEGATED_VENDOR, "EVICORE-RT"),
        ("J9271", CodeType.HCPCS, OUTPATIENT, Requirement.DELEGATED_VENDOR, "EVICORE-ONC"),
        ("E0601", CodeType.HCPCS, OUTPATIENT, Requirement.DELEGATED_VENDOR, "EVICORE-DME"),
        ("K0823", CodeType.HCPCS, OUTPATIENT, Requirement.DELEGATED_VENDOR, "EVICORE-DME"),
        ("V5257", CodeType.HCPCS, OUTPATIENT, Requirement.DELEGATED_VENDOR, "AMPLIFON"),
        ("0001U", CodeType.CPT, OUTPATIENT, Requirement.DELEGATED_VENDOR, "LABCORP"),
        ("80053", CodeType.CPT, OUTPATIENT, Requirement.NOT_REQUIRED, None),
        ("81162", CodeType.CPT, OUTPATIENT, Requirement.REQUIRED, None),
        ("J1745", CodeType.HCPCS, OUTPATIENT, Requirement.REQUIRED, None),
        ("J0222", CodeType.HCPCS, OUTPATIENT, Requirement.UNABLE_TO_DETERMINE, None),
        ("G0299", CodeType.HCPCS, OUTPATIENT, Requirement.NOT_REQUIRED, None),
        ("99284", CodeType.CPT, OUTPATIENT, Requirement.NOT_REQUIRED, None),
        ("450", CodeType.REVENUE, OUTPATIENT, Requirement.NOT_REQUIRED, None),
        ("0120", CodeType.REVENUE, INPATIENT, Requirement.REQUIRED, None),
        ("330", CodeType.DRG, INPATIENT, Requirement.REQUIRED, None),
        ("470", CodeType.DRG, INPATIENT, Requirement.DELEGATED_VENDOR, "EVICORE-MSK"),
    ],
)
def test_answer_is_the_intended_one_when_sample_rules_are_checked(
    rules: list[Rule],
    code: str,
    code_type: CodeType,
    setting: AuthorizationType,
    expected: Requirement,
    vendor_id: str | None,
) -> None:
    place = "HOME" if code_type is CodeType.HCPCS and code[0] in "EK" else None
    for on in (GUIDES_DAY, TODAY):
        query = CodeQuery(code, code_type, on, "OAP", setting, "COMMERCIAL", None, place)
        answer = answer_code(query, rules)
        assert (answer.requirement, answer.vendor_id) == (expected, vendor_id)


@pytest.mark.parametrize(
    ("plan_type", "expected"),
    [("HMO", Requirement.REQUIRED), ("PPO", Requirement.NOT_REQUIRED)],
)
def test_answer_depends_on_the_plan_when_a_rule_names_plan_types(
    rules: list[Rule], plan_type: str, expected: Requirement
) -> None:
    query = CodeQuery("95810", CodeType.CPT, TODAY, plan_type, OUTPATIENT)
    assert answer_code(query, rules).requirement is expected


def test_answer_changes_when_a_rule_ends(rules: list[Rule]) -> None:
    found = [
        answer_code(CodeQuery("J7321", CodeType.HCPCS, on, "OAP", OUTPATIENT), rules).requirement
        for on in (date(2026, 6, 30), date(2026, 7, 1))
    ]
    assert found == [Requirement.REQUIRED, Requirement.NOT_REQUIRED]


FAMILIES: Final = {
    "MSK": ("DELEGATED_VENDOR", "EVICORE-MSK", None),
    "RAD-CT": ("DELEGATED_VENDOR", "EVICORE-RAD", None),
    "RAD-HEART": ("DELEGATED_VENDOR", "EVICORE-RAD", None),
    "RT": ("DELEGATED_VENDOR", "EVICORE-RT", None),
    "DRUG-ONCOLOGY": ("DELEGATED_VENDOR", "EVICORE-ONC", None),
    "DRUG-SELF": ("DELEGATED_VENDOR", "PHARMACY-BENEFIT", "pharmacy_benefit"),
    "DME-BEDS": ("DELEGATED_VENDOR", "EVICORE-DME", None),
    "HEARING-AIDS": ("DELEGATED_VENDOR", "AMPLIFON", None),
    "LAB-PROPRIETARY": ("DELEGATED_VENDOR", "LABCORP", None),
    "LAB-ALGORITHM": ("DELEGATED_VENDOR", "QUEST", None),
    "LAB-ROUTINE": ("NOT_REQUIRED", None, "national_laboratory"),
    "HOME": ("NOT_REQUIRED", None, "home_health"),
    "REV-HOME-HEALTH": ("NOT_REQUIRED", None, "home_health"),
}


@pytest.mark.parametrize(("family", "expected"), FAMILIES.items(), ids=FAMILIES)
def test_code_family_has_its_intended_requirement_when_delegated_or_ordered(
    rules: list[Rule], family: str, expected: tuple[str, str | None, str | None]
) -> None:
    found = {
        (rule.requirement.value, rule.vendor_id, rule.guidance)
        for rule in rules
        if rule.rule_id == family or rule.rule_id.startswith(f"{family}-")
    }
    assert found == {expected}


def test_equipment_is_delegated_to_the_vendor_when_used_at_home_only(rules: list[Rule]) -> None:
    def requested(place: str) -> Requirement:
        query = CodeQuery("E0601", CodeType.HCPCS, TODAY, "OAP", OUTPATIENT, None, "DME", place)
        return answer_code(query, rules).requirement

    assert requested("HOME") is Requirement.DELEGATED_VENDOR
    assert requested("OFFICE") is Requirement.UNABLE_TO_DETERMINE


def test_predetermination_is_offered_when_the_plan_has_it(rules: list[Rule]) -> None:
    def requested(plan_type: str) -> tuple[Requirement, bool]:
        query = CodeQuery("67311", CodeType.CPT, TODAY, plan_type, OUTPATIENT)
        answer = answer_code(query, rules)
        return answer.requirement, answer.predetermination

    assert requested("PPO") == (Requirement.NOT_REQUIRED, True)
    assert requested("HMO") == (Requirement.NOT_REQUIRED, False)


def test_no_rule_overlaps_another_when_sample_rules_are_validated(
    vendors: list[DelegatedVendor], payer: Payer
) -> None:
    rows = load_rule_rows(text_of("rules.csv"), {one.vendor_id for one in vendors}, payer)
    found = [warning.message for warning in warnings(rows)]
    assert found
    assert all(message.startswith("no rule names") for message in found)


def test_every_delegated_vendor_exists_when_rules_are_loaded(
    rules: list[Rule], vendors: list[DelegatedVendor]
) -> None:
    named = {rule.vendor_id for rule in rules if rule.vendor_id}
    assert named == {delegate.vendor_id for delegate in vendors}
    assert len(rules) >= 1500
    assert {rule.code_type for rule in rules} == set(CodeType)


def test_equipment_vendor_lists_what_it_needs_when_returned(vendors: list[DelegatedVendor]) -> None:
    [vendor] = [delegate for delegate in vendors if delegate.vendor_id == "EVICORE-DME"]
    assert (vendor.phone, vendor.fax) == ("8666689250", "8666637740")
    assert vendor.care_coordination is not None
    assert vendor.care_coordination.phone == "800-298-4806, option 7, extension 20142"
    requested = " ".join(vendor.requirements).casefold()
    for thing in (
        "date of birth",
        "referring",
        "rendering",
        "prescription",
        "medical necessity",
        "invoice",
        "diagnosis",
        "history or notes",
        "rental or purchase and units",
        "used the items before",
    ):
        assert thing in requested


@pytest.mark.parametrize(
    "name", ["plans.csv", "members.csv", "providers.csv", "rules.csv", "vendors.csv"]
)
def test_file_is_plain_text_when_it_is_in_the_repository(name: str) -> None:
    content = (DATA / "sample" / name).read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    assert content.endswith(b"\n")
    rows = list(csv.reader(content.decode().splitlines()))
    assert len({len(row) for row in rows}) == 1


@pytest.mark.rule("C10")
def test_holidays_are_the_federal_ones_when_business_days_are_counted(payer: Payer) -> None:
    retained = payer.business_calendar.holidays
    years = {day.year for day in retained}
    assert len(years) >= 5
    assert retained == set(holidays.country_holidays("US", years=sorted(years)))


def test_attachment_codes_are_those_of_the_guide_when_shipped(payer: Payer) -> None:
    codes = pas_validator().facts["value_sets"][
        "http://hl7.org/fhir/us/davinci-pas/ValueSet/pas-loinc-attachment-codes"
    ]
    assert {(systems.LOINC, code) for code in payer.attachment_codes.values()} <= {
        tuple(one) for one in codes
    }
