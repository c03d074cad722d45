"""Registered clients, their keys, tokens and FHIR servers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from pydantic import SecretStr

from precert.domain.clients import PublicKey, RegisteredClient
from precert.domain.errors import PrecertError


class HooksIssuerTakenError(PrecertError):
    """Another client is registered with the issuer of CDS Hooks calls."""

    code: ClassVar[str] = "hooks_issuer_taken"
    title: ClassVar[str] = "The issuer is another client's"

    def __init__(self) -> None:
        super().__init__(
            "Another client has this issuer of CDS Hooks calls. Revoke that client first, or leave the "
            "issuer out."
        )


class Clients(Protocol):
    """The registrations of partners' systems."""

    def read(self, client_id: str) -> RegisteredClient | None:
        """The client with this id. One AWS call.

        Raises:
            TransientError.
        """

    def of_cds_hooks(self, issuer: str) -> RegisteredClient | None:
        """The client whose CDS Hooks calls have this issuer. One AWS call."""

    def store(self, client: RegisteredClient) -> None:
        """Register a client, or replace its registration.

        Raises:
            HooksIssuerTakenError: another client has the issuer of CDS Hooks calls.
            TransientError.
        """

    def remove(self, client: RegisteredClient) -> None:
        """End a registration."""

    def stored(self) -> Iterator[RegisteredClient]:
        """All registrations."""


class KeySets(Protocol):
    """The public keys of clients, from their JWKS URLs or their registrations."""

    def keys(self, client: RegisteredClient, now: datetime) -> tuple[PublicKey, ...]:
        """The keys, read at most five minutes ago.

        Raises:
            NotVerifiedError: they cannot be read.
        """

    def keys_again(self, client: RegisteredClient, now: datetime) -> tuple[PublicKey, ...]:
        """The keys, read again for a key that is not known, unless they were read very recently."""


class Signatures(Protocol):
    """Verifies signatures of JWTs."""

    def header(self, token: str) -> Mapping[str, Any]:
        """The header, not verified.

        Raises:
            NotVerifiedError: it is not a JWT.
        """

    def unverified(self, token: str) -> Mapping[str, Any]:
        """The claims, not verified. Use them only to find the key.

        Raises:
            NotVerifiedError: it is not a JWT.
        """

    def verified(
        self, token: str, key: PublicKey, algorithm: str, *, issuer: str, audience: str
    ) -> Mapping[str, Any]:
        """The claims, after the signature, issuer and audience were verified. Times are not verified.

        Raises:
            NotVerifiedError.
        """


class AcceptedTokenIds(Protocol):
    """The ids of accepted assertions, until the assertions expire."""

    def accept(self, token_id: str, expires: datetime) -> bool:
        """Store the id; ``False`` if it is stored already. One AWS call.

        Raises:
            TransientError.
        """


class AccessTokens(Protocol):
    """The access tokens of the token endpoint, signed by a key that never leaves AWS KMS."""

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A signed token. One AWS call.

        Raises:
            TransientError.
        """

    def verified(self, token: str, *, issuer: str, audience: str) -> Mapping[str, Any]:
        """The claims of a token that this key signed. Times are not verified.

        Raises:
            NotVerifiedError.
        """

    def public_keys(self) -> Sequence[Mapping[str, str]]:
        """The public keys that verify the tokens, as JSON Web Keys."""


class UserTokens(Protocol):
    """The access tokens of the issuer where users, and systems with a client secret, authenticate."""

    def verified(self, token: str, now: datetime) -> Mapping[str, Any]:
        """The claims of a token with one of the API's audiences and scopes. Times are not verified.

        Raises:
            NotVerifiedError.
        """


@dataclass(frozen=True)
class ClientServer:
    """A FHIR server, and the access token for it that a call contained."""

    base_url: str
    token: SecretStr


class ClientServers(Protocol):
    """Reads from FHIR servers of clients, at public addresses only, what a CDS Hooks call lacks."""

    def read(
        self, server: ClientServer, paths: Sequence[str], *, seconds: float
    ) -> Mapping[str, dict[str, Any]]:
        """The resources at these paths, read concurrently; those that cannot be read are left out."""
