"""Read resources that a CDS Hooks call did not send from the client's FHIR server."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr

from precert.fhir.bundles import extension_of, objects, text
from precert.fhir.elements import Json
from precert.fhir.orders import (
    ALTERNATE_REFERENCE,
    ORDER_TYPES,
    HookResources,
    resources_in,
)
from precert.usecases.ports.clients import ClientServer, ClientServers

DEPTH: Final = 3
"""Maximum number of references followed in succession: order of an appointment, role, organization."""
SECONDS: Final = 1.0
"""Time limit for the reads of each level. CRD expects 90 percent of responses within five seconds."""
MAX_READS: Final = 30
"""Maximum number of resources that are read for one call."""
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_RELATIVE: Final = re.compile(r"(?:^|/)([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?$")
_OF_ORDERS: Final = (
    *("requester", "orderer", "prescriber", "sender", "performer", "recipient"),
    *("reasonReference", "codeReference", "medicationReference", "encounter"),
)
_OF_OTHERS: Final = {
    "Coverage": ("payor",),
    "Encounter": ("reasonReference", "serviceProvider"),
    "PractitionerRole": ("practitioner", "organization"),
}


@dataclass
class ClientReads:
    """The reads for one call. Each path is read once, and only from the server named in the call."""

    server: ClientServer
    servers: ClientServers
    found: HookResources
    tried: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    resources: list[Json] = field(default_factory=list)
    """The resources that were read."""

    def read(self, paths: Iterable[str]) -> None:
        """Add the resources at these paths to those of the call."""
        new = [one for one in dict.fromkeys(paths) if one not in self.tried]
        new = new[: MAX_READS - len(self.tried)]
        self.tried.update(new)
        answers = self.servers.read(self.server, new, seconds=SECONDS)
        self.failed.update(one for one in new if one not in answers)
        resources = [one for answer in answers.values() for one in resources_in(answer)]
        resources = [one for one in resources if one["resourceType"] != "OperationOutcome"]
        self.found.add(resources)
        self.resources += resources

    def complete(self, first: Iterable[str]) -> None:
        """Read these paths, and the referenced resources that the product uses."""
        paths = [*first, *self._lacking()]
        for _ in range(DEPTH):
            if not paths:
                return
            self.read(paths)
            paths = [one for one in self._lacking() if one not in self.tried]

    def _lacking(self) -> Iterator[str]:
        for resource in self.found.resources:
            for reference in _references(resource):
                if self.found.target(reference, resource) is None:
                    yield from self.path_of(text(reference, "reference"))

    def path_of(self, url: str | None) -> Iterator[str]:
        """The path of a reference on the server; none if the reference is to another server."""
        if url is None or (":" in url and not url.startswith(f"{self.server.base_url}/")):
            return
        if relative := _RELATIVE.search(url):
            yield relative[1]


def client_server(document: Json) -> ClientServer | None:
    """The FHIR server of a call with its token; ``None`` if the call contains no access."""
    access = document.get("fhirAuthorization")
    base, token = text(document, "fhirServer"), text(access, "access_token")
    if base is None or token is None or str(text(access, "token_type")).lower() != "bearer":
        return None
    return ClientServer(base.rstrip("/"), SecretStr(token))


def path_to(kind: str, id_: str | None) -> Iterator[str]:
    if id_ is not None and _ID.fullmatch(id_):
        yield f"{kind}/{id_}"


def _references(resource: Json) -> Iterator[Json]:
    """The references of a resource that the product reads."""
    kind = resource["resourceType"]
    names = _OF_ORDERS if kind in ORDER_TYPES else _OF_OTHERS.get(kind, ())
    for name in names:
        value = resource.get(name)
        yield from (one for one in (value, *objects(resource, name)) if isinstance(one, dict))
    dispense = resource.get("dispenseRequest")
    performer = dispense.get("performer") if isinstance(dispense, dict) else None
    if isinstance(performer, dict):
        yield performer
    if kind == "Appointment":
        yield from (
            actor
            for one in objects(resource, "participant")
            if isinstance(actor := one.get("actor"), dict)
        )
        for based_on in objects(resource, "basedOn"):
            alternate = extension_of(based_on, ALTERNATE_REFERENCE)
            found = alternate.get("valueReference") if alternate else based_on
            if isinstance(found, dict):
                yield found
