"""Whether a request's providers are those of the directory (S3).

A provider that was typed in, or that does not fit its entry, gets a temporary id. The request goes on
as any other, marked, until an operator says which entry was meant.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from precert.domain.content import Address, Provider, RequestContent
from precert.domain.directory import DirectoryEntry
from precert.domain.values import Text, Value, words_of

PREFIX: Final = "TMP"
_CHARACTERS: Final = 10
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class ProviderRole(StrEnum):
    """The two providers of a request."""

    REQUESTING_PROVIDER = "REQUESTING_PROVIDER"
    SERVICING_PROVIDER = "SERVICING_PROVIDER"

    @property
    def part(self) -> str:
        """The part of the content that it is."""
        return self.value.lower()

    def of(self, content: RequestContent) -> Provider | None:
        """The provider of this side."""
        if self is ProviderRole.REQUESTING_PROVIDER:
            return content.requesting_provider
        return content.servicing_provider


class Mismatch(StrEnum):
    """Why a provider is not the directory's."""

    MANUALLY_ENTERED = "MANUALLY_ENTERED"
    """Entered by hand, without a directory id (C16)."""
    NOT_LISTED = "NOT_LISTED"
    """The directory has no entry of its id."""
    NPI = "NPI"
    TIN = "TIN"
    ADDRESS = "ADDRESS"


class TemporaryProvider(Value):
    """What a side is known by until it is reconciled, and what was submitted for it before that."""

    temporary_id: Text
    reason_codes: tuple[Mismatch, ...]
    submitted: Provider | None = None
    """The provider as it was submitted, once an entry of the directory stands in its place."""
    reconciled_at: datetime | None = None
    reconciled_by: Text | None = None
    """Subject of the operator; not for callers."""


TemporaryProviders = Mapping[ProviderRole, TemporaryProvider]


def temporary_id(request_id: str, role: ProviderRole) -> str:
    """The id that a side of a request has for want of the directory's; always the same one."""
    digest = sha256(f"{request_id}#{role.value}".encode()).digest()
    number = int.from_bytes(digest, "big")
    text = "".join(_CROCKFORD[number >> 5 * at & 31] for at in range(_CHARACTERS))
    return f"{PREFIX}-{text}"


def manually_entered(
    request_id: str, content: RequestContent
) -> dict[ProviderRole, TemporaryProvider]:
    """The sides that were entered without a directory id: known without asking the directory."""
    return {
        role: TemporaryProvider(
            temporary_id=temporary_id(request_id, role), reason_codes=(Mismatch.MANUALLY_ENTERED,)
        )
        for role in ProviderRole
        if (provider := role.of(content)) is not None and provider.provider_id is None
    }


def provider_ids(content: RequestContent) -> frozenset[str]:
    """Ids of the directory entries that the content names."""
    providers = (role.of(content) for role in ProviderRole)
    return frozenset(one.provider_id for one in providers if one and one.provider_id)


def matched(
    request_id: str,
    content: RequestContent,
    known: TemporaryProviders,
    entries: Mapping[str, DirectoryEntry],
) -> dict[ProviderRole, TemporaryProvider]:
    """``known`` and the roles that do not fit the entry they name.

    ``entries`` are those of :func:`provider_ids` that the directory has. A side that was found out
    before stays as it stands, reconciled or not.
    """
    found = {**manually_entered(request_id, content), **known}
    for role in ProviderRole:
        provider = role.of(content)
        if role in found or provider is None or provider.provider_id is None:
            continue
        if reason_codes := mismatches(provider, entries.get(provider.provider_id)):
            found[role] = TemporaryProvider(
                temporary_id=temporary_id(request_id, role), reason_codes=reason_codes
            )
    return found


def mismatches(provider: Provider, entry: DirectoryEntry | None) -> tuple[Mismatch, ...]:
    """In what a provider differs from its entry; what was not entered contradicts nothing."""
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
    """The sides that wait for an operator."""
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
    """An address as it is compared: letter case, accents and punctuation do not matter."""
    return (*_words(address.line_1, address.line_2), *_words(address.city), address.zip_code)


def _words(*lines: str | None) -> Iterable[str]:
    return words_of(" ".join(line for line in lines if line))
