"""Rules for stored data: tables, buckets, key and logs."""

from typing import Any, Final

import pytest

from precert import names as shared_names
from tests.template import stages
from tests.template.synthesized import Synthesized

TABLE: Final = "AWS::DynamoDB::Table"
BUCKET: Final = "AWS::S3::Bucket"
HOLDS_DATA: Final = (TABLE, BUCKET, "AWS::KMS::Key", "AWS::Cognito::UserPool")


def requests_table(stack: Synthesized) -> dict[str, Any]:
    (table,) = (t for t in stack.properties(TABLE).values() if "GlobalSecondaryIndexes" in t)
    return table


def test_table_can_be_restored_when_data_was_lost(stack: Synthesized) -> None:
    tables = stack.properties(TABLE).values()
    assert len(tables) == 4
    for table in tables:
        recovery = table["PointInTimeRecoverySpecification"]
        assert recovery["PointInTimeRecoveryEnabled"] is True
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["SSESpecification"]["SSEType"] == "KMS"


def test_keys_match_the_shared_names_when_tables_are_created(stack: Synthesized) -> None:
    for table in stack.properties(TABLE).values():
        assert [(k["AttributeName"], k["KeyType"]) for k in table["KeySchema"]] == [
            (shared_names.PK, "HASH"),
            (shared_names.SK, "RANGE"),
        ]


def test_requests_expire_and_are_streamed_when_the_table_is_created(stack: Synthesized) -> None:
    table = requests_table(stack)
    assert table["TimeToLiveSpecification"] == {
        "AttributeName": shared_names.TTL_ATTRIBUTE,
        "Enabled": True,
    }
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"


def test_items_expire_in_their_tables_only_when_they_have_a_time(stack: Synthesized) -> None:
    """Data that the payer loads never expires."""
    expiring = {
        name[:-8]: one["TimeToLiveSpecification"]
        for name, one in stack.properties(TABLE).items()
        if "TimeToLiveSpecification" in one
    }
    specification = {"AttributeName": shared_names.TTL_ATTRIBUTE, "Enabled": True}
    assert expiring == dict.fromkeys(
        ["TablesRequests", "TablesLimits", "AuditTable"], specification
    )


def test_indexes_project_the_row_only_when_lists_are_read(stack: Synthesized) -> None:
    indexes = {
        index["IndexName"]: (
            tuple(key["AttributeName"] for key in index["KeySchema"]),
            index["Projection"],
        )
        for index in requests_table(stack)["GlobalSecondaryIndexes"]
    }
    assert indexes == {
        name: (
            (index.partition_key, index.sort_key),
            {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.carries)}
            if index.carries
            else {"ProjectionType": "KEYS_ONLY"},
        )
        for name, index in shared_names.INDEXES.items()
    }
    assert len(indexes) == len(shared_names.ROW_INDEXES) + 3


def test_bucket_is_private_and_versioned_when_it_is_created(stack: Synthesized) -> None:
    buckets = [
        bucket for name, bucket in stack.properties(BUCKET).items() if not name.startswith("Portal")
    ]
    assert len(buckets) == 4
    for bucket in buckets:
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        # KMS is charged for each call, and shares a quota with the account.
        assert rule["BucketKeyEnabled"] is True
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_earlier_version_remains_for_30_days_when_a_file_was_deleted(stack: Synthesized) -> None:
    """The runbook and the recovery state it. No rule deletes a file itself."""
    for name, bucket in stack.properties(BUCKET).items():
        [rule] = bucket["LifecycleConfiguration"]["Rules"]
        assert not rule.keys() & {"ExpirationInDays", "ExpirationDate"}, name
        if not name.startswith("AuditArchive"):
            assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}, name


@pytest.mark.rule("T4")
def test_archive_moves_to_colder_storage_and_never_expires_when_it_is_created(
    stack: Synthesized,
) -> None:
    (archive,) = (
        bucket
        for bucket in stack.properties(BUCKET).values()
        if any("Transitions" in r for r in bucket["LifecycleConfiguration"]["Rules"])
    )
    (rule,) = archive["LifecycleConfiguration"]["Rules"]
    classes = [one["StorageClass"] for one in rule["Transitions"]]
    assert classes == ["GLACIER_IR", "DEEP_ARCHIVE"]
    assert "ExpirationInDays" not in rule


def test_bucket_refuses_plain_http_when_it_is_called(stack: Synthesized) -> None:
    for policy in stack.properties("AWS::S3::BucketPolicy").values():
        conditions = [
            statement["Condition"]
            for statement in policy["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Deny"
        ]
        assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in conditions


def test_documents_are_announced_and_portals_may_post_when_uploading(stack: Synthesized) -> None:
    (documents,) = (b for b in stack.properties(BUCKET).values() if "CorsConfiguration" in b)
    announced = documents["NotificationConfiguration"]["EventBridgeConfiguration"]
    assert announced == {"EventBridgeEnabled": True}
    (cors,) = documents["CorsConfiguration"]["CorsRules"]
    assert set(cors["AllowedMethods"]) == {"GET", "POST"}
    assert "*" not in cors["AllowedOrigins"]


def test_data_is_retained_when_production_is_deleted(prod: Synthesized) -> None:
    for kind in (*HOLDS_DATA, "AWS::Logs::LogGroup"):
        for name, resource in prod.resources(kind).items():
            if name.startswith("PortalFiles"):
                continue
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
            assert resource["UpdateReplacePolicy"] == "Retain", name
    assert all(table["DeletionProtectionEnabled"] for table in prod.properties(TABLE).values())
    (pool,) = prod.properties("AWS::Cognito::UserPool").values()
    assert pool["DeletionProtection"] == "ACTIVE"


def test_deletion_of_a_key_can_be_cancelled_for_30_days_when_in_production(
    prod: Synthesized,
) -> None:
    """KMS's longest: data without its key is lost."""
    keys = prod.properties("AWS::KMS::Key").values()
    assert {key["PendingWindowInDays"] for key in keys} == {30}
    # AWS rotates no keys of signatures and hashes.
    symmetric = [key for key in keys if "KeySpec" not in key]
    assert {key.get("EnableKeyRotation") for key in symmetric} == {True}


def test_events_can_be_replayed_as_configured_when_in_production(prod: Synthesized) -> None:
    [archive] = prod.properties("AWS::Events::Archive").values()
    assert archive["RetentionDays"] == stages.prod().archive_days


def test_data_goes_when_development_is_deleted(dev: Synthesized) -> None:
    for kind in HOLDS_DATA:
        for name, resource in dev.resources(kind).items():
            assert resource["DeletionPolicy"] == "Delete", name
