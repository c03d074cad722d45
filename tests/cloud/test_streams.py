"""The table's stream: filters, partial failures, retries, the failure queue, expiry."""

import time

from tests.cloud.stand import Stand, until


def test_a_mapping_sees_only_what_its_filter_lets_through_when_filled(stand: Stand) -> None:
    stand.put("p1", "HDR")
    stand.put("p1", "EVT#f1")
    until(lambda: stand.seen("insert", "EVT#f1"))
    assert stand.seen("insert", "HDR") == []


def test_a_record_that_fails_alone_is_retried_alone_and_then_given_up_when_filled(
    stand: Stand,
) -> None:
    stand.put("p2", "EVT#bad", poison={"BOOL": True})
    stand.put("p2", "EVT#after")
    until(lambda: stand.seen("insert", "EVT#after"))
    alone = [note for note in stand.seen("insert", "EVT#bad") if note["batch"] == 1]
    assert len(alone) == 3  # before that both records may share a batch, which is then split
    notice = until(lambda: [m for m in stand.dead_letters() if "DDBStreamBatchInfo" in m])[0]
    assert notice["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert notice["DDBStreamBatchInfo"]["batchSize"] == 1


def test_a_partial_failure_counts_as_success_when_unfilled(raw: Stand) -> None:
    raw.put("p2", "EVT#bad", poison={"BOOL": True})
    until(lambda: raw.seen("insert", "EVT#bad"))  # so that the two never share a batch
    raw.put("p2", "EVT#after")
    until(lambda: raw.seen("insert", "EVT#after"))
    assert len(raw.seen("insert", "EVT#bad")) == 1


def test_a_failing_batch_is_halved_until_the_culprit_is_alone_when_filled(stand: Stand) -> None:
    client, name = stand.cloud.client("dynamodb"), stand.out["Requests"]
    for sk in ("R#1", "R#2", "R#3"):
        more = {"explode": {"BOOL": True}} if sk == "R#2" else {}
        stand.put("p3", sk, **more)
    client.transact_write_items(
        TransactItems=[
            {"Delete": {"TableName": name, "Key": {"pk": {"S": "p3"}, "sk": {"S": sk}}}}
            for sk in ("R#1", "R#2", "R#3")
        ]
    )
    until(lambda: stand.seen("remove", "R#3"))
    assert stand.seen("remove", "R#1")
    assert not stand.seen("remove", "R#2")


def test_a_failing_batch_blocks_its_mapping_when_unfilled(raw: Stand) -> None:
    client, name = raw.cloud.client("dynamodb"), raw.out["Requests"]
    raw.put("p3", "R#2", explode={"BOOL": True})
    client.delete_item(TableName=name, Key={"pk": {"S": "p3"}, "sk": {"S": "R#2"}})
    log = raw.cloud.log_file
    until(lambda: log.read_text().count("cannot be cleaned up") > 3 * 3)
    assert not [m for m in raw.dead_letters() if "DDBStreamBatchInfo" in m]


def test_an_expired_item_goes_with_a_record_that_says_who_removed_it_when_filled(
    stand: Stand,
) -> None:
    past = str(int(time.time()) - 10)
    stand.put("p4", "DRAFT", expires={"N": past})
    note = until(lambda: stand.seen("remove", "DRAFT"))[0]
    assert note["identity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    gone = stand.cloud.client("dynamodb").get_item(
        TableName=stand.out["Requests"], Key={"pk": {"S": "p4"}, "sk": {"S": "DRAFT"}}
    )
    assert "Item" not in gone


def test_an_item_removed_by_hand_names_nobody_when_filled(stand: Stand) -> None:
    stand.put("p5", "HAND")
    stand.cloud.client("dynamodb").delete_item(
        TableName=stand.out["Requests"], Key={"pk": {"S": "p5"}, "sk": {"S": "HAND"}}
    )
    assert until(lambda: stand.seen("remove", "HAND"))[0]["identity"] is None
