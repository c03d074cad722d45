"""CORS: what a browser needs to call the API from a portal's page."""

from typing import Final

import httpx
import pytest

from local.client import tls_context
from local.deployment import Deployment
from local.users import PROVIDER
from precert.api.operation import Operation
from tests.fakes.sample_calls import path_of
from tests.journeys.portal import Portal
from tools.operations import ROUTES

PORTAL: Final = "http://localhost:3000"


def words(response: httpx.Response, header: str) -> set[str]:
    return {word.strip().casefold() for word in response.headers.get(header, "").split(",")}


def preflight(deployment: Deployment, route: Operation, origin: str) -> httpx.Response:
    return httpx.options(
        f"{deployment.api_url}{path_of(route)}",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": route.method,
            "Access-Control-Request-Headers": "authorization,content-type,if-match",
        },
        verify=tls_context(),
    )


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation_id)
def test_preflight_is_allowed_when_a_portal_sends_one(
    deployment: Deployment, route: Operation
) -> None:
    """Without a token: browsers send none with a preflight."""
    granted = preflight(deployment, route, PORTAL)
    assert granted.status_code in (200, 204)
    assert granted.headers["access-control-allow-origin"] == PORTAL
    assert route.method.casefold() in words(granted, "access-control-allow-methods")
    assert words(granted, "access-control-allow-headers") >= {
        "authorization",
        "content-type",
        "if-match",
        "idempotency-key",
    }


def test_preflight_is_not_allowed_when_the_page_has_another_origin(deployment: Deployment) -> None:
    refused = preflight(deployment, ROUTES[0], "https://elsewhere.example.com")
    assert "access-control-allow-origin" not in refused.headers


def test_etag_and_location_are_readable_when_a_portal_starts_a_draft(portal: Portal) -> None:
    started = portal.deployment.caller(PROVIDER).call(
        "POST", "/v1/drafts", {"content": portal.content()}, headers={"Origin": PORTAL}
    )
    assert started.status_code == 201
    assert started.headers["etag"] == '"1"'
    assert started.headers["location"] == f"/v1/drafts/{started.json()['draft_id']}"
    assert started.headers["cache-control"] == "no-store"
    assert started.headers["access-control-allow-origin"] == PORTAL
    exposed = words(started, "access-control-expose-headers")
    assert exposed >= {"etag", "location", "retry-after"}


def test_document_form_can_be_posted_when_a_portal_sends_a_preflight_to_the_bucket(
    deployment: Deployment,
) -> None:
    bucket = deployment.outputs["DocumentsBucketName"]
    granted = httpx.options(
        f"{deployment.cloud.endpoint_url}/{bucket}",
        headers={"Origin": PORTAL, "Access-Control-Request-Method": "POST"},
    )
    assert granted.headers["access-control-allow-origin"] == PORTAL
