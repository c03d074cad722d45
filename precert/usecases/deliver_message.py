"""Put a message into the inbox of each provider of the request (T5)."""

from collections.abc import Sequence

from precert.domain.clocks import history_end
from precert.domain.payer import Payer
from precert.usecases.ports.inbox import Inbox, Message


def deliver_message(message: Message, tins: Sequence[str], *, inbox: Inbox, payer: Payer) -> None:
    """Deliver to every TIN, to stay as long as history does (T4).

    A second delivery of the same event changes nothing.
    """
    kept_until = history_end(message.at, payer.history_years, payer.zone)
    for tin in tins:
        inbox.deliver(tin, message, kept_until=kept_until)
