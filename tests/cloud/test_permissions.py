"""A function has exactly the permissions of its role."""

from typing import Any, Final

import pytest

from tests.cloud.deployment import Deployment

KEY = {"pk": {"S": "x"}, "sk": {"S": "y"}}


def code(deployment: Deployment, service: str, call: str, **arguments: Any) -> str:
    answer, error = deployment.invoke(
        "Probe", {"service": service, "call": call, "arguments": arguments}
    )
    assert error is None, answer
    return str(answer["code"])


def test_granted_actions_succeed_when_patched(deployment: Deployment) -> None:
    assert (
        code(deployment, "dynamodb", "get_item", TableName=deployment.out["Results"], Key=KEY)
        == "OK"
    )


@pytest.mark.parametrize("call", ["delete_item", "get_item"])
def test_another_action_or_table_is_denied_when_patched(deployment: Deployment, call: str) -> None:
    table = "Results" if call == "delete_item" else "Requests"
    assert (
        code(deployment, "dynamodb", call, TableName=deployment.out[table], Key=KEY)
        == "AccessDeniedException"
    )


OTHER_PARTITION = {"pk": {"S": "other"}, "sk": {"S": "y"}}


def test_another_partition_is_denied_when_patched(deployment: Deployment) -> None:
    """The role may read partitions that begin with an x."""
    table = deployment.out["Results"]
    read = code(deployment, "dynamodb", "get_item", TableName=table, Key=OTHER_PARTITION)
    assert read == "AccessDeniedException"
    put = [{"Put": {"TableName": table, "Item": one}} for one in (KEY, OTHER_PARTITION)]
    written = code(deployment, "dynamodb", "transact_write_items", TransactItems=put)
    assert written == "AccessDeniedException"


def test_another_partition_is_read_when_unpatched(unpatched: Deployment) -> None:
    table = unpatched.out["Results"]
    assert code(unpatched, "dynamodb", "get_item", TableName=table, Key=OTHER_PARTITION) == "OK"


def test_a_transaction_is_authorized_by_its_items_when_patched(deployment: Deployment) -> None:
    put = [{"Put": {"TableName": deployment.out["Results"], "Item": KEY}}]
    assert code(deployment, "dynamodb", "transact_write_items", TransactItems=put) == "OK"
    other = [{"Put": {"TableName": deployment.out["Requests"], "Item": KEY}}]
    assert (
        code(deployment, "dynamodb", "transact_write_items", TransactItems=other)
        == "AccessDeniedException"
    )


def sent(deployment: Deployment, call: str, **arguments: Any) -> str:
    return code(deployment, "sqs", call, QueueUrl=deployment.out["DeadLetters"], **arguments)


BATCH: Final = [{"Id": "1", "MessageBody": "{}"}]


def test_a_batch_of_messages_is_authorized_as_one_message_when_patched(
    deployment: Deployment,
) -> None:
    assert sent(deployment, "send_message_batch", Entries=BATCH) == "OK"
    deleted = [{"Id": "1", "ReceiptHandle": "x"}]
    assert sent(deployment, "delete_message_batch", Entries=deleted) == "AccessDenied"


def test_a_batch_of_messages_is_denied_when_unpatched(unpatched: Deployment) -> None:
    assert sent(unpatched, "send_message", MessageBody="{}") == "OK"
    assert sent(unpatched, "send_message_batch", Entries=BATCH) == "AccessDenied"


def read(deployment: Deployment, key: str) -> str:
    return code(deployment, "s3", "get_object", Bucket=deployment.out["Documents"], Key=key)


def test_a_missing_object_is_forbidden_when_patched(deployment: Deployment) -> None:
    """To a role that may not list the bucket; its owner sees that it does not exist."""
    assert read(deployment, "readable/missing") == "AccessDenied"
    s3 = deployment.cloud.client("s3")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=deployment.out["Documents"], Key="readable/missing")
    s3.put_object(Bucket=deployment.out["Documents"], Key="readable/found", Body=b"x")
    assert read(deployment, "readable/found") == "OK"


def test_other_services_are_denied_when_patched(deployment: Deployment) -> None:
    assert (
        code(
            deployment,
            "stepfunctions",
            "start_execution",
            stateMachineArn=deployment.out["Machine"],
        )
        == "AccessDeniedException"
    )
    assert (
        code(deployment, "s3", "get_object", Bucket=deployment.out["Documents"], Key="k")
        == "AccessDenied"
    )
    assert (
        code(
            deployment,
            "events",
            "put_events",
            Entries=[
                {
                    "Source": "a",
                    "DetailType": "b",
                    "Detail": "{}",
                    "EventBusName": deployment.out["Bus"],
                }
            ],
        )
        == "AccessDeniedException"
    )
