"""Answer the codes of a request by its payer's rules: one way for the check and for the assessment."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from precert.domain.codes import code_types_of
from precert.domain.content import Procedure, Service
from precert.domain.coverage import Plan
from precert.domain.rules import (
    CodeAnswer,
    CodeQuery,
    Requirement,
    Rule,
    RuleListVersion,
    answer_by,
    deciding_rule,
)
from precert.domain.values import AuthorizationType, CodeType, Urgency
from precert.usecases.ports.rule_lists import RuleLists


class JudgedCode(NamedTuple):
    """What one code is answered, and the rule that decided it, if one covers it."""

    answer: CodeAnswer
    rule: Rule | None


def judge_codes(
    services: Sequence[Service],
    plan_on: Callable[[date], Plan],
    *,
    rule_list: RuleListVersion,
    rule_lists: RuleLists,
) -> tuple[tuple[JudgedCode, ...], ...]:
    """Every code of every service, in the order asked (C6).

    ``plan_on`` is the member's plan on a service's first day: it may have changed by then.
    """
    queries = [_queries(service, plan_on(_day(service))) for service in services]
    rules = rule_lists.rules(
        rule_list, {(query.code_type, query.code) for asked in queries for query in asked}
    )
    return tuple(
        tuple(
            _judged(query, rules.get((query.code_type, query.code), ()), service) for query in asked
        )
        for service, asked in zip(services, queries, strict=True)
    )


def as_urgent(answer: CodeAnswer, service: Service) -> CodeAnswer:
    """In an emergency nothing a rule knows needs precertification, whoever decides else (C10).

    The rule stays named. What no rule knows stays unable to determine, emergency or not.
    """
    known = answer.requirement is not Requirement.UNABLE_TO_DETERMINE
    if service.urgency is Urgency.EMERGENCY and known:
        return answer._replace(requirement=Requirement.NOT_REQUIRED, delegate_id=None)
    return answer


def _judged(query: CodeQuery, rules: Sequence[Rule], service: Service) -> JudgedCode:
    rule = deciding_rule(query, rules)
    return JudgedCode(as_urgent(answer_by(rule, query), service), rule)


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
