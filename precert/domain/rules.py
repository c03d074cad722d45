"""The rule list: which codes need precertification, what a check answers (C6), and the delegated
vendors that decide for the payer (C8, C12, C13).

A payer's precertification list is a set of rules with effective dates. For each code the rules that
apply on the service date are compared, and the most specific one decides. A code that no rule names is
*unable to determine*: a missing rule never means "not required".

Rules are plain objects without validation, because a check creates one per row. A file is validated
once, in :mod:`precert.domain.loading_rules`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, NamedTuple

from pydantic import Field

from precert.domain.codes import canonical_code, family_of, ordinal_of
from precert.domain.values import AuthorizationType, CodeType, Phone, Text, Value

WebAddress = Annotated[str, Field(pattern=r"^https://[^\s]+$", max_length=200)]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=120)]


class CareCoordination(Value):
    """Who helps to find a supplier and follows the delivery (C12).

    ``phone`` is text, as it may need an option or an extension.
    """

    phone: Text
    fax: Phone | None = None
    email: Email | None = None


class DelegatedVendor(Value):
    """One vendor for one family of services: name, link, contacts, requirements (C8)."""

    vendor_id: Text
    name: Text
    services: Text
    """The services that it decides, in words."""
    url: WebAddress
    phone: Phone | None = None
    fax: Phone | None = None
    hours: Text | None = None
    requirements: Annotated[tuple[Text, ...], Field(min_length=1)]
    """What a request must contain, one item each."""
    care_coordination: CareCoordination | None = None
    retrospective_notice: Text | None = None
    """The payer's notice for services already performed, where the payer decides those (C12)."""


class Requirement(StrEnum):
    """What a check answers for a code (C6)."""

    REQUIRED = "REQUIRED"
    NOT_REQUIRED = "NOT_REQUIRED"
    DELEGATED_VENDOR = "DELEGATED_VENDOR"
    UNABLE_TO_DETERMINE = "UNABLE_TO_DETERMINE"


class CodeQuery(NamedTuple):
    """One requested code with its day, plan and setting."""

    code: str
    code_type: CodeType
    on: date
    plan_type: str
    authorization_type: AuthorizationType
    line_of_business: str | None = None
    type_of_service: str | None = None
    place_of_service: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row of a rule list. An empty condition applies to everything.

    ``code_to`` equals ``code_from`` for a single code. Both ends of a range have the same form,
    and only codes of that form are covered. Revenue codes are stored with four digits.
    ``effective_to`` is the last day the rule is in effect, or absent while it has no end.
    """

    rule_id: str
    code_type: CodeType
    code_from: str
    code_to: str
    requirement: Requirement
    effective_from: date
    effective_to: date | None = None
    vendor_id: str | None = None
    authorization_type: AuthorizationType | None = None
    plan_types: frozenset[str] = frozenset()
    lines_of_business: frozenset[str] = frozenset()
    types_of_service: frozenset[str] = frozenset()
    places_of_service: frozenset[str] = frozenset()
    auto_approve_max_units: int | None = None
    """The rule approves up to so many units, days or both without a reviewer (W1); without a limit it
    approves nothing."""
    auto_approve_max_days: int | None = None
    required_documentation: tuple[str, ...] = ()
    """The documents that a request requires, by the codes of the payer's ``required_documentation``."""
    label: str | None = None
    """The payer's own words for the codes."""
    guidance: str | None = None
    """The name of the payer's notice that states what to do next."""
    predetermination: bool = False
    """Whether a voluntary predetermination is offered (C14)."""

    def names(self, code: str, code_type: CodeType) -> bool:
        """Whether the code is the rule's code or in its range."""
        canonical = canonical_code(code, code_type)
        return self.code_from <= canonical <= self.code_to and self.family == family_of(
            canonical, code_type
        )

    def applies(self, query: CodeQuery) -> bool:
        """Whether the rule is in effect on the day and its conditions fit; the code is not compared."""
        return (
            self.effective_from <= query.on
            and (self.effective_to is None or query.on <= self.effective_to)
            and self.authorization_type in (None, query.authorization_type)
            and (not self.plan_types or query.plan_type in self.plan_types)
            and (not self.lines_of_business or query.line_of_business in self.lines_of_business)
            and (not self.types_of_service or query.type_of_service in self.types_of_service)
            and (not self.places_of_service or query.place_of_service in self.places_of_service)
        )

    @cached_property
    def family(self) -> str:
        return family_of(self.code_from, self.code_type)

    @property
    def width(self) -> int:
        """The number of codes of its family that the rule covers, less one."""
        return ordinal_of(self.code_to) - ordinal_of(self.code_from)

    @property
    def conditions(self) -> int:
        """The number of the five conditions that are set, however many values each allows."""
        return (
            (self.authorization_type is not None)
            + bool(self.plan_types)
            + bool(self.lines_of_business)
            + bool(self.types_of_service)
            + bool(self.places_of_service)
        )

    @cached_property
    def specificity(self) -> tuple[int, int, date, str]:
        """Orders rules that cover one code: fewest codes, most conditions, newest, last rule id.

        The rule id comes last, so that no two rules are equal and the answer is the same on every
        machine. A list in which it would decide between different answers is refused when it is
        loaded (:func:`precert.domain.loading_rules.load_rules`).
        """
        return (-self.width, self.conditions, self.effective_from, self.rule_id)


