"""Every command of the user documentation works, in the order of the page.

The commands of a page run in one shell, against a cloud as `make up` starts it. `make` itself runs
with a dry run: what its targets do is tested by the tiers, the demo's and the commands' tests.
Commands of the local cloud, operators' commands on a stack, and a partner's calls, run in copies of one
interpreter; operators' commands on a file start their own.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from local.cloud.process import ROOT
from local.deployment import Deployment, store_addresses
from tests.journeys import forked

PAGES: Final = [
    ROOT / "README.md",
    *(
        ROOT / "docs" / f"{name}.md"
        for name in ("provider", "partner", "operations", "engineer", "go-live")
    ),
]
FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PRELUDE: Final = """
set -euo pipefail
make() { command make --dry-run "$@" >/dev/null; }
.venv/bin/python() {
  case "$1 $2 $*" in
    "-m precert "*" --stack "* | "-m tools.smart_client "* | "-m local "*)
      shift && command "$PYTHON" -ISEc "$CLIENT" "$SERVER" "$@" ;;
    *) command .venv/bin/python "$@" ;;
  esac
}
"""
ANSWERS: Final = {
    "provider": (r"^REQUIRED$", r"^(PROCESSING|PENDING)$", r"^(.*\"missing\"){4}"),
    "go-live": (r"^REQUIRED$", r"^APPROVED$", r'^"notice_id"$', r"^relay: 0$"),
    "partner": (
        r'"RequestDetermined"',
        r'"resourceType":"Bundle"',
        r'"outcome":"complete"',
        r"^item 1: CT \(contact payer\)$",
        r"^item 1: A1 \(certified in total\)\nitem 2: A3 \(not certified\), reason 0F$",
        r"^item 1: A6 \(modified\), reason 0F$",
        r"^error AA at Claim.related",
        r'^\{"resourceType": ?"OperationOutcome".*\} 422$',
        r'^\{"resourceType": ?"OperationOutcome".*\} 401$',
    ),
}
"""The output that the page states."""


def commands(page: Path) -> list[str]:
    return [text for kind, text in FENCE.findall(page.read_text("utf-8")) if kind == "sh"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with forked.serving() as address:
        yield address


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_work_when_they_are_run_in_the_order_of_the_page(
    deployment: Deployment, server: str, page: Path, tmp_path: Path
) -> None:
    store_addresses(deployment, tmp_path / "running.json")
    ran = subprocess.run(
        ["bash", "-c", PRELUDE + "\n".join(commands(page))],
        cwd=ROOT,
        env={
            **os.environ,
            "PRECERT_LOCAL_DIR": str(tmp_path),
            "PYTHON": sys.executable,
            "CLIENT": forked.CLIENT,
            "SERVER": server,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    response = ANSWERS.get(page.stem, ())
    assert [line for line in response if not re.search(line, ran.stdout, re.MULTILINE)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_block_names_its_language_when_it_is_not_a_command(page: Path) -> None:
    """A code block without a language would be a command that no test runs.

    Blocks in ``bash`` are commands of AWS's own command line, which needs an account.
    """
    blocks = FENCE.findall(page.read_text("utf-8"))
    assert {kind for kind, _ in blocks} <= {"sh", "bash", "json", "mermaid"}
    of_aws = (text for kind, text in blocks if kind == "bash")
    commands = (line for text in of_aws for line in text.splitlines() if not line.startswith("  "))
    assert [line for line in commands if not line.startswith("aws ")] == []
