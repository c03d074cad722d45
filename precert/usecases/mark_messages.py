"""Mark messages of a TIN as read, one or all (T5)."""

from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.errors import NotFoundError
from precert.usecases.ports.inbox import Inbox, NoMessageError

MOST_AT_ONCE = 1000


def mark_message(
    message_id: str,
    at: datetime,
    caller: Caller,
    *,
    tin: str | None,
    inbox: Inbox,
    now: datetime,
) -> None:
    """Mark a message as read, for all users of the TIN; ``at`` is its own instant. One call.

    Raises:
        NotEntitledError.
        NotFoundError: there is no such message in the TIN's inbox.
        InvalidInputError: the TIN is not the caller's.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    try:
        inbox.mark_read(caller.acting_tin(tin), message_id, at, now=now)
    except NoMessageError as error:
        raise no_message() from error


def mark_all_messages(caller: Caller, *, tin: str | None, inbox: Inbox, now: datetime) -> int:
    """Mark the newest unread messages as read, a thousand at once; answers how many are left.

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    return inbox.mark_all_read(caller.acting_tin(tin), most=MOST_AT_ONCE, now=now)


def no_message() -> NotFoundError:
    return NotFoundError("There is no such message among those of your TINs.")
