"""The address of the portal: its files, the API behind it, and the sign-in by code and PKCE."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from infra.portal_headers import security_headers
from local.client import Caller, tls_context, upload
from local.cloud.errors import LocalCloudError
from local.cloud.process import free_port
from local.deployment import Deployment
from local.front_door import portal as front_door
from local.front_door.proxy import Proxy
from local.front_door.server import require_free
from local.journey.content import clinical_note
from local.users import PASSWORD, PROVIDER, USERS, User
from tests.code_flow import CodeFlow, claims_of
from tests.journeys.portal import Portal


@pytest.fixture(scope="module")
def address(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The front door with a page and a script in place of the built portal."""
    dist: Path = tmp_path_factory.mktemp("dist")
    (dist / "assets").mkdir()
    (dist / "index.html").write_text("<!doctype html><title>Portal</title>")
    (dist / "assets" / "index-1234.js").write_text("start()")
    with front_door.served(deployment, dist) as served:
        yield served


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, verify=tls_context(), timeout=60)


def flow(address: str) -> CodeFlow:
    """A browser that reads the portal's configuration, as the portal does."""
    configuration = get(f"{address}/config.json").json()
    token_endpoint = str(configuration["metadata"]["token_endpoint"])
    return CodeFlow(
        token_endpoint.removesuffix("/oauth2/token"),
        configuration["client_id"],
        f"{address}/signed-in",
        configuration["scope"],
    )


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
def test_user_calls_the_api_when_signed_in_at_the_pages(
    deployment: Deployment, address: str, user: User
) -> None:
    """The access token has the same groups as of the command line's client, and other scopes."""
    token = flow(address).sign_in(user.name, PASSWORD)["access_token"]
    claims, others = claims_of(token), claims_of(deployment.caller(user).token or "")
    varying = {"auth_time", "client_id", "exp", "iat", "jti", "origin_jti", "scope"}
    assert {name: v for name, v in claims.items() if name not in varying} == {
        name: v for name, v in others.items() if name not in varying
    }
    assert Caller(address, token).call("GET", "/v1/me").status_code == 200


def test_new_tokens_are_accepted_when_they_are_refreshed(address: str) -> None:
    browser = flow(address)
    refreshed = browser.refreshed(browser.sign_in(PROVIDER.name, PASSWORD)["refresh_token"])
    answer = Caller(address, refreshed.json()["access_token"]).call("GET", "/v1/requests")
    assert answer.status_code == 200


def test_code_is_useless_when_the_verifier_is_missing(address: str) -> None:
    browser = flow(address)
    code = browser.code(browser.submit(browser.authorize(), PROVIDER.name, PASSWORD))
    assert browser.tokens(code, code_verifier="").status_code == 400


def test_sign_in_is_refused_when_the_portal_has_another_address(address: str) -> None:
    browser = flow(address)
    browser.redirect_uri = "https://attacker.example/signed-in"
    assert "redirect_uri is not allowed" in browser.authorize().text


def test_page_may_call_the_token_endpoint_when_its_policy_is_applied(address: str) -> None:
    policy = get(address).headers["Content-Security-Policy"]
    pages = flow(address).pages
    (allowed,) = [part for part in policy.split("; ") if part.startswith("connect-src ")]
    assert pages in allowed.split()
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/", "/assets/index-1234.js", "/config.json", "/docs", "/v1/me"])
def test_security_headers_are_sent_when_anything_is_requested(address: str, path: str) -> None:
    names = security_headers(sign_in=[], documents=[])
    headers = get(f"{address}{path}").headers
    assert {
        name: headers.get_list(name) for name in names if len(headers.get_list(name)) != 1
    } == {}
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_page_is_served_when_the_path_is_one_of_the_portal(address: str) -> None:
    answer = get(f"{address}/requests/01J1QZ8Y7N4W3V2T1S0R9Q8P7M?tab=documents")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
    assert "<title>Portal" in answer.text
    again = get(f"{address}/", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/assets/absent.js", "/package.json", "/%2e%2e/README.md"])
def test_file_is_not_found_when_the_portal_has_none(address: str, path: str) -> None:
    assert get(f"{address}{path}").status_code == 404


def test_only_reads_are_allowed_when_a_file_is_requested(address: str) -> None:
    answer = httpx.post(f"{address}/index.html", verify=tls_context())
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert httpx.head(f"{address}/", verify=tls_context()).content == b""


def test_api_answers_the_same_when_it_is_called_at_the_portals_address(
    deployment: Deployment, portal: Portal, address: str
) -> None:
    """Methods, bodies, ETag and Location, conditions, problems, and responses without a body."""
    caller = Caller(address, deployment.caller(PROVIDER).token)
    content = portal.content()
    created = caller.call("POST", "/v1/drafts", {"content": content})
    assert (created.status_code, created.headers["ETag"]) == (201, '"1"')
    draft = created.headers["Location"]
    saved = caller.call("PUT", draft, {"content": content}, headers={"If-Match": '"1"'})
    assert (saved.status_code, saved.headers["ETag"]) == (200, '"2"')
    other = {"content": portal.content()}
    conflict = caller.call("PUT", draft, other, headers={"If-Match": '"1"'})
    assert conflict.headers["Content-Type"] == "application/problem+json"
    direct = deployment.caller(PROVIDER).call("PUT", draft, other, headers={"If-Match": '"1"'})
    assert (conflict.status_code, set(conflict.json())) == (direct.status_code, set(direct.json()))
    query = {"zip_code": "44122", "kind": "FACILITY", "name": "cleve"}
    found = caller.call("GET", "/v1/providers", query=query)
    direct = deployment.caller(PROVIDER).call("GET", "/v1/providers", query=query)
    assert (found.status_code, found.json()) == (200, direct.json())
    deleted = caller.call("DELETE", draft, headers={"If-Match": '"2"'})
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert Caller(address, None).call("GET", "/v1/me").status_code == 401


def test_documents_are_uploaded_from_the_page_when_it_has_the_portals_origin(
    portal: Portal, address: str
) -> None:
    """Also from a port that the template does not name: storage allows it, and so does the policy."""
    form = portal.offer(portal.draft(), "note.pdf")["upload"]
    parts = urlsplit(form["url"])
    policy = get(address).headers["Content-Security-Policy"]
    assert f"{parts.scheme}://{parts.netloc}" in policy
    preflight = {"Origin": address, "Access-Control-Request-Method": "POST"}
    allowed = httpx.options(form["url"], headers=preflight, verify=tls_context())
    assert allowed.headers["Access-Control-Allow-Origin"] == address
    preflight["Origin"] = "https://attacker.example"
    refused = httpx.options(form["url"], headers=preflight, verify=tls_context())
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert upload(form, "note.pdf", clinical_note()).status_code == 204


def test_bad_gateway_is_a_problem_when_the_api_does_not_answer() -> None:
    proxy = Proxy(f"http://127.0.0.1:{free_port()}")
    answer = proxy.forward("GET", "/v1/me", [], b"")
    proxy.close()
    assert (answer.status, json.loads(answer.content)["title"]) == (502, "Bad Gateway")
    assert ("Content-Type", "application/problem+json") in answer.headers


def test_port_is_named_when_another_process_has_it(deployment: Deployment, address: str) -> None:
    port = urlsplit(address).port
    assert port is not None
    with (
        pytest.raises(LocalCloudError, match=f"port {port} of the portal is in use"),
        front_door.served(deployment, Path(), port),
    ):
        pass
    with pytest.raises(LocalCloudError, match="PORTAL_PORT"):
        require_free(port)
