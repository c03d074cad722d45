"""Drafts, submission, void and appeal."""

from functools import partial
from http import HTTPStatus
from typing import Any

from precert.api.answers.drafts import (
    DraftAnswer,
    SavedDraftAnswer,
    StartedDraftAnswer,
    SubmissionAnswer,
    ValidatedDraftAnswer,
)
from precert.api.answers.requests import ChangedRequestAnswer
from precert.api.bodies import (
    AppealBody,
    ContentBody,
    InformationResponseBody,
    PartsBody,
    StartDraftBody,
    VoidBody,
)
from precert.api.http import Answer, Api, Call, etag
from precert.api.routes import Function
from precert.bootstrap import Dependencies, dependencies, id_from_key
from precert.observability import logger, metrics
from precert.usecases.checks import Check, check_requirements
from precert.usecases.drafts import (
    delete_draft,
    resume_draft,
    save_draft,
    start_draft,
    validate_draft,
)
from precert.usecases.requests import file_appeal, respond_to_information_request, void_request
from precert.usecases.submission import submit_draft

api = Api(Function.SUBMIT, lambda: dependencies().settings.claims)


@api.operation("startDraft")
def start(call: Call) -> Answer:
    deps, body, caller = dependencies(), call.body(StartDraftBody), call.caller
    key = call.idempotency_key
    started = start_draft(
        body.content,
        caller,
        tin=body.tin,
        new_id=lambda tin: id_from_key(tin, caller.subject, key) if key else deps.new_id(),
        check=_check(deps),
        drafts=deps.drafts,
        payer=deps.payer,
        now=deps.now(),
    )
    draft = started.draft
    headers = {**etag(draft.version), "Location": f"/v1/drafts/{draft.request_id}"}
    return Answer(
        StartedDraftAnswer.of(started, deps.payer, deps.code_sets), HTTPStatus.CREATED, headers
    )


def _check(deps: Dependencies) -> Check:
    return partial(
        check_requirements,
        reference=deps.reference,
        rule_lists=deps.rule_lists,
        rule_list_versions=deps.rule_list_versions,
        code_sets=deps.code_sets,
        payer=deps.payer,
        now=deps.now(),
    )


@api.operation("resumeDraft")
def resume(call: Call) -> Answer:
    deps = dependencies()
    file = resume_draft(call.id("draft_id"), call.caller, requests=deps.requests, now=deps.now())
    headers = etag(file.request.version)
    return Answer(
        DraftAnswer.of(file.request, file.documents, deps.payer, deps.code_sets, deps.now()),
        headers=headers,
    )


@api.operation("validateDraft")
def review(call: Call) -> Answer:
    deps = dependencies()
    reviewed = validate_draft(
        call.id("draft_id"),
        call.caller,
        requests=deps.requests,
        code_sets=deps.code_sets,
        payer=deps.payer,
        now=deps.now(),
    )
    return Answer(ValidatedDraftAnswer.of(reviewed), headers=etag(reviewed.draft.version))


@api.operation("saveDraft")
def save(call: Call) -> Answer:
    deps, draft_id = dependencies(), call.id("draft_id")
    saved = save_draft(
        draft_id,
        call.body(ContentBody).content,
        call.caller,
        based_on=call.based_on,
        drafts=deps.drafts,
        payer=deps.payer,
        now=deps.now(),
    )
    return Answer(SavedDraftAnswer.of(draft_id, saved), headers=etag(saved.version))


@api.operation("patchDraft")
def patch(call: Call) -> Answer:
    deps, draft_id = dependencies(), call.id("draft_id")
    changed = call.body(PartsBody).content
    saved = save_draft(
        draft_id,
        changed.content,
        call.caller,
        parts=changed.sent,
        based_on=call.based_on,
        drafts=deps.drafts,
        payer=deps.payer,
        now=deps.now(),
    )
    return Answer(SavedDraftAnswer.of(draft_id, saved), headers=etag(saved.version))


@api.operation("deleteDraft")
def delete(call: Call) -> Answer:
    deps = dependencies()
    delete_draft(
        call.id("draft_id"),
        call.caller,
        based_on=call.based_on,
        drafts=deps.drafts,
        requests=deps.requests,
        now=deps.now(),
    )
    return Answer(None, HTTPStatus.NO_CONTENT)


@api.operation("submitDraft")
def submit(call: Call) -> Answer:
    deps = dependencies()
    submitted = submit_draft(
        call.id("draft_id"),
        call.body(ContentBody).content,
        call.caller,
        based_on=call.based_on,
        drafts=deps.drafts,
        code_sets=deps.code_sets,
        payer=deps.payer,
        now=deps.now(),
        serial=deps.serial,
    )
    location = {"Location": f"/v1/requests/{submitted.request_id}"}
    return Answer(SubmissionAnswer.of(submitted), HTTPStatus.ACCEPTED, location)


@api.operation("voidRequest")
def void(call: Call) -> Answer:
    deps = dependencies()
    request = void_request(
        call.id("request_id"),
        call.body(VoidBody).reason,
        call.caller,
        requests=deps.requests,
        now=deps.now(),
    )
    return Answer(ChangedRequestAnswer.of(request))


@api.operation("respondToInformationRequest")
def answer(call: Call) -> Answer:
    deps = dependencies()
    request = respond_to_information_request(
        call.id("request_id"),
        call.body(InformationResponseBody).answer,
        call.caller,
        requests=deps.requests,
        now=deps.now(),
    )
    return Answer(ChangedRequestAnswer.of(request))


@api.operation("fileAppeal")
def appeal(call: Call) -> Answer:
    deps, body = dependencies(), call.body(AppealBody)
    request = file_appeal(
        call.id("request_id"),
        body.line_ids,
        call.caller,
        reason=body.reason,
        expedited=body.expedited,
        requests=deps.requests,
        payer=deps.payer,
        now=deps.now(),
    )
    location = {"Location": f"/v1/requests/{request.request_id}"}
    return Answer(ChangedRequestAnswer.of(request), HTTPStatus.ACCEPTED, location)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event)
