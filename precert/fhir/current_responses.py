"""The current response bundle of a request from any channel, as ``Claim/$inquire`` returns it.

For a request of the Prior Authorization API it is the response to the submitted claim. For a request of
another channel, the claim and its parties are built from the content of the request.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from precert.domain.content import Provider
from precert.domain.payer import Payer
from precert.domain.questionnaires import Questionnaires
from precert.domain.request import Request
from precert.fhir import parties, systems
from precert.fhir.bundles import Bundle, bundle_of, stored_bundle
from precert.fhir.claim_items import item_sequences
from precert.fhir.elements import Json, concept, reference
from precert.fhir.export import USE_OF, Entries, claim_type, party
from precert.fhir.responses import determined

_CLAIM: Final = "Claim"


def current_response(
    request: Request,
    original: bytes | None,
    *,
    seed: str,
    base_url: str,
    payer: Payer,
    questionnaires: Questionnaires,
    at: datetime,
) -> Json:
    """The response bundle with the current state of a request.

    ``original`` is the submitted bundle in its stored form (gzip), ``None`` for other channels. Ids are
    derived from ``seed``, so that a repeated response has the same ids.
    """
    new_uuid = _numbered(seed)
    known = stored_bundle(original) if original else None
    bundle = known or _described(request, payer, new_uuid)
    lines = len(request.submitted.lines)
    sequences = item_sequences(bundle) if known else ()
    if len(sequences) != lines:
        sequences = tuple(range(1, lines + 1))
    response = determined(
        request,
        sequences,
        bundle,
        payer=payer,
        questionnaires=questionnaires,
        base_url=base_url,
        at=at,
        new_uuid=new_uuid,
    )
    number = {"system": systems.REQUEST_NUMBER, "value": request.submitted.number}
    return {"resourceType": "Bundle", "id": new_uuid(), "identifier": number, **response}


def _numbered(seed: str) -> Callable[[], str]:
    """A function that returns consecutive UUIDs, which are derived from ``seed`` and a number."""
    number = 0

    def new_uuid() -> str:
        nonlocal number
        number += 1
        return str(uuid5(NAMESPACE_URL, f"{seed}#{number}"))

    return new_uuid


def _described(request: Request, payer: Payer, new_uuid: Callable[[], str]) -> Bundle:
    """A bundle with a claim and its parties, for a request that was not submitted as a claim."""
    content = request.content
    if content.patient is None:
        raise AssertionError("a submitted request has a patient")
    entries = Entries(new_uuid)
    servicing = content.servicing_provider or Provider()
    requesting = content.requesting_provider or servicing
    claim = {
        "identifier": [{"system": systems.REQUEST_NUMBER, "value": request.submitted.number}],
        "type": concept(f"{systems.TERMINOLOGY}/claim-type", claim_type(content)),
        "use": USE_OF[content.purpose],
        "patient": reference(entries.add(parties.patient(content.patient))),
        "insurer": reference(entries.add(parties.insurer(payer))),
        "provider": reference(party(entries, requesting, is_requestor=True)),
    }
    head = {"fullUrl": f"urn:uuid:{new_uuid()}", "resource": {"resourceType": _CLAIM, **claim}}
    document = {"resourceType": "Bundle", "type": "collection", "entry": [head, *entries.resources]}
    return bundle_of(document, first=_CLAIM)
