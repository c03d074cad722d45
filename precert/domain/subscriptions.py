"""Subscriptions of the Prior Authorization API: their filters, endpoints and progress of deliveries.

A subscription has its own sequence of event numbers, without gaps. Its state determines the next
attempt: a handshake until the endpoint has accepted one, then the events in their order, and heartbeats
while there are none. An attempt is counted before it is made, so that an interrupted one counts as
failed.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from precert.domain.dates import Moment
from precert.domain.event_types import EVENTS, EventType
from precert.domain.events import PublishedEvent
from precert.domain.request_state import RequestState
from precert.domain.review import Channel
from precert.domain.values import Text, Tin, Value

MAX_SUBSCRIPTIONS: Final = 20
"""The most subscriptions of one client."""
MAX_ORGANIZATIONS: Final = 20
"""The most organizations in the filter of one subscription."""
HEARTBEAT_SECONDS: Final = range(60, 30 * 86400 + 1)
"""The valid heartbeat periods: one minute to 30 days."""
MAX_TIMEOUT: Final = 20
"""Seconds after which an attempt fails, also if the subscription has a longer timeout."""
LEASE: Final = timedelta(seconds=90)
"""The minimum time before an attempt without a result is repeated."""
HANDSHAKES: Final = 8
"""The number of failed handshakes after which no other is attempted until the owner updates the
subscription."""
FAILURES_OF_ERROR: Final = 4
"""The number of consecutive failures from which the status is ``error``. Attempts continue."""
TURNED_OFF_AFTER: Final = timedelta(days=3)
"""The time of consecutive failures after which the subscription is turned off."""
RETAINED: Final = timedelta(days=100)
"""The time for which an event is available to ``$events``; longer than the bus can redeliver it."""
_PAUSES: Final = (
    *(timedelta(seconds=one) for one in (10, 30, 60, 120, 300, 900, 1800)),
    *(timedelta(hours=one) for one in (1, 2, 4, 6)),
)
"""The time from a failed attempt to the next one, by number of consecutive failures."""


class SubscriptionStatus(StrEnum):
    """The status of a FHIR Subscription."""

    REQUESTED = "requested"
    """The endpoint has not accepted a handshake."""
    ACTIVE = "active"
    ERROR = "error"
    OFF = "off"


class DeliveryError(StrEnum):
    """Why a notification was not accepted."""

    ADDRESS_REFUSED = "address_refused"
    NAME_NOT_RESOLVED = "name_not_resolved"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    TIMED_OUT = "timed_out"
    REDIRECTED = "redirected"
    NOT_ACCEPTED = "not_accepted"
    INTERRUPTED = "interrupted"
    """The attempt ended without a result."""


class OrganizationKind(StrEnum):
    """The type of number that identifies an organization."""

    TIN = "TIN"
    NPI = "NPI"


class Organization(Value):
    """A provider organization in the filter of a subscription."""

    kind: OrganizationKind
    number: Annotated[str, Field(pattern=r"^[0-9]{9,10}$")]

    @property
    def key(self) -> str:
        """Its text in index keys."""
        return f"{self.kind.value}#{self.number}"


class NotificationType(StrEnum):
    """The type of a notification, by FHIR's codes."""

    HANDSHAKE = "handshake"
    EVENT = "event-notification"
    HEARTBEAT = "heartbeat"


class Notification(Value):
    """A numbered event of a subscription. It has ids only; its content is read when it is sent."""

    number: Annotated[int, Field(ge=1)]
    event_id: Text
    type: EventType
    request_id: Text
    at: Moment


