"""Rules for Lambda functions."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from infra import catalog, dependencies, packaging
from infra.app import make_app
from infra.catalog import CHECK, CONFIRMATION
from infra.packaging import Packages
from infra.platforms import Platform
from precert.adapters.inspection.content_types import Limits
from precert.names import Env
from tests.template import stages
from tests.template.synthesized import Synthesized

FUNCTION: Final = "AWS::Lambda::Function"


def test_every_function_exists_when_the_catalog_lists_it(stack: Synthesized) -> None:
    found = sorted(f["Handler"] for f in stack.properties(FUNCTION).values())
    assert found == sorted(spec.handler for spec in catalog.ALL)


def test_function_has_its_own_role_and_log_when_it_is_deployed(stack: Synthesized) -> None:
    functions = stack.properties(FUNCTION).values()
    roles = [f["Role"]["Fn::GetAtt"][0] for f in functions]
    logs = [f["LoggingConfig"]["LogGroup"]["Ref"] for f in functions]
    assert len(set(roles)) == len(set(logs)) == len(functions)
    groups = stack.properties("AWS::Logs::LogGroup")
    assert all(groups[log]["RetentionInDays"] > 0 for log in logs)


def test_function_logs_json_and_sends_no_traces_when_it_runs(stack: Synthesized) -> None:
    for function in stack.properties(FUNCTION).values():
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        # A trace costs as much as 25 invocations, and the functions record no call in one.
        assert "TracingConfig" not in function
        assert function["Runtime"] == "python3.13"
        assert "ReservedConcurrentExecutions" not in function


def test_functions_that_callers_wait_for_use_snapstart_when_deployed(
    stack: Synthesized,
) -> None:
    serves = {spec.handler: spec.has_snapshot for spec in catalog.ALL}
    functions = stack.properties(FUNCTION)
    with_snapshot = {"ApplyOn": "PublishedVersions"}
    snapshots = {name for name, one in functions.items() if one.get("SnapStart") == with_snapshot}
    assert snapshots == {name for name, one in functions.items() if serves[one["Handler"]]}
    versions = stack.properties("AWS::Lambda::Version")
    aliases = stack.properties("AWS::Lambda::Alias").values()
    assert {alias["Name"] for alias in aliases} == {"live"}
    assert {alias["FunctionName"]["Ref"] for alias in aliases} == set(functions)
    for alias in aliases:
        version, attribute = alias["FunctionVersion"]["Fn::GetAtt"]
        assert attribute == "Version"
        assert versions[version]["FunctionName"] == alias["FunctionName"]


@pytest.mark.rule("U7")
def test_functions_that_inspect_have_more_memory_than_a_decoder_when_deployed(
    stack: Synthesized,
) -> None:
    inspects = {spec.handler for spec in catalog.ALL if spec.inspects}
    inspecting = [f for f in stack.properties(FUNCTION).values() if f["Handler"] in inspects]
    assert len(inspecting) == len(inspects)
    for function in inspecting:
        assert function["MemorySize"] << 20 > Limits().memory + (256 << 20)
        assert function["Timeout"] > Limits().seconds + 10


def test_api_invokes_the_alias_only_when_it_is_deployed(stack: Synthesized) -> None:
    """Nothing else is invoked: neither by the API, nor by queues, streams, schedules or executions."""
    handlers = {spec.handler for spec in catalog.ALL if spec.serves_http}
    functions = stack.properties(FUNCTION)
    found = stack.properties("AWS::Lambda::Alias").items()
    aliases = {
        json.dumps({"Ref": name})
        for name, alias in found
        if functions[alias["FunctionName"]["Ref"]]["Handler"] in handlers
    }
    every = {name for name, _ in found}
    mappings = stack.properties("AWS::Lambda::EventSourceMapping").values()
    assert {one["FunctionName"]["Ref"] for one in mappings} <= every
    for machine in stack.properties("AWS::StepFunctions::StateMachine").values():
        assert machine["DefinitionSubstitutions"]["WorkflowFunctionArn"]["Ref"] in every
    integrations = stack.properties("AWS::ApiGatewayV2::Integration").values()
    assert {json.dumps(one["IntegrationUri"]) for one in integrations} == aliases
    permissions = stack.properties("AWS::Lambda::Permission").values()
    permitted = {
        json.dumps(one["FunctionName"])
        for one in permissions
        if one["Principal"] == "apigateway.amazonaws.com"
    }
    assert permitted == aliases


def test_new_version_is_published_when_a_layer_or_the_code_changes(
    dev: Synthesized, tmp_path: Path
) -> None:
    built = packaging.build(Platform.LOCAL)
    other = replace(built.core, content_hash="0" * 64)
    layer = replace(built, core=other)
    code = replace(built, functions={**built.functions, "check": other})
    before = set(dev.properties("AWS::Lambda::Version"))
    with_layer, with_code = (
        versions_of(packages, tmp_path / name)
        for name, packages in (("layer", layer), ("code", code))
    )
    assert len(before) == len(with_layer - before) == len(catalog.ALL)
    assert len(with_code - before) == len([CHECK, CONFIRMATION])


def versions_of(packages: Packages, out: Path) -> set[str]:
    """The logical ids of the versions; CloudFormation publishes when the id changes."""
    app, stacks = make_app(stages.dev(), Platform.LOCAL, out=str(out), packages=packages)
    app.synth()
    template = json.loads(
        (out / f"{stacks.service.artifact_id}.template.json").read_text(encoding="utf-8")
    )
    return {
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Version"
    }


def test_function_reads_only_its_variables_when_it_is_configured(stack: Synthesized) -> None:
    of_handler = {f["Handler"]: f for f in stack.properties(FUNCTION).values()}
    powertools = {"SERVICE_NAME", "METRICS_NAMESPACE", "LOG_LEVEL"}
    shared = {"STAGE", "AWS_CA_BUNDLE", *(f"POWERTOOLS_{name}" for name in powertools)}
    for spec in catalog.ALL:
        variables = of_handler[spec.handler]["Environment"]["Variables"]
        assert set(variables) == shared | set(spec.environment)
        assert variables["AWS_CA_BUNDLE"] == f"/opt/python/{dependencies.BUNDLE}"
        assert variables["POWERTOOLS_SERVICE_NAME"] == "precert"
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "precert"


def test_every_variable_is_set_when_the_shared_names_list_it() -> None:
    configured = {name for spec in catalog.ALL for name in spec.environment}
    of_commands = {Env.USER_POOL_ID}
    assert configured | {Env.STAGE} | of_commands == set(Env)


def test_function_has_the_layers_it_needs_when_it_is_deployed(stack: Synthesized) -> None:
    layers = {json.dumps({"Ref": name}) for name in stack.resources("AWS::Lambda::LayerVersion")}
    [printing] = (layer for layer in layers if "Printing" in layer)
    [inspecting] = (layer for layer in layers if "Inspecting" in layer)
    [signing] = (layer for layer in layers if "Signing" in layer)
    specs = {spec.handler: spec for spec in catalog.ALL}
    for function in stack.properties(FUNCTION).values():
        own = {json.dumps(layer) for layer in function["Layers"]}
        assert own >= layers - {printing, inspecting, signing}
        assert (signing in own) == specs[function["Handler"]].verifies
        assert (printing in own) == specs[function["Handler"]].prints
        assert (inspecting in own) == specs[function["Handler"]].inspects


def test_no_custom_resource_exists_when_the_stack_is_deployed(stack: Synthesized) -> None:
    kinds = {resource["Type"] for resource in stack.template["Resources"].values()}
    assert [kind for kind in kinds if "Custom" in kind] == []


def test_function_has_the_time_and_memory_of_the_stage_when_it_is_deployed(
    prod: Synthesized,
) -> None:
    """API Gateway waits for 29 seconds; six times the time of a queue's function hides its messages."""
    stage = stages.prod()
    specs = {spec.handler: spec for spec in catalog.ALL}
    for name, function in prod.properties("AWS::Lambda::Function").items():
        spec = specs[function["Handler"]]
        seconds = stage.http_timeout_seconds if spec.serves_http else stage.event_timeout_seconds
        assert function["Timeout"] == seconds, name
        assert function["MemorySize"] >= stage.memory_mb, name


