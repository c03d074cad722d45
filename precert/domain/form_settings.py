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
"""The groups of the form's fields, each with the model that has them."""


class PlaceOfService(Value):
    """A place of service: the payer's code and name, with the CMS code if it has one."""

    code: Text
    name: Text
    cms_code: Text | None = None


class TypeOfService(Value):
    """A type of service, and the places of service that can be selected with it (C4)."""

    code: Text
    name: Text
    authorization_type: AuthorizationType
    procedure_required: bool
    medication_required: bool = False
    """Whether a medication is always required. For other types it is required if a procedure code is
    one of the payer's ``drug_codes`` (C11)."""
    places_of_service: tuple[Text, ...]
    x12_service_type: Text | None = None
    """X12 1365 (UM03, service type code): the code in requests of partners and in exports (C8)."""


class Choice(Value):
    """A valid value of a field: its code in requests, and the payer's display name."""

    code: Text
    name: Text


class Stage(StrEnum):
    """From when a field is required. What a check requires, a submission requires too."""

    CHECK = "CHECK"
    SUBMISSION = "SUBMISSION"


class FormField(Value):
    """A field of the form: its label, and when it is required and shown.

    It is shown for every type if ``authorization_types`` is empty.
    """

    name: Text
    label: Text
    required_for: Stage | None = None
    authorization_types: tuple[AuthorizationType, ...] = ()
    notice: Text | None = None
    """Name of the payer's notice to show with the field, if any."""


class Form(Value):
    """The payer's form, from which both the fields of the portal and the validation follow (C3, C4)."""

    fields: dict[str, tuple[FormField, ...]]
    """By group, in the order in which they are shown."""
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
        """The cache of :mod:`precert.domain.form`, per process."""
        return {}

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        if set(self.fields) != set(_GROUPS):
            raise ValueError(f"fields must have the groups {', '.join(_GROUPS)}")
        for group, model in _GROUPS.items():
            named = {field.name for field in self.fields[group]}
            if unknown := named - set(model.model_fields):
                raise ValueError(
                    f"fields of {group} must be fields of the API: {sorted(unknown)} are not"
                )
        if missing := set(Service.model_fields) - {field.name for field in self.fields["service"]}:
            raise ValueError(
                f"fields of service must include every field: {sorted(missing)} are missing"
            )
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
                raise ValueError(
                    f"codes of {name} must be values of the API: {sorted(unknown)} are not"
                )
        return self

    @model_validator(mode="after")
    def _places_exist(self) -> Self:
        known = {place.code for place in self.places_of_service}
        for kind in self.types_of_service:
            if unknown := set(kind.places_of_service) - known:
                raise ValueError(
                    f"places_of_service of {kind.code} must be codes of the form's places_of_service: "
                    f"{sorted(unknown)} are not"
                )
        return self


def _values(members: Iterable[StrEnum]) -> set[str]:
    return {member.value for member in members}
