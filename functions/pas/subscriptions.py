"""Subscriptions of PAS: create, read, search, update and delete them, ``$status`` and ``$events``."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from precert.api.fhir import FhirApi, FhirResource
from precert.api.parameters import CurrentCaller
from precert.api.parsing import ID
from precert.bootstrap import audit, call, dependencies, edge, identify
from precert.domain.caller import Caller
from precert.domain.errors import ActionNotAllowedError, NotFoundError
from precert.domain.subscriptions import Notification, Subscription
from precert.fhir.bundles import Issue, UnprocessableBundleError
from precert.fhir.current_responses import current_response
from precert.fhir.received_subscriptions import ReadSubscription, read_subscription
from precert.fhir.subscriptions import (
    FULL_RESOURCE,
    MASK,
    notification_bundle,
    searchset,
    shown_subscription,
    status_of,
    texts_of,
)
from precert.usecases import subscriptions as use_cases
from precert.usecases.ports.requests import RequestFile
from precert.usecases.subscriptions import SubscriptionDraft

api = FhirApi("pas", tag="Prior authorization", identify=identify, audit=audit, edge=edge)
PATH: Final = "/fhir/r4/Subscription"
STATUS: Final = "$status"
EVENTS: Final = "$events"
EMPTY: Final = "empty"
_NO_OPERATION: Final = "There is no such operation. Subscriptions have $status and $events."


class SearchQuery(BaseModel):
    """Parameters of a search, and of ``$status`` for several subscriptions; others are ignored."""

    model_config = ConfigDict(extra="ignore")

    id_: Annotated[str | None, Field(alias="_id")] = None
    id: str | None = None
    status: str | None = None
    url: str | None = None


class OperationQuery(BaseModel):
    """Parameters of ``$events``; others are ignored."""

    model_config = ConfigDict(extra="ignore")

    first: Annotated[str | None, Field(alias="eventsSinceNumber")] = None
    last: Annotated[str | None, Field(alias="eventsUntilNumber")] = None
    content: str | None = None


@api.post(
    PATH,
    "Create a subscription",
    operation_id="createSubscription",
    scopes=("Subscription.c",),
    status=HTTPStatus.CREATED,
    location="/fhir/r4/Subscription/{response.root[id]}",
    audited=False,
    errors=(ActionNotAllowedError,),
)
def create(body: FhirResource, caller: CurrentCaller) -> FhirResource:
    """Subscribe to the changes of an organization's requests (PAS Subscription, R4 backport).

    The answer has the status `requested`. The endpoint receives a handshake, and the status is
    `active` when it has accepted it. The same endpoint and filter again update the subscription.
    """
    draft = _draft(body, api.base_url)
    created = call(use_cases.create_subscription, draft, caller)
    return FhirResource(shown_subscription(created, draft.headers))


@api.get(
    PATH,
    "Search subscriptions",
    operation_id="searchSubscriptions",
    scopes=("Subscription.s",),
    audited=False,
)
def search(query: Annotated[SearchQuery, Query()], caller: CurrentCaller) -> FhirResource:
    """The caller's subscriptions, by `_id`, `status` and `url` (the endpoint)."""
    return FhirResource(
        searchset(
            [shown_subscription(one) for one in _found(query, caller)], url=f"{api.base_url}{PATH}"
        )
    )


@api.get(
    f"{PATH}/{{subscription_id}}",
    "Read a subscription",
    operation_id="readSubscription",
    scopes=("Subscription.r",),
    audited=False,
    errors=(NotFoundError,),
)
def read(
    subscription_id: Annotated[str, Path()],
    query: Annotated[SearchQuery, Query()],
    caller: CurrentCaller,
) -> FhirResource:
    """One of the caller's subscriptions, without the values of its headers.

    `Subscription/$status` has the status of all, or of those that `id` and `status` name.
    """
    if subscription_id == STATUS:
        return _statuses(_found(query, caller), api.base_url)
    return FhirResource(shown_subscription(_read(subscription_id, caller)))


