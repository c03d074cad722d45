"""``precert … load`` on a table: what is stored, refused, resumed and shown."""

import csv
import signal
import stat
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from local.sample import sample_text
from precert.bootstrap import Dependencies
from precert.cli import loading
from precert.cli.main import main
from precert.domain.audit import member_key
from precert.domain.coverage import Member
from precert.domain.errors import TransientError
from tests.adapters.tables import create_reference_table, loads_of, names, put_ssn_digest
from tests.adapters.wire import Clients
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets
from tests.fakes.reference_table import (
    OPERATOR_ARN,
    FakeReferenceTable,
    dependencies,
    error,
    lost,
)
from tests.fakes.samples import DATA

PLANS = "plan_id,name,plan_type,line_of_business,management_level\n"
OAP = "OAP-1,Open Access,OAP,COMMERCIAL,Complete\n"
HEADER = (
    "member_id,date_of_birth,last_name,first_name,account,account_name,plan_id,"
    "active_from,active_to\n"
)
ROW = "{},1986-01-01,Adams,Allison,00472356,Live Well,OAP-1,{},{}\n"
PAYER = str(DATA / "payer" / "payer.json")


def row(member_id: str, begins: str = "2024-01-01", ends: str = "") -> str:
    return ROW.format(member_id, begins, ends)


