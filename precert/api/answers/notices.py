"""Letters of determinations, as both providers and the reviewers find them (W4)."""

from datetime import datetime
from typing import Any, ClassVar

from precert.api.answers.model import AnswerModel
from precert.api.labels import label_of
from precert.domain.notices import Audience, Notice, NoticeKind


class NoticeAnswer(AnswerModel):
    """A letter of a decided round, a PDF: to the providers, or the member's copy; ``size`` in bytes."""

    notice_id: str
    kind: NoticeKind
    kind_label: ClassVar[Any] = label_of("kind")
    audience: Audience
    audience_label: ClassVar[Any] = label_of("audience")
    cycle: int
    printed_at: datetime
    size: int

    @classmethod
    def of(cls, notice: Notice) -> "NoticeAnswer":
        return cls(
            notice_id=notice.notice_id,
            kind=notice.kind,
            audience=notice.audience,
            cycle=notice.cycle,
            printed_at=notice.printed_at,
            size=notice.size,
        )
