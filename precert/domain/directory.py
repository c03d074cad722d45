"""The provider directory: entries, search by ZIP code and name (C1), frequent selections (C2)."""

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
"""The side of a search cell in degrees: about the radius, so that an entry is in few cells."""


MIN_WORD_LENGTH: Final = 3
"""The minimum length of a word for a search within the radius; with shorter words, only the ZIP code is
searched."""


class Place(Value):
    """The center of a ZIP code, in degrees."""

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
        """The entry as a provider of a request."""
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
    """A search: ZIP code, kind of provider, and beginnings of words of the name."""

    zip_code: ZipCode
    kind: ProviderKind
    name: Annotated[str, Field(max_length=60), LINE] = ""


def miles_between(one: Place, other: Place) -> float:
    """The great-circle distance in miles (haversine formula)."""
    lat_1, lat_2 = radians(one.latitude), radians(other.latitude)
    half_lat = (lat_2 - lat_1) / 2
    half_lon = radians(other.longitude - one.longitude) / 2
    chord = sin(half_lat) ** 2 + cos(lat_1) * cos(lat_2) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_MILES * asin(min(1.0, sqrt(chord)))


def cell_of(place: Place) -> str:
    """The key of the search cell with the position: its row and column."""
    return f"{floor(place.latitude / CELL_DEGREES)}:{floor(place.longitude / CELL_DEGREES)}"


def cells_near(place: Place) -> frozenset[str]:
    """The keys of all cells with a point within the search radius, under which an entry is stored.

    A search is therefore one query, of the cell of the searched ZIP code, for a directory of any size.
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
    """Whether each entered word is the beginning of a word of the name, for a type-ahead search."""
    words = search_words(name)
    return all(any(word.startswith(part) for word in words) for part in words_of(entered))


def words_filed(name: str) -> frozenset[str]:
    """The words of a name under which its entry is stored for searches within the radius."""
    return frozenset(word for word in search_words(name) if len(word) >= MIN_WORD_LENGTH)


def word_to_search(entered: str) -> str | None:
    """The longest entered word, as the most selective one; ``None`` if all are too short."""
    words = {word for word in words_of(entered) if len(word) >= MIN_WORD_LENGTH}
    return max(sorted(words), key=len, default=None)


FREQUENT_SHOWN: Final = 10
"""The number of frequent providers that are offered."""


class FrequentProvider(Value):
    """A provider as last selected, with the number of selections and the instant of the last."""

    provider: Provider
    selected: int
    selected_at: Moment


def selected_provider(content: RequestContent) -> Provider | None:
    """The servicing provider, if it has what is needed to offer it again; otherwise ``None``."""
    provider = content.servicing_provider
    if provider is None or None in (provider.name, provider.npi, provider.tin, provider.address):
        return None
    return provider


def selection_key(provider: Provider) -> str:
    """The key of a selected provider: the id of the directory, else a hash of what was entered."""
    if provider.provider_id:
        return f"ID#{provider.provider_id}"
    address = provider.address
    where = (folded(address.line_1), address.zip_code) if address else ()
    parts = (provider.npi or "", provider.tin or "", folded(provider.name or ""), *where)
    return f"TYPED#{sha256(chr(31).join(parts).encode()).hexdigest()[:32]}"


def most_frequent(selections: list[FrequentProvider]) -> tuple[FrequentProvider, ...]:
    """The most frequently selected providers first; among equals, the one selected last."""
    ranked = sorted(selections, key=lambda one: (one.selected, one.selected_at), reverse=True)
    return tuple(ranked[:FREQUENT_SHOWN])
