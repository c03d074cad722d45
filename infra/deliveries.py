"""The filters of stream records for each function, and the batches of the functions of queues.

This module does not import the CDK, which takes seconds: tests outside of ``template`` import it too.
"""

from typing import Final

from precert.names import (
    DOCUMENT_SK_PREFIX,
    EVENT_SK_PREFIX,
    INBOX_PK_PREFIX,
    PK,
    REQUEST_SK,
    SK,
)

EVENTS_WRITTEN: Final = {
    "eventName": ["INSERT"],
    "dynamodb": {"Keys": {SK: {"S": [{"prefix": EVENT_SK_PREFIX}]}}},
}
"""Event records are written once and never changed."""

DRAFTS_SAVED: Final = {
    "eventName": ["MODIFY"],
    "dynamodb": {
        "Keys": {SK: {"S": [REQUEST_SK]}},
        "NewImage": {"status": {"S": ["INCOMPLETE"]}},
    },
}
"""A save writes the draft only; the relay then updates the draft's row on the dashboard."""

REQUESTS_REMOVED: Final = {
    "eventName": ["REMOVE"],
    "dynamodb": {"Keys": {SK: {"S": [REQUEST_SK]}}},
}
"""Expired or deleted drafts and requests past retention; the cleanup removes their other records."""

MESSAGES_REMOVED: Final = {
    "eventName": ["REMOVE"],
    "dynamodb": {"Keys": {PK: {"S": [{"prefix": INBOX_PK_PREFIX}]}}},
}
"""Expired messages; the cleanup subtracts unread ones from the inbox's count."""

DOCUMENTS_REMOVED: Final = {
    "eventName": ["REMOVE"],
    "dynamodb": {"Keys": {SK: {"S": [{"prefix": DOCUMENT_SK_PREFIX}]}}},
}
"""Documents deleted from a draft; the cleanup deletes their objects."""

AUDIT_APPENDED: Final = {"eventName": ["INSERT", "MODIFY"]}
"""Records of the audit table. They are never modified; the archive would contain a modification."""

QUEUE_BATCH_SIZE: Final = 10
MAX_AT_ONCE: Final = 10
"""The maximum of batches that one queue's function processes concurrently, so that the backlog after an
outage leaves concurrency for the API."""
