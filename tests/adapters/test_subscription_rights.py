"""Notifications of subscriptions when the rights of their owner change."""

from collections.abc import Iterator
from typing import Final

import pytest

from precert.domain.caller import Grant
from precert.domain.subscriptions import DeliveryError
from precert.names import USER_SCOPE, Entitlement, Env
from precert.settings import Settings
from tests.adapters.subscriber import Subscriber, actions, parts
from tests.fakes.samples import BOWEL_SURGERIES, PROVIDER_TIN, STRANGER_TIN

ISSUER: Final = "https://issuer.example/pool"
CLIENT: Final = {"sub": "clinic", "iss": ISSUER, "token_use": "access", "scope": USER_SCOPE}
GRANT: Final = Grant(
    issuer=ISSUER,
    subject="clinic",
    label="clinic",
    entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
    tins=frozenset({PROVIDER_TIN}),
)
REVOKED: Final = {
    "everything": GRANT.model_copy(update={"tins": frozenset(), "entitlements": frozenset()}),
    "the TIN": GRANT.model_copy(update={"tins": frozenset({STRANGER_TIN})}),
    "the entitlement": GRANT.model_copy(update={"entitlements": frozenset()}),
}


@pytest.fixture
def granted(client: Subscriber) -> Iterator[tuple[Subscriber, str, str]]:
    """A client with rights on the server, its subscription, and a pended request."""
    cloud = client.cloud
    request_id = cloud.pended(services=[BOWEL_SURGERIES])
    cloud.deps.settings = Settings({**cloud.deps.settings.environ, Env.RIGHTS: "table"})
    for derived in ("user_grants", "callers", "client_rights"):
        cloud.deps.__dict__.pop(derived, None)
    cloud.deps.grants.store(GRANT)
    yield client, client.subscribed(by=CLIENT), request_id
    for one in list(cloud.deps.grants.stored()):
        cloud.deps.grants.store(Grant(issuer=one.issuer, subject=one.subject))


def grant(client: Subscriber, changed: Grant) -> None:
    """Change the rights; processes read them again after a minute."""
    client.cloud.deps.grants.store(changed)
    client.cloud.clock.pass_by(minutes=2)


def events(client: Subscriber, subscription_id: str) -> list[tuple[str, bool]]:
    """The number of each past event, and whether it is shown with its request."""
    past = client.call("GET", f"/{subscription_id}/$events", by=CLIENT).body
    return [(one["event-number"]["valueString"], "focus" in one) for one in parts(past)]


@pytest.mark.rule("A2")
@pytest.mark.parametrize("what", REVOKED)
def test_event_is_not_numbered_when_the_right_was_revoked(
    what: str, granted: tuple[Subscriber, str, str]
) -> None:
    client, subscription_id, _ = granted
    grant(client, REVOKED[what])
    client.publish()
    assert client.receiver.received == []
    grant(client, GRANT)
    assert events(client, subscription_id) == []


@pytest.mark.rule("A2")
@pytest.mark.parametrize("what", REVOKED)
def test_event_is_withheld_when_the_right_is_revoked_before_its_delivery(
    what: str, granted: tuple[Subscriber, str, str]
) -> None:
    client, subscription_id, _ = granted
    client.receiver.error = DeliveryError.TIMED_OUT
    client.publish()
    client.receiver.error = None
    grant(client, REVOKED[what])
    client.sweep()
    assert client.receiver.received == []
    recorded = [
        one for one in client.cloud.audit.records.values() if one.operation == "notifySubscriber"
    ]
    # The first attempt was made while the client had the right.
    assert len(recorded) == 1
    grant(client, GRANT)
    client.sweep()
    assert client.receiver.received == []
    assert events(client, subscription_id) == [("1", True), ("2", True)]


@pytest.mark.rule("A2")
def test_past_event_has_no_request_when_the_owner_may_not_see_it(
    granted: tuple[Subscriber, str, str],
) -> None:
    client, subscription_id, _ = granted
    client.publish()
    assert events(client, subscription_id) == [("1", True), ("2", True)]
    grant(client, REVOKED["the TIN"])
    assert events(client, subscription_id) == [("1", False), ("2", False)]


@pytest.mark.rule("A2")
def test_next_event_follows_the_withheld_ones_when_the_right_is_granted_again(
    granted: tuple[Subscriber, str, str],
) -> None:
    client, _, request_id = granted
    client.receiver.error = DeliveryError.TIMED_OUT
    client.publish()
    client.receiver.error = None
    grant(client, REVOKED["the TIN"])
    client.sweep()
    grant(client, GRANT)
    void_by_provider(client, request_id)
    client.publish()
    assert client.receiver.numbers == ["3"]
    assert actions(client.receiver.received[-1]) == ["C", "C"]


def void_by_provider(client: Subscriber, request_id: str) -> None:
    """Another user of the clinic, with rights on the server, withdraws the request."""
    user = {**CLIENT, "sub": "clinic-user"}
    client.cloud.deps.grants.store(GRANT.model_copy(update={"subject": "clinic-user"}))
    assert client.cloud.void(request_id, by=user).status == 200