class Operator:
    """Runs the commands on a fake table."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.table = FakeReferenceTable()
        self.audit = MemoryAudit()

        def deps(_stack: str | None) -> Dependencies:
            found = dependencies(self.table)
            found.audit_log = self.audit
            return found

        monkeypatch.setattr(loading, "stack_dependencies", deps)
        monkeypatch.setattr(time, "sleep", lambda _seconds: None)

    def load(self, kind: str, text: str, *options: str, name: str = "") -> int:
        file = self.folder / (name or f"{kind}.csv")
        file.write_text(text, encoding="utf-8")
        return main([kind, "load", str(file), "--payer", PAYER, *options])

    def rejects(self, kind: str) -> list[dict[str, str]]:
        with (self.folder / f"{kind}.csv.rejects.csv").open(encoding="utf-8") as opened:
            return list(csv.DictReader(opened))

    def member(self, member_id: str) -> Member:
        return Member.model_validate_json(
            self.table.items[f"MEMBER#{member_id}", "COVERAGE"]["member"]["S"]
        )

    def member_ids(self) -> set[str]:
        return {pk.removeprefix("MEMBER#") for pk, sk in self.table.items if sk == "COVERAGE"}


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    operator = Operator(tmp_path, monkeypatch)
    assert operator.load("plans", PLANS + OAP) == 0
    return operator


# -- files -----------------------------------------------------------------------------------------


def test_sample_files_are_stored_when_each_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = Operator(tmp_path, monkeypatch)
    monkeypatch.setattr(loading, "code_sets_in", lambda _file: code_sets())
    for kind in ("plans", "members", "ssns", "providers"):
        assert operator.load(kind, sample_text(kind)) == 0, kind
    assert operator.load("zips", "zip_code,latitude,longitude\n09001,49.4,7.6\n") == 0
    counted = {sk for pk, sk in operator.table.items if pk.startswith("SSN#")}
    assert len(counted) == len(sample_text("ssns").splitlines()) - 1
    assert ("ZIP#09001", "PLACE") in operator.table.items
    assert operator.table.calls["GenerateMac"] == len(counted)


@pytest.mark.rule("X1")
def test_each_member_is_in_the_audit_when_a_file_is_loaded(operator: Operator) -> None:
    rows = "".join(row(f"U7{number:04}") for number in range(150))
    assert operator.load("members", HEADER + rows) == 0
    assert operator.load("ssns", "member_id,ssn\nU70001,987-65-4320\n") == 0
    records = list(operator.audit.records.values())
    assert {one.subject for one in records} == {OPERATOR_ARN}
    loaded = [one for one in records if one.operation == "command:members load"]
    # The start of the load, then each write.
    assert [len(one.members) for one in loaded] == [0, 100, 50]
    assert [len(one.objects) for one in loaded] == [1, 0, 0]
    assert {member for one in loaded for member in one.members} == {
        member_key(f"U7{number:04}") for number in range(150)
    }
    [_, hashed] = [one for one in records if one.operation == "command:ssns load"]
    assert hashed.members == (member_key("U70001"),)


@pytest.mark.rule("X1")
def test_nothing_is_loaded_when_it_cannot_be_recorded(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_record: object) -> None:
        raise TransientError("The audit did not respond. Try again.")

    monkeypatch.setattr(operator.audit, "append", fail)
    assert operator.load("members", HEADER + row("U70001")) == 2
    assert operator.member_ids() == set()


@pytest.mark.rule("X1")
@pytest.mark.parametrize(
    ("kind", "text"),
    [(kind, sample_text(kind)) for kind in ("plans", "providers")]
    + [("zips", "zip_code,latitude,longitude\n09001,49.4,7.6\n")],
)
def test_load_is_in_the_audit_when_a_file_is_loaded(
    operator: Operator, kind: str, text: str
) -> None:
    assert operator.load(kind, text) == 0
    found = [
        one for one in operator.audit.records.values() if one.operation == f"command:{kind} load"
    ][-1]
    assert found.objects == (sha256(text.encode()).hexdigest(),)


@pytest.mark.rule("P1")
def test_ssn_is_nowhere_when_it_was_loaded_or_rejected(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.load("members", HEADER + row("U70001"))
    assert operator.load("ssns", "member_id,ssn\nU70001,987-65-4320\nU70002,987-65-4321\n") == 1
    shown = "".join(capsys.readouterr())
    assert "ssns.csv:3: member_id: must be the member_id of a member that is loaded" in shown
    stored = str(operator.table.items)
    for digits in ("987654320", "987-65-4320", "987654321", "987-65-4321"):
        assert digits not in stored + shown


def test_valid_rows_are_stored_and_others_are_in_the_rejects_file_when_some_are_invalid(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        HEADER
        + row("U70001")
        + row("U70002", "2024-01-01", "2024-12-31")
        + row("U70002", "01/01/2025")
        + row("U70003").replace("Allison,0", "Allison,")
        + row("U70004").replace("OAP-1", "OAP-9").replace("1986-01-01", "86")
        + "U70005,short\n"
    )
    assert operator.load("members", text) == 1
    assert operator.member_ids() == {"U70001", "U70003"}
    rejected = operator.rejects("members")
    assert [one["rejected_line"] for one in rejected] == ["3", "4", "6", "7"]
    assert "another row of this member" in rejected[0]["errors"]
    assert rejected[1]["active_from"] == "01/01/2025"
    assert {"plan_id", "date_of_birth"} <= {
        one.partition(":")[0] for one in rejected[2]["errors"].split("; ")
    }
    mode = stat.S_IMODE((operator.folder / "members.csv.rejects.csv").stat().st_mode)
    assert mode == 0o600
    shown = "".join(capsys.readouterr())
    assert "members.csv:6: plan_id: must be the plan_id of a plan that is loaded" in shown
    assert "Adams" not in shown
    assert "U70004" not in shown


def test_rejects_file_is_loaded_when_it_was_corrected(operator: Operator) -> None:
    assert operator.load("members", HEADER + row("U70001") + row("U70002", "2024-13-01")) == 1
    rejects = operator.folder / "members.csv.rejects.csv"
    corrected = rejects.read_text(encoding="utf-8").replace("2024-13-01", "2024-12-01")
    assert operator.load("members", corrected, name="corrected.csv") == 0
    assert operator.member_ids() == {"U70001", "U70002"}


def test_other_files_stay_when_the_rejects_file_is_one_of_them(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a typing error, such as the file itself."""
    text = HEADER + row("U70001", "2024-13-01")
    important = operator.folder / "important.csv"
    important.write_text(HEADER + row("U70009"), encoding="utf-8")
    before = important.read_text(encoding="utf-8")
    for name in ("members.csv", "important.csv"):
        assert operator.load("members", text, "--rejects", str(operator.folder / name)) == 2
        assert "is not a file of rejected rows" in capsys.readouterr().err
    assert important.read_text(encoding="utf-8") == before
    assert (operator.folder / "members.csv").read_text(encoding="utf-8") == text
    missing = str(operator.folder / "missing" / "rejects.csv")
    assert operator.load("members", text, "--rejects", missing) == 2
    assert "rejects.csv: No such file or directory" in capsys.readouterr().err


