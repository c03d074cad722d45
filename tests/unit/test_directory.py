"""The provider directory, and the providers that a TIN selects most often."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from precert.domain.content import Address, Provider
from precert.domain.directory import (
    FREQUENT_SHOWN,
    DirectoryEntry,
    FrequentProvider,
    Place,
    cell_of,
    cells_near,
    miles_between,
    most_frequent,
    name_matches,
    selected_provider,
    selection_key,
    word_to_search,
)
from precert.domain.values import ProviderKind
from tests.fakes.samples import content, entered

BEACHWOOD = Place(latitude=41.4701, longitude=-81.5232)
COLUMBUS = Place(latitude=39.9690, longitude=-83.0114)
GUIDES_CENTER = "Cleveland Center for Digestive Health & Endoscopy LLC"


def test_distance_matches_the_known_value_when_places_are_cities() -> None:
    assert miles_between(BEACHWOOD, COLUMBUS) == pytest.approx(130, abs=1)


def test_distance_is_sixty_nine_miles_when_places_are_a_degree_apart() -> None:
    equator = Place(latitude=0, longitude=0)
    assert miles_between(equator, Place(latitude=1, longitude=0)) == pytest.approx(69.09, abs=0.01)
    assert miles_between(equator, Place(latitude=0, longitude=1)) == pytest.approx(69.09, abs=0.01)


def test_distance_is_half_the_circumference_when_places_are_antipodes() -> None:
    north, south = Place(latitude=90, longitude=0), Place(latitude=-90, longitude=0)
    assert miles_between(north, south) == pytest.approx(12437, abs=1)


def test_cells_differ_when_places_are_on_both_sides_of_an_edge() -> None:
    west, east = Place(latitude=0.1, longitude=-0.1), Place(latitude=0.1, longitude=0.1)
    assert cell_of(west) != cell_of(east)


def test_few_cells_are_in_the_radius_when_the_place_is_in_the_country() -> None:
    assert len(cells_near(BEACHWOOD)) <= 9
    assert cell_of(BEACHWOOD) in cells_near(BEACHWOOD)
    assert cell_of(COLUMBUS) not in cells_near(BEACHWOOD)


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
    "entered",
    ["", "Clev", "cleveland center", "dig CLEV", "endoscopy", "  center  ", "&", "CLÉV", "llc."],
)
def test_name_matches_when_entered_words_are_prefixes_of_its_words(entered: str) -> None:
    assert name_matches(GUIDES_CENTER, entered)


@pytest.mark.rule("C1")
@pytest.mark.parametrize("entered", ["eveland", "cleveland heart", "clevelands", "endo scopy"])
def test_name_does_not_match_when_an_entered_word_is_no_prefix(entered: str) -> None:
    assert not name_matches(GUIDES_CENTER, entered)


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
    ("name", "entered"),
    [
        ("Bellwether Children's Hospital", "childrens"),
        ("Bellwether Children's Hospital", "children\u2019s"),
        ("Inés García-Ruiz", "ruiz"),
        ("Inés García-Ruiz", "GARCIA-R"),
        ("Marek Zieliński", "zielinski"),
        ("St. Łukasz Clinic", "lukasz"),
    ],
)
def test_name_matches_when_entered_without_diacritics(name: str, entered: str) -> None:
    assert name_matches(name, entered)


@pytest.mark.parametrize(
    ("entered", "word"),
    [
        ("", None),
        ("st", None),
        ("a b c", None),
        ("st vincent", "vincent"),
        ("cle digest", "digest"),
    ],
)
def test_longest_word_is_searched_when_several_are_entered(entered: str, word: str | None) -> None:
    assert word_to_search(entered) == word


def test_provider_has_every_field_of_the_entry_when_it_is_copied() -> None:
    entry = DirectoryEntry(
        provider_id="P1",
        kind=ProviderKind.FACILITY,
        name=GUIDES_CENTER,
        npi="1234567893",
        tin="203129831",
        address=Address(
            line_1="3700 Park East Drive 100a", city="Beachwood", state="OH", zip_code="44122"
        ),
        phone="2165550100",
    )
    taken = entry.as_provider().model_dump(exclude={"fax"})
    assert taken == entry.model_dump()


START = datetime(2026, 7, 1, 12, tzinfo=UTC)


def provider(**changes: Any) -> Provider:
    return Provider.model_validate({**entered()["servicing_provider"], **changes})


def selection(name: str, selected: int, hours: int = 0) -> FrequentProvider:
    at = START + timedelta(hours=hours)
    return FrequentProvider(provider=provider(name=name), selected=selected, selected_at=at)


def test_most_selected_is_first_when_ranked() -> None:
    ranked = most_frequent([selection("One", 1, 9), selection("Five", 5), selection("Three", 3)])
    assert [one.provider.name for one in ranked] == ["Five", "Three", "One"]


def test_last_selected_is_first_when_counts_are_equal() -> None:
    ranked = most_frequent([selection("Early", 2, 1), selection("Late", 2, 2)])
    assert [one.provider.name for one in ranked] == ["Late", "Early"]


def test_ten_are_offered_when_there_are_more() -> None:
    assert len(most_frequent([selection("Any", n) for n in range(1, 20)])) == FREQUENT_SHOWN


@pytest.mark.parametrize("field", ["name", "npi", "tin", "address"])
def test_provider_is_not_counted_when_it_is_incomplete(field: str) -> None:
    half = {**entered()["servicing_provider"], field: None}
    assert selected_provider(content(servicing_provider=half)) is None


def test_manually_entered_provider_is_counted_once_when_spelled_differently() -> None:
    entered = provider(provider_id=None)
    again = provider(provider_id=None, name=(entered.name or "").upper(), phone="2165550111")
    assert selection_key(entered) == selection_key(again)
    assert selection_key(entered) != selection_key(provider(provider_id=None, tin="690121431"))
    assert selection_key(entered) != selection_key(provider())
