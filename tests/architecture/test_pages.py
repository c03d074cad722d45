"""What the pages mention is there: files, make targets and modules."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import ROOT
from tools.operations import ROUTES

PAGES: Final = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
TARGETS: Final = set(
    re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
)


def anchors(page: Path) -> set[str]:
    """The headings of a page, as a link names them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere_when_a_page_has_them(page: Path) -> None:
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        if path.startswith(("http:", "https:")):
            continue
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_are_there_when_a_page_names_them(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    assert targets - TARGETS == set()
    modules = set(re.findall(r"python -m ([a-z_][a-z_.]*[a-z])", text))
    assert {name for name in modules if find_spec(name) is None} == set()


def written_out(told: str, before: str) -> list[str]:
    """The paths that one beginning with an ellipsis can stand for, after the path before it."""
    if not told.startswith("…"):
        return [told]
    parts = before.split("/")
    return ["/".join(parts[:kept]) + told[1:] for kept in range(len(parts), 1, -1)]


def test_readme_names_every_operation_when_routes_change() -> None:
    table = (ROOT / "README.md").read_text("utf-8").split("\n| check |")[1].split("\n\n")[0]
    keys = {route.key for route in ROUTES}
    named, methods, before, done = set[str](), list[str](), "", True
    for span in re.findall(r"`([^`]+)`", table):
        words = span.split(" ")
        given = [word for word in words if word.isupper()]
        methods = [*([] if done and given else methods), *given]
        done = words[-1] not in given
        if done:
            paths = written_out(words[-1], before)
            before = next((p for p in paths if f"{methods[-1]} {p}" in keys), words[-1])
            named |= {f"{method} {before}" for method in methods}
    assert named == keys
