"""The provider directory: entries, ZIP codes, distances (C1), and frequently selected ones (C2)."""

from hashlib import sha256
from math import asin, cos, floor, radians, sin, sqrt
from typing import Annotated, Final

from pydantic import Field

from precert.domain.content import Address, Provider, RequestContent
from precert.domain.dates import Moment
from precert.domain.text import folded, search_words, words_of
from precert.domain.values import LINE, Npi, Phone, ProviderKind, Text, Tin, Value, ZipCode

SEARCH_RADIUS_MILES: Final = 25.0
EARTH_RADIUS_MILES: Final = 3958.8
CELL_DEGREES: Final = 0.5
"""Side of a search cell: about the radius, so that an entry is filed under few cells."""


SHORTEST_TYPED: Final = 3
"""From this length of a word a search covers the radius; a shorter one only the ZIP code."""


class Place(Value):
    """Center of a ZIP code, in degrees."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class DirectoryEntry(Value):
    """One provider at one address under one TIN."""

    provider_id: Text
    kind: ProviderKind
    name: Text
    npi: Npi
    tin: Tin
    address: Address
    phone: Phone | None = None

    def as_provider(self) -> Provider:
        return Provider(
            provider_id=self.provider_id,
            kind=self.kind,
            name=self.name,
            npi=self.npi,
            tin=self.tin,
            address=self.address,
            phone=self.phone,
        )


class ProviderSearch(Value):
    """A search: position, kind of provider, and beginnings of words of the name."""

    zip_code: ZipCode
    kind: ProviderKind
    name: Annotated[str, Field(max_length=60), LINE] = ""


def miles_between(one: Place, other: Place) -> float:
    """Great-circle distance (haversine)."""
    lat_1, lat_2 = radians(one.latitude), radians(other.latitude)
    half_lat = (lat_2 - lat_1) / 2
    half_lon = radians(other.longitude - one.longitude) / 2
    chord = sin(half_lat) ** 2 + cos(lat_1) * cos(lat_2) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_MILES * asin(min(1.0, sqrt(chord)))


def cell_of(place: Place) -> str:
    """The search cell of a position."""
    return f"{floor(place.latitude / CELL_DEGREES)}:{floor(place.longitude / CELL_DEGREES)}"


def cells_near(place: Place) -> frozenset[str]:
    """Every cell with a point within the search radius: an entry is filed under all of them.

    Filing an entry under each cell from which it can be found makes a search one query, of the
    searcher's own cell, however large the directory is.
    """
    miles_per_degree = EARTH_RADIUS_MILES * radians(1)
    reach_lat = SEARCH_RADIUS_MILES / miles_per_degree
    widest = min(89.0, abs(place.latitude) + reach_lat)
    reach_lon = SEARCH_RADIUS_MILES / (miles_per_degree * cos(radians(widest)))
    rows = range(
        floor((place.latitude - reach_lat) / CELL_DEGREES),
        floor((place.latitude + reach_lat) / CELL_DEGREES) + 1,
    )
    columns = range(
        floor((place.longitude - reach_lon) / CELL_DEGREES),
        floor((place.longitude + reach_lon) / CELL_DEGREES) + 1,
    )
    return frozenset(f"{row}:{column}" for row in rows for column in columns)


def name_matches(name: str, entered: str) -> bool:
    """Whether every entered word is the beginning of some word of the name (type-ahead)."""
    words = search_words(name)
    return all(any(word.startswith(part) for word in words) for part in words_of(entered))


def words_filed(name: str) -> frozenset[str]:
    """The words of a name by which it is found within the radius."""
    return frozenset(word for word in search_words(name) if len(word) >= SHORTEST_TYPED)


def word_to_search(entered: str) -> str | None:
    """The longest entered word, which is the most selective; ``None`` if all are too short."""
    words = {word for word in words_of(entered) if len(word) >= SHORTEST_TYPED}
    return max(sorted(words), key=len, default=None)


FREQUENT_SHOWN: Final = 10


class FrequentProvider(Value):
    """A provider as last selected, the number of selections, and the time of the last."""

    provider: Provider
    selected: int
    selected_at: Moment


def selected_provider(content: RequestContent) -> Provider | None:
    """The servicing provider, if it is complete enough to be offered again."""
    provider = content.servicing_provider
    if provider is None or None in (provider.name, provider.npi, provider.tin, provider.address):
        return None
    return provider


def selection_key(provider: Provider) -> str:
    """The identity of a selection: the directory's id, or else name, address and TIN."""
    if provider.provider_id:
        return f"ID#{provider.provider_id}"
    address = provider.address
    where = (folded(address.line_1), address.zip_code) if address else ()
    parts = (provider.npi or "", provider.tin or "", folded(provider.name or ""), *where)
    return f"TYPED#{sha256(chr(31).join(parts).encode()).hexdigest()[:32]}"


def most_frequent(selections: list[FrequentProvider]) -> tuple[FrequentProvider, ...]:
    """Most frequently selected first; among equals, the last selected."""
    ranked = sorted(selections, key=lambda one: (one.selected, one.selected_at), reverse=True)
    return tuple(ranked[:FREQUENT_SHOWN])
