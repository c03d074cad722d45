"""Debian's Chromium, headless, against the deployed product."""

import os
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from local.deployment import Deployment
from local.front_door import portal
from local.users import User
from tests.browser.screens import NOTICED, Screen
from tests.browser.tabs import MISSING, Contexts, chromium, launched
from tests.journeys.portal import deployed

ColorScheme = Literal["light", "dark"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = chromium()
    if not program:
        if os.environ.get("PRECERT_BROWSER_REQUIRED"):  # as .ci/run sets it
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with launched(program) as running:
        yield running


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
def problems() -> list[str]:
    """The errors on the console of `page`. A test that causes some on purpose takes them out."""
    return []


@pytest.fixture
def page(browser: Browser, problems: list[str]) -> Iterator[Page]:
    """A page that is not signed in. A test fails if it had an error on its console."""
    new = browser.new_page(viewport={"width": 1280, "height": 1000})
    new.add_init_script(NOTICED)
    new.on("console", lambda one: problems.append(one.text) if one.type == "error" else None)
    new.on("pageerror", lambda error: problems.append(str(error)))
    yield new
    new.close()
    assert problems == []


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> Iterator[Contexts]:
    opened = Contexts(browser)
    yield opened
    opened.close()


@pytest.fixture
def screens(contexts: Contexts, portal_url: str) -> Iterator[Callable[..., Screen]]:
    """Opens tabs: each has a session storage and tokens of its own.

    A test ends with an assertion that no tab had an error on its console.
    """
    opened: list[Screen] = []

    def new(user: User, path: str = "/", color_scheme: ColorScheme = "light") -> Screen:
        screen = Screen.opened(contexts.of(user), portal_url)
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
