"""Request and response models of the check function's operations."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, RootModel

from precert.api.app import FHIR_JSON
from precert.api.labels import label_of, labels_of, optional_label_of
from precert.api.models import (
    Damaged,
    DamagedResponse,
    PlanResponse,
    ResponseModel,
    RuleListResponse,
)
from precert.domain.code_lists import CodeLists, code_lists_of, version_of
from precert.domain.code_sets import is_verified
from precert.domain.content import (
    MAX_LINES,
    Address,
    Patient,
    Provider,
    RequestContent,
    Service,
)
from precert.domain.content_labels import labels_of_content, public_codes_of
from precert.domain.dates import Instant, ServiceDate
from precert.domain.delegation import DecidedBy
from precert.domain.documents import CONTENT_TYPES
from precert.domain.form import FieldKind, LaterField, ServiceField, ServiceForm, request_form
from precert.domain.next_steps import NextAction, NextStep
from precert.domain.payer import Branding, Contact, Payer, Stage
from precert.domain.review import IntakeException
from precert.domain.rules import CareCoordination, CodeResult, DelegatedVendor, Requirement
from precert.domain.values import (
    LINE,
    WHOLE,
    AuthorizationType,
    CodeType,
    Text,
    Urgency,
    Value,
)
from precert.fhir.export import request_bundle
from precert.usecases.checks import CheckResult, Export
from precert.usecases.codes import FoundCodes, KnownCode, LookedUpCode
from precert.usecases.directory import FoundProviders
from precert.usecases.members import ConfirmedPatient, FoundPatients
from precert.usecases.ports.reference import CodeSets
from precert.usecases.reference import Reference

EnteredText = Annotated[str, Field(max_length=40), LINE]
EXPORT_METHOD: Final = "POST"
EXPORT_PATH: Final = "/v1/checks/export"


class CodeResponse(ResponseModel):
    """A code, its display name, and a description if the name alone does not explain it."""

    code: str
    label: str
    description: str | None


class CodeListResponse(ResponseModel):
    """Codes of one kind, in the order in which to show them."""

    name: str
    codes: list[CodeResponse]


class DocumentRulesResponse(ResponseModel):
    """Which files can be attached, and how many."""

    extensions: list[str]
    content_types: list[str]
    max_bytes: int
    max_at_submission: int = Field(description="How many a draft can have.")
    max_while_pending: int = Field(
        description="How many more can be attached while the request is pended."
    )


class PayerResponse(ResponseModel):
    """The payer: its name, whom to call, its time zone and the limits of entries."""

    name: str
    time_zone: str = Field(description="The IANA name, as in America/New_York.")
    contact: Contact = Field(description="Provider services, for questions by phone.")
    mailing_address: Address
    branding: Branding
    history_years: int = Field(description="How long a request is shown after its last change.")
    draft_hours: int = Field(description="How long a draft is retained after each save.")
    draft_resting_weekdays: list[int] = Field(
        description="Weekdays that do not count for a draft. Monday is 0."
    )
    service_days_back: int = Field(description="How many days back a date of service can be.")
    service_days_ahead: int = Field(description="How many days ahead a date of service can be.")
    documents: DocumentRulesResponse

    @classmethod
    def of(cls, payer: Payer) -> "PayerResponse":
        limits = payer.documents
        return cls(
            name=payer.name,
            time_zone=payer.time_zone,
            contact=payer.provider_services,
            mailing_address=payer.mailing_address,
            branding=payer.branding,
            history_years=payer.history_years,
            draft_hours=payer.draft_clock.hours,
            draft_resting_weekdays=sorted(payer.draft_clock.resting_weekdays),
            service_days_back=payer.service_dates.days_back,
            service_days_ahead=payer.service_dates.days_ahead,
            documents=DocumentRulesResponse(
                extensions=list(CONTENT_TYPES),
                content_types=sorted(set(CONTENT_TYPES.values())),
                max_bytes=limits.max_bytes,
                max_at_submission=limits.max_at_submission,
                max_while_pending=limits.max_while_pending,
            ),
        )


class ReferenceResponse(ResponseModel):
    """The payer and every code list; ``version`` changes with any of their values."""

    version: str
    payer: PayerResponse
    code_lists: list[CodeListResponse]

    @classmethod
    def of(cls, reference: Reference, *, payer: Payer) -> "ReferenceResponse":
        shown = PayerResponse.of(payer)
        return cls(
            version=version_of(reference.code_lists, shown.model_dump_json()),
            payer=shown,
            code_lists=[
                CodeListResponse(
                    name=one.name, codes=[CodeResponse(**code._asdict()) for code in one.codes]
                )
                for one in reference.code_lists
            ],
        )


class ConfirmPatientBody(Value):
    """The patient as entered; all four fields must match one member (P1)."""

    patient: Patient


class CheckBody(Value):
    """The services to check for precertification (C3).

    With ``as_of`` the check uses the rule list that was in effect at that past instant.
    """

    content: RequestContent
    as_of: Instant | None = None
    received_at: Annotated[
        Instant | None,
        Field(
            description="For the payer's staff only: when the request that they check was received. "
            "What is retrospective, and what providers cannot enter, is evaluated as of then."
        ),
    ] = None


class ConfirmCheckBody(Value):
    """The content of a check with the result *not required*; it is checked again by today's list."""

    content: RequestContent


