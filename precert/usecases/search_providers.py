"""Search the directory for a provider within 25 miles of a ZIP code (C1), or go on without it (C16)."""

from collections.abc import Iterable
from dataclasses import dataclass

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.directory import (
    SEARCH_RADIUS_MILES,
    DirectoryEntry,
    ProviderSearch,
    miles_between,
    name_matches,
    word_to_search,
)
from precert.domain.errors import Fault, InvalidInputError
from precert.domain.names import folded
from precert.domain.payer import Payer
from precert.usecases.ports.code_sets import Places
from precert.usecases.ports.reference import Directory

MAX_PROVIDERS = 25


@dataclass(frozen=True)
class FoundProvider:
    """One address and TIN of a provider, and how far it is."""

    entry: DirectoryEntry
    miles: float


@dataclass(frozen=True)
class FoundProviders:
    """Nearest first; all addresses and TINs of a provider stand together.

    ``more`` where others fit as well: another word or letter finds them. ``notices`` say how.
    """

    providers: tuple[FoundProvider, ...]
    more: bool = False
    notices: tuple[str, ...] = ()


def search_providers(
    search: ProviderSearch,
    caller: Caller,
    *,
    directory: Directory,
    zip_codes: Places,
    payer: Payer,
) -> FoundProviders:
    """Providers of the kind whose name fits.

    With three letters of a word, those within the radius. With fewer, those of the ZIP code itself:
    there may be thousands around it, and no order among them that would help.

    Raises:
        InvalidInputError: the ZIP code is not known.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    here = zip_codes.place(search.zip_code)
    if here is None:
        raise InvalidInputError([Fault("/zip_code", "unknown", "this ZIP code is not known")])
    word = word_to_search(search.name)
    if word is None:
        filed = directory.entries_at(search.zip_code, search.kind)
    else:
        filed = directory.entries_near(here, search.kind, word)
    found = _by_provider(
        FoundProvider(entry, round(miles, 1))
        for entry, place in filed.entries
        if name_matches(entry.name, search.name)
        and (miles := miles_between(here, place)) <= SEARCH_RADIUS_MILES
    )
    more = not filed.complete or len(found) > MAX_PROVIDERS
    hints = {"directory_letters": word is None, "directory_more": more}
    return FoundProviders(
        providers=tuple(one for provider in found[:MAX_PROVIDERS] for one in provider),
        more=more,
        notices=tuple(payer.notices[name] for name, told in hints.items() if told),
    )


def _by_provider(found: Iterable[FoundProvider]) -> list[list[FoundProvider]]:
    """Addresses and TINs gathered by provider, nearest first within each and among them."""
    nearest_first = sorted(found, key=lambda one: (one.miles, one.entry.name, one.entry.tin))
    providers: dict[tuple[str, str], list[FoundProvider]] = {}
    for one in nearest_first:
        providers.setdefault((one.entry.npi, folded(one.entry.name)), []).append(one)
    return list(providers.values())
