"""The HTTP client of demo, journeys and commands."""

import time

import httpx
import pytest

from local import client
from local.client import READ_ATTEMPTS, Caller


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between calls, in seconds."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


def served(monkeypatch: pytest.MonkeyPatch, *statuses: int) -> list[str]:
    """Answer calls with these statuses in turn; return the methods of the calls that were made."""
    made: list[str] = []
    left = iter(statuses)

    def answer(request: httpx.Request) -> httpx.Response:
        made.append(request.method)
        return httpx.Response(next(left), headers={"Retry-After": "2"})

    http = httpx.Client(transport=httpx.MockTransport(answer))
    monkeypatch.setattr(client, "connections", lambda: http)
    return made


CALLER = Caller("https://api.example", None)


def test_read_is_repeated_after_the_pause_when_the_api_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    made = served(monkeypatch, 503, 503, 200)
    assert CALLER.call("GET", "/v1/me").status_code == 200
    assert (made, pauses) == (["GET"] * 3, [2.0, 2.0])


def test_response_is_503_when_the_api_asks_for_it_each_time(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    made = served(monkeypatch, *[503] * READ_ATTEMPTS)
    assert CALLER.call("GET", "/v1/me").status_code == 503
    assert (len(made), len(pauses)) == (READ_ATTEMPTS, READ_ATTEMPTS - 1)


def test_write_is_made_once_when_the_response_is_503(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    made = served(monkeypatch, 503)
    assert CALLER.call("POST", "/v1/checks").status_code == 503
    assert made == ["POST"]


def test_read_is_made_once_when_the_response_is_another_error(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    made = served(monkeypatch, 500)
    assert CALLER.call("GET", "/v1/me").status_code == 500
    assert (made, pauses) == (["GET"], [])
