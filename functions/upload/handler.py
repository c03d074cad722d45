"""Documents of drafts and requests: offered, given out, taken off; and letters given out."""

from http import HTTPStatus
from typing import Any

from precert.api.answers.drafts import DocumentLinkAnswer, OfferedDocumentAnswer
from precert.api.bodies import OfferDocumentBody
from precert.api.http import Answer, Api, Call
from precert.api.routes import Function
from precert.bootstrap import dependencies
from precert.observability import logger, metrics
from precert.usecases.documents import (
    AskedUpload,
    delete_document,
    download_document,
    offer_document,
)
from precert.usecases.notices import download_letter

api = Api(Function.UPLOAD, lambda: dependencies().settings.claims)


@api.operation("offerDocument")
def offer(call: Call) -> Answer:
    made, body = dependencies(), call.body(OfferDocumentBody)
    offered = offer_document(
        call.id("request_id"),
        AskedUpload(**dict(body)),
        call.caller,
        document_id=made.new_id(),
        records=made.documents,
        store=made.document_bytes,
        payer=made.payer,
        now=made.now(),
    )
    return Answer(OfferedDocumentAnswer.of(offered), HTTPStatus.CREATED)


@api.operation("downloadDocument")
def download(call: Call) -> Answer:
    made = dependencies()
    link = download_document(
        call.id("request_id"),
        call.id("document_id"),
        call.caller,
        requests=made.requests,
        store=made.document_bytes,
        payer=made.payer,
        now=made.now(),
    )
    return Answer(DocumentLinkAnswer.of(link))


@api.operation("downloadLetter")
def letter(call: Call) -> Answer:
    made = dependencies()
    link = download_letter(
        call.id("request_id"),
        call.letter_id,
        call.caller,
        requests=made.requests,
        store=made.letter_bytes,
        payer=made.payer,
        now=made.now(),
    )
    return Answer(DocumentLinkAnswer.of(link))


@api.operation("deleteDocument")
def delete(call: Call) -> Answer:
    made = dependencies()
    delete_document(
        call.id("request_id"),
        call.id("document_id"),
        call.caller,
        event_id=made.new_id(),
        records=made.documents,
        requests=made.requests,
        now=made.now(),
    )
    return Answer(None, HTTPStatus.NO_CONTENT)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event)
