"""Read and write the parts of tokens, and verify responses that refuse a caller."""

import base64
import json

import httpx

from tests.journeys.portal import Json


def part(token: str, index: int) -> Json:
    """The decoded JSON of a part of a JWT: 0 is the header, 1 the claims."""
    text = token.split(".")[index]
    claims: Json = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return claims


def encoded(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def refusal(response: httpx.Response, status: int, code: str) -> Json:
    """The problem of a response, after its status, code and media type are verified."""
    problem: Json = response.json()
    assert (response.status_code, problem["code"]) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    return problem
