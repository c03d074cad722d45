"""The configuration file of a stage: read whole, and refused with every error by name."""

import copy
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import pytest

from infra import app
from infra.config import (
    REQUIRED_FOR_PHI,
    SHIPPED_FOR_PHI,
    StageConfig,
    StageConfigError,
    parse_stage,
    read_stage,
    stage_file,
)
from tests.template import stages
from tools import deploy


def errors_of(name: str, values: dict[str, Any]) -> list[str]:
    with pytest.raises(StageConfigError) as refused:
        parse_stage(name, values, source="stage.toml")
    return str(refused.value).splitlines()


def documented_keys() -> Iterator[tuple[str, str]]:
    """The keys in the first column of the table in docs/engineer.md, each with its section."""
    page = Path("docs/engineer.md").read_text("utf-8")
    for cell in re.findall(r"^\| ((?:`[^`]+`[, ]*)+)\|", page, re.MULTILINE):
        names = re.findall(r"`([^`]+)`", cell)
        table = names.pop(0).strip("[]") if names[0].startswith("[") else ""
        yield from ((table, name) for name in names or [""])


def test_every_key_is_documented_when_a_stage_can_have_it() -> None:
    documented = set(documented_keys())
    missing = []
    for name, field in StageConfig.model_fields.items():
        kind = field.annotation
        tables = [one for one in (kind, *get_args(kind)) if hasattr(one, "model_fields")]
        if tables and (name, "") not in documented:
            missing += [(name, key) for key in tables[0].model_fields]
        elif not tables and name not in {"name", "vendors"}:
            missing.append(("", name))
    assert [key for key in missing if key not in documented] == []


def test_every_placeholder_is_named_when_production_is_not_configured() -> None:
    with pytest.raises(StageConfigError) as refused:
        read_stage("prod")
    lines = str(refused.value).splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["config/prod.toml", ".".join(path)] for path in REQUIRED_FOR_PHI
    ]
    assert all("replace the placeholder 'CHANGE-ME" in line for line in lines)


def test_production_is_valid_when_its_placeholders_are_replaced() -> None:
    stage = stages.prod()
    assert (stage.name, stage.account) == ("prod", stages.ACCOUNT)
    assert (stage.retain_data, stage.require_mfa, stage.scan_documents) == (True, True, True)
    assert stage.cors_origins == ()


@pytest.mark.parametrize("path", REQUIRED_FOR_PHI | SHIPPED_FOR_PHI, ids=".".join)
def test_value_is_named_when_a_stage_with_phi_lacks_it(path: tuple[str, ...]) -> None:
    values = copy.deepcopy({**stages.values_of("prod"), **stages.PLAN})
    table = values if len(path) == 1 else values[path[0]]
    del table[path[-1]]
    found = errors_of("prod", values)
    meaning = (REQUIRED_FOR_PHI | SHIPPED_FOR_PHI)[path]
    assert f"stage.toml: {'.'.join(path)}: missing: {meaning}" in found


@pytest.mark.parametrize("safeguard", ["require_mfa", "scan_documents"])
def test_safeguard_is_required_when_data_is_retained(safeguard: str) -> None:
    with pytest.raises(
        StageConfigError, match=rf"{safeguard}: must be true where retain_data is true"
    ):
        stages.prod(**{safeguard: False})
    assert getattr(stages.dev(**{safeguard: False}), safeguard) is False


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"alarm_mail": "a@example.org"}, "alarm_mail: Extra inputs"),
        ({"alarm_email": "operators"}, "alarm_email: String should match"),
        ({"account": "1234"}, "account: String should match"),
        ({"account": 123456789012}, "account: Input should be a valid string"),
        ({"region": "Ohio"}, "region: String should match"),
        ({"cors_origins": ["https://a.example/app"]}, "cors_origins.0: String should match"),
        ({"log_retention_days": 8}, "log_retention_days: must be one of 7, 30"),
        ({"log_level": "LOUD"}, "log_level: Input should be"),
        ({"scan_documents": "often"}, "scan_documents: Input should be a valid boolean"),
        ({"requests_per_second": 0}, "requests_per_second: Input should be greater"),
        ({"http_timeout_seconds": 30}, "http_timeout_seconds: Input should be less"),
        ({"vendors": {"EVICORE-RAD": "12"}}, "vendors.EVICORE-RAD: String should match"),
        ({"vendors": ["EVICORE-RAD"]}, "vendors: Input should be a valid dictionary"),
        ({"identity": {"issuer": "http://login.example.org"}}, "identity.issuer: String should"),
        ({"identity": {"issuer": "https://login.example.org"}}, "identity: an OIDC issuer needs"),
        ({"identity": {"email_from": "portal"}}, "identity.email_from: String should match"),
        (
            {
                "identity": {
                    "issuer": "https://login.example.org",
                    "audiences": ["portal"],
                    "email_from": "portal@example.org",
                }
            },
            "identity: partners, email_from, staff_saml_metadata_url and staff_oidc are of the",
        ),
        ({"portal": {"domain": "precert.example.org"}}, "portal: domain and certificate_arn must"),
        ({"portal": {"certificate_arn": stages.CERTIFICATE}}, "portal: domain and certificate_arn"),
        (
            {"portal": {"web_acl_arn": stages.WEB_ACL.replace("us-east-1", "eu-west-1")}},
            "portal.web_acl_arn: must be an ARN in us-east-1",
        ),
        ({"portal": {"web_acl_arn": "portal"}}, "portal.web_acl_arn: String should match"),
        ({"restored": {"requests_table": "restored"}}, "restored: requests_table and requests_st"),
        ({"restored": {"requests_table": "a b"}}, "restored.requests_table: String should"),
        (
            {"restored": {"requests_table": "restored", "requests_stream_arn": stages.STREAM}},
            "restored: requests_stream_arn is not of the table restored",
        ),
        ({"vendors": {"EVICORE-RAD": "CHANGE-ME"}}, "vendors.EVICORE-RAD: replace the placehold"),
        ({"cors_origins": ["https://CHANGE-ME"]}, "cors_origins: replace the placeholder"),
    ],
)
def test_error_is_named_when_a_value_is_not_valid(changed: dict[str, Any], named: str) -> None:
    found = errors_of("dev", {**stages.values_of("dev"), **changed})
    assert any(line.startswith(f"stage.toml: {named}") for line in found), found


