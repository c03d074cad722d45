"""Providers that a TIN selects often; counted by the store with each draft that is started."""

from typing import Protocol

from precert.domain.frequent import FrequentProvider


class FrequentProviders(Protocol):
    def of(self, tin: str) -> tuple[FrequentProvider, ...]:
        """The TIN's most selected providers, most selected first. One call."""
