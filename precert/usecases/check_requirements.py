"""Check whether services need precertification: an answer per code that names its rule (C6)."""

from dataclasses import dataclass
from datetime import date, datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.codes import code_types_of
from precert.domain.completeness import faults_of_check
from precert.domain.content import Procedure, RequestContent, Service
from precert.domain.coverage import Coverage
from precert.domain.errors import InvalidInputError, TransientError
from precert.domain.payer import Payer
from precert.domain.rules import (
    CodeAnswer,
    CodeQuery,
    Requirement,
    RuleListVersion,
    answer_code,
    overall,
)
from precert.domain.values import AuthorizationType, CodeType
from precert.usecases.confirm_patient import require_checkable
from precert.usecases.ports.reference import ReferenceReader, RuleLists


@dataclass(frozen=True)
class CheckAnswer:
    """Answers by service, in the order asked, with the list that gave them."""

    services: tuple[tuple[CodeAnswer, ...], ...]
    requirement: Requirement
    rule_list: RuleListVersion
    coverage: Coverage
    checked_at: datetime


def check_requirements(
    content: RequestContent,
    caller: Caller,
    *,
    reference: ReferenceReader,
    rule_lists: RuleLists,
    payer: Payer,
    now: datetime,
) -> CheckAnswer:
    """Answer every code of every service.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: something is missing or wrong; all of it is listed.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError: no check (P1, A6, A4).
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    if faults := faults_of_check(content, payer, local_date(now, payer.zone)):
        raise InvalidInputError([fault.under("/content") for fault in faults])
    if content.patient is None:
        raise AssertionError("completeness requires a patient")
    facts = reference.check_facts(content.patient.member_id)
    coverage = require_checkable(facts.coverage, content.patient, payer=payer, now=now)
    if facts.rule_list is None:
        raise TransientError("No rule list is published yet. Try again later.")
    queries = [_queries(service, coverage) for service in content.services]
    rules = rule_lists.rules(
        facts.rule_list, {(query.code_type, query.code) for asked in queries for query in asked}
    )
    services = tuple(
        tuple(answer_code(query, rules.get((query.code_type, query.code), ())) for query in asked)
        for asked in queries
    )
    return CheckAnswer(
        services=services,
        requirement=overall(answer for answers in services for answer in answers),
        rule_list=facts.rule_list,
        coverage=coverage,
        checked_at=now,
    )


def _queries(service: Service, coverage: Coverage) -> tuple[CodeQuery, ...]:
    return tuple(
        CodeQuery(
            code=procedure.code,
            code_type=_code_type(procedure),
            on=_day(service),
            plan_type=coverage.plan.plan_type,
            authorization_type=service.authorization_type or AuthorizationType.OUTPATIENT,
        )
        for procedure in service.procedures
    )


def _code_type(procedure: Procedure) -> CodeType:
    return procedure.code_type or code_types_of(procedure.code)[0]


def _day(service: Service) -> date:
    if service.first_day is None:
        raise AssertionError("completeness requires a date")
    return service.first_day
