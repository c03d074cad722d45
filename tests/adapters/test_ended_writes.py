"""A load is ended before each of its writes in turn: whatever is loaded next leaves nothing outdated.

Each file has one row, so that its writes have one order.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from local.sample import sample_text
from precert.adapters.dynamodb.bulk import Bulk, Pacer
from precert.adapters.dynamodb.loading import DynamoDBLoads
from precert.cli import loading
from tests.adapters.tables import put_ssn_digest
from tests.adapters.test_loading import HEADER, OAP, PLANS, Operator, row
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets
from tests.fakes.reference_table import FakeReferenceTable, error

WRITES: Final = frozenset({"BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems"})
A, B, C = "2026-01-01T00:00Z", "2026-02-01T00:00Z", "2026-03-01T00:00Z"
"""The dates of three files, the later of which are loaded later."""
LAST: Final = "2026-04-01T00:00Z"
PROVIDER_ID: Final = "P00001"


class Killed(BaseException):
    """The process ended here."""


def before_write(number: int) -> Callable[[str, int], None]:
    """End the process before this of its writes."""
    left = number

    def before(operation: str, _number: int) -> None:
        nonlocal left
        left -= operation in WRITES
        if left <= 0:
            raise Killed

    return before


def killed_everywhere(
    prepared: Callable[[str], Operator], load: Callable[[Operator], object]
) -> Iterator[Operator]:
    """An operator for each write before which the load ended."""
    for write in count(1):
        operator = prepared(f"{write}")
        operator.table._before = before_write(write)
        try:
            load(operator)
        except Killed:
            operator.table._before = lambda _operation, _number: None
            yield operator
        else:
            assert write > 2, "no write was counted"
            return


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Operator]:
    monkeypatch.setattr(loading, "code_sets_in", lambda _file: code_sets())

    def new(folder: str) -> Operator:
        (tmp_path / folder).mkdir()
        return Operator(tmp_path / folder, monkeypatch)

    return new


# -- hashes of SSNs --------------------------------------------------------------------------------


def load_ssn(operator: Operator, last_digit: int, as_of: str) -> None:
    text = f"member_id,ssn\nU70001,987-65-432{last_digit}\n"
    assert operator.load("ssns", text, "--as-of", as_of, name=f"{last_digit}.csv") == 0


def with_hash(prepared: Callable[[str], Operator], folder: str, *, hashed: bool = True) -> Operator:
    """An operator with a member, whose hash is loaded."""
    operator = prepared(folder)
    assert operator.load("plans", PLANS + OAP, "--as-of", A) == 0
    assert operator.load("members", HEADER + row("U70001"), "--as-of", A) == 0
    if hashed:
        load_ssn(operator, 1, A)
    return operator


def hashes(operator: Operator) -> tuple[str, list[str]]:
    """The member's current hash, and the hashes that lead to the member."""
    current = operator.table.items["MEMBER#U70001", "SSN"]["digest"]["S"]
    links = [pk for pk, _ in operator.table.items if pk.startswith("SSN#")]
    return f"SSN#{current}", links


def next_file(operator: Operator) -> None:
    load_ssn(operator, 3, C)


def same_file(operator: Operator) -> None:
    load_ssn(operator, 2, B)


def older_file_then_the_same(operator: Operator) -> None:
    load_ssn(operator, 4, "2026-01-15T00:00Z")
    load_ssn(operator, 2, B)


def older_file_then_the_next(operator: Operator) -> None:
    load_ssn(operator, 4, "2026-01-15T00:00Z")
    load_ssn(operator, 3, C)


def first_hash_again(operator: Operator) -> None:
    load_ssn(operator, 1, C)


def first_hash_again_after_the_same_file(operator: Operator) -> None:
    same_file(operator)
    first_hash_again(operator)


def another_killed_load(operator: Operator) -> None:
    """The next load ends before its second write, too."""
    operator.table._before = before_write(2)
    with pytest.raises(Killed):
        load_ssn(operator, 3, C)
    operator.table._before = lambda _operation, _number: None
    load_ssn(operator, 5, LAST)


AFTERWARDS: Final = (
    same_file,
    next_file,
    older_file_then_the_same,
    older_file_then_the_next,
    first_hash_again,
    first_hash_again_after_the_same_file,
    another_killed_load,
)


