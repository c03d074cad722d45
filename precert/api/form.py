"""The form as a portal reads it: the choices so far in, the next fields out."""

from datetime import date

from pydantic import BaseModel

from precert.domain.content import MAX_LINES, Service
from precert.domain.form import AskedField, AskedForm, FieldKind, LaterField, asked_of_request
from precert.domain.payer import Payer, Stage
from precert.domain.values import AuthorizationType, Text, Urgency, Value


class FormQuery(Value):
    """What is chosen in a service so far; choices only, nothing that tells of a patient."""

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


class ChoiceAnswer(BaseModel):
    """What can be chosen: the code to send and the name to show."""

    code: str
    name: str


class FieldAnswer(BaseModel):
    """A field to show now.

    ``required_for`` says when it must be there: for the check (and so for a submission), for a
    submission only, or never. ``pattern`` is the form of an entry, of each entry where there are
    several. Of the parts named in ``one_of`` at least one is needed. Parts of a group are ``fields``.
    """

    name: str
    label: str
    kind: FieldKind
    required_for: Stage | None
    choices: list[ChoiceAnswer]
    pattern: str | None
    earliest: date | None
    latest: date | None
    minimum: int | None
    maximum: int | None
    max_items: int | None
    one_of: list[str]
    fields: list["FieldAnswer"]

    @classmethod
    def of(cls, field: AskedField) -> "FieldAnswer":
        return cls(
            name=field.name,
            label=field.label,
            kind=field.kind,
            required_for=field.required_for,
            choices=[ChoiceAnswer(code=one.code, name=one.name) for one in field.choices],
            pattern=field.pattern,
            earliest=field.earliest,
            latest=field.latest,
            minimum=field.minimum,
            maximum=field.maximum,
            max_items=field.max_items,
            one_of=list(field.one_of),
            fields=[cls.of(part) for part in field.fields],
        )


class LaterFieldAnswer(BaseModel):
    """A field that cannot be shown before another one is chosen."""

    name: str
    label: str
    waits_for: str
    required_for: Stage | None

    @classmethod
    def of(cls, later: LaterField) -> "LaterFieldAnswer":
        return cls(
            name=later.name,
            label=later.label,
            waits_for=later.waits_for,
            required_for=later.required_for,
        )


class FormAnswer(BaseModel):
    """The fields of one service in the order to show them, and those of the request around it.

    ``fields`` can be shown now, ``later`` ones once ``waits_for`` is chosen; a service that carries
    one of ``not_shown`` is refused. ``max_codes`` counts the codes of all services.
    """

    fields: list[FieldAnswer]
    later: list[LaterFieldAnswer]
    not_shown: list[str]
    request_fields: list[FieldAnswer]
    max_codes: int

    @classmethod
    def of(cls, asked: AskedForm, payer: Payer) -> "FormAnswer":
        return cls(
            fields=[FieldAnswer.of(field) for field in asked.fields],
            later=[LaterFieldAnswer.of(field) for field in asked.later],
            not_shown=list(asked.not_shown),
            request_fields=[FieldAnswer.of(field) for field in asked_of_request(payer.form).fields],
            max_codes=MAX_LINES,
        )