class Subscription(Value):
    """A subscription of one client. ``version`` increases by one with every write.

    The owner is the client ``subject`` of the token issuer ``issuer``.
    """

    subscription_id: Text
    version: Annotated[int, Field(ge=1)] = 1
    issuer: Text | None = None
    subject: Text
    tins: frozenset[Tin] = frozenset()
    """The TINs in the owner's token, if they are not granted on the server."""
    entitled_by_grant: bool = False
    organizations: Annotated[tuple[Organization, ...], Field(min_length=1)]
    endpoint: Text
    media_type: Text
    header_names: tuple[Text, ...] = ()
    """Names of the HTTP headers of each notification. Their values are stored separately."""
    heartbeat_seconds: int | None = None
    timeout_seconds: int | None = None
    end: Moment | None = None
    resource: dict[str, Any]
    """The elements of the received FHIR resource that are returned when it is read."""
    base_url: Text
    """The base URL at which the owner called the API, for references in notifications."""
    status: SubscriptionStatus = SubscriptionStatus.REQUESTED
    verified: bool = False
    """Whether the endpoint accepted a handshake since the last update."""
    created_at: Moment
    changed_at: Moment
    """When the owner last updated it, or when attempts stopped."""
    last_number: int = 0
    """The number of the newest event. Events up to ``completed`` are delivered or withheld."""
    completed: int = 0
    attempts: int = 0
    """The number of consecutive failures, including an attempt in progress."""
    failing_since: Moment | None = None
    attempt_at: Moment | None = None
    """The earliest time of the next attempt; ``None`` if there is nothing to attempt."""
    error: DeliveryError | None = None
    error_status: int | None = None
    """The HTTP status of the endpoint's last response, if that was an error."""

    # -- State ----------------------------------------------------------------------------------------

    @property
    def is_off(self) -> bool:
        return self.status is SubscriptionStatus.OFF

    @property
    def has_stopped(self) -> bool:
        """Whether nothing is attempted until the owner updates the subscription."""
        failed = self.status is SubscriptionStatus.ERROR and not self.verified
        return self.is_off or failed

    @property
    def receives(self) -> bool:
        """Whether it receives new events."""
        return not self.has_stopped

    @property
    def due_at(self) -> datetime | None:
        """When the sweep must process it, for an attempt or its end; ``None`` if there is neither."""
        if self.is_off:
            return None
        instants = [one for one in (self.attempt_at, self.end) if one is not None]
        return min(instants, default=None)

    def has_ended(self, now: datetime) -> bool:
        """Whether the end that the owner set has passed."""
        return self.end is not None and now >= self.end

    def next_notification(self, now: datetime) -> NotificationType | None:
        """The type of the notification that can be attempted now; ``None`` if there is none."""
        if self.has_stopped or self.attempt_at is None or now < self.attempt_at:
            return None
        if not self.verified:
            return NotificationType.HANDSHAKE
        if self.completed < self.last_number:
            return NotificationType.EVENT
        return NotificationType.HEARTBEAT if self.heartbeat_seconds else None

    def attempts_are_exhausted(self, now: datetime) -> bool:
        """Whether failures have reached the limit after which no further attempt is made."""
        if not self.verified:
            return self.attempts >= HANDSHAKES
        return self.failing_since is not None and now - self.failing_since >= TURNED_OFF_AFTER

    # -- Changes --------------------------------------------------------------------------------------

    def _changed(self, **update: Any) -> "Subscription":
        return self.model_copy(update={**update, "version": self.version + 1})

    def updated(self, replacement: "Subscription", now: datetime) -> "Subscription":
        """The subscription with the owner's update; the endpoint must accept a handshake again."""
        retained = {
            "subscription_id": self.subscription_id,
            "version": self.version + 1,
            "created_at": self.created_at,
            "changed_at": now,
            "last_number": self.last_number,
            "completed": self.completed,
        }
        return replacement.model_copy(update=retained)

    def turned_off(self, now: datetime) -> "Subscription":
        """The subscription turned off: by its owner, at its end, or after too many failures."""
        return self._changed(status=SubscriptionStatus.OFF, attempt_at=None, changed_at=now)

    def ended_by_failures(self, now: datetime) -> "Subscription":
        """The subscription after its last attempt failed: off, or in error without any handshake."""
        error = self.error or DeliveryError.INTERRUPTED
        if self.verified:
            return self.turned_off(now).model_copy(update={"error": error})
        return self._changed(
            status=SubscriptionStatus.ERROR, attempt_at=None, error=error, changed_at=now
        )

    def with_event(self, now: datetime) -> "Subscription":
        """The subscription with another event, which is attempted after one in progress or a pause."""
        update: dict[str, Any] = {"last_number": self.last_number + 1}
        if not self.attempts:
            update["attempt_at"] = now
        return self._changed(**update)

    def attempting(self, now: datetime) -> "Subscription":
        """The subscription with an attempt in progress, which counts as failed until it succeeds."""
        return self._changed(
            attempts=self.attempts + 1,
            failing_since=self.failing_since or now,
            attempt_at=now + max(LEASE, self._pause(self.attempts + 1)),
        )

    def succeeded(self, kind: NotificationType, now: datetime) -> "Subscription":
        """The subscription after the endpoint accepted a notification."""
        number = self.completed + 1 if kind is NotificationType.EVENT else self.completed
        return self._after_attempt(
            now,
            completed=number,
            verified=True,
            status=SubscriptionStatus.ACTIVE,
            error=None,
            error_status=None,
        )

    def withheld(self, now: datetime) -> "Subscription":
        """The subscription without the next event, because the owner may not see its request."""
        return self._after_attempt(now, completed=self.completed + 1)

    def _after_attempt(self, now: datetime, **update: Any) -> "Subscription":
        after = self._changed(**update, attempts=0, failing_since=None)
        at = None
        if after.completed < after.last_number:
            at = now
        elif after.heartbeat_seconds:
            at = now + timedelta(seconds=after.heartbeat_seconds)
        return after.model_copy(update={"attempt_at": at})

    def failed(
        self, error: DeliveryError, now: datetime, status: int | None = None
    ) -> "Subscription":
        """The subscription after the attempt in progress failed; ``status`` is the HTTP status."""
        in_error = self.verified and self.attempts >= FAILURES_OF_ERROR
        after = self._changed(
            error=error,
            error_status=status,
            status=SubscriptionStatus.ERROR if in_error else self.status,
            attempt_at=now + self._pause(self.attempts),
        )
        if not after.attempts_are_exhausted(now):
            return after
        # Both changes are one write, with one version.
        return after.ended_by_failures(now).model_copy(update={"version": after.version})

    @staticmethod
    def _pause(attempts: int) -> timedelta:
        return _PAUSES[min(attempts, len(_PAUSES)) - 1]


