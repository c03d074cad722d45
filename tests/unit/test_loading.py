"""Loading a payer's files: valid files give models, invalid ones list every error at once."""

from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from precert.domain.coverage import MAX_SPANS, Plan, members_of
from precert.domain.errors import PrecertError
from precert.domain.loading import (
    PLAN_TYPES,
    LoadingError,
    RowError,
    ZipPlace,
    load_directory,
    load_members,
    load_plans,
    load_rules,
    load_vendors,
    ssns_format,
    zips_format,
)
from precert.domain.loading_table import load_table
from precert.domain.rules import Requirement
from precert.domain.values import AuthorizationType, CodeType

PLANS = """\
plan_id,name,plan_type,line_of_business,management_level
OAP-1,Open Access,OAP,COMMERCIAL,Complete
"""
MEMBERS_HEADER = (
    "member_id,date_of_birth,last_name,first_name,account,account_name,plan_id,"
    "active_from,active_to\n"
)
ADAMS = '849382930,1986-01-01,Adams,Allison,00472356,"Live Well, Inc.",OAP-1,2024-01-01,\n'
DIRECTORY_HEADER = "provider_id,kind,name,npi,tin,line_1,line_2,city,state,zip_code,phone\n"
CENTER = "P1,FACILITY,Center,1234567893,203129831,3700 Park,,Beachwood,OH,44122,216-555-0100\n"
RULES_HEADER = (
    "rule_id,code_type,code_from,code_to,requirement,vendor_id,authorization_type,plan_types,"
    "effective_from,effective_to\n"
)
VENDORS_HEADER = (
    "vendor_id,name,services,url,phone,fax,hours,requirements,care_phone,care_fax,care_email\n"
)
ZIPS = "zip_code,latitude,longitude\n44122,41.4701,-81.5232\n"


def load_zips(text: str) -> list[ZipPlace]:
    """A table of three required columns, for checks that apply to every file."""
    return load_table(text, *zips_format())


def places(error: pytest.ExceptionInfo[LoadingError]) -> list[tuple[int, str]]:
    return [(error.row, error.column) for error in error.value.errors]


def plans() -> list[Plan]:
    return load_plans(PLANS)


# -- valid files -----------------------------------------------------------------------------------


def test_plan_is_loaded_when_its_row_is_valid() -> None:
    assert plans() == [
        Plan(
            plan_id="OAP-1",
            name="Open Access",
            plan_type="OAP",
            line_of_business="COMMERCIAL",
            management_level="Complete",
        )
    ]


def test_member_has_the_plan_when_its_row_is_valid() -> None:
    [adams] = load_members(MEMBERS_HEADER + ADAMS, plans())
    assert adams.account == "00472356"
    assert adams.account_name == "Live Well, Inc."
    assert adams.plan == plans()[0]
    assert adams.active_to is None


def test_provider_is_loaded_when_its_row_is_valid() -> None:
    [center] = load_directory(DIRECTORY_HEADER + CENTER)
    assert center.address.line_2 is None
    assert center.address.zip_code == "44122"
    assert center.phone == "2165550100"


def test_rule_is_loaded_when_its_row_is_valid() -> None:
    row = "R1,CPT,70450,70498,DELEGATED_VENDOR,RAD,OUTPATIENT,HMO | EPO,2026-01-01,2026-12-31\n"
    [rule] = load_rules(RULES_HEADER + row, {"RAD"})
    assert rule.code_type is CodeType.CPT
    assert rule.requirement is Requirement.DELEGATED_VENDOR
    assert rule.authorization_type is AuthorizationType.OUTPATIENT
    assert rule.plan_types == {"HMO", "EPO"}
    assert (rule.effective_from, rule.effective_to) == (date(2026, 1, 1), date(2026, 12, 31))


def test_revenue_rule_has_four_digits_when_written_with_three() -> None:
    [rule] = load_rules(RULES_HEADER + "R1,REVENUE,450,459,NOT_REQUIRED,,,,2026-01-01,\n")
    assert (rule.code_from, rule.code_to) == ("0450", "0459")


def test_delegated_vendor_is_loaded_when_its_row_is_valid() -> None:
    row = (
        "DME,Vendor,Equipment,https://vendor.example,866-668-9250,,Monday,Prescription | Invoice,"
        '"800-298-4806, option 7",888-444-1027,care@vendor.example\n'
    )
    [vendor] = load_vendors(VENDORS_HEADER + row)
    assert vendor.requirements == ("Prescription", "Invoice")
    assert vendor.phone == "8666689250"
    assert vendor.care_coordination is not None
    assert vendor.care_coordination.phone == "800-298-4806, option 7"


