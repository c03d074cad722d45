"""The commands that check, publish, list and show rule lists."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import boto3
import pytest

from precert.bootstrap import stack_dependencies
from precert.cli import rules
from precert.cli.main import main
from tests.adapters.tables import names
from tests.adapters.wire import Clients
from tests.fakes.samples import DATA

_STACK = """
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: S}
  Bucket: {Type: AWS::S3::Bucket}
Outputs:
  ReferenceTableName: {Value: !Ref Table}
  RuleListsBucketName: {Value: !Ref Bucket}
"""
RULES = (
    "rule_id,code_type,code_from,code_to,requirement,vendor_id,authorization_type,plan_types,"
    "effective_from,effective_to\n"
)
PAYER = f"--payer={DATA / 'payer' / 'payer.json'}"


@pytest.fixture
def stack(clients: Clients, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
    name = names("precert")
    boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=_STACK)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    # A process runs one command; here several share its dependencies.
    monkeypatch.setattr(rules, "stack_dependencies", cache(stack_dependencies))
    return name


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "vendors.csv").write_text(
        "vendor_id,name,services,url,phone,fax,hours,requirements,care_phone,care_fax,care_email\n"
        "RAD,Vendor,Images,https://vendor.example,,,,Diagnosis,,,\n"
    )
    file = tmp_path / "list.csv"
    file.write_text(f"{RULES}R1,CPT,44120,44120,REQUIRED,,INPATIENT,HMO,2026-01-01,\n")
    return file


def test_list_is_published_and_shown_when_the_command_is_run(
    stack: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on = f"--stack={stack}"
    assert main(["rules", "list", on]) == 1
    assert main(["rules", "publish", str(file), on, PAYER, "--version", "first"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[1] == f"{file}: 1 rule, no error, 0 warnings"
    assert printed[2].startswith("first  published ")
    assert printed[2].endswith("for services from 2026-01-01  is now in effect")

    file.write_text(f"{RULES}R2,CPT,44120,44130,DELEGATED_VENDOR,RAD,,,2026-01-01,2026-12-31\n")
    assert main(["rules", "publish", str(file), on, PAYER]) == 0
    capsys.readouterr()
    assert main(["rules", "publish", str(file), on, PAYER]) == 0
    [printed_again] = capsys.readouterr().out.splitlines()
    assert printed_again.endswith("was already in effect")

    assert main(["rules", "list", on]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("first  ")
    assert second.endswith("in effect")

    assert main(["rules", "show", on, PAYER, "--code", "44120"]) == 0
    [_, response] = capsys.readouterr().out.splitlines()
    assert (
        response == "  R2  CPT  44120-44130  DELEGATED_VENDOR  RAD  from 2026-01-01 to 2026-12-31"
    )
    assert main(["rules", "show", on, PAYER, "--code", "44131"]) == 0
    assert "no rule names 44131: unable to determine" in capsys.readouterr().out
    assert main(["rules", "show", on, PAYER, "--code", "4"]) == 1


def test_list_of_a_day_is_shown_when_requested_by_date(
    stack: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["rules", "publish", str(file), f"--stack={stack}", PAYER, "--version", "first"])
    today = datetime.now(UTC).date()
    show = ["rules", "show", f"--stack={stack}", PAYER]
    capsys.readouterr()
    assert main([*show, "--on", (today + timedelta(days=1)).isoformat()]) == 0
    assert capsys.readouterr().out.startswith("first  ")
    assert main([*show, "--on", (today - timedelta(days=2)).isoformat()]) == 1
    assert "no rule list was in effect" in capsys.readouterr().out
    assert main([*show, "--on", "2026-01-01T00:00Z"]) == 1
    with pytest.raises(SystemExit) as error:
        main([*show, "--on", "2026-01-01T00:00"])
    assert error.value.code == 2


def test_every_error_is_printed_when_an_invalid_list_is_published(
    stack: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(
        f"{RULES}R1,CPT,44120,44120,PERHAPS,,,,2026-01-01,\n"
        "R2,CPT,44120,44120,DELEGATED_VENDOR,NONE,,,01/01/2026,\n"
        "R3,CPT,44121,44120,REQUIRED,,,,2026-01-01,\n"
    )
    assert main(["rules", "publish", str(file), f"--stack={stack}", PAYER]) == 1
    form_of_code_to = (
        "code_to must have the form of code_from (length, positions of letters, last letter), "
        "and must not come before it"
    )
    assert capsys.readouterr().out.splitlines() == [
        f"{file}:2: requirement: must be one of REQUIRED, NOT_REQUIRED, DELEGATED_VENDOR",
        f"{file}:3: effective_from: must be a date from 1990-01-01 to 2100-12-31, as in 2026-07-01",
        f"{file}:3: vendor_id: must be the vendor_id of a delegated vendor that is loaded",
        f"{file}:4: {form_of_code_to}",
        f"{file}: 4 errors",
        f"{file}: not published",
    ]
    assert main(["rules", "list", f"--stack={stack}"]) == 1


def test_warnings_are_printed_when_a_list_is_checked(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(
        f"{RULES}R1,CPT,44120,44130,REQUIRED,,,,2026-01-01,\nR2,CPT,44140,44140,REQUIRED,,,,2026-01-01,\n"
    )
    assert main(["rules", "check", str(file), PAYER]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{file}:2: warning: no rule names CPT 44131 to 44139")
    assert last == f"{file}: 2 rules, no error, 1 warning"


def test_errors_of_vendors_are_printed_too_when_their_file_is_invalid(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.with_name("vendors.csv").write_text("vendor_id,name\nRAD,Vendor\n")
    assert main(["rules", "check", str(file), PAYER]) == 1
    assert "vendors.csv:1: services: is missing; add the column" in capsys.readouterr().out


def test_fix_is_printed_when_the_vendor_file_is_missing(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.with_name("vendors.csv").unlink()
    assert main(["rules", "check", str(file), PAYER]) == 2
    printed = capsys.readouterr().err
    assert f"{file.with_name('vendors.csv')} is missing" in printed
    assert "--vendors" in printed


def test_version_is_rejected_when_the_command_names_one_in_use(
    stack: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish = ["rules", "publish", str(file), f"--stack={stack}", PAYER, "--version", "first"]
    assert main(publish) == 0
    file.write_text(file.read_text().replace("HMO", "PPO"))
    assert main(publish) == 1
    assert capsys.readouterr().err.startswith(
        "version: a list with this version was already published"
    )


def test_command_fails_with_one_line_when_it_cannot_start(
    clients: Clients,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["rules", "check", str(file.with_name("absent.csv")), PAYER]) == 2
    assert main(["rules", "list", "--stack", "nowhere"]) == 2
    assert main(["rules", "list"]) == 2
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION")
    assert main(["rules", "list"]) == 2
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == 4
    assert all(line.startswith("precert: ") for line in printed)