def test_file_is_loaded_when_an_earlier_one_of_its_name_had_a_quote_without_end(
    operator: Operator,
) -> None:
    """Such a cell is in the rejects file whole, with more characters than the CSV reader accepts."""
    text = HEADER + row("U70001") + '"' + row("U70002") * 3000
    assert operator.load("members", text) == 1
    assert operator.load("members", HEADER + row("U70001") + row("U70002")) == 0
    assert operator.member_ids() == {"U70001", "U70002"}


def test_rejected_rows_are_in_the_file_when_the_checkpoint_states_that_they_were_read(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed then continues after them."""
    monkeypatch.setattr("precert.usecases.loading.WINDOW", 2)
    seen: list[tuple[int, int]] = []
    put = operator.table.put_item

    def saved(**arguments: Any) -> Any:
        item = arguments["Item"]
        if item["pk"]["S"].startswith("LOAD#") and item["line"]["N"] != "0":
            seen.append((int(item["line"]["N"]), len(operator.rejects("members"))))
        return put(**arguments)

    monkeypatch.setattr(operator.table, "put_item", saved)
    text = HEADER + row("U70001", "x") + row("U70002") + row("U70003", "x") + row("U70004", "x")
    assert operator.load("members", text) == 1
    assert set(seen) == {(3, 1), (5, 3)}


def test_file_is_loaded_again_when_some_of_its_rows_were_rejected(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cause can be outside of the file: here a plan that was not loaded yet."""
    hmo = "HMO-1,Health Maintenance,HMO,COMMERCIAL,Complete\n"
    text = HEADER + row("U70001") + row("U70002").replace("OAP-1", "HMO-1")
    for options in ((), ("--full",)):
        assert operator.load("members", text, *options) == 1
    newer = HEADER + row("U70001", "2026-02-01")
    assert operator.load("members", newer, name="newer.csv") == 0
    assert operator.load("plans", PLANS + OAP + hmo) == 0
    for options in ((), ("--full",)):
        assert operator.load("members", text, *options) == 0
    assert operator.member_ids() == {"U70001", "U70002"}
    # With its former date: what a later file stored stays.
    assert str(operator.member("U70001").spans[0].active_from) == "2026-02-01"
    assert operator.load("members", text) == 0
    assert "was loaded before" in capsys.readouterr().out


def test_member_is_rejected_when_its_rows_are_apart(operator: Operator) -> None:
    text = HEADER + row("U70001", "2024-01-01", "2024-12-31") + row("U70002") + row("u70001")
    assert operator.load("members", text) == 1
    [rejected] = operator.rejects("members")
    assert rejected["rejected_line"] == "4"
    assert "sort the file" in rejected["errors"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "members.csv:1: the first line must name the columns"),
        ("member_id\n", "is missing; add the column"),
        (HEADER, "must be followed by at least one row"),
    ],
)
def test_nothing_is_stored_when_the_file_has_no_columns_or_rows(
    operator: Operator, capsys: pytest.CaptureFixture[str], text: str, shown: str
) -> None:
    before = dict(operator.table.items)
    assert operator.load("members", text) == 1
    assert shown in capsys.readouterr().out
    assert {key for key in operator.table.items if not key[0].startswith("LOAD#")} == {
        key for key in before if not key[0].startswith("LOAD#")
    }


