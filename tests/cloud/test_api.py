"""The HTTP API: which tokens are accepted, and the claims that a handler receives."""

import base64
import json
import time

import pytest

from tests.cloud.deployment import Deployment


def test_a_real_token_is_accepted_and_its_claims_are_text_when_patched(
    deployment: Deployment,
) -> None:
    token = deployment.sign_in("Client", "readers", "writers")["IdToken"]
    event = deployment.echo(token, "/echo/7?page=2").body["event"]
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    assert claims["cognito:groups"] in {"[readers writers]", "[writers readers]"}
    assert claims["exp"].isdigit()
    assert all(isinstance(value, str) for value in claims.values()), claims
    assert claims["iss"] == (
        f"https://cognito-idp.us-east-1.amazonaws.com/{deployment.out['Pool']}"
    )
    assert event["pathParameters"] == {"id": "7"}
    assert event["queryStringParameters"] == {"page": "2"}
    assert event["rawPath"] == "/echo/7"
    assert event["requestContext"]["http"]["method"] == "GET"


def test_an_access_token_of_the_client_is_accepted_too_when_patched(deployment: Deployment) -> None:
    assert deployment.echo(deployment.sign_in()["AccessToken"]).status == 200


def resigned(token: str, **changes: object) -> str:
    """The token with other claims and its old signature."""
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims.update(changes)
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


@pytest.mark.parametrize("changes", [{"sub": "another-user"}, {"exp": 1}, {"aud": "another"}])
def test_a_forged_token_is_rejected_when_patched(
    deployment: Deployment, changes: dict[str, object]
) -> None:
    assert deployment.echo(resigned(deployment.sign_in()["IdToken"], **changes)).status == 401


def test_no_token_and_another_clients_token_are_rejected_when_patched(
    deployment: Deployment,
) -> None:
    assert deployment.echo(None).status == 401
    assert deployment.echo("x.y.z").status == 401
    assert deployment.echo(deployment.sign_in("Stranger")["IdToken"]).status == 401


def test_an_expired_token_is_rejected_when_patched(deployment: Deployment) -> None:
    """Signed by the pool itself, just now, with a short lifetime."""
    idp, pool = deployment.cloud.client("cognito-idp"), deployment.out["Pool"]
    client_ = idp.describe_user_pool_client(UserPoolId=pool, ClientId=deployment.out["Client"])
    assert client_["UserPoolClient"]["ClientId"] == deployment.out["Client"]
    token = expired_token(deployment)
    assert deployment.echo(token).status == 401


def expired_token(deployment: Deployment) -> str:
    """An expired token, signed with the pool's own key from the state directory."""
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    token = deployment.sign_in()["IdToken"]
    head, body, _ = resigned(token, exp=int(time.time()) - 5).split(".")
    path = deployment.cloud.state_dir / "cognito-pool-keys" / f"{deployment.out['Pool']}-id.pem"
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    signature = key.sign(f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def test_an_unknown_route_is_not_found_when_patched(deployment: Deployment) -> None:
    assert deployment.echo(deployment.sign_in()["IdToken"], "/nowhere").status == 404
