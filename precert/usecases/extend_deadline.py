"""Take more time for a decision, once (W2)."""

from datetime import datetime

from precert.domain import reviewing
from precert.domain.caller import Caller
from precert.domain.clocks import extension_days
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.usecases.change_case import change_case
from precert.usecases.ports.requests import RequestStore


def extend_deadline(
    request_id: str,
    reason: str,
    caller: Caller,
    *,
    requests: RequestStore,
    payer: Payer,
    now: datetime,
) -> Request:
    """Move the deadline by the days that the line of business allows; both sides are told why.

    Extending again for the same reason changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: it was extended before, the case is urgent, an appeal is open,
            information is asked for, a colleague holds the case, or nothing waits for a reviewer.
    """

    def move(request: Request) -> Change | None:
        standing = request.submitted.extension
        if standing and standing.reason == reason and request.waits_for_review:
            return None
        clock = payer.review_clocks[request.plan.line_of_business]
        days = extension_days(request.urgency, clock)
        return reviewing.extend(request, days, reason, by=caller.subject, now=now)

    return change_case(request_id, move, caller, requests=requests, now=now)
