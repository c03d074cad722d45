"""How many entries an operator's queues have, so that an operator sees at once where work is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from precert.domain.caller import Caller
from precert.names import Entitlement
from precert.usecases.ports.listings import CheckQueue, Listings, Page
from precert.usecases.repairs import STUCK_AFTER, Deliveries

MAX_COUNTED: Final = 100


@dataclass(frozen=True)
class QueueCount:
    """The number of entries; if not ``complete``, there can be more."""

    count: int
    complete: bool = True


@dataclass(frozen=True)
class OperatorCounts:
    """The queues of :mod:`precert.usecases.operations`, and what repairs are for."""

    overdue: QueueCount
    stuck_requests: QueueCount
    failed_deliveries: QueueCount
    intake_exceptions: QueueCount
    unmatched_providers: QueueCount
    vendor_backlog: QueueCount
    deemed_denials: QueueCount


def count_operator_queues(
    caller: Caller, *, listings: Listings, deliveries: Deliveries, now: datetime
) -> OperatorCounts:
    """Count the first 100 entries of each queue, and all failed deliveries.

    Six calls, and one for each receiver of deliveries.

    Raises:
        NotEntitledError.
    """
    caller.require(Entitlement.OPERATOR)
    first: Any = {"limit": MAX_COUNTED, "cursor": None}
    return OperatorCounts(
        overdue=_counted(listings.overdue(**first)),
        stuck_requests=_stuck(listings, now),
        failed_deliveries=QueueCount(deliveries.count_failed()),
        intake_exceptions=_counted(listings.intake_exceptions(**first)),
        unmatched_providers=_counted(listings.unmatched(**first)),
        vendor_backlog=_counted(listings.vendor_backlog(**first)),
        deemed_denials=_counted(listings.deemed_denials(**first)),
    )


def _counted(page: Page[Any]) -> QueueCount:
    """Damaged entries count: they wait as well, and the list names them."""
    return QueueCount(len(page.rows) + len(page.damaged), page.cursor is None)


def _stuck(listings: Listings, now: datetime) -> QueueCount:
    page = listings.checks(CheckQueue.UNASSESSED, after=None, limit=MAX_COUNTED)
    stuck = [one for one in page.rows if one.at <= now - STUCK_AFTER]
    # The queue is in the order of the cycles' beginnings: what follows is younger.
    return QueueCount(len(stuck), page.cursor is None or len(stuck) < len(page.rows))
