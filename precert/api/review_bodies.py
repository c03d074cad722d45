"""What reviewers and operators send."""

from typing import Annotated

from pydantic import Field

from precert.domain.matching import ProviderRole
from precert.domain.review import LineDecision, Reason, Words
from precert.domain.values import Day, Text, Value
from precert.usecases.operations import DateChange

Cycle = Annotated[int, Field(ge=1)]


class RequestInformationBody(Value):
    """What is asked of the providers: codes of ``required_documentation``, words, or both."""

    documents: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    text: Words | None = None


class ExtendBody(Value):
    """Why more time is needed; both sides read it (W2)."""

    reason: Reason


class DecideBody(Value):
    """Decisions of every open line; ``cycle`` is the one the reviewer read."""

    cycle: Cycle
    lines: Annotated[tuple[LineDecision, ...], Field(max_length=100)]


class SignBody(Value):
    """Whether the proposed decisions are signed, or given back; ``cycle`` is the one that was read."""

    cycle: Cycle
    accept: bool


class LineDatesBody(Value):
    """The new period of an approved line; the last day is included."""

    line_id: Text
    from_date: Day
    to_date: Day

    @property
    def change(self) -> DateChange:
        return DateChange(**dict(self))


class ChangeDatesBody(Value):
    """Which approved periods move, and why (W5)."""

    lines: Annotated[tuple[LineDatesBody, ...], Field(min_length=1, max_length=100)]
    reason: Reason


class ReconcileProviderBody(Value):
    """Which directory entry the provider of a side is (S3).

    ``provider_id`` names an entry: one address of a provider under one TIN.
    """

    role: ProviderRole
    provider_id: Text
