"""Codes of public code sets: whether they exist and are valid on the date of service (C5).

The format of CPT and revenue codes is checked only (:mod:`precert.domain.codes`): their lists are
licensed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from precert.domain.codes import code_types_of, has_format
from precert.domain.content import RequestContent, Service
from precert.domain.errors import FieldError
from precert.domain.values import CodeType


class CodeSet(StrEnum):
    """Public code sets whose complete lists are part of the product."""

    ICD_10_CM = "ICD-10-CM"
    HCPCS = "HCPCS"
    MS_DRG = "MS-DRG"
    PLACE_OF_SERVICE = "PLACE-OF-SERVICE"


@dataclass(frozen=True)
class ListedCode:
    """A code as its code set lists it.

    ``leaf`` is false for a category with more specific codes. ``valid_from`` and ``valid_to`` are the
    first and last day on which the code is valid; ``None`` if the releases of the code set that are
    part of the product do not show it.
    """

    code: str
    description: str
    leaf: bool = True
    valid_from: date | None = None
    valid_to: date | None = None


PUBLIC_SETS: Final[Mapping[CodeType, CodeSet | None]] = {
    CodeType.CPT: None,
    CodeType.HCPCS: CodeSet.HCPCS,
    CodeType.REVENUE: None,
    CodeType.DRG: CodeSet.MS_DRG,
}
"""The public code set of each code type; ``None`` if only the format of its codes is checked."""

PublicCode = tuple[CodeSet, str]
"""A code set and one of its codes."""
Lookup = Callable[[CodeSet, str], ListedCode | None]
"""Finds a code in a code set (:class:`precert.usecases.ports.reference.CodeSets`)."""


def errors_of_codes(content: RequestContent, lookup: Lookup) -> Iterator[FieldError]:
    """Errors of codes that are not in their code set, or not valid on the date of service.

    Categories such as K55 are accepted, because the diagnosis may not be more specific yet. Pointers
    are relative to the content.
    """
    for index, service in enumerate(content.services):
        for pointer, code_set, code, day in _listed_codes(service):
            if error := _error(lookup(code_set, code), code_set, day):
                yield FieldError(f"/services/{index}/{pointer}", *error)


def error_of_diagnosis(code: str, on: date | None, lookup: Lookup) -> FieldError | None:
    """The error of one diagnosis, such as the adjudicated one; ``None`` if it is valid (W9)."""
    error = _error(lookup(CodeSet.ICD_10_CM, code), CodeSet.ICD_10_CM, on)
    return FieldError("/diagnosis", *error) if error else None


def error_of_procedure(
    code: str, code_type: CodeType, on: date | None, lookup: Lookup
) -> FieldError | None:
    """The error of one procedure code; ``None`` if it is valid or its code set is not public."""
    code_set = PUBLIC_SETS[code_type]
    error = _error(lookup(code_set, code), code_set, on) if code_set else None
    return FieldError("/code", *error) if error else None


def is_verified(code_type: CodeType) -> bool:
    """Whether codes of the type are verified in a public code set, and not only by their format."""
    return PUBLIC_SETS[code_type] is not None


def _listed_codes(service: Service) -> Iterator[tuple[str, CodeSet, str, date | None]]:
    """The codes to look up: pointer, code set, code and service date."""
    day = service.first_day
    if service.primary_diagnosis is not None:
        yield "primary_diagnosis", CodeSet.ICD_10_CM, service.primary_diagnosis, day
    for at, code in enumerate(service.additional_diagnoses):
        yield f"additional_diagnoses/{at}", CodeSet.ICD_10_CM, code, day
    for line, procedure in enumerate(service.procedures):
        kinds = (procedure.code_type,) if procedure.code_type else code_types_of(procedure.code)
        if len(kinds) != 1 or not has_format(procedure.code, kinds[0]):
            continue  # reported by completeness
        if code_set := PUBLIC_SETS[kinds[0]]:
            yield f"procedures/{line}/code", code_set, procedure.code, procedure.start_date or day


_HINTS: Final = {
    CodeSet.ICD_10_CM: ", or a category (its first three characters)",
    CodeSet.HCPCS: (
        "; dental (CDT) codes are not accepted. If CMS added the code recently, call the payer"
    ),
    CodeSet.MS_DRG: "",
    CodeSet.PLACE_OF_SERVICE: "",
}


def _error(listed: ListedCode | None, code_set: CodeSet, on: date | None) -> tuple[str, str] | None:
    if listed is None:
        return "unknown_code", f"must be a code of {code_set}{_HINTS[code_set]}"
    if on is None:
        return None
    if listed.valid_from is not None and on < listed.valid_from:
        return (
            "not_valid_on_day",
            f"must be valid on the date of service; this code is valid from {listed.valid_from}",
        )
    if listed.valid_to is not None and listed.valid_to < on:
        return (
            "not_valid_on_day",
            f"must be valid on the date of service; this code was valid until {listed.valid_to}",
        )
    return None
