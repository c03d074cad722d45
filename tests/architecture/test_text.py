"""Every text that a caller sends is cleaned or refused; a whole number may be written as 1.0."""

import json
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, get_args

import pytest
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from functions.intake.models import ReportedDetermination
from precert.domain.content import Address
from precert.domain.coverage import Coverage
from precert.domain.directory import DirectoryEntry
from precert.domain.rules import DelegatedVendor
from tools.operations import OPERATIONS

BODIES: Final[set[type[BaseModel]]] = {one.body for one in OPERATIONS.values() if one.body}
MODELS: Final[set[type[BaseModel]]] = {
    *BODIES,
    *(one.query for one in OPERATIONS.values() if one.query),
    # Files that a payer loads, and events of vendors.
    *(Address, Coverage, DirectoryEntry, DelegatedVendor, ReportedDetermination),
}
OPAQUE: Final = {"cursor"}
"""Compared with what was issued, never stored or shown."""
LEAVES: Final = (str, int, SecretStr)


def fields(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[tuple[str, Any, Any]]:
    """Each text and each number, in the model and the models of its fields, with its annotation."""
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        for leaf, annotated in leaves(field.rebuild_annotation(), field.rebuild_annotation()):
            if isinstance(leaf, type) and issubclass(leaf, BaseModel):
                yield from fields(leaf, seen)
            elif leaf in LEAVES and name not in OPAQUE:
                yield f"{model.__name__}.{name}", annotated, leaf


def leaves(annotation: Any, whole: Any) -> Iterator[tuple[Any, Any]]:
    """The types of an annotation, each with the annotation that validates it alone."""
    arguments = [one for one in get_args(annotation) if one is not ... and one is not type(None)]
    if hasattr(annotation, "__metadata__"):
        yield from leaves(arguments[0], annotation)
    elif not arguments or isinstance(arguments[0], str | Enum):
        yield annotation, whole
    else:
        is_optional = len(arguments) == 1 and type(None) in get_args(annotation)
        for one in arguments:
            annotated = hasattr(one, "__metadata__") or not is_optional
            yield from leaves(one, one if annotated else whole)


FOUND: Final = {
    name: (annotation, kind)
    for model in sorted(MODELS, key=lambda model: model.__name__)
    for name, annotation, kind in fields(model, set())
}
TEXTS: Final = sorted(name for name, (_, kind) in FOUND.items() if kind is not int)
NUMBERS: Final = sorted(name for name, (_, kind) in FOUND.items() if kind is int)


def test_fields_are_found_when_the_models_are_walked() -> None:
    assert {
        *("Patient.last_name", "Address.line_1", "Provider.name", "VoidBody.reason"),
        *("AppealBody.reason", "LineDecision.rationale", "LineDecision.criterion"),
        *("RequestInformationBody.text", "RequestedUpload.file_name", "Medication.name"),
        *("Service.additional_diagnoses", "PatientSearch.ssn"),
    } <= set(TEXTS)
    assert {"Procedure.units", "Service.requested_days", "DecideBody.cycle"} <= set(NUMBERS)


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_cleaned_or_refused_when_it_has_characters_that_hide(name: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(FOUND[name][0])
    for hidden in ("\x00", "\x1b[31m", "\x7f", "\u202e", "\u2066", "\u200b", "\ufeff", "\ue000"):
        for entered in (f"AB{hidden}CDE", f"12345{hidden}6789", f"K55{hidden}"):
            try:
                taken = adapter.validate_python(entered)
            except ValidationError:
                continue
            text = taken.get_secret_value() if isinstance(taken, SecretStr) else str(taken)
            assert hidden not in text, (entered, taken)


@pytest.mark.parametrize("name", NUMBERS)
def test_number_is_whole_in_words_when_it_is_written_with_a_point(name: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(FOUND[name][0])
    assert adapter.validate_json(json.dumps(3.0), strict=True) == 3
    with pytest.raises(ValidationError, match="without a fraction"):
        adapter.validate_json(json.dumps(1.5), strict=True)
