"""Chromium, and a signed-in tab for each user: for the tests and for `make figures`."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from local.users import User
from tests.browser.screens import VIEWPORT

WAIT_MS: Final = 60_000
"""How long to wait for what a page will show, on a busy machine."""

MISSING: Final = (
    "no browser: `apt-get install chromium-headless-shell`, or name another in PRECERT_CHROMIUM"
)
NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first one that is installed is used: without windows of its own the headless shell needs half of
the processor time of the others."""


def chromium() -> str | None:
    """The browser's program, if there is one."""
    return os.environ.get("PRECERT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(program: str) -> Iterator[Browser]:
    """Playwright controls it and downloads no browser of its own."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        # libfaketime keeps Chromium's processes busy, so `make anyday` sets the clock of pages instead.
        environment: dict[str, str | float | bool] = {**os.environ}
        environment.pop("LD_PRELOAD", None)
        running = playwright.chromium.launch(executable_path=program, env=environment)
        yield running
        running.close()


class Contexts:
    """A context for each user: signing in again in another tab of it takes no password."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._opened: dict[str, BrowserContext] = {}

    def of(self, user: User) -> BrowserContext:
        """The user's context; opened at its first use."""
        if user.name not in self._opened:
            self._opened[user.name] = self._browser.new_context(
                viewport=VIEWPORT, reduced_motion="reduce"
            )
        return self._opened[user.name]

    def close(self) -> None:
        """Close all."""
        for context in self._opened.values():
            context.close()
