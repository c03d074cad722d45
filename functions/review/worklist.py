"""The review queue: worklist, counts, reviewers, and the lists for decisions."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.review.bodies import CountsQuery, WorklistQuery
from functions.review.case_models import DecisionReasonsResponse
from functions.review.worklist_models import (
    ReviewersResponse,
    WorklistCountsResponse,
    WorklistResponse,
    reviewers_of,
)
from precert.api.app import Api
from precert.api.parameters import CurrentCaller
from precert.bootstrap import audit, call, edge, identify
from precert.names import Entitlement
from precert.usecases.grants import list_reviewers, user_labels
from precert.usecases.review import count_worklist, list_worklist

api = Api(
    "review",
    tag="Review",
    identify=identify,
    audit=audit,
    edge=edge,
    entitlement=Entitlement.REVIEWER,
)
REASONS_SECONDS = 3600


@api.get("/v1/review/requests", "Worklist", operation_id="listWorklist", conditional=True)
def worklist(query: Annotated[WorklistQuery, Query()], caller: CurrentCaller) -> WorklistResponse:
    """List the open determination cycles of all the caller's plans.

    Expedited cycles are first, then by deadline, earliest first. `view` and `mine` filter the queue; a
    page can then be shorter than `limit` even if the response has a `cursor`.
    """
    page = call(
        list_worklist,
        caller,
        plan_id=query.plan_id,
        mine=query.mine,
        view=query.view,
        limit=query.limit,
        cursor=query.cursor,
    )
    return call(WorklistResponse.of, page, caller, call(user_labels, reviewers_of(page), caller))


@api.get(
    "/v1/review/counts",
    "Count the worklist",
    operation_id="countWorklist",
    audited=False,
    conditional=True,
)
def counts(query: Annotated[CountsQuery, Query()], caller: CurrentCaller) -> WorklistCountsResponse:
    """Count the open determination cycles of the caller's plans, in total and by view.

    The call reads every row of the queue. Call it when the queue is opened, not with every page.
    """
    return WorklistCountsResponse.of(call(count_worklist, caller, plan_id=query.plan_id))


@api.get(
    "/v1/review/reviewers",
    "Reviewers of the caller's plans",
    operation_id="listReviewers",
    entitlement=Entitlement.REVIEW_LEAD,
    audited=False,
    conditional=True,
)
def reviewers(caller: CurrentCaller) -> ReviewersResponse:
    """List the reviewers to whom a lead can assign a case with `reassignCase`."""
    return ReviewersResponse.of(call(list_reviewers, caller), caller)


@api.get(
    "/v1/review/reasons",
    "Reasons, rationale templates and criteria",
    operation_id="listDecisionReasons",
    audited=False,
    conditional=True,
    max_age=REASONS_SECONDS,
)
def reasons() -> DecisionReasonsResponse:
    """List the reasons with their decisions and rationale templates, the criteria, and the documents
    that a request for information can name.
    """
    return call(DecisionReasonsResponse.of)
