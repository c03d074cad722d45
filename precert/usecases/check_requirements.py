"""Check whether services need precertification: an answer per code that names its rule (C6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from precert.contract import Entitlement
from precert.domain.assertion import assertion_id, matches
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_sets import faults_of_codes
from precert.domain.completeness import faults_of_check
from precert.domain.content import RequestContent
from precert.domain.coverage import Coverage
from precert.domain.delegates import Delegate
from precert.domain.errors import Fault, InvalidInputError, TransientError
from precert.domain.next_steps import NextStep, next_step
from precert.domain.payer import Payer
from precert.domain.rules import CodeAnswer, Requirement, RuleListVersion, overall
from precert.domain.values import Purpose
from precert.usecases.confirm_patient import require_checkable
from precert.usecases.judge_codes import judge_codes
from precert.usecases.ports.code_sets import CodeSets
from precert.usecases.ports.reference import CheckFacts, ReferenceReader
from precert.usecases.ports.rule_lists import RuleLists, RuleListVersions


@dataclass(frozen=True)
class CheckAnswer:
    """Answers by service, in the order asked, with the list that gave them."""

    services: tuple[tuple[CodeAnswer, ...], ...]
    requirement: Requirement
    rule_list: RuleListVersion
    coverage: Coverage
    checked_at: datetime
    as_of: datetime | None = None
    """The past instant whose list answered, where one was asked for."""
    content: RequestContent = field(default_factory=RequestContent)
    """What was asked."""
    delegates: Mapping[str, Delegate] = field(default_factory=dict)
    """Third parties that the answers name, by id, as they were published with the list."""
    assertion_id: str | None = None
    """What this answer is quoted by; an answer as of the past has none."""
    quoted_id_fits: bool | None = None
    """Whether the id that was quoted is that of this question, answered by this list."""

    def next_steps(self, payer: Payer) -> tuple[tuple[NextStep, ...], ...]:
        """What to do about each code, in the order of :attr:`services`."""
        today = local_date(self.as_of or self.checked_at, payer.zone)
        purpose = self.content.purpose
        return tuple(
            tuple(
                next_step(
                    code, service, self.delegates.get(code.delegate_id or ""), payer, today, purpose
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
) -> CheckAnswer:
    """Answer every code of every service.

    With ``as_of`` the check is answered as it was at that past instant, by the list in force then:
    to explain an answer, one call more. Members are known as they are now.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: something is missing or wrong; all of it is listed.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError: no check (P1, A6, A4).
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    at = as_of or now
    faults = faults_of_check(content, payer, local_date(at, payer.zone))
    faults.extend(faults_of_codes(content, code_sets.listed))
    faults = [fault.under("/content") for fault in faults]
    if at > now:
        faults.append(Fault("/as_of", "in_future", "must be an instant in the past, or absent"))
    if faults:
        raise InvalidInputError(faults)
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
    asked_of = {one.delegate_id for codes in services for one in codes if one.delegate_id}
    quoted, version = content.assertion_id, rule_list.version
    return CheckAnswer(
        services=services,
        requirement=_requirement(services),
        rule_list=rule_list,
        coverage=coverage,
        checked_at=now,
        as_of=as_of,
        content=content,
        delegates=rule_lists.delegates(rule_list, sorted(asked_of)) if asked_of else {},
        # Nobody gets the id of an answer that was not given then.
        assertion_id=None if as_of else assertion_id(content, version, now, key=key),
        quoted_id_fits=matches(quoted, content, version, key=key) if quoted else None,
    )


def _require_offer(purpose: Purpose, services: Sequence[Sequence[CodeAnswer]]) -> None:
    """A predetermination is asked for only where the list offers one (C14)."""
    offered = any(answer.predetermination for answers in services for answer in answers)
    if purpose is Purpose.PREDETERMINATION and not offered:
        message = "no predetermination is offered for these codes under this plan: leave it out"
        raise InvalidInputError([Fault("/content/purpose", "not_offered", message)])


def _requirement(services: Sequence[Sequence[CodeAnswer]]) -> Requirement:
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
    then = versions.in_force_at(as_of)
    if then is None:
        words = "is before the first rule list was published; give a later instant"
        raise InvalidInputError([Fault("/as_of", "no_rule_list", words)])
    return then
