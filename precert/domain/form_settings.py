"""The payer's settings of the form: fields, choices, places and types of service."""

from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property
from typing import Final, Self

from pydantic import model_validator

from precert.domain.content import (
    Address,
    Medication,
    Patient,
    Procedure,
    Provider,
    RequestContent,
    Service,
)
from precert.domain.values import (
    AuthorizationType,
    CodeType,
    ProviderKind,
    Purpose,
    Text,
    UnitType,
    Urgency,
    Value,
)

_GROUPS: Final[dict[str, type[Value]]] = {
    "request": RequestContent,
    "patient": Patient,
    "address": Address,
    "servicing_provider": Provider,
    "requesting_provider": Provider,
    "service": Service,
    "procedure": Procedure,
    "medication": Medication,
}
"""What the form's fields are fields of."""


class PlaceOfService(Value):
    """A place of service: the payer's code and name, with the CMS code if it has one."""

    code: Text
    name: Text
    cms_code: Text | None = None


class TypeOfService(Value):
    """A choice of the form, and the choices that follow from it (C4)."""

    code: Text
    name: Text
    authorization_type: AuthorizationType
    procedure_required: bool
    medication_required: bool = False
    """Whether it always needs its medication; other types do where a code is a drug's (C11)."""
    places_of_service: tuple[Text, ...]
    x12_service_type: Text | None = None
    """X12 1365: its code in an exported request (C8)."""


class Choice(Value):
    """A choice: the code that is sent, and the payer's name for it."""

    code: Text
    name: Text


class Stage(StrEnum):
    """When a field is required; what a check requires, a submission requires too."""

    CHECK = "CHECK"
    SUBMISSION = "SUBMISSION"


class FormField(Value):
    """A field of the form: its label, and when it is required.

    Without ``authorization_types`` it is shown for all of them.
    """

    name: Text
    label: Text
    required_for: Stage | None = None
    authorization_types: tuple[AuthorizationType, ...] = ()
    notice: Text | None = None
    """The notice to show with the field."""


class Form(Value):
    """The form as data: a portal and the validation use the same (C3, C4)."""

    fields: dict[str, tuple[FormField, ...]]
    """By what they are fields of, in the order of the form."""
    authorization_types: tuple[Choice, ...]
    types_of_service: tuple[TypeOfService, ...]
    places_of_service: tuple[PlaceOfService, ...]
    urgencies: tuple[Choice, ...]
    unit_types: tuple[Choice, ...]
    code_types: tuple[Choice, ...]
    frequencies: tuple[Choice, ...]
    routes: tuple[Choice, ...]
    provider_kinds: tuple[Choice, ...]
    purposes: tuple[Choice, ...]

    @cached_property
    def memo(self) -> dict[object, object]:
        """A cache of :mod:`precert.domain.form` for this form, as long as the process runs."""
        return {}

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        if set(self.fields) != set(_GROUPS):
            raise ValueError(f"fields must have the groups {', '.join(_GROUPS)}")
        for group, model in _GROUPS.items():
            named = {field.name for field in self.fields[group]}
            if unknown := named - set(model.model_fields):
                raise ValueError(f"{group} has no fields {unknown}")
        if missing := set(Service.model_fields) - {field.name for field in self.fields["service"]}:
            raise ValueError(f"each field of a service needs its place: {missing}")
        return self

    @model_validator(mode="after")
    def _choices_are_known(self) -> Self:
        for name, choices, known in (
            ("authorization_types", self.authorization_types, AuthorizationType),
            ("urgencies", self.urgencies, Urgency),
            ("unit_types", self.unit_types, UnitType),
            ("code_types", self.code_types, CodeType),
            ("provider_kinds", self.provider_kinds, ProviderKind),
            ("purposes", self.purposes, Purpose),
        ):
            if unknown := {choice.code for choice in choices} - _values(known):
                raise ValueError(f"{name} has choices that cannot be sent: {unknown}")
        return self

    @model_validator(mode="after")
    def _places_exist(self) -> Self:
        known = {place.code for place in self.places_of_service}
        for kind in self.types_of_service:
            if unknown := set(kind.places_of_service) - known:
                raise ValueError(f"{kind.code} names places that are not listed: {unknown}")
        return self


def _values(members: Iterable[StrEnum]) -> set[str]:
    return {member.value for member in members}
