"""The Prior Authorization API: Da Vinci PAS ``Claim/$submit``."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Annotated, Any, Final, NamedTuple

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.pas import subscriptions
from functions.pas.models import (
    REFUSALS,
    answered_files,
    claim_errors,
    line_numbers,
    not_recorded,
    received_files,
    sent_answers,
    withheld_remarks,
)
from precert.api.fhir import FHIR_BODY, FhirApi, FhirResource
from precert.api.operation import FHIR_JSON
from precert.api.parameters import CurrentCaller
from precert.api.parsing import MAX_BODY_BYTES, BodyLimit, too_large
from precert.bootstrap import audit, call, dependencies, edge, identify
from precert.clock_and_ids import id_from_key
from precert.domain.caller import Caller
from precert.domain.content import RequestContent
from precert.domain.errors import (
    ActionNotAllowedError,
    DocumentLimitError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    PrecertError,
)
from precert.fhir.attachment_parameters import read_attachment
from precert.fhir.attachments import SentFile, files_of_bundle
from precert.fhir.bundles import (
    INQUIRE,
    SUBMIT,
    Bundle,
    Issue,
    UnprocessableBundleError,
    bundle_of,
    objects,
    require_profiles_of,
    stored_bundle,
    text,
)
from precert.fhir.claim_changes import (
    cancelled_items,
    is_cancelled,
    is_cancelled_as_a_whole,
    is_update,
    places_of_numbers,
    prior_claims,
    require_one_claim,
)
from precert.fhir.claim_remarks import claim_remarks
from precert.fhir.claims import ReadClaim, read_claim
from precert.fhir.inquiries import criteria_not_compared, read_inquiry
from precert.fhir.response_bundles import ClaimError
from precert.fhir.responses import attachment_outcome, determined, inquiry_parameters, refused
from precert.usecases.claim_updates import update_prior_authorization
from precert.usecases.inquiries import inquire_prior_authorizations
from precert.usecases.item_changes import ClaimUpdate, errors_of_update
from precert.usecases.ports.requests import RequestFile
from precert.usecases.prior_authorization import errors_of_parts, submit_prior_authorization
from precert.usecases.received_documents import (
    ReceivedFile,
    attach_received_files,
    find_for_attachment,
    is_recorded,
    store_received_files,
)

api = FhirApi("pas", tag="Prior authorization", identify=identify, audit=audit, edge=edge)
SUBMIT_ATTACHMENT: Final = "$submit-attachment"


@api.post(
    "/fhir/r4/Claim/{operation}",
    "Submit a prior authorization request",
    operation_id="submitClaim",
    media_type=FHIR_JSON,
    body_limit=FHIR_BODY,
    errors=(NotFoundError,),
    scopes=("Claim.c", "Claim.s"),
)
def claim_operation(
    operation: Annotated[str, Path()], body: FhirResource, caller: CurrentCaller
) -> FhirResource:
    """Da Vinci PAS 2.2 `Claim/$submit` and `Claim/$inquire`.

    `$submit`: send a PAS request bundle, and receive the response bundle.

    The ClaimResponse comes within the call: approved where the payer's rules approve by themselves,
    else pended (`complete` with the review action A4) with its precertification number. A claim that
    cannot be accepted is answered by a ClaimResponse with the outcome `error` and an X12 reject reason
    for each wrong value, a bundle that cannot be processed by an OperationOutcome. The same claim
    identifier sent again returns the request as it is then. A claim that cancels all items of its
    `related` claim withdraws that request. `$inquire`: send a PAS inquiry bundle, and receive
    Parameters with a response bundle for each request that it describes.
    """
    _require_operation(operation, caller)
    bundle = bundle_of(body.root, first="Claim")
    require_profiles_of(operation, bundle)
    return _inquired(bundle, caller) if operation == INQUIRE else _submitted(bundle, caller)


def _submitted(bundle: Bundle, caller: Caller) -> FhirResource:
    """The response to a claim: of its request, or with the errors for which nothing was stored."""
    require_one_claim(bundle)
    only_tin = next(iter(caller.tins)) if len(caller.tins) == 1 else None
    claim = call(read_claim, bundle, acting_tin=only_tin)
    try:
        file, sent = _accepted(bundle, claim, caller)
    except REFUSALS as error:
        errors = [*claim_errors(error, claim), *_further_errors(error, bundle, claim)]
        return FhirResource(call(refused, bundle, errors, at=dependencies().now()))
    original = _original(file, bundle)
    at = dependencies().now()
    return FhirResource(
        call(
            determined,
            file.request,
            line_numbers(file, sent=bundle),
            original,
            documents=file.documents,
            remarks=[*_not_attached(bundle, file, sent), *claim_remarks(bundle)],
            base_url=api.base_url,
            at=at,
        )
    )


def _require_operation(operation: str, caller: Caller) -> None:
    scope = {SUBMIT: "Claim.c", INQUIRE: "Claim.s"}.get(operation)
    if scope is None:
        raise NotFoundError("There is no such operation. Send a claim to $submit or $inquire.")
    caller.require_scope(scope)


class _SentFiles(NamedTuple):
    """The files of a bundle: answers to questionnaires, and others."""

    answers: Sequence[ReceivedFile]
    others: Sequence[SentFile]


def _accepted(bundle: Bundle, claim: ReadClaim, caller: Caller) -> tuple[RequestFile, _SentFiles]:
    """The request of a claim, stored by this call or by an earlier one with its identifier."""
    content = _content_of(bundle, claim)
    provider = content.requesting_provider
    id_of = partial(id_from_key, provider.tin if provider and provider.tin else "-", "pas")
    # Answers come first: they are what the rule list requires.
    sent = _SentFiles(call(answered_files, bundle), files_of_bundle(bundle))
    files = [*sent.answers, *call(received_files, sent.others)]
    if is_update(bundle):
        update = replace(_update_of(bundle, claim, content), files=files)
        updated = call(update_prior_authorization, update, line_numbers, caller, id_of=id_of)
        return _with_files(updated, files, caller), sent
    file: RequestFile = call(
        submit_prior_authorization,
        content,
        claim_identifier(bundle, bundle.first),
        _compressed(bundle),
        caller,
        files=files,
        id_of=id_of,
    )
    if files:
        call(store_received_files, file, files)
    return file, sent


def _content_of(bundle: Bundle, claim: ReadClaim) -> RequestContent:
    """What a claim requests; of one that updates an earlier claim, whatever can be read."""
    if claim.content is None and not is_update(bundle):
        raise InvalidInputError(call(errors_of_parts, claim.errors, claim.partial))
    content = claim.content or claim.partial
    if content is None:
        raise InvalidInputError(claim.errors)
    return content


def _further_errors(error: PrecertError, bundle: Bundle, claim: ReadClaim) -> list[ClaimError]:
    """What else is wrong with an update that names no claim, or another patient's."""
    content = claim.content or claim.partial
    if not is_update(bundle) or content is None:
        return []
    if not isinstance(error, NotFoundError | KeyReusedError):
        return []
    found = call(errors_of_update, _update_of(bundle, claim, content))
    return claim_errors(InvalidInputError(found), claim) if found else []


