"""Full files of members: whose coverage ends because the file lacks the member."""

from pathlib import Path

import pytest

from tests.adapters.test_enrollment import FIRST, HMO, SECOND, THIRD, loaded, spans
from tests.adapters.test_loading import HEADER, OAP, PLANS, Operator, row


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    operator = Operator(tmp_path, monkeypatch)
    assert operator.load("plans", PLANS + OAP + HMO) == 0
    return operator


def full(operator: Operator, text: str, *options: str, at: str = SECOND) -> int:
    return operator.load("members", HEADER + text, "--full", "--as-of", at, *options)


def test_absent_member_is_ended_the_day_before_when_a_full_file_is_loaded(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded(operator, *(f"U7{number:04d}" for number in range(30)))
    text = "".join(row(f"U7{number:04d}") for number in range(29))
    assert full(operator, text) == 0
    assert spans(operator.member("U70029")) == [("OAP-1", "2024-01-01", "2026-02-09")]
    assert spans(operator.member("U70028")) == [("OAP-1", "2024-01-01", "")]
    assert "1 member ended" in capsys.readouterr().out


def test_no_member_is_ended_until_confirmed_when_a_full_file_lacks_many(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded(operator, "U70001", "U70002", "U70003")
    assert full(operator, row("U70001")) == 1
    assert "Of 3 covered members, the file does not contain 2" in capsys.readouterr().out
    assert spans(operator.member("U70002"))[0][2] == ""
    assert full(operator, row("U70001"), "--allow-ending") == 0
    assert spans(operator.member("U70002"))[0][2] == "2026-02-09"
    assert "2 members ended" in capsys.readouterr().out


def test_no_member_is_ended_when_a_full_file_has_rejected_rows(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded(operator, "U70001", "U70002")
    text = row("U70001") + row("U70002", "tomorrow")
    assert full(operator, text, "--allow-ending") == 1
    assert "no member was ended" in capsys.readouterr().out
    assert spans(operator.member("U70002"))[0][2] == ""


@pytest.mark.rule("P1")
def test_hash_of_a_member_is_deleted_when_the_member_is_removed(operator: Operator) -> None:
    text = row("U70001", "2026-06-01") + row("U70002", "2026-06-01") + row("U70003")
    assert operator.load("members", HEADER + text, "--as-of", FIRST) == 0
    hashed = "member_id,ssn\nU70001,987-65-4320\nU70003,987-65-4321\n"
    assert operator.load("ssns", hashed, "--as-of", FIRST) == 0
    assert full(operator, row("U70003"), "--allow-ending") == 0
    left = {key for key in operator.table.items if key[0].startswith(("MEMBER#", "SSN#"))}
    digest = operator.table.items["MEMBER#U70003", "SSN"]["digest"]["S"]
    assert left == {
        ("MEMBER#U70003", "COVERAGE"),
        ("MEMBER#U70003", "SSN"),
        (f"SSN#{digest}", "U70003"),
    }


@pytest.mark.parametrize("stored", ["COVERAGE", "SSN"])
def test_member_is_not_removed_when_another_load_stores_the_member_or_the_hash_meanwhile(
    operator: Operator, stored: str
) -> None:
    text = row("U70001", "2026-06-01") + row("U70003")
    assert operator.load("members", HEADER + text, "--as-of", FIRST) == 0
    hashed = "member_id,ssn\nU70001,987-65-4320\n"
    assert operator.load("ssns", hashed, "--as-of", FIRST) == 0
    items, key = operator.table.items, ("MEMBER#U70001", stored)
    changes = {"as_of": {"S": "2027-01-01T00:00:00+00:00"}, "digest": {"S": "another"}}

    def stored_by_another(operation: str, _number: int) -> None:
        if operation == "TransactWriteItems":
            items[key] = {**items[key], **changes}

    operator.table._before = stored_by_another
    assert full(operator, row("U70003"), "--allow-ending") == 0
    assert {("MEMBER#U70001", "COVERAGE"), ("MEMBER#U70001", "SSN")} <= items.keys()


def test_member_of_a_later_file_stays_when_an_earlier_full_file_lacks_it(
    operator: Operator,
) -> None:
    loaded(operator, "U70001")
    loaded(operator, "U70002", at=THIRD)
    assert full(operator, row("U70001")) == 0
    assert spans(operator.member("U70002"))[0][2] == ""


def test_future_span_is_removed_and_past_one_stays_when_a_member_is_absent(
    operator: Operator,
) -> None:
    text = (
        row("U70001", "2024-01-01", "2025-12-31")
        + row("U70001", "2026-06-01")
        + row("U70002", "2026-06-01")
        + row("U70003", "2024-01-01", "2025-12-31")
        + row("U70004")
    )
    assert operator.load("members", HEADER + text, "--as-of", FIRST) == 0
    assert full(operator, row("U70004"), "--allow-ending") == 0
    assert operator.member_ids() == {"U70001", "U70003", "U70004"}
    assert spans(operator.member("U70001")) == [("OAP-1", "2024-01-01", "2025-12-31")]
