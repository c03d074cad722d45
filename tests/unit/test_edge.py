"""Calls are admitted, and their address trusted, by the way on which they came."""

import inspect
from typing import Any, Final

import pytest

from precert.api import app
from precert.api.app import Api
from precert.api.edge import Edge
from tests.unit.test_app import Context

SECRET: Final = "s" * 48
EDGE: Final = Edge((SECRET, "previous"), "partners.example.org")
CLOUDFRONT: Final = "64.252.64.1"
VIEWER: Final = "198.51.100.7"


def received(domain: str = "origin.example.org", **headers: str) -> dict[str, Any]:
    return {
        "routeKey": "GET /v1/none",
        "rawPath": "/v1/none",
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {
            "domainName": domain,
            "http": {"method": "GET", "path": "/v1/none", "sourceIp": CLOUDFRONT},
            "requestId": "call",
            "stage": "$default",
        },
    }


@pytest.mark.parametrize("secret", [SECRET, "previous"])
def test_viewer_is_the_source_when_cloudfront_forwarded_the_call(secret: str) -> None:
    event = received(x_origin_secret=secret, x_viewer_address=VIEWER)
    assert (EDGE.admits(event), EDGE.source_ip(event)) == (True, VIEWER)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_origin_secret": ""},
        {"x_origin_secret": f"{SECRET},previous"},
        {"x_origin_secret": "sécret"},
    ],
)
def test_call_is_refused_when_it_did_not_come_through_cloudfront(headers: dict[str, str]) -> None:
    event = received(x_viewer_address=VIEWER, **headers)
    assert not EDGE.admits(event)
    assert EDGE.source_ip(event) == CLOUDFRONT, "a header of anybody is not trusted"


def test_partner_is_admitted_with_its_own_address_when_it_uses_its_domain() -> None:
    event = received("partners.example.org", x_viewer_address=VIEWER)
    assert (EDGE.admits(event), EDGE.source_ip(event)) == (True, CLOUDFRONT)
    assert not Edge((SECRET,)).admits(event)


@pytest.mark.parametrize(
    ("secret", "expected"),
    [(SECRET, "https://portal.example.org"), ("", "https://origin.example.org")],
)
def test_address_is_the_one_called_when_cloudfront_forwarded_the_call(
    secret: str, expected: str
) -> None:
    event = received(x_origin_secret=secret, x_viewer_host="portal.example.org")
    assert EDGE.base_url(event) == expected


def test_every_call_is_admitted_when_the_stage_has_no_edge() -> None:
    event = received(x_viewer_address=VIEWER)
    assert (Edge().admits(event), Edge().source_ip(event)) == (True, CLOUDFRONT)


@pytest.mark.parametrize(("edge", "status"), [(EDGE, 403), (Edge(), 404)])
def test_answer_has_security_headers_when_the_call_is_refused_or_served(
    edge: Edge, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without logs and metrics, which need the environment of a function.
    monkeypatch.setattr(app, "note_response", lambda *_: None)
    api = Api(
        "none",
        tag="None",
        identify=lambda _claims, _token: pytest.fail("no caller is identified"),
        audit=lambda _record: None,
        edge=lambda: edge,
    )
    context: Any = Context()
    answer = inspect.unwrap(api.lambda_handler())(received(), context)
    assert answer["statusCode"] == status
    assert (
        answer["headers"].items()
        >= {
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
            "X-Content-Type-Options": "nosniff",
        }.items()
    )
    assert ('"direct_call"' in answer["body"]) is (status == 403)
