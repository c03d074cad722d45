"""Every provider within the radius is found, wherever cell boundaries are (C1)."""

from math import asin, atan2, cos, degrees, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precert.domain.directory import (
    CELL_DEGREES,
    EARTH_RADIUS_MILES,
    SEARCH_RADIUS_MILES,
    Place,
    cell_of,
    cells_near,
    miles_between,
)

# From American Samoa to northern Alaska, with a margin; no ZIP code is within 25 miles of the
# 180th meridian.
PLACES = st.builds(
    Place,
    latitude=st.floats(-16, 73, allow_nan=False),
    longitude=st.floats(-178, 178, allow_nan=False),
)
BEARINGS = st.floats(0, 360)


def travel(start: Place, bearing: float, miles: float) -> Place:
    """The destination along a great circle (the direct problem on a sphere)."""
    course, way = radians(bearing), miles / EARTH_RADIUS_MILES
    latitude = radians(start.latitude)
    arrived = asin(sin(latitude) * cos(way) + cos(latitude) * sin(way) * cos(course))
    turned = atan2(sin(course) * sin(way) * cos(latitude), cos(way) - sin(latitude) * sin(arrived))
    return Place(latitude=degrees(arrived), longitude=start.longitude + degrees(turned))


@pytest.mark.rule("C1")
@given(entry=PLACES, bearing=BEARINGS, miles=st.floats(0, SEARCH_RADIUS_MILES))
def test_entry_is_indexed_under_the_searched_cell_when_within_the_radius(
    entry: Place, bearing: float, miles: float
) -> None:
    searcher = travel(entry, bearing, miles * (1 - 1e-9))
    assert cell_of(searcher) in cells_near(entry)


@pytest.mark.rule("C1")
@given(entry=PLACES, bearing=st.sampled_from([0, 90, 180, 270]), near=st.floats(0, 1e-6))
def test_entry_is_indexed_under_the_searched_cell_when_at_the_edge_of_the_radius(
    entry: Place, bearing: float, near: float
) -> None:
    searcher = travel(entry, bearing, SEARCH_RADIUS_MILES * (1 - 1e-9 - near))
    assert cell_of(searcher) in cells_near(entry)


@pytest.mark.rule("C1")
@given(latitude=st.floats(-16, 73), edge=st.integers(-300, 300))
def test_entry_is_indexed_under_the_next_column_when_its_circle_just_reaches_it(
    latitude: float, edge: int
) -> None:
    way = SEARCH_RADIUS_MILES / EARTH_RADIUS_MILES
    widest = degrees(asin(sin(way) / cos(radians(latitude))))
    touching = Place(
        latitude=degrees(asin(sin(radians(latitude)) / cos(way))), longitude=edge * CELL_DEGREES
    )
    entry = Place(latitude=latitude, longitude=touching.longitude - widest + 1e-7)
    assert miles_between(entry, touching) <= SEARCH_RADIUS_MILES
    assert cell_of(touching) in cells_near(entry)


@given(start=PLACES, bearing=BEARINGS, miles=st.floats(0.01, 3000))
def test_distance_is_the_arc_length_when_on_a_great_circle(
    start: Place, bearing: float, miles: float
) -> None:
    latitude = radians(start.latitude)
    way = miles / EARTH_RADIUS_MILES
    arrived = asin(sin(latitude) * cos(way) + cos(latitude) * sin(way) * cos(radians(bearing)))
    turned = atan2(
        sin(radians(bearing)) * sin(way) * cos(latitude), cos(way) - sin(latitude) * sin(arrived)
    )
    longitude = (start.longitude + degrees(turned) + 540) % 360 - 180
    end = Place(latitude=degrees(arrived), longitude=longitude)
    assert miles_between(start, end) == pytest.approx(miles, rel=1e-6)


@given(one=PLACES, other=PLACES)
def test_distance_is_symmetric_when_places_are_exchanged(one: Place, other: Place) -> None:
    assert miles_between(one, other) == pytest.approx(miles_between(other, one))
    assert miles_between(one, one) == 0
