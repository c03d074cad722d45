"""What holds on every screen: accessibility in both themes, narrow windows, weight and calls."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from local.users import PROVIDER
from tests.browser.guide import enter_check
from tests.browser.places import SCREENS
from tests.browser.screens import VIEWPORT, Screen
from tests.browser.weights import javascript

MAX_BYTES = 170 * 1024
"""JavaScript of the first screen, gzipped."""

MAX_CALLS = 7
MAX_HEADER = 120
"""Height of the header in a window of 360 pixels: two rows."""


USERS = {one.user.name: one.user for one in SCREENS}


@pytest.mark.parametrize("user", USERS)
def test_nothing_is_inaccessible_or_cut_off_when_a_screen_is_open(
    screens: Callable[..., Screen], shown: dict[str, str], user: str
) -> None:
    """WCAG 2.2 AA in both themes; a phone of 360 pixels and a zoom of 200 % lose nothing."""
    screen = screens(USERS[user], new=True)
    screen.refusals.add(404)
    page = screen.page
    found: dict[str, object] = {}
    if user == PROVIDER.name:
        # The home page: one call for each list, and those of the frame.
        expect(page.get_by_role("heading", name="Flagged requests")).to_be_visible()
        screen.settled()
        calls = set(screen.calls)
        assert len(calls) <= MAX_CALLS, sorted(calls)
        assert all(call.startswith("GET /v1/") for call in calls), sorted(calls)
        enter_check(screen)
    for place in SCREENS:
        if place.user.name != user:
            continue
        page.set_viewport_size(VIEWPORT)
        screen.go(place.path.format(**shown))
        problems = screen.both_themes() + screen.cut_off(640, 450) + screen.cut_off(360, 740)
        if problems:
            found[place.name] = problems
    menu = page.get_by_role("button", name="Menu")
    assert page.locator(".header").evaluate("one => one.offsetHeight") <= MAX_HEADER
    menu.click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    if problems := screen.accessibility() + screen.cut_off(360, 740):
        found["menu"] = problems
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(page.get_by_role("navigation", name="Main navigation")).to_have_count(0)
    assert found == {}


def test_first_screen_is_light_when_it_is_built() -> None:
    """Everything that the home page loads before it shows something."""
    sizes = javascript("index.html", "src/provider/home/Home.tsx")
    assert sum(sizes.values()) <= MAX_BYTES, sizes
