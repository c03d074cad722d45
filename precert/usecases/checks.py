"""Check whether services need precertification, and assert or export the result (C2-C8)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from precert.domain.assertion import assertion_id, matches, stamped_at
from precert.domain.assessment import AssertionStatus
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_sets import errors_of_codes
from precert.domain.completeness import errors_of_check, exceptions_of, not_a_choice, without_window
from precert.domain.content import RequestContent, Service, line_id_of
from precert.domain.coverage import Coverage
from precert.domain.errors import (
    FieldError,
    InvalidInputError,
    NothingToExportError,
    TransientError,
)
from precert.domain.form import ServiceForm, service_form
from precert.domain.next_steps import (
    NextAction,
    NextStep,
    all_offer_predetermination,
    codes_without_predetermination,
    error_of_purpose,
    next_step,
    next_step_without_codes,
    notices_of,
    requirement_without_codes,
    without_partial_predetermination,
)
from precert.domain.payer import Payer
from precert.domain.review import IntakeException
from precert.domain.rules import CodeResult, DelegatedVendor, Requirement, RuleListVersion, overall
from precert.names import Entitlement
from precert.usecases.code_rules import evaluate_codes, retained_by_payer
from precert.usecases.members import require_checkable, require_member
from precert.usecases.ports.reference import (
    CheckFacts,
    CodeSets,
    ReferenceReader,
    RuleLists,
    RuleListVersions,
)


def get_form_fields(chosen: Service, caller: Caller, *, payer: Payer, now: datetime) -> ServiceForm:
    """The fields of one service, in order, for the choices in ``chosen``.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: a choice is not offered, or not offered yet.
    """
    caller.require(Entitlement.PATIENT_SEARCH, Entitlement.INTAKE)
    form = service_form(payer, chosen, local_date(now, payer.zone))
    if errors := list(_errors(form, chosen)):
        raise InvalidInputError(errors)
    return form


def _errors(form: ServiceForm, chosen: Service) -> Iterator[FieldError]:
    for shown in form.fields:
        value = getattr(chosen, shown.name)
        if shown.choices and value is not None and value not in shown.codes:
            yield not_a_choice(shown, f"/{shown.name}")
    for later in form.later:
        if getattr(chosen, later.name) not in (None, ()) and not getattr(chosen, later.waits_for):
            yield FieldError(f"/{later.waits_for}", "missing", f"choose this before {later.name}")


@dataclass(frozen=True)
class CheckResult:
    """The results by service, in the order requested, with the rule list that decided them."""

    services: tuple[tuple[CodeResult, ...], ...]
    requirement: Requirement
    rule_list: RuleListVersion
    coverage: Coverage
    checked_at: datetime
    as_of: datetime | None = None
    """The past instant of the check, if one was requested."""
    content: RequestContent = field(default_factory=RequestContent)
    """The content that was checked."""
    vendors: Mapping[str, DelegatedVendor] = field(default_factory=dict)
    """Delegated vendors of the results, by id, as published with the list."""
    assertion_id: str | None = None
    """The assertion id of the result; a check as of the past has none."""
    assertion_valid: bool | None = None
    """Whether the quoted assertion id is that of this content and this list."""
    intake_exceptions: tuple[IntakeException, ...] = ()
    """What the payer's staff may enter although providers may not; empty for providers."""
    checked_on: date | None = None
    """The day by which a service is retrospective: of the check, or of the receipt by staff."""

    @property
    def payers_words(self) -> dict[str, str | None]:
        """The payer's description of each code, by the id of its service line (T6)."""
        return {
            line_id_of(number, at): code.label
            for number, codes in enumerate(self.services, start=1)
            for at, code in enumerate(codes, start=1)
        }

    def steps_without_codes(self, payer: Payer) -> tuple[NextStep | None, ...]:
        """What to do about each service that is a stay without codes (C3)."""
        return tuple(
            None if codes else next_step_without_codes(service, payer, self.state)
            for service, codes in zip(self.content.services, self.services, strict=True)
        )

    @property
    def state(self) -> str | None:
        """The servicing provider's state, by which an emergency admission is reported (C10)."""
        provider = self.content.servicing_provider
        return provider.address.state if provider and provider.address else None

    @property
    def predetermination_available(self) -> bool:
        """Whether a predetermination is offered for every code of the check (C14)."""
        return all_offer_predetermination(self.services, self.content.services)

    def is_retrospective(self, service: Service) -> bool:
        """Whether the service began before the day of the check or receipt (C12)."""
        day = service.first_day
        return day is not None and self.checked_on is not None and day < self.checked_on

    def notices(self, payer: Payer) -> tuple[str, ...]:
        """The payer's texts to be shown with the result, without duplicates.

        They include which vendors decide services that have already been performed.
        """
        texts = notices_of(self.services, self.content.services, self.coverage.plan, payer)
        named = dict.fromkeys(
            code.vendor_id
            for service, codes in zip(self.content.services, self.services, strict=True)
            for code in codes
            if code.vendor_id in self.vendors and self.is_retrospective(service)
        )
        names = [self.vendors[one].name for one in named if one is not None]
        retrospective = payer.notices["retrospective_vendor"]
        return (*texts, *(retrospective.format(vendor=name) for name in names))

    def next_steps(self, payer: Payer) -> tuple[tuple[NextStep, ...], ...]:
        """What to do about each code, in the order of :attr:`services`."""
        purpose = self.content.purpose
        return tuple(
            tuple(next_step(code, service, payer, self.state, purpose) for code in codes)
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
    received_at: datetime | None = None,
) -> CheckResult:
    """Check every code of every service.

    ``as_of`` checks with the rule list that was in effect at that past instant, to explain an earlier
    result; it costs one more database read. The members' coverage is the current one. ``received_at``
    is when staff received the request that they check: intake exceptions and retrospective services
    are determined as of then, as in its registration.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: something is missing or wrong; all errors are listed.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError: no check (P1, A6, A4).
    """
    caller.require(Entitlement.PATIENT_SEARCH, Entitlement.INTAKE)
    at = as_of or now
    today = local_date(received_at or at, payer.zone)
    content_errors = errors_of_check(content, payer, today)
    errors = without_window(content_errors) if caller.is_intake_staff else list(content_errors)
    errors.extend(errors_of_codes(content, code_sets.listed))
    errors = [error.under("/content") for error in errors]
    if at > now:
        errors.append(
            FieldError("/as_of", "in_future", "must be an instant in the past, or absent")
        )
    errors.extend(_errors_of_receipt(received_at, caller, as_of=as_of, now=now))
    if errors:
        raise InvalidInputError(errors)
    if content.patient is None:
        raise AssertionError("completeness requires a patient")
    facts = reference.check_facts(content.patient.member_id)
    if caller.is_intake_staff:
        coverage = require_member(facts.member, content.patient, payer).coverage_near(today)
    else:
        coverage = require_checkable(facts.member, content.patient, payer=payer, now=at)
    rule_list = _rule_list(facts, rule_list_versions, as_of)
    key = _assertion_key(facts)
    evaluated = evaluate_codes(
        content.services,
        lambda day: (facts.coverage_on(day) or coverage).plan,
        rule_list=rule_list,
        rule_lists=rule_lists,
        payer=payer,
    )
    vendor_ids = {
        one.answer.vendor_id for codes in evaluated for one in codes if one.answer.vendor_id
    }
    vendors = rule_lists.vendors(rule_list, sorted(vendor_ids)) if vendor_ids else {}
    evaluated = retained_by_payer(evaluated, content.services, vendors, today)
    services = without_partial_predetermination(
        [[code.answer for code in codes] for codes in evaluated], content.services
    )
    _require_offer(content, services)
    named = {one.vendor_id for codes in services for one in codes}
    quoted, version = content.assertion_id, rule_list.version
    return CheckResult(
        services=services,
        requirement=_requirement(services, content.services, payer),
        rule_list=rule_list,
        coverage=coverage,
        checked_at=now,
        as_of=as_of,
        content=content,
        vendors={vendor_id: one for vendor_id, one in vendors.items() if vendor_id in named},
        # A check as of the past has no assertion id: that result was not returned then.
        assertion_id=None if as_of else assertion_id(content, version, now, key=key),
        assertion_valid=matches(quoted, content, version, key=key) if quoted else None,
        intake_exceptions=exceptions_of(content_errors, coverage, payer, today),
        checked_on=today,
    )


