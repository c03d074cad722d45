"""Cleans up after items that TTL or a user deleted, from the table's stream.

Deletes the other items and files of deleted drafts, archives requests past retention, deletes the files
of deleted documents, and decrements the number of unread messages for expired ones.
"""

from datetime import datetime
from functools import partial
from typing import Any

from precert.bootstrap import Dependencies, prepared
from precert.domain.statuses import Status
from precert.names import INBOX_PK_PREFIX, REQUEST_SK
from precert.observability import errors_noted, logger, metrics, note_work
from precert.streams import process_records
from precert.usecases.cleanup import archive_request, remove_draft
from precert.usecases.documents import remove_document
from precert.usecases.ports.requests import DeletedDraft

_USED = (
    "requests",
    "stored_requests",
    "cleanup",
    "archive",
    "documents",
    "document_bytes",
    "inbox",
)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Returns the first record to deliver again, if any; the stream also delivers all after it."""
    with errors_noted():
        deps = prepared("payer", *_USED)
    return process_records(event, partial(_clean_up, deps), deps.dead_letters)


def _clean_up(deps: Dependencies, record: dict[str, Any]) -> None:
    removed = record["dynamodb"].get("OldImage", {})
    if "document_id" in removed:
        _remove_bytes(deps, removed["request_id"]["S"], removed["document_id"]["S"])
        return
    if removed.get("pk", {}).get("S", "").startswith(INBOX_PK_PREFIX):
        _decrement_unread(deps, removed)
        return
    is_request = removed.get("sk") == {"S": REQUEST_SK}
    if not is_request and ("request_id" not in removed or "version" not in removed):
        note_work("ignored")
        return
    if removed.get("status") != {"S": Status.INCOMPLETE.value}:
        _archive(deps, removed, record["dynamodb"]["SequenceNumber"])
        return
    deleted = _deleted_draft(removed)
    remove_draft(deleted, requests=deps.requests, cleanup=deps.cleanup, store=deps.document_bytes)
    note_work("removed", request_id=deleted.request_id)


def _archive(deps: Dependencies, removed: dict[str, Any], sequence_number: str) -> None:
    """Archive a request. First store the record itself, because the table no longer has the item."""
    deps.archive.store_removed(removed, sequence_number)
    archived = archive_request(
        deps.cleanup.removed(removed),
        requests=deps.stored_requests,
        cleanup=deps.cleanup,
        archive=deps.archive,
        files=deps.document_bytes,
    )
    note_work("archived" if archived else "ignored", request_id=removed["request_id"]["S"])


def _deleted_draft(removed: dict[str, Any]) -> DeletedDraft:
    """The deleted draft; a submitted request has no ``expires_at``."""
    return DeletedDraft.model_validate(
        {
            "request_id": removed["request_id"]["S"],
            "version": removed["version"]["N"],
            "tins": removed["tins"]["SS"],
            "expires_at": removed["expires_at"]["S"] if "expires_at" in removed else None,
        }
    )


def _remove_bytes(deps: Dependencies, request_id: str, document_id: str) -> None:
    deps.call(remove_document, request_id, document_id)
    note_work("removed", request_id=request_id, document_id=document_id)


def _decrement_unread(deps: Dependencies, removed: dict[str, Any]) -> None:
    """Decrement the number of unread messages, if the expired message was unread."""
    if "message" not in removed or "read_at" in removed:
        note_work("ignored")
        return
    tin = removed["pk"]["S"].removeprefix(INBOX_PK_PREFIX)
    # Identified by its key, because a damaged message was counted too.
    at, _, message_id = removed["sk"]["S"].partition("#")
    deps.inbox.count_expired(tin, message_id, datetime.fromisoformat(at), now=deps.now())
    note_work("message_expired", event_id=message_id)
