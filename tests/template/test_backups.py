"""Backups of what holds data: locked, and copied where a disaster does not reach."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from cfnlint import api  # type: ignore[import-untyped]

from infra.app import make_app
from infra.config import ROOT, BackupConfig
from infra.constructs import backups
from infra.platforms import Platform
from tests.template import stages
from tests.template.synthesized import Synthesized

VAULT = ROOT / "infra" / "vault.template.json"
DAY_HOURS = 24


def rule_of(prod: Synthesized) -> dict[str, Any]:
    [plan] = prod.properties("AWS::Backup::BackupPlan").values()
    [rule] = plan["BackupPlan"]["BackupPlanRule"]
    found: dict[str, Any] = rule
    return found


def test_every_table_and_bucket_with_data_is_in_the_plan_when_the_stage_has_phi(
    prod: Synthesized,
) -> None:
    [selection] = prod.properties("AWS::Backup::BackupSelection").values()
    selected = {
        name
        for resource in selection["BackupSelection"]["Resources"]
        for name in re.findall(
            r'"([A-Za-z0-9]+)", "Arn"|"Ref": "([A-Za-z0-9]+)"', json.dumps(resource)
        )
    }
    named = {one for pair in selected for one in pair if one and "::" not in one}
    data = prod.templates["precert-prod-data"]["Resources"]
    holding = {
        name
        for name, resource in data.items()
        if resource["Type"] in {"AWS::DynamoDB::Table", "AWS::S3::Bucket"}
        and not name.startswith("TablesLimits")
    }
    assert holding <= named
    assert len(holding) == 7


def test_hours_of_backups_exist_when_a_stage_has_any_interval() -> None:
    """An increment of 24 hours is none that a cron expression accepts."""
    hint = BackupConfig.model_fields["every_hours"].annotation
    found = {every: backups.hours_of(every) for every in get_args(hint)}
    assert found[24] == "0"
    for every, hours in found.items():
        assert len(hours.split(",")) == DAY_HOURS / every
        assert {int(hour) for hour in hours.split(",")} <= set(range(DAY_HOURS))


def test_backups_are_copied_and_locked_when_the_stage_has_phi(prod: Synthesized) -> None:
    rule = rule_of(prod)
    backup = stages.PLAN["backup"]
    copies = {one["DestinationBackupVaultArn"] for one in rule["CopyActions"]}
    assert copies == {backup["second_region_vault"], backup["second_account_vault"]}
    days = backup["retention_days"]
    assert [one["Lifecycle"]["DeleteAfterDays"] for one in rule["CopyActions"]] == [days] * 2
    assert rule["Lifecycle"]["DeleteAfterDays"] == days
    assert (
        rule["ScheduleExpression"] == f"cron(0 {backups.hours_of(backup['every_hours'])} * * ? *)"
    )
    assert DAY_HOURS % backup["every_hours"] == 0
    # With 4 hours, at most about 5 hours are lost with the Region.
    assert (rule["StartWindowMinutes"], rule["CompletionWindowMinutes"]) == (60, 12 * 60)
    [vault] = prod.properties("AWS::Backup::BackupVault").values()
    assert vault["LockConfiguration"] == {"MinRetentionDays": days, "ChangeableForDays": 3}
    assert vault["EncryptionKeyArn"]


def test_administrators_can_delete_backups_when_the_lock_is_in_governance_mode(
    tmp_path: Path,
) -> None:
    app, _ = make_app(stages.dev(backup={"every_hours": 12}), Platform.LOCAL, out=str(tmp_path))
    app.synth()
    found = Synthesized("dev", Platform.LOCAL.value, tmp_path)
    [vault] = found.properties("AWS::Backup::BackupVault").values()
    assert vault["LockConfiguration"] == {"MinRetentionDays": 35}


def test_nothing_is_backed_up_when_the_stage_has_no_section(dev: Synthesized) -> None:
    assert dev.resources("AWS::Backup::BackupPlan") == {}


def test_history_cannot_be_changed_when_the_stage_has_phi(prod: Synthesized) -> None:
    [archive] = [
        one
        for name, one in prod.properties("AWS::S3::Bucket").items()
        if name.startswith("BucketsArchive")
    ]
    retention = archive["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert (archive["ObjectLockEnabled"], retention) == (
        True,
        {"Days": stages.prod().history_lock_days, "Mode": "COMPLIANCE"},
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"second_region_vault": f"arn:aws:backup:{stages.REGION}:1{'0' * 11}:backup-vault:one"},
            "backup.second_region_vault: must be in another region than us-east-1",
        ),
        (
            {"second_account_vault": f"arn:aws:backup:us-west-2:{stages.ACCOUNT}:backup-vault:one"},
            f"backup.second_account_vault: must be in another account than {stages.ACCOUNT}",
        ),
        ({"lock": "governance"}, 'backup.lock: must be "compliance" where retain_data is true'),
        ({"every_hours": 5}, "backup.every_hours: Input should be"),
        ({"retention_days": 3}, "backup.retention_days: Input should be greater"),
        (
            {"second_region_vault": "arn:aws:s3:::bucket"},
            "backup.second_region_vault: String should",
        ),
        ({"second_account_vault": "CHANGE-ME"}, "backup.second_account_vault: replace the place"),
    ],
)
def test_stage_is_refused_when_its_backups_would_be_lost_too(
    changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        stages.prod(backup={**stages.PLAN["backup"], **changed})


def test_second_vault_is_deleted_when_its_first_deployment_fails() -> None:
    """It has a name, with which it could not be created again."""
    resources = json.loads(VAULT.read_text(encoding="utf-8"))["Resources"].values()
    policies = {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in resources}
    assert policies == {("RetainExceptOnCreate", "Retain")}


def test_template_of_the_second_vault_is_valid_when_it_is_linted() -> None:
    assert [str(one) for one in api.lint(VAULT.read_text(encoding="utf-8"))] == []


def test_service_uses_the_restored_tables_when_the_stage_names_them(tmp_path: Path) -> None:
    names = {
        "requests_table": "restored-requests",
        "requests_stream_arn": stages.STREAM,
        "reference_table": "restored-reference",
    }
    app, _ = make_app(stages.dev(restored=names), Platform.LOCAL, out=str(tmp_path))
    app.synth()
    found = Synthesized("dev", Platform.LOCAL.value, tmp_path)
    tables = found.resources("AWS::DynamoDB::Table")
    assert not [one for one in tables if one.startswith(("TablesRequests", "TablesReference"))]
    outputs = found.template["Outputs"]
    assert outputs["RequestsTableName"]["Value"] == "restored-requests"
    assert outputs["ReferenceTableName"]["Value"] == "restored-reference"
    mappings = found.properties("AWS::Lambda::EventSourceMapping").values()
    streams = [one for one in mappings if one["EventSourceArn"] == stages.STREAM]
    assert len(streams) == 2
    variables = [
        one["Environment"]["Variables"]
        for one in found.properties("AWS::Lambda::Function").values()
    ]
    assert {one["REQUESTS_TABLE"] for one in variables if "REQUESTS_TABLE" in one} == {
        "restored-requests"
    }
    allowed = json.dumps([statement for _, statement in found.statements()])
    assert "table/restored-requests/index/dashboard" in allowed
