"""What commands on the pages name is in the templates of the stage ``prod``."""

import re
from collections.abc import Iterator
from typing import Final

from tests.architecture.aws_commands import AwsCommand, commands_of, split_options
from tests.architecture.source import ROOT
from tests.template.synthesized import Synthesized

FROM_PAGES: Final = [
    command
    for name in ("operations", "disaster-recovery", "go-live")
    for command in commands_of((ROOT / "docs" / f"{name}.md").read_text("utf-8"))
]
VAULTS: Final = {"precert-vault"}
"""The stack of another Region and account, from a template of its own."""
EQUALS: Final = re.compile(r"(\w+)==\s*'([^']+)'")


def options_of(command: AwsCommand) -> Iterator[tuple[str, str]]:
    for name, values in split_options(command.words[2:])[1].items():
        yield name, " ".join(values)


def test_stack_exists_when_a_command_names_it(prod: Synthesized) -> None:
    named = {
        value
        for command in FROM_PAGES
        for name, value in options_of(command)
        if name == "--stack-name"
    }
    assert len(named) >= 3
    assert named - VAULTS <= set(prod.stacks)


def test_names_exist_when_a_query_selects_by_them(prod: Synthesized) -> None:
    """Outputs and types of resources, each in the stack that the command reads."""
    selected = []
    for command in FROM_PAGES:
        options = dict(options_of(command))
        if "--stack-name" not in options or options["--stack-name"] in VAULTS:
            continue
        template = prod.templates[options["--stack-name"]]
        known = {
            "OutputKey": set(template.get("Outputs", {})),
            "ResourceType": {one["Type"] for one in template["Resources"].values()},
        }
        for name, value in EQUALS.findall(options.get("--query", "")):
            assert value in known[name], str(command)
            selected.append(value)
    assert len(selected) >= 4


def test_function_is_found_when_a_command_selects_it_by_its_description(prod: Synthesized) -> None:
    queries = " ".join(value for one in FROM_PAGES for _, value in options_of(one))
    beginnings = re.findall(r"starts_with\(Description, '([^']+)'\)", queries)
    assert beginnings
    descriptions = [one["Description"] for one in prod.properties("AWS::Lambda::Function").values()]
    for beginning in beginnings:
        assert len([one for one in descriptions if one.startswith(beginning)]) == 1, beginning


def test_alarms_are_found_when_a_command_selects_them_by_their_prefix(prod: Synthesized) -> None:
    """CloudFormation names an alarm by its stack and its logical id."""
    [prefix] = [
        value
        for one in FROM_PAGES
        for name, value in options_of(one)
        if name == "--alarm-name-prefix"
    ]
    for name, template in prod.templates.items():
        alarms = [
            one for one in template["Resources"].values() if one["Type"] == "AWS::CloudWatch::Alarm"
        ]
        assert f"{name}-".startswith(prefix) or not alarms
        assert not any("AlarmName" in one["Properties"] for one in alarms)


def test_name_is_not_stated_when_cloudformation_chooses_it(prod: Synthesized) -> None:
    """Commands on tables have names that the reader enters, and those of restored tables."""
    for one in prod.properties("AWS::DynamoDB::Table").values():
        assert "TableName" not in one
    tables = [
        value
        for command in FROM_PAGES
        for name, value in options_of(command)
        if name in {"--table-name", "--source-table-name"}
    ]
    assert set(tables) == {"TABLE", "precert-prod-requests-2"}


def test_alias_exists_when_a_command_invokes_it(prod: Synthesized) -> None:
    named = {
        value for one in FROM_PAGES for name, value in options_of(one) if name == "--qualifier"
    }
    aliases = {one["Name"] for one in prod.properties("AWS::Lambda::Alias").values()}
    assert named == aliases
