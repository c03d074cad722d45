"""The file of a rule list: its validation, and its overlaps and gaps (C6).

A *contradiction* is an error: only the rule id would decide between two rules, because they are equally
specific, cover the same query and have the same first day. They have different results, or the same
codes and conditions. *Overlaps* and *gaps* are warnings. In an overlap, two equally specific rules with
different results have different codes or conditions, and the newer one applies. A gap is a range of
codes after another range, up to the next rule of their family, or a period between two rules with the
same codes and conditions, for which the list has no rule. Codes between two rules for single codes are
no gap, because such a list names every code that it covers.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from datetime import date
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from precert.domain.codes import canonical_code, family_of, has_format, ordinal_of
from precert.domain.coverage import PLAN_TYPES
from precert.domain.dates import RULES, RuleDate, RuleEnd, days_after
from precert.domain.form_settings import Form
from precert.domain.loading_table import (
    LIST_SEPARATOR,
    Cells,
    Column,
    RowError,
    Table,
    day,
    load_rows,
    parts,
)
from precert.domain.payer import PLACEHOLDERS, Payer
from precert.domain.rules import Requirement, Rule
from precert.domain.values import AuthorizationType, CodeType, Text, Units, Value

Row = tuple[int, Rule]
"""A rule, and its line in the file."""

_SETS_OF_RULE: Final[tuple[Callable[[Rule], frozenset[str]], ...]] = (
    lambda rule: rule.plan_types,
    lambda rule: rule.lines_of_business,
    lambda rule: rule.types_of_service,
    lambda rule: rule.places_of_service,
    lambda rule: frozenset([rule.authorization_type] if rule.authorization_type else []),
)
"""The five conditions of a rule, each as the set of values it allows; an empty set allows all."""


def contradictions(rows: Sequence[Row]) -> Iterator[RowError]:
    """Yield an error for each contradiction, at the later line of the two rules."""
    for (first_line, first), (line, rule) in _equally_specific(rows):
        if first.effective_from != rule.effective_from:
            continue
        if _scope(first) == _scope(rule):
            words = f"has the same codes, conditions and first day as rule {first.rule_id}"
            yield RowError(line, "", f"{words} (line {first_line}); remove one of them")
        elif _outcome(first) != _outcome(rule):
            words = (
                f"has another result for some codes than rule {first.rule_id} (line {first_line})"
            )
            remedy = (
                "which is equally specific; enter fewer codes or another first day for one of them"
            )
            yield RowError(line, "", f"{words}, {remedy}")


def warnings(rows: Sequence[Row]) -> list[RowError]:
    """The overlaps and gaps of a list, by line."""
    return sorted({*_overlaps(rows), *_gaps_of_codes(rows), *_gaps_of_days(rows)})


def _overlaps(rows: Sequence[Row]) -> Iterator[RowError]:
    for (first_line, first), (line, rule) in _equally_specific(rows):
        if (
            first.effective_from != rule.effective_from
            and _scope(first) != _scope(rule)
            and _outcome(first) != _outcome(rule)
        ):
            newer = max(first, rule, key=lambda one: one.effective_from)
            words = f"overlaps rule {first.rule_id} (line {first_line}), which is equally specific"
            yield RowError(line, "", f"{words}; rule {newer.rule_id} applies because it is newer")


def _equally_specific(rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Pairs of rules that can cover the same query, with equally many codes and conditions.

    Their first days are not compared. The rule of the earlier line is the first of a pair.
    """
    alike: dict[Hashable, list[Row]] = defaultdict(list)
    for line, rule in rows:
        alike[rule.family, rule.width, rule.conditions].append((line, rule))
    for group in alike.values():
        group.sort(key=lambda row: row[1].code_from)
        for at, (line, rule) in enumerate(group):
            for other_line, other in group[at + 1 :]:
                if other.code_from > rule.code_to:
                    break
                if _same_days(rule, other) and _same_settings(rule, other):
                    pair = ((line, rule), (other_line, other))
                    yield pair if line <= other_line else (pair[1], pair[0])


def _same_days(one: Rule, other: Rule) -> bool:
    return one.effective_from <= (other.effective_to or date.max) and other.effective_from <= (
        one.effective_to or date.max
    )


