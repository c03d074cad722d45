"""Keep a user's session at Cognito's sign-in pages, and refresh tokens with all their claims.

Emulator: each authorization request shows the sign-in form again, because there is no session cookie.
An ID token from a refresh lacks `cognito:groups`, and its `auth_time` is the time of the refresh, for
which OIDC clients reject it. The pages link no icon, and `/favicon.ico` is a 404, which each browser
that signs in reports as an error on its console.
Patch: set a session cookie for one hour after a sign-in, redirect authorization requests that have it,
and delete it at `/logout`. Refreshed tokens have the user's groups and the time of the sign-in. The
pages have an empty icon.
Remove when: the unpatched emulator does the same; each point by itself.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qsl

from local.cloud.gaps.upstream import module, wrap

COOKIE: Final = "cognito"
SESSION_SECONDS: Final = 3600
ICON: Final = '<link rel="icon" href="data:,">'
_REFRESH: Final = "TokenGeneration_RefreshTokens"
_AUTHORIZE: Final = (
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
)

Response = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class _Session:
    pool_id: str
    username: str
    ends_at: float


_sessions: Final[dict[str, _Session]] = {}
_signed_in_at: Final[dict[str, int]] = {}
"""The time of the sign-in in Unix seconds, by `origin_jti`, which all tokens of a sign-in have."""


def _cookie(headers: Any) -> str:
    try:
        found = SimpleCookie(str(headers.get("cookie", ""))).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _set_cookie(value: str, seconds: int) -> str:
    return f"{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"


def _start_session(submit: Callable[..., Response]) -> Callable[..., Response]:
    def submit_and_start(method: str, path: str, headers: Any, body: bytes, query: Any) -> Response:
        status, added, content = submit(method, path, headers, body, query)
        if status == 302 and "code=" in added.get("Location", ""):
            cognito = module("services.cognito")
            code = dict(parse_qsl(added["Location"].partition("?")[2])).get("code", "")
            granted = cognito._authorization_codes[code]
            key = secrets.token_urlsafe(24)
            _sessions[key] = _Session(
                granted["pool_id"], granted["username"], time.time() + SESSION_SECONDS
            )
            added = {**added, "Set-Cookie": _set_cookie(key, SESSION_SECONDS)}
        return status, added, content

    return submit_and_start


def _answer_in_session(authorize: Callable[..., Response]) -> Callable[..., Response]:
    def authorize_in_session(method: str, path: str, headers: Any, query: Any) -> Response:
        response = authorize(method, path, headers, query)
        cognito = module("services.cognito")
        parameters = {name: cognito._qp(query, name) for name in _AUTHORIZE}
        pool_id, _, _ = cognito._find_pool_by_client_id(parameters["client_id"])
        session = _sessions.get(_cookie(headers))
        if (
            response[0] != 200
            or parameters["prompt"] == "login"
            or session is None
            or session.pool_id != pool_id
            or session.ends_at < time.time()
        ):
            return response
        redirect: Response = cognito._issue_auth_code_redirect(
            parameters["client_id"],
            pool_id,
            parameters["redirect_uri"],
            parameters["scope"],
            session.username,
            parameters["nonce"],
            parameters["code_challenge"],
            parameters["code_challenge_method"],
            parameters["state"],
        )
        return redirect

    return authorize_in_session


def _end_session(logout: Callable[..., Response]) -> Callable[..., Response]:
    def logout_and_end(method: str, path: str, headers: Any, query: Any) -> Response:
        status, added, content = logout(method, path, headers, query)
        if status == 302:
            _sessions.pop(_cookie(headers), None)
            added = {**added, "Set-Cookie": _set_cookie("", 0)}
        return status, added, content

    return logout_and_end


def _with_groups(token: Callable[..., str]) -> Callable[..., str]:
    def token_with_groups(*names: str, **more: Any) -> str:
        if more.get("trigger_source") == _REFRESH and not more.get("groups"):
            _, pool_id, *_ = names
            pool = module("services.cognito")._get_pool_unscoped(pool_id) or {}
            user = pool.get("_users", {}).get(more.get("username", ""), {})
            more["groups"] = user.get("_groups", [])
        return token(*names, **more)

    return token_with_groups


def _with_time_of_sign_in(sign: Callable[..., str]) -> Callable[..., str]:
    def sign_with_time(claims: dict[str, Any], *rest: Any, **more: Any) -> str:
        if "auth_time" in claims and "origin_jti" in claims:
            first = _signed_in_at.setdefault(claims["origin_jti"], claims["auth_time"])
            claims = {**claims, "auth_time": first}
        return sign(claims, *rest, **more)

    return sign_with_time


def _with_icon(page: Callable[..., str]) -> Callable[..., str]:
    def page_with_icon(*parts: Any) -> str:
        return page(*parts).replace("<head>", f"<head>\n{ICON}", 1)

    return page_with_icon


def apply() -> None:
    """Patch the sign-in pages and the creation of tokens."""
    cognito = module("services.cognito")
    wrap(cognito, "handle_login_submit", _start_session)
    wrap(cognito, "handle_oauth2_authorize", _answer_in_session)
    wrap(cognito, "handle_logout", _end_session)
    wrap(cognito, "_page_shell", _with_icon)
    wrap(cognito, "_fake_token", _with_groups)
    wrap(cognito, "_signed_jwt", _with_time_of_sign_in)
