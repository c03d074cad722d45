"""Look up diagnosis and procedure codes while they are entered: by code, by words, or as a list (C5).

Descriptions of diagnoses and MS-DRGs are in the public domain. Other procedure codes have the payer's
text if its rule list has one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Final

from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_lists import Code, CodeList, code_lists_of
from precert.domain.code_sets import (
    PUBLIC_SETS,
    CodeSet,
    ListedCode,
    error_of_diagnosis,
    error_of_procedure,
)
from precert.domain.codes import canonical_code, code_types_of
from precert.domain.completeness import error_of_format
from precert.domain.errors import FieldError
from precert.domain.form import FORMAT_OF_DIAGNOSES
from precert.domain.payer import Payer
from precert.domain.rules import Rule, RuleListVersion
from precert.domain.text import words_of
from precert.domain.values import DIAGNOSIS, CodeType, without_dot
from precert.names import Entitlement
from precert.usecases.ports.reference import CodeSets, RuleLists, RuleListVersions

MIN_WORD: Final = 3
"""A search needs a word of this many characters: shorter ones match most of a code set."""
_EXAMINED: Final = 400
"""Maximum number of matching entries that are ranked."""


@dataclass(frozen=True)
class KnownCode:
    """A code with its description and properties.

    ``code_type`` is absent for diagnoses. ``category`` is whether more specific codes exist below it.
    ``needs_medication`` is whether the request must state the medication.
    """

    code: str
    label: str | None = None
    code_type: CodeType | None = None
    category: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    behavioral: bool = False
    needs_medication: bool = False


@dataclass(frozen=True)
class FoundCodes:
    """The best matches, best first; ``more`` if further codes match."""

    codes: tuple[KnownCode, ...]
    more: bool


@dataclass(frozen=True)
class LookedUpCode:
    """An entry of a list: its code, and the error if that code cannot be requested."""

    entered: str
    known: KnownCode | None
    error: FieldError | None = None


def search_diagnoses(
    entered: str, caller: Caller, *, limit: int, code_sets: CodeSets, payer: Payer, now: datetime
) -> FoundCodes:
    """Diagnoses by the beginning of their code, or by the beginnings of words. No database read.

    Raises:
        NotEntitledError.
    """
    caller.require(*_READERS)
    today = local_date(now, payer.zone)
    listed = _listed(CodeSet.ICD_10_CM, entered, code_sets, today)
    return _best((_diagnosis(one) for one in listed), entered, limit)


def search_procedures(
    entered: str,
    caller: Caller,
    *,
    limit: int,
    code_sets: CodeSets,
    rule_lists: RuleLists,
    rule_list_versions: RuleListVersions,
    payer: Payer,
    now: datetime,
) -> FoundCodes:
    """Procedure codes by the beginning of their code, or by words of the payer's text.

    The codes are those of the rule list in effect and of public code sets. A complete code within a
    range of the rule list is found too. One database read.

    Raises:
        NotEntitledError.
    """
    caller.require(*_READERS)
    today = local_date(now, payer.zone)
    version = rule_list_versions.in_effect()
    found: dict[tuple[CodeType, str], KnownCode] = {}
    beginning, words = _query(entered)
    kinds = code_types_of(beginning)
    for rule in _rules(rule_lists, version, beginning, words, today) if version else ():
        code = beginning if rule.code_from != rule.code_to else rule.code_from
        known = _procedure(code, rule.code_type, rule.label, payer)
        found.setdefault((rule.code_type, code), known)
    for kind in kinds:
        if payer.behavioral_service(beginning, kind):
            found.setdefault((kind, beginning), _procedure(beginning, kind, None, payer))
    for kind, code_set in PUBLIC_SETS.items():
        for one in _listed(code_set, entered, code_sets, today) if code_set else ():
            before = found.get((kind, one.code))
            label = one.description or (before.label if before else None)
            found[kind, one.code] = _procedure(one.code, kind, label, payer, one)
    return _best(found.values(), entered, limit)


def _rules(
    rule_lists: RuleLists,
    version: RuleListVersion,
    beginning: str,
    words: Sequence[str],
    today: date,
) -> Iterator[Rule]:
    """Rules in effect: those that cover a complete code, most specific first, then matching ones."""
    if kinds := code_types_of(beginning):
        exact = rule_lists.rules(version, {(kind, beginning) for kind in kinds})
        covering = _narrowest_first(chain.from_iterable(exact.values()))
        yield from (rule for rule in covering if _in_effect(rule, today))
    if beginning or words:
        yield from rule_lists.search(version, beginning, words, today, most=_EXAMINED)


def look_up_codes(
    diagnoses: Sequence[str],
    procedures: Sequence[str],
    caller: Caller,
    *,
    code_type: CodeType | None,
    on: date | None,
    code_sets: CodeSets,
    rule_lists: RuleLists,
    rule_list_versions: RuleListVersions,
    payer: Payer,
    now: datetime,
) -> tuple[tuple[LookedUpCode, ...], tuple[LookedUpCode, ...]]:
    """Each entry of two lists, in their order; ``on`` is the day of service.

    ``code_type`` is the code set of procedure codes that fit several. At most one database read.

    Raises:
        NotEntitledError.
    """
    caller.require(*_READERS)
    day = on or local_date(now, payer.zone)
    version = rule_list_versions.in_effect() if procedures else None

    def label_of(kind: CodeType, code: str) -> str | None:
        rules = rule_lists.rules(version, {(kind, code)}).get((kind, code), ()) if version else ()
        labels = (rule.label for rule in _narrowest_first(rules) if _in_effect(rule, day))
        return next(filter(None, labels), None)

    return (
        tuple(_looked_up_diagnosis(entry, day, code_sets) for entry in diagnoses),
        tuple(
            _looked_up_procedure(entry, code_type, day, label_of, code_sets, payer)
            for entry in procedures
        ),
    )


_READERS: Final = (Entitlement.PATIENT_SEARCH, Entitlement.INTAKE, Entitlement.REVIEWER)


def _query(entered: str) -> tuple[str, tuple[str, ...]]:
    """The beginning of a code, or words: text with a digit and without a blank is a code."""
    compact = without_dot(entered)
    if any(one.isdigit() for one in compact) and " " not in compact:
        return compact, ()
    words = words_of(entered)
    return "", words if any(len(word) >= MIN_WORD for word in words) else ()


def _listed(
    code_set: CodeSet, entered: str, code_sets: CodeSets, today: date
) -> Iterator[ListedCode]:
    beginning, words = _query(entered)
    if not beginning and not words:
        return
    for one in code_sets.search(code_set, beginning, words, most=_EXAMINED):
        if one.valid_to is None or one.valid_to >= today:
            yield one


def _best(codes: Iterable[KnownCode], entered: str, limit: int) -> FoundCodes:
    """The best matches: descriptions that begin with the first word, short ones first, then by code."""
    beginning, words = _query(entered)
    first = words[0] if words else ""

    def rank(one: KnownCode) -> tuple[bool, int, str]:
        if beginning:
            return one.code != beginning, 0, one.code
        texts = words_of(one.label or "")
        return not (texts and texts[0].startswith(first)), len(one.label or ""), one.code

    ordered = sorted(codes, key=rank)
    return FoundCodes(tuple(ordered[:limit]), more=len(ordered) > limit)


def _diagnosis(listed: ListedCode) -> KnownCode:
    return KnownCode(
        code=listed.code,
        label=listed.description,
        category=not listed.leaf,
        valid_from=listed.valid_from,
        valid_to=listed.valid_to,
    )


def _procedure(
    code: str,
    code_type: CodeType,
    label: str | None,
    payer: Payer,
    listed: ListedCode | None = None,
) -> KnownCode:
    behavioral = payer.behavioral_service(code, code_type)
    return KnownCode(
        code=code,
        label=label or (behavioral.label if behavioral else None),
        code_type=code_type,
        valid_from=listed.valid_from if listed else None,
        valid_to=listed.valid_to if listed else None,
        behavioral=behavioral is not None,
        needs_medication=payer.is_drug(code, code_type),
    )


def _narrowest_first(rules: Iterable[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: rule.specificity, reverse=True)


def _in_effect(rule: Rule, day: date) -> bool:
    return rule.effective_from <= day and (rule.effective_to is None or day <= rule.effective_to)


def _looked_up_diagnosis(entered: str, day: date, code_sets: CodeSets) -> LookedUpCode:
    code = without_dot(entered)
    if not DIAGNOSIS.fullmatch(code):
        return LookedUpCode(entered, None, FieldError("", "malformed", FORMAT_OF_DIAGNOSES))
    listed = code_sets.listed(CodeSet.ICD_10_CM, code)
    error = error_of_diagnosis(code, day, code_sets.listed)
    return LookedUpCode(entered, _diagnosis(listed) if listed else None, error)


def _looked_up_procedure(
    entered: str,
    code_type: CodeType | None,
    day: date,
    label_of: Callable[[CodeType, str], str | None],
    code_sets: CodeSets,
    payer: Payer,
) -> LookedUpCode:
    code = entered.strip().upper()
    kinds = code_types_of(code)
    chosen = code_type if len(kinds) > 1 and code_type in kinds else None
    if error := error_of_format(code, chosen, payer):
        return LookedUpCode(entered, None, error)
    kind = chosen or kinds[0]
    code, code_set = canonical_code(code, kind), PUBLIC_SETS[kind]
    error = error_of_procedure(code, kind, day, code_sets.listed)
    listed = code_sets.listed(code_set, code) if code_set else None
    if code_set is not None and listed is None:
        return LookedUpCode(entered, None, error)
    label = (listed.description if listed else "") or label_of(kind, code)
    return LookedUpCode(entered, _procedure(code, kind, label, payer, listed), error)


@dataclass(frozen=True)
class Reference:
    """The response of ``GET /v1/reference``: all code lists."""

    code_lists: tuple[CodeList, ...]


def get_reference(*, payer: Payer, code_sets: CodeSets) -> Reference:
    """The payer's code lists and CMS places of service. No database read."""
    places = code_sets.codes_of(CodeSet.PLACE_OF_SERVICE)
    lists = code_lists_of(payer).with_public(
        cms_places_of_service=(Code(place.code, place.description) for place in places)
    )
    return Reference(lists)
