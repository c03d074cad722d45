"""Drafts, submission, void and appeal."""

from functools import partial
from http import HTTPStatus
from typing import Any

from precert.api.answers.drafts import (
    DraftAnswer,
    ReviewedDraftAnswer,
    SavedDraftAnswer,
    StartedDraftAnswer,
    SubmissionAnswer,
)
from precert.api.answers.requests import ChangedRequestAnswer
from precert.api.bodies import (
    AnswerInformationBody,
    AppealBody,
    ContentBody,
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
    review_draft,
    save_draft,
    start_draft,
)
from precert.usecases.requests import answer_information, file_appeal, void_request
from precert.usecases.submission import submit_draft

api = Api(Function.SUBMIT, lambda: dependencies().settings.claims)


@api.operation("startDraft")
def start(call: Call) -> Answer:
    made, body, caller = dependencies(), call.body(StartDraftBody), call.caller
    key = call.idempotency_key
    started = start_draft(
        body.content,
        caller,
        tin=body.tin,
        new_id=lambda tin: id_from_key(tin, caller.subject, key) if key else made.new_id(),
        check=_check(made),
        drafts=made.drafts,
        payer=made.payer,
        now=made.now(),
    )
    draft = started.draft
    headers = {**etag(draft.version), "Location": f"/v1/drafts/{draft.request_id}"}
    return Answer(StartedDraftAnswer.of(started, made.payer), HTTPStatus.CREATED, headers)


def _check(made: Dependencies) -> Check:
    return partial(
        check_requirements,
        reference=made.reference,
        rule_lists=made.rule_lists,
        rule_list_versions=made.rule_list_versions,
        code_sets=made.code_sets,
        payer=made.payer,
        now=made.now(),
    )


@api.operation("resumeDraft")
def resume(call: Call) -> Answer:
    made = dependencies()
    file = resume_draft(call.id("draft_id"), call.caller, requests=made.requests, now=made.now())
    headers = etag(file.request.version)
    return Answer(
        DraftAnswer.of(file.request, file.documents, made.payer, made.now()), headers=headers
    )


@api.operation("reviewDraft")
def review(call: Call) -> Answer:
    made = dependencies()
    reviewed = review_draft(
        call.id("draft_id"),
        call.caller,
        requests=made.requests,
        code_sets=made.code_sets,
        payer=made.payer,
        now=made.now(),
    )
    return Answer(ReviewedDraftAnswer.of(reviewed), headers=etag(reviewed.draft.version))


@api.operation("saveDraft")
def save(call: Call) -> Answer:
    made, draft_id = dependencies(), call.id("draft_id")
    saved = save_draft(
        draft_id,
        call.body(ContentBody).content,
        call.caller,
        based_on=call.based_on,
        drafts=made.drafts,
        payer=made.payer,
        now=made.now(),
    )
    return Answer(SavedDraftAnswer.of(draft_id, saved), headers=etag(saved.version))


@api.operation("patchDraft")
def patch(call: Call) -> Answer:
    made, draft_id = dependencies(), call.id("draft_id")
    changed = call.body(PartsBody).content
    saved = save_draft(
        draft_id,
        changed.content,
        call.caller,
        parts=changed.sent,
        based_on=call.based_on,
        drafts=made.drafts,
        payer=made.payer,
        now=made.now(),
    )
    return Answer(SavedDraftAnswer.of(draft_id, saved), headers=etag(saved.version))


@api.operation("deleteDraft")
def delete(call: Call) -> Answer:
    made = dependencies()
    delete_draft(
        call.id("draft_id"),
        call.caller,
        based_on=call.based_on,
        drafts=made.drafts,
        requests=made.requests,
        now=made.now(),
    )
    return Answer(None, HTTPStatus.NO_CONTENT)


@api.operation("submitDraft")
def submit(call: Call) -> Answer:
    made = dependencies()
    submitted = submit_draft(
        call.id("draft_id"),
        call.body(ContentBody).content,
        call.caller,
        based_on=call.based_on,
        drafts=made.drafts,
        code_sets=made.code_sets,
        payer=made.payer,
        now=made.now(),
        serial=made.serial,
    )
    location = {"Location": f"/v1/requests/{submitted.request_id}"}
    return Answer(SubmissionAnswer.of(submitted), HTTPStatus.ACCEPTED, location)


@api.operation("voidRequest")
def void(call: Call) -> Answer:
    made = dependencies()
    request = void_request(
        call.id("request_id"),
        call.body(VoidBody).reason,
        call.caller,
        requests=made.requests,
        now=made.now(),
    )
    return Answer(ChangedRequestAnswer.of(request))


@api.operation("answerInformation")
def answer(call: Call) -> Answer:
    made = dependencies()
    request = answer_information(
        call.id("request_id"),
        call.body(AnswerInformationBody).answer,
        call.caller,
        requests=made.requests,
        now=made.now(),
    )
    return Answer(ChangedRequestAnswer.of(request))


@api.operation("fileAppeal")
def appeal(call: Call) -> Answer:
    made, body = dependencies(), call.body(AppealBody)
    request = file_appeal(
        call.id("request_id"),
        body.line_ids,
        call.caller,
        reason=body.reason,
        expedited=body.expedited,
        requests=made.requests,
        payer=made.payer,
        now=made.now(),
    )
    location = {"Location": f"/v1/requests/{request.request_id}"}
    return Answer(ChangedRequestAnswer.of(request), HTTPStatus.ACCEPTED, location)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event)
