"""Takes vendors' determinations from the bus: the same as by HTTPS, in ids and codes."""

from typing import Any

from precert.api.intake import ReportedDetermination
from precert.bootstrap import dependencies, id_from_key
from precert.domain.caller import Caller
from precert.names import VENDOR_SOURCE_PREFIX, Entitlement
from precert.observability import errors_noted, logger, metrics, note_work
from precert.usecases.intake import report_determination


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    with errors_noted():
        _take(event["source"], event["id"], ReportedDetermination.model_validate(event["detail"]))


def _take(source: str, event_id: str, told: ReportedDetermination) -> None:
    vendor = source.removeprefix(VENDOR_SOURCE_PREFIX)
    deps = dependencies()
    request = report_determination(
        told.report(vendor),
        Caller(
            subject=source,
            entitlements=frozenset({Entitlement.VENDOR}),
            vendor_ids=frozenset({vendor}),
        ),
        new_id=lambda delegate, name: id_from_key("reported", delegate, name),
        registrations=deps.registrations,
        requests=deps.requests,
        reference=deps.reference,
        code_sets=deps.code_sets,
        payer=deps.payer,
        now=deps.now(),
        serial=deps.serial,
    )
    note_work("reported", event_id=event_id, request_id=request.request_id)
