"""Documents of drafts and requests: offered, given out, taken off; and letters given out."""

from http import HTTPStatus
from typing import Any

from precert.api.answers.drafts import DocumentLinkAnswer, DocumentUploadAnswer
from precert.api.bodies import DocumentUploadBody
from precert.api.http import Answer, Api, Call
from precert.api.routes import Function
from precert.bootstrap import dependencies
from precert.observability import logger, metrics
from precert.usecases.documents import (
    RequestedUpload,
    create_document_upload,
    delete_document,
    download_document,
)
from precert.usecases.notices import download_notice

api = Api(Function.UPLOAD, lambda: dependencies().settings.claims)


@api.operation("createDocumentUpload")
def offer(call: Call) -> Answer:
    deps, body = dependencies(), call.body(DocumentUploadBody)
    offered = create_document_upload(
        call.id("request_id"),
        RequestedUpload(**dict(body)),
        call.caller,
        document_id=deps.new_id(),
        records=deps.documents,
        store=deps.document_bytes,
        payer=deps.payer,
        now=deps.now(),
    )
    return Answer(DocumentUploadAnswer.of(offered), HTTPStatus.CREATED)


@api.operation("downloadDocument")
def download(call: Call) -> Answer:
    deps = dependencies()
    link = download_document(
        call.id("request_id"),
        call.id("document_id"),
        call.caller,
        requests=deps.requests,
        store=deps.document_bytes,
        payer=deps.payer,
        now=deps.now(),
    )
    return Answer(DocumentLinkAnswer.of(link))


@api.operation("downloadNotice")
def notice(call: Call) -> Answer:
    deps = dependencies()
    link = download_notice(
        call.id("request_id"),
        call.notice_id,
        call.caller,
        requests=deps.requests,
        store=deps.notice_bytes,
        payer=deps.payer,
        now=deps.now(),
    )
    return Answer(DocumentLinkAnswer.of(link))


@api.operation("deleteDocument")
def delete(call: Call) -> Answer:
    deps = dependencies()
    delete_document(
        call.id("request_id"),
        call.id("document_id"),
        call.caller,
        deletion_id=deps.new_id(),
        records=deps.documents,
        requests=deps.requests,
        now=deps.now(),
    )
    return Answer(None, HTTPStatus.NO_CONTENT)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event)
