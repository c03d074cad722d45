"""The reviewers' side: worklist, case, decision."""

from typing import Any

from precert.api.answers.lists import WorklistAnswer
from precert.api.answers.requests import ChangedRequestAnswer, RequestAnswer
from precert.api.bodies import DecideBody, PlanPageQuery
from precert.api.http import Answer, Api, Call
from precert.api.routes import Function
from precert.bootstrap import dependencies
from precert.observability import logger, metrics
from precert.usecases.decide import LineDecision, decide
from precert.usecases.list_worklist import list_worklist
from precert.usecases.read_case import read_case

api = Api(Function.REVIEW, lambda: dependencies().settings.claims)


@api.operation("listWorklist")
def worklist(call: Call) -> Answer:
    page = list_worklist(
        call.caller, **dict(call.query(PlanPageQuery)), listings=dependencies().listings
    )
    return Answer(WorklistAnswer.of(page))


@api.operation("readCase")
def case(call: Call) -> Answer:
    made = dependencies()
    file = read_case(call.id("request_id"), call.caller, requests=made.requests)
    return Answer(RequestAnswer.of(file, made.payer, for_reviewer=True))


@api.operation("decide")
def decision(call: Call) -> Answer:
    made, body = dependencies(), call.body(DecideBody)
    request = decide(
        call.id("request_id"),
        [LineDecision(**dict(line)) for line in body.lines],
        call.caller,
        round_=body.round,
        requests=made.requests,
        payer=made.payer,
        now=made.now(),
    )
    return Answer(ChangedRequestAnswer.of(request, for_reviewer=True))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event)
