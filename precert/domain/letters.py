"""Letters that follow a determination: to the providers, and a copy for the member (W4).

What a letter says comes of the decisions; its wording is the payer's (:class:`LetterWords`).
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from precert.contract import LETTER_PREFIX
from precert.domain.review import Review
from precert.domain.statuses import LineStatus
from precert.domain.values import Text, Value

Words = Annotated[str, Field(min_length=1, max_length=2000)]


class Audience(StrEnum):
    """For whom a letter is worded."""

    PROVIDER = "PROVIDER"
    MEMBER = "MEMBER"


class LetterKind(StrEnum):
    """What a letter tells."""

    APPROVAL = "APPROVAL"
    PARTIAL_APPROVAL = "PARTIAL_APPROVAL"
    DENIAL = "DENIAL"
    APPEAL_OVERTURNED = "APPEAL_OVERTURNED"
    APPEAL_PARTLY_OVERTURNED = "APPEAL_PARTLY_OVERTURNED"
    APPEAL_UPHELD = "APPEAL_UPHELD"


class Letter(Value):
    """A printed letter of a round; ``letter_id`` is ``<round>-<audience>`` in lower case."""

    letter_id: Text
    kind: LetterKind
    audience: Audience
    round: Annotated[int, Field(ge=1)]
    printed_at: datetime
    size: int
    sha256: Text
    version_id: Text | None = None


class Wording(Value):
    """How a letter begins; ``{name}``, ``{number}``, ``{payer}``, ``{phone}``, ``{last_day}`` are
    filled in, the last one being the last day to appeal.
    """

    title: Text
    opening: Words


class Section(Value):
    """A paragraph of letters under its own heading, with the same fillings."""

    title: Text
    text: Words
    audiences: tuple[Audience, ...]
    adverse_only: bool = False


class LetterWords(Value):
    """The payer's words for letters (W4): ``letters.json`` beside ``payer.json``."""

    kinds: dict[LetterKind, dict[Audience, Wording]]
    sections: tuple[Section, ...]
    language_help: tuple[Words, ...]
    """How to get the letter in another language, in those languages."""

    @model_validator(mode="after")
    def _every_letter_has_words(self) -> Self:
        missing = [
            f"{kind}/{audience}"
            for kind in LetterKind
            for audience in Audience
            if audience not in self.kinds.get(kind, {})
        ]
        if missing:
            raise ValueError(f"letters without words: {', '.join(missing)}")
        return self


def letter_id(round_: int, audience: Audience) -> str:
    return f"{round_}-{audience.value.lower()}"


def letter_key(request_id: str, letter_id_: str) -> str:
    """The S3 key of a letter: ids only."""
    return f"{LETTER_PREFIX}{request_id}/{letter_id_}.pdf"


def decided_lines(review: Review, round_: int) -> dict[str, LineStatus]:
    """What the round decided, by line id; empty while nothing is decided in it.

    A change of dates is a later decision of the same round and no other one.
    """
    return {
        line.line_id: decision.status
        for line in review.lines
        for decision in line.decisions
        if decision.round == round_
    }


def kind_of(review: Review, round_: int) -> LetterKind | None:
    """Which letter a round calls for; ``None`` while it is not decided, or where a vendor decided."""
    decided = set(decided_lines(review, round_).values())
    if not decided or review.delegate_id is not None:
        return None
    first = round_ == 1
    if decided == {LineStatus.APPROVED}:
        return LetterKind.APPROVAL if first else LetterKind.APPEAL_OVERTURNED
    if decided == {LineStatus.DENIED}:
        return LetterKind.DENIAL if first else LetterKind.APPEAL_UPHELD
    return LetterKind.PARTIAL_APPROVAL if first else LetterKind.APPEAL_PARTLY_OVERTURNED
