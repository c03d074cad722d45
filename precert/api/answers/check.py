"""What a check answers (C6, C8)."""

from collections.abc import Sequence
from datetime import date, datetime

from precert.api.answers.model import FHIR_JSON, AnswerModel
from precert.api.routes import ROUTES
from precert.domain.content import Service
from precert.domain.delegates import CareCoordination, Delegate
from precert.domain.next_steps import NextAction, NextStep, next_step_without_codes, notices_of
from precert.domain.payer import Payer
from precert.domain.rules import CodeAnswer, Requirement, RuleListVersion
from precert.domain.values import CodeType
from precert.usecases.check_requirements import CheckAnswer


class NextStepAnswer(AnswerModel):
    """What to do next, and the payer's words for it; show them as they are."""

    action: NextAction
    text: str

    @classmethod
    def of(cls, step: NextStep) -> "NextStepAnswer":
        return cls(action=step.action, text=step.text)


class CodeRequirement(AnswerModel):
    """What one code was answered, by which rule and since when that is effective (C6)."""

    code: str
    code_type: CodeType
    requirement: Requirement
    rule_id: str | None
    effective_from: date | None
    label: str | None
    delegate_id: str | None
    predetermination: bool
    next_step: NextStepAnswer

    @classmethod
    def of(cls, answer: CodeAnswer, step: NextStep) -> "CodeRequirement":
        return cls(
            code=answer.code,
            code_type=answer.code_type,
            requirement=answer.requirement,
            rule_id=answer.rule_id,
            effective_from=answer.effective_from,
            label=answer.label,
            delegate_id=answer.delegate_id,
            predetermination=answer.predetermination,
            next_step=NextStepAnswer.of(step),
        )


class ServiceAnswer(AnswerModel):
    """A service's codes, in the order asked; ``service`` counts from 1.

    ``next_step`` is there for a stay without codes, of which no rule could be asked.
    """

    service: int
    codes: list[CodeRequirement]
    next_step: NextStepAnswer | None

    @classmethod
    def of(
        cls,
        number: int,
        asked: Service,
        codes: Sequence[CodeAnswer],
        steps: Sequence[NextStep],
        payer: Payer,
    ) -> "ServiceAnswer":
        own = None if codes else NextStepAnswer.of(next_step_without_codes(asked, payer))
        told = map(CodeRequirement.of, codes, steps)
        return cls(service=number, codes=list(told), next_step=own)


class DelegatedCode(AnswerModel):
    """A code that a third party decides on; ``service`` counts from 1."""

    service: int
    code: str
    code_type: CodeType


class HandoverLink(AnswerModel):
    """How to get what was entered as a document for the third party.

    Send ``{"content": …, "delegate_id": …}`` with the content that was checked.
    """

    method: str
    path: str
    media_type: str


class ThirdPartyAnswer(AnswerModel):
    """A third party that decides on some codes: where to ask it, and what it wants (C8, C12)."""

    delegate_id: str
    name: str
    services: str
    url: str
    phone: str | None
    fax: str | None
    hours: str | None
    requirements: list[str]
    care_coordination: CareCoordination | None
    codes: list[DelegatedCode]
    handover: HandoverLink

    @classmethod
    def of(cls, delegate: Delegate, codes: list[DelegatedCode]) -> "ThirdPartyAnswer":
        route = next(route for route in ROUTES if route.operation_id == "handOver")
        return cls(
            delegate_id=delegate.delegate_id,
            name=delegate.name,
            services=delegate.services,
            url=delegate.url,
            phone=delegate.phone,
            fax=delegate.fax,
            hours=delegate.hours,
            requirements=list(delegate.requirements),
            care_coordination=delegate.care_coordination,
            codes=codes,
            handover=HandoverLink(method=route.method, path=route.path, media_type=FHIR_JSON),
        )


class RuleListAnswer(AnswerModel):
    """Whose list answered, and which version of it.

    ``effective_from`` is the first service date that the list speaks of.
    """

    payer: str
    version: str
    effective_from: date
    published_at: datetime

    @classmethod
    def of(cls, version: RuleListVersion, payer: Payer) -> "RuleListAnswer":
        return cls(
            payer=payer.name,
            version=version.version,
            effective_from=version.effective_from,
            published_at=version.published_at,
        )


class RequirementsAnswer(AnswerModel):
    """An answer for each code, and what follows from all of them.

    ``assertion_id`` is what the answer is quoted by; send it on within the content of the draft.
    """

    requirement: Requirement
    services: list[ServiceAnswer]
    third_parties: list[ThirdPartyAnswer]
    rule_list: RuleListAnswer
    assertion_id: str | None
    quoted_id_fits: bool | None
    confirmation_available: bool
    referral_needed: bool
    predetermination_available: bool
    checked_at: datetime
    as_of: datetime | None
    notices: list[str]

    @classmethod
    def of(cls, answer: CheckAnswer, payer: Payer) -> "RequirementsAnswer":
        steps, asked, plan = answer.next_steps(payer), answer.content, answer.coverage.plan
        codes = [code for service in answer.services for code in service]
        return cls(
            requirement=answer.requirement,
            services=[
                ServiceAnswer.of(number, *service, payer)
                for number, service in enumerate(
                    zip(asked.services, answer.services, steps, strict=True), start=1
                )
            ],
            third_parties=_third_parties(answer, steps),
            rule_list=RuleListAnswer.of(answer.rule_list, payer),
            assertion_id=answer.assertion_id,
            quoted_id_fits=answer.quoted_id_fits,
            confirmation_available=answer.requirement is Requirement.NOT_REQUIRED,
            referral_needed=plan.referral_needed,
            predetermination_available=any(code.predetermination for code in codes),
            checked_at=answer.checked_at,
            as_of=answer.as_of,
            notices=list(notices_of(codes, asked.services, plan, answer.requirement, payer)),
        )


def _third_parties(
    answer: CheckAnswer, steps: Sequence[Sequence[NextStep]]
) -> list[ThirdPartyAnswer]:
    """Each third party that some code goes to, in the order of the codes."""
    decided: dict[str, list[DelegatedCode]] = {}
    for number, (codes, ways) in enumerate(zip(answer.services, steps, strict=True), start=1):
        for code, way in zip(codes, ways, strict=True):
            known = code.delegate_id if code.delegate_id in answer.delegates else None
            if known and way.action is NextAction.GO_TO_THIRD_PARTY:
                told = DelegatedCode(service=number, code=code.code, code_type=code.code_type)
                decided.setdefault(known, []).append(told)
    return [ThirdPartyAnswer.of(answer.delegates[one], codes) for one, codes in decided.items()]
