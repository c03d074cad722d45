"""Providers as callers see them: directory and frequently selected (C1, C2, C16)."""

from datetime import datetime

from precert.api.answers.model import AnswerModel
from precert.domain.content import Provider
from precert.domain.frequent import FrequentProvider
from precert.domain.payer import Payer
from precert.usecases.search_providers import FoundProviders


class FoundProviderAnswer(AnswerModel):
    """A directory entry, ready to be entered as a provider, and how far it is."""

    provider: Provider
    miles: float


class CorrectionsAnswer(AnswerModel):
    """How to have the directory corrected, each case its own way, and how to go on until then (C16)."""

    own: str
    other: str
    tax_id: str

    @classmethod
    def of(cls, payer: Payer) -> "CorrectionsAnswer":
        return cls(
            own=payer.notices["directory_own"],
            other=payer.notices["directory_other"],
            tax_id=payer.notices["directory_tax_id"],
        )


class ProvidersAnswer(AnswerModel):
    """One row for each address and TIN; ``more`` where others fit as well."""

    providers: list[FoundProviderAnswer]
    more: bool
    notices: list[str]
    corrections: CorrectionsAnswer

    @classmethod
    def of(cls, found: FoundProviders, payer: Payer) -> "ProvidersAnswer":
        return cls(
            providers=[
                FoundProviderAnswer(provider=one.entry.as_provider(), miles=one.miles)
                for one in found.providers
            ],
            more=found.more,
            notices=list(found.notices),
            corrections=CorrectionsAnswer.of(payer),
        )


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