def _same_settings(one: Rule, other: Rule) -> bool:
    pairs = ((values(one), values(other)) for values in _SETS_OF_RULE)
    return all(not first or not second or first & second for first, second in pairs)


def _scope(rule: Rule) -> Hashable:
    """The codes and conditions of a rule."""
    return (rule.family, rule.code_from, rule.code_to, *(values(rule) for values in _SETS_OF_RULE))


def _outcome(rule: Rule) -> Hashable:
    """The result of a rule, without its label and dates."""
    return (
        rule.requirement,
        rule.vendor_id,
        rule.guidance,
        rule.predetermination,
        rule.auto_approve_max_units,
        rule.auto_approve_max_days,
        frozenset(rule.required_documentation),
    )


def _gaps_of_codes(rows: Sequence[Row]) -> Iterator[RowError]:
    by_family: dict[str, list[Row]] = defaultdict(list)
    for line, rule in rows:
        by_family[rule.family].append((line, rule))
    for family, named in by_family.items():
        named.sort(key=lambda row: (row[1].code_from, row[1].code_to))
        last_line, last = named[0]
        for line, rule in named[1:]:
            missing = ordinal_of(rule.code_from) - ordinal_of(last.code_to) - 1
            if missing > 0 and (last.width or rule.width):
                yield RowError(last_line, "", _missing(family, ordinal_of(last.code_to), missing))
            if rule.code_to > last.code_to:
                last_line, last = line, rule


def _missing(family: str, before: int, count: int) -> str:
    kind, shape = family.split(" ")
    first, end = _code_at(shape, before + 1), _code_at(shape, before + count)
    codes = first if count == 1 else f"{first} to {end}"
    follow = "which follows; its result is" if count == 1 else "which follow; their result is"
    return f"no rule names {kind} {codes}, {follow} unable to determine"


def _code_at(shape: str, ordinal: int) -> str:
    """The code with this ordinal in its family (the reverse of :func:`ordinal_of`)."""
    code = ""
    for position, character in reversed(list(enumerate(shape))):
        if character == "0":
            ordinal, digit = divmod(ordinal, 10)
            code = f"{digit}{code}"
        elif position == len(shape) - 1:
            code = character
        else:
            ordinal, letter = divmod(ordinal, 26)
            code = f"{chr(ord('A') + letter)}{code}"
    return code


def _gaps_of_days(rows: Sequence[Row]) -> Iterator[RowError]:
    same: dict[Hashable, list[Row]] = defaultdict(list)
    for line, rule in rows:
        same[_scope(rule)].append((line, rule))
    all_rules = _RulesByCode(rule for _, rule in rows)
    for group in same.values():
        group.sort(key=lambda row: row[1].effective_from)
        last_line, last = group[0]
        for line, rule in group[1:]:
            if (
                last.effective_to is not None
                and days_after(last.effective_to, 1) < rule.effective_from
            ):
                first_day = days_after(last.effective_to, 1)
                last_day = days_after(rule.effective_from, -1)
                if not all_rules.cover(rule, first_day, last_day):
                    words = (
                        f"no rule is in effect from {first_day} to {last_day}, between this rule"
                    )
                    message = f"{words} and rule {rule.rule_id} (line {line})"
                    yield RowError(last_line, "effective_to", message)
            if (rule.effective_to or date.max) > (last.effective_to or date.max):
                last_line, last = line, rule


