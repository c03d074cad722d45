"""What a rule list says twice, or not at all, seen over all its rows.

*Contradictions* stand between two rules of which nothing but the rule id would decide; a list with
one is not published. *Overlaps* are decided, but perhaps not as meant: two rules with different
codes or conditions, as particular as each other, of which the newer one answers. *Gaps* are codes
beside a range, up to the next rule of their family, or days between two rules of the same codes, for
which the list is silent. Between single codes silence is meant: a list that names them one by one
names those it speaks of.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from precert.domain.loading_table import RowError
from precert.domain.rules import Rule, ordinal_of

Row = tuple[int, Rule]
"""A rule, and the line of the file in which it stands."""

_DAY: Final = timedelta(days=1)
_SETS: Final[tuple[Callable[[Rule], frozenset[str]], ...]] = (
    lambda rule: rule.plan_types,
    lambda rule: rule.lines_of_business,
    lambda rule: rule.types_of_service,
    lambda rule: rule.places_of_service,
    lambda rule: frozenset([rule.authorization_type] if rule.authorization_type else []),
)
"""The five conditions, each as the values it allows; none where it allows all."""


def contradictions(rows: Sequence[Row]) -> Iterator[RowError]:
    """Rules of which either might answer: the later line of each such pair."""
    for (first_line, first), (line, rule) in _rivals(rows):
        if first.effective_from != rule.effective_from:
            continue
        if _scope(first) == _scope(rule):
            words = f"has the codes, conditions and first day of rule {first.rule_id}"
            yield RowError(line, "", f"{words} (line {first_line}); keep one of them")
        elif _outcome(first) != _outcome(rule):
            words = f"answers some codes otherwise than rule {first.rule_id} (line {first_line})"
            remedy = "and is as particular; give one of them narrower codes or another first day"
            yield RowError(line, "", f"{words} {remedy}")


def warnings(rows: Sequence[Row]) -> list[RowError]:
    """Overlaps and gaps, by line."""
    return sorted({*_overlaps(rows), *_gaps_of_codes(rows), *_gaps_of_days(rows)})


def _overlaps(rows: Sequence[Row]) -> Iterator[RowError]:
    for (first_line, first), (line, rule) in _rivals(rows):
        if (
            first.effective_from != rule.effective_from
            and _scope(first) != _scope(rule)
            and _outcome(first) != _outcome(rule)
        ):
            newer = max(first, rule, key=lambda one: one.effective_from)
            words = f"overlaps rule {first.rule_id} (line {first_line}), which is as particular"
            yield RowError(line, "", f"{words}; {newer.rule_id} answers, as it is newer")


def _rivals(rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Pairs that are as particular, their dates apart, and can cover one query; by line."""
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
    pairs = ((values(one), values(other)) for values in _SETS)
    return all(not first or not second or first & second for first, second in pairs)


def _scope(rule: Rule) -> Hashable:
    """Codes and conditions."""
    return (rule.family, rule.code_from, rule.code_to, *(values(rule) for values in _SETS))


def _outcome(rule: Rule) -> Hashable:
    """All that follows when the rule answers."""
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
    return f"no rule names {kind} {codes}, which follow; they are unable to determine"


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
            ordinal, notice = divmod(ordinal, 26)
            code = f"{chr(ord('A') + notice)}{code}"
    return code


def _gaps_of_days(rows: Sequence[Row]) -> Iterator[RowError]:
    same: dict[Hashable, list[Row]] = defaultdict(list)
    for line, rule in rows:
        same[_scope(rule)].append((line, rule))
    others = _Others(rule for _, rule in rows)
    for group in same.values():
        group.sort(key=lambda row: row[1].effective_from)
        last_line, last = group[0]
        for line, rule in group[1:]:
            if last.effective_to is not None and last.effective_to + _DAY < rule.effective_from:
                first_day, last_day = last.effective_to + _DAY, rule.effective_from - _DAY
                if not others.answer(rule, first_day, last_day):
                    words = f"after its end rule {rule.rule_id} (line {line}) follows late: nothing"
                    remedy = f"answers from {first_day} to {last_day}"
                    yield RowError(last_line, "effective_to", f"{words} {remedy}")
            if (rule.effective_to or date.max) > (last.effective_to or date.max):
                last_line, last = line, rule


class _Others:
    """Rules that may answer where another one is silent."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._wide: dict[str, list[Rule]] = defaultdict(list)
        self._single: dict[tuple[str, str], list[Rule]] = defaultdict(list)
        for rule in rules:
            if rule.code_from == rule.code_to:
                self._single[rule.family, rule.code_from].append(rule)
            else:
                self._wide[rule.family].append(rule)

    def answer(self, silent: Rule, first_day: date, last_day: date) -> bool:
        """Whether one of them covers the codes, the conditions and all of the days."""
        candidates = list(self._wide[silent.family])
        if silent.code_from == silent.code_to:
            candidates += self._single[silent.family, silent.code_from]
        return any(
            rule.code_from <= silent.code_from
            and silent.code_to <= rule.code_to
            and rule.effective_from <= first_day
            and last_day <= (rule.effective_to or date.max)
            and all(not values(rule) or _within(values(silent), values(rule)) for values in _SETS)
            for rule in candidates
        )


def _within(inner: frozenset[str], outer: frozenset[str]) -> bool:
    """Whether a condition allows no more than another; an empty one allows everything."""
    return bool(inner) and inner <= outer
