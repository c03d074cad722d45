"""The numbers of ``docs/operations-figures.md``, which tests compare with what they measure."""

import re
from typing import Final

from tests.architecture.source import ROOT
from tests.depth import DEEP

PAGE: Final = ROOT / "docs" / "operations-figures.md"
_SECTION: Final = re.compile(r"^## (.+)$", re.MULTILINE)


def rows(section: str) -> dict[str, list[str]]:
    """The cells of the tables of a section, by the first cell of their row."""
    parts = _SECTION.split(PAGE.read_text(encoding="utf-8"))
    text = parts[parts.index(section) + 1]
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line] for line in lines]
    return {first: rest for first, *rest in cells if first and not first.startswith("---")}


def measured(section: str) -> dict[str, str]:
    """What the page states for `make test`, in the first column, or for `make deep`."""
    return {name: cells[DEEP] for name, cells in rows(section).items()}


def number(value: float) -> str:
    return f"{value:,}"
