"""Letters of determinations, as both providers and the reviewers find them (W4)."""

from datetime import datetime

from precert.api.answers.model import AnswerModel
from precert.domain.letters import Audience, Letter, LetterKind


class LetterAnswer(AnswerModel):
    """A letter of a decided round, a PDF: to the providers, or the member's copy; ``size`` in bytes."""

    letter_id: str
    kind: LetterKind
    audience: Audience
    round: int
    printed_at: datetime
    size: int

    @classmethod
    def of(cls, letter: Letter) -> "LetterAnswer":
        return cls(
            letter_id=letter.letter_id,
            kind=letter.kind,
            audience=letter.audience,
            round=letter.round,
            printed_at=letter.printed_at,
            size=letter.size,
        )
