"""The compiled code sets: identical bytes for identical sources, and compiled only when a source
changes.
"""

import shutil
from pathlib import Path

import pytest

from infra import code_sets


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the code sets only."""
    shutil.copytree(code_sets.ROOT / "data" / "code_sets", tmp_path / "data" / "code_sets")
    return tmp_path


def test_bytes_are_identical_when_the_sources_are_identical(project: Path) -> None:
    assert code_sets.compiled(project).read_bytes() == code_sets.compiled().read_bytes()


def test_nothing_is_compiled_when_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = code_sets.compiled()
    monkeypatch.setattr(code_sets, "write", lambda *_: pytest.fail("compiled again"))
    assert code_sets.compiled() == first


def test_digest_of_the_sources_changes_when_a_list_changes(project: Path) -> None:
    before = code_sets.inputs(project)
    assert code_sets.inputs(project) == before
    with (project / "data" / "code_sets" / "ms_drg.csv").open("a", encoding="utf-8") as file:
        file.write("998,SOMETHING ELSE\n")
    assert code_sets.inputs(project) != before


def test_change_is_rejected_when_it_describes_no_code(project: Path) -> None:
    with (project / "data" / "code_sets" / "icd10cm_changes.csv").open("a") as file:
        file.write("K559999,,2025-09-30,\n")
    with pytest.raises(ValueError, match="K559999"):
        code_sets.compiled(project)
