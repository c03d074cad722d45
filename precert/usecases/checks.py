"""Check whether services need precertification, and prove or export what a check answered (C2-C8)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from precert.domain.assertion import assertion_id, given_at, matches
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_sets import errors_of_codes
from precert.domain.codes import code_types_of
from precert.domain.completeness import errors_of_check, not_a_choice
from precert.domain.content import Procedure, RequestContent, Service
from precert.domain.coverage import Coverage, Plan
from precert.domain.errors import (
    FieldError,
    InvalidInputError,
    NothingToExportError,
    TransientError,
)
from precert.domain.form import AskedForm, asked_form
from precert.domain.next_steps import NextAction, NextStep, next_step
from precert.domain.payer import Payer
from precert.domain.review import AssertionStatus
from precert.domain.rules import (
    CodeQuery,
    CodeResult,
    DelegatedVendor,
    Requirement,
    Rule,
    RuleListVersion,
    answer_by,
    deciding_rule,
    overall,
)
from precert.domain.values import AuthorizationType, CodeType, Purpose, Urgency
from precert.names import Entitlement
from precert.usecases.members import require_checkable
from precert.usecases.ports.reference import (
    CheckFacts,
    CodeSets,
    ReferenceReader,
    RuleLists,
    RuleListVersions,
)


def get_form_fields(chosen: Service, caller: Caller, *, payer: Payer, now: datetime) -> AskedForm:
    """The fields of one service, in order; ``chosen`` holds the choices made so far, nothing else.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: something is chosen that is not offered, or too early.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    form = asked_form(payer, chosen, local_date(now, payer.zone))
    if errors := list(_errors(form, chosen)):
        raise InvalidInputError(errors)
    return form


def _errors(form: AskedForm, chosen: Service) -> Iterator[FieldError]:
    for asked in form.fields:
        value = getattr(chosen, asked.name)
        if asked.choices and value is not None and value not in asked.codes:
            yield not_a_choice(asked, f"/{asked.name}")
    for later in form.later:
        if getattr(chosen, later.name) not in (None, ()) and not getattr(chosen, later.waits_for):
            yield FieldError(f"/{later.waits_for}", "missing", f"choose this before {later.name}")


class JudgedCode(NamedTuple):
    """What one code is answered, and the rule that decided it, if one covers it."""

    answer: CodeResult
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


def as_expedited(answer: CodeResult, service: Service) -> CodeResult:
    """In an emergency nothing a rule knows needs precertification, whoever decides else (C10).

    The rule stays named. What no rule knows stays unable to determine, emergency or not.
    """
    known = answer.requirement is not Requirement.UNABLE_TO_DETERMINE
    if service.urgency is Urgency.EMERGENCY and known:
        return answer._replace(requirement=Requirement.NOT_REQUIRED, vendor_id=None)
    return answer


def _judged(query: CodeQuery, rules: Sequence[Rule], service: Service) -> JudgedCode:
    rule = deciding_rule(query, rules)
    return JudgedCode(as_expedited(answer_by(rule, query), service), rule)


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


@dataclass(frozen=True)
class CheckResult:
    """Answers by service, in the order asked, with the list that gave them."""

    services: tuple[tuple[CodeResult, ...], ...]
    requirement: Requirement
    rule_list: RuleListVersion
    coverage: Coverage
    checked_at: datetime
    as_of: datetime | None = None
    """The past instant whose list answered, where one was asked for."""
    content: RequestContent = field(default_factory=RequestContent)
    """What was asked."""
    vendors: Mapping[str, DelegatedVendor] = field(default_factory=dict)
    """Third parties that the answers name, by id, as they were published with the list."""
    assertion_id: str | None = None
    """What this answer is quoted by; an answer as of the past has none."""
    assertion_valid: bool | None = None
    """Whether the id that was quoted is that of this question, answered by this list."""

    @property
    def payers_words(self) -> dict[str, str | None]:
        """The payer's words for each code, by the id of its service line (T6)."""
        return {
            f"{number}.{at}": code.label
            for number, codes in enumerate(self.services, start=1)
            for at, code in enumerate(codes, start=1)
        }

    def next_steps(self, payer: Payer) -> tuple[tuple[NextStep, ...], ...]:
        """What to do about each code, in the order of :attr:`services`."""
        today = local_date(self.as_of or self.checked_at, payer.zone)
        purpose = self.content.purpose
        return tuple(
            tuple(
                next_step(
                    code, service, self.vendors.get(code.vendor_id or ""), payer, today, purpose
                )
                for code in codes
            )
            for service, codes in zip(self.content.services, self.services, strict=True)
        )


