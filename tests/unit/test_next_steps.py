"""The next steps of a check, per code and overall."""

from datetime import date
from itertools import product
from typing import Any

import pytest

from precert.domain.content import Service
from precert.domain.next_steps import (
    NextAction,
    NextStep,
    all_offer_predetermination,
    emergency_notice,
    next_step,
    next_step_without_codes,
    notices_of,
)
from precert.domain.payer import EmergencyNotice
from precert.domain.rules import CodeResult, Requirement
from precert.domain.values import AuthorizationType, CodeType, Urgency
from tests.fakes.samples import PLAN, payer

TODAY = date(2026, 7, 1)
NOTICES = payer().notices
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
    result: CodeResult, requested: Service | None = None, state: str | None = None
) -> NextStep:
    return next_step(result, requested or service(), payer(), state)


def notices(
    *answers: CodeResult, requested: Service | None = None, plan_type: str = "OAP"
) -> tuple[str, ...]:
    """The notices of a check of one service."""
    plan = PLAN.model_copy(update={"plan_type": plan_type})
    return notices_of([answers], [requested or service()], plan, payer())


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


@pytest.mark.rule("A5")
@pytest.mark.parametrize("requirement", Requirement)
@pytest.mark.parametrize("where", AuthorizationType)
@pytest.mark.parametrize("urgency", Urgency)
def test_no_form_is_offered_when_a_service_is_behavioral(
    requirement: Requirement, where: AuthorizationType, urgency: Urgency
) -> None:
    result = answer(requirement, guidance="behavioral")
    requested = service(urgency, where)
    is_emergency = urgency is Urgency.EMERGENCY
    expected = NOTICES["behavioral_emergency" if is_emergency else "behavioral"]
    assert step(result, requested) == NextStep(NextAction.CALL, expected)
    assert notices(result, requested=requested) == (NOTICES["no_guarantee"], expected)


@pytest.mark.parametrize("requirement", Requirement)
def test_admission_is_notified_as_a_request_when_it_is_an_emergency(
    requirement: Requirement,
) -> None:
    result = step(answer(requirement), service(Urgency.EMERGENCY, INPATIENT))
    assert result.action is NextAction.START_DRAFT
    assert "must be reported within one business day, by July 2, 2026" in result.text


@pytest.mark.rule("C10")
@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "must be reported on the day of the admission, by July 1, 2026"),
        (1, "must be reported within one business day, by July 2, 2026"),
        (2, "must be reported within 2 business days, by July 6, 2026"),
    ],
)
def test_last_day_follows_from_the_state_when_an_emergency_admission_must_be_reported(
    days: int, words: str
) -> None:
    notice = EmergencyNotice(business_days=1, business_days_by_state={"OH": days})
    configured = payer().model_copy(update={"emergency_notice": notice})
    admitted = service(Urgency.EMERGENCY, INPATIENT)
    assert words in next_step(answer(Requirement.REQUIRED), admitted, configured, "OH").text
    elsewhere = next_step(answer(Requirement.REQUIRED), admitted, configured, "NY").text
    assert "within one business day" in elsewhere


@pytest.mark.rule("C10")
@pytest.mark.parametrize("requirement", Requirement)
@pytest.mark.parametrize("where", AuthorizationType)
@pytest.mark.parametrize("guidance", [None, "pharmacy_benefit", "national_hearing", "behavioral"])
def test_no_precertification_is_required_when_it_is_an_emergency(
    requirement: Requirement, where: AuthorizationType, guidance: str | None
) -> None:
    result, requested = answer(requirement, guidance=guidance), service(Urgency.EMERGENCY, where)
    texts = [step(result, requested).text, *notices(result, requested=requested)]
    for text in texts:
        assert "before the service" not in text.lower()
        assert "first" not in text
    for name in ("unable_to_determine", "vendor", "required", "pharmacy_benefit"):
        assert NOTICES[name] not in texts


