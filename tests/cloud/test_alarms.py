"""Alarms are evaluated by time, also over the metrics that the emulator does not have."""

from tests.cloud.deployment import Deployment, until

METRIC = "ApproximateNumberOfMessagesVisible"


def state(deployment: Deployment) -> str:
    alarms = deployment.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    [alarm] = [one for one in alarms if one.get("MetricName") == METRIC]
    return str(alarm["StateValue"])


def send(deployment: Deployment) -> None:
    sqs = deployment.cloud.client("sqs")
    sqs.send_message(QueueUrl=deployment.out["DeadLetters"], MessageBody="{}")
    until(deployment.dead_letters)


def test_an_alarm_is_raised_while_its_queue_has_a_message_when_patched(
    deployment: Deployment,
) -> None:
    send(deployment)
    until(lambda: state(deployment) == "ALARM")
    sqs = deployment.cloud.client("sqs")
    sqs.purge_queue(QueueUrl=deployment.out["DeadLetters"])
    until(lambda: state(deployment) == "OK")


def test_an_alarm_is_not_evaluated_when_unpatched(unpatched: Deployment) -> None:
    send(unpatched)
    metric = {"MetricName": "Other", "Value": 1.0}
    unpatched.cloud.client("cloudwatch").put_metric_data(Namespace="Trial", MetricData=[metric])
    assert state(unpatched) != "ALARM"
