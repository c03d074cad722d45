"""Repairs by operators: of cycles without an execution, and of failed deliveries."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.operations.models import (
    FailedDeliveriesResponse,
    OperatorCountsResponse,
    RedeliveryBody,
    RedeliveryResponse,
    RepairedResponse,
    StuckRequestsResponse,
)
from precert.api.app import Api
from precert.api.models import PageQuery
from precert.api.parameters import CurrentCaller, RequestId
from precert.bootstrap import audit, call, edge, identify
from precert.domain.errors import ActionNotAllowedError, NotFoundError
from precert.names import Entitlement
from precert.observability import note_work
from precert.usecases.operations import count_operator_queues
from precert.usecases.repairs import (
    list_failed_deliveries,
    list_stuck_requests,
    redeliver,
    repair_request,
)

api = Api(
    "operations",
    tag="Operations",
    identify=identify,
    audit=audit,
    edge=edge,
    entitlement=Entitlement.OPERATOR,
)


@api.get(
    "/v1/operations/counts",
    "Count the entries of the queues",
    operation_id="countOperatorQueues",
    audited=False,
)
def counts(caller: CurrentCaller) -> OperatorCountsResponse:
    """Count what each queue of the operators has. Of a long queue the first 100 entries are counted."""
    return OperatorCountsResponse.of(call(count_operator_queues, caller))


@api.get(
    "/v1/operations/stuck-requests", "Requests that are stuck", operation_id="listStuckRequests"
)
def stuck(query: Annotated[PageQuery, Query()], caller: CurrentCaller) -> StuckRequestsResponse:
    """List requests that have been PROCESSING for more than five minutes, longest first.

    `execution_running` is false if the workflow no longer processes the cycle.
    """
    page = call(list_stuck_requests, caller, limit=query.limit, cursor=query.cursor)
    return call(StuckRequestsResponse.of, page)


@api.post(
    "/v1/operations/requests/{request_id}/repair",
    "Repair a request",
    operation_id="repairRequest",
    errors=(NotFoundError, ActionNotAllowedError),
)
def repair(request_id: RequestId, caller: CurrentCaller) -> RepairedResponse:
    """Start the workflow of the open cycle again, if it is not running. It continues from the request.

    Decisions, deadlines and messages are unchanged. A repetition starts nothing.
    """
    repaired = call(repair_request, request_id, caller)
    if repaired.started:
        note_work("execution_repaired", request_id=request_id, cycle=repaired.cycle)
    return RepairedResponse.of(repaired)


@api.get(
    "/v1/operations/failed-deliveries",
    "Failed deliveries",
    operation_id="listFailedDeliveries",
    audited=False,
)
def failed_deliveries(caller: CurrentCaller) -> FailedDeliveriesResponse:
    """Count deliveries that failed in all attempts, by receiver, such as messages and notices."""
    return FailedDeliveriesResponse.of(call(list_failed_deliveries, caller))


@api.post(
    "/v1/operations/failed-deliveries/redelivery",
    "Send failed deliveries again",
    operation_id="redeliver",
    audited=False,
)
def redelivery(body: RedeliveryBody, caller: CurrentCaller) -> RedeliveryResponse:
    """Deliver some of the failed deliveries of one receiver again, after its cause was corrected.

    Repeat the call until `count` of `listFailedDeliveries` is 0. Receivers ignore events that they
    processed before.
    """
    result = call(redeliver, body.delivery, caller, limit=body.limit)
    note_work("redelivered", delivery=body.delivery.value, count=result.redelivered)
    return RedeliveryResponse.of(result)


handle = api.lambda_handler()