@pytest.mark.rule("P1")
@pytest.mark.parametrize("afterwards", AFTERWARDS)
@pytest.mark.parametrize("changed", [True, False], ids=["changed", "new"])
def test_only_the_current_hash_leads_to_the_member_when_a_load_ended_before_any_write(
    afterwards: Callable[[Operator], None], changed: bool, prepared: Callable[[str], Operator]
) -> None:
    def with_member(folder: str) -> Operator:
        return with_hash(prepared, folder, hashed=changed)

    ended = 0
    for operator in killed_everywhere(with_member, lambda one: load_ssn(one, 2, B)):
        ended += 1
        if changed:
            current, links = hashes(operator)
            assert current in links, "the member is found by the current hash at any time"
        afterwards(operator)
        current, links = hashes(operator)
        assert links == [current]
    assert ended >= 2


def spent(operator: Operator, load: Callable[[], None]) -> int:
    """The write units of a load, without the two of the load's own progress."""
    before = operator.table.units
    load()
    return operator.table.units - before - 2


def test_write_units_of_a_hash_are_known_when_it_is_new_unchanged_changed_or_older(
    prepared: Callable[[str], Operator],
) -> None:
    operator = with_hash(prepared, "one", hashed=False)
    # Two items in a transaction, one item, three items in a transaction, none.
    assert spent(operator, lambda: load_ssn(operator, 1, A)) == 4
    assert spent(operator, lambda: load_ssn(operator, 1, C)) == 1
    assert spent(operator, lambda: load_ssn(operator, 2, LAST)) == 6
    assert spent(operator, lambda: load_ssn(operator, 3, B)) == 0


class CountingPacer(Pacer):
    """Counts the units that a load waited for."""

    units = 0.0

    def acquire(self, units: float) -> None:
        self.units += units


def test_load_waits_for_as_many_units_as_the_table_charges_when_a_hash_is_stored() -> None:
    table, pacer = FakeReferenceTable(), CountingPacer(1)
    loads = DynamoDBLoads(
        table,  # type: ignore[arg-type]
        reference_table="reference",
        digests=lambda: None,  # type: ignore[arg-type, return-value]
        bulk=Bulk(workers=1, chance=lambda: 0.0),
        writes=pacer,
        macs=pacer,
    )
    for digest, units in (("aa", 4), ("aa", 1), ("bb", 6)):
        before = table.units, pacer.units
        assert put_ssn_digest(loads, "U70001", digest, START)
        assert (table.units - before[0], pacer.units - before[1]) == (units, units)


@pytest.mark.parametrize(
    "code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
)
def test_hash_is_stored_when_transactions_of_other_loads_conflict_or_are_throttled(
    code: str, prepared: Callable[[str], Operator]
) -> None:
    operator = with_hash(prepared, "one")
    reasons = [{"Code": "None"}, {"Code": code}]

    def before(operation: str, number: int) -> None:
        if operation == "TransactWriteItems" and number in (2, 3):
            raise error("TransactionCanceledException", CancellationReasons=reasons)

    operator.table._before = before
    load_ssn(operator, 2, B)
    current, links = hashes(operator)
    assert links == [current]
    assert operator.table.calls["TransactWriteItems"] == 4


def test_hash_is_stored_when_a_transaction_of_another_load_writes_it(
    prepared: Callable[[str], Operator],
) -> None:
    operator = with_hash(prepared, "one")
    puts = operator.table.calls["PutItem"]

    def before(operation: str, number: int) -> None:
        if operation == "PutItem" and number in (puts + 1, puts + 2):
            raise error("TransactionConflictException")

    operator.table._before = before
    load_ssn(operator, 1, B)
    assert operator.table.items["MEMBER#U70001", "SSN"]["as_of"]["S"].startswith("2026-02-01")


@pytest.mark.parametrize("hashed", [True, False])
def test_no_hash_is_lost_when_another_load_changes_it_meanwhile(
    hashed: bool, prepared: Callable[[str], Operator]
) -> None:
    """Each load reads the hash before the other one writes."""
    for later, expected in ((C, 5), (B, 2)):
        operator = with_hash(prepared, later, hashed=hashed)
        earlier = B if later == C else C
        changed = False

        def before(operation: str, _number: int) -> None:
            nonlocal changed
            if operation == "TransactWriteItems" and not changed:
                changed = True
                load_ssn(operator, 5, later)  # noqa: B023 - called in this turn only

        operator.table._before = before
        load_ssn(operator, 2, earlier)
        current, links = hashes(operator)
        assert links == [current]
        alone = with_hash(prepared, f"alone-{later}")
        load_ssn(alone, expected, C)
        assert hashes(alone)[0] == current


