"""Put a message into the inbox of each provider of the request (T5)."""

from collections.abc import Sequence

from precert.usecases.ports.inbox import Inbox, Message


def deliver_message(message: Message, tins: Sequence[str], *, inbox: Inbox) -> None:
    """Deliver to every TIN; a second delivery of the same event changes nothing."""
    for tin in tins:
        inbox.deliver(tin, message)
