"""Full files of ``precert … load``: what is removed because the file lacks it."""

from pathlib import Path
from typing import Final

import pytest

from local.sample import sample_text
from precert.cli import loading
from tests.adapters.test_loading import HEADER, OAP, PLANS, Operator, row
from tests.fakes.code_sets import code_sets
from tests.fakes.reference_table import error

LATER: Final = ("--as-of", "2026-06-02T00:00Z")
FIRST: Final = ("--as-of", "2026-06-01T00:00Z")


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    operator = Operator(tmp_path, monkeypatch)
    assert operator.load("plans", PLANS + OAP) == 0
    return operator


@pytest.fixture
def directory(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lines of a loaded file of thirty providers, with its header."""
    monkeypatch.setattr(loading, "code_sets_in", lambda _file: code_sets())
    header, first, *_ = sample_text("providers").splitlines()
    lines = [header, *(first.replace("P00001", f"P9{number:04}") for number in range(30))]
    assert operator.load("providers", "\n".join(lines), *FIRST) == 0
    return lines


def keys_of(operator: Operator, provider_id: str) -> list[tuple[str, str]]:
    return [key for key in operator.table.items if provider_id in "".join(key)]


def test_provider_is_removed_with_its_search_keys_when_a_full_file_lacks_it(
    operator: Operator, directory: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(keys_of(operator, "P90029")) > 10
    before = len(keys_of(operator, "P90000"))
    assert operator.load("providers", "\n".join(directory[:-1]), "--full", *LATER) == 0
    assert "1 provider removed that the file does not contain" in capsys.readouterr().out
    assert keys_of(operator, "P90029") == []
    assert len(keys_of(operator, "P90000")) == before
    # The same file again: nothing is left to remove.
    assert operator.load("providers", "\n".join(directory[:-1]), "--full", *LATER) == 0
    assert len(keys_of(operator, "P90000")) == before


def test_provider_stays_when_a_file_is_not_full_or_older_or_has_rejected_rows(
    operator: Operator, directory: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    shorter = directory[:-1]
    before = len(operator.table.items)
    assert operator.load("providers", "\n".join(shorter), *LATER) == 0
    assert keys_of(operator, "P90029")
    earlier = ("--as-of", "2026-05-01T00:00Z")
    assert operator.load("providers", "\n".join(shorter), "--full", *earlier) == 0
    assert keys_of(operator, "P90029")
    wrong = [*shorter[:-1], shorter[-1].replace("P90028", "")]
    assert operator.load("providers", "\n".join(wrong), "--full", *LATER) == 1
    assert "nothing was removed" in capsys.readouterr().out
    assert len(operator.table.items) >= before


def test_no_provider_is_removed_when_the_file_is_much_shorter(
    operator: Operator, directory: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    half = "\n".join(directory[:16])
    assert operator.load("providers", half, "--full", *LATER) == 1
    assert "Of 30 stored providers, the file does not contain 15" in capsys.readouterr().out
    assert keys_of(operator, "P90029")
    assert operator.load("providers", half, "--full", "--allow-removing", *LATER) == 0
    assert keys_of(operator, "P90029") == []
    assert keys_of(operator, "P90014")


def test_provider_is_filed_again_when_another_load_stores_it_meanwhile(
    operator: Operator, directory: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other load is of a later date: its entry and its search keys stay."""
    keys = keys_of(operator, "P90029")
    entry = next(key for key in keys if key[1] == "ENTRY")

    def stored_by_another(operation: str, _number: int) -> None:
        if operation == "DeleteItem":
            newer = {**operator.table.items[entry], "as_of": {"S": "2026-07-01T00:00:00+00:00"}}
            operator.table.items[entry] = newer

    monkeypatch.setattr(operator.table, "_before", stored_by_another)
    assert operator.load("providers", "\n".join(directory[:-1]), "--full", *LATER) == 0
    assert sorted(keys_of(operator, "P90029")) == sorted(keys)


def test_removal_continues_when_it_was_interrupted(
    operator: Operator, directory: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(operation: str, _number: int) -> None:
        if operation == "DeleteItem":
            raise error("AccessDeniedException")

    with monkeypatch.context() as patch:
        patch.setattr(operator.table, "_before", denied)
        assert operator.load("providers", "\n".join(directory[:-1]), "--full", *LATER) == 2
    assert operator.load("providers", "\n".join(directory[:-1]), "--full", *LATER) == 0
    assert keys_of(operator, "P90029") == []


def plan_lines(number: int) -> str:
    return PLANS + "".join(OAP.replace("OAP-1", f"OAP-{one}") for one in range(1, number + 1))


def plan_ids(operator: Operator) -> set[str]:
    return {sk for pk, sk in operator.table.items if pk == "PLANS"}


def test_plan_is_removed_when_a_full_file_lacks_it_and_no_covered_member_has_it(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operator.load("plans", plan_lines(30), *FIRST) == 0
    former = row("U60000001", "2020-01-01", "2021-12-31").replace("OAP-1,", "OAP-30,")
    assert operator.load("members", HEADER + former) == 0
    assert operator.load("plans", plan_lines(29), "--full", *LATER) == 0
    assert plan_ids(operator) == {f"OAP-{one}" for one in range(1, 30)}
    covered = row("U60000002").replace("OAP-1,", "OAP-29,")
    assert operator.load("members", HEADER + covered) == 0
    third = ("--as-of", "2026-06-03T00:00Z")
    assert operator.load("plans", plan_lines(28), "--full", *third) == 1
    assert "so no plan was removed: OAP-29." in capsys.readouterr().out
    assert "OAP-29" in plan_ids(operator)


def test_no_plan_is_removed_when_the_file_lacks_many(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operator.load("plans", plan_lines(10), *FIRST) == 0
    assert operator.load("plans", plan_lines(9), "--full", *LATER) == 1
    assert "Of 10 stored plans, the file does not contain 1" in capsys.readouterr().out
    assert len(plan_ids(operator)) == 10
    assert operator.load("plans", plan_lines(9), "--full", "--allow-removing", *LATER) == 0
    assert len(plan_ids(operator)) == 9
