"""Members as callers see them: search and confirmation (P1, P2)."""

from datetime import date

from precert.api.answers.model import AnswerModel
from precert.domain.coverage import Plan
from precert.usecases.confirm_patient import ConfirmedPatient
from precert.usecases.search_patients import FoundPatients


class PatientAnswer(AnswerModel):
    """A member's coverage context (P2); ``next_steps`` where no check can be started (A4).

    Where coverage is not active it tells no plan, but the days: of the coverage that begins next, or
    of the last one that ended.
    """

    member_id: str
    date_of_birth: date
    last_name: str
    first_name: str
    account: str
    account_name: str
    plan: Plan | None
    active: bool
    active_from: date
    active_to: date | None
    check_available: bool
    referral_needed: bool | None
    next_steps: str | None
    notices: list[str]

    @classmethod
    def of(cls, confirmed: ConfirmedPatient) -> "PatientAnswer":
        member = confirmed.coverage
        return cls(
            member_id=member.member_id,
            date_of_birth=member.date_of_birth,
            last_name=member.last_name,
            first_name=member.first_name,
            account=member.account,
            account_name=member.account_name,
            plan=member.plan if confirmed.active else None,
            active=confirmed.active,
            active_from=member.active_from,
            active_to=member.active_to,
            check_available=confirmed.active and confirmed.next_steps is None,
            referral_needed=member.plan.referral_needed if confirmed.active else None,
            next_steps=confirmed.next_steps,
            notices=list(confirmed.notices),
        )


class FoundPatientAnswer(AnswerModel):
    """A member who fits, with the account of the coverage nearest to today."""

    member_id: str
    date_of_birth: date
    last_name: str
    first_name: str
    account: str
    account_name: str


class PatientsAnswer(AnswerModel):
    """Nobody, one member, or one person's several memberships (P1); ``notices`` if nobody."""

    patients: list[FoundPatientAnswer]
    notices: list[str]

    @classmethod
    def of(cls, found: FoundPatients) -> "PatientsAnswer":
        names = FoundPatientAnswer.model_fields
        patients = [{name: getattr(one, name) for name in names} for one in found.patients]
        return cls(
            patients=[FoundPatientAnswer(**fields) for fields in patients],
            notices=list(found.notices),
        )
