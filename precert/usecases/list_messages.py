"""A page of the inbox (T5)."""

from dataclasses import replace
from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.clocks import history_end
from precert.domain.payer import Payer
from precert.usecases.list_requests import bad_cursor
from precert.usecases.ports.inbox import Inbox, Message, MessagePage
from precert.usecases.ports.listings import CursorError


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
    """Messages of one of the caller's TINs, newest first, for as long as history goes. One call.

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's, or the cursor is none of this list.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    try:
        page = inbox.page(caller.acting_tin(tin), limit=limit, cursor=cursor)
    except CursorError as error:
        raise bad_cursor() from error

    def stays(message: Message) -> bool:
        return now < history_end(message.at, payer.history_years, payer.zone)

    return replace(page, messages=tuple(filter(stays, page.messages)))
