"""Keyboard alone: the focus goes by Tab from one element to the next.

Each place where it stops is visible, and no header or bar covers it (WCAG 2.4.7, 2.4.11).
"""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Locator, Page, expect

MAX_TABS = 90

STOP = """async (target) => {
  const focused = document.activeElement;
  const covering = () => {
    const box = focused.getBoundingClientRect();
    const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const bar = over?.closest(".header, .sticky-actions");
    return bar && !bar.contains(focused) ? bar : null;
  };
  // The page is scrolled to the focus in one of the next frames.
  for (let frame = 0; frame < 30 && covering(); frame += 1) {
    await new Promise(requestAnimationFrame);
  }
  const name = `${focused.tagName} ${focused.id} ${focused.textContent.trim().slice(0, 40)}`;
  const style = getComputedStyle(focused);
  const problems = [];
  if (covering()) problems.push(`covered by ${covering().className}: ${name}`);
  // Behind the last element the focus is on the document, and then on the first element.
  const marked = style.outlineStyle !== "none" || style.boxShadow !== "none";
  if (!marked && focused !== document.body) {
    problems.push(`focus not visible: ${name}`);
  }
  return [focused === target, focused.name !== "" && focused.name === target.name, problems];
}"""
"""Whether the focus is on the target or in its group of radio buttons, and what is wrong there."""


class Keyboard:
    """A person without a mouse, on one page. What is wrong where the focus stops is in ``problems``."""

    def __init__(self, page: Page, problems: list[str]) -> None:
        self.page = page
        self.problems = problems

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def to(self, target: Locator) -> None:
        """Press Tab until the target has the focus; in a group of radio buttons one of them has it."""
        expect(target).to_be_visible()
        handle = target.element_handle()
        for _ in range(MAX_TABS):
            self.press("Tab")
            there, near, problems = self.page.evaluate(STOP, handle)
            self.problems += [one for one in problems if one not in self.problems]
            if there or near:
                return
        raise AssertionError(f"not reached by Tab: {target}")

    def push(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        """Press Enter on a button, or on one in a dialog."""
        self.enter((within or self.page).get_by_role("button", name=name).first)

    def enter(self, target: Locator) -> None:
        """Press Enter on a link or a button."""
        self.to(target)
        self.press("Enter")

    def type(self, label: str, text: str, within: Locator | None = None) -> Locator:
        field = (within or self.page).get_by_label(label, exact=True).first
        self.to(field)
        self.page.keyboard.type(text, delay=5)
        return field

    def choose(self, label: str, option: str) -> None:
        """Type the option of a list, whose options can arrive later than the list."""
        field = self.page.get_by_label(label).first
        expect(field.locator("option", has_text=option).first).to_be_attached()
        self.to(field)
        self.page.keyboard.type(option)
        expect(field.locator("option:checked")).to_have_text(option)

    def day(self, label: str, days_ahead: int) -> None:
        self.type(label, (datetime.now(UTC) + timedelta(days=days_ahead)).strftime("%m%d%Y"))

    def moment(self, label: str, at: datetime) -> None:
        """Date and time; a year can have six digits, so the field does not leave it by itself."""
        self.type(label, at.strftime("%m%d%Y"))
        self.press("ArrowRight")
        self.page.keyboard.type(at.strftime("%I%M%p"), delay=5)

    def has_focus(self) -> None:
        """The focus is not lost: it is on an element of the page, and not on the document."""
        lost = "() => document.activeElement === null || document.activeElement === document.body"
        if self.page.evaluate(lost):
            heading = self.page.get_by_role("heading", level=1).first.inner_text()
            self.problems.append(f"focus lost: {heading}")

    def radio(self, name: str, group: str | None = None) -> None:
        scope = self.page.get_by_role("group", name=group) if group else self.page
        choice = scope.get_by_role("radio", name=name, exact=True).first
        self.to(choice)
        self.press("Space")
        for _ in range(10):
            if choice.is_checked():
                return
            self.press("ArrowDown")
        raise AssertionError(f"not reached by arrow keys: {name}")

    def suggest(
        self,
        label: str,
        typed: str,
        option: str | re.Pattern[str],
        within: Locator | None = None,
    ) -> None:
        field = (within or self.page).get_by_role("combobox", name=label).first
        self.to(field)
        self.page.keyboard.type(typed, delay=5)
        suggested = self.page.get_by_role("option", name=option).first
        expect(suggested).to_be_visible()
        for _ in range(10):
            if suggested.get_attribute("data-focused"):
                break
            self.press("ArrowDown")
        self.press("Enter")
        expect(suggested).to_have_count(0)
