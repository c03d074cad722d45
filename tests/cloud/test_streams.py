"""The table's stream: filters, partial failures, retries, the failure queue, TTL."""

import time

from tests.cloud.deployment import Deployment, until


def test_a_mapping_receives_only_what_its_filter_passes_when_patched(
    deployment: Deployment,
) -> None:
    deployment.put("p1", "HDR")
    deployment.put("p1", "EVT#f1")
    until(lambda: deployment.seen("insert", "EVT#f1"))
    assert deployment.seen("insert", "HDR") == []


def test_a_single_failing_record_is_retried_and_then_discarded_when_patched(
    deployment: Deployment,
) -> None:
    deployment.put("p2", "EVT#bad", poison={"BOOL": True})
    deployment.put("p2", "EVT#after")
    until(lambda: deployment.seen("insert", "EVT#after"))
    alone = [note for note in deployment.seen("insert", "EVT#bad") if note["batch"] == 1]
    assert len(alone) == 3  # otherwise both records may share a batch, which is then split
    notice = until(lambda: [m for m in deployment.dead_letters() if "DDBStreamBatchInfo" in m])[0]
    assert notice["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert notice["DDBStreamBatchInfo"]["batchSize"] == 1


def test_a_partial_failure_counts_as_success_when_unpatched(unpatched: Deployment) -> None:
    unpatched.put("p2", "EVT#bad", poison={"BOOL": True})
    until(lambda: unpatched.seen("insert", "EVT#bad"))  # so that the two never share a batch
    unpatched.put("p2", "EVT#after")
    until(lambda: unpatched.seen("insert", "EVT#after"))
    assert len(unpatched.seen("insert", "EVT#bad")) == 1


def test_a_failing_batch_is_bisected_until_the_failing_record_is_alone_when_patched(
    deployment: Deployment,
) -> None:
    client, name = deployment.cloud.client("dynamodb"), deployment.out["Requests"]
    for sk in ("R#1", "R#2", "R#3"):
        more = {"explode": {"BOOL": True}} if sk == "R#2" else {}
        deployment.put("p3", sk, **more)
    client.transact_write_items(
        TransactItems=[
            {"Delete": {"TableName": name, "Key": {"pk": {"S": "p3"}, "sk": {"S": sk}}}}
            for sk in ("R#1", "R#2", "R#3")
        ]
    )
    until(lambda: deployment.seen("remove", "R#3"))
    assert deployment.seen("remove", "R#1")
    assert not deployment.seen("remove", "R#2")


def test_a_failing_batch_blocks_its_mapping_when_unpatched(unpatched: Deployment) -> None:
    client, name = unpatched.cloud.client("dynamodb"), unpatched.out["Requests"]
    unpatched.put("p3", "R#2", explode={"BOOL": True})
    client.delete_item(TableName=name, Key={"pk": {"S": "p3"}, "sk": {"S": "R#2"}})
    log = unpatched.cloud.log_file
    until(lambda: log.read_text().count("cannot be cleaned up") > 3 * 3)
    assert not [m for m in unpatched.dead_letters() if "DDBStreamBatchInfo" in m]


def test_an_expired_item_is_removed_with_a_ttl_record_when_patched(
    deployment: Deployment,
) -> None:
    past = str(int(time.time()) - 10)
    deployment.put("p4", "DRAFT", expires={"N": past})
    note = until(lambda: deployment.seen("remove", "DRAFT"))[0]
    assert note["identity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    deleted = deployment.cloud.client("dynamodb").get_item(
        TableName=deployment.out["Requests"], Key={"pk": {"S": "p4"}, "sk": {"S": "DRAFT"}}
    )
    assert "Item" not in deleted


def test_a_deleted_item_has_no_ttl_identity_when_patched(deployment: Deployment) -> None:
    deployment.put("p5", "HAND")
    deployment.cloud.client("dynamodb").delete_item(
        TableName=deployment.out["Requests"], Key={"pk": {"S": "p5"}, "sk": {"S": "HAND"}}
    )
    assert until(lambda: deployment.seen("remove", "HAND"))[0]["identity"] is None
