"""The fields of the form for one service, by the values selected so far (C3, C4).

Completeness validates the same fields (:mod:`precert.domain.completeness`), so a portal that shows the
form needs no conditions of its own. Labels and choices are the payer's (:class:`Form`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, cast

from precert.domain.codes import NDC_PATTERN, CodeRange
from precert.domain.content import MAX_LINES, MAX_SERVICES, Patient, Service
from precert.domain.dates import days_after
from precert.domain.form_settings import Choice, Form, FormField, Stage, TypeOfService
from precert.domain.payer import Payer
from precert.domain.values import (
    MAX_TEXT,
    MAX_UNITS,
    AuthorizationType,
    CodeType,
    ProviderKind,
    Purpose,
    UnitType,
    Urgency,
)


class FieldKind(StrEnum):
    """How a field is entered."""

    CHOICE = "CHOICE"
    DAY = "DAY"
    CODE = "CODE"
    CODES = "CODES"
    NUMBER = "NUMBER"
    TEXT = "TEXT"
    GROUP = "GROUP"
    GROUPS = "GROUPS"


@dataclass(frozen=True)
class ServiceField:
    """A field to show now, with its constraints.

    ``pattern`` is a regular expression for the value, or for each value of a list. ``earliest`` and
    ``latest`` are the first and last valid date, ``minimum`` and ``maximum`` the limits of a number.
    ``fields`` are the fields of a group. At least one of the fields of a group that ``one_of`` names is
    required.
    """

    name: str
    label: str
    kind: FieldKind
    required_for: Stage | None
    choices: tuple[Choice, ...] = ()
    pattern: str | None = None
    format: str | None = None
    """Describes ``pattern``, with an example."""
    max_length: int | None = None
    earliest: date | None = None
    latest: date | None = None
    minimum: int | None = None
    maximum: int | None = None
    max_items: int | None = None
    one_of: tuple[str, ...] = ()
    fields: tuple["ServiceField", ...] = ()
    notice: str | None = None
    """The payer's notice to show with the field."""

    def is_required(self, stage: Stage) -> bool:
        """Whether the stage requires a value. What a check requires, a submission requires too."""
        return self.required_for in (Stage.CHECK, stage)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The codes of the choices, in their order."""
        return tuple(choice.code for choice in self.choices)

    @property
    def offers_all_values(self) -> bool:
        """Whether the choices are all values of the field's enumeration."""
        return set(self.codes) == {member.value for member in _ENUM_OF.get(self.name, ())}

    def checked(self, stage: Stage) -> tuple["ServiceField", ...]:
        """The fields of the group whose validation needs more than their types."""
        return self._checked[stage]

    @cached_property
    def _checked(self) -> dict[Stage, tuple["ServiceField", ...]]:
        return _checked(self.fields)


@dataclass(frozen=True)
class LaterField:
    """A field that is shown only after a value is entered in the field ``waits_for``."""

    name: str
    label: str
    waits_for: str
    required_for: Stage | None
    """``None`` also where the value of ``waits_for`` decides whether it is required."""
    codes: tuple[CodeRange, ...] = ()
    """If it waits for procedure codes: those for which it is shown (C11)."""
    field: ServiceField | None = None
    """If it waits for procedure codes: the field as it is shown for those."""

    def is_required(self, stage: Stage) -> bool:
        """Whether the stage requires a value. What a check requires, a submission requires too."""
        return self.required_for in (Stage.CHECK, stage)


@dataclass(frozen=True)
class ServiceForm:
    """One service's fields: to show now, to show later, and not to show."""

    fields: tuple[ServiceField, ...]
    later: tuple[LaterField, ...] = ()
    not_shown: tuple[str, ...] = ()

    def checked(self, stage: Stage) -> tuple[ServiceField, ...]:
        """The fields whose validation needs more than their types."""
        return self._checked[stage]

    @cached_property
    def dated(self) -> tuple[ServiceField, ...]:
        """The service's own fields with a range of valid dates (C9)."""
        return tuple(field for field in self.fields if field.earliest)

    @cached_property
    def dated_in_procedures(self) -> tuple[ServiceField, ...]:
        """The fields of each procedure with a range of valid dates (C9)."""
        groups = [field.fields for field in self.fields if field.name == "procedures"]
        return tuple(part for parts in groups for part in parts if part.earliest)

    @cached_property
    def _checked(self) -> dict[Stage, tuple[ServiceField, ...]]:
        return _checked(self.fields)


