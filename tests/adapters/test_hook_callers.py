"""CDS Hooks calls are verified by the JWT of a registered client, and each JWT is accepted once."""

from collections.abc import Callable
from typing import Any, Final

import jwt
import pytest

from functions.crd import handler as crd
from tests.adapters.calls import Reply
from tests.adapters.hooks import BASE, hook_call, order
from tests.adapters.smart_clients import (
    CLIENT_ID,
    SmartClient,
    ehr,
    registered,
    rsa_key,
)

__all__ = ["ehr"]
Json = dict[str, Any]
ISSUER: Final = "https://ehr.example.org"
SERVICE: Final = f"{BASE}/cds-services/order-select-crd"


def token(client: SmartClient, **changes: Any) -> str:
    claims = {"iss": ISSUER, "sub": None, "aud": SERVICE, "iat": client.now, **changes}
    return client.assertion(**claims)


def call(client: SmartClient, sent: str | None) -> Reply:
    document = hook_call(order("99213"), hook="order-select")
    path = "/cds-services/order-select-crd"
    if sent is None:
        return client.cloud.call(crd, "POST", path, document, authorizer={}, by={})
    return client.cloud.call(crd, "POST", path, document, authorizer={}, by={}, authorization=sent)


@pytest.fixture
def hook_client(ehr: SmartClient) -> SmartClient:
    """A registered client that makes CDS Hooks calls."""
    ehr.cloud.deps.clients.store(registered(cds_hooks_issuer=ISSUER))
    return ehr


def test_order_is_answered_when_the_jwt_is_of_a_registered_client(
    hook_client: SmartClient,
) -> None:
    reply = call(hook_client, f"Bearer {token(hook_client)}")
    assert reply.status == 200, reply.text
    [record] = hook_client.cloud.audit.records.values()
    assert (record.operation, record.subject) == ("callHookService", CLIENT_ID)


def test_call_is_refused_when_its_jwt_is_sent_again(hook_client: SmartClient) -> None:
    sent = f"Bearer {token(hook_client, jti='once')}"
    assert [call(hook_client, sent).status for _ in range(2)] == [200, 401]


FORGED: Final[dict[str, Callable[[SmartClient], str | None]]] = {
    "there is none": lambda _: None,
    "it is no JWT": lambda _: "Bearer x.y.z",
    "its scheme is another": lambda client: f"Basic {token(client)}",
    "its issuer is unknown": lambda client: f"Bearer {token(client, iss='https://other.example')}",
    "it has no issuer": lambda client: f"Bearer {token(client, iss=None)}",
    "it is for another service": lambda client: f"Bearer {token(client, aud=f'{BASE}/x')}",
    "it is for the token endpoint": lambda client: (
        f"Bearer {token(client, aud=f'{BASE}/oauth/token')}"
    ),
    "it has expired": lambda client: f"Bearer {token(client, exp=client.now - 600)}",
    "it is valid for too long": lambda client: f"Bearer {token(client, exp=client.now + 86400)}",
    "it has no id": lambda client: f"Bearer {token(client, jti=None)}",
    "it has no time of issue": lambda client: f"Bearer {token(client, iat=None)}",
    "it is signed by another key": lambda client: (
        "Bearer "
        + jwt.encode(
            client.claims(iss=ISSUER, aud=SERVICE, iat=client.now),
            rsa_key(number=2),
            algorithm="RS384",
            headers={"kid": client.kid},
        )
    ),
    "it is not signed": lambda client: (
        "Bearer " + jwt.encode(client.claims(iss=ISSUER, aud=SERVICE), key="", algorithm="none")
    ),
}


@pytest.mark.parametrize("kind", FORGED)
def test_call_is_refused_when_the_jwt_does_not_prove_its_sender(
    hook_client: SmartClient, kind: str
) -> None:
    reply = call(hook_client, FORGED[kind](hook_client))
    assert reply.status == 401, reply.text
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert reply.body["issue"][0]["code"] == "login"


def test_call_is_forbidden_when_the_client_has_no_grant(hook_client: SmartClient) -> None:
    for grant in list(hook_client.cloud.deps.grants.stored()):
        empty = grant.minus(grant)
        hook_client.cloud.deps.grants.store(empty)
    assert call(hook_client, f"Bearer {token(hook_client)}").status == 403


def test_services_are_listed_when_no_token_is_sent(hook_client: SmartClient) -> None:
    reply = hook_client.cloud.call(crd, "GET", "/cds-services", authorizer={}, by={})
    assert reply.status == 200
