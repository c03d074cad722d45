"""The next step for each code of a check, and the notices for the whole response.

Texts are the payer's notices. A rule can name a notice for its codes (``guidance``). If the payer's
data contains that notice, it replaces the one for the requirement.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from precert.domain.clocks import business_day_after
from precert.domain.content import RequestContent, Service
from precert.domain.coverage import Plan
from precert.domain.errors import FieldError
from precert.domain.payer import Payer
from precert.domain.rules import CodeResult, Requirement
from precert.domain.values import AuthorizationType, Purpose, Urgency
from precert.domain.wording import written_business_days, written_day

BEHAVIORAL: Final = "behavioral"
"""Name of the notice about behavioral services, which cannot be requested with the form (A5)."""

PREDETERMINATION: Final = "predetermination"
"""Name of the notice about voluntary predeterminations (C14)."""


class NextAction(StrEnum):
    """The action that a portal offers next."""

    START_DRAFT = "START_DRAFT"
    NONE = "NONE"
    GO_TO_VENDOR = "GO_TO_VENDOR"
    CALL = "CALL"


@dataclass(frozen=True)
class NextStep:
    """The action that the provider takes next, with the payer's text about it."""

    action: NextAction
    text: str


_STEPS: Final = {
    Requirement.REQUIRED: (NextAction.START_DRAFT, "required"),
    Requirement.NOT_REQUIRED: (NextAction.NONE, "not_required"),
    Requirement.DELEGATED_VENDOR: (NextAction.GO_TO_VENDOR, "vendor"),
    Requirement.UNABLE_TO_DETERMINE: (NextAction.CALL, "unable_to_determine"),
}
"""The action for each requirement, and the name of the notice that explains it."""


def next_step(
    answer: CodeResult,
    service: Service,
    payer: Payer,
    state: str | None = None,
    purpose: Purpose = Purpose.PRECERTIFICATION,
) -> NextStep:
    """The next step for one code of a service.

    An emergency needs no precertification by the payer or a vendor. An emergency admission is entered
    as a request, which notifies the payer of it (C10). A predetermination is requested with the same
    form, if it is offered for the code (C14).

    Args:
        answer: The result of the rule list for the code.
        service: The service with the code.
        payer: The payer with the notices.
        state: The servicing provider's state, which can have its own time limit for the notification of
            an emergency admission.
        purpose: What the check asks for.
    """
    action, notice = _STEPS[answer.requirement]
    if answer.guidance == BEHAVIORAL:
        return NextStep(NextAction.CALL, payer.notices[_behavioral_notice(service)])
    if is_emergency(service):
        return _emergency_step(service, payer, state)
    if purpose is Purpose.PREDETERMINATION and offers_predetermination(answer, service):
        return NextStep(NextAction.START_DRAFT, payer.notices[PREDETERMINATION])
    return NextStep(action, payer.notices.get(answer.guidance or notice, payer.notices[notice]))


def next_step_without_codes(service: Service, payer: Payer, state: str | None = None) -> NextStep:
    """The next step for a stay without procedure codes (C3); arguments as for :func:`next_step`."""
    if payer.is_behavioral_stay(service):
        return NextStep(NextAction.CALL, payer.notices[_behavioral_notice(service)])
    if is_emergency(service):
        return _emergency_step(service, payer, state)
    return NextStep(NextAction.START_DRAFT, payer.notices["stay_without_codes"])


def requirement_without_codes(service: Service) -> Requirement:
    """The requirement of a stay without codes: precertification, except in an emergency."""
    return Requirement.NOT_REQUIRED if is_emergency(service) else Requirement.REQUIRED


def offers_predetermination(answer: CodeResult, service: Service) -> bool:
    """Whether a predetermination of the code is offered (C14); never in an emergency."""
    return answer.predetermination and not is_emergency(service)


def is_emergency(service: Service) -> bool:
    return service.urgency is Urgency.EMERGENCY


def is_emergency_admission(service: Service) -> bool:
    """Whether the service is an admission that must be reported (C10)."""
    return is_emergency(service) and service.authorization_type is AuthorizationType.INPATIENT


def emergency_notice(payer: Payer) -> str:
    """The notice about emergencies, with the time limit of the notification of an admission (C10)."""
    rule = payer.emergency_notice
    return payer.notices["emergency"].format(
        within=written_business_days(rule.business_days),
        unless_state=", or as state law requires" if rule.business_days_by_state else "",
    )


def emergency_admission_notice(service: Service, payer: Payer, state: str | None) -> str:
    """The notice about one emergency admission, with the last day of its notification (C10).

    Without an admission date, the general notice about emergencies.
    """
    if service.admission_date is None:
        return emergency_notice(payer)
    days = payer.emergency_notice.days_in(state)
    last_day = business_day_after(service.admission_date, days, payer.business_calendar)
    return payer.notices["emergency_admission"].format(
        within=written_business_days(days), last_day=written_day(last_day)
    )


