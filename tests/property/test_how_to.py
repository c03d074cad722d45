"""The page on event types lists all files of the change: a planted type passes with them, and with
none left out.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.architecture.source import ROOT, project_files
from tests.architecture.test_how_to import FOLDER, listed_files
from tests.depth import DEEP

PAGE: Final = FOLDER / "add-an-event-type.md"
SKIPPED: Final = ("bench", "docs/adr", "docs/samples", "tests/adapters/corpus")
"""Folders that no check of an event type reads."""


SHARE: Final = 2
"""Files that `make test` leaves out, one at a time; `make deep` leaves out each."""


class Edit(NamedTuple):
    """A planted change of one file: each text is inserted after the first match of its pattern."""

    inserted: tuple[tuple[str, str], ...]
    check: str
    """The test that fails without it, or the generator."""


ESCALATE: Final = """\
def escalate(request: Request, by: str, now: datetime) -> Change:
    return _within(request, EventType.CASE_ESCALATED, by, now)


"""
SCHEMAS: Final = "tests/architecture/test_event_schemas.py"
EDITS: Final = {
    "precert/domain/event_types.py": Edit(
        (
            (r"class EventType\(StrEnum\):\n.*\n\n", '    CASE_ESCALATED = "CaseEscalated"\n'),
            (
                r"EVENTS: .*\n    \{\n",
                '        EventType.CASE_ESCALATED: EventRule("Escalated", "…", message=True),\n',
            ),
        ),
        check="tests/unit/test_messages_per_status.py",
    ),
    "precert/domain/reviewing.py": Edit(
        (
            (
                r"(?=def release\()",
                ESCALATE,
            ),
        ),
        check=SCHEMAS,
    ),
    "data/payer/payer.json": Edit(
        (
            (
                r'"messages": \{\n',
                '    "CaseEscalated": "Request {number} was escalated: {status}.",\n',
            ),
        ),
        check="tests/unit/test_sample_data.py",
    ),
    "tools/story_moves.py": Edit(
        ((r"        proposed,\n", "        reviewing.escalate(pended, reviewer, at),\n"),),
        check=SCHEMAS,
    ),
    "tests/architecture/test_exhaustive.py": Edit(
        ((r'"EventType": \(\n        "', "CASE_ESCALATED "),),
        check="tests/architecture/test_exhaustive.py",
    ),
    "tests/unit/test_messages_per_status.py": Edit(
        ((r"QUIET: .*\n    \{\n", "        EventType.CASE_ESCALATED,\n"),),
        check="tests/unit/test_messages_per_status.py",
    ),
}


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)


def run_tests(copy: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    options = ("-q", "-x", "-p", "no:cacheprovider", "-k", "CaseEscalated or not [")
    return run(copy, "pytest", *options, *tests)


def plant(copy: Path, left_out: str | None = None) -> None:
    for path, edit in EDITS.items():
        text = (ROOT / path).read_text("utf-8")
        for pattern, inserted in edit.inserted if path != left_out else ():
            found = re.search(pattern, text)
            assert found, f"{path} has no {pattern}"
            text = text[: found.end()] + inserted + text[found.end() :]
        (copy / path).write_text(text, encoding="utf-8")
    run(copy, "tools.event_schemas")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("planted")
    for file in project_files():
        path = file.relative_to(ROOT)
        if not path.as_posix().startswith(SKIPPED):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, folder / path)
    yield folder
    shutil.rmtree(folder)


def test_page_lists_the_same_files_when_an_event_type_is_planted() -> None:
    assert listed_files(PAGE) == list(EDITS)


def test_checks_pass_when_every_listed_file_is_changed(copy: Path) -> None:
    plant(copy)
    ran = run_tests(copy, *dict.fromkeys(edit.check for edit in EDITS.values()))
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]


@pytest.mark.parametrize("path", list(EDITS) if DEEP else list(EDITS)[:SHARE])
def test_check_fails_when_a_listed_file_is_left_out(copy: Path, path: str) -> None:
    plant(copy, left_out=path)
    ran = run_tests(copy, EDITS[path].check)
    assert ran.returncode != 0
    assert re.search("CASE_ESCALATED|CaseEscalated|escalate", ran.stdout + ran.stderr)
