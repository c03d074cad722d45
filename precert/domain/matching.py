"""Comparison of a request's providers with the directory (S3).

A provider that was entered manually, or that differs from its entry, gets a temporary id. The request
is processed normally, and an operator selects the intended entry later.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Final

from precert.domain.content import Address, Provider, RequestContent
from precert.domain.dates import Moment
from precert.domain.directory import DirectoryEntry
from precert.domain.text import words_of
from precert.domain.values import Text, Value

PREFIX: Final = "TMP"
_CHARACTERS: Final = 10
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class ProviderRole(StrEnum):
    """The roles of the providers in a request."""

    REQUESTING_PROVIDER = "REQUESTING_PROVIDER"
    SERVICING_PROVIDER = "SERVICING_PROVIDER"

    @property
    def part(self) -> str:
        """The field of :class:`RequestContent` that has this provider."""
        return self.value.lower()

    def of(self, content: RequestContent) -> Provider | None:
        """The provider of this role."""
        if self is ProviderRole.REQUESTING_PROVIDER:
            return content.requesting_provider
        return content.servicing_provider


class Mismatch(StrEnum):
    """Why a provider does not match the directory."""

    MANUALLY_ENTERED = "MANUALLY_ENTERED"
    """It was entered without a directory id (C16)."""
    NOT_LISTED = "NOT_LISTED"
    """The directory has no entry with its id."""
    NPI = "NPI"
    TIN = "TIN"
    ADDRESS = "ADDRESS"


class TemporaryProvider(Value):
    """The temporary id of a provider, which remains after its reconciliation."""

    temporary_id: Text
    reason_codes: tuple[Mismatch, ...]
    submitted: Provider | None = None
    """The provider as submitted; set when a directory entry replaces it in the content."""
    reconciled_at: Moment | None = None
    reconciled_by: Text | None = None
    """Subject of the operator; in no response."""


TemporaryProviders = Mapping[ProviderRole, TemporaryProvider]


def temporary_id(request_id: str, role: ProviderRole) -> str:
    """The temporary id of a provider, derived from the request and the role: ``TMP-`` and ten
    characters of Crockford's base 32.
    """
    digest = sha256(f"{request_id}#{role.value}".encode()).digest()
    number = int.from_bytes(digest, "big")
    text = "".join(_CROCKFORD[number >> 5 * at & 31] for at in range(_CHARACTERS))
    return f"{PREFIX}-{text}"


def manually_entered(
    request_id: str, content: RequestContent
) -> dict[ProviderRole, TemporaryProvider]:
    """Temporary ids for the providers that were entered without a directory id.

    This needs no read of the directory.
    """
    return {
        role: TemporaryProvider(
            temporary_id=temporary_id(request_id, role), reason_codes=(Mismatch.MANUALLY_ENTERED,)
        )
        for role in ProviderRole
        if (provider := role.of(content)) is not None and provider.provider_id is None
    }


def provider_ids(content: RequestContent) -> frozenset[str]:
    """The directory ids of the providers in the content."""
    providers = (role.of(content) for role in ProviderRole)
    return frozenset(one.provider_id for one in providers if one and one.provider_id)


def matched(
    request_id: str,
    content: RequestContent,
    known: TemporaryProviders,
    entries: Mapping[str, DirectoryEntry],
) -> dict[ProviderRole, TemporaryProvider]:
    """``known``, with temporary ids for the other providers that do not match the directory.

    ``entries`` are the directory entries found for :func:`provider_ids`, by id. Roles in ``known`` are
    unchanged, whether they are reconciled or not.
    """
    temporary = {**manually_entered(request_id, content), **known}
    for role in ProviderRole:
        provider = role.of(content)
        if role in temporary or provider is None or provider.provider_id is None:
            continue
        if reason_codes := mismatches(provider, entries.get(provider.provider_id)):
            temporary[role] = TemporaryProvider(
                temporary_id=temporary_id(request_id, role), reason_codes=reason_codes
            )
    return temporary


def mismatches(provider: Provider, entry: DirectoryEntry | None) -> tuple[Mismatch, ...]:
    """The differences between a provider and its directory entry; fields not entered are ignored."""
    if entry is None:
        return (Mismatch.NOT_LISTED,)
    differs = {
        Mismatch.NPI: provider.npi not in (None, entry.npi),
        Mismatch.TIN: provider.tin not in (None, entry.tin),
        Mismatch.ADDRESS: provider.address is not None
        and _comparable(provider.address) != _comparable(entry.address),
    }
    return tuple(mismatch for mismatch, holds in differs.items() if holds)


def unmatched(temporary: TemporaryProviders) -> tuple[ProviderRole, ...]:
    """The roles that an operator must reconcile."""
    return tuple(
        role for role in ProviderRole if role in temporary and temporary[role].reconciled_at is None
    )


def as_submitted(content: RequestContent, temporary: TemporaryProviders) -> RequestContent:
    """The content as it was submitted, before any reconciliation."""
    replaced = {
        role.part: one.submitted for role, one in temporary.items() if one.submitted is not None
    }
    return content.model_copy(update=replaced) if replaced else content


def _comparable(address: Address) -> tuple[str, ...]:
    """An address for comparison, without letter case, accents, punctuation and state."""
    return (*_words(address.line_1, address.line_2), *_words(address.city), address.zip_code)


def _words(*lines: str | None) -> Iterable[str]:
    return words_of(" ".join(line for line in lines if line))
