"""The authorization code flow with PKCE, as a single-page application runs it in a browser."""

import base64
import hashlib
import html
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from local.client import tls_context


@dataclass
class CodeFlow:
    """One browser at the sign-in pages of one app client."""

    pages: str
    """The URL below which the pages are, without a slash at the end."""

    client_id: str
    redirect_uri: str
    scope: str = "openid"
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def send(self, method: str, url: httpx.URL | str, **more: Any) -> httpx.Response:
        """One request, with the cookies of the earlier ones; redirects are not followed."""
        with httpx.Client(cookies=self.cookies, timeout=60, verify=tls_context()) as client:
            answer = client.request(method, url, **more)
            self.cookies = client.cookies
        return answer

    def authorize(self, **more: str) -> httpx.Response:
        """The sign-in page; or the redirect, where the browser is signed in."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": self.scope,
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return self.send("GET", f"{self.pages}/oauth2/authorize", params={**query, **more})

    def submit(self, page: httpx.Response, username: str, password: str) -> httpx.Response:
        """The response to the page's form, filled in."""
        hidden = {
            name: html.unescape(value)
            for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
        }
        action = re.search(r'action="([^"]+)"', page.text)
        assert action, page.text
        filled = {**hidden, "username": username, "password": password}
        return self.send("POST", page.url.join(action.group(1)), data=filled)

    def code(self, redirect: httpx.Response) -> str:
        """The code of a redirect to the application."""
        assert redirect.status_code == 302, redirect.text
        location = urlsplit(redirect.headers["Location"])
        assert location._replace(query="").geturl() == self.redirect_uri
        query = parse_qs(location.query)
        assert query["state"] == ["the-state"]
        return query["code"][0]

    def tokens(self, code: str, **more: str) -> httpx.Response:
        return self._token(
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.redirect_uri,
            **{"code_verifier": self.verifier, **more},
        )

    def refreshed(self, refresh_token: str) -> httpx.Response:
        return self._token(grant_type="refresh_token", refresh_token=refresh_token)

    def _token(self, **form: str) -> httpx.Response:
        origin = self.redirect_uri.removesuffix("/signed-in")
        return self.send(
            "POST",
            f"{self.pages}/oauth2/token",
            data={"client_id": self.client_id, **form},
            headers={"Origin": origin},
        )

    def sign_in(self, username: str, password: str) -> dict[str, Any]:
        """The tokens of a user who signs in at the page."""
        redirect = self.submit(self.authorize(), username, password)
        answer = self.tokens(self.code(redirect))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, without verifying it."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims
