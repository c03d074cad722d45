"""The rule list: which codes need precertification, and what a check answers (C6).

A payer's precertification list is a set of rules with effective dates. For each code the rules that
apply on the service date are compared, and the most particular one answers. A code that no rule
names is *unable to determine*: silence never means "not required".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from precert.domain.codes import has_form
from precert.domain.values import AuthorizationType, CodeType, Text, Value

_BASE_36 = 36
"""Codes are digits and letters, so that a range's width is a difference of base-36 numbers."""


def canonical_code(code: str, code_type: CodeType) -> str:
    """The form in which codes are compared: a revenue code gets its leading zero (450 is 0450)."""
    return code.zfill(4) if code_type is CodeType.REVENUE else code


def _shape(code: str) -> tuple[str, ...]:
    """Which characters are digits, and the letter a CPT code ends with.

    CPT category II codes (2029F) sort between plain ones; no range of plain codes speaks for them.
    """
    last = len(code) - 1
    return tuple(
        "0" if character.isdigit() else character if at == last else "A"
        for at, character in enumerate(code)
    )


class Requirement(StrEnum):
    """What a check answers for a code (C6)."""

    REQUIRED = "REQUIRED"
    NOT_REQUIRED = "NOT_REQUIRED"
    THIRD_PARTY = "THIRD_PARTY"
    UNABLE_TO_DETERMINE = "UNABLE_TO_DETERMINE"


class Rule(Value):
    """One row of a rule list. Empty conditions fit everything.

    ``code_to`` equals ``code_from`` for a single code. Both ends of a range are alike in form, and
    only codes of that form are covered. Revenue codes are kept with four digits.
    ``effective_to`` is the last day the rule is in force, or absent while it has no end.
    """

    rule_id: Text
    code_type: CodeType
    code_from: Annotated[str, Field(pattern=r"^[0-9A-Z]{3,5}$")]
    code_to: Annotated[str, Field(pattern=r"^[0-9A-Z]{3,5}$")]
    requirement: Requirement
    delegate_id: Text | None = None
    authorization_type: AuthorizationType | None = None
    plan_types: frozenset[Text] = frozenset()
    effective_from: date
    effective_to: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _canonical(cls, data: object) -> object:
        if not isinstance(data, dict) or data.get("code_type") != CodeType.REVENUE:
            return data
        ends = {
            name: canonical_code(data[name], CodeType.REVENUE)
            for name in ("code_from", "code_to")
            if isinstance(data.get(name), str) and data[name]
        }
        return {**data, **ends}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if faults := list(self._faults()):
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        if not all(has_form(code, self.code_type) for code in (self.code_from, self.code_to)):
            yield f"code_from and code_to must have the form of {self.code_type} codes"
        if _shape(self.code_from) != _shape(self.code_to) or self.code_from > self.code_to:
            yield "code_to must be like code_from in length and letters, and not before it"
        if self.effective_to is not None and self.effective_to < self.effective_from:
            yield "effective_to must not be before effective_from"
        if (self.requirement is Requirement.THIRD_PARTY) != (self.delegate_id is not None):
            yield "a delegate_id belongs to THIRD_PARTY rules, and only to them"
        if self.requirement is Requirement.UNABLE_TO_DETERMINE:
            yield "a rule answers; only a missing rule is unable to determine"

    def covers(self, query: "CodeQuery") -> bool:
        code = canonical_code(query.code, query.code_type)
        return (
            self.code_type is query.code_type
            and self.code_from <= code <= self.code_to
            and _shape(code) == _shape(self.code_from)
            and self.authorization_type in (None, query.authorization_type)
            and (not self.plan_types or query.plan_type in self.plan_types)
            and self.effective_from <= query.on
            and (self.effective_to is None or query.on <= self.effective_to)
        )

    @property
    def particularity(self) -> tuple[int, int, date, str]:
        """Orders rules that cover one code: by narrow range, then conditions, then the newest.

        A single code is the narrowest range. The rule id comes last, so that two equal rules give
        the same answer on every machine.
        """
        width = int(self.code_to, _BASE_36) - int(self.code_from, _BASE_36)
        conditions = (self.authorization_type is not None) + bool(self.plan_types)
        return (-width, conditions, self.effective_from, self.rule_id)


@dataclass(frozen=True)
class CodeQuery:
    """One code as asked: on which day, for which plan type, in which setting."""

    code: str
    code_type: CodeType
    on: date
    plan_type: str
    authorization_type: AuthorizationType


@dataclass(frozen=True)
class RuleListVersion:
    """Names a published list. A check quotes it, so that its answer can be explained later (C6)."""

    version: str
    effective_from: date
    object_key: str
    sha256: str


@dataclass(frozen=True)
class CodeAnswer:
    """What one code was answered, and by which rule."""

    code: str
    code_type: CodeType
    requirement: Requirement
    rule_id: str | None = None
    delegate_id: str | None = None


def answer_code(query: CodeQuery, rules: Iterable[Rule]) -> CodeAnswer:
    """The answer for one code (C6); *unable to determine* where no rule covers it."""
    covering = [rule for rule in rules if rule.covers(query)]
    if not covering:
        return CodeAnswer(query.code, query.code_type, Requirement.UNABLE_TO_DETERMINE)
    rule = max(covering, key=lambda candidate: candidate.particularity)
    return CodeAnswer(query.code, query.code_type, rule.requirement, rule.rule_id, rule.delegate_id)


def overall(answers: Iterable[CodeAnswer]) -> Requirement:
    """What a whole check comes to: the answer that asks most of the office wins.

    Only where every code is *not required* is the whole not required (C7).
    """
    found = {answer.requirement for answer in answers}
    for requirement in (
        Requirement.REQUIRED,
        Requirement.THIRD_PARTY,
        Requirement.UNABLE_TO_DETERMINE,
    ):
        if requirement in found:
            return requirement
    return Requirement.NOT_REQUIRED if found else Requirement.UNABLE_TO_DETERMINE
