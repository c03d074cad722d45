"""Determinations of delegated vendors from the event bus: the same as by HTTPS, in ids and codes."""

from functools import partial
from typing import Any

from functions.intake.models import ReportedDetermination
from precert.bootstrap import call, id_from_key
from precert.domain.caller import Caller
from precert.names import VENDOR_SOURCE_PREFIX, Entitlement
from precert.observability import errors_noted, logger, metrics, note_work
from precert.usecases.vendor_reports import report_determination


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    with errors_noted():
        detail = ReportedDetermination.model_validate(event["detail"])
        _report(event["source"], event["id"], detail)


def _report(source: str, event_id: str, determination: ReportedDetermination) -> None:
    vendor = source.removeprefix(VENDOR_SOURCE_PREFIX)
    caller = Caller(
        subject=source,
        entitlements=frozenset({Entitlement.VENDOR}),
        vendor_ids=frozenset({vendor}),
    )
    id_of = partial(id_from_key, "reported")
    request = call(report_determination, determination.report(vendor), caller, id_of=id_of)
    note_work("reported", event_id=event_id, request_id=request.request_id)
