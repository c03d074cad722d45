"""Failed deliveries, and sending them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from precert.names import Delivery

MOST_AT_ONCE: Final = 5
"""Deliveries that one call sends again: each waits for its receiver, and an API call has 29 seconds."""


@dataclass(frozen=True)
class FailedDeliveries:
    """About how many deliveries failed for a receiver, and about when the oldest one did."""

    delivery: Delivery
    count: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class Redelivery:
    """Failed deliveries that were sent again. What was not redelivered stays in its queue."""

    delivery: Delivery
    redelivered: int
    failed: int
    not_redeliverable: int
    """Positions of the stream: the queue does not contain the records."""
    between: tuple[datetime, datetime] | None = None
    """When the first and the last record of these positions were written."""


class Deliveries(Protocol):
    """Events that could not be processed, by receiver."""

    def failed(self) -> Sequence[FailedDeliveries]:
        """All receivers. One call for each, and a second one for those with failed deliveries."""

    def send_again(self, delivery: Delivery, *, most: int) -> Redelivery:
        """Invoke the receiver with failed deliveries, and remove those that it accepted.

        One call, and two for each delivery.
        """
