"""Subscriptions of the Prior Authorization API: who is notified of changes, where, and how far.

A subscription has its own sequence of event numbers, without gaps. What is attempted next follows from
its state alone: a handshake until the endpoint has accepted one, then the events in their order, and
heartbeats while there are none. An attempt is counted before it is made, so that one whose process ends
counts as failed.
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

MOST_SUBSCRIPTIONS: Final = 20
"""How many subscriptions one client can have."""
MOST_ORGANIZATIONS: Final = 20
"""How many organizations the filter of one subscription can name."""
HEARTBEAT_SECONDS: Final = range(60, 30 * 86400 + 1)
LONGEST_TIMEOUT: Final = 20
"""Seconds after which an attempt fails, whatever longer timeout a subscription names."""
LEASE: Final = timedelta(seconds=90)
"""How long an attempt is not repeated that neither succeeded nor failed."""
HANDSHAKES: Final = 8
"""After so many failed handshakes, the endpoint is not tried again until the owner updates it."""
FAILURES_OF_ERROR: Final = 4
"""After so many failures in succession, the status is ``error``; deliveries are still attempted."""
TURNED_OFF_AFTER: Final = timedelta(days=3)
"""How long deliveries fail before the subscription is turned off."""
RETAINED: Final = timedelta(days=100)
"""How long an event is retained for ``$events``: longer than the bus can deliver it again."""
_PAUSES: Final = (
    *(timedelta(seconds=one) for one in (10, 30, 60, 120, 300, 900, 1800)),
    *(timedelta(hours=one) for one in (1, 2, 4, 6)),
)


class SubscriptionStatus(StrEnum):
    """FHIR's status of a subscription."""

    REQUESTED = "requested"
    """The endpoint has not accepted a handshake yet."""
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
    """By which number an organization is identified."""

    TIN = "TIN"
    NPI = "NPI"


class Organization(Value):
    """A provider organization of a filter."""

    kind: OrganizationKind
    number: Annotated[str, Field(pattern=r"^[0-9]{9,10}$")]

    @property
    def key(self) -> str:
        return f"{self.kind.value}#{self.number}"


class Work(StrEnum):
    """What is attempted next."""

    HANDSHAKE = "handshake"
    EVENT = "event-notification"
    HEARTBEAT = "heartbeat"


class Notification(Value):
    """An event of a subscription: ids only, its content is read when it is sent."""

    number: Annotated[int, Field(ge=1)]
    event_id: Text
    type: EventType
    request_id: Text
    at: Moment


