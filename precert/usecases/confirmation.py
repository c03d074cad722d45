"""Print the confirmation that nothing in a check needs precertification (C7).

The check is run again, so that the document states the result of the current list. It is printed only
if every result is *not required*. Nothing is stored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from precert.domain.caller import Caller
from precert.domain.content import Procedure, Provider, RequestContent, Service
from precert.domain.errors import FieldError, InvalidInputError, NoConfirmationError
from precert.domain.form_settings import Choice, Form, PlaceOfService, TypeOfService
from precert.domain.next_steps import emergency_admission_notice, is_emergency_admission
from precert.domain.payer import Payer
from precert.domain.rules import CodeResult, Requirement
from precert.domain.values import Value
from precert.domain.wording import (
    written_address,
    written_day,
    written_diagnosis,
    written_moment,
    written_phone,
    written_tin,
    written_units,
)
from precert.usecases.checks import Check, CheckResult
from precert.usecases.ports.documents import Printer

TEMPLATE: Final = "confirmation"

_REASONS: Final = {
    Requirement.REQUIRED: "a service in this check needs precertification, so start a draft",
    Requirement.DELEGATED_VENDOR: "a delegated vendor decides a service, so contact the vendor",
    Requirement.UNABLE_TO_DETERMINE: "the check could not determine the requirement of every code, so "
    "follow the next step of each code",
}
_LISTED: Final = frozenset({"procedures"})
"""Fields of a service that have a table of their own in the document."""
_DIAGNOSES: Final = frozenset({"primary_diagnosis", "additional_diagnoses"})
_CHOICES: Final = {
    "authorization_type": "authorization_types",
    "code_type": "code_types",
    "frequency": "frequencies",
    "kind": "provider_kinds",
    "place_of_service": "places_of_service",
    "route": "routes",
    "type_of_service": "types_of_service",
    "unit_type": "unit_types",
    "urgency": "urgencies",
}
"""The form's choices for a field."""


@dataclass(frozen=True)
class Confirmation:
    """The document, and the day in the payer's time zone on which it was printed."""

    document: bytes
    printed_on: date


def confirm_check(
    content: RequestContent, caller: Caller, *, check: Check, payer: Payer, printer: Printer
) -> Confirmation:
    """Check again, and print the result if nothing needs precertification.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: something is missing or wrong; all errors are listed.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError: no check (P1, A6, A4).
        NoConfirmationError: the check has another result; the error states it.
    """
    unnamed = list(_errors_of_provider(content.servicing_provider))
    try:
        answer = check(content, caller)
    except InvalidInputError as error:
        known = {error.pointer for error in error.errors}
        more = [error for error in unnamed if error.pointer not in known]
        raise InvalidInputError([*error.errors, *more]) from error
    if unnamed:
        raise InvalidInputError(unnamed)
    if answer.requirement is not Requirement.NOT_REQUIRED:
        raise no_confirmation(answer.requirement)
    facts = confirmation_facts(content, answer, payer)
    printed_on = answer.checked_at.astimezone(payer.zone).date()
    return Confirmation(printer.print(TEMPLATE, facts), printed_on)


def no_confirmation(requirement: Requirement) -> NoConfirmationError:
    """The error of a check whose result is not *not required*."""
    return NoConfirmationError(
        f"No confirmation is available: {_REASONS[requirement]}.", requirement=requirement
    )


def _errors_of_provider(provider: Provider | None) -> Iterator[FieldError]:
    """The errors of fields that a check may omit and that the confirmation prints."""
    for name in ("name", "tin", "address"):
        if provider is not None and getattr(provider, name) is None:
            yield FieldError(
                f"/content/servicing_provider/{name}", "missing", "required for the confirmation"
            )


# -- The template's data ------------------------------------------------------------------------------