class _RulesByCode:
    """The rules of a list, by code where they name a single one, to find those that fill a gap."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._wide: dict[str, list[Rule]] = defaultdict(list)
        self._single: dict[tuple[str, str], list[Rule]] = defaultdict(list)
        for rule in rules:
            if rule.code_from == rule.code_to:
                self._single[rule.family, rule.code_from].append(rule)
            else:
                self._wide[rule.family].append(rule)

    def cover(self, uncovered: Rule, first_day: date, last_day: date) -> bool:
        """Whether one rule covers the codes and conditions of ``uncovered`` on all of the days."""
        candidates = list(self._wide[uncovered.family])
        if uncovered.code_from == uncovered.code_to:
            candidates += self._single[uncovered.family, uncovered.code_from]
        return any(
            rule.code_from <= uncovered.code_from
            and uncovered.code_to <= rule.code_to
            and rule.effective_from <= first_day
            and last_day <= (rule.effective_to or date.max)
            and all(
                not values(rule) or _within(values(uncovered), values(rule))
                for values in _SETS_OF_RULE
            )
            for rule in candidates
        )


def _within(inner: frozenset[str], outer: frozenset[str]) -> bool:
    """Whether all values that ``inner`` allows are in ``outer``; an empty ``inner`` allows all."""
    return bool(inner) and inner <= outer


_SOME: Final = f"separated by {LIST_SEPARATOR}, or empty"
_CODE: Final = "must be a code of three to five digits and capital letters, as in 44120 or J1745"
_LIMIT: Final = "must be a whole number of 1 or more, or empty"
_SETS: Final = (
    "plan_types",
    "lines_of_business",
    "types_of_service",
    "places_of_service",
    "required_documentation",
)
_YES: Final = "yes"


def _extra(name: str, hint: str) -> Column:
    """A column that a file may omit."""
    return Column(name, hint, required=False, column_required=False)


_TABLE: Final = Table(
    (
        Column("rule_id", "must be an id that no other row has"),
        Column("code_type", f"must be one of {', '.join(CodeType)}"),
        Column("code_from", _CODE),
        Column("code_to", f"{_CODE}; the same as code_from for a single code"),
        Column("requirement", "must be one of REQUIRED, NOT_REQUIRED, DELEGATED_VENDOR"),
        Column("vendor_id", "must be the vendor_id of a delegated vendor that is loaded", False),
        Column("authorization_type", f"must be {' or '.join(AuthorizationType)}, or empty", False),
        Column("plan_types", f"must be some of {LIST_SEPARATOR.join(PLAN_TYPES)}, or empty", False),
        day("effective_from", RULES),
        day("effective_to", RULES, required=False),
        _extra("lines_of_business", f"must be lines of business that have clocks, {_SOME}"),
        _extra("types_of_service", f"must be types of service of the form, {_SOME}"),
        _extra("places_of_service", f"must be places of service of the form, {_SOME}"),
        _extra("auto_approve_max_units", _LIMIT),
        _extra("auto_approve_max_days", _LIMIT),
        _extra(
            "required_documentation",
            f"must be codes of the payer's required_documentation, {_SOME}",
        ),
        _extra("label", "must be plain text of at most 120 characters, or empty"),
        _extra("guidance", "must be the name of one of the payer's notices, or empty"),
        _extra("predetermination", f"must be {_YES}, or empty"),
    ),
    key="rule_id",
    columns_of_fields={},
)

Code = Annotated[str, Field(pattern=r"^[0-9A-Z]{3,5}$")]
Limit = Annotated[int, Field(ge=1, le=9999)]


class _RuleRow(Value):
    """A row of the file, with validation of the conditions between its cells."""

    rule_id: Text
    code_type: CodeType
    code_from: Code
    code_to: Code
    requirement: Requirement
    vendor_id: Text | None = None
    authorization_type: AuthorizationType | None = None
    plan_types: frozenset[Text] = frozenset()
    lines_of_business: frozenset[Text] = frozenset()
    types_of_service: frozenset[Text] = frozenset()
    places_of_service: frozenset[Text] = frozenset()
    effective_from: RuleDate
    effective_to: RuleEnd = None
    auto_approve_max_units: Units | None = None
    auto_approve_max_days: Limit | None = None
    required_documentation: tuple[Text, ...] = ()
    label: Text | None = None
    guidance: Text | None = None
    predetermination: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if errors := [*self._errors_of_codes(), *self._errors()]:
            raise ValueError("; ".join(errors))
        return self

    def _errors_of_codes(self) -> Iterator[str]:
        first, last = (canonical_code(c, self.code_type) for c in (self.code_from, self.code_to))
        if not all(has_format(code, self.code_type) for code in (self.code_from, self.code_to)):
            yield f"code_from and code_to must have the form of {self.code_type} codes"
        if family_of(first, self.code_type) != family_of(last, self.code_type) or first > last:
            yield (
                "code_to must have the form of code_from (length, positions of letters, last letter), "
                "and must not come before it"
            )

    def _errors(self) -> Iterator[str]:
        if self.effective_to is not None and self.effective_to < self.effective_from:
            yield "effective_to must not be before effective_from"
        if (self.requirement is Requirement.DELEGATED_VENDOR) != (self.vendor_id is not None):
            yield "vendor_id must be set if the requirement is DELEGATED_VENDOR, and empty otherwise"
        if self.requirement is Requirement.UNABLE_TO_DETERMINE:
            yield "requirement must be REQUIRED, NOT_REQUIRED or DELEGATED_VENDOR"
        if self.requirement is not Requirement.REQUIRED and (
            self.auto_approve_max_units or self.auto_approve_max_days or self.required_documentation
        ):
            yield (
                "auto_approve_max_units, auto_approve_max_days and required_documentation must be "
                "empty unless the requirement is REQUIRED"
            )
        if self.predetermination and self.requirement is not Requirement.NOT_REQUIRED:
            yield "predetermination must be empty unless the requirement is NOT_REQUIRED"

    def rule(self) -> Rule:
        """The rule of the row, with its codes in canonical form."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        codes = {name: canonical_code(fields[name], self.code_type) for name in _ENDS}
        return Rule(**(fields | codes))


