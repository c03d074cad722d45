"""File an appeal against denied or modified lines (W7)."""

from collections.abc import Sequence
from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.usecases.change_request import change_request
from precert.usecases.explain_refusal import visible
from precert.usecases.ports.requests import RequestStore


def file_appeal(
    request_id: str,
    line_ids: Sequence[str],
    caller: Caller,
    *,
    reason: str,
    expedited: bool,
    requests: RequestStore,
    payer: Payer,
    now: datetime,
) -> Request:
    """Open a round that reconsiders the lines. While it is open, filing the same again changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: nothing was denied, an appeal is open, the filing time is over, every
            level was used, or a vendor decides.
        InvalidInputError: a line named was approved as asked.
    """
    caller.require(Entitlement.PATIENT_SEARCH)

    def appeal(found: Request | None) -> Change | Request:
        request = visible(found, caller.tins)
        standing = request.review.open_appeal if request.review else None
        if standing and (standing.line_ids, standing.reason, standing.expedited) == (
            tuple(dict.fromkeys(line_ids)),
            reason,
            expedited,
        ):
            return request
        clock = payer.review_clocks[request.plan.line_of_business]
        return request.file_appeal(
            line_ids,
            reason=reason,
            expedited=expedited,
            filing_days=clock.appeal_filing_days,
            zone=payer.zone,
            levels=clock.appeal_levels,
            document_slots=payer.documents.max_while_pending,
            by=caller.subject,
            now=now,
        )

    return change_request(request_id, appeal, requests=requests)
