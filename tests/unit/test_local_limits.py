"""Limits of AWS that the local cloud has: transitions of executions, and units of tables."""

from typing import Any

import pytest

from local.cloud.gaps.function_metrics import iterator_age
from local.cloud.gaps.table_throttles import Access, accesses
from local.cloud.gaps.workflow_limits import Bucket

READ, WRITE = Access("data", None, "Read"), Access("data", None, "Write")
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/data"


def test_bucket_is_empty_when_its_tokens_are_taken_and_not_yet_refilled() -> None:
    bucket = Bucket(2, 0.0)
    assert [bucket.take(at) for at in (0.0, 0.0, 0.1, 0.5, 0.6)] == [True, True, False, True, False]
    assert [bucket.take(at) for at in (60.0, 60.0, 60.0)] == [True, True, False]


@pytest.mark.parametrize(
    ("operation", "request_", "found"),
    [
        ("GetItem", {"TableName": "data"}, [READ]),
        ("GetItem", {"TableName": ARN}, [READ]),
        ("Query", {"TableName": "data", "IndexName": "by"}, [Access("data", "by", "Read")]),
        ("UpdateItem", {"TableName": "data"}, [WRITE]),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "data"}}, {"Delete": {"TableName": "data"}}]},
            [WRITE, WRITE],
        ),
        ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "data"}}]}, [READ]),
        ("BatchGetItem", {"RequestItems": {"data": {"Keys": [{}, {}]}}}, [READ, READ]),
        ("BatchWriteItem", {"RequestItems": {"data": [{}]}}, [WRITE]),
        ("DescribeTable", {"TableName": "data"}, []),
    ],
)
def test_call_uses_a_unit_for_each_item_when_it_accesses_a_table(
    operation: str, request_: dict[str, Any], found: list[Access]
) -> None:
    assert list(accesses(operation, request_)) == found


def test_age_is_that_of_the_last_record_when_a_stream_batch_is_processed() -> None:
    records = [
        {"eventSource": "aws:dynamodb", "dynamodb": {"ApproximateCreationDateTime": at}}
        for at in (10, 40)
    ]
    assert iterator_age({"Records": records}, 100.5) == 60_500


@pytest.mark.parametrize(
    "event", [{}, [], {"Records": []}, {"Records": [{"eventSource": "aws:sqs"}]}]
)
def test_event_has_no_age_when_it_is_of_no_stream(event: Any) -> None:
    assert iterator_age(event, 1.0) is None