@dataclass(frozen=True)
class RuleListVersion:
    """The identity of a published list. A check states it, to explain its result later (C6).

    ``effective_from`` is the first service date for which the list has rules. It is in effect from
    ``published_at`` until the next one is published; which of its rules apply on a service date
    follows from their own dates.
    """

    version: str
    effective_from: date
    object_key: str
    sha256: str
    published_at: datetime


class CodeResult(NamedTuple):
    """The result for one code, with the id and the effective date of the rule that decided."""

    code: str
    code_type: CodeType
    requirement: Requirement
    rule_id: str | None = None
    vendor_id: str | None = None
    effective_from: date | None = None
    label: str | None = None
    guidance: str | None = None
    predetermination: bool = False


def deciding_rule(query: CodeQuery, rules: Iterable[Rule]) -> Rule | None:
    """The most specific of the rules that apply, or ``None``.

    ``rules`` all name the code, as the lookup in a compiled list returns them.
    """
    applicable = [rule for rule in rules if rule.applies(query)]
    if len(applicable) < 2:
        return applicable[0] if applicable else None
    return max(applicable, key=lambda rule: rule.specificity)


def answer_code(query: CodeQuery, rules: Iterable[Rule]) -> CodeResult:
    """The result for one code by these rules (C6); *unable to determine* where none covers it."""
    named = [rule for rule in rules if rule.names(query.code, query.code_type)]
    return answer_by(deciding_rule(query, named), query)


def answer_by(rule: Rule | None, query: CodeQuery) -> CodeResult:
    """The result by the deciding rule; *unable to determine* where there is none."""
    code = canonical_code(query.code, query.code_type)
    if rule is None:
        return CodeResult(code, query.code_type, Requirement.UNABLE_TO_DETERMINE)
    return CodeResult(
        code=code,
        code_type=query.code_type,
        requirement=rule.requirement,
        rule_id=rule.rule_id,
        vendor_id=rule.vendor_id,
        effective_from=rule.effective_from,
        label=rule.label,
        guidance=rule.guidance,
        predetermination=rule.predetermination,
    )


def overall(requirements: Iterable[Requirement]) -> Requirement:
    """The result of a whole check: that of the code for which the provider must do most.

    It is *not required* only if every code is (C7).
    """
    all_requirements = set(requirements)
    for requirement in (
        Requirement.REQUIRED,
        Requirement.DELEGATED_VENDOR,
        Requirement.UNABLE_TO_DETERMINE,
    ):
        if requirement in all_requirements:
            return requirement
    return Requirement.NOT_REQUIRED if all_requirements else Requirement.UNABLE_TO_DETERMINE
