"""Debian's Chromium, headless, against the deployed product."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from local.deployment import Deployment
from local.front_door import portal
from local.users import User
from tests.browser.places import further_requests, shown_requests
from tests.browser.screens import NOTICED, Screen, set_clock
from tests.browser.shared_cloud import shared
from tests.browser.tabs import MISSING, Contexts, chromium, launched
from tests.journeys.portal import Portal, deployed


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
def dist(browser: Browser) -> Iterator[Future[Path]]:
    """The files of the portal; they are built while the cloud starts."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(portal.build)


@pytest.fixture(scope="session")
def deployment(
    browser: Browser, dist: Future[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Needs the browser first: without one nothing is deployed."""
    if existing := shared():
        yield existing
        return
    with deployed(tmp_path_factory.mktemp("browser")) as new:
        yield new


@pytest.fixture(scope="session")
def portal_url(deployment: Deployment, dist: Future[Path]) -> Iterator[str]:
    """The address of portal, API and document, as `make up` serves them."""
    with portal.served(deployment, dist.result()) as address:
        yield address


@pytest.fixture(scope="session")
def shown(deployment: Deployment) -> dict[str, str]:
    """Ids of requests to look at; a test that changes a request creates its own."""
    api = Portal.at(deployment)
    return {**shown_requests(api), **further_requests(api)}


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
    set_clock(new)
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


@pytest.fixture(scope="session")
def idle() -> dict[str, list[Screen]]:
    """Signed-in tabs of earlier tests, by user: without entries, on no screen."""
    return defaultdict(list)


@pytest.fixture
def screens(
    contexts: Contexts, portal_url: str, idle: dict[str, list[Screen]]
) -> Iterator[Callable[..., Screen]]:
    """Signed-in tabs on the user's first screen: each has a session storage and tokens of its own.

    A tab of an earlier test is used again, unless the test needs a ``new`` one. A test ends with an
    assertion that no tab had an error on its console.
    """
    used: list[tuple[User, Screen]] = []

    def opened(user: User, *, new: bool = False) -> Screen:
        if idle[user.name] and not new:
            screen = idle[user.name].pop()
            used.append((user, screen))
            screen.start()
            return screen
        screen = Screen.opened(contexts.of(user), portal_url)
        used.append((user, screen))
        screen.sign_in(user)
        return screen

    yield opened
    problems = []
    for user, screen in used:
        screen.page.context.set_offline(offline=False)
        again = screen.reset()
        problems += screen.problems
        if again and not screen.problems:
            idle[user.name].append(screen)
        else:
            screen.page.close()
    assert problems == []