def check_requirements(
    content: RequestContent,
    caller: Caller,
    *,
    reference: ReferenceReader,
    rule_lists: RuleLists,
    rule_list_versions: RuleListVersions,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
    as_of: datetime | None = None,
) -> CheckResult:
    """Answer every code of every service.

    With ``as_of`` the check is answered as it was at that past instant, by the list in effect then:
    to explain an answer, one call more. Members are known as they are now.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: something is missing or wrong; all of it is listed.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError: no check (P1, A6, A4).
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    at = as_of or now
    errors = errors_of_check(content, payer, local_date(at, payer.zone))
    errors.extend(errors_of_codes(content, code_sets.listed))
    errors = [error.under("/content") for error in errors]
    if at > now:
        errors.append(
            FieldError("/as_of", "in_future", "must be an instant in the past, or absent")
        )
    if errors:
        raise InvalidInputError(errors)
    if content.patient is None:
        raise AssertionError("completeness requires a patient")
    facts = reference.check_facts(content.patient.member_id)
    coverage = require_checkable(facts.member, content.patient, payer=payer, now=at)
    rule_list = _rule_list(facts, rule_list_versions, as_of)
    key = _assertion_key(facts)
    judged = judge_codes(
        content.services,
        lambda day: (facts.coverage_on(day) or coverage).plan,
        rule_list=rule_list,
        rule_lists=rule_lists,
    )
    services = tuple(tuple(code.answer for code in codes) for codes in judged)
    _require_offer(content.purpose, services)
    asked_of = {one.vendor_id for codes in services for one in codes if one.vendor_id}
    quoted, version = content.assertion_id, rule_list.version
    return CheckResult(
        services=services,
        requirement=_requirement(services),
        rule_list=rule_list,
        coverage=coverage,
        checked_at=now,
        as_of=as_of,
        content=content,
        vendors=rule_lists.vendors(rule_list, sorted(asked_of)) if asked_of else {},
        # No one gets the id of an answer that was not given then.
        assertion_id=None if as_of else assertion_id(content, version, now, key=key),
        assertion_valid=matches(quoted, content, version, key=key) if quoted else None,
    )


def _require_offer(purpose: Purpose, services: Sequence[Sequence[CodeResult]]) -> None:
    """A predetermination is asked for only where the list offers one (C14)."""
    offered = any(answer.predetermination for answers in services for answer in answers)
    if purpose is Purpose.PREDETERMINATION and not offered:
        message = "no predetermination is offered for these codes under this plan: leave it out"
        raise InvalidInputError([FieldError("/content/purpose", "not_offered", message)])


def _requirement(services: Sequence[Sequence[CodeResult]]) -> Requirement:
    """What all of it comes to; of a stay without codes no rule said that it needs nothing."""
    whole = overall(answer for answers in services for answer in answers)
    if whole is Requirement.NOT_REQUIRED and not all(services):
        return Requirement.UNABLE_TO_DETERMINE
    return whole


def _assertion_key(facts: CheckFacts) -> bytes:
    if facts.assertion_key is None:
        raise TransientError("No rule list is published yet. Try again later.")
    return facts.assertion_key


def _rule_list(
    facts: CheckFacts, versions: RuleListVersions, as_of: datetime | None
) -> RuleListVersion:
    if as_of is None:
        if facts.rule_list is None:
            raise TransientError("No rule list is published yet. Try again later.")
        return facts.rule_list
    then = versions.in_effect_at(as_of)
    if then is None:
        words = "is before the first rule list was published; give a later instant"
        raise InvalidInputError([FieldError("/as_of", "no_rule_list", words)])
    return then


AROUND: Final = timedelta(minutes=15)
"""How far the moment in an id and the one in a list's name may lie beside the order of what happened.

