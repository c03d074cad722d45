"""A release changes one index of a table at most, because DynamoDB accepts no more in an update."""

import json
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws

from tests.template import stages
from tests.template.synthesized import Synthesized
from tools import index_changes
from tools.index_changes import IndexChange

TABLE: Final = "TablesRequests"


def template(**indexes: str) -> dict[str, Any]:
    """A table with indexes, each with the name of its sort key."""
    found = [
        {"IndexName": name, "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}]}
        for name, key in indexes.items()
    ]
    properties = {"GlobalSecondaryIndexes": found} if found else {}
    return {
        "Resources": {
            TABLE: {"Type": index_changes.TABLE, "Properties": properties},
            "Key": {"Type": "AWS::KMS::Key"},
        }
    }


@pytest.mark.parametrize(
    ("before", "after", "changes", "refused"),
    [
        ({"a": "x"}, {"a": "x"}, [], 0),
        ({"a": "x"}, {"a": "x", "b": "y"}, ["added"], 0),
        ({"a": "x", "b": "y"}, {"a": "x"}, ["removed"], 0),
        ({"a": "x"}, {"b": "x"}, ["removed", "added"], 1),
        ({"a": "x"}, {"a": "x", "b": "y", "c": "z"}, ["added", "added"], 1),
        ({"a": "x"}, {"a": "y"}, ["changed"], 1),
        ({"a": "x"}, {"a": "y", "b": "z"}, ["changed", "added"], 2),
    ],
)
def test_release_is_refused_when_a_table_has_two_index_changes(
    before: dict[str, str], after: dict[str, str], changes: list[str], refused: int
) -> None:
    found = index_changes.index_changes(template(**before), template(**after))
    assert sorted(one.how for one in found) == sorted(changes)
    assert {one.table for one in found} <= {TABLE}
    reasons = index_changes.refusals(found)
    assert len(reasons) == refused
    assert all(TABLE in reason for reason in reasons)


def test_indexes_are_created_with_their_table_when_it_is_new(prod: Synthesized) -> None:
    assert index_changes.index_changes({}, prod.template) == []


def test_changes_of_several_tables_are_released_when_each_has_one() -> None:
    changes = [IndexChange("A", "x", "added"), IndexChange("B", "y", "removed")]
    assert index_changes.refusals(changes) == []


@mock_aws
def test_deployment_is_refused_when_the_deployed_table_has_fewer_indexes(
    prod: Synthesized,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two indexes of the template are absent from the deployed table, then one, then none."""
    monkeypatch.setattr(index_changes, "read_stage", lambda _: stages.prod())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    released = json.loads(prod.texts["precert-prod-data"])
    (tmp_path / "precert-prod-data.template.json").write_text(json.dumps(released))
    run = ["--stage", "prod", "--assembly", str(tmp_path)]
    client = boto3.client("cloudformation", region_name=stages.REGION)
    assert index_changes.main(run) == 0
    [(name, table)] = [
        one
        for one in released["Resources"].items()
        if "GlobalSecondaryIndexes" in one[1].get("Properties", {})
    ]
    indexes = table["Properties"]["GlobalSecondaryIndexes"]
    for missing, status in ((2, 1), (1, 0), (0, 0)):
        table["Properties"]["GlobalSecondaryIndexes"] = indexes[missing:]
        used = {one["AttributeName"] for index in indexes[missing:] for one in index["KeySchema"]}
        keys = {one["AttributeName"] for one in table["Properties"]["KeySchema"]}
        attributes = [
            one
            for one in table["Properties"]["AttributeDefinitions"]
            if one["AttributeName"] in used | keys
        ]
        properties = {
            "KeySchema": table["Properties"]["KeySchema"],
            "AttributeDefinitions": attributes,
            "GlobalSecondaryIndexes": indexes[missing:],
            "BillingMode": "PAY_PER_REQUEST",
        }
        body = {"Resources": {name: {"Type": index_changes.TABLE, "Properties": properties}}}
        client.create_stack(StackName="precert-prod-data", TemplateBody=json.dumps(body))
        assert index_changes.main(run) == status
        printed = capsys.readouterr()
        assert printed.out.count(" is added") == missing
        assert ("a release can change one index, not 2" in printed.err) is (missing == 2)
        client.delete_stack(StackName="precert-prod-data")
