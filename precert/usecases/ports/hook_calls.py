"""Calls of CDS Hooks services as they were received and answered, for disputes."""

from typing import Any, Protocol


class HookCalls(Protocol):
    """Append-only; a call is named by the id of its audit record."""

    def store(self, access_id: str, content: dict[str, Any]) -> None:
        """Store a call; one that is stored remains as it is.

        Raises:
            TransientError: it may not be stored.
        """

    def read(self, access_id: str) -> dict[str, Any] | None:
        """The call of an audit record.

        Raises:
            TransientError.
        """