_REQUIRED_BY_MODELS: Final = frozenset(
    {"code", *Patient.model_fields, *("line_1", "city", "state", "zip_code")}
)
"""Fields that the models of their groups require already."""


def _checked(fields: Iterable[ServiceField]) -> dict[Stage, tuple[ServiceField, ...]]:
    return {
        stage: tuple(
            field
            for field in fields
            if (field.is_required(stage) and field.name not in _REQUIRED_BY_MODELS)
            or (field.choices and not field.offers_all_values)
            or field.one_of
            or field.checked(stage)
        )
        for stage in Stage
    }


_ENUM_OF: Final[Mapping[str, type[StrEnum]]] = {
    "authorization_type": AuthorizationType,
    "urgency": Urgency,
    "code_type": CodeType,
    "unit_type": UnitType,
    "kind": ProviderKind,
    "purpose": Purpose,
}
_DIAGNOSIS: Final = r"^[A-Za-z][0-9A-Za-z]{2}(\.?[0-9A-Za-z]{1,4})?$"
FORMAT_OF_DIAGNOSES: Final = "three to seven characters, as in K55 or K55.059"
_TEXT: Final = {"max_length": MAX_TEXT}
_CONSTRAINTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "additional_diagnoses": {
        "pattern": _DIAGNOSIS,
        "max_items": 24,
        "format": FORMAT_OF_DIAGNOSES,
    },
    "city": _TEXT,
    "code": {
        "pattern": r"^([0-9]{4}[0-9FTUMftum]|[A-Va-v][0-9]{4}|[0-9]{3,4})$",
        "format": "CPT, HCPCS, revenue code or MS-DRG, as in 44120, J1745 or 0450",
    },
    "first_name": _TEXT,
    "last_name": _TEXT,
    "line_1": _TEXT,
    "line_2": _TEXT,
    "member_id": {
        "pattern": r"^[0-9A-Za-z -]{5,40}$",
        "format": "5 to 20 letters and digits, as on the ID card",
    },
    "modifiers": {
        "pattern": r"^[0-9A-Za-z]{2}$",
        "max_items": 4,
        "format": "two letters or digits, as in 50 or RT",
    },
    "name": _TEXT,
    "ndc": {
        "pattern": NDC_PATTERN,
        "format": "9 or 11 digits, or the dashes of the label, as in 57894-030-01",
    },
    "npi": {"pattern": r"^[0-9]{10}$", "format": "ten digits, as in 1234567893"},
    "tin": {"pattern": r"^[0-9]{2}-?[0-9]{7}$", "format": "nine digits, as in 12-3456789"},
    "phone": {"pattern": r"^[0-9 ().+-]{10,20}$", "format": "ten digits, as in (216) 555-0188"},
    "fax": {"pattern": r"^[0-9 ().+-]{10,20}$", "format": "ten digits, as in (216) 555-0188"},
    "primary_diagnosis": {"pattern": _DIAGNOSIS, "format": FORMAT_OF_DIAGNOSES},
    "provider_id": _TEXT,
    "state": {"pattern": r"^[A-Za-z]{2}$", "format": "two letters, as in OH"},
    "zip_code": {
        "pattern": r"^[0-9]{5}(-?[0-9]{4})?$",
        "format": "five digits, as in 44122",
    },
    "procedures": {"max_items": MAX_LINES},
    "requested_days": {"minimum": 1, "maximum": 365},
    "services": {"max_items": MAX_SERVICES},
    "units": {"minimum": 1, "maximum": MAX_UNITS},
}
_KINDS: Final = {
    FieldKind.CHOICE: (
        *("authorization_type", "type_of_service", "place_of_service", "urgency"),
        *("code_type", "unit_type", "frequency", "route", "kind", "purpose"),
    ),
    FieldKind.DAY: ("admission_date", "service_date", "start_date", "date_of_birth"),
    FieldKind.CODE: (
        *("primary_diagnosis", "code", "ndc", "npi", "tin", "phone", "fax"),
        *("member_id", "state", "zip_code"),
    ),
    FieldKind.CODES: ("additional_diagnoses", "modifiers"),
    FieldKind.NUMBER: ("requested_days", "units"),
    FieldKind.TEXT: (
        *("name", "provider_id", "last_name", "first_name", "line_1", "line_2", "city"),
    ),
    FieldKind.GROUP: (
        *("patient", "servicing_provider", "requesting_provider", "address", "medication"),
    ),
    FieldKind.GROUPS: ("services", "procedures"),
}
_KIND_OF: Final = {name: kind for kind, names in _KINDS.items() for name in names}
_GROUP_OF: Final = {
    "patient": "patient",
    "address": "address",
    "servicing_provider": "servicing_provider",
    "requesting_provider": "requesting_provider",
    "procedures": "procedure",
    "medication": "medication",
}
_WAITS_FOR: Final = {
    "type_of_service": "authorization_type",
    "place_of_service": "type_of_service",
    "procedures": "type_of_service",
    "medication": "type_of_service",
}
_BY_TYPE: Final = frozenset({"procedures", "medication"})
"""Fields for which the type of service decides whether they are required."""


