"""X12 834 files: what they add, change and end, and when they are refused."""

from pathlib import Path

import pytest

from precert.domain.audit import member_key
from precert.domain.coverage import Member
from tests.adapters.test_loading import HEADER, OAP, PLANS, Operator, row
from tests.fakes.reference_table import FakeReferenceTable

HMO = "HMO-1,Health Maintenance,HMO,COMMERCIAL,Complete\n"
FIRST, SECOND, THIRD = ("2026-01-10T12:00Z", "2026-02-10T12:00Z", "2026-03-10T12:00Z")


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    operator = Operator(tmp_path, monkeypatch)
    assert operator.load("plans", PLANS + OAP + HMO) == 0
    return operator


def spans(member: Member) -> list[tuple[str, str, str]]:
    return [
        (one.plan.plan_id, str(one.active_from), str(one.active_to or "")) for one in member.spans
    ]


def loaded(operator: Operator, *ids: str, at: str = FIRST) -> None:
    assert operator.load("members", HEADER + "".join(map(row, ids)), "--as-of", at) == 0


def loop(
    member_id: str,
    *coverage: str,
    action: str = "021",
    own: str = "",
    born: str = "19860101",
    name: str = "ADAMS*ALLISON",
    ssn: str = "",
    before: tuple[str, ...] = (),
) -> list[str]:
    relation = "INS*N*19" if own else "INS*Y*18"
    return [
        f"{relation}*{action}*28*A***FT",
        f"REF*0F*{member_id}",
        *([f"REF*23*{own}"] if own else []),
        "REF*1L*00472356",
        *before,
        f"NM1*IL*1*{name}*M***{'34*' + ssn if ssn else ''}",
        "N3*137 OAK ST*APT 4B",
        "N4*BEACHWOOD*OH*441221234",
        f"DMG*D8*{born}*F",
        *coverage,
    ]


def hd(
    plan: str = "OAP-1", begins: str = "", ends: str = "", code: str = "021", line: str = "HLT"
) -> list[str]:
    return [
        f"HD*{code}**{line}*{plan}*EMP",
        *([f"DTP*348*D8*{begins}"] if begins else []),
        *([f"DTP*349*D8*{ends}"] if ends else []),
    ]


def x12(
    *loops: list[str],
    purpose: str = "2",
    day: str = "260210",
    element: str = "*",
    end: str = "~",
    groups: int = 1,
) -> str:
    """An interchange with each loop in the first group, and empty further groups."""
    isa = (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SPONSOR':15}*ZZ*{'PLAN':15}*{day}*0300*^*00501*"
        "000000905*0*P*:"
    )
    found = [isa]
    for number in range(1, groups + 1):
        body = [
            f"ST*834*{number:04d}*005010X220A1",
            f"BGN*00*{number}*20{day}*0300****{purpose}",
            "REF*38*00472356",
            "DTP*007*D8*20260101",
            "N1*P5*LIVE WELL*FI*999999999",
            "N1*IN*HEALTH PLAN*FI*888888888",
            *(segment for one in (loops if number == 1 else ()) for segment in one),
        ]
        found += [
            f"GS*BE*SPONSOR*PLAN*20{day}*0300*{number}*X*005010X220A1",
            *body,
            f"SE*{len(body) + 1}*{number:04d}",
            f"GE*1*{number}",
        ]
    text = (end + "\n").join([*found, f"IEA*{groups}*000000905"]) + end
    return text.replace("*", element)


def load(operator: Operator, text: str, *options: str) -> int:
    return operator.load("members", text, *options)


def test_subscriber_and_dependent_are_added_when_an_834_file_is_loaded(operator: Operator) -> None:
    coverage = hd(begins="20260101")
    text = x12(
        loop("U70001", *coverage, *hd("DENTAL-1", "20260101", line="DEN")),
        loop("U70001", *coverage, own="U7000102", born="20120218", name="ADAMS*CHIDI"),
        groups=3,
    )
    assert load(operator, text) == 0
    child, adult = operator.member("U7000102"), operator.member("U70001")
    assert (child.first_name, str(child.date_of_birth)) == ("CHIDI", "2012-02-18")
    assert spans(adult) == spans(child) == [("OAP-1", "2026-01-01", "")]
    assert adult.mailing_address is not None
    assert adult.mailing_address.zip_code == "44122"
    assert (adult.spans[0].account, adult.spans[0].account_name) == ("00472356", "LIVE WELL")