def test_delegated_vendor_has_no_care_coordination_when_its_cells_are_empty() -> None:
    [vendor] = load_vendors(
        VENDORS_HEADER + "LAB,Laboratory,Tests,https://lab.example,,,,Test code,,,\n"
    )
    assert vendor.care_coordination is None
    assert vendor.phone is None


def test_numbers_are_loaded_when_rows_are_valid() -> None:
    assert load_zips(ZIPS) == [ZipPlace(zip_code="44122", latitude=41.4701, longitude=-81.5232)]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + PLANS,
        PLANS.replace("\n", "\r\n"),
        PLANS.replace("\n", "\r"),
        PLANS.removesuffix("\n"),
        PLANS.replace("\n", "\n\n"),
        PLANS.replace(",", " , "),
        PLANS.replace("Complete", '"Complete"'),
    ],
    ids=["mark", "CRLF", "CR", "no last line end", "empty lines", "blanks", "quotes"],
)
def test_file_is_loaded_when_written_by_a_spreadsheet(text: str) -> None:
    assert load_plans(text) == plans()


def test_columns_are_matched_by_name_when_in_another_order() -> None:
    assert load_zips("longitude,zip_code,latitude\n-81.5232,44122,41.4701\n") == load_zips(ZIPS)


# -- invalid files ---------------------------------------------------------------------------------


def test_error_has_the_common_base_class_when_a_file_is_invalid() -> None:
    with pytest.raises(PrecertError) as error:
        load_plans("")
    assert error.value.code == "load_failed"
    assert "errors" in error.value.detail


def test_every_error_is_listed_when_rows_and_columns_are_wrong() -> None:
    text = (
        MEMBERS_HEADER
        + ADAMS
        + '849382930,86-01-01,,Theo,1,"Live\nWell",OAP-2,2024-01-01,\n'
        + "U7001,1986-01-01,Adams\n"
        + "U/7002,1986-02-30,Okafor,Chidi,1,Live Well,OAP-1,,2024-13-01\n"
        + "U70003,1986-01-01,Okafor,Chidi,1,Live Well,OAP-1,2024-01-02,2024-01-01\n"
    )
    with pytest.raises(LoadingError) as error:
        load_members(text, plans())
    assert places(error) == [
        (3, "account_name"),
        (3, "date_of_birth"),
        (3, "last_name"),
        (3, "plan_id"),
        (5, ""),
        (6, "active_from"),
        (6, "active_to"),
        (6, "date_of_birth"),
        (6, "member_id"),
        (7, ""),
    ]


def test_error_states_the_expected_value_when_a_cell_is_wrong() -> None:
    with pytest.raises(LoadingError) as error:
        load_directory(DIRECTORY_HEADER + CENTER.replace("1234567893", "1234567890"))
    assert error.value.errors == (
        RowError(
            2, "npi", "must be an NPI of ten digits with a valid check digit, as in 1234567893"
        ),
    )


def test_error_is_reported_when_a_required_cell_is_empty() -> None:
    with pytest.raises(LoadingError) as error:
        load_zips("zip_code,latitude,longitude\n,41,-81\n")
    assert error.value.errors == (
        RowError(2, "zip_code", "must not be empty; must be five digits, as in 44122"),
    )


def test_cell_values_are_not_repeated_when_they_are_wrong() -> None:
    with pytest.raises(LoadingError) as error:
        load_members(MEMBERS_HEADER + "Secret/1" + ",Secret\t1" * 7 + ",\n", plans())
    assert len(error.value.errors) == 8
    assert "secret" not in f"{error.value.errors} {error.value.detail} {error.value}".casefold()


@pytest.mark.parametrize("text", ["", "\ufeff", "\n\n", "\r\n"])
def test_columns_are_named_when_the_file_is_empty(text: str) -> None:
    with pytest.raises(LoadingError, match="load_failed") as error:
        load_zips(text)
    [found] = error.value.errors
    assert (found.row, found.column) == (1, "")
    assert "zip_code,latitude,longitude" in found.message


def test_file_is_rejected_when_it_has_no_row() -> None:
    with pytest.raises(LoadingError) as error:
        load_zips("zip_code,latitude,longitude\n")
    assert places(error) == [(1, "")]


