"""The portal in Chromium on a local cloud: milliseconds, calls and bytes of each screen, and a walk.

Times depend on the machine and what else it does: they are printed, and no test asserts them. The
tests of the browser tier assert the counts.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from playwright.sync_api import Browser, expect, sync_playwright

from bench.tables import table
from local.deployment import Deployment
from local.front_door import portal
from local.users import CLERK, OPERATOR, PROVIDER, REVIEWER, VENDOR, User
from tests.browser.conftest import WAIT_MS, chromium
from tests.browser.guide import Person
from tests.browser.screens import Screen
from tests.browser.weights import javascript
from tests.journeys.portal import DENIAL, Portal, deployed

TIMES: Final = 20

SCREENS: Final[tuple[tuple[str, User, str, str], ...]] = (
    ("home", PROVIDER, "/home", "src/office/home/Home.tsx"),
    ("patient search", PROVIDER, "/patients", "src/office/patients/PatientSearch.tsx"),
    ("dashboard", PROVIDER, "/requests", "src/office/requests/Requests.tsx"),
    ("messages", PROVIDER, "/messages", "src/office/messages/Messages.tsx"),
    ("request form", PROVIDER, "/drafts/{draft}", "src/office/request/DraftScreen.tsx"),
    ("details", PROVIDER, "/requests/{denied}", "src/office/requests/details/Details.tsx"),
    ("worklist", REVIEWER, "/review", "src/review/Worklist.tsx"),
    ("case", REVIEWER, "/review/{pending}", "src/review/Case.tsx"),
    ("operations", OPERATOR, "/operations", "src/operations/Queues.tsx"),
    ("intake", CLERK, "/intake", "src/intake/Register.tsx"),
    ("delegated vendor", VENDOR, "/vendor", "src/vendor/Delegations.tsx"),
)
"""Name, user, path and entry of the build."""

SHOWN: Final = """() => new Promise((resolve) => {
  const look = () => {
    const title = document.querySelector("main h1");
    if (title && !document.querySelector("main .loading")) resolve(Date.now());
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
    for name, user, template, entry in SCREENS:
        path = template.format(**ids)
        screen = opened(user)
        loads = [by_address(screen, path) for _ in range(TIMES)]
        links = [by_link(screen, path) for _ in range(TIMES)]
        rows.append(
            (
                name,
                f"{median(painted for painted, _, _ in loads):.0f}",
                f"{median(shown for _, shown, _ in loads):.0f}",
                f"{median(links):.0f}",
                str(max(calls for _, _, calls in loads)),
                f"{sum(javascript('index.html', entry).values()) / 1024:.0f}",
            )
        )
    return table(
        f"Screens: medians of {TIMES}, in ms; most calls; JavaScript in KB, gzipped",
        ("screen", "first content", "usable by address", "usable by link", "calls", "KB"),
        rows,
    )


def walk_table(screen: Screen) -> str:
    """The example of the reference guide, from the signed-in home page to the number."""
    person = Person(screen)
    start = time.monotonic()
    person.find_patient()
    person.confirm_patient()
    person.start_check()
    person.choose_facility()
    person.enter_service()
    person.check()
    person.start_request()
    person.complete()
    person.review()
    person.submit()
    seconds = time.monotonic() - start
    calls = len(screen.calls)
    return table(
        "Walk of the guide's example, from the home page to the number",
        ("clicks and fields", "calls", "seconds of the machine"),
        [(str(person.actions), str(calls), f"{seconds:.0f}")],
    )


@contextmanager
def tabs(browser: Browser, address: str) -> Iterator[Callable[[User], Screen]]:
    """A signed-in tab for each user."""
    found: dict[str, Screen] = {}

    def opened(user: User) -> Screen:
        if user.name not in found:
            found[user.name] = Screen.opened(browser.new_context(reduced_motion="reduce"), address)
            found[user.name].sign_in(user)
        return found[user.name]

    yield opened


def measure(deployment: Deployment) -> Iterator[str]:
    """Measure on a deployed local cloud; yields the tables."""
    api = Portal.at(deployment)
    ids = {"draft": api.draft(), "pending": api.pending(), "denied": api.decided(DENIAL)}
    expect.set_options(timeout=WAIT_MS)
    with (
        portal.served(deployment, portal.build()) as address,
        sync_playwright() as playwright,
    ):
        options: dict[str, Any] = {"executable_path": chromium()}
        browser = playwright.chromium.launch(**options)
        with tabs(browser, address) as opened:
            yield walk_table(opened(PROVIDER))
            yield screens_table(opened, ids)
        browser.close()


def main() -> int:
    """Print the tables, or one line with what is missing."""
    if chromium() is None:
        print("no browser: `apt-get install chromium`, or name another in PRECERT_CHROMIUM")
        return 1
    with TemporaryDirectory() as folder, deployed(Path(folder)) as deployment:
        for printed in measure(deployment):
            print(printed, end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