def test_all_errors_are_named_when_several_values_are_not_valid() -> None:
    values = stages.values_of("dev") | {"account": "1", "memory_mb": 1, "retain_dat": True}
    del values["require_mfa"]
    named = {line.split(": ")[1] for line in errors_of("dev", values)}
    assert named == {"account", "memory_mb", "retain_dat", "require_mfa"}


def test_known_stages_are_named_when_the_file_is_missing() -> None:
    with pytest.raises(StageConfigError, match=r"config/uat\.toml does not exist; .*: dev, prod"):
        read_stage("uat")


def test_file_is_refused_when_it_is_not_toml(tmp_path: Path) -> None:
    file = tmp_path / "dev.toml"
    for content in (b"retain_data = maybe", b"\xff\xfe"):
        file.write_bytes(content)
        with pytest.raises(StageConfigError, match="not valid TOML"):
            read_stage("dev", file)


def test_another_file_is_read_when_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "pilot.toml"
    file.write_bytes(
        stage_file("dev").read_bytes() + b'\n[vendors]\nEVICORE-RAD = "123456789012"\n'
    )
    assert read_stage("pilot", file).vendors == {"EVICORE-RAD": stages.ACCOUNT}


def test_errors_are_printed_without_traceback_when_production_is_synthesized(
    tmp_path: Path,
) -> None:
    with pytest.raises(SystemExit) as stopped:
        app.main(["--stage", "prod", "--out", str(tmp_path)])
    assert str(stopped.value).startswith("precert: the stage prod is not configured:\nconfig/prod")
    assert list(tmp_path.iterdir()) == []


class Programs:
    """Records the programs that a deployment starts; one of them can fail."""

    def __init__(self, failing: str = "nothing") -> None:
        self.ran: list[str] = []
        self._failing = failing

    def __call__(self, command: Sequence[str]) -> int:
        words = [word for word in command if word not in ("npx", "--no-install", "-m")]
        self.ran.append(next(word for word in words if "/" not in word and word != "cdk"))
        return 3 if self.ran[-1] == self._failing else 0


BEFORE = ["tools.portal_build", "diff", "tools.index_changes"]
ALL = [*BEFORE, "deploy", "tools.portal_publish"]


def test_changes_are_shown_before_and_the_portal_published_after_when_confirmed() -> None:
    programs = Programs()
    assert deploy.deploy(stages.dev(), run=programs, confirmed=lambda: True) == 0
    assert programs.ran == ALL


def test_nothing_is_deployed_when_not_confirmed() -> None:
    programs = Programs()
    assert deploy.deploy(stages.dev(), run=programs, confirmed=lambda: False) == 1
    assert programs.ran == BEFORE


@pytest.mark.parametrize("failing", ALL)
def test_nothing_follows_when_a_program_fails(failing: str) -> None:
    programs = Programs(failing)
    assert deploy.deploy(stages.dev(), run=programs, confirmed=lambda: True) == 3
    assert programs.ran == ALL[: ALL.index(failing) + 1]


@pytest.mark.parametrize(
    ("typed", "confirmed"), [("prod", True), (" prod ", True), ("", False), ("y", False)]
)
def test_name_must_be_typed_when_a_deployment_is_confirmed(
    monkeypatch: pytest.MonkeyPatch, typed: str, confirmed: bool
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: typed)
    assert deploy.confirmed_by_name(stages.prod()) is confirmed


def test_nothing_is_confirmed_when_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert deploy.confirmed_by_name(stages.dev()) is False
    assert "YES=1" in capsys.readouterr().out


def test_nothing_is_run_when_the_configuration_is_not_valid(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(deploy, "_run", pytest.fail)
    assert deploy.main(["--stage", "prod", "--yes"]) == 1
    assert "config/prod.toml: account" in capsys.readouterr().err
