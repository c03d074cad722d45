"""PAS subscriptions (R4 backport of topic-based subscriptions): responses and notifications.

Header values are secrets: only the response to the call that sent them contains them. Received
subscriptions are read in :mod:`precert.fhir.received_subscriptions`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from pydantic import SecretStr

from precert.domain.dates import instant_text
from precert.domain.subscriptions import (
    HANDSHAKES,
    TURNED_OFF_AFTER,
    DeliveryError,
    Notification,
    NotificationType,
    Subscription,
)
from precert.domain.wording import counted
from precert.fhir import systems
from precert.fhir.bundles import objects
from precert.fhir.elements import Json, present

TOPIC: Final = f"{systems.PAS}/SubscriptionTopic/PASSubscriptionTopic"
BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
CONTENT: Final = f"{BACKPORT}/backport-payload-content"
FULL_RESOURCE: Final = "full-resource"
FHIR_JSON: Final = "application/fhir+json"
MASK: Final = "********"
"""Returned instead of a header's value. An update with the mask leaves the value unchanged."""


def shown_subscription(one: Subscription, headers: Mapping[str, SecretStr] | None = None) -> Json:
    """The Subscription resource; ``headers`` has the values that the caller sent in this call."""
    values = {name: value.get_secret_value() for name, value in (headers or {}).items()}
    resource = dict(one.resource)
    filters, settings = resource.pop("filters", []), resource.pop("settings", [])
    end, reason = resource.pop("end", None), resource.pop("reason", None)
    return present(
        resourceType="Subscription",
        id=one.subscription_id,
        meta={
            "versionId": str(one.version),
            "lastUpdated": _instant(one.changed_at),
            **systems.profile("subscription"),
        },
        **resource,
        status=one.status.value,
        end=end,
        reason=reason,
        criteria=TOPIC,
        _criteria={"extension": filters},
        error=_reason(one),
        channel=present(
            extension=settings,
            type="rest-hook",
            endpoint=one.endpoint,
            payload=one.media_type,
            _payload={"extension": [{"url": CONTENT, "valueCode": FULL_RESOURCE}]},
            header=[f"{name}: {values.get(name, MASK)}" for name in one.header_names],
        ),
    )


_ERRORS: Final = {
    DeliveryError.ADDRESS_REFUSED: "The host name of the endpoint resolves to an address that is not "
    "public.",
    DeliveryError.NAME_NOT_RESOLVED: "The host name of the endpoint cannot be resolved.",
    DeliveryError.CONNECTION_FAILED: "The endpoint does not accept connections.",
    DeliveryError.TLS_FAILED: "The certificate of the endpoint cannot be verified.",
    DeliveryError.TIMED_OUT: "The endpoint did not respond in time.",
    DeliveryError.REDIRECTED: "The endpoint redirects. Redirects are not followed.",
    DeliveryError.NOT_ACCEPTED: "The endpoint responded with an error.",
    DeliveryError.INTERRUPTED: "The last attempt ended without a result.",
}
_NO_RESPONSE: Final = frozenset(
    {
        DeliveryError.NAME_NOT_RESOLVED,
        DeliveryError.CONNECTION_FAILED,
        DeliveryError.TLS_FAILED,
        DeliveryError.TIMED_OUT,
    }
)
"""Errors with the code ``no-response``, the only code of the code system subscription-error."""


def _codings(error: DeliveryError) -> list[Json]:
    system = f"{systems.TERMINOLOGY}/subscription-error"
    return [{"system": system, "code": "no-response"}] if error in _NO_RESPONSE else []


def _reason(one: Subscription) -> str | None:
    """Why the last attempt failed, since when attempts have failed, and what the owner must do."""
    if one.error is None:
        return None
    status = f" The HTTP status was {one.error_status}." if one.error_status else ""
    since = (
        f" Attempts have failed since {_instant(one.failing_since)}." if one.failing_since else ""
    )
    return f"{_ERRORS[one.error]}{status}{since}{_next_step(one)}"


