"""The criteria of an inquiry about a member's requests (X12 278 inquiry, PAS ``$inquire``)."""

from datetime import date
from typing import Annotated

from pydantic import Field

from precert.domain.dates import BirthDate
from precert.domain.request import Request
from precert.domain.requested_lines import days_of_service
from precert.domain.values import MemberId, Text, Value

MAX_NUMBERS = 20
"""The maximum of precertification numbers in one inquiry."""


class Inquiry(Value):
    """Criteria of requests. A request matches if it meets all criteria that are set."""

    member_id: MemberId
    date_of_birth: BirthDate | None = None
    numbers: Annotated[tuple[Text, ...], Field(max_length=MAX_NUMBERS)] = ()
    """Precertification numbers, one of which the request must have; empty for any number."""
    codes: frozenset[Text] = frozenset()
    """Procedure codes, of which the request must have at least one; empty for any service."""
    first_day: date | None = None
    last_day: date | None = None
    """A period that the dates of service must overlap; it is open where a day is ``None``."""

    def matches(self, request: Request) -> bool:
        """Whether the request meets the criteria; a draft never does."""
        patient, review = request.content.patient, request.review
        if patient is None or review is None or patient.member_id != self.member_id:
            return False
        if self.date_of_birth is not None and patient.date_of_birth != self.date_of_birth:
            return False
        if self.numbers and review.number not in self.numbers:
            return False
        if self.codes and self.codes.isdisjoint(line.code for line in review.lines if line.code):
            return False
        first, last = days_of_service(request.content, review.lines)
        return (self.first_day is None or last is None or last >= self.first_day) and (
            self.last_day is None or first is None or first <= self.last_day
        )
