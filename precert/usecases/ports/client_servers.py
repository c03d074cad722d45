"""FHIR servers of clients, from which a CDS Hooks call reads data that was not prefetched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import SecretStr


@dataclass(frozen=True)
class ClientServer:
    """A FHIR server, and the access token for it that a call contained."""

    base_url: str
    token: SecretStr


class ClientServers(Protocol):
    """Reads from FHIR servers of clients, at public addresses only."""

    def read(
        self, server: ClientServer, paths: Sequence[str], *, seconds: float
    ) -> Mapping[str, dict[str, Any]]:
        """The resources at these paths, read concurrently; those that cannot be read are left out."""
