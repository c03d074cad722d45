"""The rule list's file: every error of it at once, or its rules (C6)."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from precert.domain.codes import has_form
from precert.domain.coverage import PLAN_TYPES
from precert.domain.loading_table import (
    LIST_SEPARATOR,
    Cells,
    Column,
    Table,
    day,
    load_rows,
    parts,
)
from precert.domain.payer import Form, Payer
from precert.domain.rule_list_report import Row, contradictions
from precert.domain.rules import Requirement, Rule, canonical_code, family_of
from precert.domain.values import AuthorizationType, CodeType, Text, Value

_SOME: Final = f"parted by {LIST_SEPARATOR}, or empty"
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
    """A column that a file may leave out."""
    return Column(name, hint, required=False, needed=False)


_TABLE: Final = Table(
    (
        Column("rule_id", "must be a name for the row, unlike that of any other"),
        Column("code_type", f"must be one of {', '.join(CodeType)}"),
        Column("code_from", _CODE),
        Column("code_to", f"{_CODE}; for a single code the same as code_from"),
        Column("requirement", "must be one of REQUIRED, NOT_REQUIRED, DELEGATED_VENDOR"),
        Column("vendor_id", "must be the vendor_id of a delegated vendor that is loaded", False),
        Column("authorization_type", f"must be {' or '.join(AuthorizationType)}, or empty", False),
        Column("plan_types", f"must be some of {LIST_SEPARATOR.join(PLAN_TYPES)}, or empty", False),
        day("effective_from"),
        day("effective_to", required=False),
        _extra("lines_of_business", f"must be lines of business that have clocks, {_SOME}"),
        _extra("types_of_service", f"must be types of service of the form, {_SOME}"),
        _extra("places_of_service", f"must be places of service of the form, {_SOME}"),
        _extra("auto_approve_max_units", _LIMIT),
        _extra("auto_approve_max_days", _LIMIT),
        _extra("required_documentation", f"must be codes of the payer's wanted_documents, {_SOME}"),
        _extra("label", "must be plain text of at most 120 characters, or empty"),
        _extra("guidance", "must be the name of one of the payer's notices, or empty"),
        _extra("predetermination", f"must be {_YES}, or empty"),
    ),
    key="rule_id",
    places={},
)

Code = Annotated[str, Field(pattern=r"^[0-9A-Z]{3,5}$")]
Limit = Annotated[int, Field(ge=1, le=9999)]


class _RuleRow(Value):
    """A row as it is written, and what its cells must be to each other."""

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
    effective_from: date
    effective_to: date | None = None
    auto_approve_max_units: Limit | None = None
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
        if not all(has_form(code, self.code_type) for code in (self.code_from, self.code_to)):
            yield f"code_from and code_to must have the form of {self.code_type} codes"
        if family_of(first, self.code_type) != family_of(last, self.code_type) or first > last:
            yield "code_to must be like code_from in length and letters, and not before it"

    def _errors(self) -> Iterator[str]:
        if self.effective_to is not None and self.effective_to < self.effective_from:
            yield "effective_to must not be before effective_from"
        if (self.requirement is Requirement.DELEGATED_VENDOR) != (self.vendor_id is not None):
            yield "a vendor_id belongs to DELEGATED_VENDOR rules, and only to them"
        if self.requirement is Requirement.UNABLE_TO_DETERMINE:
            yield "a rule answers; only a missing rule is unable to determine"
        if self.requirement is not Requirement.REQUIRED and (
            self.auto_approve_max_units or self.auto_approve_max_days or self.required_documentation
        ):
            yield "limits and documents wanted belong to REQUIRED rules, and only to them"
        if self.predetermination and self.requirement is not Requirement.NOT_REQUIRED:
            yield "a predetermination belongs to NOT_REQUIRED rules, and only to them"

    def rule(self) -> Rule:
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        codes = {name: canonical_code(fields[name], self.code_type) for name in _ENDS}
        return Rule(**(fields | codes))


_ENDS: Final = ("code_from", "code_to")


def load_rules(
    csv_text: str, vendor_ids: Collection[str] | None = None, payer: Payer | None = None
) -> list[Rule]:
    """The rule list.

    Args:
        csv_text: The file.
        vendor_ids: Delegates that are known; a rule naming another is an error. Not looked at
            where None.
        payer: Whose form, notices and lines of business the rules may name. Not looked at where
            None.

    Raises:
        LoadingError: with every error of the file, contradictions between its rows among them.
    """
    return [rule for _, rule in load_rule_rows(csv_text, vendor_ids, payer)]


def load_rule_rows(
    csv_text: str, vendor_ids: Collection[str] | None = None, payer: Payer | None = None
) -> list[Row]:
    """As :func:`load_rules`, each rule with the line in which it stands."""
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
            yield "", "can apply to no service: its setting, types and places exclude one another"

    def review(rows: Sequence[Row]) -> Iterable[tuple[int, str, str]]:
        return ((error.row, error.column, error.message) for error in contradictions(rows))

    return load_rows(csv_text, _TABLE, build, check, review)


def _known(payer: Payer | None) -> dict[str, Collection[str]]:
    """What cells may name, by column."""
    plan_types: dict[str, Collection[str]] = {"plan_types": PLAN_TYPES}
    if payer is None:
        return plan_types
    return plan_types | {
        "lines_of_business": payer.review_clocks.keys(),
        "types_of_service": [kind.code for kind in payer.form.types_of_service],
        "places_of_service": [place.code for place in payer.form.places_of_service],
        "required_documentation": payer.required_documentation.keys(),
        "guidance": payer.notices.keys(),
    }


def _can_apply(cells: Cells, form: Form) -> bool:
    """Whether the form has a service of this setting; wrong names are told by their columns."""
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
