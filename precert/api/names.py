"""Names under which callers speak of a message: its instant and its id, so that one call finds it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from precert.usecases.ports.messages import Message

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NAME_PATTERN: Final = r"[0-9]{1,17}-[0-9A-HJKMNP-TV-Z]{26}\.[0-9A-Za-z._-]{1,60}"


def message_name(message: Message) -> str:
    microseconds = (message.at - _EPOCH) // timedelta(microseconds=1)
    return f"{microseconds}-{message.message_id}"


def message_of_name(name: str) -> tuple[str, datetime] | None:
    """Id and instant of the message; ``None`` where it has not the form of a name."""
    if not re.fullmatch(NAME_PATTERN, name):
        return None
    microseconds, _, message_id = name.partition("-")
    return message_id, _EPOCH + timedelta(microseconds=int(microseconds))
