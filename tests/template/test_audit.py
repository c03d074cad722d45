"""The audit's table and archive: append-only, locked, with a key of their own (X1)."""

import pytest

from tests.template.synthesized import Synthesized, listed

pytestmark = pytest.mark.rule("X1")


def test_archive_is_locked_for_seven_years_when_the_stage_retains_data(prod: Synthesized) -> None:
    [bucket] = [
        one
        for name, one in prod.properties("AWS::S3::Bucket").items()
        if name.startswith("AuditArchive")
    ]
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {
        "Mode": "COMPLIANCE",
        "Days": 7 * 365,
    }
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


def test_audit_has_a_key_of_its_own_when_it_is_encrypted(prod: Synthesized) -> None:
    [table] = [
        one
        for name, one in prod.properties("AWS::DynamoDB::Table").items()
        if name.startswith("Audit")
    ]
    key = table["SSESpecification"]["KMSMasterKeyId"]
    [archive] = [
        one
        for name, one in prod.properties("AWS::S3::Bucket").items()
        if name.startswith("AuditArchive")
    ]
    [encryption] = archive["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key
    others = [
        one["SSESpecification"]["KMSMasterKeyId"]
        for name, one in prod.properties("AWS::DynamoDB::Table").items()
        if not name.startswith("Audit")
    ]
    assert key not in others
    assert table["DeletionProtectionEnabled"] is True


def test_nobody_can_change_an_item_when_it_is_in_the_table(prod: Synthesized) -> None:
    [table] = [
        one
        for name, one in prod.properties("AWS::DynamoDB::Table").items()
        if name.startswith("Audit")
    ]
    [statement] = table["ResourcePolicy"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", {"AWS": "*"})
    assert set(statement["Action"]) == {
        *("dynamodb:DeleteItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"),
        *("dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"),
    }


def test_functions_can_only_append_when_they_use_the_audit_table(stack: Synthesized) -> None:
    used = {
        action
        for _, statement in stack.statements()
        for action in listed(statement["Action"])
        if "AuditTable" in str(statement["Resource"]) and action.startswith("dynamodb:")
    }
    stream = {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}
    assert used - stream == {"dynamodb:PutItem"}


def test_archive_receives_the_record_when_one_is_appended(stack: Synthesized) -> None:
    """Its function reads the record from the stream; the table deletes it after 90 days."""
    [table] = [
        one
        for name, one in stack.properties("AWS::DynamoDB::Table").items()
        if name.startswith("Audit")
    ]
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"


def test_nothing_expires_when_it_is_in_the_archive(stack: Synthesized) -> None:
    [bucket] = [
        one
        for name, one in stack.properties("AWS::S3::Bucket").items()
        if name.startswith("AuditArchive")
    ]
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    assert rule.keys() == {"AbortIncompleteMultipartUpload", "Id", "Status"}
