"""The portal in Chromium on a local cloud: time, calls, bytes, accessibility of each screen; walks.

The figures are written to docs/portal-figures.md. Times depend on the machine and on what else it
does, and no test asserts them. The tests of the browser tier assert the counts.

``python -m bench.portal`` measures everything. Each finished part is stored below .local: with
``--resume`` an earlier run is continued, and with ``--seconds`` a run ends before the next part that
would begin later.
"""

import json
import platform
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from os import getloadavg
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import Browser, expect

from local.cloud.process import ROOT
from local.deployment import Deployment
from local.front_door import portal
from local.users import PROVIDER, REVIEWER, User
from tests.browser.guide import Person, enter_check
from tests.browser.places import SCREENS, Place, further_requests, shown_requests
from tests.browser.review_walks import approve_next, assign_next, deny, urgent_case
from tests.browser.screens import OPEN, Screen
from tests.browser.tabs import MISSING, Contexts, chromium, launched
from tests.browser.weights import javascript
from tests.journeys.portal import Portal, deployed

TIMES: Final = 20
FIRST: Final = tuple(
    next(place for place in SCREENS if place.user == user)
    for user in dict.fromkeys(place.user for place in SCREENS)
)
"""The first screen of each desk."""
PAGE: Final = ROOT / "docs" / "portal-figures.md"
STORED: Final = ROOT / ".local" / "portal-figures.json"

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


@dataclass
class Figures:
    """What was measured, by part; stored after each part."""

    begun: str
    machine: str
    walks: dict[str, dict[str, float]] = field(default_factory=dict)
    screens: dict[str, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def opened(cls, *, resume: bool) -> "Figures":
        if resume and STORED.exists():
            return cls(**json.loads(STORED.read_text(encoding="utf-8")))
        load = f"load average {getloadavg()[0]:.1f} at the beginning"
        return cls(f"{datetime.now(UTC):%Y-%m-%d}", f"{machine()}, {load}")

    def store(self) -> None:
        STORED.parent.mkdir(exist_ok=True)
        STORED.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @property
    def missing(self) -> list[str]:
        """The parts that are not measured yet."""
        return [
            *(name for name in WALKS if name not in self.walks),
            *(place.name for place in SCREENS if place.name not in self.screens),
        ]


def machine() -> str:
    """The processor and the programs."""
    model = platform.processor() or platform.machine()
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        lines = facts.read_text(encoding="utf-8").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = f"{len(models)} × {models[0]}" if models else model
    return f"{model}, {platform.system()}, Python {platform.python_version()}"


@dataclass
class Desk:
    """Signed-in tabs on a deployed local cloud, one for each user."""

    contexts: Contexts
    address: str
    deployment: Deployment
    tabs: dict[str, Screen] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)

    def tab(self, user: User) -> Screen:
        if user.name not in self.tabs:
            screen = Screen.opened(self.contexts.of(user), self.address)
            screen.sign_in(user)
            self.tabs[user.name] = screen
        return self.tabs[user.name]

    def path_of(self, place: Place) -> str:
        if not self.ids:
            api = Portal.at(self.deployment)
            self.ids = {**shown_requests(api), **further_requests(api)}
        return place.path.format(**self.ids)


def by_address(screen: Screen, path: str) -> tuple[float, float, int]:
    """When a signed-in tab loads an address: ms to the first content, ms until usable, calls."""
    page = screen.page
    # Events of the page that is open, such as repeated calls, are delivered by the next command only.
    page.evaluate("() => undefined")
    screen.calls.clear()
    start = time.time() * 1000
    page.goto(f"{screen.address}{path}")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    shown: float = page.evaluate(SHOWN)
    painted: float = page.evaluate(PAINTED)
    return painted, shown - start, len(screen.calls)


def by_link(screen: Screen, path: str) -> tuple[float, int]:
    """When it is opened inside the portal: ms until usable, calls."""
    page = screen.page
    page.evaluate(OPEN, "/nowhere")
    expect(page.locator("#main")).to_have_attribute("data-path", "/nowhere")
    screen.calls.clear()
    start = page.evaluate("() => Date.now()")
    page.evaluate(OPEN, path)
    expect(page.locator("#main")).to_have_attribute("data-path", path.partition("?")[0])
    shown: float = page.evaluate(SHOWN)
    return shown - start, len(screen.calls)


def screen_figures(desk: Desk, place: Place) -> dict[str, float]:
    """Medians of the times, the most calls, the bytes, and axe's findings in both themes."""
    screen, path = desk.tab(place.user), desk.path_of(place)
    if place.entered and "entered" not in desk.tabs:
        enter_check(screen)
        desk.tabs["entered"] = screen
    # Every screen of a desk has the same way to its first content: the page and the sign-in.
    loads = [by_address(screen, path) for _ in range(TIMES if place in FIRST else 1)]
    links = [by_link(screen, path) for _ in range(TIMES)]
    times = {
        "content": median(painted for painted, _, _ in loads),
        "address": median(shown for _, shown, _ in loads),
    }
    return {
        **(times if place in FIRST else {}),
        "link": median(shown for shown, _ in links),
        "calls by address": max(calls for _, _, calls in loads),
        "calls by link": max(calls for _, calls in links),
        "axe": len(screen.both_themes()),
    }


def guide_walk(desk: Desk) -> dict[str, float]:
    """The example of the reference guide at human speed, from the sign-in to the number.

    The user has submitted a request before, whose requesting provider is filled in.
    """
    urgent_case(Portal.at(desk.deployment))
    person = Person(Screen.opened(desk.contexts.of(PROVIDER), desk.address), human=True)
    return walked(person, lambda: person.sign_in(PROVIDER), person.walk)


