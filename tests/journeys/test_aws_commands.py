"""Commands of AWS's command line that only read find what the runbook says, on the local cloud."""

from collections.abc import Mapping
from typing import Any, Final

import jmespath  # type: ignore[import-untyped]

from local.cloud.process import ROOT
from local.deployment import Deployment
from tests.architecture.aws_commands import AwsCommand, call_of, commands_of
from tests.journeys.portal import Portal

RUNBOOK: Final = commands_of((ROOT / "docs" / "operations.md").read_text("utf-8"))
READING: Final = frozenset(
    {
        *("describe-stacks", "list-stack-resources", "describe-alarms", "list-rules"),
        *("list-executions", "receive-message", "describe-key", "list-functions"),
    }
)
"""Operations that the emulator has; none of them changes anything."""
EMPTY: Final = frozenset({"describe-alarms", "list-executions", "receive-message"})
"""What finds nothing where nothing has failed."""


def found(deployment: Deployment, command: AwsCommand, values: Mapping[str, str]) -> Any:
    """What the command prints."""
    call = call_of(command, values)
    client = deployment.cloud.client(call.service)
    if client.can_paginate(call.operation):
        pages = client.get_paginator(call.operation).paginate(**call.parameters)
        response = pages.build_full_result()
    else:
        response = getattr(client, call.operation)(**call.parameters)
    return jmespath.search(call.query, response) if call.query else response


def test_runbook_finds_what_it_names_when_its_commands_are_run(deployment: Deployment) -> None:
    """In the order of the page; what one command prints is entered in the next ones."""
    Portal.at(deployment).submitted()
    values = {"MACHINE": deployment.outputs["StateMachineArn"]}
    printed = {}
    for command in RUNBOOK:
        name = command.words[1]
        if name not in READING or not command.is_complete:
            continue
        words = tuple(word.replace("precert-prod", "precert-dev") for word in command.words)
        result = found(deployment, AwsCommand(words, is_complete=True), values)
        query = " ".join(command.words)
        assert result or name in EMPTY, query
        printed[query] = result
        if "AWS::SQS::Queue" in query:
            [values["QUEUE_URL"]] = result
        if "AWS::KMS::Key" in query:
            values["KEY"] = result[0][1]
    assert len(printed) >= len(READING)
    [function] = [one for query, one in printed.items() if "list-functions" in query]
    assert len(function) == 1