class Subscription(Value):
    """A subscription of one client. ``version`` increases by one with every write."""

    subscription_id: Text
    version: Annotated[int, Field(ge=1)] = 1
    issuer: Text | None = None
    subject: Text
    """The client that owns it, by the issuer of its token."""
    tins: frozenset[Tin] = frozenset()
    """The owner's TINs by its token, where rights are not granted on the server."""
    entitled_by_grant: bool = False
    organizations: Annotated[tuple[Organization, ...], Field(min_length=1)]
    endpoint: Text
    media_type: Text
    header_names: tuple[Text, ...] = ()
    """Of the headers of each notification; their values are stored apart."""
    heartbeat_seconds: int | None = None
    timeout_seconds: int | None = None
    end: Moment | None = None
    resource: dict[str, Any]
    """What is shown again of the received resource."""
    base_url: Text
    """The address at which the owner reached the API, for references in notifications."""
    status: SubscriptionStatus = SubscriptionStatus.REQUESTED
    verified: bool = False
    """Whether the endpoint accepted a handshake since the last update."""
    created_at: Moment
    changed_at: Moment
    """When the owner last changed it, or attempts stopped."""
    last_number: int = 0
    """Of the newest event; ``completed`` is that up to which events are delivered or withheld."""
    completed: int = 0
    attempts: int = 0
    """Failures in succession, with the attempt in progress."""
    failing_since: Moment | None = None
    attempt_at: Moment | None = None
    """From when the next attempt can be made; ``None`` if there is nothing to attempt."""
    error: DeliveryError | None = None
    error_status: int | None = None
    """The HTTP status with which the endpoint answered last, if it was an error."""

    # -- What is next ---------------------------------------------------------------------------------

    @property
    def is_off(self) -> bool:
        return self.status is SubscriptionStatus.OFF

    @property
    def has_stopped(self) -> bool:
        """Whether nothing is attempted until the owner updates it."""
        failed = self.status is SubscriptionStatus.ERROR and not self.verified
        return self.is_off or failed

    @property
    def receives(self) -> bool:
        """Whether new events are numbered for it."""
        return not self.has_stopped

    @property
    def due_at(self) -> datetime | None:
        """When the sweep has to look at it."""
        if self.is_off:
            return None
        instants = [one for one in (self.attempt_at, self.end) if one is not None]
        return min(instants, default=None)

    def has_ended(self, now: datetime) -> bool:
        return self.end is not None and now >= self.end

    def work(self, now: datetime) -> Work | None:
        """What can be attempted now."""
        if self.has_stopped or self.attempt_at is None or now < self.attempt_at:
            return None
        if not self.verified:
            return Work.HANDSHAKE
        if self.completed < self.last_number:
            return Work.EVENT
        return Work.HEARTBEAT if self.heartbeat_seconds else None

    def has_failed_for_good(self, now: datetime) -> bool:
        """Whether no further attempt is made, although one is due."""
        if not self.verified:
            return self.attempts >= HANDSHAKES
        return self.failing_since is not None and now - self.failing_since >= TURNED_OFF_AFTER

    # -- Changes --------------------------------------------------------------------------------------

    def _changed(self, **update: Any) -> "Subscription":
        return self.model_copy(update={**update, "version": self.version + 1})

    def updated(self, replacement: "Subscription", now: datetime) -> "Subscription":
        """As the owner's new version; the endpoint has to accept a handshake again."""
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
        """No longer attempted: by its owner, by its end, or after days of failures."""
        return self._changed(status=SubscriptionStatus.OFF, attempt_at=None, changed_at=now)

    def ended_by_failures(self, now: datetime) -> "Subscription":
        """After the last failure: off, or in error where no handshake was accepted."""
        error = self.error or DeliveryError.INTERRUPTED
        if self.verified:
            return self.turned_off(now).model_copy(update={"error": error})
        return self._changed(
            status=SubscriptionStatus.ERROR, attempt_at=None, error=error, changed_at=now
        )

    def with_event(self, now: datetime) -> "Subscription":
        """With the next event number; an attempt in progress or a pause after a failure remains."""
        update: dict[str, Any] = {"last_number": self.last_number + 1}
        if not self.attempts:
            update["attempt_at"] = now
        return self._changed(**update)

    def attempting(self, now: datetime) -> "Subscription":
        """With an attempt in progress, which counts as failed until it has succeeded."""
        return self._changed(
            attempts=self.attempts + 1,
            failing_since=self.failing_since or now,
            attempt_at=now + max(LEASE, self._pause(self.attempts + 1)),
        )

    def succeeded(self, work: Work, now: datetime) -> "Subscription":
        """The endpoint accepted the notification."""
        number = self.completed + 1 if work is Work.EVENT else self.completed
        return self._after_attempt(
            now,
            completed=number,
            verified=True,
            status=SubscriptionStatus.ACTIVE,
            error=None,
            error_status=None,
        )

    def withheld(self, now: datetime) -> "Subscription":
        """The next event is not delivered, because the owner may not see its request."""
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
        """The attempt in progress failed."""
        in_error = self.verified and self.attempts >= FAILURES_OF_ERROR
        after = self._changed(
            error=error,
            error_status=status,
            status=SubscriptionStatus.ERROR if in_error else self.status,
            attempt_at=now + self._pause(self.attempts),
        )
        if not after.has_failed_for_good(now):
            return after
        # One change, with one version.
        return after.ended_by_failures(now).model_copy(update={"version": after.version})

    @staticmethod
    def _pause(attempts: int) -> timedelta:
        return _PAUSES[min(attempts, len(_PAUSES)) - 1]


class SubscriptionStop(Value):
    """A subscription is no longer attempted, because its endpoint failed: for its owner.

    Like every event it can be delivered again, with the same ``event_id``.
    """

    version: Literal[1] = 1
    event_id: Annotated[Text, Field(description="The same at every delivery.")]
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
    waiting: Annotated[int, Field(ge=0, description="Events that are not delivered.")] = 0


def stop_of(stopped: Subscription, now: datetime) -> SubscriptionStop:
    """The message about a subscription that failures have stopped."""
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
    """The organizations of a request's providers, by which subscriptions are found."""
    found = [Organization(kind=OrganizationKind.TIN, number=tin) for tin in sorted(request.tins)]
    providers = (request.content.requesting_provider, request.content.servicing_provider)
    npis = dict.fromkeys(one.npi for one in providers if one is not None and one.npi)
    return (*found, *(Organization(kind=OrganizationKind.NPI, number=npi) for npi in npis))


def concerns(subscription: Subscription, event: PublishedEvent, request: RequestState) -> bool:
    """Whether the owner is notified of an event, if it may see the request."""
    review = request.review
    submitted_it = (
        review is not None
        and review.channel is Channel.API
        and review.submitted_by == subscription.subject
    )
    return subscription.receives and not (submitted_it and EVENTS[event.type].in_answer)