@api.post(
    f"{PATH}/{{subscription_id}}",
    "Perform an operation on subscriptions",
    operation_id="operateOnSubscriptions",
    scopes=("Subscription.r",),
    audited=False,
    reads=True,
    errors=(NotFoundError,),
)
def operate_on_all(
    subscription_id: Annotated[str, Path()], body: FhirResource, caller: CurrentCaller
) -> FhirResource:
    """`Subscription/$status` with Parameters in the body."""
    if subscription_id != STATUS:
        raise NotFoundError(_NO_OPERATION)
    ids, named = (",".join(texts_of(body.root, name)) or None for name in ("id", "status"))
    return _statuses(_found(SearchQuery(id=ids, status=named), caller), api.base_url)


@api.put(
    f"{PATH}/{{subscription_id}}",
    "Update a subscription",
    operation_id="updateSubscription",
    scopes=("Subscription.u",),
    audited=False,
    errors=(NotFoundError,),
)
def update(
    subscription_id: Annotated[str, Path()], body: FhirResource, caller: CurrentCaller
) -> FhirResource:
    """Replace one of the caller's subscriptions; the endpoint has to accept a handshake again.

    With the status `off` it is turned off. The value of a header that is sent as it was shown, masked,
    remains.
    """
    known = _read(subscription_id, caller)
    if body.root.get("id") not in (None, subscription_id):
        issue = Issue("value", "Subscription.id", "The id must be that of the address.")
        raise UnprocessableBundleError([issue])
    draft = _draft(body, api.base_url, known)
    updated = call(use_cases.update_subscription, subscription_id, draft, caller)
    return FhirResource(shown_subscription(updated, draft.headers))


@api.delete(
    f"{PATH}/{{subscription_id}}",
    "Delete a subscription",
    operation_id="deleteSubscription",
    scopes=("Subscription.d",),
    status=HTTPStatus.NO_CONTENT,
    audited=False,
    errors=(NotFoundError,),
)
def delete(subscription_id: Annotated[str, Path()], caller: CurrentCaller) -> None:
    """No further notification is sent."""
    call(use_cases.delete_subscription, _known_id(subscription_id), caller)


@api.get(
    f"{PATH}/{{subscription_id}}/{{operation}}",
    "Read the status or the events of a subscription",
    operation_id="readSubscriptionOperation",
    scopes=("Subscription.r",),
    errors=(NotFoundError,),
)
def read_operation(
    subscription_id: Annotated[str, Path()],
    operation: Annotated[str, Path()],
    query: Annotated[OperationQuery, Query()],
    caller: CurrentCaller,
) -> FhirResource:
    """`$status`: the status as a searchset. `$events`: past events, each with its request as it is now.

    Events are selected by `eventsSinceNumber` and `eventsUntilNumber`, at most 50; with the content
    `empty` or `id-only` without the requests.
    """
    return _performed(subscription_id, operation, query, caller, api.base_url)


@api.post(
    f"{PATH}/{{subscription_id}}/{{operation}}",
    "Perform an operation on a subscription",
    operation_id="operateOnSubscription",
    scopes=("Subscription.r",),
    reads=True,
    errors=(NotFoundError,),
)
def perform_operation(
    subscription_id: Annotated[str, Path()],
    operation: Annotated[str, Path()],
    body: FhirResource,
    caller: CurrentCaller,
) -> FhirResource:
    """`$status` and `$events` with Parameters in the body."""
    names = ("eventsSinceNumber", "eventsUntilNumber", "content")
    sent = {name: next(texts_of(body.root, name), None) for name in names}
    query = OperationQuery.model_validate(sent)
    return _performed(subscription_id, operation, query, caller, api.base_url)


