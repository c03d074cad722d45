"""Subscriptions of clients: create, read, update and delete them, and their status and events."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from precert.domain.audit import Basis, note_basis
from precert.domain.caller import Caller
from precert.domain.errors import ActionNotAllowedError, NotFoundError, TransientError
from precert.domain.request import Request
from precert.domain.retry import retry
from precert.domain.subscriptions import (
    MAX_SUBSCRIPTIONS,
    Notification,
    Organization,
    OrganizationKind,
    Subscription,
)
from precert.names import Entitlement
from precert.usecases.grants import CachedGrants
from precert.usecases.ports.requests import RequestFile, RequestStore
from precert.usecases.ports.subscriptions import (
    DeliveryQueue,
    Headers,
    SubscriptionChangedError,
    SubscriptionsFullError,
    SubscriptionStore,
)

_CHANGED: Final = "The subscription is being changed. Try again."


class ClientRights:
    """Which requests the owner of a subscription may read now.

    If rights are not granted here but stated in tokens, they are those of the token with which the
    subscription was last updated.
    """

    def __init__(self, grants: CachedGrants | None) -> None:
        self._grants = grants

    def noted(self, draft: Subscription, caller: Caller, now: datetime) -> Subscription:
        """The subscription with its owner and, for later deliveries, the source of its rights."""
        owner = {"issuer": caller.issuer, "subject": caller.subject}
        if self._grants is None:
            return draft.model_copy(update={**owner, "tins": caller.tins})
        grant = self._grants.read(caller.issuer or "", caller.subject, now)
        granted = grant is not None and Entitlement.PATIENT_SEARCH in grant.entitlements
        return draft.model_copy(update={**owner, "entitled_by_grant": granted})

    def tins(self, subscription: Subscription, now: datetime) -> frozenset[str]:
        """The TINs of the owner; none if its entitlement was revoked."""
        if self._grants is None:
            return subscription.tins
        grant = self._grants.read(subscription.issuer or "", subscription.subject, now)
        if grant is None:
            return frozenset()
        revoked = (
            subscription.entitled_by_grant and Entitlement.PATIENT_SEARCH not in grant.entitlements
        )
        return frozenset() if revoked else grant.tins

    def may_see(
        self, subscription: Subscription, request: Request, now: datetime
    ) -> frozenset[str]:
        """The TINs by which the owner may read a request; none if it may not."""
        return self.tins(subscription, now) & request.tins


@dataclass(frozen=True)
class SubscriptionDraft:
    """A subscription as a client sends it: without its state, with the values of its headers."""

    subscription: Subscription
    headers: Headers
    turned_off: bool = False


def create_subscription(
    draft: SubscriptionDraft,
    caller: Caller,
    *,
    subscriptions: SubscriptionStore,
    client_rights: ClientRights,
    delivery_queue: DeliveryQueue,
    now: datetime,
) -> Subscription:
    """Store a subscription, whose endpoint must then accept a handshake.

    If a subscription with the same endpoint and organizations exists, it is updated instead.

    Raises:
        NotEntitledError: also if an organization is not one of the caller's.
        ActionNotAllowedError: the client has the maximum number of subscriptions.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    _require_organizations(draft.subscription.organizations, caller)
    for known in subscriptions.owned_by(caller.issuer, caller.subject):
        if _is_same(known, draft.subscription):
            return update_subscription(
                known.subscription_id,
                draft,
                caller,
                subscriptions=subscriptions,
                client_rights=client_rights,
                delivery_queue=delivery_queue,
                now=now,
            )
    created = client_rights.noted(draft.subscription, caller, now)
    try:
        subscriptions.create(created, draft.headers, most=MAX_SUBSCRIPTIONS)
    except SubscriptionsFullError as refusal:
        raise ActionNotAllowedError(
            f"You have {MAX_SUBSCRIPTIONS} subscriptions, which is the maximum for a client. "
            "Delete one, or list several organizations in one filter."
        ) from refusal
    _attempt_soon(created, delivery_queue)
    return created


def _is_same(known: Subscription, sent: Subscription) -> bool:
    same_place = known.endpoint == sent.endpoint
    return same_place and set(known.organizations) == set(sent.organizations)


def _attempt_soon(subscription: Subscription, delivery_queue: DeliveryQueue) -> None:
    """Request the handshake now. If that fails, the sweep finds the subscription."""
    with suppress(TransientError):
        delivery_queue.request([subscription.subscription_id])


