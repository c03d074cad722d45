"""The next steps of a check, per code and overall."""

from datetime import date, timedelta
from typing import Any

import pytest

from precert.domain.content import Service
from precert.domain.loading import load_vendors
from precert.domain.next_steps import (
    NextAction,
    NextStep,
    next_step,
    next_step_without_codes,
    notices_of,
)
from precert.domain.rules import CodeResult, DelegatedVendor, Requirement
from precert.domain.values import AuthorizationType, CodeType, Urgency
from tests.fakes.samples import DATA, PLAN, payer

TODAY = date(2026, 7, 1)
NOTICES = payer().notices
VENDORS = {
    one.vendor_id: one
    for one in load_vendors((DATA / "sample" / "vendors.csv").read_text(encoding="utf-8"))
}
INPATIENT, OUTPATIENT = AuthorizationType.INPATIENT, AuthorizationType.OUTPATIENT


def answer(requirement: Requirement, **result: Any) -> CodeResult:
    return CodeResult("44120", CodeType.CPT, requirement, "R1", **result)


def service(
    urgency: Urgency = Urgency.STANDARD,
    where: AuthorizationType = OUTPATIENT,
    day: date = TODAY,
) -> Service:
    dates = {"admission_date" if where is INPATIENT else "service_date": day}
    return Service.model_validate({"authorization_type": where, "urgency": urgency, **dates})


def step(
    result: CodeResult, requested: Service | None = None, delegate: DelegatedVendor | None = None
) -> NextStep:
    return next_step(result, requested or service(), delegate, payer(), TODAY)


def notices(
    *answers: CodeResult, services: tuple[Service, ...] = (), plan_type: str = "OAP"
) -> tuple[str, ...]:
    plan = PLAN.model_copy(update={"plan_type": plan_type})
    found = next((one.requirement for one in answers), Requirement.UNABLE_TO_DETERMINE)
    return notices_of(answers, services, plan, found, payer())


@pytest.mark.parametrize(
    ("requirement", "action", "notice"),
    [
        (Requirement.REQUIRED, NextAction.START_DRAFT, "required"),
        (Requirement.NOT_REQUIRED, NextAction.NONE, "not_required"),
        (Requirement.DELEGATED_VENDOR, NextAction.GO_TO_VENDOR, "vendor"),
        (Requirement.UNABLE_TO_DETERMINE, NextAction.CALL, "unable_to_determine"),
    ],
)
def test_step_follows_from_the_requirement_when_nothing_else_applies(
    requirement: Requirement, action: NextAction, notice: str
) -> None:
    assert step(answer(requirement)) == NextStep(action, NOTICES[notice])


def test_phone_number_is_returned_when_a_code_cannot_be_determined() -> None:
    result = step(answer(Requirement.UNABLE_TO_DETERMINE)).text
    assert payer().provider_services.phone in result


def test_guidance_of_the_rule_is_returned_when_it_names_a_notice() -> None:
    result = answer(Requirement.NOT_REQUIRED, guidance="home_health")
    assert step(result) == NextStep(NextAction.NONE, NOTICES["home_health"])
    assert NOTICES["home_health"] in notices(result)


def test_general_notice_is_returned_when_the_payer_removed_the_named_one() -> None:
    result = answer(Requirement.REQUIRED, guidance="no_longer_there")
    assert step(result).text == NOTICES["required"]
    assert notices(result) == (NOTICES["no_guarantee"],)


@pytest.mark.parametrize("requirement", Requirement)
def test_no_form_is_offered_when_a_service_is_behavioral(requirement: Requirement) -> None:
    result = step(answer(requirement, guidance="behavioral"), service(Urgency.EMERGENCY, INPATIENT))
    assert result == NextStep(NextAction.CALL, NOTICES["behavioral"])


@pytest.mark.parametrize("requirement", Requirement)
def test_admission_is_notified_as_a_request_when_it_is_an_emergency(
    requirement: Requirement,
) -> None:
    result = step(answer(requirement), service(Urgency.EMERGENCY, INPATIENT))
    assert result == NextStep(NextAction.START_DRAFT, NOTICES["emergency"])
    assert "within one business day" in result.text