def approval_walk(desk: Desk) -> dict[str, float]:
    """From the queue: the next case, its document, approval, and the next case."""
    person = reviewer_of(desk)
    return walked(person, lambda: approve_next(person))


def denial_walk(desk: Desk) -> dict[str, float]:
    """From the queue: the next case, its document, and a denial with reason, rationale, criterion."""
    person = reviewer_of(desk)
    return walked(person, lambda: assign_next(person), lambda: deny(person))


def reviewer_of(desk: Desk) -> Person:
    """A reviewer with cases in the queue that have a document."""
    api = Portal.at(desk.deployment)
    for _ in range(2):
        urgent_case(api)
    screen = desk.tab(REVIEWER)
    screen.go("/review")
    screen.settled()
    return Person(screen, human=True)


def walked(person: Person, *parts: Callable[[], object]) -> dict[str, float]:
    """Actions, calls and seconds of the parts of a walk."""
    person.screen.calls.clear()
    start = time.monotonic()
    for part in parts:
        part()
    return {
        "actions": person.actions,
        "calls": len(person.screen.calls),
        "seconds": time.monotonic() - start,
    }


WALKS: Final[Mapping[str, Callable[[Desk], dict[str, float]]]] = {
    "guide's example, from sign-in to number": guide_walk,
    "reviewer: assign, read, approve, next case": approval_walk,
    "reviewer: assign, read, deny": denial_walk,
}


def measure(desk: Desk, figures: Figures, until: float) -> Iterator[str]:
    """Measure what is missing; yields the name of each part, after it is stored."""
    for name, walk in WALKS.items():
        if name not in figures.walks and time.monotonic() < until:
            figures.walks[name] = walk(desk)
            figures.store()
            yield name
    for place in SCREENS:
        if place.name not in figures.screens and time.monotonic() < until:
            figures.screens[place.name] = screen_figures(desk, place)
            figures.store()
            yield place.name


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown whose first column is text."""
    names = list(headings)
    lines = [names, ["---", *["---:"] * (len(names) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def kilobytes(sizes: Mapping[str, int]) -> str:
    return f"{sum(sizes.values()) / 1024:.0f}"


def desks() -> Iterator[tuple[str, str]]:
    """The JavaScript of each user's screens together."""
    users: dict[str, list[str]] = {}
    for place in SCREENS:
        if place.entry:
            users.setdefault(place.user.name, []).append(place.entry)
    for name, entries in users.items():
        yield name, kilobytes(javascript("index.html", *entries))


def page(figures: Figures) -> str:
    """The page for people."""
    walks = table(
        ("walk", "clicks and fields", "calls", "seconds"),
        (
            (name, *(f"{one[key]:.0f}" for key in ("actions", "calls", "seconds")))
            for name, one in figures.walks.items()
        ),
    )
    columns = ("content", "address", "link", "calls by address", "calls by link")
    screens = table(
        (
            *("screen", "first content", "usable by address", "usable by link"),
            *("calls by address", "calls by link", "KB", "axe"),
        ),
        (
            (
                place.name,
                *(
                    f"{figures.screens[place.name][key]:.0f}"
                    if key in figures.screens[place.name]
                    else ""
                    for key in columns
                ),
                kilobytes(javascript("index.html", place.entry)) if place.entry else "",
                f"{figures.screens[place.name]['axe']:.0f}",
            )
            for place in SCREENS
            if place.name in figures.screens
        ),
    )
    weights = table(("desk", "KB"), desks())
    return f"""# Figures of the portal

Written by `make figures` on {figures.begun}: {figures.machine}, Chromium without a window, everything
on one machine. Tests of the browser tier assert the counts; times depend on the machine and are not
asserted.

## Walks

At human speed, by the keystroke-level model: each action waits as long as a person needs to think, to
point and to type. At most 45 actions and 120 seconds for the guide's example, and 12 actions for a
decision of a reviewer.

{walks}

## Screens

Milliseconds, medians of {TIMES}. By address: a signed-in tab loads the first screen of a desk, with the
sign-in at the identity provider, because tokens are in memory; first content is that of the page after
it. By link: the screen is opened inside the portal. Calls of the API until the screen is usable, the
most that were counted, with those of the frame. KB: JavaScript of the screen with all that it needs,
gzipped (at most 170 for the first screen). axe: findings in the light and the dark theme.

{screens}

## JavaScript of each desk

All screens of the desk together, in KB, gzipped; they are loaded as they are opened.

{weights}
"""


def run(figures: Figures, browser: Browser, deployment: Deployment, until: float) -> None:
    contexts = Contexts(browser)
    with portal.served(deployment, portal.build()) as address:
        for part in measure(Desk(contexts, address, deployment), figures, until):
            print(part, flush=True)
    contexts.close()


def main(arguments: list[str]) -> int:
    """Measure, and write the page once everything is measured."""
    parser = ArgumentParser(prog="make figures", description=__doc__)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    options = parser.parse_args(arguments)
    program = chromium()
    if program is None:
        print(MISSING)
        return 1
    until = time.monotonic() + options.seconds
    figures = Figures.opened(resume=options.resume)
    if figures.missing:
        with (
            TemporaryDirectory() as folder,
            deployed(Path(folder)) as deployment,
            launched(program) as browser,
        ):
            run(figures, browser, deployment, until)
    if left := figures.missing:
        print(f"{len(left)} parts are not measured yet: make figures RESUME=1")
        return 1
    PAGE.write_text(page(figures), encoding="utf-8")
    print(f"Written to {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
