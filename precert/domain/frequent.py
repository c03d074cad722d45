"""Frequently selected providers: what a TIN's own drafts select most, kept by nobody's hand (C2)."""

from datetime import datetime
from hashlib import sha256
from typing import Final

from precert.domain.content import Provider, RequestContent
from precert.domain.names import folded
from precert.domain.values import Value

FREQUENT_SHOWN: Final = 10


class FrequentProvider(Value):
    """A provider as last selected, how often, and when last."""

    provider: Provider
    selected: int
    selected_at: datetime


def selected_provider(content: RequestContent) -> Provider | None:
    """The servicing provider, if enough of it is there to be offered again."""
    provider = content.servicing_provider
    if provider is None or None in (provider.name, provider.npi, provider.tin, provider.address):
        return None
    return provider


def selection_key(provider: Provider) -> str:
    """What makes two selections one: the directory's id, or else who it is, where, under which TIN."""
    if provider.provider_id:
        return f"ID#{provider.provider_id}"
    address = provider.address
    where = (folded(address.line_1), address.zip_code) if address else ()
    parts = (provider.npi or "", provider.tin or "", folded(provider.name or ""), *where)
    return f"TYPED#{sha256(chr(31).join(parts).encode()).hexdigest()[:32]}"


def most_frequent(selections: list[FrequentProvider]) -> tuple[FrequentProvider, ...]:
    """Most selected first; of two selected as often, the one selected last."""
    ranked = sorted(selections, key=lambda one: (one.selected, one.selected_at), reverse=True)
    return tuple(ranked[:FREQUENT_SHOWN])
