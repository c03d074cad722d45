"""Codes of public code sets: whether they exist, and are valid on the service date (C5).

CPT codes are checked only by form (:mod:`precert.domain.codes`), because the list is licensed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from precert.domain.codes import has_form
from precert.domain.content import RequestContent, Service
from precert.domain.errors import FieldError
from precert.domain.values import CodeType


class CodeSet(StrEnum):
    """Public code sets that are shipped completely."""

    ICD_10_CM = "ICD-10-CM"
    MS_DRG = "MS-DRG"
    PLACE_OF_SERVICE = "PLACE-OF-SERVICE"


@dataclass(frozen=True)
class ListedCode:
    """A code as its set lists it.

    ``leaf`` is false for a category that has codes below it. A date is absent if the available releases
    do not show when the code began or ended.
    """

    code: str
    description: str
    leaf: bool = True
    valid_from: date | None = None
    valid_to: date | None = None


PublicCode = tuple[CodeSet, str]
"""A code with its set."""
Lookup = Callable[[CodeSet, str], ListedCode | None]
"""Finds a code in its set (port :class:`precert.usecases.ports.reference.CodeSets`)."""


def errors_of_codes(content: RequestContent, lookup: Lookup) -> Iterator[FieldError]:
    """Errors for codes that are not in their set, or not on the service date.

    Categories such as K55 are accepted, because a provider may not know more before the service.
    """
    for index, service in enumerate(content.services):
        for pointer, code_set, code in _listed_codes(service):
            if error := _error(lookup(code_set, code), code_set, service.first_day):
                yield FieldError(f"/services/{index}/{pointer}", *error)


def error_of_diagnosis(code: str, on: date | None, lookup: Lookup) -> FieldError | None:
    """The error of a single diagnosis, such as the adjudicated one, if any (W9)."""
    error = _error(lookup(CodeSet.ICD_10_CM, code), CodeSet.ICD_10_CM, on)
    return FieldError("/diagnosis", *error) if error else None


def _listed_codes(service: Service) -> Iterator[tuple[str, CodeSet, str]]:
    if service.primary_diagnosis is not None:
        yield "primary_diagnosis", CodeSet.ICD_10_CM, service.primary_diagnosis
    for at, code in enumerate(service.additional_diagnoses):
        yield f"additional_diagnoses/{at}", CodeSet.ICD_10_CM, code
    for line, procedure in enumerate(service.procedures):
        if procedure.code_type is CodeType.DRG and has_form(procedure.code, CodeType.DRG):
            yield f"procedures/{line}/code", CodeSet.MS_DRG, procedure.code


def _error(found: ListedCode | None, code_set: CodeSet, on: date | None) -> tuple[str, str] | None:
    if found is None:
        hint = " or enter its category, the first three characters"
        wanted = hint if code_set is CodeSet.ICD_10_CM else ""
        return "unknown_code", f"{code_set} has no such code: check it{wanted}"
    if on is None:
        return None
    if found.valid_from is not None and on < found.valid_from:
        return (
            "not_valid_on_day",
            f"this code is valid from {found.valid_from} on: use an older one",
        )
    if found.valid_to is not None and found.valid_to < on:
        return (
            "not_valid_on_day",
            f"this code ended on {found.valid_to}: use the one that follows it",
        )
    return None
