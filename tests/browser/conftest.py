"""Debian's Chromium, headless, against the deployed product."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from local.deployment import Deployment
from local.front_door import portal
from local.users import User
from tests.browser.screens import Screen
from tests.journeys.portal import deployed

WAIT_MS = 60_000
"""How long to wait for what a page will show, on a busy machine."""
ColorScheme = Literal["light", "dark"]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The browser's program, if there is one."""
    return os.environ.get("PRECERT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Playwright controls it and downloads no browser of its own."""
    program = chromium()
    if not program:
        missing = "no browser: `apt-get install chromium`, or name another in PRECERT_CHROMIUM"
        if os.environ.get("PRECERT_BROWSER_REQUIRED"):  # as .ci/run sets it
            pytest.fail(missing)
        pytest.skip(missing)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program)
        yield running
        running.close()


@pytest.fixture(scope="session")
def deployment(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Needs the browser first: without one nothing is deployed."""
    with deployed(tmp_path_factory.mktemp("browser")) as new:
        yield new


@pytest.fixture(scope="session")
def portal_url(deployment: Deployment) -> Iterator[str]:
    """The address of portal, API and document, as `make up` serves them."""
    with portal.served(deployment, portal.build()) as address:
        yield address


@pytest.fixture(scope="session")
def docs(portal_url: str) -> str:
    return f"{portal_url}/docs"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    new = browser.new_page(viewport={"width": 1280, "height": 1000})
    yield new
    new.close()


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> Iterator[Callable[[User], BrowserContext]]:
    """A context for each user: signing in again in another tab of it takes no password."""
    opened: dict[str, BrowserContext] = {}

    def of(user: User) -> BrowserContext:
        if user.name not in opened:
            opened[user.name] = browser.new_context(
                viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
            )
        return opened[user.name]

    yield of
    for context in opened.values():
        context.close()


@pytest.fixture
def screens(
    contexts: Callable[[User], BrowserContext], portal_url: str
) -> Iterator[Callable[..., Screen]]:
    """Opens tabs: each has a session storage and tokens of its own.

    A test ends with an assertion that no tab had an error on its console.
    """
    opened: list[Screen] = []

    def new(user: User, path: str = "/", color_scheme: ColorScheme = "light") -> Screen:
        screen = Screen.opened(contexts(user), portal_url)
        opened.append(screen)
        screen.page.emulate_media(color_scheme=color_scheme)
        screen.sign_in(user, path)
        return screen

    yield new
    problems = [problem for screen in opened for problem in screen.problems]
    for screen in opened:
        screen.page.context.set_offline(False)
        screen.page.close()
    assert problems == []
