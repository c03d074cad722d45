"""The inbox: messages of a TIN."""

from datetime import datetime
from typing import Protocol

from precert.contract import EventType
from precert.domain.statuses import Status
from precert.domain.values import Text, Value
from precert.usecases.ports.listings import Page


class Message(Value):
    """A message without words: the text comes from the payer's configuration when it is read."""

    message_id: Text
    type: EventType
    request_id: Text
    number: Text | None = None
    status: Status
    at: datetime


class Inbox(Protocol):
    def deliver(self, tin: str, message: Message) -> None:
        """Store a message; a second delivery of the same id changes nothing."""

    def page(self, tin: str, *, limit: int, cursor: str | None) -> Page[Message]:
        """Messages of a TIN, newest first. One call."""
