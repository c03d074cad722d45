"""Keep a request on a TIN's home list, and take it off (T3)."""

from collections.abc import Callable
from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.errors import FlagLimitError, TransientError
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status, WaitingOn
from precert.usecases.explain_refusal import expired, has_expired, not_found, visible
from precert.usecases.list_requests import is_live
from precert.usecases.ports.flags import MOST_FLAGGED, Flags, FlagsFullError
from precert.usecases.ports.listings import DashboardRow, Listings
from precert.usecases.ports.requests import ConcurrentChangeError, RequestStore

ATTEMPTS = 3


def flag_request(
    request_id: str,
    caller: Caller,
    *,
    tin: str | None,
    requests: RequestStore,
    flags: Flags,
    listings: Listings,
    payer: Payer,
    now: datetime,
) -> None:
    """Flag a request, or a draft, for one of the caller's TINs. Two calls.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError.
        InvalidInputError: the TIN is not the caller's.
        FlagLimitError: as many as may be are flagged; says which.
    """

    def flag(request: Request, acting_tin: str) -> None:
        try:
            flags.flag(request, acting_tin, now=now)
        except FlagsFullError as full:
            if flags.drop_gone(acting_tin):
                raise ConcurrentChangeError from full
            raise _limit(listings.flagged(acting_tin), payer, now) from full

    _on_a_line(request_id, caller, tin, flag, requests=requests, now=now)


def unflag_request(
    request_id: str,
    caller: Caller,
    *,
    tin: str | None,
    requests: RequestStore,
    flags: Flags,
    now: datetime,
) -> None:
    """Take the flag of a request away; one without a flag stays so. Two calls.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError.
        InvalidInputError: the TIN is not the caller's.
    """
    _on_a_line(request_id, caller, tin, flags.unflag, requests=requests, now=now)


def list_flagged(
    caller: Caller, *, tin: str | None, listings: Listings, payer: Payer, now: datetime
) -> tuple[DashboardRow, ...]:
    """What one of the caller's TINs has flagged, last flagged first: its home list. One call.

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    rows = listings.flagged(caller.acting_tin(tin))
    return tuple(row for row in rows if is_live(row, payer, now))


def _on_a_line(
    request_id: str,
    caller: Caller,
    tin: str | None,
    change: Callable[[Request, str], None],
    *,
    requests: RequestStore,
    now: datetime,
) -> None:
    """Change the line of a request that the TIN sees; again where it moved meanwhile."""
    caller.require(Entitlement.PATIENT_SEARCH)
    acting_tin = caller.acting_tin(tin)
    for _ in range(ATTEMPTS):
        request = visible(requests.read(request_id), {acting_tin})
        if request.status is Status.INCOMPLETE and has_expired(request, now):
            raise expired()
        if request.waiting_on is WaitingOn.VENDOR:
            raise not_found()
        try:
            change(request, acting_tin)
        except ConcurrentChangeError:
            continue
        return
    raise TransientError("The request is being changed by others. Try again.")


def _limit(rows: tuple[DashboardRow, ...], payer: Payer, now: datetime) -> FlagLimitError:
    return FlagLimitError(
        f"At most {MOST_FLAGGED} requests are flagged: take the flag off one of these first.",
        flagged=[
            {"request_id": row.request_id, "number": row.number, "status": row.status.value}
            for row in rows
            if is_live(row, payer, now)
        ],
    )
