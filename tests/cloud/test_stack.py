"""The template's settings take effect: properties, resource types, updates."""

import json
from pathlib import Path

import pytest

from local.cloud.deploy import deploy
from local.cloud.errors import LocalCloudError
from tests.cloud import trial
from tests.cloud.deployment import Deployment, call
from tests.cloud.trial import resources


def preflight(deployment: Deployment, origin: str) -> tuple[int, str | None, str | None]:
    answer = call(
        deployment.cloud.api_url(deployment.out["Api"]) + "/echo/7",
        "OPTIONS",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    headers = answer.headers
    return (
        answer.status,
        headers["Access-Control-Allow-Origin"],
        headers["Access-Control-Allow-Headers"],
    )


def test_a_preflight_is_answered_when_patched(deployment: Deployment) -> None:
    assert preflight(deployment, resources.ORIGIN) == (
        204,
        resources.ORIGIN,
        "authorization,content-type",
    )
    assert preflight(deployment, "https://elsewhere.example")[1] is None


def test_every_preflight_is_rejected_when_unpatched(unpatched: Deployment) -> None:
    assert preflight(unpatched, resources.ORIGIN)[0] == 403


def test_an_api_has_an_endpoint_that_resolves_when_patched(deployment: Deployment) -> None:
    answer = call(deployment.out["ApiEndpoint"] + "/echo/7")
    assert answer.status == 401


def test_the_endpoint_of_an_api_does_not_resolve_when_unpatched(unpatched: Deployment) -> None:
    assert ".execute-api." in unpatched.out["ApiEndpoint"]


def dead_letter_target(deployment: Deployment) -> str | None:
    config = deployment.cloud.client("lambda").get_function_configuration(
        FunctionName=deployment.out["OnEvent"]
    )
    target: str | None = config.get("DeadLetterConfig", {}).get("TargetArn")
    return target


def test_a_functions_dead_letter_queue_is_configured_when_patched(deployment: Deployment) -> None:
    assert "DeadLetters" in str(dead_letter_target(deployment))


def test_a_functions_dead_letter_queue_is_dropped_when_unpatched(unpatched: Deployment) -> None:
    assert dead_letter_target(unpatched) is None


def table_settings(deployment: Deployment) -> tuple[str, str, str | None]:
    client, name = deployment.cloud.client("dynamodb"), deployment.out["Requests"]
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    table = client.describe_table(TableName=name)["Table"]
    return (
        expiry["TimeToLiveStatus"],
        backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
        table.get("SSEDescription", {}).get("Status"),
    )


def test_a_tables_settings_are_configured_when_patched(deployment: Deployment) -> None:
    assert table_settings(deployment) == ("ENABLED", "ENABLED", "ENABLED")


def test_a_tables_settings_are_dropped_when_unpatched(unpatched: Deployment) -> None:
    assert table_settings(unpatched) == ("DISABLED", "DISABLED", None)


def test_an_archive_stores_published_events_when_patched(deployment: Deployment) -> None:
    events = deployment.cloud.client("events")
    events.put_events(
        Entries=[
            {
                "EventBusName": deployment.out["Bus"],
                "Source": "trial",
                "DetailType": "Archived",
                "Detail": "{}",
            }
        ]
    )
    archives = [a for a in events.list_archives()["Archives"] if "trial-bus" in a["EventSourceArn"]]
    assert events.describe_archive(ArchiveName=archives[0]["ArchiveName"])["EventCount"] >= 1


@pytest.mark.parametrize(
    "resource",
    [
        resources.resource("Events::Archive", SourceArn="arn:aws:events:us-east-1:1:event-bus/x"),
        resources.watching(metric_math=True)["Math"],
        resources.resource("CloudWatch::CompositeAlarm", AlarmRule="TRUE"),
        resources.resource("StepFunctions::StateMachineVersion", StateMachineArn="x"),
        resources.resource("StepFunctions::StateMachineAlias", Name="x"),
        resources.resource("Logs::DeliverySource", Name="x"),
        resources.resource("Logs::DeliveryDestination", Name="x"),
        resources.resource("Logs::Delivery", DeliverySourceName="x", DeliveryDestinationArn="x"),
    ],
)
def test_some_resource_types_are_rejected_when_unpatched(
    unpatched: Deployment, tmp_path: Path, resource: dict[str, object]
) -> None:
    with pytest.raises(
        LocalCloudError, match=r"Unrecognized resource types|metric math.* not supported"
    ):
        deploy(unpatched.cloud, one(tmp_path, resource))


def one(folder: Path, resource: dict[str, object]) -> Path:
    """An assembly with this resource only."""
    return trial.assembly(folder, "Single", {"Resources": {"Only": resource}}, {})


def test_a_failed_deploy_names_the_resource_and_can_be_repeated_when_patched(
    deployment: Deployment, tmp_path: Path
) -> None:
    wrong = resources.resource(
        "Lambda::EventInvokeConfig", FunctionName="unknown", Qualifier="$LATEST"
    )
    for _ in range(2):
        with pytest.raises(LocalCloudError, match=r"Only \(AWS::Lambda::EventInvokeConfig\)"):
            deploy(deployment.cloud, one(tmp_path, wrong))
    deploy(deployment.cloud, one(tmp_path, resources.resource("SQS::Queue")))


def test_nothing_is_deployed_when_nothing_changed_and_new_code_is_deployed(
    deployment: Deployment, tmp_path: Path
) -> None:
    token = deployment.sign_in()["IdToken"]
    printed: list[str] = []
    same = trial.write(tmp_path / "same")
    assert deploy(deployment.cloud, same, progress=printed.append) == deployment.out
    assert printed == ["nothing has changed"]
    assert deployment.echo(token).body["version"] == "one"
    newer = trial.write(tmp_path / "newer", version="two")
    assert deploy(deployment.cloud, newer) == deployment.out
    assert deployment.echo(token).body["version"] == "two"
    assert preflight(deployment, resources.ORIGIN)[0] == 204


def test_the_template_may_exceed_the_inline_limit_when_patched(
    deployment: Deployment, tmp_path: Path
) -> None:
    template = {
        "Resources": {"Only": resources.resource("SQS::Queue")},
        "Mappings": {f"M{n}": {"a": {"b": "x" * 1000}} for n in range(60)},
    }
    assert len(json.dumps(template)) > 51_200
    deploy(deployment.cloud, trial.assembly(tmp_path, "Single", template, {}))


def test_a_stack_reads_the_outputs_of_another_when_both_are_deployed(
    deployment: Deployment, tmp_path: Path
) -> None:
    """The manifest lists the second stack first; its dependencies determine the order."""
    producer = {
        "Resources": {"Only": resources.resource("SQS::Queue")},
        "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Only", "QueueName"]}}},
    }
    read = {"Fn::GetStackOutput": {"StackName": "Producer", "OutputName": "Name"}}
    consumer = {
        "Resources": {"Copy": resources.resource("SSM::Parameter", Type="String", Value=read)},
        "Outputs": {"Read": {"Value": {"Fn::GetAtt": ["Copy", "Value"]}}},
    }
    trial.assembly(tmp_path, "Producer", producer, {})
    trial.assembly(tmp_path, "Consumer", consumer, {}, after=["Producer"])
    out = deploy(deployment.cloud, tmp_path)
    assert out["Read"] == out["Name"] != ""
