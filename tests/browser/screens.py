"""A signed-in tab of the portal, and what every test of it asserts: no error on the console."""

import os
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, ViewportSize, expect

from local.cloud.process import ROOT
from local.users import PASSWORD, User
from tests.browser.keyboard import Keyboard

AXE: Final = ROOT / "portal" / "node_modules" / "axe-core" / "axe.min.js"
WCAG: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLORS: Final = ["cat.color"]
"""The rules whose findings depend on the theme."""

RUN_AXE: Final = """tags => axe.run(document, {
  runOnly: {type: "tag", values: tags}, resultTypes: ["violations"], iframes: false,
}).then(({violations}) => ({violations}))"""
"""What passes is neither described nor sent, which takes most of the time of a run."""

CUT_OFF: Final = """() => {
  const page = document.documentElement;
  const hidden = (one) => {
    const box = one.getBoundingClientRect();
    return box.width <= 1 || box.height <= 1 || !one.checkVisibility() ||
      (one.parentElement !== document.body && hidden(one.parentElement));
  };
  const found = page.scrollWidth > page.clientWidth
    ? [`scrolls by ${page.scrollWidth - page.clientWidth}`] : [];
  for (const one of document.querySelectorAll("body *")) {
    const style = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    if (hidden(one)) continue; // Or read by screen readers only.
    const name = `${one.tagName} ${one.className}: ${one.textContent.trim().slice(0, 60)}`;
    if (!one.closest(".skip") && (box.right > page.clientWidth + 1 || box.left < -1)) {
      found.push(`outside: ${name}`);
    }
    const clips = ["hidden", "clip"].includes(style.overflowX);
    if (clips && one.scrollWidth > one.clientWidth + 1) found.push(`clipped: ${name}`);
  }
  return found;
}"""
"""What does not fit: the page scrolls sideways, or an element is outside of it or clipped."""

VIEWPORT: Final[ViewportSize] = {"width": 1280, "height": 900}

OPEN: Final = """(path) => {
  history.pushState({}, "", path);
  window.dispatchEvent(new PopStateEvent("popstate"));
}"""
"""Follows a link of the portal, as the router does it."""
FIRST_SCREEN: Final = re.compile("^/(?!nowhere).+")

LEAVE: Final = """async (now) => {
  const frame = () => new Promise(requestAnimationFrame);
  const signedOut = !document.querySelector("#main[data-path]");
  // A test can have changed the clock of the page.
  if (signedOut || Math.abs(Date.now() - now) > 60000) return false;
  history.pushState({}, "", "/nowhere");
  window.dispatchEvent(new PopStateEvent("popstate"));
  for (let count = 0; count < 120; count += 1) {
    await frame();
    if (document.querySelector("#main")?.dataset.path === "/nowhere") {
      sessionStorage.clear();
      return true;
    }
  }
  return false; // It requests a confirmation before it is left.
}"""
"""Leaves the screen as a link does, and deletes what is stored in the tab."""

CLOCK: Final = """(offset => {
  const Original = Date;
  const now = () => Original.now() + offset;
  window.Date = new Proxy(Original, {
    apply: () => new Original(now()).toString(),
    construct: (_, values) => new Original(...(values.length ? values : [now()])),
    get: (_, name) => (name === "now" ? now : Original[name]),
  });
})"""
"""Sets the clock of a page forward by milliseconds; its timers keep their durations."""

NOTICED: Final = """
window.addEventListener("precert-error", (event) => console.error("caught", event.detail.name));
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("policy", event.violatedDirective, event.blockedURI));
"""
"""What the page catches, and what its security policy blocks, is an error on the console."""

ANNOUNCED: Final = """
window.announced = [];
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  const said = document.querySelector(".visually-hidden[aria-live=polite]")?.textContent;
  if (said && said !== window.announced.at(-1)) window.announced.push(said);
}).observe(document.body, { childList: true, characterData: true, subtree: true }));
"""
"""The texts of the live region, which screen readers read aloud."""


def set_clock(page: Page) -> None:
    """Set the clock of a page as `make anyday` sets the clock of each process."""
    if offset := os.environ.get("FAKETIME"):
        page.add_init_script(f"{CLOCK}({1000 * int(offset)});")


