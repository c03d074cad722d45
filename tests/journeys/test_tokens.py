"""ID and access tokens, tokens with forged claims, and tokens of partners' systems."""

import base64
import hashlib
import hmac
import time
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local.client import Caller
from local.deployment import Deployment
from local.users import (
    PASSWORD,
    PROVIDER,
    SAMPLE_EHR,
    SAMPLE_VENDOR,
    SYSTEMS,
    User,
)
from precert.names import READ_SCOPE
from tests.journeys.access import encoded, part, refusal
from tests.journeys.portal import Json, Portal


def tokens_of_user(deployment: Deployment, user: User) -> dict[str, str]:
    answered = deployment.cloud.client("cognito-idp").initiate_auth(
        ClientId=deployment.outputs["UserPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user.name, "PASSWORD": PASSWORD},
    )
    found: dict[str, str] = answered["AuthenticationResult"]
    return found


@pytest.mark.parametrize("token", [None, "forged"])
def test_answer_is_of_fhir_when_a_token_is_missing_or_forged(
    deployment: Deployment, token: str | None
) -> None:
    sent = {"Authorization": f"Bearer {token}"} if token else {}
    for method, path in (("POST", "Claim/$submit"), ("GET", "Subscription")):
        url = f"{deployment.api_url}/fhir/r4/{path}"
        body: Json | None = {} if method == "POST" else None
        reply = httpx.request(method, url, headers=sent, json=body, timeout=60)
        assert (reply.status_code, reply.json()["resourceType"]) == (401, "OperationOutcome")
        assert reply.headers["Content-Type"] == "application/fhir+json"
        stated = 'Bearer error="invalid_token"' if token else "Bearer"
        assert reply.headers["WWW-Authenticate"] == stated


def test_id_token_is_refused_when_it_is_sent_as_access_token(deployment: Deployment) -> None:
    tokens = tokens_of_user(deployment, PROVIDER)
    for path in ("/v1/me", "/v1/requests"):
        assert Caller(deployment.api_url, tokens["IdToken"]).call("GET", path).status_code == 403
        accepted = Caller(deployment.api_url, tokens["AccessToken"]).call("GET", path)
        assert accepted.status_code == 200


def symmetric(token: str) -> str:
    """Signed with HS256 and the name of the public key as the secret."""
    key = part(token, 0)["kid"].encode()
    signed = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': key.decode()})}.{token.split('.')[1]}"
    digest = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def resigned(deployment: Deployment, **changes: Any) -> str:
    """An access token with other claims, signed with the pool's own key."""
    token = deployment.caller(PROVIDER).token or ""
    pool = deployment.outputs["UserPoolId"]
    path = deployment.cloud.state_dir / "cognito-pool-keys" / f"{pool}-access.pem"
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    body = f"{token.split('.')[0]}.{encoded({**part(token, 1), **changes})}"
    signature = key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def test_token_is_refused_when_one_claim_of_a_valid_one_differs(deployment: Deployment) -> None:
    """Signed with the right key, so that each claim alone decides."""
    now = int(time.time())
    unchanged = Caller(deployment.api_url, resigned(deployment))
    assert unchanged.call("GET", "/v1/requests").status_code == 200
    for changes in (
        {"client_id": "another"},
        {"aud": "another"},
        {"iss": "https://issuer.example"},
        {"exp": now - 60},
        {"nbf": now + 600},
        {"iat": now + 600},
    ):
        caller = Caller(deployment.api_url, resigned(deployment, **changes))
        assert caller.call("GET", "/v1/requests").status_code == 401, changes
    for changes in ({"scope": "openid"}, {"scope": ""}):
        caller = Caller(deployment.api_url, resigned(deployment, **changes))
        assert caller.call("GET", "/v1/requests").status_code == 403, changes
    token = symmetric(deployment.caller(PROVIDER).token or "")
    assert Caller(deployment.api_url, token).call("GET", "/v1/requests").status_code == 401


def token_of_system(deployment: Deployment, system: User, **form: str) -> httpx.Response:
    client_id = deployment.outputs[SYSTEMS[system]]
    found = deployment.cloud.client("cognito-idp").describe_user_pool_client(
        UserPoolId=deployment.outputs["UserPoolId"], ClientId=client_id
    )
    return httpx.post(
        f"{deployment.cloud.endpoint_url}/oauth2/token",
        auth=(client_id, found["UserPoolClient"]["ClientSecret"]),
        data={"grant_type": "client_credentials", **form},
        timeout=60,
    )


def test_systems_act_for_their_tins_and_vendors_when_they_have_client_credentials(
    deployment: Deployment, portal: Portal
) -> None:
    request_id = portal.submitted()
    ehr, vendor = (
        Caller(deployment.api_url, token_of_system(deployment, one).json()["access_token"])
        for one in (SAMPLE_EHR, SAMPLE_VENDOR)
    )
    assert ehr.call("GET", f"/v1/requests/{request_id}").status_code == 200
    assert vendor.call("GET", "/v1/vendor/requests").status_code == 200
    refusal(vendor.call("GET", f"/v1/requests/{request_id}"), 403, "not_entitled")
    refusal(ehr.call("GET", "/v1/vendor/requests"), 403, "not_entitled")


def test_system_can_only_read_when_its_token_has_the_scope_for_reading(
    deployment: Deployment, portal: Portal
) -> None:
    granted = token_of_system(deployment, SAMPLE_EHR, scope=READ_SCOPE).json()
    reader = Caller(deployment.api_url, granted["access_token"])
    assert reader.call("GET", "/v1/requests").status_code == 200
    refusal(reader.call("POST", "/v1/drafts", {"content": portal.content()}), 403, "not_entitled")
