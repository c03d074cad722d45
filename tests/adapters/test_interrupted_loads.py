"""Each loader is ended in the middle of a file: run again, it stores what one complete run stores."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from local.sample import sample_text
from precert.cli import loading
from tests.adapters.test_enrollment import hd, loop, x12
from tests.adapters.test_full_files import plan_lines
from tests.adapters.test_loading import HEADER, OAP, PLANS, Operator, row
from tests.fakes.code_sets import code_sets

ROWS: Final = 60
WRITES: Final = ("DeleteItem", "PutItem", "TransactWriteItems")
EARLIER: Final = ("--as-of", "2026-01-01T00:00Z")
LATER: Final = ("--as-of", "2026-02-01T00:00Z")


class Killed(BaseException):
    """The process ended here."""


def providers(count: int) -> str:
    header, first, *_ = sample_text("providers").splitlines()
    lines = [first.replace("P00001", f"P9{number:04}") for number in range(count)]
    return "\n".join([header, *lines])


def members(numbers: range) -> str:
    return HEADER + "".join(row(f"U{number:06}") for number in numbers)


def ssns(first_digits: int) -> str:
    lines = [f"U{number:06},{first_digits}-65-{4300 + number}\n" for number in range(ROWS)]
    return "member_id,ssn\n" + "".join(lines)


def subscribers(numbers: range, *, ssn: bool = False, purpose: str = "2") -> str:
    loops = [
        loop(
            f"U{number:06}",
            *hd(begins="20260101"),
            ssn=f"98765{4300 + number}" if ssn else "",
            name=f"N{number}*A",
        )
        for number in numbers
    ]
    return x12(*loops, purpose=purpose)


Before = Callable[[Operator], None]


def _plan(operator: Operator) -> None:
    assert operator.load("plans", PLANS + OAP, *EARLIER) == 0


def _members(operator: Operator) -> None:
    _plan(operator)
    assert operator.load("members", members(range(ROWS)), *EARLIER) == 0


def _hashed(operator: Operator) -> None:
    """Each SSN has another hash, which the load replaces."""
    _members(operator)
    assert operator.load("ssns", ssns(986), *EARLIER) == 0


def _providers(operator: Operator) -> None:
    assert operator.load("providers", providers(ROWS), *EARLIER) == 0


def _plans(operator: Operator) -> None:
    assert operator.load("plans", plan_lines(ROWS), *EARLIER) == 0


ENDING: Final = (*LATER, "--full", "--allow-ending")
REMOVING: Final = (*LATER, "--full", "--allow-removing")
ZIPS: Final = "zip_code,latitude,longitude\n" + "".join(
    f"0{9000 + number},49.4,7.6\n" for number in range(ROWS)
)
LOADS: Final[dict[str, tuple[Before, str, str, tuple[str, ...]]]] = {
    "plans": (lambda _operator: None, "plans", plan_lines(ROWS), LATER),
    "plans, full": (_plans, "plans", plan_lines(ROWS // 2), REMOVING),
    "members": (_plan, "members", members(range(ROWS)), LATER),
    "members, full": (_members, "members", members(range(ROWS // 2)), ENDING),
    "members, 834": (_plan, "members", subscribers(range(ROWS)), ()),
    "members, 834, replaced": (
        _members,
        "members",
        subscribers(range(ROWS // 2), purpose="RX"),
        ("--allow-ending",),
    ),
    "ssns": (_hashed, "ssns", ssns(987), LATER),
    "ssns, 834": (_hashed, "ssns", subscribers(range(ROWS), ssn=True), ()),
    "providers": (lambda _operator: None, "providers", providers(ROWS), LATER),
    "providers, full": (_providers, "providers", providers(ROWS // 2), REMOVING),
    "zips": (lambda _operator: None, "zips", ZIPS, LATER),
}


def stored(operator: Operator) -> dict[Any, Any]:
    """What a load stores, without its own progress."""
    return {key: item for key, item in operator.table.items.items() if "LOAD" not in key[0]}


def killing_at(write: int) -> Callable[[str, int], None]:
    """End the process at this of all writes, and at each after it."""
    done = 0

    def before(operation: str, _number: int) -> None:
        nonlocal done
        if operation in WRITES:
            done += 1
            if done >= write:
                raise Killed

    return before


@pytest.mark.parametrize("name", LOADS)
def test_everything_is_stored_once_when_a_load_was_ended_and_runs_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("precert.usecases.loading.WINDOW", 20)
    monkeypatch.setattr(loading, "code_sets_in", lambda _file: code_sets())
    before, kind, text, options = LOADS[name]

    def prepared(folder: str) -> Operator:
        (tmp_path / folder).mkdir()
        operator = Operator(tmp_path / folder, monkeypatch)
        before(operator)
        return operator

    whole = prepared("whole")
    at_first = stored(whole)
    counted = sum(whole.table.calls[one] for one in WRITES)
    assert whole.load(kind, text, *options) == 0
    writes = sum(whole.table.calls[one] for one in WRITES) - counted
    assert writes > ROWS // 2

    operator = prepared("ended")
    for share in (0.4, 0.15):
        operator.table._before = killing_at(int(writes * share))
        with pytest.raises(Killed):
            operator.load(kind, text, *options)
        assert stored(operator) not in (at_first, stored(whole))
    operator.table._before = lambda _operation, _number: None
    assert operator.load(kind, text, *options) == 0
    assert stored(operator) == stored(whole)