@pytest.mark.parametrize(
    ("element", "end"), [("|", "\n"), ("*", "'"), ("+", "~"), ("\x1d", "\x1c")]
)
def test_delimiters_are_those_of_isa_when_a_file_has_others(
    operator: Operator, element: str, end: str
) -> None:
    text = x12(loop("U70001", *hd(begins="20260101")), element=element, end=end)
    assert load(operator, text) == 0
    assert operator.member_ids() == {"U70001"}


@pytest.mark.parametrize(
    ("change", "result"),
    [
        (
            ("021", hd("HMO-1", "20260701")),
            [("OAP-1", "2026-01-01", "2026-06-30"), ("HMO-1", "2026-07-01", "")],
        ),
        (
            ("024", hd("OAP-1", ends="20260331", code="024")),
            [("OAP-1", "2026-01-01", "2026-03-31")],
        ),
        (("024", ["DTP*357*D8*20260331"]), [("OAP-1", "2026-01-01", "2026-03-31")]),
        (("001", []), [("OAP-1", "2026-01-01", "")]),
        (
            ("001", hd("OAP-1", ends="20261231", code="001")),
            [("OAP-1", "2026-01-01", "2026-12-31")],
        ),
        (("025", hd("OAP-1", "20260101", code="025")), [("OAP-1", "2026-01-01", "")]),
        (("024", hd("OAP-1", ends="20251231", code="024")), None),
    ],
    ids=["new plan", "coverage", "eligibility", "name", "end date", "reinstatement", "never began"],
)
def test_coverage_is_changed_as_the_loop_says_when_the_member_is_loaded(
    operator: Operator,
    change: tuple[str, list[str]],
    result: list[tuple[str, str, str]] | None,
) -> None:
    assert load(operator, x12(loop("U70001", *hd(begins="20260101")), day="260110")) == 0
    action, coverage = change
    before = tuple(coverage) if coverage and coverage[0].startswith("DTP*357") else ()
    changed = loop(
        "U70001", *(() if before else coverage), action=action, name="BAKER*ANN", before=before
    )
    assert load(operator, x12(changed)) == 0
    if result is None:
        assert operator.member_ids() == set()
    else:
        assert spans(operator.member("U70001")) == result
        assert operator.member("U70001").last_name == "BAKER"


def test_loops_of_one_member_apply_in_their_order_when_it_leaves_and_joins(
    operator: Operator,
) -> None:
    assert load(operator, x12(loop("U70001", *hd(begins="20250101")), day="260110")) == 0
    text = x12(
        loop("U70001", *hd(ends="20260131", code="024"), action="024"),
        loop("U70001", *hd("HMO-1", "20260301")),
    )
    assert load(operator, text) == 0
    assert spans(operator.member("U70001")) == [
        ("OAP-1", "2025-01-01", "2026-01-31"),
        ("HMO-1", "2026-03-01", ""),
    ]


def test_older_834_file_changes_nothing_when_a_newer_one_was_loaded(operator: Operator) -> None:
    assert load(operator, x12(loop("U70001", *hd(begins="20260101")))) == 0
    older = x12(loop("U70001", *hd(ends="20260131", code="024"), action="024"), day="260110")
    assert load(operator, older) == 0
    assert spans(operator.member("U70001")) == [("OAP-1", "2026-01-01", "")]


