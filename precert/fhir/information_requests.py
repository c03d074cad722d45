"""A request for information as resources of Da Vinci PAS and CDex.

One Task lists the requested documents that have a LOINC code in the payer's data, with the URL to send
them to; a CommunicationRequest for each of them has the content of X12 278. A second Task has, for each
line, the context of the questionnaire that collects its documents, if there is one. Other documents and
questions as text are only process notes of the ClaimResponse.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from precert.domain.content import numbered_lines
from precert.domain.dates import instant_text
from precert.domain.decisions import ServiceLine
from precert.domain.payer import Payer
from precert.domain.questionnaires import Questionnaires
from precert.domain.request import Request
from precert.domain.review import InformationRequest
from precert.domain.wording import written_diagnosis
from precert.fhir import systems
from precert.fhir.bundles import Bundle, objects
from precert.fhir.elements import Json, concept, extension, present, reference
from precert.fhir.item_details import parties_of

SUBMIT_ATTACHMENT = "/fhir/r4/$submit-attachment"


def document_requests(
    request: Request,
    sequences: Mapping[str, int],
    bundle: Bundle,
    claim: Json,
    *,
    payer: Payer,
    questionnaires: Questionnaires,
    base_url: str,
    at: datetime,
    new_uuid: Callable[[], str],
) -> tuple[list[Json], list[Json]]:
    """The CommunicationRequests and the Tasks of the open request for information, if there is one.

    ``sequences`` has the item sequence by line id, ``claim`` is a Reference to the claim, and
    ``base_url`` is the address of the API.
    """
    rfi = request.submitted.open_information_request
    if rfi is None:
        return [], []
    needed = list(_needed(request, rfi))
    coded = [
        (line, loinc)
        for line, document in needed
        if (loinc := payer.attachment_codes.get(document)) is not None
    ]
    requests = [
        _communication(request, line, sequences[line.line_id], loinc, bundle, new_uuid())
        for line, loinc in coded
    ]
    inputs = {
        "attachment-request-code": [
            _of_line(
                "attachments-needed",
                sequences[line.line_id],
                valueCodeableConcept=concept(systems.LOINC, loinc),
            )
            for line, loinc in coded
        ],
        "attachment-request-questionnaire": [
            _of_line("questionnaire-context", sequences[line.line_id], valueString=context)
            for line, context in _contexts(request, needed, questionnaires)
        ],
    }
    common = _task(request, rfi, bundle, claim, payer) | {
        "authoredOn": instant_text(rfi.requested_at, "seconds"),
        "lastModified": instant_text(at, "seconds"),
    }
    address = _input("payer-url", valueUrl=f"{base_url}{SUBMIT_ATTACHMENT}")
    # A Task has one code, so documents and questionnaires need a Task each.
    return requests, [
        {
            "resourceType": "Task",
            "id": new_uuid(),
            **common,
            "code": concept(systems.PAS_CODES, code),
            "input": [address, *of_lines],
        }
        for code, of_lines in inputs.items()
        if of_lines
    ]


def _needed(request: Request, rfi: InformationRequest) -> Iterator[tuple[ServiceLine, str]]:
    """Each open line with each document that is requested for it.

    A document that no rule requires is requested for every open line.
    """
    required = _required(request)
    lines = request.lines_to_decide
    for document in rfi.documents:
        of_rules = [one for one in lines if document in required.get(one.line_id, ())]
        for line in of_rules or lines:
            yield line, document


def _required(request: Request) -> dict[str, Sequence[str]]:
    """The documents that the rules require, by line id."""
    assessment = request.submitted.assessment
    lines = assessment.lines if assessment else ()
    return {line.line_id: line.required_documentation for line in lines}


def _contexts(
    request: Request,
    needed: Sequence[tuple[ServiceLine, str]],
    questionnaires: Questionnaires,
) -> Iterator[tuple[ServiceLine, str]]:
    """Each line with the context of the questionnaire that collects its requested documents.

    The questionnaire is that of the line's rule if the rule requires all the requested documents; else
    one for exactly these documents, if there is one.
    """
    required = _required(request)
    by_line: dict[str, tuple[ServiceLine, set[str]]] = {}
    for line, document in needed:
        by_line.setdefault(line.line_id, (line, set()))[1].add(document)
    for line, documents in by_line.values():
        of_rule = set(required.get(line.line_id, ()))
        family = questionnaires.family_of(of_rule if of_rule.issuperset(documents) else documents)
        if family is not None:
            yield line, questionnaires.context(family)


def _task(
    request: Request,
    rfi: InformationRequest,
    bundle: Bundle,
    claim: Json,
    payer: Payer,
) -> Json:
    """The members that both Tasks of a request for information have."""
    head = bundle.first
    insurer = bundle.target(head.get("insurer"))
    known = objects(insurer, "identifier")
    identifier = known[0] if known else {"system": systems.PAYER_ID, "value": payer.name}
    tracked = objects(head, "identifier")
    number = {"system": systems.REQUEST_NUMBER, "value": request.submitted.number}
    return present(
        meta=systems.profile("task"),
        identifier=[*tracked[:1], number],
        status="requested",
        intent="order",
        **{"for": head.get("patient")},
        requester={"identifier": identifier},
        owner={"identifier": identifier},
        reasonCode=concept(systems.PAS_CODES, "priorAuthorization"),
        reasonReference=claim,
        restriction={"period": {"end": instant_text(rfi.answer_by, "seconds")}},
    )


def _of_line(kind: str, sequence: int, **members: object) -> Json:
    number = extension("serviceLineNumber", valuePositiveInt=sequence)
    return _input(kind, extension=[number], **members)


def _input(kind: str, **members: object) -> Json:
    return {"type": concept(systems.PAS_CODES, kind), **members}


def _communication(
    request: Request, line: ServiceLine, sequence: int, loinc: str, bundle: Bundle, new_id: str
) -> Json:
    head = bundle.first
    parties = parties_of(bundle, head.get("provider"))
    organization = parties.get("Organization")
    recipient = parties.get("Practitioner", organization)
    return present(
        resourceType="CommunicationRequest",
        id=new_id,
        meta=systems.profile("communicationrequest"),
        extension=[extension("serviceLineNumber", valuePositiveInt=sequence)],
        identifier=[{"system": systems.REQUEST_NUMBER, "value": request.submitted.number}],
        status="active",
        category=[concept(systems.ATTACHMENT_CATEGORY, systems.SUPPORT_FOR_VERIFICATION)],
        medium=[concept(systems.PAS_CODES, "CDEX")],
        payload=[
            present(extension=list(_diagnosis(request, line)), contentString=loinc),
        ],
        requester=head.get("insurer"),
        recipient=[reference(recipient)] if recipient else [],
        sender=reference(organization) if organization else None,
    )


def _diagnosis(request: Request, line: ServiceLine) -> Iterator[Json]:
    """The primary diagnosis of a line's service, as an extension."""
    for line_id, service, _ in numbered_lines(request.content.services):
        if line_id == line.line_id and service.primary_diagnosis:
            code = concept(systems.ICD_10_CM, written_diagnosis(service.primary_diagnosis))
            yield extension("communicatedDiagnosis", valueCodeableConcept=code)


def referring_to(resources: Sequence[Json]) -> list[Json]:
    """References to resources that the response bundle has under the ``urn:uuid`` of their id."""
    return [reference(f"urn:uuid:{one['id']}") for one in resources]