def service_form(payer: Payer, service: Service, today: date) -> ServiceForm:
    """The fields of a service, by the values selected in it so far.

    Dates are valid in the payer's window around ``today``. Forms are cached in ``payer.form.memo``.
    """
    form, window = payer.form, payer.service_dates
    kind = chosen_type(form, service)
    days = (days_after(today, -window.days_back), days_after(today, window.days_ahead))
    drug = _needs_medication(payer, service, kind)
    key = (service.authorization_type, kind and kind.code, days, drug)
    if key not in form.memo:
        form.memo[key] = _new_service_form(payer, service, kind, days, drug)
    return cast("ServiceForm", form.memo[key])


def request_form(form: Form) -> ServiceForm:
    """The fields of a request, except those within its services."""
    if "request" not in form.memo:
        form.memo["request"] = ServiceForm(_group(form, "request"))
    return cast("ServiceForm", form.memo["request"])


def prepare_forms(payer: Payer, today: date) -> None:
    """Create the parts of forms that all requests share, before the first request needs them."""
    for stage in Stage:
        request_form(payer.form).checked(stage)
    for kind in payer.form.types_of_service:
        service = Service(authorization_type=kind.authorization_type, type_of_service=kind.code)
        service_form(payer, service, today)


def chosen_type(form: Form, service: Service) -> TypeOfService | None:
    """The type of service, if it is available for the authorization type."""
    return next(
        (
            kind
            for kind in form.types_of_service
            if kind.code == service.type_of_service
            and kind.authorization_type is service.authorization_type
        ),
        None,
    )


def _needs_medication(payer: Payer, service: Service, kind: TypeOfService | None) -> bool | None:
    """Whether a medication is required (C11); ``None`` until a procedure code decides it."""
    if kind is None or (not service.procedures and not kind.medication_required):
        return None
    return payer.needs_medication(service)


