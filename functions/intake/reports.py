"""Determinations of delegated vendors from the event bus: as by HTTPS, with ids and codes only.

The reply to a refused report is an event. The report is not retried, because its errors would recur.
A technical error is raised, so that the report is retried.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Final

from pydantic import ValidationError

from functions.intake.models import NUMBER, ReportedDetermination
from precert.api.problems import MAX_LISTED
from precert.bootstrap import call, dependencies
from precert.clock_and_ids import id_from_key
from precert.domain.caller import Caller
from precert.domain.decisions import Approval, LineDecision
from precert.domain.delegation import VendorReviewer
from precert.domain.errors import (
    DamagedRecordError,
    FieldError,
    InvalidInputError,
    PrecertError,
    TransientError,
)
from precert.domain.events import ReportError, ReportRefusal
from precert.domain.value_errors import errors_of
from precert.domain.vendor_reports import VendorReport
from precert.names import VENDOR_SOURCE_PREFIX, Entitlement
from precert.observability import logger, metrics, note_work
from precert.queues import process_events
from precert.usecases.vendor_reports import report_determination

_MEMBERS: Final = frozenset(
    name
    for model in (ReportedDetermination, VendorReport, LineDecision, Approval, VendorReviewer)
    for name in model.model_fields
)
"""Names that a pointer may contain. An unknown name, which the vendor sent, can be personal data."""


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return process_events(event, context, _receive)


def _receive(event: dict[str, Any]) -> None:
    try:
        _report(event)
    except (TransientError, DamagedRecordError):
        raise
    except PrecertError as error:
        _refuse(event, error)


def _report(event: dict[str, Any]) -> None:
    try:
        determination = ReportedDetermination.model_validate(event["detail"])
    except ValidationError as error:
        raise InvalidInputError(errors_of(error)) from error
    source: str = event["source"]
    vendor = _vendor(event)
    caller = Caller(
        subject=source,
        entitlements=frozenset({Entitlement.VENDOR}),
        vendor_ids=frozenset({vendor}),
    )
    id_of = partial(id_from_key, "reported")
    request = call(report_determination, determination.report(vendor), caller, id_of=id_of)
    note_work("reported", event_id=event["id"], request_id=request.request_id)


def _refuse(event: dict[str, Any], error: PrecertError) -> None:
    refusal = refusal_of(event, error, dependencies().now())
    dependencies().bus.refuse(refusal)
    note_work("report_refused", event_id=event["id"], code=refusal.code)


def refusal_of(event: dict[str, Any], error: PrecertError, now: datetime) -> ReportRefusal:
    """The reply: the errors, without any value that the vendor sent except the number."""
    found = error.errors if isinstance(error, InvalidInputError) else ()
    detail = event["detail"]
    number = detail.get("number") if isinstance(detail, dict) else None
    return ReportRefusal(
        event_id=f"{event['id']}.refused",
        report_id=event["id"],
        vendor_id=_vendor(event),
        at=now,
        number=number if isinstance(number, str) and re.fullmatch(NUMBER, number) else None,
        code=error.code,
        errors=tuple(_errors(found[:MAX_LISTED])),
    )


def _errors(found: Iterable[FieldError]) -> Iterator[ReportError]:
    for error in found:
        yield ReportError(pointer=_known_part(error.pointer), code=error.code)


def _known_part(pointer: str) -> str:
    """The pointer up to the first name that is not a member of a report."""
    known = ""
    for name in pointer.split("/")[1:]:
        if name not in _MEMBERS and not name.isdecimal():
            break
        known = f"{known}/{name}"
    return known


def _vendor(event: dict[str, Any]) -> str:
    source: str = event["source"]
    return source.removeprefix(VENDOR_SOURCE_PREFIX)