A list bears the moment when its publishing began and answers once it is compiled and stored; an id
bears the moment when its check began, before the pointer to the list was read; their clocks differ.
"""


def prove_assertion(
    content: RequestContent, *, reference: ReferenceReader, versions: RuleListVersions
) -> AssertionStatus:
    """Whether the id that ``content`` quotes was given for what it asks.

    Each list that may have answered at the moment named in the id is tried. One call where that is
    the list in effect now; one more where it is an earlier one, and for each list published around that
    moment; none where there is nothing to prove.
    """
    quoted = content.assertion_id
    if quoted is None:
        return AssertionStatus.NONE
    given = given_at(quoted)
    if given is None or content.patient is None:
        return AssertionStatus.CHANGED
    facts = reference.check_facts(content.patient.member_id)
    key = facts.assertion_key
    if key is None:
        return AssertionStatus.CHANGED
    for one in _may_have_answered(given, facts.rule_list, versions):
        if matches(quoted, content, one.version, key=key):
            return AssertionStatus.PROVEN
    return AssertionStatus.CHANGED


def _may_have_answered(
    given: datetime, newest: RuleListVersion | None, versions: RuleListVersions
) -> Iterator[RuleListVersion]:
    """The lists in effect around an instant, the latest first."""
    latest = given + AROUND
    one = newest
    if newest is None or newest.published_at > latest:
        one = versions.in_effect_at(latest)
    while one is not None:
        yield one
        if one.published_at <= given - AROUND:
            return
        one = versions.in_effect_at(one.published_at - timedelta(microseconds=1))


Check = Callable[[RequestContent, Caller], CheckResult]
"""The check itself (:func:`precert.usecases.checks.check_requirements`), equipped."""


@dataclass(frozen=True)
class Export:
    """What one delegated vendor decides of a check: its services, with its codes alone."""

    delegate: DelegatedVendor
    content: RequestContent
    answer: CheckResult

    @property
    def note(self) -> str:
        """Where it comes from, for whoever takes it in."""
        quoted = self.answer.assertion_id
        return f"Referred by check {quoted}, rule list {self.answer.rule_list.version}."


def export_check(
    content: RequestContent,
    vendor_id: str,
    caller: Caller,
    *,
    check: Check,
    rule_lists: RuleLists,
    payer: Payer,
) -> Export:
    """Check again, and pick what the delegated vendor decides by the list in effect now.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: the check's errors, or there is no such delegated vendor.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError: no check (P1, A6, A4).
        NothingToExportError: it decides on nothing of this.
    """
    answer = check(content, caller)
    delegate = rule_lists.vendors(answer.rule_list, [vendor_id]).get(vendor_id)
    if delegate is None:
        words = "no such delegated vendor; send a vendor_id that the check answered"
        raise InvalidInputError([FieldError("/vendor_id", "unknown", words)])
    services = tuple(_decided_by(vendor_id, answer, payer))
    if not services:
        raise NothingToExportError(
            f"{delegate.name} decides on none of these codes. Follow each code's next_step."
        )
    return Export(delegate, content.model_copy(update={"services": services}), answer)


def _decided_by(vendor_id: str, answer: CheckResult, payer: Payer) -> Iterator[Service]:
    asked = zip(answer.content.services, answer.services, answer.next_steps(payer), strict=True)
    for service, codes, steps in asked:
        procedures = tuple(
            procedure
            for procedure, code, step in zip(service.procedures, codes, steps, strict=True)
            if code.vendor_id == vendor_id and step.action is NextAction.GO_TO_VENDOR
        )
        if procedures:
            yield service.model_copy(update={"procedures": procedures})
