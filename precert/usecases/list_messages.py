"""A page of the inbox (T5)."""

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.usecases.list_requests import bad_cursor
from precert.usecases.ports.inbox import Inbox, Message
from precert.usecases.ports.listings import CursorError, Page


def list_messages(
    caller: Caller, *, tin: str | None, limit: int, cursor: str | None, inbox: Inbox
) -> Page[Message]:
    """Messages of one of the caller's TINs, newest first. One call.

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's, or the cursor is none of this list.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    try:
        return inbox.page(caller.acting_tin(tin), limit=limit, cursor=cursor)
    except CursorError as error:
        raise bad_cursor() from error
