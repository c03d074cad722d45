"""The inbox: deliver messages, list them, and mark them as read (T5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from precert.domain.caller import Caller
from precert.domain.clocks import history_end
from precert.domain.dates import Moment
from precert.domain.documents import Refusal
from precert.domain.errors import NotFoundError
from precert.domain.event_types import EventType
from precert.domain.payer import Payer
from precert.domain.statuses import Status
from precert.domain.values import Text, Value
from precert.names import Entitlement


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
    """Messages of a TIN, with a counter of unread ones that is updated in the same transactions."""

    def deliver(self, tin: str, message: Message, *, retained_until: datetime) -> None:
        """Store an unread message; a second delivery of the same id changes nothing. One AWS call."""

    def page(self, tin: str, *, limit: int, cursor: str | None) -> MessagePage:
        """Messages of a TIN, newest first. One AWS call.

        Raises:
            CursorError: the cursor is not of this inbox.
        """

    def unread(self, tin: str) -> int:
        """How many messages are unread. One AWS call."""

    def mark_read(self, tin: str, message_id: str, at: datetime, *, now: datetime) -> None:
        """Mark one message as read; ``at`` identifies it. A repetition changes nothing. One AWS call.

        Raises:
            NoMessageError.
        """

    def mark_all_read(self, tin: str, *, most: int, now: datetime) -> int:
        """Mark the newest unread messages as read, up to a limit; returns how many are still unread."""

    def count_expired(self, tin: str, message_id: str, at: datetime, *, now: datetime) -> None:
        """Decrement the count for an expired unread message. A repetition changes nothing."""


def deliver_message(message: Message, tins: Sequence[str], *, inbox: Inbox, payer: Payer) -> None:
    """Store the message in the inbox of every TIN, for as long as the history is retained (T4).

    A second delivery of the same message changes nothing.
    """
    retained_until = history_end(message.at, payer.history_years, payer.zone)
    for tin in tins:
        inbox.deliver(tin, message, retained_until=retained_until)


def list_messages(
    caller: Caller,
    *,
    tin: str | None,
    limit: int,
    cursor: str | None,
    inbox: Inbox,
    payer: Payer,
    now: datetime,
) -> MessagePage:
    """Messages of one of the caller's TINs, newest first, within retention. One AWS call.

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's, or the cursor is not of this list.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    page = inbox.page(caller.acting_tin(tin), limit=limit, cursor=cursor)

    def is_retained(message: Message) -> bool:
        return now < history_end(message.at, payer.history_years, payer.zone)

    return replace(page, messages=tuple(filter(is_retained, page.messages)))


def count_unread(caller: Caller, *, tin: str | None, inbox: Inbox) -> int:
    """How many messages of one of the caller's TINs are unread. One AWS call.

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    return inbox.unread(caller.acting_tin(tin))


MAX_AT_ONCE = 1000


def mark_message(
    message_id: str,
    at: datetime,
    caller: Caller,
    *,
    tin: str | None,
    inbox: Inbox,
    now: datetime,
) -> None:
    """Mark a message as read, for all users of the TIN; ``at`` identifies it. One AWS call.

    Raises:
        NotEntitledError.
        NotFoundError: the message is not in the TIN's inbox.
        InvalidInputError: the TIN is not the caller's.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    try:
        inbox.mark_read(caller.acting_tin(tin), message_id, at, now=now)
    except NoMessageError as error:
        raise no_message() from error


def mark_all_messages(caller: Caller, *, tin: str | None, inbox: Inbox, now: datetime) -> int:
    """Mark the newest unread messages as read, at most 1,000; returns how many are still unread.

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    return inbox.mark_all_read(caller.acting_tin(tin), most=MAX_AT_ONCE, now=now)


def no_message() -> NotFoundError:
    return NotFoundError("None of your TINs has a message with this ID.")
