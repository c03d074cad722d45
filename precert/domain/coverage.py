"""A member's coverage, and what it allows (P2, A4, A6)."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from precert.domain.content import Patient
from precert.domain.values import MemberId, Text, Value

REFERRAL_PLAN_TYPES = frozenset({"HMO", "IFP", "EPO"})
"""Plan types whose members need a referral by their primary care provider (P2)."""


class Plan(Value):
    """A plan as far as precertification asks of it."""

    plan_id: Text
    name: Text
    plan_type: Annotated[str, Field(pattern=r"^(HMO|IFP|EPO|OAP|PPO)$")]
    line_of_business: Text
    management_level: Text

    @property
    def referral_needed(self) -> bool:
        return self.plan_type in REFERRAL_PLAN_TYPES


class Coverage(Value):
    """A member with the plan and the days it is active, both ends included."""

    member_id: MemberId
    date_of_birth: date
    last_name: Text
    first_name: Text
    account: Text
    account_name: Text
    plan: Plan
    active_from: date
    active_to: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.active_to is not None and self.active_to < self.active_from:
            raise ValueError("active_to must not be before active_from")
        return self

    def is_of(self, patient: Patient) -> bool:
        """Whether all that was entered fits; upper and lower case do not matter (P1)."""
        return (
            self.member_id.upper() == patient.member_id.upper()
            and self.date_of_birth == patient.date_of_birth
            and self.last_name.casefold() == patient.last_name.casefold()
            and self.first_name.casefold() == patient.first_name.casefold()
        )

    def is_active(self, on: date) -> bool:
        return self.active_from <= on and (self.active_to is None or on <= self.active_to)
