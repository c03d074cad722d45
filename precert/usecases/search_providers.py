"""Search the directory for a servicing provider within 25 miles of a ZIP code (C1)."""

from dataclasses import dataclass

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.directory import (
    SEARCH_RADIUS_MILES,
    DirectoryEntry,
    ProviderSearch,
    miles_between,
    name_matches,
)
from precert.domain.errors import Fault, InvalidInputError
from precert.usecases.ports.reference import ReferenceReader

MAX_RESULTS = 25


@dataclass(frozen=True)
class FoundProvider:
    entry: DirectoryEntry
    miles: float


def search_providers(
    search: ProviderSearch, caller: Caller, *, reference: ReferenceReader
) -> tuple[FoundProvider, ...]:
    """Providers of the kind whose name fits, nearest first.

    Raises:
        InvalidInputError: the ZIP code is not known.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    here = reference.place(search.zip_code)
    if here is None:
        raise InvalidInputError([Fault("/zip_code", "unknown", "this ZIP code is not known")])
    found = [
        FoundProvider(entry, round(miles, 1))
        for entry, place in reference.entries_near(here, search.kind)
        if name_matches(entry.name, search.name)
        and (miles := miles_between(here, place)) <= SEARCH_RADIUS_MILES
    ]
    found.sort(key=lambda provider: (provider.miles, provider.entry.name))
    return tuple(found[:MAX_RESULTS])
