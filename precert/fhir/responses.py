"""PAS ClaimResponses: the state of a request, or the errors of a refused claim.

The outcome of a pended request is ``complete`` with the review action A4, as the guide has no queued
outcome. A modified line has A6, and its approved service is in ``addItem``. The rationale and criterion
of a denial are process notes. Patient, insurer and requestor are returned as received, completed where
the profiles of the response require more (:mod:`precert.fhir.returned`).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from precert.domain.code_lists import code_lists_of
from precert.domain.decisions import DecidingRole, Decision, ServiceLine
from precert.domain.delegation import names_of
from precert.domain.documents import Document, DocumentStatus
from precert.domain.payer import Payer
from precert.domain.questionnaires import Questionnaires
from precert.domain.request import Request
from precert.domain.statuses import DELEGATED_ACTION, LineStatus, Status
from precert.domain.values import CodeType, Purpose
from precert.domain.wording import counted, written_moment
from precert.fhir import systems
from precert.fhir.bundles import Bundle, extension_of, objects
from precert.fhir.elements import (
    Json,
    concept,
    extension,
    not_applicable,
    present,
)
from precert.fhir.information_requests import document_requests, referring_to
from precert.fhir.item_details import ItemDetails, details_of, issued, period, quantity
from precert.fhir.response_bundles import ClaimError, ResponseBundle, claim_error
from precert.fhir.returned import returnable

PENDED: Final = "A4"
"""X12 306 of a line that is not decided."""


def refused(
    bundle: Bundle,
    errors: Sequence[ClaimError],
    *,
    payer: Payer,
    at: datetime,
    new_uuid: Callable[[], str],
) -> Json:
    """The response to a claim with errors. Nothing of the claim is stored."""
    response = ResponseBundle(returnable(bundle, payer), payer, at, new_uuid)
    return response.document(
        response.claim_response(
            outcome="error",
            disposition=(
                errors[0].message
                if len(errors) == 1
                else f"The claim is not accepted: {counted(len(errors), 'errors')}, each with a note."
            ),
            error=[claim_error(one, response.note(one.message)) for one in errors],
            processNote=response.notes,
        )
    )


def determined(  # noqa: PLR0913 - most are dependencies
    request: Request,
    sequences: Sequence[int],
    bundle: Bundle,
    *,
    payer: Payer,
    questionnaires: Questionnaires,
    base_url: str,
    at: datetime,
    new_uuid: Callable[[], str],
    documents: Sequence[Document] = (),
    remarks: Sequence[str] = (),
    inquired: bool = False,
) -> Json:
    """The response with the current state of the request that a claim is stored as.

    ``bundle`` is the claim's or, if ``inquired``, that of an inquiry. ``sequences`` has the
    ``item.sequence`` of each service line, in the order of the request's lines. ``base_url`` is the
    address of the API, to which documents are sent. The ``remarks`` become process notes, and so does
    the status of each of the ``documents`` that was received in the call and is not attached.
    """
    bundle = returnable(bundle, payer)
    response = ResponseBundle(bundle, payer, at, new_uuid, inquired)
    review = request.submitted
    communications, tasks = document_requests(
        request,
        {line.line_id: number for line, number in zip(review.lines, sequences, strict=True)},
        bundle,
        response.claim,
        payer=payer,
        questionnaires=questionnaires,
        base_url=base_url,
        at=at,
        new_uuid=new_uuid,
    )
    response.resources += [*communications, *tasks]
    details = details_of(request, bundle, payer, inquired=inquired)
    items, added, providers = [], [], dict[str, Json]()
    # If an update replaced a line, both have the same sequence: the last one is current.
    latest = dict(zip(sequences, review.lines, strict=True))
    sent = {item.get("sequence"): item for item in objects(bundle.first, "item")}
    for sequence, line in latest.items():
        found = details(line, sent.get(sequence, {}))
        items.append(_item(request, line, sequence, found, response))
        decision = line.decisions[-1] if line.decisions else None
        if decision and line.approved and line.status is LineStatus.MODIFIED:
            added.append(_added(found, sequence, decision, request))
        if line.approved:
            providers |= {json.dumps(one): one for one in found.providers()}
    if request.content.purpose is Purpose.PREDETERMINATION:
        response.note("The claim is a predetermination: its decision is not an authorization.")
    for words in (*_needed(request, payer), *_not_attached(documents), *remarks):
        response.note(words)
    approved = [line.approved for line in review.lines if line.approved]
    action = request.status.rule.review_action or PENDED
    return response.document(
        response.claim_response(
            extension=[
                *_reviewer(review.lines),
                *_transmission(bundle.first),
                *providers.values(),
            ],
            outcome="complete",
            disposition=_disposition(request, payer),
            preAuthRef=review.number if approved else None,
            preAuthPeriod=(
                period(min(a.from_date for a in approved), max(a.to_date for a in approved))
                if approved
                else None
            ),
            item=items,
            addItem=added,
            adjudication=[_adjudication(payer, action, review.number)],
            processNote=response.notes,
            communicationRequest=referring_to(communications),
        )
    )


def inquiry_parameters(
    responses: Sequence[Json],
    *,
    withheld: bool,
    more: bool,
    damaged: Sequence[str] = (),
    not_compared: Sequence[str] = (),
) -> Json:
    """The output of ``Claim/$inquire``: response bundles, and an outcome about omitted requests.

    ``withheld`` if there are requests that the caller may not read, ``more`` if further requests match;
    ``damaged`` has the support id of each request that cannot be read, ``not_compared`` the places of
    criteria that were not used.
    """
    warnings = [
        text
        for applies, text in (
            (withheld, "The patient has further requests that you may not see. Call the payer."),
            (more, "More requests match. Add dates of service, codes or a number to the inquiry."),
        )
        if applies
    ]
    warnings += (
        f"A request cannot be read. Support has been notified. If you call, give the ID {one}."
        for one in damaged
    )
    parameters = [{"name": "return", "resource": one} for one in responses]
    issues: list[Json] = [
        {"severity": "warning", "code": "suppressed", "details": {"text": text}}
        for text in warnings
    ]
    if not_compared:
        text = "These criteria are not compared with requests: the responses can differ in them."
        issues.append(
            {
                "severity": "warning",
                "code": "not-supported",
                "details": {"text": text},
                "expression": list(not_compared),
            }
        )
    if issues:
        outcome = {"resourceType": "OperationOutcome", "issue": issues}
        parameters.append({"name": "outcome", "resource": outcome})
    return present(resourceType="Parameters", parameter=parameters)


def _item(
    request: Request,
    line: ServiceLine,
    sequence: int,
    details: ItemDetails,
    response: ResponseBundle,
) -> Json:
    review = request.submitted
    decision = details.decision
    action = line.review_action
    if request.status is Status.VOID:
        action = request.status.rule.review_action or PENDED
    elif line.status is LineStatus.OPEN and review.delegation_of(line.line_id) is not None:
        action = DELEGATED_ACTION
    extensions = details.of_item()
    notes = []
    if decision is None:
        extensions.append(extension("administrationReferenceNumber", valueString=review.number))
    else:
        extensions.append(issued(decision.decided_at))
        if decision.approved:
            approved = period(decision.approved.from_date, decision.approved.to_date)
            extensions.append(extension("itemPreAuthPeriod", valuePeriod=approved))
        texts = (decision.rationale, decision.criterion) if decision.adverse else ()
        notes = [response.note(text) for text in texts if text]
    return present(
        extension=extensions,
        itemSequence=sequence,
        noteNumber=notes,
        adjudication=[
            _adjudication(
                details.payer, action, review.number, decision.reason_code if decision else None
            )
        ],
    )


def _added(details: ItemDetails, sequence: int, decision: Decision, request: Request) -> Json:
    """``addItem``: what was approved instead of what a line requested."""
    approved, line = decision.approved, details.line
    if approved is None:
        raise AssertionError("a modified line must have an approval")
    kind = line.code_type
    code = approved.code or line.code
    coded = concept(systems.CODE_SYSTEMS[kind], code) if kind and code else not_applicable()
    is_procedure = kind in (CodeType.CPT, CodeType.HCPCS)
    members = details.of_added(decision, approved)
    dates = period(approved.from_date, approved.to_date)
    return present(
        **{
            **members,
            "extension": [*members["extension"], extension("itemPreAuthPeriod", valuePeriod=dates)],
        },
        itemSequence=[sequence],
        productOrService=coded if is_procedure else not_applicable(),
        quantity=quantity(approved),
        adjudication=[
            _adjudication(
                details.payer, line.review_action, request.submitted.number, decision.reason_code
            )
        ],
    )


def _adjudication(payer: Payer, action: str, number: str, reason: str | None = None) -> Json:
    """The review action and the reason code, each with its display name as text (T6)."""
    lists = code_lists_of(payer)
    coded = concept(systems.ACTION, action, lists.label("review_actions", action))
    parts = [extension("reviewActionCode", valueCodeableConcept=coded)]
    if action != PENDED:
        parts.append({"url": "number", "valueString": number})
    if reason:
        coded = concept(systems.DECISION_REASON, reason, lists.label("decision_reasons", reason))
        parts.append({"url": "reasonCode", "valueCodeableConcept": coded})
    return {
        "extension": [extension("reviewAction", extension=parts)],
        "category": concept(f"{systems.TERMINOLOGY}/adjudication", "submitted"),
    }


def _reviewer(lines: Sequence[ServiceLine]) -> list[Json]:
    """The extension that states whether a person reviewed the request; empty before a decision."""
    roles = {line.decisions[-1].decided_as for line in lines if line.decisions}
    if not roles:
        return []
    flag = {"url": "wasHumanReviewedFlag", "valueBoolean": roles != {DecidingRole.RULES}}
    return [extension("claimResponseReviewer", extension=[flag])]


def _needed(request: Request, payer: Payer) -> Iterator[str]:
    """One text for each document or question of the open request for information."""
    rfi = request.submitted.open_information_request
    if rfi is None:
        return
    until = written_moment(rfi.answer_by.astimezone(payer.zone))
    labels = [payer.required_documentation.get(code, code) for code in rfi.documents]
    yield from (f"Needed by {until}: {label}." for label in labels)
    if rfi.text and rfi.text != "\n".join(labels):
        yield f"Needed by {until}: {rfi.text}"


def _not_attached(documents: Sequence[Document]) -> Iterator[str]:
    """One text for each received document that is not attached, with its status."""
    for document in documents:
        if not document.received or document.status is DocumentStatus.ATTACHED:
            continue
        if document.refusal is None:
            yield f"Document {document.file_name}: received; it is inspected before it is attached."
        else:
            yield f"Document {document.file_name}: refused. {document.refusal.words}"


def attachment_outcome(
    request: Request, documents: Sequence[Document], remarks: Sequence[tuple[str, str]] = ()
) -> Json:
    """The output of ``$submit-attachment``: an OperationOutcome with an issue for each document.

    Further issues name documents that do not answer the open request for information, and the parts of
    the input that were not used: ``remarks``, each with its place.
    """
    number = request.submitted.number
    issues: list[Json] = []
    for document in documents:
        refused = document.status is DocumentStatus.REFUSED
        if document.status is DocumentStatus.ATTACHED:
            text = f"Document {document.file_name} is attached to precertification {number}."
        else:
            (text,) = _not_attached([document])
            text = f"Precertification {number}. {text}"
        issues.append(
            {
                "severity": "warning" if refused else "information",
                "code": "business-rule" if refused else "informational",
                "details": {"text": text},
            }
        )
    rfi = request.submitted.open_information_request
    unrelated = [one for one in documents if rfi and not rfi.concerns(one)]
    if unrelated:
        names = ", ".join(dict.fromkeys(one.file_name for one in unrelated))
        text = (
            f"Precertification {number}: the request for information is not answered by {names}, which "
            "has no completed answers about the requested documentation. Send the documents, or the "
            "questionnaire that the response to the claim names."
        )
        issues.append({"severity": "warning", "code": "incomplete", "details": {"text": text}})
    for place, words in remarks:
        issue: Json = {"severity": "warning", "code": "not-supported", "expression": [place]}
        issues.append({**issue, "details": {"text": f"{place}: {words}."}})
    return {"resourceType": "OperationOutcome", "issue": issues}


def _disposition(request: Request, payer: Payer) -> str:
    """The status as text: who must act next and by when, and the vendors that decide lines."""
    review = request.submitted
    number = f"Precertification {review.number}"
    if review.duplicate_of:
        return f"{number} is a duplicate of another request and is not processed."
    dispute = review.open_appeal
    if not request.status.rule.open and dispute is None:
        return f"{number}: {request.status.rule.label}."
    sentences = []
    if dispute:
        name = dispute.kind.rule.label
        sentences.append(f"{number}: {request.status.rule.label}. {name} in progress.")
    elif review.open_own_lines or not request.open_delegations:
        sentences.append(f"{number} is pended for review.")
    else:
        sentences.append(f"{number} is pended.")
    sentences += _due(request, payer)
    for one in request.open_delegations:
        part = "it" if request.is_delegated else "the service lines with the action CT"
        until = f" by {written_moment(one.due_at.astimezone(payer.zone))}" if one.due_at else ""
        sentences.append(f"The delegated vendor {names_of([one])} decides {part}{until}.")
    return " ".join(sentences)


def _due(request: Request, payer: Payer) -> Iterator[str]:
    """By when the providers must send information, and by when the payer's decision is due."""
    rfi, deadline = request.submitted.open_information_request, request.deadline
    if rfi is not None:
        until = written_moment(rfi.answer_by.astimezone(payer.zone))
        yield f"Information is needed by {until}: see the notes."
    if deadline is not None and not (rfi and rfi.pauses):
        yield f"A decision is due by {written_moment(deadline.due_at.astimezone(payer.zone))}."


_SWAPPED: Final = {
    "applicationSenderCode": "applicationReceiverCode",
    "applicationReceiverCode": "applicationSenderCode",
    "interchangeSenderID": "interchangeReceiverID",
    "interchangeReceiverID": "interchangeSenderID",
}


def _transmission(claim: Json) -> list[Json]:
    """The claim's TransmissionIdentifiers with sender and receiver exchanged; empty without both."""
    found = extension_of(claim, systems.extension_url("TransmissionIdentifiers"))
    if found is None:
        return []
    values = {
        _SWAPPED[one["url"]]: one["valueString"]
        for one in objects(found, "extension")
        if one["url"] in _SWAPPED and "valueString" in one
    }
    if not {"applicationSenderCode", "applicationReceiverCode"} <= values.keys():
        return []
    parts = [{"url": url, "valueString": value} for url, value in values.items()]
    return [extension("TransmissionIdentifiers", extension=parts)]