def _new_service_form(
    payer: Payer,
    service: Service,
    kind: TypeOfService | None,
    days: tuple[date, date],
    drug: bool | None,
) -> ServiceForm:
    form = payer.form
    fields: list[ServiceField] = []
    later: list[LaterField] = []
    not_shown: list[str] = []
    for field in form.fields["service"]:
        awaited = _awaited(field, service, kind, drug)
        if awaited is not None:
            depends = field.name in _BY_TYPE or field.authorization_types
            required = None if depends else field.required_for
            by_codes = awaited == "procedures"
            codes = payer.drug_codes if by_codes else ()
            shown = _of_service(field, service, kind, form, days) if by_codes else None
            later.append(LaterField(field.name, field.label, awaited, required, codes, shown))
        elif _is_shown(field, service, drug):
            fields.append(_of_service(field, service, kind, form, days))
        else:
            not_shown.append(field.name)
    return ServiceForm(tuple(fields), tuple(later), tuple(not_shown))


def _awaited(
    field: FormField, service: Service, kind: TypeOfService | None, drug: bool | None
) -> str | None:
    """The field that must have a value before this one is shown; ``None`` if none is missing."""
    if field.name == "medication" and kind is not None:
        return "procedures" if drug is None else None
    awaited = "authorization_type" if field.authorization_types else _WAITS_FOR.get(field.name)
    if awaited == "type_of_service":
        return awaited if kind is None else None
    return awaited if awaited and getattr(service, awaited) is None else None


def _is_shown(field: FormField, service: Service, drug: bool | None) -> bool:
    if field.name == "medication":
        return bool(drug)
    return not field.authorization_types or service.authorization_type in field.authorization_types


def _of_service(
    field: FormField,
    service: Service,
    kind: TypeOfService | None,
    form: Form,
    days: tuple[date, date],
) -> ServiceField:
    shown = _service_field(field, form)
    if shown.name == "type_of_service":
        return replace(shown, choices=_types(form, service))
    if shown.name == "place_of_service" and kind is not None:
        return replace(shown, choices=_places(form, kind))
    if shown.name == "procedures" and kind is not None:
        lines = tuple(_within(days, part) for part in shown.fields)
        required_for = Stage.CHECK if kind.procedure_required else None
        return replace(shown, required_for=required_for, fields=lines)
    return _within(days, shown)


def _within(days: tuple[date, date], field: ServiceField) -> ServiceField:
    """Set the first and last valid day of a date field (C9); other fields are unchanged."""
    if field.kind is not FieldKind.DAY:
        return field
    return replace(field, earliest=days[0], latest=days[1])


def _types(form: Form, service: Service) -> tuple[Choice, ...]:
    return tuple(
        Choice(code=kind.code, name=kind.name)
        for kind in form.types_of_service
        if kind.authorization_type is service.authorization_type
    )


def _places(form: Form, kind: TypeOfService) -> tuple[Choice, ...]:
    names = {place.code: place.name for place in form.places_of_service}
    return tuple(Choice(code=code, name=names[code]) for code in kind.places_of_service)


def _group(form: Form, group: str) -> tuple[ServiceField, ...]:
    return tuple(_service_field(field, form) for field in form.fields[group])


def _service_field(field: FormField, form: Form) -> ServiceField:
    key = ("field", id(field))  # the form has its fields as long as its memo
    if key not in form.memo:
        form.memo[key] = _new_service_field(field, form)
    return cast("ServiceField", form.memo[key])


def _new_service_field(field: FormField, form: Form) -> ServiceField:
    group = _GROUP_OF.get(field.name)
    return ServiceField(
        name=field.name,
        label=field.label,
        kind=_KIND_OF[field.name],
        required_for=field.required_for,
        choices=tuple(_choices(field.name, form)),
        fields=_group(form, group) if group else (),
        one_of=("name", "ndc") if field.name == "medication" else (),
        notice=field.notice,
        **_CONSTRAINTS.get(field.name, {}),
    )


def _choices(name: str, form: Form) -> Iterable[Choice]:
    return {
        "authorization_type": form.authorization_types,
        "urgency": form.urgencies,
        "unit_type": form.unit_types,
        "code_type": form.code_types,
        "frequency": form.frequencies,
        "route": form.routes,
        "kind": form.provider_kinds,
        "purpose": form.purposes,
    }.get(name, ())