def test_load_ends_and_can_be_repeated_when_a_hash_changes_at_every_attempt(
    prepared: Callable[[str], Operator], capsys: pytest.CaptureFixture[str]
) -> None:
    operator = with_hash(prepared, "one")
    key = ("MEMBER#U70001", "SSN")

    def before(operation: str, number: int) -> None:
        if operation == "TransactWriteItems":
            operator.table.items[key] = {**operator.table.items[key], "digest": {"S": f"{number}"}}

    operator.table._before = before
    text = "member_id,ssn\nU70001,987-65-4322\n"
    assert operator.load("ssns", text, "--as-of", B) == 2
    assert "changed concurrently" in capsys.readouterr().err


# -- search keys of providers ----------------------------------------------------------------------


def provider(name: str = "", *, zip_code: str = "") -> str:
    header, first, *_ = sample_text("providers").splitlines()
    cells = first.split(",")
    cells[2] = name or cells[2]
    cells[9] = zip_code or cells[9]
    return "\n".join([header, ",".join(cells)]) + "\n"


def load_provider(operator: Operator, text: str, as_of: str, *options: str) -> None:
    assert operator.load("providers", text, "--as-of", as_of, *options, name=f"{as_of}.csv") == 0


def filed(operator: Operator) -> dict[Any, Any]:
    """What is stored of the provider, without the date."""
    return {
        key: {name: value for name, value in item.items() if name != "as_of"}
        for key, item in operator.table.items.items()
        if PROVIDER_ID in "".join(key)
    }


@pytest.mark.rule("C1")
@pytest.mark.parametrize("changed", [True, False], ids=["changed", "new"])
@pytest.mark.parametrize(
    "third",
    [
        provider("Birch Clinic", zip_code="60601"),
        provider("Cedar Hospital", zip_code="10001"),
        provider(),
    ],
    ids=["same", "another", "first"],
)
def test_provider_is_found_by_its_own_words_only_when_a_load_ended_before_any_write(
    third: str, changed: bool, prepared: Callable[[str], Operator]
) -> None:
    second = provider("Birch Clinic", zip_code="60601")
    whole = prepared("whole")
    load_provider(whole, third, C)

    def with_first(folder: str) -> Operator:
        operator = prepared(folder)
        if changed:
            load_provider(operator, provider(), A)
        return operator

    for operator in killed_everywhere(with_first, lambda one: load_provider(one, second, B)):
        load_provider(operator, third, C)
        assert filed(operator) == filed(whole)


@pytest.mark.rule("C1")
@pytest.mark.parametrize("returns", [True, False])
def test_provider_is_found_again_when_a_removal_ended_before_any_write(
    returns: bool, prepared: Callable[[str], Operator]
) -> None:
    other = provider().replace(PROVIDER_ID, "P00002")
    both = other + provider().splitlines()[1] + "\n"
    full = ("--full", "--allow-removing")
    whole = prepared("whole")
    load_provider(whole, both, A)

    def with_both(folder: str) -> Operator:
        operator = prepared(folder)
        load_provider(operator, both, A)
        return operator

    for operator in killed_everywhere(with_both, lambda one: load_provider(one, other, B, *full)):
        load_provider(operator, both if returns else other, C, *full)
        assert filed(operator) == (filed(whole) if returns else {})


def test_provider_is_as_another_load_stored_it_when_both_store_it_at_the_same_time(
    prepared: Callable[[str], Operator],
) -> None:
    """The other load begins before each write of the first one in turn, and is of a later date."""
    second, third = provider("Birch Clinic", zip_code="60601"), provider("Cedar", zip_code="10001")
    whole = prepared("whole")
    load_provider(whole, third, C)
    for write in count(1):
        operator = prepared(f"{write}")
        load_provider(operator, provider(), A)
        number = 0

        def before(operation: str, _number: int) -> None:
            nonlocal number
            number += operation in WRITES
            if operation in WRITES and number == write:  # noqa: B023 - called in this turn only
                load_provider(operator, third, C)  # noqa: B023

        operator.table._before = before
        load_provider(operator, second, B)
        if number < write:
            return
        assert filed(operator) == filed(whole), write