@pytest.mark.parametrize("option", [["--as-of", "2026-01-01"], ["--workers", "0"]])
def test_usage_is_shown_when_an_option_is_invalid(operator: Operator, option: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        operator.load("members", HEADER + row("U70001"), *option)
    assert ended.value.code == 2


def test_command_fails_when_the_file_is_missing_or_is_not_text(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["members", "load", str(operator.folder / "none.csv"), "--payer", PAYER]) == 2
    file = operator.folder / "latin.csv"
    file.write_bytes(HEADER.encode() + row("U70001").replace("Adams", "Núñez").encode("latin-1"))
    assert main(["members", "load", str(file), "--payer", PAYER]) == 2
    assert "must be text in UTF-8" in capsys.readouterr().err


# -- dates and repetition --------------------------------------------------------------------------


def test_newer_data_stays_when_an_older_file_is_loaded_later(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    newer, older = "2026-02-01T00:00Z", "2026-01-01T00:00Z"
    assert operator.load("members", HEADER + row("U70001", "2026-02-01"), "--as-of", newer) == 0
    text = HEADER + row("U70001", "2025-01-01") + row("U70002")
    assert operator.load("members", text, "--as-of", older) == 0
    assert str(operator.member("U70001").spans[0].active_from) == "2026-02-01"
    assert operator.member_ids() == {"U70001", "U70002"}
    assert "1 stored, 1 not stored because newer data is" in capsys.readouterr().out


def test_file_is_refused_when_its_date_is_in_the_future(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operator.load("members", HEADER + row("U70001"), "--as-of", "2100-01-01T00:00Z") == 2
    assert "--as-of" in capsys.readouterr().err
    assert operator.member_ids() == set()


def test_nothing_is_written_when_a_file_was_loaded_before(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    text = HEADER + row("U70001")
    assert operator.load("members", text) == 0
    writes = operator.table.calls["PutItem"]
    assert operator.load("members", text) == 0
    assert operator.table.calls["PutItem"] == writes
    assert "was loaded before" in capsys.readouterr().out


def test_file_is_loaded_again_when_another_date_is_stated(operator: Operator) -> None:
    first = HEADER + row("U70001", "2024-01-01")
    assert operator.load("members", first, "--as-of", "2026-01-01T00:00Z") == 0
    second = HEADER + row("U70001", "2025-01-01")
    assert operator.load("members", second, "--as-of", "2026-02-01T00:00Z") == 0
    assert operator.load("members", first, "--as-of", "2026-03-01T00:00Z") == 0
    assert str(operator.member("U70001").spans[0].active_from) == "2024-01-01"


def test_former_hash_is_deleted_when_an_ssn_changes(operator: Operator) -> None:
    operator.load("members", HEADER + row("U70001"))
    operator.load("ssns", "member_id,ssn\nU70001,987-65-4320\n", "--as-of", "2026-01-01T00:00Z")
    operator.load("ssns", "member_id,ssn\nU70001,987-65-4321\n", "--as-of", "2026-02-01T00:00Z")
    operator.load("ssns", "member_id,ssn\nU70001,987-65-4329\n", "--as-of", "2026-01-15T00:00Z")
    current = operator.table.items["MEMBER#U70001", "SSN"]["digest"]["S"]
    assert [pk for pk, _ in operator.table.items if pk.startswith("SSN#")] == [f"SSN#{current}"]


# -- interruptions ---------------------------------------------------------------------------------


def many(count: int) -> str:
    rows = [row(f"U{number:06d}") for number in range(count)]
    rows[17] = row("U000017", "yesterday")
    return HEADER + "".join(rows)


def test_every_member_is_stored_once_when_calls_are_throttled_or_lost(operator: Operator) -> None:
    def before(operation: str, number: int) -> None:
        if operation == "PutItem" and number % 5 == 0:
            raise error("ThrottlingException")
        if operation == "PutItem" and number % 7 == 0:
            raise lost(operation)
        if operation == "PutItem" and number % 11 == 0:
            raise error("InternalServerError", 500)

    operator.table._before = before
    assert operator.load("members", many(300)) == 1
    assert len(operator.member_ids()) == 299


def test_command_ends_with_2_and_continues_when_aws_does_not_respond(
    operator: Operator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("precert.usecases.loading.WINDOW", 100)

    def before(operation: str, _number: int) -> None:
        if operation == "PutItem" and len(operator.table.items) > 250:
            raise error("ServiceUnavailable", 503)

    operator.table._before = before
    assert operator.load("members", many(400)) == 2
    assert "Run the same command again" in capsys.readouterr().err
    operator.table._before = lambda _operation, _number: None
    writes = operator.table.calls["PutItem"]
    assert operator.load("members", many(400)) == 1
    shown = capsys.readouterr()
    assert "continues after line" in shown.err
    assert "399 stored" in shown.out
    assert operator.table.calls["PutItem"] - writes < 300
    assert [one["rejected_line"] for one in operator.rejects("members")] == ["19"]


def test_permission_error_ends_the_load_at_once_when_a_write_is_denied(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    def before(operation: str, _number: int) -> None:
        if operation == "PutItem":
            raise error("AccessDeniedException")

    operator.table._before = before
    assert operator.load("members", HEADER + row("U70001")) == 2
    assert "precert:" in capsys.readouterr().err


CHILD = """
import sys
from pathlib import Path
from precert.cli import loading
from precert.cli.main import main
from precert.usecases import loading as usecases
from tests.fakes.reference_table import FakeReferenceTable, dependencies
table = FakeReferenceTable(journal=Path(sys.argv[1]))
loading.stack_dependencies = lambda stack: dependencies(table)
usecases.WINDOW = 20
sys.exit(main(["members", "load", sys.argv[2], "--payer", sys.argv[3]]))
"""


def test_every_member_is_stored_when_the_command_was_killed_and_runs_again(
    operator: Operator, tmp_path: Path
) -> None:
    journal, file = tmp_path / "journal", tmp_path / "many.csv"
    table = FakeReferenceTable(journal=journal)
    for key, item in operator.table.items.items():
        table._set(key, item)
    file.write_text(many(900), encoding="utf-8")
    command = [sys.executable, "-c", CHILD, str(journal), str(file), PAYER]
    wait = threading.Event().wait  # the fixture replaces time.sleep
    started = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=Path.cwd()
    )
    while journal.stat().st_size < 60_000 and started.poll() is None:
        wait(0.01)
    started.send_signal(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    before = len(FakeReferenceTable(journal=journal).items)
    again = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path.cwd())
    assert again.returncode == 1, again.stderr
    assert "continues after line" in again.stderr
    items = FakeReferenceTable(journal=journal).items
    members = {pk for pk, sk in items if sk == "COVERAGE"}
    assert 80 < before < len(members) == 899
    assert "899 stored" in again.stdout
    with Path(f"{file}.rejects.csv").open(encoding="utf-8") as opened:
        assert [one["rejected_line"] for one in csv.DictReader(opened)] == ["19"]


# -- DynamoDB's own semantics (moto) ---------------------------------------------------------------


def test_hash_and_its_link_are_stored_as_dynamodb_does_when_one_changes(
    clients: Clients,
) -> None:
    client, table = clients.by_name["dynamodb"], names("loads")
    create_reference_table(client, table)
    loads = loads_of(clients, table)
    later = START.replace(year=START.year + 1)
    assert put_ssn_digest(loads, "U70001", "aa", START)
    assert put_ssn_digest(loads, "U70001", "bb", later)
    assert not put_ssn_digest(loads, "U70001", "cc", START)
    assert put_ssn_digest(loads, "U70001", "bb", later)
    keys = {(one["pk"]["S"], one["sk"]["S"]) for one in client.scan(TableName=table)["Items"]}
    assert keys == {("SSN#bb", "U70001"), ("MEMBER#U70001", "SSN")}
    client.delete_table(TableName=table)
