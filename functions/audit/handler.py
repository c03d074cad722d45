"""Copies the records of the audit table to the archive, where nothing can be changed or deleted."""

from typing import Any

from precert.bootstrap import prepared
from precert.domain.audit import AuditRecord
from precert.names import AUDIT_RECORD
from precert.observability import errors_noted, logger, metrics, note_error, note_work
from precert.streams import process_records


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Returns the first record to deliver again, if any; the stream also delivers all after it.

    The readable records of a batch are stored in one object. If it cannot be stored, all of them are
    delivered again.
    """
    with errors_noted():
        archive = prepared("locked_audit").locked_audit
        dead_letters = prepared().dead_letters
    found: list[AuditRecord] = []
    unread = process_records(event, lambda record: found.append(_read(record)), dead_letters)
    first = event["Records"][0]["dynamodb"]["SequenceNumber"]
    if not found:
        return unread
    try:
        archive.store(tuple(found), first)
    except Exception as error:  # noqa: BLE001 - the response names the failed records
        note_error(error)
        return {"batchItemFailures": [{"itemIdentifier": first}]}
    note_work("audit_archived", records=len(found))
    return unread


def _read(record: dict[str, Any]) -> AuditRecord:
    return AuditRecord.model_validate_json(record["dynamodb"]["NewImage"][AUDIT_RECORD]["S"])
