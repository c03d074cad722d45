"""Message ids of the API: the message's instant and its stored id, so that one call reads it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from precert.usecases.ports.messages import Message

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MESSAGE_ID: Final = re.compile(r"[0-9]{1,17}-[0-9A-HJKMNP-TV-Z]{26}\.[0-9A-Za-z._-]{1,60}")


def message_name(message: Message) -> str:
    microseconds = (message.at - _EPOCH) // timedelta(microseconds=1)
    return f"{microseconds}-{message.message_id}"


def message_of_name(name: str) -> tuple[str, datetime]:
    """The stored id and the instant of a message; the name has the form of :data:`MESSAGE_ID`."""
    microseconds, _, message_id = name.partition("-")
    return message_id, _EPOCH + timedelta(microseconds=int(microseconds))
