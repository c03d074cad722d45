"""The payer's code lists and limits, and the fields of a form."""

from datetime import date

from pydantic import Field

from precert.api.models import ResponseModel
from precert.domain.branding import Branding
from precert.domain.code_lists import code_lists_of, version_of
from precert.domain.content import MAX_LINES, Address, Service
from precert.domain.documents import CONTENT_TYPES
from precert.domain.form import FieldKind, LaterField, ServiceField, ServiceForm, request_form
from precert.domain.form_settings import Stage
from precert.domain.payer import Contact, Payer
from precert.domain.values import AuthorizationType, CodeType, Text, Urgency, Value
from precert.usecases.codes import Reference


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
    """The types, the size and the number of files that can be attached."""

    extensions: list[str]
    content_types: list[str]
    max_bytes: int
    max_at_submission: int = Field(description="How many a draft can have.")
    max_while_pending: int = Field(
        description="How many more can be attached while the request is pended."
    )


class PayerResponse(ResponseModel):
    """The payer: its name, its contacts, its time zone and the limits of entries."""

    name: str
    time_zone: str = Field(description="The IANA name, as in America/New_York.")
    contact: Contact = Field(description="Provider services, for questions by phone.")
    mailing_address: Address
    branding: Branding
    history_years: int = Field(
        description="For how many years a request is shown after its last change."
    )
    draft_hours: int = Field(description="For how many hours a draft is retained after each save.")
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


class FormQuery(Value):
    """The choices made in a service so far, without data of a patient."""

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


class ChoiceResponse(ResponseModel):
    """A choice: the code to send and the name to show."""

    code: str
    name: str


class FieldResponse(ResponseModel):
    """A field to show now.

    ``required_for`` is the step that requires it: the check (and also the submission), only the
    submission, or none. ``pattern`` is the format of an entry, or of each entry of a list. At least one
    of the parts listed in ``one_of`` is required. The parts of a group are in ``fields``. ``hint`` is
    the payer's text to show with the field.
    """

    name: str
    label: str
    kind: FieldKind
    required_for: Stage | None
    choices: list[ChoiceResponse]
    pattern: str | None
    format: str | None = Field(description="The pattern in words, with an example: a help text.")
    max_length: int | None = Field(description="Maximum number of characters of a text.")
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

    If it waits for ``procedures``, it is required if one of them has a code in ``codes``.
    """

    name: str
    label: str
    waits_for: str
    required_for: Stage | None
    codes: list[CodeRangeResponse]
    field: FieldResponse | None = Field(
        description="The field with its parts and choices, if it waits for `procedures`. Other fields "
        "are in `fields` once the choice is made."
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
    in ``not_shown`` is refused. ``max_codes`` is the maximum number of codes of all services.
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
