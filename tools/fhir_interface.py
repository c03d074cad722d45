"""The interface of the FHIR, CDS Hooks and token endpoints as one document, for compatibility checks.

``docs/openapi.json`` has no FHIR operations. ``docs/fhir-interface.json`` has the CapabilityStatement,
the SMART configuration, the CDS Hooks discovery, the statuses and issue codes of each route, and the
scopes and parameters of each operation. All of it is derived from the code: the names of parameters are
found by recording what the reading functions compare names with. ``python -m tools.openapi`` writes the
document and compares it with the released one (:mod:`tools.fhir_interface_changes`).
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from functions.crd.hooks import HookApi
from functions.crd.services import discovery
from functions.dtr.models import ExpandQuery, reported_errors
from functions.pas import models as pas_models
from functions.pas.subscriptions import OperationQuery, SearchQuery
from functions.smart.models import smart_configuration
from precert.api.app import COMMON_ERRORS
from precert.api.fhir import ISSUE_OF, FhirApi
from precert.api.operation import Operation
from precert.api.problems import STATUS_OF
from precert.domain.clients import OAuthErrorCode
from precert.domain.errors import PrecertError, TooManyRequestsError
from precert.domain.event_types import EventType
from precert.domain.subscriptions import (
    DeliveryError,
    Notification,
    Organization,
    OrganizationKind,
    Subscription,
)
from precert.fhir.attachment_parameters import read_attachment
from precert.fhir.bundles import UnprocessableBundleError
from precert.fhir.capabilities import SERVED, Served, capability_statement
from precert.fhir.elements import Json
from precert.fhir.questionnaires import package_parameters, read_package_request
from precert.fhir.subscriptions import status_of
from precert.names import FHIR_PATH, OAUTH_PATH, VERSION
from tools.openapi_files import ROOT
from tools.operations import ALL_ROUTES

BASE: Final = "https://api.example.org"
_AT: Final = datetime(2026, 7, 1, tzinfo=UTC)
_VOLATILE: Final = frozenset({"date", "version", "software", "description", "title"})
"""Elements of the CapabilityStatement on which no caller relies."""
_READERS: Final = ("precert/fhir", "functions/pas", "functions/crd", "functions/dtr")
_REFUSALS: Final = frozenset({"Issue", "refuse", "_missing", "HookRefusedError"})
"""Names of functions whose first argument is an issue code or the name of a missing parameter."""
ISSUE_TYPES: Final = frozenset(
    {
        *("business-rule", "code-invalid", "conflict", "duplicate", "exception", "expired"),
        *("extension", "forbidden", "incomplete", "informational", "invalid", "invariant"),
        *("login", "multiple-matches", "not-found", "not-supported", "processing", "required"),
        *("security", "structure", "suppressed", "throttled", "timeout", "too-costly"),
        *("too-long", "transient", "unknown", "value"),
    }
)
"""FHIR's issue-type codes."""


_ISSUE_OF: Final = {**ISSUE_OF, HTTPStatus.PRECONDITION_FAILED: "required"}
"""FHIR's issue-type of each status; with 412, a CDS Hooks call lacks data that it must contain."""


def document() -> Json:
    """Return the document."""
    statement = capability_statement(f"{BASE}{FHIR_PATH}", f"{BASE}{OAUTH_PATH}/token", VERSION)
    return {
        "version": VERSION,
        "capability_statement": {k: v for k, v in statement.items() if k not in _VOLATILE},
        "smart_configuration": smart_configuration(BASE, f"{BASE}{OAUTH_PATH}").root,
        "cds_services": discovery(),
        "routes": {one.key: _route(one) for one in ALL_ROUTES if isinstance(one.api, FhirApi)},
        "operations": _operations(),
        "issue_codes": sorted(_issue_codes()),
        "claim_errors": _claim_errors(),
        "token_errors": sorted(one.value for one in OAuthErrorCode),
    }


def _route(one: Operation) -> Json:
    """The success status of a route, the issue code by error status, and whether it needs no token."""
    kinds: set[type[PrecertError]] = {*one.all_errors, *COMMON_ERRORS, TooManyRequestsError}
    statuses = {STATUS_OF[_known(kind)] for kind in kinds}
    if one.public is None:
        statuses.add(HTTPStatus.UNAUTHORIZED)
    if one.body is not None:
        statuses |= {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
        if isinstance(one.api, HookApi):
            # A service verifies the JWT of its caller itself.
            statuses |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.PRECONDITION_FAILED}
    return {
        "public": one.public is not None,
        "status": int(one.status),
        "errors": {
            str(int(status)): _ISSUE_OF[status] for status in sorted(statuses & _ISSUE_OF.keys())
        },
    }


def _known(kind: type[PrecertError]) -> type[PrecertError]:
    return next(one for one in kind.__mro__ if one in STATUS_OF)


def _operations() -> Json:
    """The scopes and parameters of each operation, by its name such as ``Claim/$submit``."""
    parameters = dict(_parameters())
    return {
        _name(one): {
            "scopes": sorted(
                {each.scope for each in SERVED if (each.resource, each.code) == _key(one)}
            ),
            **parameters.get(_name(one), {}),
        }
        for one in SERVED
        if one.definition is not None
    }


def _key(one: Served) -> tuple[str | None, str]:
    return one.resource, one.code


def _name(one: Served) -> str:
    return f"{one.resource}/${one.code}" if one.resource else f"${one.code}"


