"""The inputs of every check worker: five codes, a member, the sample rule list, no AWS call."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from local.journey.content import PATIENT

ROOT: Final = Path(__file__).resolve().parents[2]
NOW: Final = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
CODES: Final = ("44120", "44140", "47562", "99213", "70551")
FACILITY: Final = {
    "provider_id": "P00001",
    "kind": "FACILITY",
    "name": "Cleveland Center for Digestive Health & Endoscopy LLC",
    "npi": "8001041853",
    "tin": "203129831",
    "address": {
        "line_1": "3700 Park East Drive 100a",
        "city": "Beachwood",
        "state": "OH",
        "zip_code": "44122",
    },
}


def body() -> str:
    """The check's body, as a caller sends it."""
    service = {
        "authorization_type": "INPATIENT",
        "type_of_service": "SURGICAL_INPATIENT",
        "place_of_service": "SURGICAL",
        "urgency": "STANDARD",
        "admission_date": (NOW + timedelta(days=14)).date().isoformat(),
        "primary_diagnosis": "K55",
        "procedures": [{"code": code} for code in CODES],
    }
    content = {"patient": PATIENT, "servicing_provider": FACILITY, "services": [service]}
    return json.dumps({"content": content})


def event(text: str) -> dict[str, Any]:
    """Return the API Gateway event of a check (payload format 2.0)."""
    return event_of("/v1/checks", text)


def event_of(
    path: str, text: str, parameters: dict[str, str] | None = None, **headers: str
) -> dict[str, Any]:
    """Return the API Gateway event of a POST (payload format 2.0)."""
    route = path
    for name, value in (parameters or {}).items():
        route = route.replace(value, f"{{{name}}}")
    claims = {
        "sub": "5b2e8a8e-6f0f-4d0c-9a45-3d3b1f2b7c10",
        "cognito:groups": "[PatientSearch]",
        "custom:tins": "463778226",
    }
    return {
        "version": "2.0",
        "routeKey": f"POST {route}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "authorization": "Bearer x", **headers},
        **({"pathParameters": parameters} if parameters else {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "authorizer": {"jwt": {"claims": claims, "scopes": None}},
            "domainName": "api.execute-api.us-east-1.amazonaws.com",
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "bench",
            },
            "requestId": "request",
            "stage": "$default",
            "time": "23/Nov/2026:15:00:00 +0000",
            "timeEpoch": 1795446000000,
        },
        "body": text,
        "isBase64Encoded": False,
    }


class Context:
    """The Lambda context."""

    function_name = "check"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:check"
    aws_request_id = "0d2b8a1e-7a3d-4b42-8a53-2f1f62f0a1c4"


def calls() -> int:
    """Return the number of calls that the worker makes."""
    return int(sys.argv[1])


KEY: Final = b"bench" * 6


NO_CLIENT: Final[Any] = None
"""A warm check calls no AWS service."""


def serve(handle: Callable[[dict[str, Any], Any], dict[str, Any]], count: int) -> None:
    """Call the handler so often, each time with an event of its own; the last answer is printed.

    The handler logs to standard output, which is not read.
    """
    text, answer = body(), None
    for _ in range(count):
        answer = handle(event(text), Context())
    if answer is None or answer["statusCode"] != 200:
        raise AssertionError(answer)
    sys.stderr.write(answer["body"])