def _compressed(bundle: Bundle) -> bytes:
    """The bundle as it is stored: without the data of its documents."""
    if len(bundle.plain) > MAX_BODY_BYTES:
        raise too_large(_CLAIM)
    return bundle.stored


_CLAIM: Final = BodyLimit(
    MAX_BODY_BYTES, "Send a claim whose resources, without the data of documents, are smaller."
)


def _not_attached(bundle: Bundle, file: RequestFile, sent: _SentFiles) -> list[str]:
    """The files of a bundle that are not recorded, each with what to do."""
    answers, files = sent
    if is_update(bundle):
        return [
            f"{place}: not attached, as the request takes no further documents now, or not this "
            "one. Send it by $submit-attachment when documents are requested."
            for place in not_recorded([*answers, *files], file.documents)
        ]
    most = dependencies().payer.documents.max_at_submission
    remarks = withheld_remarks(bundle, files)
    remarks += (
        f"{one.place}: not attached. A request takes {most} documents with its submission. Send it "
        "by $submit-attachment."
        for one in [one for one in files if one.address is None][max(most - len(answers), 0) :]
    )
    # A claim that is sent again adds no answers.
    remarks += (
        f"{place}: not attached. Send it by $submit-attachment."
        for place in not_recorded(answers, file.documents)
    )
    return remarks


def _with_files(file: RequestFile, files: Sequence[ReceivedFile], caller: Caller) -> RequestFile:
    """The request of an update with its files: also those of an update that changes no item."""
    call(store_received_files, file, files)
    for one in files:
        if is_recorded(one, file.documents):
            continue
        # What the request does not take now is named in the answer.
        with suppress(InvalidInputError, ActionNotAllowedError, DocumentLimitError):
            attached = call(attach_received_files, file, [one], caller, final=True)
            sent = {document.document_id for document in attached.documents}
            others = [each for each in file.documents if each.document_id not in sent]
            file = replace(file, documents=(*others, *attached.documents))
    return file


