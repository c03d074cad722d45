"""Providers as callers see them: directory and frequently selected (C1, C2, C16)."""

from datetime import datetime

from precert.api.answers.model import AnswerModel
from precert.domain.content import Provider
from precert.domain.directory import FrequentProvider


class FrequentProviderAnswer(AnswerModel):
    """A provider as last selected, ready to be entered, and how often it was."""

    provider: Provider
    selected: int
    selected_at: datetime


class FrequentProvidersAnswer(AnswerModel):
    """Most selected first, at most ten (C2)."""

    providers: list[FrequentProviderAnswer]

    @classmethod
    def of(cls, found: tuple[FrequentProvider, ...]) -> "FrequentProvidersAnswer":
        return cls(providers=[FrequentProviderAnswer(**dict(one)) for one in found])