_ENDS: Final = ("code_from", "code_to")


def load_rules(
    csv_text: str, vendor_ids: Collection[str] | None = None, payer: Payer | None = None
) -> list[Rule]:
    """The rules of a list, in the order of the file.

    Args:
        csv_text: The text of the file.
        vendor_ids: The known delegated vendors; a rule with any other is an error. ``None`` accepts
            any.
        payer: The payer whose types and places of service, required documentation, notices and lines
            of business the rules can name. ``None`` accepts any.

    Raises:
        LoadingError: with every error of the file, including contradictions between its rows.
    """
    return [rule for _, rule in load_rule_rows(csv_text, vendor_ids, payer)]


def load_rule_rows(
    csv_text: str, vendor_ids: Collection[str] | None = None, payer: Payer | None = None
) -> list[Row]:
    """The same as :func:`load_rules`, each rule with its line in the file."""
    known = _known(payer) | ({} if vendor_ids is None else {"vendor_id": vendor_ids})
    hints = {column.name: column.hint for column in _TABLE.columns}

    def build(cells: Cells) -> Rule:
        lists = {name: parts(cells, name) for name in _SETS if name in cells}
        flags = {"predetermination": cells.get("predetermination") == _YES}
        return _RuleRow.model_validate({**cells, **lists, **flags}).rule()

    def check(cells: Cells) -> Iterator[tuple[str, str]]:
        for name, values in known.items():
            if not set(parts(cells, name)) <= set(values):
                yield name, hints[name]
        if cells.get("predetermination") not in (None, _YES):
            yield "predetermination", hints["predetermination"]
        if payer is not None and not _can_apply(cells, payer.form):
            message = (
                "must apply to a service: the form has no type of service with this "
                "authorization_type, types_of_service and places_of_service"
            )
            yield "", message

    def review(rows: Sequence[Row]) -> Iterable[tuple[int, str, str]]:
        return ((error.row, error.column, error.message) for error in contradictions(rows))

    return load_rows(csv_text, _TABLE, build, check, review)


def _known(payer: Payer | None) -> dict[str, Collection[str]]:
    """The values that the cells of a column can contain, by column."""
    plan_types: dict[str, Collection[str]] = {"plan_types": PLAN_TYPES}
    if payer is None:
        return plan_types
    return plan_types | {
        "lines_of_business": payer.review_clocks.keys(),
        "types_of_service": [kind.code for kind in payer.form.types_of_service],
        "places_of_service": [place.code for place in payer.form.places_of_service],
        "required_documentation": payer.required_documentation.keys(),
        "guidance": payer.notices.keys() - PLACEHOLDERS.keys(),
    }


def _can_apply(cells: Cells, form: Form) -> bool:
    """Whether the form has a type of service that meets the conditions of the row.

    True for unknown types or places, which are errors of their own columns.
    """
    types, places = parts(cells, "types_of_service"), parts(cells, "places_of_service")
    setting = cells.get("authorization_type")
    if not types and not places:
        return True
    known_types = {kind.code for kind in form.types_of_service}
    known_places = {place.code for place in form.places_of_service}
    if not (set(types) <= known_types and set(places) <= known_places):
        return True
    return any(
        (setting is None or kind.authorization_type == setting)
        and (not types or kind.code in types)
        and (not places or set(kind.places_of_service) & set(places))
        for kind in form.types_of_service
    )