def _emergency_step(service: Service, payer: Payer, state: str | None) -> NextStep:
    if is_emergency_admission(service):
        text = emergency_admission_notice(service, payer, state)
        return NextStep(NextAction.START_DRAFT, text)
    return NextStep(NextAction.NONE, emergency_notice(payer))


def _behavioral_notice(service: Service) -> str:
    return "behavioral_emergency" if is_emergency(service) else BEHAVIORAL


def notices_of(
    answers: Sequence[Sequence[CodeResult]], services: Sequence[Service], plan: Plan, payer: Payer
) -> tuple[str, ...]:
    """The texts of the notices for the whole response, each once.

    ``answers`` has the results of the codes of each service, empty for a stay without codes.
    """
    names = _notice_names(answers, services, plan, payer)
    texts = {**payer.notices, "emergency": emergency_notice(payer)}
    return tuple(texts[name] for name in dict.fromkeys(names) if name in texts)


def _notice_names(
    answers: Sequence[Sequence[CodeResult]], services: Sequence[Service], plan: Plan, payer: Payer
) -> Iterator[str]:
    yield "no_guarantee"
    by_service = list(zip(services, answers, strict=True))
    medical = [
        (service, code)
        for service, codes in by_service
        for code in codes
        if code.guidance != BEHAVIORAL
    ]
    # An emergency needs no precertification before the service.
    planned = [code for service, code in medical if not is_emergency(service)]
    requirements = {code.requirement for code in planned}
    for requirement in (Requirement.UNABLE_TO_DETERMINE, Requirement.DELEGATED_VENDOR):
        if requirement in requirements:
            yield _STEPS[requirement][1]
    if any(
        not codes and not is_emergency(service) and not payer.is_behavioral_stay(service)
        for service, codes in by_service
    ):
        yield "stay_without_codes"
    yield from _emergency_notices(by_service, payer)
    if any(payer.needs_medication(service) for service in services):
        yield "medical_pharmacy"
    if plan.referral_needed:
        yield "referral_needed"
    if all_offer_predetermination(answers, services):
        yield PREDETERMINATION
    yield from (code.guidance for code in planned if code.guidance)
    for service, codes in by_service:
        of_codes = any(code.guidance == BEHAVIORAL for code in codes)
        if of_codes or payer.is_behavioral_stay(service):
            yield _behavioral_notice(service)


def _emergency_notices(
    by_service: Sequence[tuple[Service, Sequence[CodeResult]]], payer: Payer
) -> Iterator[str]:
    """The names of the notices about emergencies, without those that are behavioral only."""
    emergencies = [
        service
        for service, codes in by_service
        if is_emergency(service)
        and not (codes and all(code.guidance == BEHAVIORAL for code in codes))
        and not payer.is_behavioral_stay(service)
    ]
    if emergencies:
        yield "emergency"
    if any(is_emergency_admission(service) for service in emergencies):
        yield "notifications"


def codes_without_predetermination(
    answers: Sequence[Sequence[CodeResult]], services: Sequence[Service]
) -> tuple[str, ...]:
    """The codes for which no predetermination is offered, each once."""
    found = (
        code.code
        for service, codes in zip(services, answers, strict=True)
        for code in codes
        if not offers_predetermination(code, service)
    )
    return tuple(dict.fromkeys(found))


def error_of_purpose(content: RequestContent, without: Sequence[str]) -> FieldError | None:
    """The error of a request for a predetermination that is not offered for every code (C14).

    ``without`` has the codes for which none is offered.
    """
    if content.purpose is not Purpose.PREDETERMINATION:
        return None
    if not without and all(service.procedures for service in content.services):
        return None
    what = ", ".join(without) or "a stay without codes"
    message = (
        f"must be PRECERTIFICATION: no predetermination is offered for {what} under this plan. "
        "Other codes can be checked separately"
    )
    return FieldError("/purpose", "not_offered", message)


def without_partial_predetermination(
    answers: Sequence[Sequence[CodeResult]], services: Sequence[Service]
) -> tuple[tuple[CodeResult, ...], ...]:
    """The results, without guidance about a predetermination unless all codes offer one (C14)."""
    if all_offer_predetermination(answers, services):
        return tuple(tuple(codes) for codes in answers)
    return tuple(
        tuple(
            code._replace(guidance=None) if code.guidance == PREDETERMINATION else code
            for code in codes
        )
        for codes in answers
    )


def all_offer_predetermination(
    answers: Sequence[Sequence[CodeResult]], services: Sequence[Service]
) -> bool:
    """Whether a predetermination is offered for every code, and every service has one (C14)."""
    return bool(answers) and all(
        codes and all(offers_predetermination(code, service) for code in codes)
        for service, codes in zip(services, answers, strict=True)
    )