def test_logs_are_retained_for_a_year_without_details_when_in_production(
    prod: Synthesized,
) -> None:
    groups = prod.properties("AWS::Logs::LogGroup")
    assert {one["RetentionInDays"] for one in groups.values()} == {365}
    levels = {
        function["LoggingConfig"]["ApplicationLogLevel"]
        for function in prod.properties("AWS::Lambda::Function").values()
    }
    assert levels == {"INFO"}


def test_log_has_the_key_of_operations_when_it_is_of_the_service(stack: Synthesized) -> None:
    """AWS WAF's log, without health data, is in us-east-1, where the key is not."""
    for name, group in stack.properties("AWS::Logs::LogGroup").items():
        if not name.startswith("Refused"):
            assert "EncryptionOperationsKey" in str(group["KmsKeyId"]), name


ENVIRONMENT_BYTES: Final = 4096
"""Lambda's limit of the names and values of a function's variables together."""
LONGEST_STACK: Final = "precert-" + "s" * 16
_SECRET: Final = re.compile(r"\{\{resolve:secretsmanager:[^}]*\}\}")
_LONGEST: Final = {
    "AWS::Region": len("ap-southeast-1"),
    "AWS::AccountId": 12,
    "AWS::Partition": len("aws-us-gov"),
    "AWS::URLSuffix": len("amazonaws.com"),
}
_LONGEST_NAME: Final = {
    "AWS::Lambda::Function": 64,
    "AWS::S3::Bucket": 63,
    "AWS::SQS::Queue": 80,
}


