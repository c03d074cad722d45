"""The inbox: messages of a TIN."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from precert.domain.dates import Moment
from precert.domain.documents import Refusal
from precert.domain.event_types import EventType
from precert.domain.statuses import Status
from precert.domain.values import Text, Value


class Message(Value):
    """A message without text: the text comes from the payer's configuration when it is read."""

    message_id: Text
    type: EventType
    request_id: Text
    number: Text | None = None
    status: Status
    at: Moment
    refusal_code: Refusal | None = None
    """Why a document was refused."""
    read_at: Moment | None = None
    """When a user of the TIN marked it as read."""


@dataclass(frozen=True)
class MessagePage:
    """A page; ``unread`` counts the messages of the whole inbox, on the first page only.

    ``damaged`` are ids of messages that cannot be read.
    """

    messages: tuple[Message, ...]
    unread: int | None
    cursor: str | None
    damaged: tuple[str, ...] = ()


class NoMessageError(Exception):
    """The inbox does not contain the message."""


class Inbox(Protocol):
    """Messages of a TIN. The transactions that change the number of unread messages count it."""

    def deliver(self, tin: str, message: Message, *, retained_until: datetime) -> None:
        """Store an unread message; a second delivery of the same id changes nothing. One call."""

    def page(self, tin: str, *, limit: int, cursor: str | None) -> MessagePage:
        """Messages of a TIN, newest first. One call.

        Raises:
            CursorError: the cursor is not of this inbox.
        """

    def unread(self, tin: str) -> int:
        """How many messages are unread. One call."""

    def mark_read(self, tin: str, message_id: str, at: datetime, *, now: datetime) -> None:
        """Mark one message as read; ``at`` identifies it. A repetition changes nothing. One call.

        Raises:
            NoMessageError.
        """

    def mark_all_read(self, tin: str, *, most: int, now: datetime) -> int:
        """Mark the newest unread messages as read, up to a limit; returns how many are still unread."""

    def forget(self, tin: str, message_id: str, at: datetime, *, now: datetime) -> None:
        """Decrement the count for an expired unread message. A repetition changes nothing."""
