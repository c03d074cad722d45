"""The Prior Authorization API: Da Vinci PAS ``Claim/$submit``."""

import gzip
import json
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.pas.models import REFUSALS, claim_errors, line_numbers
from precert.api.app import FHIR_JSON
from precert.api.fhir import FhirApi, FhirResource
from precert.api.parameters import CurrentCaller
from precert.bootstrap import audit, call, dependencies, edge, id_from_key, identify
from precert.domain.caller import Caller
from precert.domain.errors import ActionNotAllowedError, InvalidInputError, NotFoundError
from precert.fhir.bundles import Bundle, bundle_of, objects, text
from precert.fhir.claims import ReadClaim, is_cancelled, prior_claim, read_claim
from precert.fhir.inquiries import read_inquiry
from precert.fhir.responses import determined, inquiry_answer, refused
from precert.usecases.ports.requests import RequestFile
from precert.usecases.prior_authorization import (
    cancel_prior_authorization,
    inquire_prior_authorizations,
    submit_prior_authorization,
)

api = FhirApi("pas", tag="Prior authorization", identify=identify, audit=audit, edge=edge)
SUBMIT: Final = "$submit"
INQUIRE: Final = "$inquire"


@api.post(
    "/fhir/r4/Claim/{operation}",
    "Submit a prior authorization request",
    operation_id="submitClaim",
    media_type=FHIR_JSON,
    errors=(NotFoundError,),
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
    if operation == INQUIRE:
        return _inquired(bundle_of(body.root, first="Claim"), caller)
    if operation != SUBMIT:
        raise NotFoundError("There is no such operation. Send a claim to $submit or $inquire.")
    bundle = bundle_of(body.root, first="Claim")
    only_tin = next(iter(caller.tins)) if len(caller.tins) == 1 else None
    claim = call(read_claim, bundle, acting_tin=only_tin)
    try:
        file = _accepted(bundle, claim, caller)
    except REFUSALS as error:
        errors = claim_errors(error, claim)
        return FhirResource(call(refused, bundle, errors, at=dependencies().now()))
    original = _original(file, bundle)
    at = dependencies().now()
    return FhirResource(
        call(
            determined,
            file.request,
            line_numbers(file),
            original,
            base_url=api.base_url,
            at=at,
        )
    )


def _accepted(bundle: Bundle, claim: ReadClaim, caller: Caller) -> RequestFile:
    """The request of a claim, stored by this call or by an earlier one with its identifier."""
    if claim.content is None:
        raise InvalidInputError(claim.errors)
    provider = claim.content.requesting_provider
    id_of = partial(id_from_key, provider.tin if provider and provider.tin else "-", "pas")
    if (prior := prior_claim(bundle)) is not None:
        return _cancelled(bundle, prior, caller, id_of)
    original = gzip.compress(json.dumps(bundle.document).encode(), mtime=0)
    identifier = claim_identifier(bundle, bundle.first)
    content = claim.content
    return call(submit_prior_authorization, content, identifier, original, caller, id_of=id_of)


def _cancelled(
    bundle: Bundle, prior: dict[str, Any], caller: Caller, id_of: Callable[[str], str]
) -> RequestFile:
    """The withdrawn request of an earlier claim."""
    if not is_cancelled(bundle):
        raise ActionNotAllowedError(
            "An update of a claim is not accepted. Cancel the claim, and submit it again with the "
            "changes and another identifier."
        )
    reason = "Cancelled by the submitter of the claim."
    identifier = claim_identifier(bundle, prior)
    return call(cancel_prior_authorization, identifier, reason, caller, id_of=id_of)


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
            base_url=api.base_url,
            at=at,
            inquired=True,
        )
        for one in found.requests
    ]
    return FhirResource(
        inquiry_answer(answers, withheld=found.withheld, more=found.more, damaged=found.damaged)
    )


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
    """The bundle by which the request was submitted."""
    if file.original is None:
        return bundle
    return bundle_of(json.loads(gzip.decompress(file.original)), first="Claim")


handle = api.lambda_handler()
