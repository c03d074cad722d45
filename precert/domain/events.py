"""What happened to a request: written in one transaction with the change that caused it.

An event is history for those who see the request and a notice for everybody else. What is published
holds ids and codes only; ``actor`` stays in the table as the audit trail (A3).
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from precert.domain.event_types import EventType
from precert.domain.statuses import Status
from precert.domain.values import Text, Tin, Value


class Event(Value):
    """One event. ``event_id`` is the same at every delivery, so a receiver can tell a repetition."""

    version: Literal[1] = 1
    """Of this contract: members are only added; what would break receivers is a new type."""
    event_id: Text
    type: EventType
    request_id: Text
    cycle: Annotated[int, Field(ge=0)]
    at: datetime
    status: Status
    number: Text | None = None
    tins: tuple[Tin, ...]
    document_id: Text | None = None
    actor: Text | None = None


class PublishedEvent(Event):
    """An event as a receiver reads it: members it does not know yet are passed over."""

    model_config = ConfigDict(extra="ignore")


def event_id(request_id: str, *parts: int | str) -> str:
    """The id of an event, the same at every attempt to record it, so that it is recorded once.

    ``parts`` are the version that the change makes, or what else the event is about: a document, or a
    version and what is said of it. Versions have six digits, so that ids sort by them.
    """
    written = (f"{part:06d}" if isinstance(part, int) else part for part in parts)
    return ".".join((request_id, *written))
