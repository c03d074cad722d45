"""The rule list file: columns, contradictions within and between rows, overlaps and gaps."""

from datetime import date

import pytest

from precert.domain.loading import LoadingError, RowError, load_rules
from precert.domain.loading_rules import load_rule_rows, warnings
from precert.domain.rules import Requirement
from precert.domain.values import AuthorizationType
from tests.fakes.samples import payer

OLD = (
    "rule_id,code_type,code_from,code_to,requirement,vendor_id,authorization_type,plan_types,"
    "effective_from,effective_to"
)
HEADER = (
    f"{OLD},lines_of_business,types_of_service,places_of_service,auto_approve_max_units,"
    "auto_approve_max_days,required_documentation,label,guidance,predetermination\n"
)


def errors(rows: str, *, header: str = HEADER) -> list[tuple[int, str]]:
    with pytest.raises(LoadingError) as error:
        load_rules(header + rows, {"RAD"}, payer())
    return [(error.row, error.column) for error in error.value.errors]


def result(rows: str) -> list[tuple[int, str]]:
    """Warnings: the line, and the words that identify the warning."""
    found = warnings(load_rule_rows(HEADER + rows, {"RAD"}))
    return [(warning.row, " ".join(warning.message.split()[:6])) for warning in found]


def row(rule_id: str, codes: str = "44120", requirement: str = "REQUIRED", **cells: str) -> str:
    first, _, last = codes.partition("-")
    cells = {
        "rule_id": rule_id,
        "code_type": "CPT",
        "code_from": first,
        "code_to": last or first,
        "requirement": requirement,
        "effective_from": "2026-01-01",
    } | cells
    return ",".join(cells.get(name, "") for name in HEADER.strip().split(",")) + "\n"


def test_rule_has_every_column_when_all_are_filled_in() -> None:
    cells = {
        "authorization_type": "OUTPATIENT",
        "plan_types": "HMO | EPO",
        "effective_to": "2026-12-31",
        "lines_of_business": "MEDICARE_ADVANTAGE",
        "types_of_service": "OUTPATIENT_SURGERY",
        "places_of_service": "OFFICE|SURGERY_CENTER",
        "auto_approve_max_units": "4",
        "auto_approve_max_days": "2",
        "required_documentation": "PHOTOGRAPHS|CLINICAL_NOTES",
        "label": "Small surgery",
        "guidance": "home_health",
    }
    [rule] = load_rules(HEADER + row("R1", "44005-44238", **cells), (), payer())
    assert (rule.code_from, rule.code_to) == ("44005", "44238")
    assert rule.requirement is Requirement.REQUIRED
    assert rule.authorization_type is AuthorizationType.OUTPATIENT
    assert rule.plan_types == {"HMO", "EPO"}
    assert (rule.effective_from, rule.effective_to) == (date(2026, 1, 1), date(2026, 12, 31))
    assert rule.lines_of_business == {"MEDICARE_ADVANTAGE"}
    assert rule.types_of_service == {"OUTPATIENT_SURGERY"}
    assert rule.places_of_service == {"OFFICE", "SURGERY_CENTER"}
    assert (rule.auto_approve_max_units, rule.auto_approve_max_days) == (4, 2)
    assert rule.required_documentation == ("PHOTOGRAPHS", "CLINICAL_NOTES")
    assert (rule.label, rule.guidance) == ("Small surgery", "home_health")
    assert not rule.predetermination


def test_rule_is_never_automatic_when_limits_are_empty() -> None:
    [rule] = load_rules(HEADER + row("R1"))
    assert (rule.auto_approve_max_units, rule.auto_approve_max_days) == (None, None)


def test_columns_are_optional_when_they_are_not_used() -> None:
    text = f"{OLD}\nR1,CPT,44120,44120,REQUIRED,,,,2026-01-01,\n"
    [rule] = load_rules(text, (), payer())
    assert rule.required_documentation == ()


def test_column_is_reported_when_its_name_is_unknown() -> None:
    assert errors("", header=HEADER.replace("guidance", "guidence") + row("R1")) == [
        (1, "guidence")
    ]


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"lines_of_business": "PRIVATE"}, "lines_of_business"),
        ({"types_of_service": "SURGERY"}, "types_of_service"),
        ({"places_of_service": "OFFICE|MOON"}, "places_of_service"),
        ({"auto_approve_max_units": "0"}, "auto_approve_max_units"),
        ({"auto_approve_max_units": "two"}, "auto_approve_max_units"),
        ({"auto_approve_max_days": "-1"}, "auto_approve_max_days"),
        ({"auto_approve_max_days": "1.5"}, "auto_approve_max_days"),
        ({"required_documentation": "XRAY"}, "required_documentation"),
        ({"guidance": "call_us"}, "guidance"),
        ({"label": "x" * 121}, "label"),
        ({"predetermination": "no"}, "predetermination"),
        ({"predetermination": "yes"}, ""),
        ({"requirement": "NOT_REQUIRED", "auto_approve_max_days": "2"}, ""),
        ({"requirement": "NOT_REQUIRED", "required_documentation": "PHOTOGRAPHS"}, ""),
        ({"authorization_type": "INPATIENT", "types_of_service": "OBSERVATION"}, ""),
        ({"types_of_service": "DME", "places_of_service": "OFFICE"}, ""),
        ({"vendor_id": "RAD"}, ""),
        ({"requirement": "DELEGATED_VENDOR"}, ""),
        ({"requirement": "DELEGATED_VENDOR", "vendor_id": "NONE"}, "vendor_id"),
        ({"code_to": "4412T"}, ""),
        ({"code_to": "44119"}, ""),
        ({"code_type": "HCPCS"}, ""),
    ],
)
def test_rule_is_rejected_when_one_or_two_cells_are_wrong(
    cells: dict[str, str], column: str
) -> None:
    assert errors(row("R1", **cells)) == [(2, column)]