def confirmation_facts(
    content: RequestContent, answer: CheckResult, payer: Payer
) -> dict[str, object]:
    """All data of the document as text; ``None`` for what was not entered."""
    member, rule_list = answer.coverage, answer.rule_list
    return {
        "payer": {
            "name": payer.name,
            "contact": payer.provider_services.name,
            "phone": payer.provider_services.phone,
            "hours": payer.provider_services.hours,
        },
        "checked_at": written_moment(answer.checked_at.astimezone(payer.zone)),
        "reference": answer.assertion_id,
        "rule_list": {
            "version": rule_list.version,
            "effective_from": written_day(rule_list.effective_from),
        },
        "patient": {
            "name": f"{member.first_name} {member.last_name}",
            "date_of_birth": written_day(member.date_of_birth),
            "member_id": member.member_id,
            "plan": member.plan.name,
        },
        "provider": _provider(content.servicing_provider or Provider(), payer.form),
        "services": [
            _service(service, codes, payer.form)
            for service, codes in zip(content.services, answer.services, strict=True)
        ],
        "must_report": list(_must_report(content, answer, payer)),
        "notices": [payer.notices["confirmation"], *answer.notices(payer)],
    }


def _must_report(content: RequestContent, answer: CheckResult, payer: Payer) -> Iterator[str]:
    """By when each emergency admission must be reported; the document states this first (C10)."""
    texts = [
        emergency_admission_notice(service, payer, answer.state)
        for service in content.services
        if is_emergency_admission(service)
    ]
    yield from dict.fromkeys(texts)


def _provider(provider: Provider, form: Form) -> dict[str, object]:
    return {
        "name": provider.name,
        "kind": provider.kind and _written("kind", provider.kind, form),
        "tin": provider.tin and written_tin(provider.tin),
        "npi": provider.npi,
        "phone": provider.phone and written_phone(provider.phone),
        "fax": provider.fax and written_phone(provider.fax),
        "address": written_address(provider.address) if provider.address else [],
    }


def _service(service: Service, codes: tuple[CodeResult, ...], form: Form) -> dict[str, object]:
    lines = zip(service.procedures, codes, strict=True)
    return {
        "title": _written("type_of_service", service.type_of_service, form),
        "fields": [
            *_fields(service, "service", form),
            *_fields(service.medication, "medication", form),
        ],
        "codes": [_line(procedure, code, form) for procedure, code in lines],
    }


def _fields(holder: Value | None, group: str, form: Form) -> Iterator[dict[str, str]]:
    """The entered fields of a group of the form, in its order, with the payer's labels."""
    for field in form.fields[group]:
        value = getattr(holder, field.name, None)
        if field.name not in form.fields and field.name not in _LISTED and value not in (None, ()):
            yield {"label": field.label, "value": _written(field.name, value, form)}


def _line(procedure: Procedure, answer: CodeResult, form: Form) -> dict[str, object]:
    unit_type = procedure.unit_type and _written("unit_type", procedure.unit_type, form)
    return {
        "code": answer.code,
        "code_set": _written("code_type", answer.code_type, form),
        "modifiers": ", ".join(procedure.modifiers) or None,
        "starts": procedure.start_date and written_day(procedure.start_date),
        "units": procedure.units and written_units(procedure.units, unit_type),
        "label": answer.label,
        "rule": answer.rule_id,
    }


def _written(name: str, value: object, form: Form) -> str:
    """A field's value as text: the name of a choice, a date, codes as people write them."""
    if isinstance(value, tuple):
        return ", ".join(_written(name, one, form) for one in value)
    if isinstance(value, date):
        return written_day(value)
    if name in _DIAGNOSES:
        return written_diagnosis(str(value))
    if name in _CHOICES:
        named = {choice.code: _name(choice) for choice in getattr(form, _CHOICES[name])}
        return named.get(str(value), str(value))
    return str(value)


def _name(choice: Choice | TypeOfService | PlaceOfService) -> str:
    if isinstance(choice, PlaceOfService) and choice.cms_code:
        return f"{choice.name} (POS\u00a0{choice.cms_code})"
    return choice.name
