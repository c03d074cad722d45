"""What comes in by other ways than the portal: registered requests, vendors' determinations."""

from http import HTTPStatus
from typing import Any

from precert.api.http import Answer, Api, Call
from precert.api.intake import RegisterRequestBody, ReportDeterminationBody
from precert.api.models import ChangedRequest, SubmissionResponse
from precert.api.routes import Function
from precert.bootstrap import dependencies, id_from_key
from precert.observability import logger, metrics
from precert.usecases.intake import register_request, report_determination

api = Api(Function.INTAKE, lambda: dependencies().settings.claims)


@api.operation("registerRequest")
def register(call: Call) -> Answer:
    deps, body = dependencies(), call.body(RegisterRequestBody)
    registered = register_request(
        body.arrival,
        body.content,
        call.caller,
        new_id=lambda channel, name: id_from_key("registered", channel, name),
        registrations=deps.registrations,
        reference=deps.reference,
        code_sets=deps.code_sets,
        payer=deps.payer,
        now=deps.now(),
        serial=deps.serial,
    )
    return Answer(SubmissionResponse.of(registered), HTTPStatus.ACCEPTED)


@api.operation("reportDetermination")
def report(call: Call) -> Answer:
    deps = dependencies()
    request = report_determination(
        call.body(ReportDeterminationBody).report,
        call.caller,
        new_id=lambda delegate, name: id_from_key("reported", delegate, name),
        registrations=deps.registrations,
        requests=deps.requests,
        reference=deps.reference,
        code_sets=deps.code_sets,
        payer=deps.payer,
        now=deps.now(),
        serial=deps.serial,
    )
    return Answer(ChangedRequest.of(request))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event)
