"""References in returned resources: each names an entry of the response, or no resource.

FHIR resolves a relative reference against the full URL of the resource that contains it. A relative
reference of the claim is therefore replaced by a full URL if it would be resolved against another one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from precert.fhir.bundles import Bundle
from precert.fhir.elements import Json


def references_in(value: Json | list[Any]) -> Iterator[Json]:
    """The References at any depth of a resource or of a list of resources."""
    if isinstance(value, dict) and "reference" in value:
        yield value
    for child in value.values() if isinstance(value, dict) else value:
        if isinstance(child, dict | list):
            yield from references_in(child)


@dataclass(frozen=True)
class References:
    """The resources that references of a response can name."""

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
