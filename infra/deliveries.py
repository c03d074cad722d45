"""Which records of a stream its functions receive, and how many events of a queue at a time.

This module does not import the CDK, which takes seconds: tests outside of ``template`` read it too.
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
"""A save writes only the draft; the relay then updates the draft's row on the dashboard."""

REQUESTS_REMOVED: Final = {
    "eventName": ["REMOVE"],
    "dynamodb": {"Keys": {SK: {"S": [REQUEST_SK]}}},
}
"""Expired or deleted drafts and requests past retention; the cleanup removes what belongs to them."""

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
"""Records of the audit table. Nothing modifies one; if anything could, the archive would show it."""

QUEUE_BATCH_SIZE: Final = 10
MOST_AT_ONCE: Final = 10
"""Batches that one queue's function processes at the same time: what follows an outage leaves
concurrency to the API."""