class SubscriptionStop(Value):
    """An event for the owner of a subscription: its endpoint failed, and attempts have stopped.

    Like every event, it can be delivered more than once, with the same ``event_id``.
    """

    version: Literal[1] = 1
    event_id: Annotated[Text, Field(description="The same in every delivery.")]
    subscription_id: Text
    client_id: Annotated[Text, Field(description="The client that owns the subscription.")]
    at: Moment
    status: Annotated[
        SubscriptionStatus,
        Field(description="`off`, or `error` where the endpoint never accepted a handshake."),
    ]
    error: Annotated[DeliveryError, Field(description="Why the last attempt failed.")]
    error_status: Annotated[
        int | None, Field(description="The HTTP status of the last attempt, if there was one.")
    ] = None
    failing_since: Moment | None = None
    waiting: Annotated[int, Field(ge=0, description="Number of events that are not delivered.")] = 0


def stop_of(stopped: Subscription, now: datetime) -> SubscriptionStop:
    """The event about a subscription that was stopped after failures."""
    return SubscriptionStop(
        event_id=f"{stopped.subscription_id}.{stopped.version}",
        subscription_id=stopped.subscription_id,
        client_id=stopped.subject,
        at=now,
        status=stopped.status,
        error=stopped.error or DeliveryError.INTERRUPTED,
        error_status=stopped.error_status,
        failing_since=stopped.failing_since,
        waiting=stopped.last_number - stopped.completed,
    )


def organizations_of(request: RequestState) -> tuple[Organization, ...]:
    """The TINs and NPIs of a request's providers, by which its subscriptions are found."""
    found = [Organization(kind=OrganizationKind.TIN, number=tin) for tin in sorted(request.tins)]
    providers = (request.content.requesting_provider, request.content.servicing_provider)
    npis = dict.fromkeys(one.npi for one in providers if one is not None and one.npi)
    return (*found, *(Organization(kind=OrganizationKind.NPI, number=npi) for npi in npis))


def concerns(subscription: Subscription, event: PublishedEvent, request: RequestState) -> bool:
    """Whether the owner is notified of an event of a request that it may see.

    It is not if the owner submitted the request and received the event in the response to its own call.
    """
    review = request.review
    submitted_it = (
        review is not None
        and review.channel is Channel.API
        and review.submitted_by == subscription.subject
    )
    return subscription.receives and not (submitted_it and EVENTS[event.type].in_submit_response)
