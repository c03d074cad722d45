"""The bundle of a PAS response: a ClaimResponse, and the parties and resources that it names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from precert.domain.payer import Payer
from precert.fhir import parties, systems
from precert.fhir.bundles import Bundle, codings, objects, text
from precert.fhir.elements import (
    Json,
    absent,
    concept,
    extension,
    present,
    reference,
)
from precert.fhir.needed import written
from precert.fhir.references import References, references_in


@dataclass(frozen=True)
class ClaimError:
    """Why a claim is refused: X12 901, where in the bundle, what the requestor does next (X12 889)."""

    code: str
    path: str
    message: str
    follow_up: str = "C"


@dataclass
class ResponseBundle:
    """The parts of a response to a claim or an inquiry, collected while its lines are written."""

    bundle: Bundle
    payer: Payer
    at: datetime
    new_uuid: Callable[[], str]
    inquired: bool = False
    resources: list[Json] = field(default_factory=list)
    notes: list[Json] = field(default_factory=list)

    @property
    def claim(self) -> Json:
        """A reference to the claim: by its identifier, as it is not returned."""
        if identifiers := objects(self.bundle.first, "identifier"):
            return {"type": "Claim", "identifier": identifiers[0]}
        return {**absent(), "type": "Claim", "display": "The claim of this call"}

    def claim_response(self, **members: Any) -> Json:
        claim = self.bundle.first
        kind = claim.get("type")
        return present(
            resourceType="ClaimResponse",
            id=self.new_uuid(),
            meta=systems.profile("claiminquiryresponse" if self.inquired else "claimresponse"),
            identifier=objects(claim, "identifier"),
            status="active",
            type=kind if any(codings(kind)) else absent(),
            # The profile has no other use; a predetermination says so in a note.
            use="preauthorization",
            patient=self._sent("patient", "Patient") or {"display": "The claim has no patient"},
            created=written(self.at),
            insurer=claim.get("insurer") if self._insurer_is_sent else self._payer,
            requestor=self._sent("provider", "Organization", "PractitionerRole"),
            request=self.claim,
            **members,
        )

    def note(self, text: str) -> int:
        number = len(self.notes) + 1
        self.notes.append({"number": number, "type": "display", "text": text})
        return number

    @property
    def _insurer_is_sent(self) -> bool:
        return self.bundle.target(self.bundle.first.get("insurer"), "Organization") is not None

    def _sent(self, name: str, *types: str) -> Json | None:
        """A reference of the claim; nothing where it is none, or is to another type of resource."""
        found = self.bundle.first.get(name)
        if not isinstance(found, dict) or not text(found, "reference"):
            return None
        target = self.bundle.target(found)
        return found if target is None or target["resourceType"] in types else None

    @cached_property
    def _payer(self) -> Json:
        """A reference to the payer, whom a response always names."""
        organization = {"id": self.new_uuid(), **parties.insurer(self.payer)}
        self.resources.append(organization)
        return reference(f"urn:uuid:{organization['id']}")

    def document(self, response: Json) -> Json:
        """The response bundle: the response first, then the parties that it names.

        Parties have the full URLs of the request, and references in the response name these: a
        relative reference would be resolved by the full URL of the response.
        """
        made = [response, *self.resources]
        own = frozenset(f"urn:uuid:{one['id']}" for one in made)
        sent = self._reached(made)
        urls = {id(one): self.bundle.full_url(one) or f"urn:uuid:{self.new_uuid()}" for one in sent}
        named = References(self.bundle, urls, own)
        entries = [
            {"fullUrl": f"urn:uuid:{one['id']}", "resource": named.resolved(one)} for one in made
        ]
        entries[1:1] = [
            {"fullUrl": urls[id(one)], "resource": named.resolved(one, urls[id(one)])}
            for one in sent
        ]
        sent_as = self.bundle.document.get("identifier") or {}
        return present(
            resourceType="Bundle",
            meta=systems.profile(f"pas-{'inquiry-' if self.inquired else ''}response-bundle"),
            identifier=sent_as
            if text(sent_as, "value")
            else {"system": systems.URI, "value": f"urn:uuid:{self.new_uuid()}"},
            type="collection",
            timestamp=written(self.at),
            entry=[present(**one) for one in entries],
        )

    def _reached(self, made: Sequence[Json]) -> list[Json]:
        """The resources of the request that are referred to, and those that these refer to."""
        waiting = list(references_in([*made]))
        found: list[Json] = []
        while waiting:
            target = self.bundle.target(waiting.pop(0))
            if target is not None and not any(one is target for one in found):
                found.append(target)
                waiting += references_in(target)
        return [one for one in found if one is not self.bundle.first]


def claim_error(error: ClaimError, note: int) -> Json:
    follow_up = concept(systems.FOLLOW_UP, error.follow_up)
    element = extension(
        "errorElement", extension=[{"url": "processNote", "valuePositiveInt": note}]
    )
    return {
        "extension": [
            element,
            extension("errorPath", valueString=error.path),
            extension("errorFollowupAction", valueCodeableConcept=follow_up),
        ],
        "code": concept(systems.REJECT_REASON, error.code),
    }
