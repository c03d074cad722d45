"""The portal in Chromium on a local cloud: milliseconds, calls and bytes of each screen, and a walk.

Times depend on the machine and what else it does: they are printed, and no test asserts them. The
tests of the browser tier assert the counts.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import Browser, expect

from bench.tables import table
from local.deployment import Deployment
from local.front_door import portal
from local.users import PROVIDER, User
from tests.browser.guide import Person
from tests.browser.places import PLACES, shown_requests
from tests.browser.screens import Screen
from tests.browser.tabs import MISSING, Contexts, chromium, launched
from tests.browser.weights import javascript
from tests.journeys.portal import Portal, deployed

TIMES: Final = 20

SHOWN: Final = """() => new Promise((resolve) => {
  const look = () => {
    const title = document.querySelector("main h1");
    if (title && !document.querySelector("main [aria-busy=true]")) resolve(Date.now());
    else requestAnimationFrame(look);
  };
  look();
})"""
"""Resolves when the heading is there and nothing is loading: the screen can be used."""

PAINTED: Final = """() => {
  const [first] = performance.getEntriesByName("first-contentful-paint");
  return first ? first.startTime : 0;
}"""

OPEN: Final = """(path) => {
  const start = Date.now();
  history.pushState({}, "", path);
  window.dispatchEvent(new PopStateEvent("popstate"));
  return start;
}"""


def by_address(screen: Screen, path: str) -> tuple[float, float, int]:
    """When a signed-in tab loads an address: ms to the first content, ms until usable, calls."""
    page = screen.page
    screen.calls.clear()
    start = time.time() * 1000
    page.goto(f"{screen.address}{path}")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    shown: float = page.evaluate(SHOWN)
    painted: float = page.evaluate(PAINTED)
    return painted, shown - start, len(screen.calls)


def by_link(screen: Screen, path: str) -> float:
    """Milliseconds until the screen is usable when it is opened inside the portal."""
    page = screen.page
    page.evaluate(OPEN, "/nowhere")
    page.evaluate(SHOWN)
    start: float = page.evaluate(OPEN, path)
    expect(page.locator("#main")).to_have_attribute("data-path", path)
    shown: float = page.evaluate(SHOWN)
    return shown - start


def screens_table(opened: Callable[[User], Screen], ids: dict[str, str]) -> str:
    """One row for each screen."""
    rows = []
    for place in PLACES:
        if not place.entry:
            continue
        path = place.path.format(**ids)
        screen = opened(place.user)
        loads = [by_address(screen, path) for _ in range(TIMES)]
        links = [by_link(screen, path) for _ in range(TIMES)]
        rows.append(
            (
                place.name,
                f"{median(painted for painted, _, _ in loads):.0f}",
                f"{median(shown for _, shown, _ in loads):.0f}",
                f"{median(links):.0f}",
                str(max(calls for _, _, calls in loads)),
                f"{sum(javascript('index.html', place.entry).values()) / 1024:.0f}",
            )
        )
    return table(
        f"Screens: medians of {TIMES}, in ms; most calls; JavaScript in KB, gzipped",
        ("screen", "first content", "usable by address", "usable by link", "calls", "KB"),
        rows,
    )


def walk_table(screen: Screen) -> str:
    """The example of the reference guide at human speed, from the sign-in to the number."""
    person = Person(screen, human=True)
    start = time.monotonic()
    person.sign_in(PROVIDER)
    person.walk()
    seconds = time.monotonic() - start
    return table(
        "Walk of the guide's example at human speed, from the sign-in to the number",
        ("clicks and fields", "calls", "seconds"),
        [(str(person.actions), str(len(screen.calls)), f"{seconds:.0f}")],
    )


def measure(deployment: Deployment, browser: Browser) -> Iterator[str]:
    """Measure on a deployed local cloud; yields the tables."""
    ids = shown_requests(Portal.at(deployment))
    contexts = Contexts(browser)
    tabs: dict[str, Screen] = {}
    with portal.served(deployment, portal.build()) as address:

        def opened(user: User) -> Screen:
            if user.name not in tabs:
                tabs[user.name] = Screen.opened(contexts.of(user), address)
                tabs[user.name].sign_in(user)
            return tabs[user.name]

        yield walk_table(Screen.opened(contexts.of(PROVIDER), address))
        yield screens_table(opened, ids)
    contexts.close()


def main() -> int:
    """Print the tables, or one line with what is missing."""
    program = chromium()
    if program is None:
        print(MISSING)
        return 1
    with (
        TemporaryDirectory() as folder,
        deployed(Path(folder)) as deployment,
        launched(program) as browser,
    ):
        for printed in measure(deployment, browser):
            print(printed, end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
