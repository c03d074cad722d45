"""The payer's rule list, its results for codes (C6), and the delegated vendors (C8, C12, C13).

A rule list is a set of rules with effective dates. Of the rules that apply to a code on the service
date, the most specific one determines the result. A code that no rule covers is *unable to determine*;
a missing rule never means "not required".

Rules are not validated when they are created, because a check creates many of them. The file of a rule
list is validated once, in :mod:`precert.domain.loading_rules`.
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
    """The vendor's contact who helps to find a supplier and monitors the delivery (C12).

    ``phone`` is text because it can include an extension.
    """

    phone: Text
    fax: Phone | None = None
    email: Email | None = None


class DelegatedVendor(Value):
    """A delegated vendor with its link, contacts and requirements (C8)."""

    vendor_id: Text
    name: Text
    services: Text
    """A description of the services that the vendor decides."""
    url: WebAddress
    phone: Phone | None = None
    fax: Phone | None = None
    hours: Text | None = None
    requirements: Annotated[tuple[Text, ...], Field(min_length=1)]
    """What a request to the vendor must contain."""
    care_coordination: CareCoordination | None = None
    retrospective_notice: Text | None = None
    """Name of the payer's notice for services that were performed already, if the payer decides those
    instead of the vendor (C12)."""


class Requirement(StrEnum):
    """The result of a check for one code (C6)."""

    REQUIRED = "REQUIRED"
    NOT_REQUIRED = "NOT_REQUIRED"
    DELEGATED_VENDOR = "DELEGATED_VENDOR"
    UNABLE_TO_DETERMINE = "UNABLE_TO_DETERMINE"


class CodeQuery(NamedTuple):
    """A code with the service date ``on``, the plan and the setting for which a rule is looked up."""

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
    """One row of a rule list. An empty condition is always met.

    ``code_to`` equals ``code_from`` for a single code. Both ends of a range have the same form, and the
    rule covers only codes of that form. Revenue codes have four digits. ``effective_to`` is the last
    day on which the rule is in effect, or ``None`` if it has no end.
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
    """The most units that the rule approves without a reviewer (W1). A rule without this limit and that
    of days approves nothing."""
    auto_approve_max_days: int | None = None
    required_documentation: tuple[str, ...] = ()
    """Codes of the payer's ``required_documentation`` that a request must have."""
    label: str | None = None
    """The payer's text for the codes."""
    guidance: str | None = None
    """Name of the payer's notice about the next step."""
    predetermination: bool = False
    """Whether a voluntary predetermination is offered (C14)."""

    def contains(self, code: str, code_type: CodeType) -> bool:
        """Whether the code is that of the rule, or in its range."""
        canonical = canonical_code(code, code_type)
        return self.code_from <= canonical <= self.code_to and self.family == family_of(
            canonical, code_type
        )

    def applies(self, query: CodeQuery) -> bool:
        """Whether the rule is in effect on the service date and all its conditions are met.

        The code is not compared; see :meth:`names`.
        """
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
        """The code set with the form of the codes, in which ranges are ordered."""
        return family_of(self.code_from, self.code_type)

    @property
    def width(self) -> int:
        """The number of codes of its family that the rule covers, less one."""
        return ordinal_of(self.code_to) - ordinal_of(self.code_from)

    @property
    def conditions(self) -> int:
        """The number of conditions that are set, of five; the number of their values does not count."""
        return (
            (self.authorization_type is not None)
            + bool(self.plan_types)
            + bool(self.lines_of_business)
            + bool(self.types_of_service)
            + bool(self.places_of_service)
        )

    @cached_property
    def specificity(self) -> tuple[int, int, date, str]:
        """Sort key of rules that cover the same code; the greatest is the most specific.

        Order: fewest codes, most conditions, latest first day, last rule id. The rule id only makes the
        order total: :func:`precert.domain.loading_rules.load_rules` refuses a list in which it would
        decide between different results.
        """
        return (-self.width, self.conditions, self.effective_from, self.rule_id)


@dataclass(frozen=True)
class RuleListVersion:
    """A published rule list. Results of checks name its version (C6).

    The list is in effect from ``published_at`` until another one is published. ``effective_from`` is
    the first service date on which one of its rules is in effect. ``object_key`` is its key in S3.
    """

    version: str
    effective_from: date
    object_key: str
    sha256: str
    published_at: datetime


class CodeResult(NamedTuple):
    """The result for one code, with data of the rule that determined it; ``None`` without a rule."""

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

    All of ``rules`` must cover the code, as those do that a lookup in a compiled list returns.
    """
    applicable = [rule for rule in rules if rule.applies(query)]
    if len(applicable) < 2:
        return applicable[0] if applicable else None
    return max(applicable, key=lambda rule: rule.specificity)


def answer_code(query: CodeQuery, rules: Iterable[Rule]) -> CodeResult:
    """The result for one code by these rules (C6); *unable to determine* if none applies."""
    named = [rule for rule in rules if rule.contains(query.code, query.code_type)]
    return answer_by(deciding_rule(query, named), query)


def answer_by(rule: Rule | None, query: CodeQuery) -> CodeResult:
    """The result for one code by this rule; *unable to determine* if it is ``None``."""
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
    """The result of a whole check, from those of its codes.

    The first of these that a code has: required, delegated vendor, unable to determine. The check is
    *not required* only if every code is (C7), and *unable to determine* without any codes.
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