def test_every_error_is_listed_when_rows_are_wrong_and_contradictory() -> None:
    rows = (
        row("R1")
        + row("R2", requirement="NOT_REQUIRED")
        + row("R3", "44121", guidance="nowhere", label="\t\x07")
        + row("R4", "44122", effective_to="2025-12-31")
        + row("R1", "44123")
    )
    assert errors(rows) == [(3, ""), (4, "guidance"), (4, "label"), (5, ""), (6, "rule_id")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (row("R1", plan_types="HMO|EPO"), row("R2", plan_types="EPO|HMO")),
        (row("R1", plan_types="HMO"), row("R2", requirement="NOT_REQUIRED", plan_types="HMO|EPO")),
        (
            row("R1", plan_types="HMO"),
            row("R2", requirement="NOT_REQUIRED", authorization_type="INPATIENT"),
        ),
        (row("R1", "44120-44139"), row("R2", "44130-44149", "NOT_REQUIRED")),
        (row("R1", "450", code_type="REVENUE"), row("R2", "0450", code_type="REVENUE")),
        (row("R1"), row("R2", guidance="home_health", plan_types="")),
    ],
    ids=["same", "plans", "plan and setting", "ranges", "leading zero", "guidance"],
)
def test_rules_are_rejected_when_only_their_ids_break_the_tie(first: str, second: str) -> None:
    assert errors(first + second) == [(3, "")]


@pytest.mark.parametrize(
    "second",
    [
        row("R2", requirement="NOT_REQUIRED", plan_types="PPO"),
        row("R2", requirement="NOT_REQUIRED", effective_from="2026-07-01"),
        row("R2", "44120-44121", "NOT_REQUIRED"),
        row("R2", "44121", "NOT_REQUIRED"),
        row("R2", plan_types="HMO|EPO"),
        row("R2", requirement="NOT_REQUIRED"),
    ],
    ids=["other plan", "succession", "range", "other code", "same answer", "more conditions"],
)
def test_rules_are_accepted_without_warning_when_one_takes_precedence(second: str) -> None:
    assert result(row("R1", plan_types="HMO") + second) == []


def test_overlap_is_reported_when_only_the_newer_date_takes_precedence() -> None:
    rows = row("R1", plan_types="HMO|EPO") + row(
        "R2", requirement="NOT_REQUIRED", plan_types="EPO", effective_from="2026-03-01"
    )
    assert result(rows) == [(3, "overlaps rule R1 (line 2), which")]


def test_no_overlap_is_reported_when_the_periods_are_apart() -> None:
    rows = row("R1", plan_types="HMO|EPO", effective_to="2026-02-28") + row(
        "R2", requirement="NOT_REQUIRED", plan_types="EPO", effective_from="2026-03-01"
    )
    assert result(rows) == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (row("R1", "44120-44130") + row("R2", "44132-44140"), "no rule names CPT 44131, which"),
        (row("R1", "44120-44130") + row("R2", "44140"), "no rule names CPT 44131 to"),
        (row("R1", "0042T-0099T") + row("R2", "0150T"), "no rule names CPT 0100T to"),
        (
            row("R1", "A9000-A9990", code_type="HCPCS") + row("R2", "B0002", code_type="HCPCS"),
            "no rule names HCPCS A9991 to",
        ),
    ],
)
def test_gap_is_reported_when_codes_beside_a_range_have_no_rule(rows: str, words: str) -> None:
    assert result(rows) == [(2, words)]


@pytest.mark.parametrize(
    "rows",
    [
        row("R1") + row("R2", "44140"),
        row("R1", "44120-44130") + row("R2", "44131-44140"),
        row("R1", "44120-44130") + row("R2", "44140") + row("R3", "44000-44150"),
        row("R1", "44120-44130") + row("R2", "0042T-0099T"),
    ],
    ids=["single codes", "neighbours", "a broader rule", "another family"],
)
def test_no_gap_is_reported_when_it_is_intended_or_filled(rows: str) -> None:
    assert result(rows) == []


def test_gap_is_reported_when_days_between_two_rules_have_none() -> None:
    first = row("R1", effective_to="2026-06-30")
    late = row("R2", effective_from="2026-07-02")
    assert result(first + late) == [(2, "no rule is in effect from")]
    assert result(first + row("R2", effective_from="2026-07-01")) == []


@pytest.mark.parametrize(
    ("filler", "gap"),
    [
        (row("R3", "44100-44200"), False),
        (row("R3", plan_types="HMO|EPO"), False),
        (row("R3", plan_types="EPO"), True),
        (row("R3", "44100-44200", effective_to="2026-07-01"), True),
    ],
    ids=["range", "broader condition", "another plan", "too short"],
)
def test_no_gap_is_reported_when_another_rule_covers_the_days(filler: str, gap: bool) -> None:
    rows = (
        row("R1", effective_to="2026-06-30", plan_types="HMO")
        + row("R2", effective_from="2026-08-01", plan_types="HMO")
        + filler
    )
    assert any("no rule is in effect" in warning.message for warning in warnings_of(rows)) is gap


def warnings_of(rows: str) -> list[RowError]:
    return warnings(load_rule_rows(HEADER + rows))
