"""The FHIR servers of clients, from which a call reads what it was not sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import SecretStr


@dataclass(frozen=True)
class ClientServer:
    """A FHIR server, and the token that a call brought for it."""

    base_url: str
    token: SecretStr


class ClientServers(Protocol):
    """Reads from FHIR servers of clients, at public addresses only."""

    def read(
        self, server: ClientServer, paths: Sequence[str], *, seconds: float
    ) -> Mapping[str, dict[str, Any]]:
        """The resources at these paths, read at the same time, without those that cannot be read."""