@pytest.mark.parametrize("requirement", Requirement)
def test_nothing_is_required_when_an_emergency_is_not_an_admission(
    requirement: Requirement,
) -> None:
    result = step(answer(requirement), service(Urgency.EMERGENCY, OUTPATIENT))
    assert result == NextStep(NextAction.NONE, NOTICES["emergency"])


@pytest.mark.parametrize("urgency", [Urgency.STANDARD, Urgency.EXPEDITED])
def test_emergency_is_not_mentioned_when_there_is_none(urgency: Urgency) -> None:
    result = answer(Requirement.REQUIRED)
    assert step(result, service(urgency, INPATIENT)).action is NextAction.START_DRAFT
    assert NOTICES["emergency"] not in notices(result, services=(service(urgency, INPATIENT),))


def test_other_notifications_are_by_phone_when_an_emergency_is_admitted() -> None:
    result = answer(Requirement.REQUIRED)
    admitted = notices(result, services=(service(Urgency.EMERGENCY, INPATIENT),))
    assert admitted[1:] == (NOTICES["emergency"], NOTICES["notifications"])
    seen = notices(result, services=(service(Urgency.EMERGENCY, OUTPATIENT),))
    assert seen[1:] == (NOTICES["emergency"],)


def test_payer_is_to_be_called_when_equipment_was_already_delivered() -> None:
    equipment = VENDORS["EVICORE-DME"]
    result = answer(Requirement.DELEGATED_VENDOR, vendor_id="EVICORE-DME")
    before = service(day=TODAY - timedelta(days=1))
    assert step(result, before, equipment) == NextStep(
        NextAction.CALL, NOTICES["retrospective_equipment"]
    )
    assert step(result, service(), equipment).action is NextAction.GO_TO_VENDOR


def test_vendor_is_to_be_contacted_for_past_services_when_it_decides_them() -> None:
    result = answer(Requirement.DELEGATED_VENDOR, vendor_id="EVICORE-RAD")
    before = service(day=TODAY - timedelta(days=1))
    assert step(result, before, VENDORS["EVICORE-RAD"]).action is NextAction.GO_TO_VENDOR


def test_payer_is_to_be_called_when_a_stay_has_no_codes() -> None:
    result = next_step_without_codes(service(where=INPATIENT), payer())
    assert result == NextStep(NextAction.CALL, NOTICES["unable_to_determine"])
    emergency = next_step_without_codes(service(Urgency.EMERGENCY, INPATIENT), payer())
    assert emergency == NextStep(NextAction.START_DRAFT, NOTICES["emergency"])


@pytest.mark.parametrize("requirement", Requirement)
def test_no_guarantee_notice_is_first_when_a_check_is_answered(requirement: Requirement) -> None:
    assert notices(answer(requirement))[0] == NOTICES["no_guarantee"]


def test_no_guarantee_notice_is_returned_when_there_was_no_code() -> None:
    assert notices() == (NOTICES["no_guarantee"], NOTICES["unable_to_determine"])


@pytest.mark.parametrize(
    ("plan_type", "needed"),
    [("HMO", True), ("IFP", True), ("EPO", True), ("OAP", False), ("PPO", False)],
)
def test_referral_notice_is_returned_when_the_plan_requires_one(
    plan_type: str, *, needed: bool
) -> None:
    result = notices(answer(Requirement.NOT_REQUIRED), plan_type=plan_type)
    assert (NOTICES["referral_needed"] in result) is needed


def test_predetermination_notice_is_returned_when_a_rule_offers_it() -> None:
    offered = answer(Requirement.NOT_REQUIRED, predetermination=True)
    assert NOTICES["predetermination"] in notices(offered)
    assert NOTICES["predetermination"] not in notices(answer(Requirement.NOT_REQUIRED))


def test_each_notice_is_returned_once_when_several_codes_need_it() -> None:
    result = answer(Requirement.DELEGATED_VENDOR, vendor_id="EVICORE-RAD", guidance="vendor")
    assert notices(result, result) == (NOTICES["no_guarantee"], NOTICES["vendor"])
