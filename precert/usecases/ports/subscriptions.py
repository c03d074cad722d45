"""Subscriptions in the store, the endpoints that are notified, and the queue of deliveries."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import SecretStr

from precert.domain.subscriptions import (
    DeliveryError,
    Notification,
    Organization,
    Subscription,
    SubscriptionStop,
)

Headers = Mapping[str, SecretStr]


class SubscriptionChangedError(Exception):
    """The subscription changed since it was read; nothing was written. Read it and retry."""


class EventNumberedError(Exception):
    """The event has its number already; nothing was written."""


class SubscriptionsFullError(Exception):
    """The client has the maximum number of subscriptions; nothing was written."""


class SubscriptionStore(Protocol):
    """Subscriptions with their events; each change is one conditional write."""

    def read(self, subscription_id: str) -> Subscription | None:
        """Read a subscription, consistently. One AWS call."""

    def headers(self, subscription_id: str) -> Headers:
        """The headers of its notifications, with their values. One AWS call."""

    def owned_by(self, issuer: str | None, subject: str) -> tuple[Subscription, ...]:
        """The subscriptions of a client, in the order of their creation."""

    def create(self, subscription: Subscription, headers: Headers, *, most: int) -> None:
        """Store a new subscription.

        Raises:
            SubscriptionsFullError: the client has ``most``.
        """

    def replace(self, before: Subscription, after: Subscription, headers: Headers) -> None:
        """Store the owner's update.

        Raises:
            SubscriptionChangedError.
        """

    def store(self, subscription: Subscription) -> None:
        """Store a change of state, on the condition that the previous version is stored.

        Raises:
            SubscriptionChangedError.
        """

    def record(self, subscription: Subscription, event: Notification) -> None:
        """Store the state with a new event, in one transaction.

        Raises:
            EventNumberedError: an earlier delivery of the event was recorded.
            SubscriptionChangedError.
        """

    def delete(self, subscription: Subscription) -> None:
        """Delete a subscription; its events are deleted when their retention ends.

        Raises:
            SubscriptionChangedError.
        """

    def of_organizations(self, organizations: Sequence[Organization]) -> tuple[str, ...]:
        """Ids of the subscriptions to any of the organizations. One AWS call for each."""

    def events(
        self, subscription_id: str, first: int, last: int, *, most: int
    ) -> tuple[Notification, ...]:
        """Its retained events with numbers from ``first`` to ``last``, in their order."""

    def due(self, now: datetime, *, most: int) -> tuple[str, ...]:
        """Ids of subscriptions whose next attempt is due, most overdue first. One AWS call."""


class DeliveryQueue(Protocol):
    """The queue of delivery attempts."""

    def request(self, subscription_ids: Sequence[str], *, delay: timedelta = timedelta()) -> None:
        """Request an attempt for each subscription, after a delay of at most 15 minutes.

        Raises:
            TransientError.
        """


class Stops(Protocol):
    """Publishes that subscriptions were stopped, for their owners."""

    def stop(self, stop: SubscriptionStop) -> None:
        """Publish that notifications of a subscription are no longer attempted.

        Raises:
            TransientError: the bus did not accept it.
        """


class NotDeliveredError(Exception):
    """The endpoint did not accept the notification."""

    def __init__(self, error: DeliveryError, status: int | None = None) -> None:
        super().__init__(error.value)
        self.error = error
        self.status = status


class Endpoints(Protocol):
    """Sends notifications to the endpoints of clients."""

    def post(
        self, url: str, body: bytes, *, media_type: str, headers: Headers, seconds: int
    ) -> None:
        """Send one notification.

        Raises:
            NotDeliveredError: it was not accepted.
        """