class ExportBody(Value):
    """The content that was checked, and the delegated vendor to export it for."""

    content: RequestContent
    vendor_id: Text


class FormQuery(Value):
    """The choices made in a service so far; choices only, no data of a patient."""

    authorization_type: AuthorizationType | None = None
    type_of_service: Text | None = None
    place_of_service: Text | None = None
    urgency: Urgency | None = None

    def as_service(self) -> Service:
        return Service(
            authorization_type=self.authorization_type,
            type_of_service=self.type_of_service,
            place_of_service=self.place_of_service,
            urgency=self.urgency,
        )


class CodesQuery(Value):
    """The beginning of a code, or beginnings of words."""

    q: Annotated[str, Field(min_length=2, max_length=60), LINE]
    limit: Annotated[int, Field(ge=1, le=25), WHOLE] = 10


class LookUpCodesBody(Value):
    """Codes as they were entered or pasted, in any form."""

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
    """A code, and what is known of it."""

    code: str
    label: str | None = Field(
        description="The public description, or the payer's own text. Null where neither exists."
    )
    code_type: CodeType | None = Field(description="Null for a diagnosis.")
    code_type_label: str | None
    category: bool = Field(description="Whether more specific codes exist below it.")
    valid_from: date | None
    valid_to: date | None
    behavioral: bool = Field(
        description="Whether it is a behavioral service, which cannot be requested here."
    )
    needs_medication: bool = Field(
        description="Whether the service has to state its medication, because the code is a drug's."
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
    """Why a code cannot be requested as it was entered, as a check would state it."""

    code: str
    message: str
    choices: list[str] = Field(description="With `ambiguous`: the code sets that it fits.")


class LookedUpCodeResponse(ResponseModel):
    """An entry of the list, with the code that it names."""

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
    """A member's coverage context (P2); ``next_steps`` where no check can be started (A4).

    If coverage is not active it has no plan, but the dates: of the coverage that begins next, or
    of the last one that ended.
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
    notices: list[str]

    @classmethod
    def of(cls, found: FoundPatients) -> "PatientsResponse":
        names = FoundPatientResponse.model_fields
        patients = [{name: getattr(one, name) for name in names} for one in found.patients]
        return cls(
            patients=[FoundPatientResponse(**fields) for fields in patients],
            notices=list(found.notices),
        )


class FoundProviderResponse(ResponseModel):
    """A directory entry, with the provider to send in a request, and its distance."""

    provider: Provider
    miles: float


class CorrectionsResponse(ResponseModel):
    """How to have the directory corrected, for each case, and how to continue until then (C16)."""

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


class ChoiceResponse(ResponseModel):
    """A choice: the code to send and the name to show."""

    code: str
    name: str


class FieldResponse(ResponseModel):
    """A field to show now.

    ``required_for`` is the step that requires it: the check (and so a submission), only a submission,
    or none. ``pattern`` is the format of an entry, of each entry of a list. At least one of the
    parts named in ``one_of`` is required. Parts of a group are ``fields``. ``hint`` is the payer's
    text to show with the field.
    """

    name: str
    label: str
    kind: FieldKind
    required_for: Stage | None
    choices: list[ChoiceResponse]
    pattern: str | None
    format: str | None = Field(description="The pattern in words, with an example: a help text.")
    max_length: int | None = Field(description="Characters of a text at most.")
    earliest: date | None
    latest: date | None
    minimum: int | None
    maximum: int | None
    max_items: int | None
    one_of: list[str]
    fields: list["FieldResponse"]
    hint: str | None

    @classmethod
    def of(cls, field: ServiceField, payer: Payer) -> "FieldResponse":
        return cls(
            name=field.name,
            label=field.label,
            kind=field.kind,
            required_for=field.required_for,
            choices=[ChoiceResponse(code=one.code, name=one.name) for one in field.choices],
            pattern=field.pattern,
            format=field.format,
            max_length=field.max_length,
            earliest=field.earliest,
            latest=field.latest,
            minimum=field.minimum,
            maximum=field.maximum,
            max_items=field.max_items,
            one_of=list(field.one_of),
            fields=[cls.of(part, payer) for part in field.fields],
            hint=payer.notices[field.notice] if field.notice else None,
        )


class CodeRangeResponse(ResponseModel):
    """Codes of one code set from the first to the last."""

    code_type: CodeType
    code_type_label: str | None
    code_from: str
    code_to: str


class LaterFieldResponse(ResponseModel):
    """A field that can be shown only after another one is chosen.

    Where it waits for ``procedures``, it is required if one of them has a code in ``codes``.
    """

    name: str
    label: str
    waits_for: str
    required_for: Stage | None
    codes: list[CodeRangeResponse]
    field: FieldResponse | None = Field(
        description="The field with its parts and choices, where it waits for `procedures`. Other "
        "fields are in `fields` once their choice is made."
    )

    @classmethod
    def of(cls, later: LaterField, payer: Payer) -> "LaterFieldResponse":
        lists = code_lists_of(payer)
        return cls(
            name=later.name,
            label=later.label,
            waits_for=later.waits_for,
            required_for=later.required_for,
            codes=[
                CodeRangeResponse(
                    code_type=one.code_type,
                    code_from=one.code_from,
                    code_to=one.code_to,
                    **lists.labels(code_type=one.code_type),
                )
                for one in later.codes
            ],
            field=FieldResponse.of(later.field, payer) if later.field else None,
        )


class FormResponse(ResponseModel):
    """The fields of one service in the order to show them, and those of the request.

    ``fields`` can be shown now, ``later`` ones once ``waits_for`` is chosen; a service with a field
    in ``not_shown`` is refused. ``max_codes`` counts the codes of all services.
    """

    fields: list[FieldResponse]
    later: list[LaterFieldResponse]
    not_shown: list[str]
    request_fields: list[FieldResponse]
    max_codes: int

    @classmethod
    def of(cls, form: ServiceForm, *, payer: Payer) -> "FormResponse":
        return cls(
            fields=[FieldResponse.of(field, payer) for field in form.fields],
            later=[LaterFieldResponse.of(field, payer) for field in form.later],
            not_shown=list(form.not_shown),
            request_fields=[
                FieldResponse.of(field, payer) for field in request_form(payer.form).fields
            ],
            max_codes=MAX_LINES,
        )


class NextStepResponse(ResponseModel):
    """What to do next, with the payer's text; show it unchanged."""

    action: NextAction
    action_label: ClassVar[Any] = label_of("action")
    text: str

    @classmethod
    def of(cls, step: NextStep) -> "NextStepResponse":
        return cls(action=step.action, text=step.text)


class CodeRequirement(ResponseModel):
    """The result of one code, and the rule that decided it (C6).

    ``code_label`` is the text of that rule; for a DRG its public description. ``verified`` is whether
    the code was found in its public code set, valid on the service date (C5); CPT and revenue codes
    are checked only by form.
    """

    code: str
    code_label: str | None
    code_type: CodeType
    code_type_label: str | None
    verified: bool
    requirement: Requirement
    requirement_label: ClassVar[Any] = label_of("requirement")
    rule_id: str | None
    effective_from: date | None
    vendor_id: str | None
    decided_by: DecidedBy | None = Field(
        description="Who decides a request for it. Null if none can be submitted."
    )
    decided_by_label: ClassVar[Any] = optional_label_of("decided_by")
    retrospective: bool = Field(
        description="Whether the service began before the day of the check or, if `received_at` was "
        "sent, of the receipt. `decided_by` then states who decides it retrospectively."
    )
    predetermination: bool
    next_step: NextStepResponse

    @classmethod
    def of(
        cls,
        answer: CodeResult,
        step: NextStep,
        label: str | None,
        lists: CodeLists,
        *,
        retrospective: bool,
    ) -> "CodeRequirement":
        return cls(
            code=answer.code,
            code_label=label,
            code_type=answer.code_type,
            **lists.labels(code_type=answer.code_type),
            verified=is_verified(answer.code_type),
            requirement=answer.requirement,
            rule_id=answer.rule_id,
            effective_from=answer.effective_from,
            vendor_id=answer.vendor_id,
            decided_by=_DECIDED_BY[step.action],
            retrospective=retrospective,
            predetermination=answer.predetermination,
            next_step=NextStepResponse.of(step),
        )


_DECIDED_BY: Final[Mapping[NextAction, DecidedBy | None]] = {
    NextAction.GO_TO_VENDOR: DecidedBy.VENDOR,
    NextAction.START_DRAFT: DecidedBy.PAYER,
    NextAction.NONE: None,
    NextAction.CALL: None,
}
"""Who decides what can be requested, by the next step."""


class ServiceResponse(ResponseModel):
    """A service's codes, in the order requested; ``service`` counts from 1.

    ``next_step`` is set for a stay without codes, which continues to the request (C3).
    """

    service: int
    codes: list[CodeRequirement]
    next_step: NextStepResponse | None

    @classmethod
    def of(
        cls,
        number: int,
        codes: Sequence[CodeResult],
        steps: Sequence[NextStep],
        own_step: NextStep | None,
        lists: CodeLists,
        content_labels: Mapping[str, str],
        *,
        retrospective: bool,
    ) -> "ServiceResponse":
        here = f"/services/{number - 1}/procedures"
        own = NextStepResponse.of(own_step) if own_step else None
        requirements = [
            CodeRequirement.of(
                code,
                step,
                content_labels.get(f"{here}/{at}/code"),
                lists,
                retrospective=retrospective,
            )
            for at, (code, step) in enumerate(zip(codes, steps, strict=True))
        ]
        return cls(service=number, codes=requirements, next_step=own)


class DelegatedCode(ResponseModel):
    """A code that a delegated vendor decides; ``service`` counts from 1."""

    service: int
    code: str
    code_label: str | None
    code_type: CodeType
    code_type_label: str | None


class ExportLink(ResponseModel):
    """How to export the content as a document for the delegated vendor.

    Send ``{"content": …, "vendor_id": …}`` with the content that was checked.
    """

    method: str
    path: str
    media_type: str


class DelegatedCodesResponse(ResponseModel):
    """A delegated vendor that decides some codes: how to contact it, and what it requires (C8, C12)."""

    vendor_id: str
    name: str
    services: str
    url: str
    phone: str | None
    fax: str | None
    hours: str | None
    requirements: list[str]
    care_coordination: CareCoordination | None
    codes: list[DelegatedCode]
    export: ExportLink

    @classmethod
    def of(cls, delegate: DelegatedVendor, codes: list[DelegatedCode]) -> "DelegatedCodesResponse":
        return cls(
            vendor_id=delegate.vendor_id,
            name=delegate.name,
            services=delegate.services,
            url=delegate.url,
            phone=delegate.phone,
            fax=delegate.fax,
            hours=delegate.hours,
            requirements=list(delegate.requirements),
            care_coordination=delegate.care_coordination,
            codes=codes,
            export=ExportLink(method=EXPORT_METHOD, path=EXPORT_PATH, media_type=FHIR_JSON),
        )


class RequirementsResponse(ResponseModel):
    """The result for each code, and the result of the whole check.

    ``assertion_id`` identifies the result; send it within the content of the draft.
    ``content_labels`` are the display names of the codes that were sent, by JSON pointer.
    """

    requirement: Requirement
    requirement_label: ClassVar[Any] = label_of("requirement")
    content_labels: dict[str, str]
    services: list[ServiceResponse]
    vendors: list[DelegatedCodesResponse]
    rule_list: RuleListResponse
    assertion_id: str | None
    assertion_valid: bool | None
    confirmation_available: bool
    referral_needed: bool
    predetermination_available: bool
    checked_at: datetime
    as_of: datetime | None
    notices: list[str]
    intake_exceptions: list[IntakeException] = Field(
        description="What providers cannot enter, of a check by the payer's staff."
    )
    intake_exceptions_labels: ClassVar[Any] = labels_of("intake_exceptions")

    @classmethod
    def of(
        cls, answer: CheckResult, *, payer: Payer, code_sets: CodeSets
    ) -> "RequirementsResponse":
        steps, content, plan = answer.next_steps(payer), answer.content, answer.coverage.plan
        descriptions = code_sets.descriptions({*public_codes_of(content)})
        lists = code_lists_of(payer)
        labels = labels_of_content(content, lists, descriptions, answer.payers_words)
        return cls(
            requirement=answer.requirement,
            content_labels=labels,
            services=_services(answer, payer, lists, labels),
            vendors=_vendors(answer, steps, lists, labels),
            rule_list=RuleListResponse.of(answer.rule_list, payer),
            assertion_id=answer.assertion_id,
            assertion_valid=answer.assertion_valid,
            confirmation_available=answer.requirement is Requirement.NOT_REQUIRED,
            referral_needed=plan.referral_needed,
            predetermination_available=answer.predetermination_available,
            checked_at=answer.checked_at,
            as_of=answer.as_of,
            notices=list(answer.notices(payer)),
            intake_exceptions=list(answer.intake_exceptions),
        )


def _services(
    answer: CheckResult, payer: Payer, lists: CodeLists, labels: Mapping[str, str]
) -> list[ServiceResponse]:
    steps, own_steps = answer.next_steps(payer), answer.steps_without_codes(payer)
    services = zip(answer.services, steps, own_steps, strict=True)
    return [
        ServiceResponse.of(
            number, *service, lists, labels, retrospective=answer.is_retrospective(entered)
        )
        for number, (service, entered) in enumerate(
            zip(services, answer.content.services, strict=True), start=1
        )
    ]


def _vendors(
    answer: CheckResult,
    steps: Sequence[Sequence[NextStep]],
    lists: CodeLists,
    content_labels: Mapping[str, str],
) -> list[DelegatedCodesResponse]:
    """Each delegated vendor that decides some code, in the order of the codes."""
    decided: dict[str, list[DelegatedCode]] = {}
    for number, (codes, steps_of_service) in enumerate(
        zip(answer.services, steps, strict=True), start=1
    ):
        for at, (code, step) in enumerate(zip(codes, steps_of_service, strict=True)):
            known = code.vendor_id if code.vendor_id in answer.vendors else None
            if known and step.action is NextAction.GO_TO_VENDOR:
                pointer = f"/services/{number - 1}/procedures/{at}/code"
                code_row = DelegatedCode(
                    service=number,
                    code=code.code,
                    code_label=content_labels.get(pointer),
                    code_type=code.code_type,
                    **lists.labels(code_type=code.code_type),
                )
                decided.setdefault(known, []).append(code_row)
    return [DelegatedCodesResponse.of(answer.vendors[one], codes) for one, codes in decided.items()]


class ExportResponse(RootModel[dict[str, Any]]):
    """A FHIR R4 Bundle in the form of a Da Vinci PAS request, for the vendor's own system."""

    @classmethod
    def of(cls, export: Export, *, payer: Payer, new_uuid: Callable[[], str]) -> "ExportResponse":
        bundle = request_bundle(
            export.content,
            export.answer.coverage,
            payer,
            note=export.note,
            at=export.answer.checked_at,
            new_uuid=new_uuid,
        )
        return cls(bundle)
