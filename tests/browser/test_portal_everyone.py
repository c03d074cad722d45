"""What holds on every screen: accessibility in both themes, narrow windows, weight and calls."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from local.deployment import Deployment
from local.users import CLERK, OPERATOR, PROVIDER, REVIEWER, VENDOR, User
from tests.browser.screens import Screen
from tests.browser.weights import javascript
from tests.journeys.portal import DENIAL, Portal

MOST_BYTES = 170 * 1024
"""JavaScript of the first screen, gzipped."""


@pytest.fixture(scope="module")
def request_ids(deployment: Deployment) -> dict[str, str]:
    """A request of each kind that a screen can show, created once."""
    api = Portal.at(deployment)
    return {
        "draft": api.draft(),
        "pending": api.pending(),
        "denied": api.decided(DENIAL),
    }


SCREENS: dict[str, tuple[User, list[str]]] = {
    "office": (
        PROVIDER,
        [
            "/home",
            "/patients",
            "/requests",
            "/messages",
            "/drafts/{draft}",
            "/requests/{pending}",
            "/requests/{denied}",
            "/nowhere",
        ],
    ),
    "review": (REVIEWER, ["/review", "/review/{pending}", "/review/{denied}"]),
    "operations": (
        OPERATOR,
        ["/operations", "/operations?queue=stuck", "/operations/requests/{denied}"],
    ),
    "intake": (CLERK, ["/intake", "/intake/requests"]),
    "vendor": (VENDOR, ["/vendor"]),
}


@pytest.mark.parametrize("area", SCREENS)
def test_nothing_is_inaccessible_or_cut_off_when_a_screen_is_open(
    screens: Callable[..., Screen], request_ids: dict[str, str], area: str
) -> None:
    """WCAG 2.2 AA in both themes; a phone of 360 pixels and a zoom of 200 % lose nothing."""
    user, paths = SCREENS[area]
    screen = screens(user)
    screen.refusals.add(404)
    found: dict[str, object] = {}
    for path in paths:
        screen.page.set_viewport_size({"width": 1280, "height": 900})
        screen.go(path.format(**request_ids))
        problems = screen.both_themes() + screen.cut_off(640, 450) + screen.cut_off(360, 740)
        if problems:
            found[path] = problems
    assert found == {}


def test_first_screen_is_light_when_it_is_built() -> None:
    """Everything that the home page loads before it shows something."""
    sizes = javascript("index.html", "src/office/home/Home.tsx")
    assert sum(sizes.values()) <= MOST_BYTES, sizes


def test_calls_are_few_when_the_home_page_opens(screens: Callable[..., Screen]) -> None:
    """One call for each list, and those of the frame."""
    screen = screens(PROVIDER)
    expect(screen.page.get_by_role("heading", name="Flagged requests")).to_be_visible()
    screen.settled()
    calls = set(screen.calls)
    assert len(calls) <= 7, sorted(calls)
    assert all(call.startswith("GET /v1/") for call in calls), sorted(calls)
