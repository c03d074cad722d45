"""The answer of a rule list for a code (C6), and the overall result of a check (C7)."""

from datetime import date
from typing import Any

import pytest

from precert.domain.codes import family_of, ordinal_of
from precert.domain.rules import CodeQuery, CodeResult, Requirement, Rule, answer_code, overall
from precert.domain.values import AuthorizationType, CodeType

DAY = date(2026, 7, 1)
SETS = ("plan_types", "lines_of_business", "types_of_service", "places_of_service")


def rule(rule_id: str, code_from: str, code_to: str | None = None, **changes: Any) -> Rule:
    fields: dict[str, Any] = {
        "rule_id": rule_id,
        "code_type": CodeType.CPT,
        "code_from": code_from,
        "code_to": code_to or code_from,
        "requirement": Requirement.REQUIRED,
        "effective_from": date(2026, 1, 1),
    }
    conditions = {name: frozenset(v) if name.endswith(SETS) else v for name, v in changes.items()}
    return Rule(**(fields | conditions))


def query(code: str, **changes: Any) -> CodeQuery:
    fields: dict[str, Any] = {
        "code": code,
        "code_type": CodeType.CPT,
        "on": DAY,
        "plan_type": "OAP",
        "authorization_type": AuthorizationType.INPATIENT,
        "line_of_business": "COMMERCIAL",
        "type_of_service": "SURGICAL_INPATIENT",
        "place_of_service": "SURGICAL",
    }
    return CodeQuery(**(fields | changes))


def decided_by(requested: CodeQuery, *rules: Rule) -> str | None:
    """The rule that answers, for any order of the list."""
    forth = answer_code(requested, rules)
    assert answer_code(requested, reversed(rules)) == forth
    return forth.rule_id


def answer(requirement: Requirement) -> CodeResult:
    return CodeResult("44120", CodeType.CPT, requirement)


@pytest.mark.rule("C6")
@pytest.mark.parametrize(
    ("requirement", "vendor_id"),
    [
        (Requirement.REQUIRED, None),
        (Requirement.NOT_REQUIRED, None),
        (Requirement.DELEGATED_VENDOR, "VENDOR"),
    ],
)
def test_answer_is_the_rules_when_one_covers_the_code(
    requirement: Requirement, vendor_id: str | None
) -> None:
    only = rule("R1", "44120", requirement=requirement, vendor_id=vendor_id)
    assert answer_code(query("44120"), [only]) == CodeResult(
        "44120", CodeType.CPT, requirement, "R1", vendor_id, date(2026, 1, 1)
    )


def test_answer_has_the_rules_texts_when_it_has_some() -> None:
    only = rule("R1", "44120", label="Bowel", guidance="home_health", predetermination=True)
    found = answer_code(query("44120"), [only])
    assert (found.label, found.guidance, found.predetermination) == ("Bowel", "home_health", True)


@pytest.mark.rule("C6")
@pytest.mark.parametrize(
    "requested",
    [
        query("44121"),
        query("44120", code_type=CodeType.HCPCS),
        query("44120", authorization_type=AuthorizationType.OUTPATIENT),
        query("44120", plan_type="PPO"),
        query("44120", line_of_business=None),
        query("44120", type_of_service="OBSERVATION"),
        query("44120", place_of_service="OFFICE"),
        query("44120", on=date(2025, 12, 31)),
        query("44120", on=date(2027, 1, 1)),
    ],
    ids=[
        "code",
        "code set",
        "setting",
        "plan type",
        "line of business",
        "type of service",
        "place of service",
        "too early",
        "too late",
    ],
)
def test_answer_is_unable_to_determine_when_no_rule_covers_it(requested: CodeQuery) -> None:
    narrow = rule(
        "R1",
        "44120",
        requirement=Requirement.NOT_REQUIRED,
        authorization_type=AuthorizationType.INPATIENT,
        plan_types=["OAP"],
        lines_of_business=["COMMERCIAL"],
        types_of_service=["SURGICAL_INPATIENT"],
        places_of_service=["SURGICAL"],
        effective_to=date(2026, 12, 31),
    )
    assert answer_code(query("44120"), [narrow]).requirement is Requirement.NOT_REQUIRED
    found = answer_code(requested, [narrow])
    assert found.requirement is Requirement.UNABLE_TO_DETERMINE
    assert found.rule_id is None


@pytest.mark.rule("C6")
@pytest.mark.parametrize("on", [date(2026, 1, 1), date(2026, 6, 30)])
def test_rule_is_in_effect_when_the_day_is_its_first_or_last(on: date) -> None:
    limited = rule("R1", "44120", effective_to=date(2026, 6, 30))
    assert decided_by(query("44120", on=on), limited) == "R1"


@pytest.mark.parametrize("code", ["44005", "44120", "44238"])
def test_range_covers_a_code_when_it_is_between_its_ends(code: str) -> None:
    assert decided_by(query(code), rule("R1", "44005", "44238")) == "R1"


@pytest.mark.parametrize("code", ["44004", "44239", "4412T", "441", "4412"])
def test_range_excludes_a_code_when_it_is_outside_or_of_another_format(code: str) -> None:
    assert decided_by(query(code), rule("R1", "44005", "44238")) is None


@pytest.mark.parametrize("code", ["2029F", "3008F", "1111T"])
def test_numeric_range_does_not_apply_when_a_code_ends_with_a_letter(code: str) -> None:
    surgery = rule("R1", "10004", "69990", requirement=Requirement.NOT_REQUIRED)
    assert answer_code(query(code), [surgery]).requirement is Requirement.UNABLE_TO_DETERMINE


