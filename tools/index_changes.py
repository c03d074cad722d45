"""Print the index changes of a release. DynamoDB accepts one index change per table update.

``python -m tools.index_changes --stage dev`` compares the synthesized template with the deployed one.
It fails if more than one index of a table is added or removed, or an index is changed: CloudFormation
would otherwise fail after updating other resources.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.config import ROOT, StageConfigError, read_stage

ASSEMBLY: Final = ROOT / "build" / "aws" / "cdk.out"
TABLE: Final = "AWS::DynamoDB::Table"

Template = Mapping[str, Any]


class IndexChange(NamedTuple):
    """An index of a table that a release adds, removes or changes."""

    table: str
    name: str
    how: str

    def __str__(self) -> str:
        return f"{self.table}: index {self.name} is {self.how}"


def index_changes(deployed: Template, released: Template) -> list[IndexChange]:
    """Return the index changes of the tables that are in both templates.

    A new table is created with all its indexes at once. A changed key or projection would be a removal
    and an addition under the same name, which DynamoDB refuses: such an index needs a new name.
    """
    before, after = _indexes(deployed), _indexes(released)
    return sorted(
        change
        for table in before.keys() & after.keys()
        for change in _changes(table, before[table], after[table])
    )


def _indexes(template: Template) -> dict[str, dict[str, Any]]:
    return {
        name: {
            index["IndexName"]: index
            for index in resource.get("Properties", {}).get("GlobalSecondaryIndexes", ())
        }
        for name, resource in template.get("Resources", {}).items()
        if resource["Type"] == TABLE
    }


def _changes(
    table: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[IndexChange]:
    for name in before.keys() | after.keys():
        if name not in before:
            yield IndexChange(table, name, "added")
        elif name not in after:
            yield IndexChange(table, name, "removed")
        elif before[name] != after[name]:
            yield IndexChange(table, name, "changed")


def refusals(changes: Sequence[IndexChange]) -> list[str]:
    """Return the reasons why the changes cannot be released together; empty if they can."""
    reasons = [
        f"{one}: DynamoDB cannot change an index; add one with another name, and remove this one in a "
        "later release"
        for one in changes
        if one.how == "changed"
    ]
    for table in sorted({one.table for one in changes}):
        of_table = [one for one in changes if one.table == table]
        if len(of_table) > 1:
            named = ", ".join(f"{one.name} ({one.how})" for one in of_table)
            reasons.append(f"{table}: a release can change one index, not {len(of_table)}: {named}")
    return reasons


def _deployed(client: Any, stack: str) -> Template:
    """The template of the deployed stack; empty if the stack does not exist."""
    try:
        body = client.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return {}
        raise
    template: Template = json.loads(body) if isinstance(body, str) else body
    return template


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the index changes of a release; return 1 if they cannot be released together."""
    parser = argparse.ArgumentParser(description="Print the index changes of a release.")
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--assembly", type=Path, default=ASSEMBLY)
    args = parser.parse_args(arguments)
    stack = f"precert-{args.stage}-data"
    try:
        stage = read_stage(args.stage)
        released = json.loads((args.assembly / f"{stack}.template.json").read_text("utf-8"))
        client = boto3.client("cloudformation", region_name=stage.region)
        changes = index_changes(_deployed(client, stack), released)
    except (OSError, StageConfigError, BotoCoreError, ClientError) as error:
        print(f"precert: the indexes could not be compared: {error}", file=sys.stderr)
        return 1
    for change in changes:
        print(change)
    for reason in refusals(changes):
        print(f"precert: {reason}", file=sys.stderr)
    return 1 if refusals(changes) else 0


if __name__ == "__main__":
    sys.exit(main())
