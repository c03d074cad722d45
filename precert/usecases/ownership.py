"""Determine who decides each service line: the payer, or a delegated vendor (C8, C12, W8).

The same rules and next steps as in a check are applied, so that a draft, its submission and its
assessment have the same result as the check.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Protocol

from precert.domain.clocks import local_date
from precert.domain.codes import code_types_of
from precert.domain.content import RequestContent, Service, numbered_lines
from precert.domain.coverage import Member, Plan
from precert.domain.delegation import Ownership
from precert.domain.directory import DirectoryEntry
from precert.domain.errors import FieldError, TransientError
from precert.domain.matching import provider_ids
from precert.domain.next_steps import NextAction, codes_without_predetermination, next_step
from precert.domain.payer import Payer
from precert.domain.rules import CodeResult, DelegatedVendor, Requirement, RuleListVersion
from precert.domain.values import Purpose
from precert.domain.wording import listed
from precert.usecases.checks import CheckResult
from precert.usecases.code_rules import evaluate_codes, retained_by_payer
from precert.usecases.members import require_member
from precert.usecases.ports.reference import (
    CheckFacts,
    ReferenceReader,
    RuleLists,
    RuleListVersions,
)


def vendor_of_code(
    answer: CodeResult,
    service: Service,
    vendors: Mapping[str, DelegatedVendor],
    payer: Payer,
    purpose: Purpose,
) -> str | None:
    """The id of the vendor that decides a code, if the check's next step is to go to the vendor."""
    step = next_step(answer, service, payer, purpose=purpose)
    known = answer.vendor_id in vendors
    return answer.vendor_id if known and step.action is NextAction.GO_TO_VENDOR else None


def ownership_of(
    content: RequestContent,
    *,
    reference: ReferenceReader,
    rule_lists: RuleLists,
    payer: Payer,
    now: datetime,
) -> Ownership:
    """Who decides each line, as far as the content determines it. At most one AWS call.

    A draft may be incomplete: lines of a service that has no date, or a code of no known format, remain
    undetermined, as do all lines if the member is not known.
    """
    patient, services = content.patient, content.services
    if patient is None or not any(map(_can_be_evaluated, services)):
        return Ownership()
    facts = reference.check_facts(patient.member_id)
    rule_list, member = facts.rule_list, facts.member
    if rule_list is None or member is None:
        return Ownership()

    def plan_on(day: date) -> Plan:
        return member.coverage_near(day).plan

    evaluable = [service for service in services if _can_be_evaluated(service)]
    evaluated = evaluate_codes(
        evaluable, plan_on, rule_list=rule_list, rule_lists=rule_lists, payer=payer
    )
    named = {
        code.answer.vendor_id for codes in evaluated for code in codes if code.answer.vendor_id
    }
    vendors = rule_lists.vendors(rule_list, sorted(named)) if named else {}
    evaluated = retained_by_payer(evaluated, evaluable, vendors, local_date(now, payer.zone))
    results = [[code.answer for code in codes] for codes in evaluated]
    return Ownership(
        rule_list.version,
        _owners(services, results, vendors, payer, content.purpose),
        vendors,
        codes_without_predetermination(results, evaluable),
        _words(services, results),
    )


class LineOwners(Protocol):
    """:func:`ownership_of` with its dependencies; as of now, unless another instant is passed."""

    def __call__(self, content: RequestContent, *, now: datetime = ...) -> Ownership: ...


def ownership_of_check(answer: CheckResult, payer: Payer) -> Ownership:
    """Who decides each line, by the result of a check."""
    content = answer.content
    owners = _owners(content.services, answer.services, answer.vendors, payer, content.purpose)
    words = answer.payers_words
    return Ownership(answer.rule_list.version, owners, answer.vendors, payers_words=words)


def _owners(
    services: Sequence[Service],
    results: Sequence[Sequence[CodeResult]],
    vendors: Mapping[str, DelegatedVendor],
    payer: Payer,
    purpose: Purpose,
) -> dict[str, str | None]:
    """The vendor of each service line, or ``None`` for the payer.

    ``results`` are those of the services with codes that can be evaluated; the lines of other services
    with codes are left out.
    """
    result = chain.from_iterable(results)
    return {
        line_id: vendor_of_code(next(result), service, vendors, payer, purpose)
        if procedure is not None
        else None
        for line_id, service, procedure in numbered_lines(services)
        if procedure is None or _can_be_evaluated(service)
    }


def _words(
    services: Sequence[Service], results: Sequence[Sequence[CodeResult]]
) -> dict[str, str | None]:
    """The payer's text for the code of each line; ``results`` are as in :func:`_owners`."""
    result = chain.from_iterable(results)
    return {
        line_id: next(result).label
        for line_id, service, procedure in numbered_lines(services)
        if procedure is not None and _can_be_evaluated(service)
    }


