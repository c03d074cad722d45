"""A client's FHIR server, as far as calls of hooks read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from precert.usecases.ports.clients import ClientServer


@dataclass
class ClientSystem:
    """Answers with these resources by their path; anything else cannot be read."""

    resources: Mapping[str, dict[str, Any]]
    read_paths: list[str] = field(default_factory=list)
    servers: list[ClientServer] = field(default_factory=list)

    def read(
        self, server: ClientServer, paths: Sequence[str], *, seconds: float
    ) -> Mapping[str, dict[str, Any]]:
        assert 0 < seconds <= 1, "three levels of reads are within the time of an answer"
        self.servers.append(server)
        self.read_paths += paths
        return {path: self.resources[path] for path in paths if path in self.resources}