def test_loop_is_rejected_with_its_segments_when_it_is_invalid(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    text = x12(
        loop("U70001", *hd(begins="20260101")),
        loop("U70002", *hd("PPO-9", "20260101")),
        loop("U70003", *hd(begins="2026-01-01")),
        loop("U70004", *hd()),
        loop("U70005", *hd(ends="20260131", code="024"), action="024"),
        loop("U70006", *hd(begins="20260101"), born="19860230"),
        loop("U70007", *hd(begins="20260101"), action="099"),
        ["INS*N*19*021*28*A", "REF*0F*U70008", "NM1*IL*1*ADAMS*EVE", *hd(begins="20260101")],
        loop("U7/09", *hd(begins="20260101")),
    )
    assert load(operator, text) == 1
    assert operator.member_ids() == {"U70001"}
    rejected = operator.rejects("members")
    columns = [one["errors"].partition(":")[0] for one in rejected]
    assert columns == [
        *("HD", "DTP*348", "DTP*348", "REF*0F", "DMG*D8", "INS*Y", "REF*23", "REF"),
    ]
    assert rejected[0]["segments"].startswith("INS*Y*18*021*28*A***FT~REF*0F*U70002")
    shown = "".join(capsys.readouterr())
    assert "ADAMS" not in shown
    assert "U7000" not in shown


def test_absent_members_of_its_accounts_are_ended_when_an_834_file_replaces(
    operator: Operator,
) -> None:
    other = row("U70009").replace("00472356", "00999999")
    loaded(operator, "U70001", "U70002")
    assert operator.load("members", HEADER + other, "--as-of", FIRST, name="other.csv") == 0
    text = x12(loop("U70001", *hd(begins="20240101"), action="030"), purpose="RX")
    assert load(operator, text) == 1, "half of the account would end"
    assert load(operator, text, "--allow-ending") == 0
    assert spans(operator.member("U70001"))[0][2] == ""
    assert spans(operator.member("U70002"))[0][2] == "2026-02-09"
    assert spans(operator.member("U70009"))[0][2] == "", "of another sponsor"


def test_differences_are_listed_and_nothing_is_stored_when_an_834_file_verifies(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    same, other = loop("U70001", *hd(begins="20260101")), loop("U70002", *hd(begins="20260101"))
    assert load(operator, x12(same, other, day="260110")) == 0
    changed = loop("U70002", *hd("HMO-1", "20260601"))
    assert load(operator, x12(same, changed, purpose="4")) == 1
    assert spans(operator.member("U70002")) == [("OAP-1", "2026-01-01", "")]
    [differing] = operator.rejects("members")
    assert differing["errors"] == "INS: differs from what is stored: spans"
    assert "compared only (BGN08 4): 1 as stored" in capsys.readouterr().out


@pytest.mark.rule("X1")
def test_each_member_is_in_the_audit_when_an_834_file_is_compared(operator: Operator) -> None:
    """The differences that it prints are those of stored members."""
    loaded(operator, "U70001", "U70002")
    operator.audit.records.clear()
    loops = [loop(one, *hd(begins="20240101")) for one in ("U70001", "U70002", "U70003")]
    assert load(operator, x12(*loops, purpose="4")) == 1
    records = operator.audit.records.values()
    assert {member for one in records for member in one.members} == {
        member_key("U70001"),
        member_key("U70002"),
        member_key("U70003"),
    }


def test_file_is_compared_again_when_it_was_compared_before(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    added = x12(loop("U70001", *hd(begins="20260101")), day="260110")
    assert load(operator, added) == 0
    same = x12(loop("U70001", *hd(begins="20260101")), purpose="4")
    assert operator.load("members", same, name="verify.x12") == 0
    moved = x12(loop("U70001", *hd("HMO-1", "20260201")), day="260120")
    assert load(operator, moved) == 0
    capsys.readouterr()
    assert operator.load("members", same, name="verify.x12") == 1
    assert "differs from what is stored: spans" in capsys.readouterr().out


def test_file_is_read_again_when_dependents_have_another_qualifier(operator: Operator) -> None:
    child = loop("U70001", *hd(begins="20260101"), own="U7000102")
    both = x12([*child[:2], "REF*23*U7000199", "REF*ZZ*U7000102", *child[3:]])
    assert load(operator, both) == 0
    assert load(operator, both, "--dependent-id", "ZZ") == 0
    assert operator.member_ids() == {"U7000199", "U7000102"}


@pytest.mark.parametrize("before", ["\ufeff", "\r\n  ", "\ufeff\n"])
@pytest.mark.parametrize("after", ["", "\r\n\r\n", "\x1a", "\n\x1a\n"])
def test_file_is_read_when_there_are_marks_around_the_interchange(
    operator: Operator, before: str, after: str
) -> None:
    """Byte order marks of Windows, and the character with which DOS and some hosts end a file."""
    text = before + x12(loop("U70001", *hd(begins="20260101"))) + after
    assert load(operator, text) == 0
    assert operator.member_ids() == {"U70001"}


@pytest.mark.parametrize(
    ("coverage", "result"),
    [
        (hd("HMO-1", "20260701", code="002"), [("OAP-1", "2025-01-01", "2026-06-30")]),
        (hd("HMO-1", "20260701", "20261231", "002"), [("OAP-1", "2025-01-01", "2026-06-30")]),
        (
            hd("HMO-1", ends="20261130", code="002"),
            [("OAP-1", "2025-01-01", "2026-06-30"), ("HMO-1", "2026-07-01", "2026-11-30")],
        ),
    ],
    ids=["first day", "both days", "last day"],
)
def test_incorrect_coverage_is_removed_when_a_file_deletes_it(
    operator: Operator, coverage: list[str], result: list[tuple[str, str, str]]
) -> None:
    """HD01 002 deletes a record that should not exist; 024 ends coverage that existed."""
    first = loop("U70001", *hd(begins="20250101"))
    assert load(operator, x12(first, loop("U70001", *hd("HMO-1", "20260701")), day="260110")) == 0
    assert load(operator, x12(loop("U70001", *coverage, action="001"))) == 0
    assert spans(operator.member("U70001")) == result


def test_what_is_stored_is_stated_when_a_long_file_is_damaged_at_its_end(
    operator: Operator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("precert.usecases.loading.WINDOW", 2)
    loops = [loop(f"U7000{number}", *hd(begins="20260101")) for number in range(5)]
    text = x12(*loops).replace("SE*", "SE*9")
    assert load(operator, text) == 1
    assert operator.member_ids() == {"U70000", "U70001", "U70002", "U70003"}
    shown = capsys.readouterr().out
    assert "stored before the error: 4 members" in shown
    assert "not loaded" not in shown


@pytest.mark.parametrize(
    ("damage", "shown"),
    [
        (
            lambda text: text.partition("SE*")[0],
            "must have a trailer segment: the file is truncated",
        ),
        (lambda text: text.replace("DMG*D8*19860101*F~\n", "", 1), "must have the count"),
        (
            lambda text: text.replace("IEA*1*000000905", "IEA*1*000000906"),
            "the control number of its ISA",
        ),
        (lambda text: text.replace("005010X220A1", "005010X222A1"), "must be of implementation"),
        (lambda text: text.replace("****2~", "****9~"), "must have 2, 4 or RX in BGN08"),
        (lambda text: "ISA*00", "must be an X12 interchange that begins with an ISA segment"),
        (lambda text: text.replace("*260210*0300*^", "*269910*0300*^"), "ISA09"),
    ],
)
def test_no_member_is_ended_when_the_interchange_is_damaged(
    operator: Operator, capsys: pytest.CaptureFixture[str], damage: "object", shown: str
) -> None:
    loaded(operator, "U70001", "U70002")
    assert callable(damage)
    text = x12(loop("U70001", *hd(begins="20240101")), purpose="2")
    assert load(operator, damage(text), "--allow-ending") == 1
    assert shown in capsys.readouterr().out
    assert spans(operator.member("U70002"))[0][2] == ""


@pytest.mark.rule("P1")
def test_ssns_are_stored_as_hashes_when_an_834_file_has_them(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    text = x12(
        loop("U70001", *hd(begins="20260101"), ssn="987654320"),
        loop("U70002", *hd(begins="20260101")),
        loop("U70003", *hd(begins="20260101"), ssn="000123456"),
    )
    assert load(operator, text) == 0
    assert operator.load("ssns", text) == 1
    assert {pk for pk, sk in operator.table.items if sk == "SSN"} == {"MEMBER#U70001"}
    rejects = (operator.folder / "ssns.csv.rejects.csv").read_text()
    for digits in ("987654320", "000123456"):
        assert digits not in str(operator.table.items) + rejects + "".join(capsys.readouterr())


def test_change_is_applied_to_what_is_stored_when_another_load_was_faster(
    operator: Operator,
) -> None:
    assert load(operator, x12(loop("U70001", *hd(begins="20240101")), day="260110")) == 0
    table = operator.table

    def before(operation: str, _number: int) -> None:
        if operation == "PutItem" and not raced:
            raced.append(1)
            item = dict(table.items["MEMBER#U70001", "COVERAGE"])
            changed = item["member"]["S"].replace('"ADAMS"', '"BAKER"')
            item |= {"as_of": {"S": "2026-02-01T00:00:00.000000+00:00"}, "member": {"S": changed}}
            table.items["MEMBER#U70001", "COVERAGE"] = item

    raced: list[int] = []
    table._before = before
    end = ["INS*Y*18*024*07*A", "REF*0F*U70001", *hd(ends="20260228", code="024")]
    assert load(operator, x12(end)) == 0
    assert raced
    assert operator.member("U70001").last_name == "BAKER"
    assert spans(operator.member("U70001")) == [("OAP-1", "2024-01-01", "2026-02-28")]


def test_file_is_read_in_parts_when_it_is_one_long_line(operator: Operator) -> None:
    loops = [loop(f"U7{number:05d}", *hd(begins="20260101")) for number in range(400)]
    text = x12(*loops).replace("\n", "")
    assert len(text) > 1 << 16
    assert load(operator, text) == 0
    assert len(operator.member_ids()) == 400
    assert isinstance(operator.table, FakeReferenceTable)
