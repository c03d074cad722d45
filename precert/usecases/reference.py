"""Display names of every code: places of service, types, statuses, units, reasons."""

from dataclasses import dataclass

from precert.domain.code_lists import Code, CodeList, code_lists_of
from precert.domain.code_sets import CodeSet
from precert.domain.payer import Payer
from precert.usecases.ports.reference import CodeSets


@dataclass(frozen=True)
class Reference:
    """All code lists."""

    code_lists: tuple[CodeList, ...]


def get_reference(*, payer: Payer, code_sets: CodeSets) -> Reference:
    """The payer's code lists and CMS places of service; no call to another service."""
    places = code_sets.codes_of(CodeSet.PLACE_OF_SERVICE)
    lists = code_lists_of(payer).with_public(
        cms_places_of_service=(Code(place.code, place.description) for place in places)
    )
    return Reference(lists)
