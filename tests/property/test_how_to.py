"""The pages on event types and request statuses list all files of the change.

Both changes are planted in a copy of the repository: the checks pass with them, and fail if one of the
listed files is left out.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from infra.code_sets import compiled
from tests.architecture.source import ROOT, project_files
from tests.architecture.test_how_to import FOLDER, listed_files
from tests.depth import DEEP
from tests.planting import copy_file

EVENT_PAGE: Final = FOLDER / "add-an-event-type.md"
STATUS_PAGE: Final = FOLDER / "add-a-request-status.md"
SKIPPED: Final = ("bench", "docs/adr", "docs/samples", "tests/adapters/corpus")
"""Folders that no check of these changes reads."""

SHARE: Final = 2
"""Files that `make test` leaves out, one at a time; `make deep` leaves out each."""


class Edit(NamedTuple):
    """A planted change of one file: each text is inserted after the first match of its pattern."""

    page: Path
    """The page that lists the file."""
    path: str
    inserted: tuple[tuple[str, str], ...]
    check: str
    """The test that fails without it."""


ESCALATE: Final = """\
def escalate(request: Request, by: str, now: datetime) -> Change:
    return review_changed(request, EventType.CASE_ESCALATED, by, now)


"""
CLOSE: Final = """\
    def close(self, by: str, now: datetime) -> "Change":
        review = closed_cycle(self.require(Transition.CLOSE), now)
        return self.changed(
            EventType.REQUEST_CLOSED, now, actor=by, status=Status.CLOSED, review=review
        )

"""
ROW: Final = """\
        Status.CLOSED: StatusRule(
            "Closed",
            "Closed without a determination.",
            review_action="C",
            index_letter="C",
            provider_actions=(Action.DETAILS,),
            transitions={},
        ),
"""
CLOSED_EVENT: Final = """\
        EventType.REQUEST_CLOSED: EventRule(
            "Closed", "…", message=True, waiting_on=WaitingOn.NONE, workflow=WorkflowEffect.END
        ),
"""
SCHEMAS: Final = "tests/architecture/test_event_schemas.py"
SAMPLE_DATA: Final = "tests/unit/test_sample_data.py"
STATUSES: Final = "tests/unit/test_statuses.py"
MESSAGES: Final = "tests/unit/test_messages_per_status.py"
ENUM_BODY: Final = r"\(StrEnum\):\n.*\n\n"
EDITS: Final = (
    Edit(
        EVENT_PAGE,
        "precert/domain/event_types.py",
        (
            (f"class EventType{ENUM_BODY}", '    CASE_ESCALATED = "CaseEscalated"\n'),
            (
                r"EVENTS: .*\n    \{\n",
                '        EventType.CASE_ESCALATED: EventRule("Escalated", "…", message=True),\n',
            ),
        ),
        check=SAMPLE_DATA,
    ),
    Edit(
        EVENT_PAGE,
        "precert/domain/reviewing.py",
        ((r"(?=def review_changed\()", ESCALATE),),
        check=SCHEMAS,
    ),
    Edit(
        EVENT_PAGE,
        "data/payer/payer.json",
        (
            (
                r'"messages": \{\n',
                '    "CaseEscalated": "Request {number} was escalated: {status}.",\n',
            ),
        ),
        check=SAMPLE_DATA,
    ),
    Edit(
        STATUS_PAGE,
        "precert/domain/statuses.py",
        (
            (f"class Transition{ENUM_BODY}", '    CLOSE = "CLOSE"\n'),
            (f"class Status{ENUM_BODY}", '    CLOSED = "CLOSED"\n'),
            (r"STATUSES: .*\n    \{\n", ROW),
            (
                r"Transition.REQUEST_INFORMATION: frozenset\(\{Status.PENDING\}\),\n",
                "                Transition.CLOSE: frozenset({Status.CLOSED}),\n",
            ),
        ),
        check=STATUSES,
    ),
    Edit(
        STATUS_PAGE,
        "precert/domain/event_types.py",
        (
            (f"class EventType{ENUM_BODY}", '    REQUEST_CLOSED = "RequestClosed"\n'),
            (r"EVENTS: .*\n    \{\n", CLOSED_EVENT),
        ),
        check=SAMPLE_DATA,
    ),
    Edit(
        STATUS_PAGE,
        "precert/domain/request.py",
        ((r"(?=    def void\()", CLOSE),),
        check=MESSAGES,
    ),
    Edit(
        STATUS_PAGE,
        "data/payer/payer.json",
        (
            (
                r'"messages": \{\n',
                '    "RequestClosed": "Request {number} was closed: {status}.",\n',
            ),
        ),
        check=SAMPLE_DATA,
    ),
    Edit(
        STATUS_PAGE,
        STATUSES,
        ((r"POSSIBLE = \{\n", "    (Status.PENDING, Transition.CLOSE),\n"),),
        check=STATUSES,
    ),
    Edit(
        STATUS_PAGE,
        MESSAGES,
        (
            (
                r"(?=    for request in \(entered, pending\):\n)",
                '    yield Status.PENDING, Transition.CLOSE, pending.close("reviewer-1", START)\n',
            ),
        ),
        check=MESSAGES,
    ),
    Edit(
        STATUS_PAGE,
        "portal/src/ui/statuses.ts",
        ((r"(?=  VOID: )", '  CLOSED: { tone: "off", order: 7 },\n'),),
        check=STATUSES,
    ),
)


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)


def run_tests(copy: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    planted = "CaseEscalated or RequestClosed or CLOSE or not ["
    return run(copy, "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", planted, *tests)


def plant(copy: Path, left_out: Edit | None = None) -> None:
    """Plant the changes of both pages: without the left-out one, the copy has an unfinished one."""
    for path in dict.fromkeys(edit.path for edit in EDITS):
        text = (ROOT / path).read_text("utf-8")
        for edit in EDITS:
            for pattern, inserted in edit.inserted if edit.path == path else ():
                found = re.search(pattern, text)
                assert found, f"{path} has no {pattern}"
                if edit is not left_out:
                    text = text[: found.end()] + inserted + text[found.end() :]
        (copy / path).write_text(text, encoding="utf-8")
    run(copy, "tools.event_schemas")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("planted")
    for file in project_files():
        path = file.relative_to(ROOT)
        if not path.as_posix().startswith(SKIPPED):
            copy_file(file, folder / path)
    # The changes concern no code set, and compiling them takes longer than all checks.
    shutil.copytree(compiled().parent, folder / compiled().parent.relative_to(ROOT))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("page", [EVENT_PAGE, STATUS_PAGE], ids=lambda page: page.stem)
def test_page_lists_the_same_files_when_the_change_is_planted(page: Path) -> None:
    assert listed_files(page) == [edit.path for edit in EDITS if edit.page == page]


def test_checks_pass_when_every_listed_file_is_changed(copy: Path) -> None:
    plant(copy)
    ran = run_tests(copy, *dict.fromkeys(edit.check for edit in EDITS))
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]


@pytest.mark.parametrize(
    "edit", EDITS if DEEP else EDITS[:SHARE], ids=lambda edit: f"{edit.page.stem}-{edit.path}"
)
def test_check_fails_when_a_listed_file_is_left_out(copy: Path, edit: Edit) -> None:
    plant(copy, left_out=edit)
    ran = run_tests(copy, edit.check)
    assert ran.returncode != 0
    assert re.search("(?i)escalate|close", ran.stdout + ran.stderr)
