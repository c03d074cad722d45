"""References in resources that are returned: each names an entry of the response, or no resource.

FHIR resolves a relative reference by the full URL of the resource that has it. What a claim refers to
relatively is therefore named by its full URL where a resource with another address refers to it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from precert.fhir.bundles import Bundle
from precert.fhir.elements import Json


def references_in(value: Json | list[Any]) -> Iterator[Json]:
    """The References of a resource, or of several, at any depth."""
    if isinstance(value, dict) and "reference" in value:
        yield value
    for child in value.values() if isinstance(value, dict) else value:
        if isinstance(child, dict | list):
            yield from references_in(child)


@dataclass(frozen=True)
class References:
    """What references of a response can name."""

    bundle: Bundle
    urls: Mapping[int, str]
    """Full URLs of the resources of the request that are returned, by their identity."""
    own: frozenset[str]
    """Full URLs of the resources that were created for the response."""

    def resolved(self, resource: Json, url: str | None = None) -> Json:
        """The resource with references to entries; ``url`` is its full URL in the request.

        A reference to a resource that is not returned is left with its identifier or its text.
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
    """A relative reference as FHIR resolves it in a resource with this full URL."""
    if url is None or not url.startswith("http"):
        return None
    return "/".join([*url.split("/")[:-2], sent])
