"""Where requests stand: dashboard, details with history, messages."""

from http import HTTPStatus
from typing import Any

from precert.api.answers.drafts import DraftsAnswer
from precert.api.answers.lists import DashboardAnswer, FlaggedAnswer, MessagesAnswer, UnreadAnswer
from precert.api.answers.providers import FrequentProvidersAnswer
from precert.api.answers.requests import RequestAnswer
from precert.api.bodies import PatientRequestsBody, RequestsQuery, TinPageQuery, TinQuery
from precert.api.http import Answer, Api, Call
from precert.api.names import message_of_name
from precert.api.routes import Function
from precert.bootstrap import dependencies
from precert.observability import logger, metrics
from precert.usecases.directory import list_frequent_providers
from precert.usecases.drafts import list_drafts
from precert.usecases.messages import list_messages, mark_all_messages, mark_message, no_message
from precert.usecases.requests import (
    flag_request,
    list_flagged,
    list_requests,
    read_request,
    unflag_request,
)

api = Api(Function.STATUS, lambda: dependencies().settings.claims)


@api.operation("listRequests")
def dashboard(call: Call) -> Answer:
    deps = dependencies()
    page = list_requests(
        call.caller,
        **dict(call.query(RequestsQuery)),
        listings=deps.listings,
        payer=deps.payer,
        now=deps.now(),
    )
    return Answer(DashboardAnswer.of(page, deps.payer))


@api.operation("listPatientRequests")
def of_patient(call: Call) -> Answer:
    deps = dependencies()
    page = list_requests(
        call.caller,
        **dict(call.body(PatientRequestsBody)),
        listings=deps.listings,
        payer=deps.payer,
        now=deps.now(),
    )
    return Answer(DashboardAnswer.of(page, deps.payer))


@api.operation("listFlagged")
def home(call: Call) -> Answer:
    deps = dependencies()
    tin = call.query(TinQuery).tin
    rows = list_flagged(
        call.caller, tin=tin, listings=deps.listings, payer=deps.payer, now=deps.now()
    )
    return Answer(FlaggedAnswer.of(rows, deps.payer))


@api.operation("flagRequest")
def flag(call: Call) -> Answer:
    deps = dependencies()
    flag_request(
        call.id("request_id"),
        call.caller,
        tin=call.query(TinQuery).tin,
        requests=deps.requests,
        flags=deps.flags,
        listings=deps.listings,
        payer=deps.payer,
        now=deps.now(),
    )
    return Answer(None, HTTPStatus.NO_CONTENT)


@api.operation("unflagRequest")
def unflag(call: Call) -> Answer:
    deps = dependencies()
    unflag_request(
        call.id("request_id"),
        call.caller,
        tin=call.query(TinQuery).tin,
        requests=deps.requests,
        flags=deps.flags,
        now=deps.now(),
    )
    return Answer(None, HTTPStatus.NO_CONTENT)


@api.operation("listDrafts")
def drafts(call: Call) -> Answer:
    deps = dependencies()
    now = deps.now()
    page = list_drafts(
        call.caller,
        **dict(call.query(TinPageQuery)),
        listings=deps.listings,
        payer=deps.payer,
        now=now,
    )
    return Answer(DraftsAnswer.of(page, deps.payer, now))


@api.operation("readRequest")
def details(call: Call) -> Answer:
    deps = dependencies()
    file = read_request(
        call.id("request_id"),
        call.caller,
        requests=deps.requests,
        now=deps.now(),
    )
    return Answer(RequestAnswer.of(file, deps.payer, deps.code_sets))


@api.operation("listMessages")
def messages(call: Call) -> Answer:
    deps = dependencies()
    page = list_messages(
        call.caller,
        **dict(call.query(TinPageQuery)),
        inbox=deps.inbox,
        payer=deps.payer,
        now=deps.now(),
    )
    return Answer(MessagesAnswer.of(page, deps.payer))


@api.operation("markMessage")
def mark(call: Call) -> Answer:
    deps, named = dependencies(), message_of_name(call.path["message_id"])
    caller, tin = call.caller, call.query(TinQuery).tin
    if named is None:
        raise no_message()
    mark_message(*named, caller, tin=tin, inbox=deps.inbox, now=deps.now())
    return Answer(None, HTTPStatus.NO_CONTENT)


@api.operation("markAllMessages")
def mark_all(call: Call) -> Answer:
    deps = dependencies()
    tin = call.query(TinQuery).tin
    unread = mark_all_messages(call.caller, tin=tin, inbox=deps.inbox, now=deps.now())
    return Answer(UnreadAnswer(unread=unread))


@api.operation("listFrequentProviders")
def frequent(call: Call) -> Answer:
    found = list_frequent_providers(
        call.caller,
        tin=call.query(TinQuery).tin,
        frequent_providers=dependencies().frequent_providers,
    )
    return Answer(FrequentProvidersAnswer.of(found))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event)