def _errors_of_receipt(
    received_at: datetime | None, caller: Caller, *, as_of: datetime | None, now: datetime
) -> Iterator[FieldError]:
    if received_at is None:
        return
    if not caller.is_intake_staff:
        yield FieldError(
            "/received_at", "not_applicable", "only staff who register requests may use this field"
        )
    elif as_of is not None:
        yield FieldError("/received_at", "contradicts", "use either as_of or received_at, not both")
    elif received_at > now:
        yield FieldError("/received_at", "in_future", "must not be in the future")


def _require_offer(content: RequestContent, answers: Sequence[Sequence[CodeResult]]) -> None:
    without = codes_without_predetermination(answers, content.services)
    if error := error_of_purpose(content, without):
        raise InvalidInputError([error.under("/content")])


def _requirement(
    answers: Sequence[Sequence[CodeResult]], services: Sequence[Service], payer: Payer
) -> Requirement:
    """The requirement of the whole check, including stays without codes."""
    requirements = [answer.requirement for codes in answers for answer in codes]
    stays = [
        Requirement.UNABLE_TO_DETERMINE
        if payer.is_behavioral_stay(service)
        else requirement_without_codes(service)
        for service, codes in zip(services, answers, strict=True)
        if not codes
    ]
    return overall([*requirements, *stays])


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
        message = "is before the first rule list was published; use a later time"
        raise InvalidInputError([FieldError("/as_of", "no_rule_list", message)])
    return then