def errors_of_confirmation(content: RequestContent, ownership: Ownership) -> list[FieldError]:
    """The errors of vendors without a confirmation that their lines are sent to them (W8).

    The provider confirms it, or the payer's staff for a request by phone, fax or mail.
    """
    by_vendor, confirmed = ownership.lines_by_vendor(), content.confirmed_vendors
    codes = {id_: one.code for id_, _, one in numbered_lines(content.services) if one}
    errors = []
    for vendor_id, line_ids in by_vendor.items():
        if vendor_id in confirmed:
            continue
        lines = listed("lines", [f"{line_id} ({codes[line_id]})" for line_id in line_ids])
        them = "it" if len(line_ids) == 1 else "them"
        name = ownership.vendors[vendor_id].name
        message = (
            f"{name} decides {lines}, not the payer: confirm that the vendor ({vendor_id}) receives "
            f"{them}, or remove {them}"
        )
        errors.append(
            FieldError("/confirmed_vendors", "vendor_not_confirmed", message, (vendor_id,))
        )
    return errors


def _can_be_evaluated(service: Service) -> bool:
    """Whether the rules apply: the service has a date, and each of its codes has a code set."""
    return (
        service.first_day is not None
        and bool(service.procedures)
        and all(one.code_type or code_types_of(one.code) for one in service.procedures)
    )


# -- Cases that vendors received directly --------------------------------------------------------------


@dataclass(frozen=True)
class EvaluatedCase:
    """The reference data for a case that was requested from a vendor."""

    member: Member
    rule_list: str
    """Version of the list in effect when the vendor decided."""
    vendor: DelegatedVendor | None
    entries: Mapping[str, DirectoryEntry]
    """Directory entries of its providers."""
    errors: tuple[FieldError, ...]
    """Errors of codes that are not delegated to the vendor, and of days without coverage."""


EvaluateCase = Callable[[RequestContent, str, datetime], EvaluatedCase]
""":func:`evaluate_case` with its dependencies: content, vendor id, and when it was decided."""


def evaluate_case(
    content: RequestContent,
    vendor_id: str,
    decided_at: datetime,
    *,
    reference: ReferenceReader,
    rule_lists: RuleLists,
    rule_list_versions: RuleListVersions,
    payer: Payer,
) -> EvaluatedCase:
    """Evaluate what a vendor decided by the rule list in effect then (W8).

    Raises:
        PatientNotFoundError: the patient is not a member.
    """
    if content.patient is None:
        raise AssertionError("a report has a patient")
    facts = reference.check_facts(content.patient.member_id)
    member = require_member(facts.member, content.patient, payer)
    rule_list = _list_in_effect(facts, decided_at, rule_list_versions)
    return EvaluatedCase(
        member=member,
        rule_list=rule_list.version,
        vendor=rule_lists.vendors(rule_list, [vendor_id]).get(vendor_id),
        entries=reference.entries(provider_ids(content)),
        errors=(
            *_errors_of_coverage(content, member),
            *_errors_of_delegation(content, member, vendor_id, rule_list, rule_lists, payer),
        ),
    )


def _list_in_effect(
    facts: CheckFacts, reported_at: datetime, versions: RuleListVersions
) -> RuleListVersion:
    """The rule list in effect when the vendor decided; the current one if none was published then."""
    current = facts.rule_list
    if current is None:
        raise TransientError("No rule list is published yet. Try again later.")
    if current.published_at <= reported_at:
        return current
    return versions.in_effect_at(reported_at) or current


def _errors_of_coverage(content: RequestContent, member: Member) -> Iterator[FieldError]:
    """Errors of services whose first or last day is not covered (A6)."""
    for index, service in enumerate(content.services):
        days = {day for day in (service.first_day, service.last_day) if day is not None}
        missing = sorted(day for day in days if member.coverage_on(day) is None)
        name = "admission_date" if service.admission_date else "service_date"
        if missing:
            on = " and ".join(map(date.isoformat, missing))
            message = f"the member is not covered on {on}: report only services within coverage"
            yield FieldError(f"/content/services/{index}/{name}", "not_covered", message)


def _errors_of_delegation(
    content: RequestContent,
    member: Member,
    vendor_id: str,
    rule_list: RuleListVersion,
    rule_lists: RuleLists,
    payer: Payer,
) -> Iterator[FieldError]:
    """Errors of codes that the list does not delegate to this vendor on the date of service (C13)."""
    evaluated = evaluate_codes(
        content.services,
        lambda day: member.coverage_near(day).plan,
        rule_list=rule_list,
        rule_lists=rule_lists,
        payer=payer,
    )
    for index, (service, codes) in enumerate(zip(content.services, evaluated, strict=True)):
        for number, code in enumerate(codes):
            answer = code.answer
            is_delegated = answer.requirement is Requirement.DELEGATED_VENDOR
            if is_delegated and answer.vendor_id == vendor_id:
                continue
            owner = f"to {answer.vendor_id}" if is_delegated else "to no vendor"
            message = (
                f"rule list {rule_list.version} delegates {answer.code} {owner} on "
                f"{service.first_day}: report only codes that are delegated to {vendor_id}"
            )
            pointer = f"/content/services/{index}/procedures/{number}/code"
            yield FieldError(pointer, "not_delegated", message)
