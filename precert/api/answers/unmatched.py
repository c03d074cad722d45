"""Providers that do not match the directory: on the request, and on the operators' list (S3)."""

from datetime import datetime
from typing import Any, ClassVar

from precert.api.answers.model import AnswerModel
from precert.api.labels import label_of, labels_of
from precert.domain.matching import Mismatch, ProviderRole
from precert.domain.rows import UnmatchedRow
from precert.usecases.ports.listings import Page


class UnmatchedProviderAnswer(AnswerModel):
    """A provider to reconcile, as it was submitted."""

    request_id: str
    number: str
    role: ProviderRole
    role_label: ClassVar[Any] = label_of("role")
    temporary_id: str
    reason_codes: list[Mismatch]
    reason_codes_labels: ClassVar[Any] = labels_of("reason_codes")
    provider_id: str | None
    name: str | None
    npi: str | None
    tin: str | None
    submitted_at: datetime


class UnmatchedProvidersAnswer(AnswerModel):
    providers: list[UnmatchedProviderAnswer]
    cursor: str | None

    @classmethod
    def of(cls, page: Page[UnmatchedRow]) -> "UnmatchedProvidersAnswer":
        rows = [UnmatchedProviderAnswer(**row.model_dump()) for row in page.rows]
        return cls(providers=rows, cursor=page.cursor)