def _require_organizations(organizations: Sequence[Organization], caller: Caller) -> None:
    """Refuse TINs that are not the caller's. For an NPI, each request is compared at its delivery."""
    if not caller.tins:
        caller.acting_tin(None)
    for one in organizations:
        if one.kind is OrganizationKind.TIN:
            caller.acting_tin(one.number)


def read_subscription(
    subscription_id: str, caller: Caller, *, subscriptions: SubscriptionStore
) -> Subscription:
    """One of the caller's subscriptions.

    Raises:
        NotEntitledError.
        NotFoundError: the caller has no such subscription.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    found = subscriptions.read(subscription_id)
    if found is None or (found.issuer, found.subject) != (caller.issuer, caller.subject):
        raise NotFoundError("You have no subscription with this ID.")
    return found


def list_subscriptions(
    caller: Caller, *, subscriptions: SubscriptionStore
) -> tuple[Subscription, ...]:
    """The caller's subscriptions.

    Raises:
        NotEntitledError.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    return subscriptions.owned_by(caller.issuer, caller.subject)


def update_subscription(
    subscription_id: str,
    draft: SubscriptionDraft,
    caller: Caller,
    *,
    subscriptions: SubscriptionStore,
    client_rights: ClientRights,
    delivery_queue: DeliveryQueue,
    now: datetime,
) -> Subscription:
    """Replace one of the caller's subscriptions; events keep their numbers.

    The endpoint must accept a handshake again, unless the subscription is turned off.

    Raises:
        NotEntitledError: also if an organization is not one of the caller's.
        NotFoundError: the caller has no such subscription.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    _require_organizations(draft.subscription.organizations, caller)

    def attempt() -> Subscription:
        before = read_subscription(subscription_id, caller, subscriptions=subscriptions)
        noted = client_rights.noted(draft.subscription, caller, now)
        after = before.updated(noted, now)
        if draft.turned_off:
            after = after.turned_off(now).model_copy(update={"version": after.version})
        subscriptions.replace(before, after, draft.headers)
        return after

    updated = retry(attempt, on=SubscriptionChangedError, message=_CHANGED)
    if not updated.is_off:
        _attempt_soon(updated, delivery_queue)
    return updated


def delete_subscription(
    subscription_id: str, caller: Caller, *, subscriptions: SubscriptionStore
) -> None:
    """Delete one of the caller's subscriptions.

    Raises:
        NotEntitledError.
        NotFoundError: the caller has no such subscription.
    """

    def attempt() -> None:
        found = read_subscription(subscription_id, caller, subscriptions=subscriptions)
        subscriptions.delete(found)

    retry(attempt, on=SubscriptionChangedError, message=_CHANGED)


MAX_EVENTS: Final = 50
"""Maximum number of events that one call of ``$events`` returns."""


@dataclass(frozen=True)
class SubscriptionEvents:
    """Events of a subscription, each with its request if the owner may read it now."""

    subscription: Subscription
    events: tuple[tuple[Notification, RequestFile | None], ...]


def subscription_events(
    subscription_id: str,
    first: int,
    last: int | None,
    caller: Caller,
    *,
    with_requests: bool,
    subscriptions: SubscriptionStore,
    client_rights: ClientRights,
    requests: RequestStore,
    now: datetime,
) -> SubscriptionEvents:
    """Events with numbers from ``first`` to ``last``, at most 50, with the current state of requests.

    Raises:
        NotEntitledError.
        NotFoundError: the caller has no such subscription.
    """
    found = read_subscription(subscription_id, caller, subscriptions=subscriptions)
    until = found.last_number if last is None else min(last, found.last_number)
    events = subscriptions.events(subscription_id, max(first, 1), until, most=MAX_EVENTS)
    visible = visible_files(
        found,
        [one.request_id for one in events] if with_requests else [],
        requests=requests,
        client_rights=client_rights,
        now=now,
    )
    return SubscriptionEvents(found, tuple((one, visible.get(one.request_id)) for one in events))


def visible_files(
    subscription: Subscription,
    request_ids: Sequence[str],
    *,
    requests: RequestStore,
    client_rights: ClientRights,
    now: datetime,
) -> Mapping[str, RequestFile]:
    """The requests that the owner of a subscription may read now, by id (A2)."""
    found: dict[str, RequestFile] = {}
    for request_id in dict.fromkeys(request_ids):
        file = requests.read_file(request_id)
        if file is None:
            continue
        if seen := client_rights.may_see(subscription, file.request, now):
            note_basis(Basis.TIN, seen)
            found[request_id] = file
    return found