def _update_of(bundle: Bundle, claim: ReadClaim, content: RequestContent) -> ClaimUpdate:
    """A claim as the update of an earlier one."""
    errors = claim.errors
    if is_cancelled(bundle):
        # Only the claim that is cancelled is read.
        errors = tuple(one for one in errors if claim.place(one.pointer).startswith(_RELATED))
    return ClaimUpdate(
        claim_id=claim_identifier(bundle, bundle.first),
        prior_ids=tuple(claim_identifier(bundle, one) for one in prior_claims(bundle)),
        numbers=tuple(places_of_numbers(bundle.first)),
        content=content,
        sequences=claim.sequences,
        cancelled=cancelled_items(bundle.first),
        cancels_all=is_cancelled_as_a_whole(bundle),
        original=_compressed(bundle),
        errors=errors,
    )


_RELATED: Final = "Claim.related"


def _inquired(bundle: Bundle, caller: Caller) -> FhirResource:
    """The responses to an inquiry, with a warning where requests are withheld or left out."""
    found = call(inquire_prior_authorizations, read_inquiry(bundle), caller)
    at = dependencies().now()
    answers = [
        call(
            determined,
            one.request,
            line_numbers(one),
            bundle,
            documents=one.documents,
            base_url=api.base_url,
            at=at,
            inquired=True,
        )
        for one in found.requests
    ]
    return FhirResource(
        inquiry_parameters(
            answers,
            withheld=found.withheld,
            more=found.more,
            damaged=found.damaged,
            not_compared=criteria_not_compared(bundle),
        )
    )


ATTACHMENT_LIMIT: Final = BodyLimit(
    FHIR_BODY.size,
    "Send one document in each call, with Final false until the last, or upload larger documents to "
    "the request.",
)


@api.post(
    "/fhir/r4/{operation}",
    "Attach documents to a request",
    operation_id="submitAttachment",
    scopes=("Claim.u",),
    media_type=FHIR_JSON,
    body_limit=ATTACHMENT_LIMIT,
    errors=(NotFoundError, ActionNotAllowedError, DocumentLimitError),
)
def attachment_operation(
    operation: Annotated[str, Path()], body: FhirResource, caller: CurrentCaller
) -> FhirResource:
    """Da Vinci CDex 2.1 `$submit-attachment`: attach documents to a pended request or an open appeal.

    TrackingId, or AdminRefNumber, is the precertification number or the identifier of the claim.
    The documents are inspected and scanned as uploads, after the call. The answers of a
    QuestionnaireResponse, which can be in a bundle of DTR, are documents too. The first document that
    is attached answers the open request for information; with Final false, or with a
    QuestionnaireResponse that is not completed, it stays open for more.
    """
    if operation != SUBMIT_ATTACHMENT:
        raise NotFoundError("There is no such operation. Send attachments to $submit-attachment.")
    sent = read_attachment(body.root)
    ids = [
        id_from_key(tin, "pas", tracking)
        for tin in sorted(caller.tins)
        for tracking in sent.tracking
    ]
    file = call(find_for_attachment, sent.numbers, ids, sent.member_id, caller)
    known = {str(number) for number in line_numbers(file)}
    if wrong := [one for one in sent.lines if one[0] not in known]:
        numbers = ", ".join(sorted(known, key=int))
        expected = f"LineItem must be an item number of the claim: {numbers}."
        raise UnprocessableBundleError([Issue("value", place, expected) for _, place in wrong])
    files = [*call(sent_answers, sent.responses), *call(received_files, sent.files)]
    try:
        attached = call(attach_received_files, file, files, caller, final=sent.final)
    except InvalidInputError as error:
        raise UnprocessableBundleError(
            [Issue("not-supported", one.pointer, one.message) for one in error.errors]
        ) from error
    return FhirResource(attachment_outcome(attached.request, attached.documents, sent.remarks))


def claim_identifier(bundle: Bundle, claim: dict[str, Any]) -> str:
    """System and value of a claim's first identifier; without one, a digest of the claim."""
    for one in objects(claim, "identifier"):
        if value := text(one, "value"):
            return f"{text(one, 'system') or ''}|{value}"
    sent = bundle.document.get("identifier")
    if claim is bundle.first and (value := text(sent, "value")):
        return f"{text(sent, 'system') or ''}|{value}"
    return sha256(json.dumps(claim, sort_keys=True).encode()).hexdigest()


def _original(file: RequestFile, bundle: Bundle) -> Bundle:
    """The bundle by which the request was submitted; an update is answered by its own."""
    if file.original is None or is_update(bundle):
        return bundle
    return stored_bundle(file.original, sent=bundle)


api.include(subscriptions.api)
handle = api.lambda_handler()