def _draft(
    body: FhirResource, base_url: str, known: Subscription | None = None
) -> SubscriptionDraft:
    """What is sent, with the stored values of headers that are masked."""
    deps = dependencies()
    now = deps.now()
    read = read_subscription(body.root, now=now, local=deps.settings.notifies_locally)
    headers = dict(read.headers)
    masked = [name for name, value in headers.items() if value.get_secret_value() == MASK]
    if masked and known is not None:
        stored = deps.subscriptions.headers(known.subscription_id)
        headers |= {name: stored[name] for name in masked if name in stored}
    return SubscriptionDraft(_new(read, list(headers), base_url), headers, read.turned_off)


def _new(read: ReadSubscription, names: Sequence[str], base_url: str) -> Subscription:
    deps = dependencies()
    now = deps.now()
    return Subscription(
        subscription_id=deps.new_id(),
        subject="-",
        organizations=read.organizations,
        endpoint=read.endpoint,
        media_type=read.media_type,
        header_names=tuple(names),
        heartbeat_seconds=read.heartbeat_seconds,
        timeout_seconds=read.timeout_seconds,
        end=read.end,
        resource=read.resource,
        base_url=base_url,
        created_at=now,
        changed_at=now,
        attempt_at=now,
    )


def _known_id(subscription_id: str) -> str:
    if not ID.fullmatch(subscription_id):
        raise NotFoundError("You have no subscription with this ID.")
    return subscription_id


def _read(subscription_id: str, caller: Caller) -> Subscription:
    return call(use_cases.read_subscription, _known_id(subscription_id), caller)


def _found(query: SearchQuery, caller: Caller) -> list[Subscription]:
    """The caller's subscriptions that fit; several values of a parameter are alternatives."""
    ids, statuses = _listed(query.id_ or query.id), _listed(query.status)
    return [
        one
        for one in call(use_cases.list_subscriptions, caller)
        if (not ids or one.subscription_id in ids)
        and (not statuses or one.status.value in statuses)
        and query.url in (None, one.endpoint)
    ]


def _listed(text: str | None) -> frozenset[str]:
    return frozenset(text.split(",")) if text else frozenset()


def _statuses(found: Sequence[Subscription], base_url: str) -> FhirResource:
    """The status of each as a searchset."""
    resources = [
        status_of(one, "query-status", status_id=dependencies().new_uuid()) for one in found
    ]
    return FhirResource(searchset(resources, url=f"{base_url}{PATH}/{STATUS}"))


def _performed(
    subscription_id: str, operation: str, query: OperationQuery, caller: Caller, base_url: str
) -> FhirResource:
    """The answer of ``$status`` or ``$events`` of one subscription."""
    if operation == STATUS:
        return _statuses([_read(subscription_id, caller)], base_url)
    if operation != EVENTS:
        raise NotFoundError(_NO_OPERATION)
    return _events(subscription_id, query, caller, base_url)


def _events(
    subscription_id: str, query: OperationQuery, caller: Caller, base_url: str
) -> FhirResource:
    past = call(
        use_cases.subscription_events,
        _known_id(subscription_id),
        _number(query.first, "eventsSinceNumber") or 1,
        _number(query.last, "eventsUntilNumber"),
        caller,
        with_requests=query.content in (None, FULL_RESOURCE),
    )
    deps = dependencies()
    at, bundle_id = deps.now(), deps.new_uuid()
    events = [
        (event, _answer(event, subscription_id, file, base_url, at) if file else None)
        for event, file in past.events
    ]
    return FhirResource(
        notification_bundle(
            past.subscription,
            "query-event",
            bundle_id=bundle_id,
            at=at,
            events=events,
            names_topic=query.content != EMPTY,
        )
    )


def _answer(
    event: Notification, subscription_id: str, file: RequestFile, base_url: str, at: datetime
) -> dict[str, Any]:
    """The response bundle of an event, with the ids that its notification has."""
    seed = f"{subscription_id}#{event.number}"
    request, original = file.request, file.original
    return call(current_response, request, original, seed=seed, base_url=base_url, at=at)


def _number(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise UnprocessableBundleError([Issue("value", name, f"{name} must be a whole number.")])
    return int(text)