def _next_step(one: Subscription) -> str:
    waiting = one.last_number - one.completed
    if not one.has_stopped:
        return f" Attempts continue; undelivered events: {waiting}."
    if one.has_ended(one.changed_at):
        cause = "the end of the subscription has passed"
    elif one.verified:
        cause = f"they failed for {counted(TURNED_OFF_AFTER.days, 'days')}"
    else:
        cause = f"{counted(HANDSHAKES, 'handshakes')} failed"
    return (
        f" Attempts have stopped, because {cause}. Send an update with the status requested when "
        f"the endpoint works: undelivered events ({waiting}) are then delivered. Changes after it "
        "stopped have no event: use Claim/$inquire for them."
    )


def searchset(resources: Sequence[Json], *, url: str) -> Json:
    """A searchset Bundle of Subscriptions or statuses; ``url`` is that of the search."""
    entries = [
        {
            "fullUrl": _full_url(one),
            "resource": one,
            "search": {"mode": "match"},
        }
        for one in resources
    ]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(entries),
        "link": [{"relation": "self", "url": url}],
        **({"entry": entries} if entries else {}),
    }


def _full_url(resource: Json) -> str:
    """A ``urn:uuid`` derived from the id, as the base URL of the caller is not known here."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, resource['id'])}"


def status_of(
    one: Subscription,
    kind: str,
    *,
    status_id: str,
    events: Sequence[tuple[Notification, str | None]] = (),
    names_topic: bool = True,
) -> Json:
    """The SubscriptionStatus as Parameters.

    ``kind`` is the notification type, such as ``query-status``. Each event has the full URL of its
    response bundle, or ``None`` if the notification does not contain it.
    """
    parameters: list[Json] = [
        {
            "name": "subscription",
            "valueReference": {"reference": f"Subscription/{one.subscription_id}"},
        },
        *([{"name": "topic", "valueCanonical": TOPIC}] if names_topic else ()),
        {"name": "status", "valueCode": one.status.value},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(one.last_number)},
        *(_event(notification, focus) for notification, focus in events),
    ]
    if one.error:
        error = present(coding=_codings(one.error), text=_reason(one))
        parameters.append({"name": "error", "valueCodeableConcept": error})
    return {
        "resourceType": "Parameters",
        "id": status_id,
        "meta": {"profile": [f"{BACKPORT}/backport-subscription-status-r4"]},
        "parameter": parameters,
    }


def _event(notification: Notification, focus: str | None) -> Json:
    parts: list[Json] = [
        {"name": "event-number", "valueString": str(notification.number)},
        {"name": "timestamp", "valueInstant": _instant(notification.at)},
    ]
    if focus is not None:
        parts.append({"name": "focus", "valueReference": {"reference": focus}})
    return {"name": "notification-event", "part": parts}


def notification_bundle(
    one: Subscription,
    kind: NotificationType | str,
    *,
    bundle_id: str,
    at: datetime,
    events: Sequence[tuple[Notification, Json | None]] = (),
    names_topic: bool = True,
) -> Json:
    """A notification: the status, then the response bundle of each event that has one.

    ``names_topic`` is false for empty content, which must not disclose the topic.
    """
    with_urls = [
        (notification, f"urn:uuid:{response['id']}" if response else None)
        for notification, response in events
    ]
    status = status_of(
        one, str(kind), status_id=bundle_id, events=with_urls, names_topic=names_topic
    )
    entries = [
        _entry(status, "GET", f"Subscription/{one.subscription_id}/$status"),
        *(_entry(response, "POST", "Claim/$inquire") for _, response in events if response),
    ]
    return {
        "resourceType": "Bundle",
        "id": bundle_id,
        "meta": {"profile": [f"{BACKPORT}/backport-subscription-notification-r4"]},
        "type": "history",
        "timestamp": _instant(at),
        "entry": entries,
    }


def _entry(resource: Json, method: str, url: str) -> Json:
    return {
        "fullUrl": f"urn:uuid:{resource['id']}",
        "resource": resource,
        "request": {"method": method, "url": url},
        "response": {"status": "200"},
    }


def _instant(at: datetime) -> str:
    return instant_text(at, "milliseconds")


def texts_of(parameters: object, name: str) -> Iterator[str]:
    """The values of an operation's parameter as text, of any primitive type."""
    for one in objects(parameters, "parameter"):
        if one.get("name") == name:
            values = (value for key, value in one.items() if key.startswith("value"))
            yield from (str(value) for value in values)