# -- Parameters ---------------------------------------------------------------------------------------


class _Probe(str):
    """A name that is not equal to any other, and records the names with which it is compared."""

    __slots__ = ("compared",)
    compared: set[str]

    def __eq__(self, other: object) -> bool:
        self.compared.add(str(other))
        return False

    def __hash__(self) -> int:
        return super().__hash__()


def _parameters() -> Iterator[tuple[str, Json]]:
    """The input and output parameters of each operation that has Parameters instead of a resource."""
    package = package_parameters([{}], ["-"])["parameter"]
    yield "Questionnaire/$questionnaire-package", _read(read_package_request) | _returned(package)
    yield "Questionnaire/$log-questionnaire-errors", _read(_report)
    attachment = _read(read_attachment, _ATTACHMENT)
    yield "$submit-attachment", attachment
    yield "ValueSet/$expand", {"in": _optional(_fields(ExpandQuery)) | {"url": {"required": True}}}
    yield "Subscription/$events", {"in": _optional(_fields(OperationQuery))}
    status = {"in": _optional(_fields(SearchQuery) & {"id", "status"})}
    yield "Subscription/$status", status | _returned(_status()["parameter"])


def _report(sent: Json) -> None:
    unread: Any = None
    reported_errors(sent, unread)


_ATTACHMENT: Final[tuple[Json, ...]] = (
    *(
        {"name": name, "valueIdentifier": {"value": "1"}}
        for name in ("TrackingId", "MemberId", "ProviderId")
    ),
    {"name": "AttachTo", "valueCode": "preauthorization"},
    {
        "name": "Attachment",
        "part": [
            {
                "name": "Content",
                "resource": {
                    "resourceType": "DocumentReference",
                    "content": [{"attachment": {"contentType": "text/plain", "data": "MQ=="}}],
                },
            }
        ],
    },
)
"""Valid parameters of ``$submit-attachment``, so that its reader reads to the end."""


def _read(reader: Callable[[Json], object], valid: Sequence[Json] = ()) -> Json:
    """The input parameters of a reader; those whose absence it reports are required.

    ``valid`` are parameters with which the reader succeeds.
    """
    missed = ""
    try:
        reader({"resourceType": "Parameters"})
    except UnprocessableBundleError as error:
        missed = " ".join(one.expression for one in error.issues if one.code == "required")
    read = _optional(_names(reader, valid))
    for name in read:
        read[name]["required"] = f"name='{name}'" in missed
    return {"in": read}


def _names(reader: Callable[[Json], object], valid: Sequence[Json]) -> set[str]:
    """The names with which a reader compares the names of parameters and of their parts."""
    probe, of_parts = _Probe("?"), _Probe("?")
    probe.compared, of_parts.compared = set(), set()
    sent = [
        {**one, "part": [{"name": of_parts}, *one["part"]]} if "part" in one else one
        for one in valid
    ]
    with suppress(UnprocessableBundleError):
        reader({"resourceType": "Parameters", "parameter": [{"name": probe}, *sent]})
    return {*probe.compared, *(f"Attachment.{one}" for one in of_parts.compared)}


def _optional(names: Iterable[str]) -> Json:
    return {name: {"required": False} for name in sorted(names)}


def _fields(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _returned(parameters: Iterable[Json]) -> Json:
    return {"out": sorted({one["name"] for one in parameters})}


def _status() -> Json:
    """A SubscriptionStatus with all optional parameters."""
    failing = Subscription(
        subscription_id="s1",
        subject="client",
        organizations=(Organization(kind=OrganizationKind.TIN, number="123456789"),),
        endpoint=BASE,
        media_type="application/fhir+json",
        resource={},
        base_url=BASE,
        created_at=_AT,
        changed_at=_AT,
        attempt_at=_AT,
        error=DeliveryError.TIMED_OUT,
    )
    event = Notification(
        number=1, event_id="e1", type=next(iter(EventType)), request_id="r1", at=_AT
    )
    return status_of(failing, "query-status", status_id="1", events=[(event, "urn:uuid:1")])


# -- Codes --------------------------------------------------------------------------------------------


def _issue_codes() -> set[str]:
    """The issue codes of errors: those of HTTP statuses, and those in the code of the readers."""
    files = [file for folder in _READERS for file in (ROOT / folder).glob("*.py")]
    return {*ISSUE_OF.values(), *(code for file in files for code in _codes_in(file))}


def _codes_in(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _called(node) in _REFUSALS and node.args:
            texts = (one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant))
            yield from (one for one in texts if one in ISSUE_TYPES)


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _claim_errors() -> Json:
    """The X12 codes of ClaimResponse errors: reject reasons (901) and follow-up actions (889)."""
    texts = {
        value
        for name, value in vars(pas_models).items()
        if name.isupper() and isinstance(value, str) and 1 <= len(value) <= _LONGEST
    }
    follow_ups = {pas_models.CORRECT, pas_models.NO_RESUBMISSION}
    fields, errors = pas_models.REASON_OF_FIELD, pas_models.REASON_OF_ERROR
    reasons = {*fields.values(), *(code for code, _ in errors.values()), *texts} - follow_ups
    return {"reject_reasons": sorted(reasons), "follow_up_actions": sorted(follow_ups)}


_LONGEST: Final = 2
"""The greatest length of an X12 901 code."""