AROUND: Final = timedelta(minutes=15)
"""The tolerance for the time in an assertion id, when the rule list of the check is determined.

A list's version is the time when its publication began, but the list takes effect later, once it is
compiled and stored. An assertion id has the time when the check began, before it read which list is in
effect. The two clocks differ as well.
"""


def prove_assertion(
    content: RequestContent, *, reference: ReferenceReader, versions: RuleListVersions
) -> AssertionStatus:
    """Whether the assertion id that ``content`` quotes was issued for this content.

    Each list that may have been in effect at the time in the id is tried. This costs one database read
    if that is the list in effect now, and one more for each earlier list; none if no id is quoted.
    """
    quoted = content.assertion_id
    if quoted is None:
        return AssertionStatus.NONE
    issued_at = stamped_at(quoted)
    if issued_at is None or content.patient is None:
        return AssertionStatus.CHANGED
    facts = reference.check_facts(content.patient.member_id)
    key = facts.assertion_key
    if key is None:
        return AssertionStatus.CHANGED
    for one in _may_have_answered(issued_at, facts.rule_list, versions):
        if matches(quoted, content, one.version, key=key):
            return AssertionStatus.PROVEN
    return AssertionStatus.CHANGED


def _may_have_answered(
    issued_at: datetime, newest: RuleListVersion | None, versions: RuleListVersions
) -> Iterator[RuleListVersion]:
    """The lists in effect around an instant, the latest first."""
    latest = issued_at + AROUND
    one = newest
    if newest is None or newest.published_at > latest:
        one = versions.in_effect_at(latest)
    while one is not None:
        yield one
        if one.published_at <= issued_at - AROUND:
            return
        one = versions.in_effect_at(one.published_at - timedelta(microseconds=1))


Check = Callable[[RequestContent, Caller], CheckResult]
"""The check (:func:`precert.usecases.checks.check_requirements`) with its dependencies."""


@dataclass(frozen=True)
class Export:
    """The part of a check that one delegated vendor decides: services with only the vendor's codes."""

    vendor: DelegatedVendor
    content: RequestContent
    answer: CheckResult

    @property
    def note(self) -> str:
        """The check and the rule list version that it comes from, as text for the vendor."""
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
    """Check again, and select what the delegated vendor decides by the list in effect now.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: the check's errors, or the delegated vendor does not exist.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError: no check (P1, A6, A4).
        NothingToExportError: the vendor decides none of the codes.
    """
    answer = check(content, caller)
    vendor = rule_lists.vendors(answer.rule_list, [vendor_id]).get(vendor_id)
    if vendor is None:
        message = "no delegated vendor has this id; use a vendor_id from the result of the check"
        raise InvalidInputError([FieldError("/vendor_id", "unknown", message)])
    services = tuple(_decided_by(vendor_id, answer, payer))
    if not services:
        raise NothingToExportError(
            f"{vendor.name} does not decide any of these codes. Follow each code's next_step."
        )
    return Export(vendor, content.model_copy(update={"services": services}), answer)


def _decided_by(vendor_id: str, answer: CheckResult, payer: Payer) -> Iterator[Service]:
    requested = zip(answer.content.services, answer.services, answer.next_steps(payer), strict=True)
    for service, codes, steps in requested:
        procedures = tuple(
            procedure
            for procedure, code, step in zip(service.procedures, codes, steps, strict=True)
            if code.vendor_id == vendor_id and step.action is NextAction.GO_TO_VENDOR
        )
        if procedures:
            yield service.model_copy(update={"procedures": procedures})
