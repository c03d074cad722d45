"""What a provider does next after a check: for each code, and for the whole result.

Texts are the payer's notices. A rule may name the notice for its codes (``guidance``), which replaces
the general one if the payer's data contains it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from precert.domain.content import Service
from precert.domain.coverage import Plan
from precert.domain.payer import Payer
from precert.domain.rules import CodeResult, DelegatedVendor, Requirement
from precert.domain.values import AuthorizationType, Purpose, Urgency

BEHAVIORAL: Final = "behavioral"
"""The notice of services that have guidance but no form (A5)."""


class NextAction(StrEnum):
    """The action that a portal offers next."""

    START_DRAFT = "START_DRAFT"
    NONE = "NONE"
    GO_TO_VENDOR = "GO_TO_VENDOR"
    CALL = "CALL"


@dataclass(frozen=True)
class NextStep:
    action: NextAction
    text: str


_STEPS: Final = {
    Requirement.REQUIRED: (NextAction.START_DRAFT, "required"),
    Requirement.NOT_REQUIRED: (NextAction.NONE, "not_required"),
    Requirement.DELEGATED_VENDOR: (NextAction.GO_TO_VENDOR, "vendor"),
    Requirement.UNABLE_TO_DETERMINE: (NextAction.CALL, "unable_to_determine"),
}
"""The action by result, and the notice that explains it."""


def next_step(
    answer: CodeResult,
    service: Service,
    delegate: DelegatedVendor | None,
    payer: Payer,
    today: date,
    purpose: Purpose = Purpose.PRECERTIFICATION,
) -> NextStep:
    """The next step for one code of a service.

    A requested predetermination, if offered, uses the same form (C14).

    An emergency needs no precertification, also of a vendor; an emergency admission is entered like
    any request, as its notification (C10). A vendor that accepts no retrospective requests is skipped
    if the service date has passed (C12).
    """
    action, notice = _STEPS[answer.requirement]
    if answer.guidance == BEHAVIORAL:
        return NextStep(NextAction.CALL, payer.notices[BEHAVIORAL])
    if service.urgency is Urgency.EMERGENCY:
        return NextStep(_emergency_action(service), payer.notices["emergency"])
    if purpose is Purpose.PREDETERMINATION and answer.predetermination:
        return NextStep(NextAction.START_DRAFT, payer.notices["predetermination"])
    if retrospective := _retrospective_notice(answer, service, delegate, today):
        return NextStep(NextAction.CALL, payer.notices[retrospective])
    return NextStep(action, payer.notices.get(answer.guidance or notice, payer.notices[notice]))


def next_step_without_codes(service: Service, payer: Payer) -> NextStep:
    """The next step for a stay entered without codes (C3), to which no rule applies."""
    if service.urgency is Urgency.EMERGENCY:
        return NextStep(_emergency_action(service), payer.notices["emergency"])
    return NextStep(NextAction.CALL, payer.notices["unable_to_determine"])


def _emergency_action(service: Service) -> NextAction:
    inpatient = service.authorization_type is AuthorizationType.INPATIENT
    return NextAction.START_DRAFT if inpatient else NextAction.NONE


def _retrospective_notice(
    answer: CodeResult, service: Service, delegate: DelegatedVendor | None, today: date
) -> str | None:
    if answer.requirement is not Requirement.DELEGATED_VENDOR or delegate is None:
        return None
    over = service.first_day is not None and service.first_day < today
    return delegate.retrospective_notice if over else None


def notices_of(
    answers: Sequence[CodeResult],
    services: Sequence[Service],
    plan: Plan,
    requirement: Requirement,
    payer: Payer,
) -> tuple[str, ...]:
    """Texts that must be shown with the whole result, each once.

    ``requirement`` is that of the whole check; that of a stay without codes differs from all codes'.
    """
    found = {answer.requirement for answer in answers} | {requirement}
    names = _notice_names(answers, services, plan, found)
    return tuple(payer.notices[name] for name in dict.fromkeys(names) if name in payer.notices)


def _notice_names(
    answers: Sequence[CodeResult],
    services: Sequence[Service],
    plan: Plan,
    found: set[Requirement],
) -> Iterator[str]:
    yield "no_guarantee"
    for requirement in (Requirement.UNABLE_TO_DETERMINE, Requirement.DELEGATED_VENDOR):
        if requirement in found:
            yield _STEPS[requirement][1]
    emergencies = [service for service in services if service.urgency is Urgency.EMERGENCY]
    if emergencies:
        yield "emergency"
    if any(service.authorization_type is AuthorizationType.INPATIENT for service in emergencies):
        yield "notifications"
    if plan.referral_needed:
        yield "referral_needed"
    if any(answer.predetermination for answer in answers):
        yield "predetermination"
    yield from (answer.guidance for answer in answers if answer.guidance)
