"""A call of each operation: its path with ids, and the example of the API description as its body."""

from collections.abc import Mapping
from typing import Any, Final

from precert.api.operation import Operation
from tools.openapi_examples import examples

ABSENT_ID: Final = "01J1QZ8Y7N4W3V2T1S0R9Q8P7M"
ABSENT_NOTICE: Final = "99-provider"
_PAST: Final = "2026-01-02T15:00:00Z"


def path_of(operation: Operation, request_id: str = ABSENT_ID, **ids: str) -> str:
    """The path with this id of a draft or request; other ``ids`` are of nothing, unless named."""
    known = {
        "request_id": request_id,
        "draft_id": request_id,
        "document_id": ABSENT_ID,
        "notice_id": ABSENT_NOTICE,
        "message_id": f"1767225600000000-{request_id}.000002",
        **ids,
    }
    return operation.path.format_map(known)


def body_of(operation: Operation, content: Mapping[str, Any]) -> Any:
    """A valid body, with this content where it has one; None for an operation without a body."""
    sent = examples()[operation.operation_id].sent
    if sent is None:
        return None
    changes = {
        # The examples are of 2027, and the acting TIN is that of a facility.
        "received_at": _PAST,
        "reported_at": _PAST,
        "content": {name: content[name] for name in sent.get("content", {}) if name in content},
    }
    return {name: changes.get(name, value) for name, value in sent.items() if name != "tin"}
