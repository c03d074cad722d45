"""How long queues and streams retain what failed, and how much of it is processed at once."""

from typing import Any, Final

from infra.constructs.queues import DeadLetters
from precert.names import DOCUMENT_PREFIX
from tests.template.synthesized import Synthesized

QUEUE: Final = "AWS::SQS::Queue"
MAPPING: Final = "AWS::Lambda::EventSourceMapping"
TWO_WEEKS: Final = 14 * 24 * 60 * 60


def of_queues(stack: Synthesized) -> dict[str, dict[str, Any]]:
    return {
        name: one
        for name, one in stack.properties(MAPPING).items()
        if "StartingPosition" not in one
    }


def of_streams(stack: Synthesized) -> dict[str, dict[str, Any]]:
    return {
        name[:-8]: one
        for name, one in stack.properties(MAPPING).items()
        if "StartingPosition" in one
    }


def test_message_is_retained_for_two_weeks_when_it_failed(stack: Synthesized) -> None:
    """SQS's longest; the runbook states it, and a page is sent after a day."""
    queues = stack.properties(QUEUE)
    assert {one["MessageRetentionPeriod"] for one in queues.values()} == {TWO_WEEKS}
    assert "two weeks" in str(DeadLetters.__doc__)


def test_api_keeps_its_concurrency_when_a_queue_is_long(stack: Synthesized) -> None:
    for name, mapping in of_queues(stack).items():
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": 10}, name
        # A subscriber's endpoint that responds slowly delays no other message.
        expected = 1 if "Subscriptions" in name else 10
        assert mapping["BatchSize"] == expected, name


def test_no_record_is_skipped_when_a_consumer_is_deployed(stack: Synthesized) -> None:
    """From LATEST, records between the creation and the first poll would be lost."""
    mappings = of_streams(stack)
    assert {one["StartingPosition"] for one in mappings.values()} == {"TRIM_HORIZON"}


def test_records_are_delivered_at_once_when_executions_start_from_them(stack: Synthesized) -> None:
    """Only the archive waits for more records, since S3 charges each object."""
    found = {
        name: (one["BatchSize"], one.get("MaximumBatchingWindowInSeconds", 0))
        for name, one in of_streams(stack).items()
    }
    assert found == {
        "EventsWrittenMapping": (25, 0),
        "ExpiredMapping": (25, 0),
        "AuditFunctionAuditAppendedMapping": (1000, 300),
    }


def test_archive_has_each_record_when_one_is_appended_or_changed(stack: Synthesized) -> None:
    [filters] = [
        one["FilterCriteria"]["Filters"]
        for name, one in of_streams(stack).items()
        if name.startswith("Audit")
    ]
    assert [one["Pattern"] for one in filters] == ['{"eventName": ["INSERT", "MODIFY"]}']


def test_rule_is_enabled_when_it_is_deployed(stack: Synthesized) -> None:
    for name, rule in stack.properties("AWS::Events::Rule").items():
        assert rule["State"] == "ENABLED", name


def test_uploads_of_documents_are_verified_when_s3_reports_objects(stack: Synthesized) -> None:
    """The same bucket has notices, which the product itself writes."""
    [rule] = [
        rule
        for rule in stack.properties("AWS::Events::Rule").values()
        if rule.get("EventPattern", {}).get("source") == ["aws.s3"]
    ]
    assert rule["EventPattern"]["detail-type"] == ["Object Created"]
    detail = rule["EventPattern"]["detail"]
    assert detail["object"] == {"key": [{"prefix": DOCUMENT_PREFIX}]}
    [documents] = [
        name
        for name, one in stack.properties("AWS::S3::Bucket").items()
        if "NotificationConfiguration" in one
    ]
    assert detail["bucket"] == {"name": [{"Ref": documents}]}
