"""Subscriptions of PAS (R4 backport of topic-based subscriptions) as responses and notifications.

Values of headers are secrets: they are shown only in the response to the call that sent them. Received
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
from precert.fhir import systems
from precert.fhir.bundles import objects
from precert.fhir.elements import Json, present

TOPIC: Final = f"{systems.PAS}/SubscriptionTopic/PASSubscriptionTopic"
BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
CONTENT: Final = f"{BACKPORT}/backport-payload-content"
FULL_RESOURCE: Final = "full-resource"
FHIR_JSON: Final = "application/fhir+json"
MASK: Final = "********"
"""Shown in place of the value of a header; sent back in an update, it leaves the value as it is."""


def shown_subscription(one: Subscription, headers: Mapping[str, SecretStr] | None = None) -> Json:
    """A subscription as a resource; ``headers`` if the caller has just sent their values."""
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
"""The errors that are ``no-response`` by the code system of subscription errors, its only code."""


def _codings(error: DeliveryError) -> list[Json]:
    system = f"{systems.TERMINOLOGY}/subscription-error"
    return [{"system": system, "code": "no-response"}] if error in _NO_RESPONSE else []


def _reason(one: Subscription) -> str | None:
    """Why the last attempt failed, since when attempts fail, and what the owner does next."""
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
        return f" Attempts continue; events that are not delivered: {waiting}."
    if one.has_ended(one.changed_at):
        cause = "the end of the subscription has passed"
    elif one.verified:
        cause = f"they failed for {TURNED_OFF_AFTER.days} days"
    else:
        cause = f"{HANDSHAKES} handshakes failed"
    return (
        f" Attempts have stopped, because {cause}. Send an update with the status requested when the "
        f"endpoint works: events that are not delivered ({waiting}) follow then. Later changes have no "
        "event: inquire for them."
    )


def searchset(resources: Sequence[Json], *, url: str) -> Json:
    """A bundle of search results, or of statuses."""
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
    """A UUID that follows from the id: the address by which the caller reaches it is not known."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, resource['id'])}"


def status_of(
    one: Subscription,
    kind: str,
    *,
    status_id: str,
    events: Sequence[tuple[Notification, str | None]] = (),
    names_topic: bool = True,
) -> Json:
    """The status as Parameters; ``events`` with the full URLs of their resources."""
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
    """A notification: the status, then the response bundle of each event, if it is shown.

    ``names_topic`` is false for empty content, which discloses nothing about what has changed.
    """
    with_urls = [
        (notification, f"urn:uuid:{answer['id']}" if answer else None)
        for notification, answer in events
    ]
    status = status_of(
        one, str(kind), status_id=bundle_id, events=with_urls, names_topic=names_topic
    )
    entries = [
        _entry(status, "GET", f"Subscription/{one.subscription_id}/$status"),
        *(_entry(answer, "POST", "Claim/$inquire") for _, answer in events if answer),
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
    """The values of a parameter of an operation, whichever primitive type it was sent as."""
    for one in objects(parameters, "parameter"):
        if one.get("name") == name:
            values = (value for key, value in one.items() if key.startswith("value"))
            yield from (str(value) for value in values)
