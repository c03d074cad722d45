"""Cognito's own sign-in pages: sessions, and tokens from a refresh."""

import time
from uuid import uuid4

from tests.cloud.deployment import Deployment
from tests.cloud.trial import resources
from tests.code_flow import CodeFlow, claims_of

PASSWORD = "Passw0rd!x"


def flow(deployment: Deployment) -> CodeFlow:
    return CodeFlow(
        deployment.cloud.endpoint_url, deployment.out["Page"], f"{resources.ORIGIN}/signed-in"
    )


def new_user(deployment: Deployment) -> str:
    idp, name = deployment.cloud.client("cognito-idp"), f"u{uuid4()}"
    named = {"UserPoolId": deployment.out["Pool"], "Username": name}
    idp.admin_create_user(**named, MessageAction="SUPPRESS")
    idp.admin_set_user_password(**named, Password=PASSWORD, Permanent=True)
    idp.admin_add_user_to_group(**named, GroupName="readers")
    return name


def test_tokens_are_issued_when_the_code_comes_with_its_verifier(deployment: Deployment) -> None:
    user, browser = new_user(deployment), flow(deployment)
    code = browser.code(browser.submit(browser.authorize(), user, PASSWORD))
    refused = browser.tokens(code, code_verifier="another")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    answer = browser.tokens(code)
    assert answer.headers["Access-Control-Allow-Origin"] in ("*", resources.ORIGIN)
    claims = claims_of(answer.json()["id_token"])
    assert (claims["nonce"], claims["cognito:groups"]) == ("the-nonce", ["readers"])
    assert browser.tokens(code).status_code == 400, "a code is valid once"


def test_browser_stays_signed_in_until_it_signs_out_when_patched(deployment: Deployment) -> None:
    user, browser = new_user(deployment), flow(deployment)
    signed_in = browser.submit(browser.authorize(), user, PASSWORD)
    cookie = signed_in.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    claims = claims_of(browser.tokens(browser.code(browser.authorize())).json()["id_token"])
    assert claims["cognito:username"] == user
    assert "password" in browser.authorize(prompt="login").text
    assert flow(deployment).authorize().status_code == 200, "another browser has no session"
    out = {"client_id": browser.client_id, "logout_uri": f"{resources.ORIGIN}/"}
    left = browser.send("GET", f"{browser.pages}/logout", params=out)
    assert (left.status_code, left.headers["Location"]) == (302, f"{resources.ORIGIN}/")
    assert "password" in browser.authorize().text


def test_no_session_is_started_when_the_password_is_wrong(deployment: Deployment) -> None:
    user, browser = new_user(deployment), flow(deployment)
    assert "Incorrect" in browser.submit(browser.authorize(), user, "wrong").text
    assert browser.authorize().status_code == 200


def refreshed_claims(deployment: Deployment) -> tuple[bool, object]:
    """Whether a refreshed ID token has the time of the sign-in, and its groups."""
    user, browser = new_user(deployment), flow(deployment)
    tokens = browser.sign_in(user, PASSWORD)
    before = claims_of(tokens["id_token"])
    # The time of the emulator's tokens has a resolution of one second.
    while time.time() < before["iat"] + 1:
        time.sleep(0.05)
    after = claims_of(browser.refreshed(tokens["refresh_token"]).json()["id_token"])
    assert after["iat"] > before["iat"]
    return after["auth_time"] == before["auth_time"], after.get("cognito:groups")


def test_refreshed_tokens_have_groups_and_time_of_sign_in_when_patched(
    deployment: Deployment,
) -> None:
    assert refreshed_claims(deployment) == (True, ["readers"])


def test_refreshed_tokens_lack_groups_and_time_of_sign_in_when_unpatched(
    unpatched: Deployment,
) -> None:
    assert refreshed_claims(unpatched) == (False, None)


def test_pages_name_an_icon_when_patched(deployment: Deployment) -> None:
    """Otherwise a browser requests one that is not there, which is an error on its console."""
    assert '<link rel="icon"' in flow(deployment).authorize().text


def test_sign_in_form_is_shown_again_and_names_no_icon_when_unpatched(
    unpatched: Deployment,
) -> None:
    user, browser = new_user(unpatched), flow(unpatched)
    assert "icon" not in browser.authorize().text
    browser.sign_in(user, PASSWORD)
    assert "password" in browser.authorize().text
