"""Assigns the event numbers of subscriptions, and sends notifications to endpoints. Fed by a queue."""

import json
from datetime import timedelta
from functools import partial
from typing import Any, Final

from precert.bootstrap import call, dependencies
from precert.domain.events import PublishedEvent
from precert.domain.subscriptions import Notification, NotificationType, Subscription
from precert.fhir.current_responses import current_response
from precert.fhir.subscriptions import notification_bundle
from precert.names import SUBSCRIPTION_OFF
from precert.observability import logger, metrics, note_work
from precert.queues import process_events
from precert.usecases.notifications import Attempt, attempt_delivery, number_event
from precert.usecases.ports.requests import RequestFile

LONGEST: Final = timedelta(seconds=20)
"""Time limit to send due notifications for one message; another message sends the rest."""


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return process_events(event, context, _process)


def _process(message: dict[str, Any]) -> None:
    """Process an event of the bus, or a subscription with due notifications."""
    if "subscription_id" in message:
        _deliver(str(message["subscription_id"]))
        return
    event = PublishedEvent.model_validate(message["detail"])
    numbered = call(number_event, event)
    note_work("numbered", event_id=event.event_id, subscriptions=numbered)


def _deliver(subscription_id: str) -> None:
    deps = dependencies()
    started = deps.now()
    attempts: list[Attempt] = []
    while not attempts or attempts[-1].again:
        if deps.now() - started >= LONGEST:
            deps.delivery_queue.request([subscription_id])
            break
        attempts.append(
            call(attempt_delivery, subscription_id, partial(_composed, subscription_id))
        )
    _note(subscription_id, attempts)


def _note(subscription_id: str, attempts: list[Attempt]) -> None:
    """Log and count the message once, and once more if the subscription was turned off."""
    error = next((one.error.value for one in attempts if one.error), "none")
    note_work(
        "notified",
        subscription_id=subscription_id,
        delivered=sum(one.delivered for one in attempts),
        withheld=sum(one.withheld for one in attempts),
        error=error,
    )
    if any(one.turned_off for one in attempts):
        note_work(SUBSCRIPTION_OFF, subscription_id=subscription_id, error=error)


def _composed(
    subscription_id: str,
    subscription: Subscription,
    kind: NotificationType,
    event: Notification | None,
    file: RequestFile | None,
) -> bytes:
    """The body of a notification, in JSON. Resources of the same event have the same ids each time."""
    deps = dependencies()
    at = deps.now()
    events = []
    if event is not None and file is not None:
        answer = call(
            current_response,
            file.request,
            file.original,
            seed=f"{subscription_id}#{event.number}",
            base_url=subscription.base_url,
            at=at,
        )
        events.append((event, answer))
    bundle = notification_bundle(
        subscription, kind.value, bundle_id=deps.new_uuid(), at=at, events=events
    )
    return json.dumps(bundle, separators=(",", ":")).encode()
