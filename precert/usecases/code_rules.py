"""The results of the rule list for the codes of a request."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from precert.domain.codes import code_types_of
from precert.domain.content import Procedure, Service
from precert.domain.coverage import Plan
from precert.domain.next_steps import BEHAVIORAL
from precert.domain.payer import Payer
from precert.domain.rules import (
    CodeQuery,
    CodeResult,
    DelegatedVendor,
    Requirement,
    Rule,
    RuleListVersion,
    answer_by,
    deciding_rule,
)
from precert.domain.values import AuthorizationType, CodeType, Urgency
from precert.usecases.ports.reference import RuleLists


class EvaluatedCode(NamedTuple):
    """The result of one code, and the rule that decided it, if one covers it."""

    answer: CodeResult
    rule: Rule | None


def evaluate_codes(
    services: Sequence[Service],
    plan_on: Callable[[date], Plan],
    *,
    rule_list: RuleListVersion,
    rule_lists: RuleLists,
    payer: Payer,
) -> tuple[tuple[EvaluatedCode, ...], ...]:
    """The result of every code of every service, in the order entered (C6).

    ``plan_on`` returns the member's plan on a service's first day, which can differ from today's plan.
    The payer's behavioral services have guidance, regardless of the rule list (A5).
    """
    queries = [_queries(service, plan_on(_day(service))) for service in services]
    rules = rule_lists.rules(
        rule_list, {(query.code_type, query.code) for of_service in queries for query in of_service}
    )
    return tuple(
        tuple(
            _evaluated(query, rules.get((query.code_type, query.code), ()), service, payer)
            for query in of_service
        )
        for service, of_service in zip(services, queries, strict=True)
    )


def waived_in_emergency(answer: CodeResult, service: Service) -> CodeResult:
    """The result of a code, not required if the service is an emergency (C10).

    This includes codes delegated to a vendor. The result still names its rule. A code that no rule
    covers remains unable to determine.
    """
    known = answer.requirement is not Requirement.UNABLE_TO_DETERMINE
    if service.urgency is Urgency.EMERGENCY and known:
        return answer._replace(requirement=Requirement.NOT_REQUIRED, vendor_id=None)
    return answer


def retained_by_payer(
    evaluated: Sequence[Sequence[EvaluatedCode]],
    services: Sequence[Service],
    vendors: Mapping[str, DelegatedVendor],
    today: date,
) -> tuple[tuple[EvaluatedCode, ...], ...]:
    """The results; the payer decides retrospective codes that their vendor does not accept (C12).

    Such a code needs precertification, and its result names no vendor. ``vendors`` are the delegated
    vendors of the codes by id.
    """
    return tuple(
        tuple(
            EvaluatedCode(
                _retained(code.answer, service, vendors.get(code.answer.vendor_id or ""), today),
                code.rule,
            )
            for code in codes
        )
        for service, codes in zip(services, evaluated, strict=True)
    )


def _retained(
    answer: CodeResult, service: Service, vendor: DelegatedVendor | None, today: date
) -> CodeResult:
    notice = vendor.retrospective_notice if vendor else None
    if answer.requirement is not Requirement.DELEGATED_VENDOR or notice is None:
        return answer
    if service.first_day is None or service.first_day >= today:
        return answer
    return answer._replace(requirement=Requirement.REQUIRED, vendor_id=None, guidance=notice)


def _evaluated(
    query: CodeQuery, rules: Sequence[Rule], service: Service, payer: Payer
) -> EvaluatedCode:
    if behavioral := payer.behavioral_service(query.code, query.code_type):
        unknown = answer_by(None, query)
        return EvaluatedCode(unknown._replace(guidance=BEHAVIORAL, label=behavioral.label), None)
    rule = deciding_rule(query, rules)
    return EvaluatedCode(waived_in_emergency(answer_by(rule, query), service), rule)


def _queries(service: Service, plan: Plan) -> tuple[CodeQuery, ...]:
    return tuple(
        CodeQuery(
            code=procedure.code,
            code_type=_code_type(procedure),
            on=_day(service),
            plan_type=plan.plan_type,
            authorization_type=service.authorization_type or AuthorizationType.OUTPATIENT,
            line_of_business=plan.line_of_business,
            type_of_service=service.type_of_service,
            place_of_service=service.place_of_service,
        )
        for procedure in service.procedures
    )


def _code_type(procedure: Procedure) -> CodeType:
    return procedure.code_type or code_types_of(procedure.code)[0]


def _day(service: Service) -> date:
    if service.first_day is None:
        raise AssertionError("completeness requires a date")
    return service.first_day
