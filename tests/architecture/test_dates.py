"""Every date that a caller sends has bounds, and instants are written as text by one function."""

import ast
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from functions.intake.models import ReportedDetermination
from precert.domain.coverage import Coverage
from precert.domain.dates import OUT_OF_BOUNDS
from precert.domain.loading_rules import _RuleRow
from precert.domain.payer import BusinessCalendar
from precert.domain.value_errors import errors_of
from tests.architecture.source import modules, nodes
from tools.operations import OPERATIONS

MODELS: Final[set[type[BaseModel]]] = {
    *(model for one in OPERATIONS.values() for model in (one.body, one.query) if model),
    # Files that a payer loads, its settings, and events of vendors.
    *(Coverage, _RuleRow, BusinessCalendar, ReportedDetermination),
}
DAYS: Final = ("0001-01-01", "0202-06-07", "0999-12-31", "1026-07-01", "2206-07-01", "9998-12-30")
TIMES: Final = ("T00:00:00Z", "T23:59:59+14:00", "T00:00:00-12:00")


def dated(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[tuple[str, Any, type]]:
    """Each field of a date or an instant, in the model and the models of its fields."""
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        whole = field.rebuild_annotation()
        for leaf in leaves(field.annotation):
            if isinstance(leaf, type) and issubclass(leaf, BaseModel):
                yield from dated(leaf, seen)
            elif leaf in (date, datetime):
                yield f"{model.__name__}.{name}", whole, leaf


def leaves(annotation: Any) -> Iterator[Any]:
    arguments = [one for one in get_args(annotation) if one is not ...]
    if not arguments:
        yield annotation
    for one in arguments:
        yield from leaves(one)


FIELDS: Final = {
    name: (annotation, kind)
    for model in sorted(MODELS, key=lambda model: model.__name__)
    for name, annotation, kind in dated(model, set())
}


def test_fields_are_found_when_the_models_are_walked() -> None:
    assert {
        *("Patient.date_of_birth", "PatientSearch.date_of_birth", "Service.admission_date"),
        *("Service.service_date", "Procedure.start_date", "CheckBody.as_of"),
        *("RequestsQuery.changed_from", "RequestsQuery.service_to", "DateChange.to_date"),
        *("Approval.from_date", "RegisterRequestBody.received_at", "VendorReport.reported_at"),
        *("Coverage.active_from", "Coverage.active_to", "_RuleRow.effective_from"),
        *("BusinessCalendar.holidays", "ReportedDetermination.reported_at"),
    } <= set(FIELDS)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_date_is_refused_with_its_bounds_when_it_is_not_plausible(name: str) -> None:
    annotation, kind = FIELDS[name]
    adapter: TypeAdapter[object] = TypeAdapter(annotation)
    sent = [day + time for day in DAYS for time in (TIMES if kind is datetime else ("",))]
    for text in sent:
        with pytest.raises(ValidationError) as raised:
            adapter.validate_python([text] if name.endswith("holidays") else text)
        [error] = errors_of(raised.value)
        assert error.code == OUT_OF_BOUNDS, (text, error)
        assert error.message.count("-") >= 4, error.message
        assert text not in error.message


def test_no_date_is_formatted_by_strftime_when_its_year_may_be_below_1000() -> None:
    """Glibc writes the year 202 as 202, not 0202; ``isoformat`` does not."""
    found = [
        module.at(node)
        for module in modules()
        if module.is_in("precert", "functions")
        for node in nodes(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "%Y" in node.value
        if not node.value.startswith(" ")
    ]
    allowed = (
        "precert/usecases/decisions.py",
        "precert/usecases/rule_lists.py",
        "precert/domain/case_assignment.py",
        "precert/cli/rules.py",
    )
    assert [at for at in found if not at.startswith(allowed)] == [], "these format other than now"


def test_instants_are_written_by_one_function_when_they_become_text() -> None:
    """``instant_text`` is the only place that replaces the offset of UTC by ``Z``."""
    found = {
        module.path
        for module in modules()
        if not module.is_in("bench")  # the bare handlers are measured without the product
        for node in nodes(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"replace", "removesuffix"}
        and any(isinstance(one, ast.Constant) and one.value == "+00:00" for one in node.args)
    }
    assert found == {"precert/domain/dates.py"}, "use instant_text"