@pytest.mark.parametrize("requirement", Requirement)
def test_nothing_is_required_when_an_emergency_is_not_an_admission(
    requirement: Requirement,
) -> None:
    result = step(answer(requirement), service(Urgency.EMERGENCY, OUTPATIENT))
    assert result == NextStep(NextAction.NONE, emergency_notice(payer()))


@pytest.mark.parametrize("urgency", [Urgency.STANDARD, Urgency.EXPEDITED])
def test_emergency_is_not_mentioned_when_there_is_none(urgency: Urgency) -> None:
    result = answer(Requirement.REQUIRED)
    assert step(result, service(urgency, INPATIENT)).action is NextAction.START_DRAFT
    assert emergency_notice(payer()) not in notices(result, requested=service(urgency, INPATIENT))


def test_text_states_how_soon_an_admission_is_reported_when_the_data_says_so() -> None:
    def text(**rule: Any) -> str:
        changed = {"emergency_notice": EmergencyNotice(**rule)}
        return emergency_notice(payer().model_copy(update=changed))

    assert "must be reported within one business day: enter" in text(business_days=1)
    by_state = {"TX": 3}
    stated = text(business_days=2, business_days_by_state=by_state)
    assert "must be reported within 2 business days, or as state law requires: enter" in stated


def test_other_notifications_are_by_phone_when_an_emergency_is_admitted() -> None:
    result = answer(Requirement.REQUIRED)
    admitted = notices(result, requested=service(Urgency.EMERGENCY, INPATIENT))
    assert admitted[1:] == (emergency_notice(payer()), NOTICES["notifications"])
    seen = notices(result, requested=service(Urgency.EMERGENCY, OUTPATIENT))
    assert seen[1:] == (emergency_notice(payer()),)


def test_request_continues_when_a_stay_has_no_codes() -> None:
    result = next_step_without_codes(service(where=INPATIENT), payer())
    assert result == NextStep(NextAction.START_DRAFT, NOTICES["stay_without_codes"])
    assert notices(requested=service(where=INPATIENT))[1:] == (NOTICES["stay_without_codes"],)
    admitted = service(Urgency.EMERGENCY, INPATIENT)
    emergency = next_step_without_codes(admitted, payer())
    assert emergency.action is NextAction.START_DRAFT
    assert "must be reported within one business day" in emergency.text
    assert NOTICES["stay_without_codes"] not in notices(requested=admitted)


@pytest.mark.parametrize("requirement", Requirement)
def test_no_guarantee_notice_is_first_when_a_check_is_answered(requirement: Requirement) -> None:
    assert notices(answer(requirement))[0] == NOTICES["no_guarantee"]


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
    other = answer(Requirement.NOT_REQUIRED)
    assert NOTICES["predetermination"] not in notices(other)
    assert NOTICES["predetermination"] not in notices(offered, other)
    emergency = service(Urgency.EMERGENCY)
    assert NOTICES["predetermination"] not in notices(offered, requested=emergency)


@pytest.mark.rule("C14")
@pytest.mark.parametrize("offered", list(product((True, False), repeat=4)))
@pytest.mark.parametrize("urgency", Urgency)
def test_predetermination_is_offered_when_every_code_of_every_service_offers_it(
    offered: tuple[bool, ...], urgency: Urgency
) -> None:
    codes = [answer(Requirement.NOT_REQUIRED, predetermination=one) for one in offered]
    services = [service(), service(urgency)]
    answers = [codes[:2], codes[2:]]
    expected = all(offered) and urgency is not Urgency.EMERGENCY
    assert all_offer_predetermination(answers, services) is expected
    text = NOTICES["predetermination"] in notices_of(answers, services, PLAN, payer())
    assert text is expected
    assert not all_offer_predetermination([codes, []], services)


def test_each_notice_is_returned_once_when_several_codes_need_it() -> None:
    result = answer(Requirement.DELEGATED_VENDOR, vendor_id="EVICORE-RAD", guidance="vendor")
    assert notices(result, result) == (NOTICES["no_guarantee"], NOTICES["vendor"])
