"""Alarms on ages of an hour or a day, in a local cloud whose hour has less than two seconds."""

from collections.abc import Iterator
from typing import Final

import pytest

from local.deployment import Deployment
from precert.names import Env
from tests.journeys.portal import deployed
from tests.workflow.bench import Bench
from tests.workflow.operators import Operators

pytestmark = pytest.mark.deep

SHORT_DAYS: Final = {
    "PRECERT_CLOUD_ALARM_SECONDS": "0.1",
    "PRECERT_CLOUD_ALARM_SCALE": "0.0005",
}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("late"), SHORT_DAYS) as new:
        yield new


def test_operators_are_paged_when_a_dead_letter_is_a_day_old(
    bench: Bench, operators: Operators
) -> None:
    """Also if it was received, as lists of failed deliveries do, so that SQS ignores its age."""
    urls = bench.deployment.cloud.client("sqs").list_queues()["QueueUrls"]
    [url] = [one for one in urls if "RelayFunctionDeadLetters" in one]
    operators.clear("RelayDeadLettersAge")
    operators.sqs.send_message(QueueUrl=url, MessageBody="{}")
    for _ in range(3):
        assert operators.sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    operators.notified("RelayDeadLettersAge", "Page", "dead-letters")
    operators.sqs.purge_queue(QueueUrl=url)


def test_operators_are_paged_when_the_cleanup_fails_for_an_hour(
    bench: Bench, operators: Operators
) -> None:
    request_id = bench.portal.draft()
    operators.clear("ExpireFunctionStreamAge")
    table = bench.deployment.outputs["RequestsTableName"]
    [header] = [one for one in bench.items(request_id) if one["sk"]["S"] == "REQUEST"]
    with bench.broken("ExpireFunction", Env.REQUESTS_TABLE.value):
        bench.deployment.cloud.client("dynamodb").delete_item(
            TableName=table, Key={"pk": header["pk"], "sk": header["sk"]}
        )
        operators.notified("ExpireFunctionStreamAge", "Page", "stream-age")