def longest(value: Any, resources: dict[str, Any]) -> int:
    """The length of a value if CloudFormation assigns the longest names."""
    if isinstance(value, str):
        # The secrets have 48 characters; another one is accepted while it is replaced.
        return len(_SECRET.sub("s" * 49 + "s" * 48, value))
    [(function, of)] = value.items()
    if function == "Fn::Join":
        return sum(longest(one, resources) for one in of[1]) + len(of[0]) * (len(of[1]) - 1)
    if function == "Ref" and of in _LONGEST:
        return _LONGEST[of]
    logical_id = of if function == "Ref" else of[0]
    kind = resources[logical_id]["Type"]
    assigned = len(f"{LONGEST_STACK}-{logical_id}-") + 13
    name = min(assigned, _LONGEST_NAME.get(kind, assigned))
    if kind == "AWS::Lambda::Alias":
        name = _LONGEST_NAME["AWS::Lambda::Function"] + len(":live")
    is_name = function == "Fn::GetAtt" and of[1].endswith("Name")
    is_plain = function == "Ref" and kind not in {"AWS::SQS::Queue", "AWS::Lambda::Alias"}
    # An ARN, or the URL of a queue.
    return (
        name if is_name or is_plain else name + len("arn:aws-us-gov:lambda:ap-southeast-1::") + 22
    )


def test_variables_are_within_the_limit_when_all_names_are_the_longest(prod: Synthesized) -> None:
    """Lambda refuses a function with more, and with it the whole deployment."""
    resources = prod.template["Resources"]
    sizes = {
        name: sum(len(key) + longest(value, resources) for key, value in variables.items())
        for name, function in prod.properties("AWS::Lambda::Function").items()
        if (variables := function.get("Environment", {}).get("Variables"))
    }
    assert {name: size for name, size in sizes.items() if size > ENVIRONMENT_BYTES} == {}
    assert max(sizes.values()) > ENVIRONMENT_BYTES / 2, "the addresses of all queues are counted"
