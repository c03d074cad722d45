"""Number the events of subscriptions, and deliver them in order, at least once.

An event gets its number in one transaction with the state of the subscription. A delivery is attempted
as soon as it is requested in the queue; the sweep finds deliveries that were not attempted. After a
failure, an endpoint is not called again until its pause ends, so that it delays only its own
notifications.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from precert.domain.audit import AuditRecord, Basis, member_key
from precert.domain.errors import DamagedRecordError
from precert.domain.events import PublishedEvent
from precert.domain.request import Request
from precert.domain.retry import retry
from precert.domain.subscriptions import (
    MAX_TIMEOUT,
    DeliveryError,
    Notification,
    NotificationType,
    Subscription,
    concerns,
    organizations_of,
    stop_of,
)
from precert.usecases.audit import AuditLog
from precert.usecases.ports.requests import RequestFile, RequestStore
from precert.usecases.ports.subscriptions import (
    DeliveryQueue,
    Endpoints,
    EventNumberedError,
    NotDeliveredError,
    Stops,
    SubscriptionChangedError,
    SubscriptionStore,
)
from precert.usecases.subscriptions import ClientRights, visible_files

OPERATION: Final = "notifySubscriber"
"""The operation in the audit records of deliveries."""
SOON: Final = timedelta(minutes=5)
"""Longest delay in the queue. Later deliveries are left to the sweep, because a message that waits
longer in the queue would trigger the alarm on its age.
"""
_CHANGED: Final = "The subscription is being changed. Try again."


def number_event(
    event: PublishedEvent,
    *,
    subscriptions: SubscriptionStore,
    requests: RequestStore,
    client_rights: ClientRights,
    delivery_queue: DeliveryQueue,
    now: datetime,
) -> int:
    """Number the event in each subscription whose owner may read the request; returns how many.

    A second call with the same event changes no number, but requests the deliveries again.
    """
    request = requests.read(event.request_id)
    if request is None or request.review is None:
        return 0
    numbered = []
    for subscription_id in subscriptions.of_organizations(organizations_of(request)):
        try:
            if _number(subscription_id, event, request, subscriptions, client_rights, now):
                numbered.append(subscription_id)
        except DamagedRecordError:
            # The store reports the damage. Other subscriptions are notified.
            continue
    if numbered:
        delivery_queue.request(numbered)
    return len(numbered)


def _number(
    subscription_id: str,
    event: PublishedEvent,
    request: Request,
    subscriptions: SubscriptionStore,
    client_rights: ClientRights,
    now: datetime,
) -> bool:
    def attempt() -> bool:
        found = subscriptions.read(subscription_id)
        if found is None or found.has_ended(now) or not concerns(found, event, request):
            return False
        if not client_rights.may_see(found, request, now):
            return False
        after = found.with_event(now)
        notification = Notification(
            number=after.last_number,
            event_id=event.event_id,
            type=event.type,
            request_id=event.request_id,
            at=event.at,
        )
        try:
            subscriptions.record(after, notification)
        except EventNumberedError:
            return True
        return True

    return retry(attempt, on=SubscriptionChangedError, message=_CHANGED)


@dataclass(frozen=True)
class Attempt:
    """The result of one attempt. ``again`` if more notifications may be due now."""

    kind: NotificationType | None = None
    delivered: bool = False
    withheld: bool = False
    error: DeliveryError | None = None
    turned_off: bool = False
    again: bool = False


Compose = Callable[[Subscription, NotificationType, Notification | None, RequestFile | None], bytes]
"""Builds the body of a notification."""
_NOTHING: Final = Attempt()
_AGAIN: Final = Attempt(again=True)


def attempt_delivery(
    subscription_id: str,
    compose: Compose,
    *,
    subscriptions: SubscriptionStore,
    requests: RequestStore,
    client_rights: ClientRights,
    endpoints: Endpoints,
    delivery_queue: DeliveryQueue,
    audit_log: AuditLog,
    bus: Stops,
    now: datetime,
) -> Attempt:
    """Attempt the next due notification of the subscription, once.

    An event is delivered with the current state of its request, if the owner may read it now; otherwise
    it is withheld. The audit record is stored before the notification is sent. If failures end the
    subscription, this is published before it is stored, so that it is published even if the process
    ends in between.
    """
    found = subscriptions.read(subscription_id)
    if found is None:
        return _NOTHING
    try:
        begun = _begun(found, subscriptions, requests, client_rights, bus, now)
    except SubscriptionChangedError:
        return _AGAIN
    if isinstance(begun, Attempt):
        return begun
    attempting, kind = begun.subscription, begun.kind
    if begun.file is not None:
        audit_log.append(_record(attempting, begun.file, client_rights, now))
    body = compose(attempting, kind, begun.event, begun.file)
    try:
        endpoints.post(
            attempting.endpoint,
            body,
            media_type=attempting.media_type,
            headers=subscriptions.headers(subscription_id),
            seconds=min(attempting.timeout_seconds or MAX_TIMEOUT, MAX_TIMEOUT),
        )
    except NotDeliveredError as refusal:
        reason = refusal

        def failed(current: Subscription) -> Subscription:
            after = current.failed(reason.error, now, reason.status)
            if after.has_stopped:
                bus.stop(stop_of(after, now))
            return after

        after = _settle(attempting, subscriptions, failed)
        if after is None:
            return Attempt(kind, error=reason.error)
        if after.attempt_at is not None and after.attempt_at - now <= SOON:
            delivery_queue.request([subscription_id], delay=after.attempt_at - now)
        return Attempt(kind, error=reason.error, turned_off=after.has_stopped)
    _settle(attempting, subscriptions, lambda current: current.succeeded(kind, now))
    return Attempt(kind, delivered=True, again=True)


@dataclass(frozen=True)
class _Begun:
    """An attempt that is stored as begun, and the data that it sends."""

    subscription: Subscription
    kind: NotificationType
    event: Notification | None = None
    file: RequestFile | None = None


def _begun(
    found: Subscription,
    subscriptions: SubscriptionStore,
    requests: RequestStore,
    client_rights: ClientRights,
    bus: Stops,
    now: datetime,
) -> "_Begun | Attempt":
    """Store that an attempt begins; returns it, or the result if there is nothing to send."""
    if found.has_ended(now) and not found.is_off:
        subscriptions.store(found.turned_off(now))
        return _NOTHING
    kind = found.next_notification(now)
    if kind is None:
        return _NOTHING
    if found.attempts_are_exhausted(now):
        ended = found.ended_by_failures(now)
        bus.stop(stop_of(ended, now))
        subscriptions.store(ended)
        return Attempt(kind, error=ended.error, turned_off=True)
    event, file = None, None
    if kind is NotificationType.EVENT:
        event = _next_event(found, subscriptions)
        file = _visible(found, event, requests, client_rights, now)
        if event is None or file is None:
            subscriptions.store(found.withheld(now))
            return Attempt(kind, withheld=True, again=True)
    attempting = found.attempting(now)
    subscriptions.store(attempting)
    return _Begun(attempting, kind, event, file)


def _next_event(found: Subscription, subscriptions: SubscriptionStore) -> Notification | None:
    """The event after the last completed one; ``None`` if it is past retention."""
    number = found.completed + 1
    events = subscriptions.events(found.subscription_id, number, number, most=1)
    return events[0] if events else None


def _visible(
    found: Subscription,
    event: Notification | None,
    requests: RequestStore,
    client_rights: ClientRights,
    now: datetime,
) -> RequestFile | None:
    if event is None:
        return None
    try:
        files = visible_files(
            found, [event.request_id], requests=requests, client_rights=client_rights, now=now
        )
    except DamagedRecordError:
        # The store reports the damage. The event is withheld, so that later events are delivered.
        return None
    return files.get(event.request_id)


def _settle(
    attempting: Subscription,
    subscriptions: SubscriptionStore,
    change: Callable[[Subscription], Subscription],
) -> Subscription | None:
    """Store the result of an attempt, unless the subscription was changed meanwhile."""

    def attempt() -> Subscription | None:
        current = subscriptions.read(attempting.subscription_id)
        if current is None or not _is_same_attempt(current, attempting):
            return None
        after = change(current)
        subscriptions.store(after)
        return after

    return retry(attempt, on=SubscriptionChangedError, message=_CHANGED)


def _is_same_attempt(current: Subscription, attempting: Subscription) -> bool:
    return (current.changed_at, current.attempts, current.completed) == (
        attempting.changed_at,
        attempting.attempts,
        attempting.completed,
    )


def _record(
    subscription: Subscription, file: RequestFile, client_rights: ClientRights, now: datetime
) -> AuditRecord:
    """The audit record of a delivery: the client, the request, the member and the basis of access."""
    request = file.request
    number = subscription.completed + 1
    tins = sorted(client_rights.may_see(subscription, request, now))
    member_id = request.content_as_submitted.member_id
    return AuditRecord(
        access_id=f"{subscription.subscription_id}.{number:06d}.{subscription.attempts}",
        at=now,
        operation=OPERATION,
        subject=subscription.subject,
        basis=tuple(f"{Basis.TIN.value}:{tin}" for tin in tins),
        requests=(request.request_id,),
        members=(member_key(member_id),) if member_id else (),
    )


MAX_DUE: Final = 1000
"""Maximum number of subscriptions that one run of the sweep requests, most overdue first."""


def sweep_subscriptions(
    *, subscriptions: SubscriptionStore, delivery_queue: DeliveryQueue, now: datetime
) -> int:
    """Request all due attempts: heartbeats, ends, retries and lost deliveries; returns how many."""
    due = subscriptions.due(now, most=MAX_DUE)
    if due:
        delivery_queue.request(due)
    return len(due)