def test_range_with_a_suffix_does_not_apply_when_a_code_ends_with_another() -> None:
    emerging = rule("R1", "0042T", "0999T")
    assert decided_by(query("0500T"), emerging) == "R1"
    assert decided_by(query("0500U"), emerging) is None
    assert decided_by(query("0500F"), emerging) is None


@pytest.mark.parametrize("requested", ["450", "0450"])
def test_revenue_code_matches_when_the_leading_zero_differs(requested: str) -> None:
    emergency = rule("R1", "0450", code_type=CodeType.REVENUE)
    assert decided_by(query(requested, code_type=CodeType.REVENUE), emergency) == "R1"


def test_drg_does_not_match_when_the_rule_is_for_revenue_codes() -> None:
    room = rule("R1", "0329", code_type=CodeType.REVENUE)
    assert decided_by(query("329", code_type=CodeType.DRG), room) is None


@pytest.mark.rule("C6")
def test_single_code_takes_precedence_when_a_range_with_more_conditions_covers_it_too() -> None:
    single = rule("R1", "44120")
    broad = rule(
        "R2",
        "44005",
        "44238",
        authorization_type=AuthorizationType.INPATIENT,
        plan_types=["OAP"],
        effective_from=date(2026, 6, 1),
    )
    assert decided_by(query("44120"), broad, single) == "R1"


@pytest.mark.rule("C6")
def test_narrow_range_takes_precedence_when_a_newer_broad_one_covers_the_code_too() -> None:
    narrow = rule("R1", "44100", "44199")
    broad = rule("R2", "10004", "69990", effective_from=date(2026, 6, 1))
    assert decided_by(query("44120"), broad, narrow) == "R1"


@pytest.mark.rule("C6")
def test_rule_with_conditions_takes_precedence_when_codes_are_the_same() -> None:
    general = rule("R9", "44120", effective_from=date(2026, 6, 1))
    setting = rule("R1", "44120", authorization_type=AuthorizationType.INPATIENT)
    both = rule(
        "R0", "44120", authorization_type=AuthorizationType.INPATIENT, plan_types=["OAP", "PPO"]
    )
    assert decided_by(query("44120"), general, setting) == "R1"
    assert decided_by(query("44120"), general, setting, both) == "R0"


@pytest.mark.rule("C6")
def test_newest_rule_takes_precedence_when_all_else_is_equal() -> None:
    older = rule("R9", "44120")
    newer = rule("R1", "44120", effective_from=date(2026, 6, 1))
    assert decided_by(query("44120"), newer, older) == "R1"
    assert decided_by(query("44120", on=date(2026, 5, 31)), newer, older) == "R9"


def test_answer_is_identical_when_equal_rules_are_reordered() -> None:
    assert decided_by(query("44120"), rule("R1", "44120"), rule("R2", "44120")) == "R2"


@pytest.mark.rule("C6")
def test_range_of_fewest_codes_takes_precedence_when_its_ends_look_further_apart() -> None:
    # 0150 to 0249 and 0100 to 0199 have equally many codes; 0195 to 0205 has fewer, though it
    # crosses a carry.
    broad = rule("R9", "0100", "0199", code_type=CodeType.REVENUE)
    carrying = rule("R1", "0195", "0205", code_type=CodeType.REVENUE)
    assert decided_by(query("0197", code_type=CodeType.REVENUE), broad, carrying) == "R1"
    assert broad.width == rule("R2", "0150", "0249", code_type=CodeType.REVENUE).width == 99


@pytest.mark.parametrize(
    "condition",
    [
        {"plan_types": ["OAP"]},
        {"lines_of_business": ["COMMERCIAL"]},
        {"types_of_service": ["SURGICAL_INPATIENT", "MATERNITY"]},
        {"places_of_service": ["SURGICAL"]},
    ],
    ids=lambda case: next(iter(case)),
)
def test_each_condition_counts_when_codes_are_the_same(condition: dict[str, Any]) -> None:
    general = rule("R9", "44120", effective_from=date(2026, 6, 1))
    assert decided_by(query("44120"), general, rule("R1", "44120", **condition)) == "R1"


@pytest.mark.parametrize(
    ("code", "code_type", "family", "ordinal"),
    [
        ("44120", CodeType.CPT, "CPT 00000", 44120),
        ("2029F", CodeType.CPT, "CPT 0000F", 2029),
        ("B0001", CodeType.HCPCS, "HCPCS A0000", 10001),
        ("0450", CodeType.REVENUE, "REVENUE 0000", 450),
        ("470", CodeType.DRG, "DRG 000", 470),
    ],
)
def test_codes_are_counted_within_their_family_when_compared(
    code: str, code_type: CodeType, family: str, ordinal: int
) -> None:
    assert family_of(code, code_type) == family
    assert ordinal_of(code) == ordinal


@pytest.mark.rule("C7")
def test_overall_requirement_is_not_required_when_every_code_is() -> None:
    assert overall([Requirement.NOT_REQUIRED] * 3) is Requirement.NOT_REQUIRED


@pytest.mark.rule("C7")
@pytest.mark.parametrize(
    "other", [Requirement.REQUIRED, Requirement.DELEGATED_VENDOR, Requirement.UNABLE_TO_DETERMINE]
)
def test_overall_requirement_differs_when_one_code_differs(other: Requirement) -> None:
    assert overall([Requirement.NOT_REQUIRED, other, Requirement.NOT_REQUIRED]) is other


def test_overall_requirement_is_the_most_demanding_when_answers_differ() -> None:
    every = list(reversed(Requirement))
    assert overall(every) is Requirement.REQUIRED
    assert overall(every[:-2]) is Requirement.DELEGATED_VENDOR


@pytest.mark.rule("C7")
def test_overall_requirement_is_unable_to_determine_when_there_are_no_codes() -> None:
    assert overall([]) is Requirement.UNABLE_TO_DETERMINE
