"""Codes, members and providers that are looked up while a request is entered."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field

from precert.api.models import Damaged, DamagedResponse, PlanResponse, ResponseModel
from precert.domain.code_lists import CodeLists, code_lists_of
from precert.domain.content import MAX_LINES, Patient, Provider
from precert.domain.dates import ServiceDate
from precert.domain.payer import Payer
from precert.domain.values import LINE, WHOLE, CodeType, Value
from precert.usecases.codes import FoundCodes, KnownCode, LookedUpCode
from precert.usecases.directory import FoundProviders
from precert.usecases.members import ConfirmedPatient, FoundPatients

EnteredText = Annotated[str, Field(max_length=40), LINE]


class ConfirmPatientBody(Value):
    """The patient as entered; all four fields must match one member (P1)."""

    patient: Patient


class CodesQuery(Value):
    """The beginning of a code, or beginnings of words."""

    q: Annotated[str, Field(min_length=2, max_length=60), LINE]
    limit: Annotated[int, Field(ge=1, le=25), WHOLE] = 10


class LookUpCodesBody(Value):
    """Codes as they were entered or pasted, with or without dots."""

    diagnoses: Annotated[tuple[EnteredText, ...], Field(max_length=MAX_LINES)] = ()
    procedures: Annotated[tuple[EnteredText, ...], Field(max_length=MAX_LINES)] = ()
    code_type: Annotated[
        CodeType | None,
        Field(description="The code set of procedure codes that fit several, as 0450 does."),
    ] = None
    service_date: Annotated[
        ServiceDate | None,
        Field(description="The day on which the codes must be valid. Today, if omitted."),
    ] = None


class KnownCodeResponse(ResponseModel):
    """A code with its description and properties."""

    code: str
    label: str | None = Field(
        description="The public description, or the payer's own text. Null if there is neither."
    )
    code_type: CodeType | None = Field(description="Null for a diagnosis.")
    code_type_label: str | None
    category: bool = Field(description="Whether more specific codes exist below it.")
    valid_from: date | None
    valid_to: date | None
    behavioral: bool = Field(
        description="Whether it is a behavioral service, which cannot be requested with this API."
    )
    needs_medication: bool = Field(
        description="Whether the service must state its medication, because the code is for a drug."
    )

    @classmethod
    def of(cls, known: KnownCode, lists: CodeLists) -> "KnownCodeResponse":
        return cls(**vars(known), **lists.labels(code_type=known.code_type))


class FoundCodesResponse(ResponseModel):
    """The best matches first; ``more`` if further codes match."""

    codes: list[KnownCodeResponse]
    more: bool

    @classmethod
    def of(cls, found: FoundCodes, *, payer: Payer) -> "FoundCodesResponse":
        lists = code_lists_of(payer)
        codes = [KnownCodeResponse.of(one, lists) for one in found.codes]
        return cls(codes=codes, more=found.more)


class CodeErrorResponse(ResponseModel):
    """The error of a code that cannot be requested as it was entered; a check has the same error."""

    code: str
    message: str
    choices: list[str] = Field(description="With `ambiguous`: the code sets that it fits.")


class LookedUpCodeResponse(ResponseModel):
    """An entry of the list, with its code or its error."""

    entered: str
    known: KnownCodeResponse | None
    error: CodeErrorResponse | None

    @classmethod
    def of(cls, one: LookedUpCode, lists: CodeLists) -> "LookedUpCodeResponse":
        error = one.error
        return cls(
            entered=one.entered,
            known=KnownCodeResponse.of(one.known, lists) if one.known else None,
            error=CodeErrorResponse(
                code=error.code, message=error.message, choices=list(error.choices)
            )
            if error
            else None,
        )


class LookedUpCodesResponse(ResponseModel):
    """Every entry in the order sent, with its code or its error."""

    diagnoses: list[LookedUpCodeResponse]
    procedures: list[LookedUpCodeResponse]

    @classmethod
    def of(
        cls,
        found: tuple[Sequence[LookedUpCode], Sequence[LookedUpCode]],
        *,
        payer: Payer,
    ) -> "LookedUpCodesResponse":
        lists = code_lists_of(payer)
        diagnoses, procedures = (
            [LookedUpCodeResponse.of(one, lists) for one in entries] for entries in found
        )
        return cls(diagnoses=diagnoses, procedures=procedures)


class PatientResponse(ResponseModel):
    """A member's coverage context (P2); ``next_steps`` if no check can be started (A4).

    If coverage is not active, the plan is null, and the dates are those of the coverage that begins
    next, or of the last one that ended.
    """

    member_id: str
    date_of_birth: date
    last_name: str
    first_name: str
    account: str
    account_name: str
    plan: PlanResponse | None
    active: bool
    active_from: date
    active_to: date | None
    check_available: bool
    referral_needed: bool | None
    next_steps: str | None
    notices: list[str]

    @classmethod
    def of(cls, confirmed: ConfirmedPatient, *, payer: Payer) -> "PatientResponse":
        member = confirmed.coverage
        return cls(
            member_id=member.member_id,
            date_of_birth=member.date_of_birth,
            last_name=member.last_name,
            first_name=member.first_name,
            account=member.account,
            account_name=member.account_name,
            plan=PlanResponse.of(member.plan, payer) if confirmed.active else None,
            active=confirmed.active,
            active_from=member.active_from,
            active_to=member.active_to,
            check_available=confirmed.active and confirmed.next_steps is None,
            referral_needed=member.plan.referral_needed if confirmed.active else None,
            next_steps=confirmed.next_steps,
            notices=list(confirmed.notices),
        )


class FoundPatientResponse(ResponseModel):
    """A matching member, with the coverage nearest to today."""

    member_id: str
    date_of_birth: date
    last_name: str
    first_name: str
    account: str
    account_name: str


class PatientsResponse(ResponseModel):
    """No member, one, or one person's several memberships (P1); ``notices`` if none."""

    patients: list[FoundPatientResponse]
    damaged: Damaged
    notices: list[str]

    @classmethod
    def of(cls, found: FoundPatients) -> "PatientsResponse":
        names = FoundPatientResponse.model_fields
        patients = [{name: getattr(one, name) for name in names} for one in found.patients]
        return cls(
            patients=[FoundPatientResponse(**fields) for fields in patients],
            damaged=DamagedResponse.of(found.damaged),
            notices=list(found.notices),
        )


class FoundProviderResponse(ResponseModel):
    """A directory entry as the provider to send in a request, with its distance in miles."""

    provider: Provider
    miles: float


class CorrectionsResponse(ResponseModel):
    """How to report corrections of the directory, and how to continue until then (C16)."""

    own: str
    other: str
    tax_id: str

    @classmethod
    def of(cls, payer: Payer) -> "CorrectionsResponse":
        return cls(
            own=payer.notices["directory_own"],
            other=payer.notices["directory_other"],
            tax_id=payer.notices["directory_tax_id"],
        )


class ProvidersResponse(ResponseModel):
    """One row for each address and TIN; ``more`` if further providers match."""

    providers: list[FoundProviderResponse]
    damaged: Damaged
    more: bool
    notices: list[str]
    corrections: CorrectionsResponse

    @classmethod
    def of(cls, found: FoundProviders, *, payer: Payer) -> "ProvidersResponse":
        return cls(
            providers=[
                FoundProviderResponse(provider=one.entry.as_provider(), miles=one.miles)
                for one in found.providers
            ],
            damaged=DamagedResponse.of(found.damaged),
            more=found.more,
            notices=list(found.notices),
            corrections=CorrectionsResponse.of(payer),
        )
