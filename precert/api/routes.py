"""Every operation of the HTTP API: its method, its path, and the function that serves it.

One table for three readers: the CDK app makes a route of each row, the handlers register their rows
by their keys, and the OpenAPI document lists them. Paths carry opaque ids only: a member id in a
URL would end up in access logs.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Function(StrEnum):
    """Functions that serve HTTP."""

    CHECK = "check"
    CONFIRMATION = "confirmation"
    SUBMIT = "submit"
    UPLOAD = "upload"
    STATUS = "status"
    REVIEW = "review"
    INTAKE = "intake"


@dataclass(frozen=True)
class Route:
    """One operation.

    ``path`` names its variables in braces, as API Gateway does.
    """

    operation_id: str
    method: str
    path: str
    function: Function
    summary: str

    @property
    def key(self) -> str:
        """What API Gateway calls the route, in its configuration and in each event."""
        return f"{self.method} {self.path}"


ROUTES: Final = (
    Route("registerRequest", "POST", "/v1/intake/requests", Function.INTAKE, "Register a request"),
    Route(
        "reportDetermination",
        "POST",
        "/v1/vendor/determinations",
        Function.INTAKE,
        "Report a vendor's determination",
    ),
    Route("listWorklist", "GET", "/v1/review/requests", Function.REVIEW, "Worklist by due date"),
    Route("readCase", "GET", "/v1/review/requests/{request_id}", Function.REVIEW, "The whole case"),
    Route(
        "assignCase",
        "POST",
        "/v1/review/requests/{request_id}/assign",
        Function.REVIEW,
        "Hold a case",
    ),
    Route(
        "releaseCase",
        "POST",
        "/v1/review/requests/{request_id}/release",
        Function.REVIEW,
        "Give a case back",
    ),
    Route(
        "requestInformation",
        "POST",
        "/v1/review/requests/{request_id}/information",
        Function.REVIEW,
        "Ask the providers for more",
    ),
    Route(
        "extendDeadline",
        "POST",
        "/v1/review/requests/{request_id}/extension",
        Function.REVIEW,
        "Take more time",
    ),
    Route(
        "offerPeerToPeer",
        "POST",
        "/v1/review/requests/{request_id}/peer-to-peer",
        Function.REVIEW,
        "Offer a talk",
    ),
    Route(
        "downloadCaseDocument",
        "GET",
        "/v1/review/requests/{request_id}/documents/{document_id}",
        Function.REVIEW,
        "Ask for a link to a document",
    ),
    Route(
        "downloadCaseNotice",
        "GET",
        "/v1/review/requests/{request_id}/notices/{notice_id}",
        Function.REVIEW,
        "Ask for a link to a letter",
    ),
    Route(
        "decide",
        "POST",
        "/v1/review/requests/{request_id}/decisions",
        Function.REVIEW,
        "Decide every open line of the round",
    ),
    Route(
        "signDecisions",
        "POST",
        "/v1/review/requests/{request_id}/signature",
        Function.REVIEW,
        "Sign a colleague's decisions",
    ),
    Route("listOverdue", "GET", "/v1/operations/overdue", Function.REVIEW, "Overdue decisions"),
    Route(
        "changeDates",
        "POST",
        "/v1/operations/requests/{request_id}/dates",
        Function.REVIEW,
        "Move approved periods",
    ),
    Route(
        "listUnmatchedProviders",
        "GET",
        "/v1/operations/unmatched-providers",
        Function.REVIEW,
        "Providers to reconcile",
    ),
    Route(
        "reconcileProvider",
        "POST",
        "/v1/operations/requests/{request_id}/providers",
        Function.REVIEW,
        "Match a provider with the directory",
    ),
)


def routes_of(function: Function) -> tuple[Route, ...]:
    """The rows that one function serves."""
    return tuple(route for route in ROUTES if route.function is function)