def test_column_and_cell_errors_are_listed_together_when_both_are_wrong() -> None:
    with pytest.raises(LoadingError) as error:
        load_zips("zip_code,latitude,latitude,height\n4412,41,41,0\n")
    assert places(error) == [(1, "height"), (1, "latitude"), (1, "longitude"), (2, "zip_code")]


def test_line_number_is_the_files_when_rows_are_empty_or_multiline() -> None:
    with pytest.raises(LoadingError) as error:
        load_plans(PLANS + '\n\nOAP-2,"Open\nAccess",OAP,X,Y\nOAP-3,Open,XXX,X,Y\n')
    assert places(error) == [(5, "name"), (7, "plan_type")]


@pytest.mark.parametrize("key", ["44122", " 44122 "])
def test_key_is_rejected_when_it_is_repeated(key: str) -> None:
    with pytest.raises(LoadingError) as error:
        load_zips(f"{ZIPS}\n{key},1,1\n")
    assert error.value.errors == (
        RowError(4, "zip_code", "must be unique; line 2 has the same value"),
    )


def test_member_is_rejected_when_its_id_differs_in_case_only() -> None:
    with pytest.raises(LoadingError) as error:
        load_members(
            MEMBERS_HEADER
            + ADAMS.replace("849382930", "U70001")
            + ADAMS.replace("849382930", "u70001"),
            plans(),
        )
    assert places(error) == [(3, "active_from")]


def test_member_has_several_spans_when_they_are_consecutive() -> None:
    rows = ADAMS.replace("2024-01-01,", "2024-01-01,2024-12-31") + ADAMS.replace("2024", "2025")
    [adams] = members_of(load_members(MEMBERS_HEADER + rows, plans()))
    assert [(span.active_from, span.active_to) for span in adams.spans] == [
        (date(2024, 1, 1), date(2024, 12, 31)),
        (date(2025, 1, 1), None),
    ]


def test_every_span_error_is_listed_when_rows_of_a_member_disagree() -> None:
    text = (
        MEMBERS_HEADER
        + ADAMS
        + ADAMS.replace("Allison", "Alison").replace("1986", "1987").replace("2024", "2023")
        + "U70001,1986-01-01,Okafor,Chidi,1,Live Well,OAP-1,2024-01-01,2024-06-30\n"
        + "U70001,1986-01-01,Okafor,Chidi,1,Live Well,OAP-1,2024-06-30,\n"
    )
    with pytest.raises(LoadingError) as error:
        load_members(text, plans())
    assert places(error) == [
        (2, "active_from"),
        (3, "date_of_birth"),
        (3, "first_name"),
        (5, "active_from"),
    ]
    assert "alison" not in f"{error.value.errors}".casefold()


def test_member_is_rejected_when_it_has_more_spans_than_a_transaction_can_check() -> None:
    rows = [
        ADAMS.replace("2024-01-01,", f"{year}-01-01,{year}-12-31") for year in range(2010, 2019)
    ]
    assert len(rows) == MAX_SPANS + 1
    with pytest.raises(LoadingError) as error:
        load_members(MEMBERS_HEADER + "".join(rows), plans())
    assert places(error) == [(10, "")]


@pytest.mark.rule("P1")
def test_ssn_is_not_repeated_when_its_file_is_invalid() -> None:
    text = "member_id,ssn\n849382930,987-65-432\nU70001,987654321\n849382930,000-12-3456\n"
    with pytest.raises(LoadingError) as error:
        load_table(text, *ssns_format())
    assert places(error) == [(2, "ssn"), (4, "member_id"), (4, "ssn")]
    result = f"{error.value.errors} {error.value} {error.value.__cause__} {error.value.__context__}"
    assert not any(digits in result for digits in ("987-65", "98765", "000-12"))


def test_remaining_rows_are_checked_when_a_row_is_not_csv() -> None:
    with pytest.raises(LoadingError) as error:
        load_zips('zip_code,latitude,longitude\n"44122"x,1,1\n44124,99,1\n"44125,1,1\n')
    assert places(error) == [(2, ""), (3, "latitude"), (4, "")]


@pytest.mark.parametrize("text", ["nan", "inf", "41,4701", "41°"])
def test_location_is_rejected_when_degrees_are_invalid(text: str) -> None:
    with pytest.raises(LoadingError) as error:
        load_zips(f'zip_code,latitude,longitude\n44122,"{text}",-81\n')
    assert places(error) == [(2, "latitude")]


