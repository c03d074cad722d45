"""The reviewers' side: worklist, case, moves, decision; and the operators' operations."""

from http import HTTPStatus
from typing import Any

from precert.api.answers.cases import CaseAnswer
from precert.api.answers.reviewed import ReviewedCaseAnswer
from precert.api.answers.unmatched import UnmatchedProvidersAnswer
from precert.api.answers.worklist import WorklistAnswer
from precert.api.bodies import WorklistQuery
from precert.api.http import Answer, Api, Call
from precert.api.models import ChangedRequest, PageQuery
from precert.api.review_bodies import (
    ChangeDatesBody,
    DecideBody,
    ExtendBody,
    ReconcileProviderBody,
    RequestInformationBody,
    SignBody,
)
from precert.api.routes import Function
from precert.bootstrap import dependencies
from precert.domain.request import Request
from precert.observability import logger, metrics
from precert.usecases.decisions import decide, sign_decisions
from precert.usecases.documents import DocumentLink, download_case_document
from precert.usecases.notices import download_case_notice
from precert.usecases.operations import (
    change_dates,
    list_overdue,
    list_unmatched_providers,
    reconcile_provider,
)
from precert.usecases.review import (
    assign_case,
    extend_deadline,
    list_worklist,
    offer_peer_to_peer,
    read_case,
    release_case,
    request_information,
)

api = Api(Function.REVIEW, lambda: dependencies().settings.claims)


@api.operation("listWorklist")
def worklist(call: Call) -> Answer:
    deps, caller, now = dependencies(), call.caller, dependencies().now()
    query = dict(call.query(WorklistQuery))
    page = list_worklist(caller, **query, listings=deps.listings, now=now)
    return Answer(WorklistAnswer.of(page, caller.subject, now, deps.payer))


@api.operation("readCase")
def case(call: Call) -> Answer:
    deps, caller = dependencies(), call.caller
    file = read_case(call.id("request_id"), caller, requests=deps.requests)
    return Answer(
        CaseAnswer.of(file, deps.payer, deps.code_sets, caller.subject, deps.now()),
    )


@api.operation("assignCase")
def claim(call: Call) -> Answer:
    deps, caller, now = dependencies(), call.caller, dependencies().now()
    request = assign_case(
        call.id("request_id"), caller, requests=deps.requests, payer=deps.payer, now=now
    )
    return Answer(ReviewedCaseAnswer.of(request, caller.subject, now))


@api.operation("releaseCase")
def release(call: Call) -> Answer:
    deps, caller, now = dependencies(), call.caller, dependencies().now()
    request = release_case(call.id("request_id"), caller, requests=deps.requests, now=now)
    return Answer(ReviewedCaseAnswer.of(request, caller.subject, now))


@api.operation("requestInformation")
def information(call: Call) -> Answer:
    deps, caller, now = dependencies(), call.caller, dependencies().now()
    body = call.body(RequestInformationBody)
    request = request_information(
        call.id("request_id"),
        body.documents,
        body.text,
        caller,
        requests=deps.requests,
        payer=deps.payer,
        now=now,
    )
    return Answer(ReviewedCaseAnswer.of(request, caller.subject, now))


@api.operation("extendDeadline")
def extension(call: Call) -> Answer:
    deps, caller, now = dependencies(), call.caller, dependencies().now()
    request = extend_deadline(
        call.id("request_id"),
        call.body(ExtendBody).reason,
        caller,
        requests=deps.requests,
        payer=deps.payer,
        now=now,
    )
    return Answer(ReviewedCaseAnswer.of(request, caller.subject, now))


@api.operation("offerPeerToPeer")
def peer_to_peer(call: Call) -> Answer:
    deps, caller, now = dependencies(), call.caller, dependencies().now()
    request = offer_peer_to_peer(
        call.id("request_id"), caller, requests=deps.requests, payer=deps.payer, now=now
    )
    return Answer(ReviewedCaseAnswer.of(request, caller.subject, now))


@api.operation("downloadCaseDocument")
def document(call: Call) -> Answer:
    deps = dependencies()
    link = download_case_document(
        call.id("request_id"),
        call.id("document_id"),
        call.caller,
        requests=deps.requests,
        document_bytes=deps.document_bytes,
        payer=deps.payer,
        now=deps.now(),
    )
    return Answer(DocumentLink(**dict(link)))


@api.operation("downloadCaseNotice")
def notice(call: Call) -> Answer:
    deps = dependencies()
    link = download_case_notice(
        call.id("request_id"),
        call.notice_id,
        call.caller,
        requests=deps.requests,
        notice_bytes=deps.notice_bytes,
        payer=deps.payer,
        now=deps.now(),
    )
    return Answer(DocumentLink(**dict(link)))


@api.operation("decide")
def decision(call: Call) -> Answer:
    deps, caller, now = dependencies(), call.caller, dependencies().now()
    body = call.body(DecideBody)
    request = decide(
        call.id("request_id"),
        body.lines,
        caller,
        cycle=body.cycle,
        requests=deps.requests,
        code_sets=deps.code_sets,
        payer=deps.payer,
        now=now,
    )
    return Answer(ReviewedCaseAnswer.of(request, caller.subject, now), _decided(request))


def _decided(request: Request) -> HTTPStatus:
    """Accepted, and no more, while a second signature is waited for."""
    return HTTPStatus.ACCEPTED if request.submitted.proposal else HTTPStatus.OK


@api.operation("signDecisions")
def signature(call: Call) -> Answer:
    deps, caller, now = dependencies(), call.caller, dependencies().now()
    body = call.body(SignBody)
    request = sign_decisions(
        call.id("request_id"),
        caller,
        cycle=body.cycle,
        accept=body.accept,
        requests=deps.requests,
        now=now,
    )
    return Answer(ReviewedCaseAnswer.of(request, caller.subject, now))


@api.operation("listOverdue")
def overdue(call: Call) -> Answer:
    deps, caller = dependencies(), call.caller
    page = list_overdue(caller, **dict(call.query(PageQuery)), listings=deps.listings)
    return Answer(WorklistAnswer.of(page, caller.subject, deps.now(), deps.payer))


@api.operation("changeDates")
def dates(call: Call) -> Answer:
    deps, body = dependencies(), call.body(ChangeDatesBody)
    request = change_dates(
        call.id("request_id"),
        [line.change for line in body.lines],
        call.caller,
        reason=body.reason,
        requests=deps.requests,
        now=deps.now(),
    )
    return Answer(ChangedRequest.of(request, request.operator_actions))


@api.operation("listUnmatchedProviders")
def unmatched_providers(call: Call) -> Answer:
    deps, caller = dependencies(), call.caller
    query = dict(call.query(PageQuery))
    page = list_unmatched_providers(caller, **query, listings=deps.listings)
    return Answer(UnmatchedProvidersAnswer.of(page))


@api.operation("reconcileProvider")
def reconciled_provider(call: Call) -> Answer:
    deps, body = dependencies(), call.body(ReconcileProviderBody)
    request = reconcile_provider(
        call.id("request_id"),
        body.role,
        body.provider_id,
        call.caller,
        requests=deps.requests,
        reference=deps.reference,
        now=deps.now(),
    )
    return Answer(ChangedRequest.of(request, request.operator_actions))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event)
