"""Operators' commands with arguments and files that cannot be used: one line, and no traceback."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from precert.cli import main as cli
from precert.cli import migrations, restore, rules
from precert.cli.arguments import date_or_instant, instant
from precert.domain.audit import AuditRecord
from precert.domain.errors import TransientError
from tests.fakes.clock import START


@pytest.mark.parametrize("parse", [instant, date_or_instant, rules.day_or_instant])
@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "2026-02-30T00:00Z", "²026-07-01"]
)
def test_usage_is_shown_when_an_instant_does_not_exist(
    parse: Callable[[str], object], text: str
) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse(text)


def test_instant_is_in_utc_when_it_has_another_offset() -> None:
    assert instant("2026-07-01T09:00-04:00") == datetime(2026, 7, 1, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("deliveries", "redrive", "nonsense"), "argument NAME: must be one of relay, cleanup"),
        (
            ("restore", "rebuild", "--recovery-point", "2026-07-01T09:00Z", "--workers", "0"),
            "--workers",
        ),
        (("audit", "--since", "yesterday"), "--since"),
    ],
)
def test_usage_is_shown_when_a_value_is_not_one_of_the_option(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], shown: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == cli.FAILED
    assert shown in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (None, "No such file or directory"),
        ("region = [", "must be TOML"),
        ("name = 'caf\udce9'", "must be text in UTF-8"),
    ],
)
def test_stage_file_is_named_when_it_cannot_be_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str | None,
    shown: str,
) -> None:
    monkeypatch.setattr(restore, "stack_dependencies", None)
    file = tmp_path / "prod.toml"
    if content is not None:
        file.write_bytes(content.encode(errors="surrogateescape"))
    command = ("restore", "prepare", "--stage-file", str(file), "--requests-table", "restored")
    assert cli.main(command) == cli.FAILED
    error = capsys.readouterr().err
    assert str(file) in error
    assert shown in error


def test_code_of_aws_is_shown_when_a_call_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing permission is not an AWS that does not respond."""

    def denied(_stack: str | None) -> None:
        refusal = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Scan")
        raise TransientError("The table did not respond (ClientError). Try again.") from refusal

    monkeypatch.setattr(migrations, "stack_dependencies", denied)
    assert cli.main(["migrations", "list"]) == cli.FAILED
    assert "did not respond (ClientError). Try again. (AccessDeniedException)" in (
        capsys.readouterr().err
    )


def test_message_is_shown_when_aws_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(_stack: str | None) -> None:
        cause = ReadTimeoutError(endpoint_url="https://dynamodb.example")
        raise TransientError("The table did not respond. Try again.") from cause

    monkeypatch.setattr(migrations, "stack_dependencies", lost)
    assert cli.main(["migrations", "list"]) == cli.FAILED
    assert capsys.readouterr().err == "precert: The table did not respond. Try again.\n"


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied", "report.json")])
def test_file_is_named_when_it_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError
) -> None:
    def fail(_stack: str | None) -> None:
        raise error

    monkeypatch.setattr(migrations, "stack_dependencies", fail)
    assert cli.main(["migrations", "list"]) == cli.FAILED
    assert capsys.readouterr().err == "precert: report.json: Permission denied\n"


def test_field_is_named_when_an_argument_cannot_be_recorded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_stack: str | None) -> None:
        AuditRecord.model_validate({"access_id": "", "at": START, "operation": "command:x"})

    monkeypatch.setattr(migrations, "stack_dependencies", fail)
    assert cli.main(["migrations", "list"]) == cli.REFUSED
    assert capsys.readouterr().err.startswith("precert: access_id: ")