@pytest.mark.parametrize("text", ["20260101", "1767225600", "01/01/2026", "2026-1-1", "2026-02-30"])
def test_date_is_rejected_when_in_another_format(text: str) -> None:
    with pytest.raises(LoadingError) as error:
        load_rules(f"{RULES_HEADER}R1,CPT,44120,44120,REQUIRED,,,,{text},\n")
    assert error.value.errors == (
        RowError(
            2, "effective_from", "must be a date from 1990-01-01 to 2100-12-31, as in 2026-07-01"
        ),
    )


def test_plan_is_rejected_when_its_line_of_business_has_no_clocks() -> None:
    with pytest.raises(LoadingError) as error:
        load_plans(PLANS, {"MEDICARE_ADVANTAGE"})
    assert error.value.errors == (
        RowError(2, "line_of_business", "must be one of MEDICARE_ADVANTAGE"),
    )


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("R1,CPT,44120,44120,DELEGATED_VENDOR,NONE,,,2026-01-01,", "vendor_id"),
        ("R1,CPT,44120,44120,REQUIRED,,,HMO|HM0,2026-01-01,", "plan_types"),
        ("R1,CPT,44120,44120,REQUIRED,,,HMO||EPO,2026-01-01,", "plan_types"),
        ("R1,CPT,44120,44120,required,,,,2026-01-01,", "requirement"),
        ("R1,CPT,44120,44120,REQUIRED,,AMBULATORY,,2026-01-01,", "authorization_type"),
        ("R1,CPT,44120,,REQUIRED,,,,2026-01-01,", "code_to"),
        ("R1,HCPCS,j1745,J1745,REQUIRED,,,,2026-01-01,", "code_from"),
        ("R1,CPT,44120,44119,REQUIRED,,,,2026-01-01,", ""),
        ("R1,CPT,J1745,J1745,REQUIRED,,,,2026-01-01,", ""),
        ("R1,CPT,44120,44120,DELEGATED_VENDOR,,,,2026-01-01,", ""),
        ("R1,CPT,44120,44120,UNABLE_TO_DETERMINE,,,,2026-01-01,", ""),
        ("R1,CPT,44120,44120,REQUIRED,,,,2026-01-01,2025-12-31", ""),
    ],
)
def test_rule_is_rejected_when_it_is_invalid(row: str, column: str) -> None:
    with pytest.raises(LoadingError) as error:
        load_rules(f"{RULES_HEADER}{row}\n", {"RAD"})
    assert places(error) == [(2, column)]


def test_rules_are_rejected_when_two_could_answer() -> None:
    rows = (
        "R1,CPT,44120,44120,REQUIRED,,INPATIENT,HMO|EPO,2026-01-01,\n"
        "R2,CPT,44120,44120,NOT_REQUIRED,,INPATIENT,EPO|HMO,2026-01-01,\n"
        "R3,CPT,44120,44120,NOT_REQUIRED,,INPATIENT,HMO|EPO,2026-07-01,\n"
    )
    with pytest.raises(LoadingError) as error:
        load_rules(RULES_HEADER + rows)
    [found] = error.value.errors
    assert (found.row, found.column) == (3, "")
    assert "R1" in found.message


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("D,V,S,http://v.example,,,,Invoice,,,", "url"),
        ("D,V,S,https://v.example,866-1,,,Invoice,,,", "phone"),
        ("D,V,S,https://v.example,,866-1,,Invoice,,,", "fax"),
        ("D,V,S,https://v.example,,,,,,,", "requirements"),
        ("D,V,S,https://v.example,,,,Invoice||Diagnosis,,,", "requirements"),
        ("D,V,S,https://v.example,,,,Invoice,call,866-1,", "care_fax"),
        ("D,V,S,https://v.example,,,,Invoice,call,,nobody", "care_email"),
        ("D,V,S,https://v.example,,,,Invoice,,,care@v.example", "care_phone"),
    ],
)
def test_delegated_vendor_is_rejected_when_it_is_invalid(row: str, column: str) -> None:
    with pytest.raises(LoadingError) as error:
        load_vendors(f"{VENDORS_HEADER}{row}\n")
    assert places(error) == [(2, column)]


def test_loader_and_plan_have_the_same_types_when_either_changes() -> None:
    field = Plan.model_fields["plan_type"]
    known = TypeAdapter(field.rebuild_annotation())
    assert [known.validate_python(kind) for kind in PLAN_TYPES] == list(PLAN_TYPES)
    assert str(field.metadata).count("|") == len(PLAN_TYPES) - 1
    with pytest.raises(ValidationError):
        known.validate_python("POS")
