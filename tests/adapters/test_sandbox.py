"""The table of sample outcomes for partners: each row is answered as it states, by its own calls."""

import json
import re
import shlex
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from functions.pas import handler as pas
from functions.review import handler as review
from functions.status import handler as status
from local.cloud.errors import LocalCloudError
from local.decisions import Outcome, decide_request
from local.sample import sample_text
from tests.adapters.callers import PHYSICIAN, PROVIDER, REVIEWER_SUBJECT, claims
from tests.adapters.cloud import Cloud
from tests.fakes.clock import START
from tools import smart_client
from tools.fhir_validator import pas_validator

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "partner.md").read_text("utf-8")
SECTION: Final = PAGE.partition("## Choose an outcome")[2].partition("\n## ")[0]
ROWS: Final = {
    cells[0]: cells[1:]
    for line in SECTION.splitlines()
    if len(cells := [one.strip() for one in line.strip("|").split("|")]) == 5
    and cells[0] not in ("Outcome", "---")
}
CALLS: Final = {
    name: tuple(lines.strip().splitlines())
    for name, lines in re.findall(r"^# (.+)\n((?:[^#`].*\n)+)", SECTION, re.MULTILINE)
}
CODE: Final = re.compile(r"`([A-Z0-9]{1,2})`")
RESULT: Final = re.compile(r"^(?:item \d+: |error )(\w+) ", re.MULTILINE)
ANY_PLAN: Final = claims(
    REVIEWER_SUBJECT,
    PHYSICIAN,
    plans=" ".join(line.partition(",")[0] for line in sample_text("plans").splitlines()[1:]),
)


class Api:
    """The API in process, as a client of ``local`` and of ``httpx`` calls it."""

    def __init__(self, cloud: Cloud, module: Any, by: Mapping[str, str]) -> None:
        self.cloud, self.module, self.by = cloud, module, dict(by)

    def call(self, method: str, path: str, body: Any = None, headers: Any = None) -> httpx.Response:
        given = {name.lower().replace("-", "_"): value for name, value in (headers or {}).items()}
        reply = self.cloud.call(self.module, method, path, body, by=self.by, **given)
        return httpx.Response(reply.status, json=reply.body)


class Shell:
    """Runs the calls of the page."""

    def __init__(self, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        self.provider = Api(cloud, status, PROVIDER)
        self.reviewer = Api(cloud, review, ANY_PLAN)
        self.capsys = capsys
        self.number = ""

    def run(self, line: str) -> str:
        """Run one line, and return what it prints."""
        pending = line.startswith("NUMBER=$(pend ")
        text = f"ehr submit {line[14:-1]}" if pending else line
        values = {"$NUMBER": self.number, "pended-$CLIENT_ID": "pended"}
        command, *words = [values.get(word, word) for word in shlex.split(text)]
        if command == "decide":
            parties: Any = {"provider": self.provider, "reviewer": self.reviewer}
            return decide_request(words[0], Outcome(words[1]), **parties)
        assert command == "ehr"
        if words[0] == "submit" and "--day" not in words:
            words += ["--day", (START + timedelta(days=21)).date().isoformat()]
        assert smart_client.main([*words, "--fhir", "/fhir/r4", "--token", "token"]) == 0
        printed = self.capsys.readouterr().out
        if pending:
            (self.number,) = re.findall(r"^number: (.+)$", printed, re.MULTILINE)
        return printed


@pytest.fixture
def shell(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    server = Api(cloud, pas, PROVIDER)

    def post(url: str, *, content: str, **_options: Any) -> httpx.Response:
        answer = server.call("POST", url, json.loads(content))
        assert pas_validator().findings(answer.json()) == []
        return answer

    monkeypatch.setattr(httpx, "post", post)
    return Shell(cloud, capsys)


def test_calls_and_rows_are_in_the_same_order_when_the_page_lists_them() -> None:
    assert list(ROWS) == list(CALLS)
    assert len(ROWS) == 22


@pytest.mark.parametrize("outcome", ROWS)
def test_answers_are_those_of_the_row_when_its_calls_are_made(shell: Shell, outcome: str) -> None:
    member, codes, *answers = ROWS[outcome]
    if outcome in ("Repeated", "Duplicate", "Cancelled"):
        shell.run(CALLS["Pended"][0])
    printed = "\n".join(shell.run(line) for line in CALLS[outcome])
    assert RESULT.findall(printed) == CODE.findall(" ".join(answers))
    assert {member} == set(re.findall(r"--member (\S+)", " ".join(CALLS[outcome])))
    requested = re.findall(r"submit .*|pend .*", " ".join(CALLS[outcome]))
    assert re.findall(r"--code (\w{4,5})\b(?!-)", requested[0]) == re.findall(r"\d{4,5}", codes)


def test_bundles_are_valid_when_they_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool shows partners what to send, so its bundles conform to the profiles."""
    sent: list[str] = []

    def post(_url: str, *, content: str, **_options: Any) -> httpx.Response:
        sent.append(content)
        return httpx.Response(200, json={"resourceType": "Parameters"})

    monkeypatch.setattr(httpx, "post", post)
    common = ["--member", "U70018347", "--fhir", "/fhir/r4", "--token", "token"]
    smart_client.main(["submit", "--code", "44125", "--cancels", "first", *common])
    smart_client.main(["inquire", "PC1234567897", *common])
    for content in sent:
        assert pas_validator().findings(json.loads(content)) == []


def test_reason_is_printed_when_a_request_cannot_be_decided_so(shell: Shell) -> None:
    shell.run(CALLS["Denied"][0])
    with pytest.raises(LocalCloudError, match="submit two codes"):
        shell.run('decide "$NUMBER" partial')
    assert shell.run('decide "$NUMBER" deny') == "DENIED"
    with pytest.raises(LocalCloudError, match="no service line of the payer is open"):
        shell.run('decide "$NUMBER" approve')
    shell.number = "PC1234567897"
    with pytest.raises(LocalCloudError):
        shell.run('decide "$NUMBER" approve')


@pytest.mark.parametrize(
    ("codes", "outcome", "expected"),
    [
        ("--code 33206", "deny", ["A3"]),
        ("--code 44125 --code 70450", "deny", ["A3", "CT"]),
        ("--code 44125 --code 44130 --units 2", "modify", ["A6", "A6"]),
    ],
    ids=["documents are requested", "a vendor decides a line", "two lines"],
)
def test_payers_open_lines_are_decided_when_a_partner_chooses_the_outcome(
    shell: Shell, codes: str, outcome: str, expected: list[str]
) -> None:
    shell.run(f"NUMBER=$(pend --member U70045058 {codes})")
    shell.run(f'decide "$NUMBER" {outcome}')
    printed = shell.run('ehr inquire "$NUMBER" --member U70045058')
    assert RESULT.findall(printed) == expected


def test_reason_is_printed_when_a_call_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def post(_url: str, **_options: Any) -> httpx.Response:
        raise httpx.ConnectError("Connection refused")

    monkeypatch.setattr(httpx, "post", post)
    common = ["--member", "U70018347", "--fhir", "http://localhost:9/fhir/r4", "--token", "token"]
    with pytest.raises(SystemExit, match="does not respond: Connection refused"):
        smart_client.main(["inquire", *common])
    with pytest.raises(SystemExit, match="No such file"):
        smart_client.main(["attach", "PC1234567897", "--file", "missing.pdf", *common])
