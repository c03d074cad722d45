"""The how-to pages name files and code that exist, and the index lists every page."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import ROOT

FOLDER: Final = ROOT / "docs" / "how-to"
PAGES: Final = sorted(page for page in FOLDER.glob("*.md") if page.name != "README.md")


def listed_files(page: Path) -> list[str]:
    """The paths in the first column of the page's tables, without those with a placeholder."""
    rows = re.findall(r"^\| ([^|]+) \|", page.read_text("utf-8"), re.MULTILINE)
    paths = [path for row in rows for path in re.findall(r"`([^`]+)`", row)]
    return [path for path in paths if not re.search(r"[<…]", path)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_listed_files_exist_when_a_page_names_them(page: Path) -> None:
    paths = listed_files(page)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_named_code_exists_when_a_page_describes_a_change(page: Path) -> None:
    text = page.read_text("utf-8")
    paths = [path for path in re.findall(r"`([\w./-]+/[\w.-]+\.\w+)`", text) if "<" not in path]
    assert [path for path in paths if not (ROOT / path).exists()] == []
    missing = []
    for files, change in re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE):
        named = [ROOT / path for path in re.findall(r"`([^`]+)`", files)]
        code = "".join(file.read_text("utf-8") for file in named if file.is_file())
        names = re.findall(r"`([A-Za-z_]\w+)(?:\.\w+)*`", change) if code else []
        missing += [name for name in names if not re.search(rf"\b{name}\b", code)]
    assert missing == []


def test_index_lists_every_page_when_one_is_added() -> None:
    index = (FOLDER / "README.md").read_text("utf-8")
    assert sorted(re.findall(r"\]\(([^)]+)\)", index)) == [page.name for page in PAGES]