@dataclass
class Screen:
    """One tab. Its problems are compared with nothing when the test ends."""

    page: Page
    address: str
    problems: list[str] = field(default_factory=list)
    refusals: set[int] = field(default_factory=set)
    """The statuses of refused calls that the test causes on purpose."""

    offline: bool = False
    """Whether the test cut the network: failed calls are then expected."""

    broken: bool = False
    """Whether the test breaks an answer: a part of the page then fails."""

    calls: list[str] = field(default_factory=list)
    """Method and path of every call of the API."""

    @classmethod
    def opened(cls, context: BrowserContext, address: str) -> "Screen":
        screen = cls(context.new_page(), address)
        screen.page.set_default_timeout(60_000)
        set_clock(screen.page)
        screen.page.add_init_script(NOTICED + ANNOUNCED)
        screen.page.on("console", screen._console)
        screen.page.on("pageerror", lambda error: screen.problems.append(str(error)))
        screen.page.on("request", lambda request: screen._called(request.method, request.url))
        return screen

    def _called(self, method: str, url: str) -> None:
        if url.startswith(f"{self.address}/v1/"):
            path = url.removeprefix(self.address).partition("?")[0]
            self.calls.append(f"{method} {path}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        where = str(message.location.get("url", ""))
        if message.text.startswith("You are trying to use a blocker on a POP navigation"):
            return  # `go` below causes it: the router did not make that entry of the history.
        if self.broken and ("caught" in message.text or "TypeError" in message.text):
            return
        if self.offline and "net::ERR_" in message.text:
            return
        if any(f"status of {status}" in message.text for status in self.refusals):
            return
        self.problems.append(f"{message.type}: {message.text} ({where})")

    @property
    def keyboard(self) -> Keyboard:
        """The keyboard of the tab: what is wrong with the focus is a problem of the tab."""
        return Keyboard(self.page, self.problems)

    def sign_in(self, user: User, path: str = "/") -> None:
        """Sign in by code and PKCE, by keyboard; the session of the identity provider can last."""
        page = self.page
        page.goto(f"{self.address}{path}")
        self.keyboard.push("Sign in")
        name = page.locator("input[name=username]")
        signed_in = page.get_by_role("button", name="Sign out")
        expect(name.or_(signed_in).first).to_be_visible()
        if name.is_visible():
            expect(name).to_be_focused()
            page.keyboard.type(user.name)
            page.keyboard.press("Tab")
            page.keyboard.type(PASSWORD)
            page.keyboard.press("Enter")
        expect(signed_in).to_be_visible()

    def reset(self) -> bool:
        """Leave the screen and delete its entries; false where the tab cannot be used again."""
        page = self.page
        page.unroute_all()
        page.set_viewport_size(VIEWPORT)
        self.calls.clear()
        # A late answer could be a refusal that only this test expects.
        disturbed = self.offline or self.broken or bool(self.refusals)
        return not disturbed and bool(page.evaluate(LEAVE, time.time() * 1000))

    def start(self) -> None:
        """Open the user's first screen, as after the sign-in."""
        self.page.evaluate(OPEN, "/")
        expect(self.page.locator("#main")).to_have_attribute("data-path", FIRST_SCREEN)
        expect(self.page.locator("h1").first).to_be_visible()

    def go(self, path: str) -> None:
        """Follow a link of the portal: without a reload, as the router does it."""
        self.page.evaluate(OPEN, path)
        shown = self.page.locator("#main")
        expect(shown).to_have_attribute("data-path", path.partition("?")[0])
        expect(self.page.locator("h1").first).to_be_visible()

    def settled(self) -> None:
        """Wait until the screen is there, and nothing shows that it is loading."""
        expect(self.page.locator("main h1").first).to_be_visible()
        expect(self.page.locator("main [aria-busy=true]")).to_have_count(0)

    def announced(self, words: str) -> None:
        """Wait until the live region has had these words since the page was loaded."""
        self.page.wait_for_function(
            "words => window.announced.some((one) => one.includes(words))", arg=words
        )

    def accessibility(self, tags: Collection[str] = WCAG) -> list[str]:
        """What axe finds on the page as it is: rule, and the first element."""
        self.settled()
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: Mapping[str, Any] = self.page.evaluate(RUN_AXE, list(tags))
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary'][:200]}"
            for one in found["violations"]
        ]

    def both_themes(self) -> list[str]:
        """What axe finds in the light theme, and with the colors of the dark one."""
        found = self.accessibility()
        self.page.emulate_media(color_scheme="dark")
        found += [f"dark: {one}" for one in self.accessibility(COLORS)]
        self.page.emulate_media(color_scheme="light")
        return found

    def cut_off(self, width: int, height: int) -> list[str]:
        """What does not fit into a window of this size: a scrolling page, or a part outside of it."""
        self.page.set_viewport_size({"width": width, "height": height})
        found: list[str] = self.page.evaluate(CUT_OFF)
        return [f"{width} pixels: {one}" for one in found]

    def picture(self, file: Path) -> None:
        self.settled()
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=file, animations="disabled")
