"""The PAS response bundle: a ClaimResponse and the resources that it refers to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from precert.domain.dates import instant_text
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


@dataclass(frozen=True)
class ClaimError:
    """A reason for which a claim is refused."""

    code: str
    """X12 901."""
    path: str
    """FHIRPath of the element."""
    message: str
    follow_up: str = "C"
    """X12 889: what the requestor does next. C: correct and resubmit."""


@dataclass
class ResponseBundle:
    """Collects the parts of a response to a claim or an inquiry (``inquired``).

    ``bundle`` is what :func:`precert.fhir.returned.returnable` permits of the received bundle.
    """

    bundle: Bundle
    payer: Payer
    at: datetime
    new_uuid: Callable[[], str]
    inquired: bool = False
    resources: list[Json] = field(default_factory=list)
    notes: list[Json] = field(default_factory=list)

    @property
    def claim(self) -> Json:
        """A reference to the claim by its identifier, as the response does not contain the claim."""
        if identifiers := objects(self.bundle.first, "identifier"):
            return {"type": "Claim", "identifier": identifiers[0]}
        return {**absent(), "type": "Claim", "display": "The submitted claim"}

    def claim_response(self, **members: Any) -> Json:
        """A ClaimResponse with the members that every response has, and ``members``."""
        claim = self.bundle.first
        kind = claim.get("type")
        return present(
            resourceType="ClaimResponse",
            id=self.new_uuid(),
            meta=systems.profile("claiminquiryresponse" if self.inquired else "claimresponse"),
            identifier=objects(claim, "identifier"),
            status="active",
            type=kind if any(codings(kind)) else absent(),
            # The profile permits no other use. A note states that a claim is a predetermination.
            use="preauthorization",
            patient=self._sent("patient", "Patient") or {"display": "The claim has no patient"},
            created=instant_text(self.at, "seconds"),
            insurer=claim.get("insurer") if self._insurer_is_sent else self._payer,
            requestor=self._sent("provider", "Organization", "PractitionerRole"),
            request=self.claim,
            **members,
        )

    def note(self, text: str) -> int:
        """Add a process note, and return its number."""
        number = len(self.notes) + 1
        self.notes.append({"number": number, "type": "display", "text": text})
        return number

    @property
    def _insurer_is_sent(self) -> bool:
        return self.bundle.target(self.bundle.first.get("insurer"), "Organization") is not None

    def _sent(self, name: str, *types: str) -> Json | None:
        """The claim's Reference of this name; ``None`` if it is absent or names another type."""
        found = self.bundle.first.get(name)
        if not isinstance(found, dict) or not text(found, "reference"):
            return None
        target = self.bundle.target(found)
        return found if target is None or target["resourceType"] in types else None

    @cached_property
    def _payer(self) -> Json:
        """A reference to the payer's Organization, which is added for a claim without insurer."""
        organization = {"id": self.new_uuid(), **parties.insurer(self.payer)}
        self.resources.append(organization)
        return reference(f"urn:uuid:{organization['id']}")

    def document(self, response: Json) -> Json:
        """The response bundle: the ClaimResponse, the received resources, and the created ones.

        Received resources keep their full URLs. References to them are full URLs, as a relative
        reference would be resolved against the full URL of the ClaimResponse.
        """
        created = [response, *self.resources]
        own = frozenset(f"urn:uuid:{one['id']}" for one in created)
        sent = self._reached(created)
        urls = {id(one): self.bundle.full_url(one) or f"urn:uuid:{self.new_uuid()}" for one in sent}
        named = References(self.bundle, urls, own)
        entries = [
            {"fullUrl": f"urn:uuid:{one['id']}", "resource": named.resolved(one)} for one in created
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
            timestamp=instant_text(self.at, "seconds"),
            entry=[present(**one) for one in entries],
        )

    def _reached(self, created: Sequence[Json]) -> list[Json]:
        """The received resources to which created ones refer, directly or not, except the claim."""
        waiting = list(references_in([*created]))
        found: list[Json] = []
        while waiting:
            target = self.bundle.target(waiting.pop(0))
            if target is not None and not any(one is target for one in found):
                found.append(target)
                waiting += references_in(target)
        return [one for one in found if one is not self.bundle.first]


def claim_error(error: ClaimError, note: int) -> Json:
    """An error as ``ClaimResponse.error``; ``note`` is the number of its process note."""
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


def references_in(value: Json | list[Any]) -> Iterator[Json]:
    """The References at any depth of a resource or of a list of resources."""
    if isinstance(value, dict) and "reference" in value:
        yield value
    for child in value.values() if isinstance(value, dict) else value:
        if isinstance(child, dict | list):
            yield from references_in(child)


@dataclass(frozen=True)
class References:
    """The resources that references of a response can name.

    FHIR resolves a relative reference against the full URL of the resource that contains it. A relative
    reference of the claim is therefore replaced by a full URL if it would be resolved against another
    one.
    """

    bundle: Bundle
    """The received bundle."""
    urls: Mapping[int, str]
    """Full URLs of the received resources that are returned, by the identity of the resource."""
    own: frozenset[str]
    """Full URLs of the resources that were created for the response."""

    def resolved(self, resource: Json, url: str | None = None) -> Json:
        """A copy of the resource whose references name entries of the response.

        ``url`` is the full URL of a received resource. A Reference to a resource that is not returned
        has only its identifier and display, or its text as display.
        """
        found: Json = self._resolved(resource, url)
        return found

    def _resolved(self, value: Any, url: str | None) -> Any:
        if isinstance(value, list):
            return [
                self._resolved(one, url) if isinstance(one, dict | list) else one for one in value
            ]
        members = {
            name: self._resolved(one, url) if isinstance(one, dict | list) else one
            for name, one in value.items()
        }
        sent = value.get("reference")
        if not isinstance(sent, str) or sent in self.own:
            return members
        if sent.startswith("#") and url is not None:
            return members
        named = self.urls.get(id(self.bundle.target(value)))
        if named is None:
            del members["reference"]
            if not {"identifier", "display"} & members.keys():
                members["display"] = sent.strip() or "unknown"
        elif sent != named and _resolved_by(url, sent) != named:
            members["reference"] = named
        return members


def _resolved_by(url: str | None, sent: str) -> str | None:
    """The URL to which a relative reference resolves in a resource with the full URL ``url``."""
    if url is None or not url.startswith("http"):
        return None
    return "/".join([*url.split("/")[:-2], sent])
