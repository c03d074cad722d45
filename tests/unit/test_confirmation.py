"""The confirmation that nothing in a check needs precertification."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest

from precert.domain.caller import Caller
from precert.domain.content import RequestContent
from precert.domain.coverage import Coverage
from precert.domain.errors import (
    FieldError,
    InvalidInputError,
    NoConfirmationError,
    NotEntitledError,
)
from precert.domain.next_steps import emergency_notice
from precert.domain.rules import CodeResult, Requirement, RuleListVersion, overall
from precert.domain.values import CodeType
from precert.domain.wording import (
    written_address,
    written_day,
    written_diagnosis,
    written_moment,
    written_units,
)
from precert.names import Entitlement
from precert.usecases.checks import CheckResult
from precert.usecases.confirmation import confirm_check
from tests.fakes import samples
from tests.fakes.clock import START

CALLER: Final = Caller(subject="provider", entitlements=frozenset(Entitlement))
COVERAGE: Final = Coverage.model_validate(
    {
        **samples.PATIENT,
        "account": "0001",
        "account_name": "Sample Account",
        "plan": samples.PLAN,
        "active_from": "2026-01-01",
    }
)
FREE: Final = Requirement.NOT_REQUIRED


@dataclass
class Paper:
    """A printer that records its input."""

    printed: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def print(self, template: str, data: Mapping[str, Any]) -> bytes:
        self.printed.append((template, data))
        return b"%PDF-"


def checked(
    content: RequestContent, *requirements: Requirement, at: datetime = START
) -> CheckResult:
    """The response of a check with these requirements, one per code in the order requested."""
    expected = iter(requirements)
    services = tuple(
        tuple(
            CodeResult(
                line.code, line.code_type or CodeType.CPT, next(expected), f"RULE-{line.code}"
            )
            for line in service.procedures
        )
        for service in content.services
    )
    return CheckResult(
        services=services,
        requirement=overall(code.requirement for codes in services for code in codes),
        rule_list=RuleListVersion("2026-01", date(2026, 1, 1), "", "", START),
        coverage=COVERAGE,
        checked_at=at,
        content=content,
        assertion_id="CHK-260701150000-7Q2W8F5Y1ZT4XK6M",
    )


def confirmed(content: RequestContent, *requirements: Requirement) -> Any:
    """The input of the printer."""
    paper = Paper()
    answer = checked(content, *requirements)
    confirmation = confirm_check(
        content, CALLER, check=lambda *_: answer, payer=samples.payer(), printer=paper
    )
    assert confirmation.document == b"%PDF-"
    ((template, facts),) = paper.printed
    assert template == "confirmation"
    return facts


def refusal(content: RequestContent, *requirements: Requirement) -> NoConfirmationError:
    paper = Paper()
    answer = checked(content, *requirements)
    with pytest.raises(NoConfirmationError) as caught:
        confirm_check(
            content, CALLER, check=lambda *_: answer, payer=samples.payer(), printer=paper
        )
    assert paper.printed == []
    return caught.value


@pytest.mark.parametrize("other", [kind for kind in Requirement if kind is not FREE])
def test_nothing_is_printed_when_one_of_many_codes_needs_precertification(
    other: Requirement,
) -> None:
    for requirements in ((FREE, other), (other, FREE)):
        error = refusal(samples.content(), *requirements)
        assert error.code == "confirmation_not_available"
        assert error.extensions == {"requirement": other}
        assert error.detail.startswith("No confirmation is available: ")


def test_confirmation_states_the_check_when_nothing_needs_precertification() -> None:
    facts = confirmed(samples.content(), FREE, FREE)
    assert facts["payer"]["name"] == "Sample Health Plan"
    assert facts["checked_at"] == "July 1, 2026, 11:00 AM EDT"
    assert facts["reference"] == "CHK-260701150000-7Q2W8F5Y1ZT4XK6M"
    assert facts["rule_list"] == {"version": "2026-01", "effective_from": "January 1, 2026"}
    assert facts["patient"] == {
        "name": "Allison Adams",
        "date_of_birth": "January 1, 1986",
        "member_id": "849382930",
        "plan": "Open Access Plus 1500",
    }
    assert facts["provider"] == {
        "name": "Cleveland Center for Digestive Health & Endoscopy LLC",
        "kind": "Facility",
        "tin": "20-3129831",
        "npi": "8001041853",
        "phone": "(216) 555-0188",
        "fax": "(216) 555-0198",
        "address": ["3700 Park East Drive 100a", "Beachwood, OH 44122"],
    }


def test_every_field_of_a_service_is_printed_when_it_was_entered() -> None:
    (service,) = confirmed(samples.content(), FREE, FREE)["services"]
    assert service["title"] == "Surgical Inpatient"
    assert [field["value"] for field in service["fields"]] == [
        *("Inpatient", "Surgical Inpatient", "Surgical (POS\u00a021)", "Standard"),
        *("July 20, 2026", "3", "K56.50", "E11.22, Z98.84"),
    ]
    labels = {field.name: field.label for field in samples.payer().form.fields["service"]}
    assert service["fields"][0]["label"] == labels["authorization_type"]
    lines = service["codes"]
    assert lines[1] == {
        "code": "44121",
        "code_set": "CPT",
        "modifiers": "50, 51",
        "starts": "July 20, 2026",
        "units": "2 units",
        "label": None,
        "rule": "RULE-44121",
    }


def test_drug_is_printed_when_one_was_entered() -> None:
    drug = {"name": "Infliximab", "frequency": "EVERY_8_WEEKS", "route": "INTRAVENOUS_INFUSION"}
    infusion = {**samples.OFFICE_VISIT, "type_of_service": "MEDICAL_PHARMACY", "medication": drug}
    (service,) = confirmed(samples.content(services=[infusion]), FREE)["services"]
    result = [field["value"] for field in service["fields"]]
    assert {"Infliximab", "Every eight weeks", "Intravenous infusion"} <= set(result)


@pytest.mark.rule("C15")
def test_notices_are_the_payers_when_a_confirmation_is_printed() -> None:
    payer = samples.payer()
    notices = confirmed(samples.content(), FREE, FREE)["notices"]
    assert notices[:2] == [payer.notices["confirmation"], payer.notices["no_guarantee"]]


def test_confirmation_states_the_notification_duty_when_it_is_an_emergency_admission() -> None:
    stay = {**samples.entered()["services"][0], "urgency": "EMERGENCY"}
    notices = confirmed(samples.content(services=[stay]), FREE, FREE)["notices"]
    assert emergency_notice(samples.payer()) in notices


def test_date_is_in_the_payers_zone_when_it_differs_from_utc() -> None:
    late = datetime(2026, 1, 1, 3, 5, tzinfo=UTC)
    content, paper = samples.content(), Paper()
    confirmation = confirm_check(
        content,
        CALLER,
        check=lambda *_: checked(content, FREE, FREE, at=late),
        payer=samples.payer(),
        printer=paper,
    )
    assert confirmation.printed_on == date(2025, 12, 31)
    assert paper.printed[0][1]["checked_at"] == "December 31, 2025, 10:05 PM EST"


def test_every_missing_field_is_listed_when_the_check_has_errors_too() -> None:
    def check(_content: RequestContent, _caller: Caller) -> CheckResult:
        raise InvalidInputError(
            [FieldError("/content/services", "missing", "add at least one service")]
        )

    content = samples.content(servicing_provider={"kind": "FACILITY"})
    with pytest.raises(InvalidInputError) as caught:
        confirm_check(content, CALLER, check=check, payer=samples.payer(), printer=Paper())
    assert [error.pointer for error in caught.value.errors] == [
        "/content/services",
        "/content/servicing_provider/name",
        "/content/servicing_provider/tin",
        "/content/servicing_provider/address",
    ]


def test_provider_is_required_when_a_confirmation_follows_a_check_without_one() -> None:
    content = samples.content(servicing_provider={"kind": "FACILITY", "name": "A Clinic"})
    with pytest.raises(InvalidInputError) as caught:
        confirmed(content, FREE, FREE)
    assert {error.pointer.rpartition("/")[2] for error in caught.value.errors} == {"tin", "address"}


def test_entitlement_is_checked_first_when_the_provider_is_missing() -> None:
    def check(_content: RequestContent, caller: Caller) -> CheckResult:
        caller.require(Entitlement.PATIENT_SEARCH)
        raise AssertionError

    stranger = Caller(subject="another-user")
    content = samples.content(servicing_provider={})
    with pytest.raises(NotEntitledError):
        confirm_check(content, stranger, check=check, payer=samples.payer(), printer=Paper())


# -- wording ------------------------------------------------------------------------------------------


def test_noon_and_midnight_are_twelve_when_a_time_is_formatted() -> None:
    assert written_moment(datetime(2026, 3, 5, 0, 7, tzinfo=UTC)) == "March 5, 2026, 12:07 AM UTC"
    assert written_moment(datetime(2026, 3, 5, 12, 0, tzinfo=UTC)) == "March 5, 2026, 12:00 PM UTC"
    assert written_day(date(2026, 3, 5)) == "March 5, 2026"


def test_dot_follows_the_third_character_when_a_diagnosis_is_longer() -> None:
    assert [written_diagnosis(code) for code in ("K55", "S72001A")] == ["K55", "S72.001A"]


def test_unit_is_singular_when_one_unit_is_formatted() -> None:
    assert written_units(1, "Visits") == "1 visit"
    assert written_units(2, "Visits") == "2 visits"
    assert written_units(3, None) == "3"


def test_second_address_line_is_printed_when_an_address_has_one() -> None:
    provider = samples.content().requesting_provider
    assert provider is not None
    assert provider.address is not None
    assert written_address(provider.address) == [
        "4430 Canalside Way",
        "Suite 310",
        "Beachwood, OH 44122",
    ]
