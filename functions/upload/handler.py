"""Offers uploads: a presigned form for each file."""

from http import HTTPStatus
from typing import Any

from precert.api.answers.drafts import OfferedDocumentAnswer
from precert.api.bodies import OfferDocumentBody
from precert.api.http import Answer, Api, Call
from precert.api.routes import Function
from precert.bootstrap import dependencies
from precert.observability import logger, metrics
from precert.usecases.offer_document import AskedUpload, offer_document

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


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event)
