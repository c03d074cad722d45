"""What the payer asked, promised and offered on the way to a decision, and what appeal there is."""

from datetime import datetime
from typing import Any, ClassVar

from precert.api.answers.model import AnswerModel
from precert.api.labels import label_of
from precert.domain.clocks import appeal_filing_end
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.review import Appeal, Extension, InformationRequest, PeerToPeer, Review
from precert.domain.statuses import Action, AppealStatus


class RequiredDocumentAnswer(AnswerModel):
    """A document that is wanted: the payer's code, and what it is in words."""

    code: str
    label: str

    @classmethod
    def of(cls, code: str, payer: Payer) -> "RequiredDocumentAnswer":
        return cls(code=code, label=payer.required_documentation.get(code, code))


class InformationAnswer(AnswerModel):
    """Information asked of the providers, until when, and what they answered in words (W2)."""

    requested_at: datetime
    answer_by: datetime
    documents: list[RequiredDocumentAnswer]
    text: str | None
    closed_at: datetime | None
    answered: bool
    answer: str | None

    @classmethod
    def of(cls, asked: InformationRequest, payer: Payer) -> "InformationAnswer":
        return cls(
            requested_at=asked.requested_at,
            answer_by=asked.answer_by,
            documents=[RequiredDocumentAnswer.of(code, payer) for code in asked.documents],
            text=asked.text,
            closed_at=asked.closed_at,
            answered=asked.answered,
            answer=asked.answer,
        )


class ExtensionAnswer(AnswerModel):
    """More time that the payer took, and why (W2); ``due_at`` of the request has it already."""

    extended_at: datetime
    days: int
    reason: str

    @classmethod
    def of(cls, extension: Extension) -> "ExtensionAnswer":
        return cls(**dict(extension))


class PeerToPeerAnswer(AnswerModel):
    """A talk that is offered: whom to call, and until when."""

    offered_at: datetime
    respond_by: datetime
    phone: str

    @classmethod
    def of(cls, offer: PeerToPeer) -> "PeerToPeerAnswer":
        return cls(**dict(offer))


class AppealAnswer(AnswerModel):
    """An appeal (W7); ``level`` counts from 1."""

    cycle: int
    level: int
    status: AppealStatus
    status_label: ClassVar[Any] = label_of("status")
    line_ids: list[str]
    expedited: bool
    reason: str
    filed_at: datetime
    due_at: datetime | None

    @classmethod
    def of(cls, appeal: Appeal) -> "AppealAnswer":
        return cls(**{name: getattr(appeal, name) for name in cls.model_fields})


class AppealableLineAnswer(AnswerModel):
    """A line that can be appealed, and the level at which it would be."""

    line_id: str
    level: int


class AppealRightsAnswer(AnswerModel):
    """What can be appealed here, and until when (W7).

    ``file_until`` is the end of the last day, by the payer's clock. ``levels`` is how often one line
    can be appealed, before external review.
    """

    file_until: datetime
    levels: int
    lines: list[AppealableLineAnswer]

    @classmethod
    def of(cls, request: Request, payer: Payer) -> "AppealRightsAnswer | None":
        review, clock = request.review, payer.clock_for(request)
        if review is None or Action.APPEAL not in request.provider_actions:
            return None
        days = clock.appeal_filing_days
        return cls(
            file_until=appeal_filing_end(review.answered_at, days, payer.zone),
            levels=clock.appeal_levels,
            lines=[
                AppealableLineAnswer(line_id=line.line_id, level=level)
                for line in review.lines
                if line.status.rule.adverse
                if (level := _next_level(review, line.line_id)) <= clock.appeal_levels
            ],
        )


def _next_level(review: Review, line_id: str) -> int:
    return 1 + sum(line_id in appeal.line_ids for appeal in review.appeals)
