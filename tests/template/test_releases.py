"""Releases by version: what moves gradually, what rolls it back, and what waiting executions keep."""

from infra import catalog
from tests.template.synthesized import Synthesized, state_machine

GROUP = "AWS::CodeDeploy::DeploymentGroup"


def test_executions_keep_their_definition_when_a_release_changes_it(stack: Synthesized) -> None:
    """The alias starts executions of a version, which is immutable and remains."""
    machine = state_machine(stack, "STANDARD")
    [(name, version)] = stack.resources("AWS::StepFunctions::StateMachineVersion").items()
    assert version["UpdateReplacePolicy"] == "Retain"
    assert version["Properties"]["StateMachineRevisionId"] == {
        "Fn::GetAtt": [machine, "StateMachineRevisionId"]
    }
    [alias] = stack.properties("AWS::StepFunctions::StateMachineAlias").values()
    routed = alias.get("DeploymentPreference") or alias["RoutingConfiguration"][0]
    assert routed["StateMachineVersionArn"] == {"Fn::GetAtt": [name, "Arn"]}


def test_executions_are_started_by_the_alias_when_a_function_starts_them(
    stack: Synthesized,
) -> None:
    [alias] = stack.resources("AWS::StepFunctions::StateMachineAlias")
    variables = [
        one["Environment"]["Variables"]["STATE_MACHINE_ARN"]
        for one in stack.properties("AWS::Lambda::Function").values()
        if "STATE_MACHINE_ARN" in one["Environment"]["Variables"]
    ]
    assert variables == [{"Fn::GetAtt": [alias, "Arn"]}] * len(variables)
    assert len(variables) >= 4


def test_release_is_gradual_when_people_wait_for_the_function(prod: Synthesized) -> None:
    groups = prod.properties(GROUP).values()
    moved = {
        policy["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"]
        if isinstance(policy["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"], dict)
        else ""
        for policy in prod.resources("AWS::Lambda::Alias").values()
        if "UpdatePolicy" in policy
    }
    served = [spec for spec in catalog.ALL if spec.serves_http and spec is not catalog.OPERATIONS]
    assert len(groups) == len(moved) == len(served)
    for group in groups:
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
        assert len(group["AlarmConfiguration"]["Alarms"]) == 2
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    [alias] = prod.properties("AWS::StepFunctions::StateMachineAlias").values()
    preference = alias["DeploymentPreference"]
    assert (preference["Type"], preference["Percentage"]) == ("CANARY", 10)
    assert preference["Interval"] == 10
    assert len(preference["Alarms"]) == 1


def test_release_is_complete_at_once_when_the_stage_has_no_canary(dev: Synthesized) -> None:
    assert dev.resources(GROUP) == {}
    assert not any("UpdatePolicy" in one for one in dev.resources("AWS::Lambda::Alias").values())
