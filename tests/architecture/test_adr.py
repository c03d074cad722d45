"""Decision records: each has its sections, is in the index once, and names the record that
supersedes it.
"""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import ROOT

FOLDER: Final = ROOT / "docs" / "adr"
RECORDS: Final = sorted(FOLDER.glob("[0-9]*.md"))
SECTIONS: Final = ["Context", "Decision", "Consequences", "Alternatives considered"]
HEADER: Final = re.compile(
    r"# (?P<number>\d{4})\. (?P<title>.+)\n\n"
    r"- Date: \d{4}-\d{2}-\d{2}\n"
    r"- Status: (?:Accepted|Superseded by \[(?P<successor>\d{4})\]\((?P<target>[^)]+)\))\n"
    r"(?:- Supersedes: (?P<supersedes>.+)\n)?"
    r"- Door: (?:One|Two)-way(?: .+)?\n"
)


def header(record: Path) -> re.Match[str]:
    found = HEADER.match(record.read_text("utf-8"))
    assert found, f"{record.name} has no valid header"
    return found


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem[:4])
def test_record_has_its_sections_when_it_is_read(record: Path) -> None:
    assert header(record)["number"] == record.name[:4]
    text = record.read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS


def test_records_are_numbered_without_gaps_when_listed() -> None:
    numbers = [int(record.name[:4]) for record in RECORDS]
    assert numbers == list(range(1, len(RECORDS) + 1))


def test_index_lists_each_record_once_when_records_change() -> None:
    index = (FOLDER / "README.md").read_text("utf-8")
    lines = re.findall(
        r"^- \[(.+?)\]\((.+?)\)(?: \(superseded by (\d{4})\))?$", index, re.MULTILINE
    )
    expected = [
        (f"{found['number']} {found['title']}", record.name, found["successor"] or "")
        for record in RECORDS
        for found in [header(record)]
    ]
    assert sorted(lines) == expected


def test_supersession_is_named_in_both_records_when_a_record_is_superseded() -> None:
    forward = {(record.name, header(record)["target"]) for record in RECORDS}
    backward = {
        (superseded, record.name)
        for record in RECORDS
        for superseded in re.findall(r"\]\(([^)]+)\)", header(record)["supersedes"] or "")
    }
    assert {pair for pair in forward if pair[1]} == backward
