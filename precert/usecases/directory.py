"""The provider directory: search it, and list frequently selected providers (C1, C2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from precert.domain.caller import Caller
from precert.domain.content import Provider
from precert.domain.damage import Readable
from precert.domain.directory import (
    SEARCH_RADIUS_MILES,
    DirectoryEntry,
    FrequentProvider,
    ProviderSearch,
    miles_between,
    name_matches,
    word_to_search,
)
from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.payer import Payer
from precert.domain.text import folded
from precert.names import Entitlement
from precert.usecases.access import is_live
from precert.usecases.ports.listings import ListFilters, Listings
from precert.usecases.ports.reference import Directory, FrequentProviders, Places
from precert.usecases.ports.requests import RequestStore

MAX_PROVIDERS = 25
MAX_NAMED: Final = 25
"""For a caller with more TINs than this, provider names are not read."""


@dataclass(frozen=True)
class FoundProvider:
    """One address and TIN of a provider, and its distance in miles."""

    entry: DirectoryEntry
    miles: float


@dataclass(frozen=True)
class FoundProviders:
    """Nearest first; all addresses and TINs of a provider are adjacent.

    ``more`` if further providers match, which a longer name finds. ``notices`` are hints for the user.
    ``damaged`` are ids of providers whose entry cannot be read.
    """

    providers: tuple[FoundProvider, ...]
    more: bool = False
    notices: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


def search_providers(
    search: ProviderSearch,
    caller: Caller,
    *,
    directory: Directory,
    zip_codes: Places,
    payer: Payer,
) -> FoundProviders:
    """Providers of the kind whose name matches.

    With at least three letters of a word, those within ``SEARCH_RADIUS_MILES`` of the ZIP code. With
    fewer letters, only those in the ZIP code, because thousands may match around it.

    Raises:
        NotEntitledError.
        InvalidInputError: the ZIP code is not known.
    """
    caller.require(Entitlement.PATIENT_SEARCH, Entitlement.INTAKE, Entitlement.OPERATOR)
    here = zip_codes.place(search.zip_code)
    if here is None:
        raise InvalidInputError([FieldError("/zip_code", "unknown", "this ZIP code is not known")])
    word = word_to_search(search.name)
    if word is None:
        filed = directory.entries_at(search.zip_code, search.kind)
    else:
        filed = directory.entries_near(here, search.kind, word)
    entries = _by_provider(
        FoundProvider(entry, round(miles, 1))
        for entry, place in filed.entries
        if name_matches(entry.name, search.name)
        and (miles := miles_between(here, place)) <= SEARCH_RADIUS_MILES
    )
    more = not filed.complete or len(entries) > MAX_PROVIDERS
    hints = {"directory_letters": word is None, "directory_more": more}
    return FoundProviders(
        providers=tuple(one for provider in entries[:MAX_PROVIDERS] for one in provider),
        more=more,
        notices=tuple(payer.notices[name] for name, applies in hints.items() if applies),
        damaged=filed.damaged,
    )


def _by_provider(found: Iterable[FoundProvider]) -> list[list[FoundProvider]]:
    """Addresses and TINs grouped by provider, nearest first in each group and among the groups."""
    nearest_first = sorted(found, key=lambda one: (one.miles, one.entry.name, one.entry.tin))
    providers: dict[tuple[str, str], list[FoundProvider]] = {}
    for one in nearest_first:
        providers.setdefault((one.entry.npi, folded(one.entry.name)), []).append(one)
    return list(providers.values())


def list_frequent_providers(
    caller: Caller, *, tin: str | None, frequent_providers: FrequentProviders
) -> Readable[FrequentProvider]:
    """Providers of one of the caller's TINs, most frequently selected first. One database read.

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    return frequent_providers.of(caller.acting_tin(tin))


@dataclass(frozen=True)
class UsedProvider:
    """A provider as it was last entered, and when that request was changed last."""

    provider: Provider
    used_at: datetime


MAX_REQUESTING: Final = 5
_EXAMINED: Final = 100


def list_requesting_providers(
    caller: Caller,
    *,
    tin: str | None,
    listings: Listings,
    requests: RequestStore,
    payer: Payer,
    now: datetime,
) -> Readable[UsedProvider]:
    """The requesting providers of the TIN's last requests, last used first. Two database reads.

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    filters = ListFilters(caller.acting_tin(tin))
    page = listings.rows(filters, limit=_EXAMINED, cursor=None, now=now)
    last: dict[tuple[str, str | None], str] = {}
    for row in page.rows:
        if row.requesting_provider and is_live(row, payer, now):
            last.setdefault((row.requesting_provider, row.requesting_tin), row.request_id)
    found = requests.read_all(list(last.values())[:MAX_REQUESTING]) if last else None
    used = tuple(
        UsedProvider(request.content.requesting_provider, request.updated_at)
        for request in (found.requests if found else ())
        if request.content.requesting_provider and filters.tin in request.tins
    )
    return Readable(used, (*page.damaged, *(found.damaged if found else ())))


@dataclass(frozen=True)
class TinProviders:
    """The names of a TIN's providers in the directory."""

    tin: str
    names: Readable[str]


def list_own_providers(caller: Caller, *, directory: Directory) -> tuple[TinProviders, ...]:
    """The caller's TINs in ascending order, each with its providers' names.

    One database read per TIN. A caller with more than ``MAX_NAMED`` TINs gets them without names.
    """
    tins = sorted(caller.tins)
    named = frozenset(tins if len(tins) <= MAX_NAMED else ())
    return tuple(
        TinProviders(tin, directory.names_of(tin) if tin in named else Readable()) for tin in tins
    )
