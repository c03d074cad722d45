"""Responses of the table that the adapters rely on."""

import pytest
from botocore.exceptions import ClientError

from tests.cloud.deployment import Deployment


def test_a_canceled_transaction_returns_the_old_items_when_patched(deployment: Deployment) -> None:
    client, name = deployment.cloud.client("dynamodb"), deployment.out["Requests"]
    deployment.put("t1", "HDR", rev={"N": "1"})
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": name, "Item": {"pk": {"S": "t1"}, "sk": {"S": "NEW"}}}},
                {
                    "Update": {
                        "TableName": name,
                        "Key": {"pk": {"S": "t1"}, "sk": {"S": "HDR"}},
                        "UpdateExpression": "SET rev = :n",
                        "ConditionExpression": "rev = :o",
                        "ExpressionAttributeValues": {":n": {"N": "3"}, ":o": {"N": "2"}},
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
            ]
        )
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"]["rev"] == {"N": "1"}
    assert "Item" not in client.get_item(
        TableName=name, Key={"pk": {"S": "t1"}, "sk": {"S": "NEW"}}
    )


def test_a_rejected_update_returns_the_old_item_when_patched(deployment: Deployment) -> None:
    client = deployment.cloud.client("dynamodb")
    deployment.put("t2", "HDR", rev={"N": "1"})
    with pytest.raises(ClientError) as caught:
        client.update_item(
            TableName=deployment.out["Requests"],
            Key={"pk": {"S": "t2"}, "sk": {"S": "HDR"}},
            UpdateExpression="SET rev = :n",
            ConditionExpression="rev = :o",
            ExpressionAttributeValues={":n": {"N": "3"}, ":o": {"N": "2"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    response: dict[str, object] = dict(caught.value.response)
    assert caught.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert response["Item"] == {"pk": {"S": "t2"}, "sk": {"S": "HDR"}, "rev": {"N": "1"}}


def test_one_call_reads_from_both_tables_when_patched(deployment: Deployment) -> None:
    client = deployment.cloud.client("dynamodb")
    deployment.put("t3", "HDR")
    client.put_item(TableName=deployment.out["Results"], Item={"pk": {"S": "t3"}, "sk": {"S": "X"}})
    found = client.batch_get_item(
        RequestItems={
            deployment.out["Requests"]: {
                "Keys": [{"pk": {"S": "t3"}, "sk": {"S": "HDR"}}],
                "ConsistentRead": True,
            },
            deployment.out["Results"]: {"Keys": [{"pk": {"S": "t3"}, "sk": {"S": "X"}}]},
        }
    )["Responses"]
    assert {name: len(items) for name, items in found.items()} == {
        deployment.out["Requests"]: 1,
        deployment.out["Results"]: 1,
    }


def test_a_transaction_sent_twice_is_applied_once_when_patched(deployment: Deployment) -> None:
    client, name = deployment.cloud.client("dynamodb"), deployment.out["Requests"]
    request = {
        "ClientRequestToken": "once-only-please",
        "TransactItems": [
            {
                "Update": {
                    "TableName": name,
                    "Key": {"pk": {"S": "t4"}, "sk": {"S": "N"}},
                    "UpdateExpression": "ADD n :one",
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                }
            }
        ],
    }
    client.transact_write_items(**request)
    client.transact_write_items(**request)
    item = client.get_item(TableName=name, Key={"pk": {"S": "t4"}, "sk": {"S": "N"}})["Item"]
    assert item["n"] == {"N": "1"}
