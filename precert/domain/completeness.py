"""Errors of a check or a submission: everything missing or invalid at once (C3, D6).

Fields are validated against the form (:mod:`precert.domain.form`), which a portal reads too. This
module adds the formats of codes and repeated entries. Pointers are relative to the content.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from precert.domain.codes import (
    FORMAT_IN_WORDS,
    candidate_ndcs,
    canonical_code,
    code_types_of,
    has_format,
    labels_of,
)
from precert.domain.content import MAX_LINES, Medication, Procedure, RequestContent, Service
from precert.domain.coverage import Coverage
from precert.domain.errors import FieldError
from precert.domain.form import FieldKind, ServiceField, ServiceForm, request_form, service_form
from precert.domain.form_settings import Stage
from precert.domain.next_steps import BEHAVIORAL
from precert.domain.payer import Payer
from precert.domain.requested_lines import last_of_days
from precert.domain.review import IntakeException
from precert.domain.text import folded
from precert.domain.values import CodeType, UnitType

_CONTACT_DETAILS: Final = frozenset(
    f"/{part}_provider/{name}"
    for part in ("requesting", "servicing")
    for name in ("address", "phone", "fax")
)
OUTSIDE_WINDOW: Final = "outside_window"
"""The error code of a date that providers cannot enter (C9)."""


def errors_of_check(content: RequestContent, payer: Payer, today: date) -> list[FieldError]:
    """Errors that prevent a check. ``today`` is the date of receipt in the payer's time zone."""
    return _errors(content, payer, today, Stage.CHECK)


def errors_of_submission(content: RequestContent, payer: Payer, today: date) -> list[FieldError]:
    """Errors that prevent the submission of a draft: those of a check, and of the fields of D2."""
    return _errors(content, payer, today, Stage.SUBMISSION)


def errors_of_claim(content: RequestContent, payer: Payer, today: date) -> list[FieldError]:
    """Errors that prevent the submission of a PAS claim: those of a submission, with one exception.

    Contact details of providers may be missing. They are optional elements in PAS, whose omission is
    not an error (PAS 2.2.1, conf-14).
    """
    return [
        one
        for one in errors_of_submission(content, payer, today)
        if one.code != "missing" or one.pointer not in _CONTACT_DETAILS
    ]


def _errors(content: RequestContent, payer: Payer, today: date, stage: Stage) -> list[FieldError]:
    errors: list[FieldError] = []
    _check_fields(request_form(payer.form).checked(stage), content, "", stage, errors)
    if sum([len(service.procedures) for service in content.services]) > MAX_LINES:
        message = (
            f"must have at most {MAX_LINES} procedure codes in all; divide it into several requests"
        )
        errors.append(FieldError("/services", "too_many_codes", message))
    for index, service in enumerate(content.services):
        path = f"/services/{index}"
        form = service_form(payer, service, today)
        _check_fields(form.checked(stage), service, path, stage, errors)
        errors.extend(_unexpected(form, service, path, stage))
        if stage is Stage.SUBMISSION and payer.is_behavioral_stay(service):
            errors.append(_behavioral_error(f"{path}/primary_diagnosis", payer))
        errors.extend(_date_errors(form.dated, service, path, payer))
        for line, procedure in enumerate(service.procedures):
            if error := _code_error(procedure, payer, stage):
                errors.append(error.under(f"{path}/procedures/{line}"))
            if procedure.start_date:
                dated, of_line = form.dated_in_procedures, f"{path}/procedures/{line}"
                errors.extend(_date_errors(dated, procedure, of_line, payer))
        if service.additional_diagnoses:
            errors.extend(_repeated_diagnoses(service, path))
        if service.medication:
            errors.extend(_ndc_errors(service.medication, path))
    if len(content.services) > 1 or any(len(one.procedures) > 1 for one in content.services):
        errors.extend(_repeated_codes(content.services, stage))
    return errors


# -- Fields of the form -------------------------------------------------------------------------------


def _check_fields(
    fields: Sequence[ServiceField],
    holder: object,
    path: str,
    stage: Stage,
    errors: list[FieldError],
) -> None:
    """Add the errors of the entered values, by the fields of the form and of its groups.

    Every check calls this for every field: it creates nothing for a valid entry.
    """
    for field in fields:
        value = getattr(holder, field.name)
        if not value:
            if field.is_required(stage):
                pointer = f"{path}/{field.name}"
                errors.append(FieldError(pointer, "missing", _required_text(field), field.codes))
        elif field.kind is FieldKind.GROUP:
            _check_field(field, value, f"{path}/{field.name}", stage, errors)
        elif field.kind is FieldKind.GROUPS:
            for index, entry in enumerate(value):
                _check_field(field, entry, f"{path}/{field.name}/{index}", stage, errors)
        elif field.choices and value not in field.codes:
            errors.append(not_a_choice(field, f"{path}/{field.name}"))


def _check_field(
    field: ServiceField, holder: object, path: str, stage: Stage, errors: list[FieldError]
) -> None:
    _check_fields(field.checked(stage), holder, path, stage, errors)
    if field.one_of and not any(getattr(holder, name) for name in field.one_of):
        names = " or ".join(field.one_of)
        message = f"one of these is required: {names}"
        others = tuple(f"{path}/{name}" for name in field.one_of)
        pointer = f"{path}/{field.one_of[0]}"
        errors.append(FieldError(pointer, "missing", message, depends_on=others))


def _unexpected(
    form: ServiceForm, service: Service, path: str, stage: Stage
) -> Iterator[FieldError]:
    """Missing fields that depend on a later choice, and fields that the form of the service lacks."""
    for awaiting in form.later:
        if awaiting.is_required(stage) and not getattr(service, awaiting.name):
            yield FieldError(f"{path}/{awaiting.name}", "missing", "this is required")
    for name in form.not_shown:
        if getattr(service, name):
            message = "must be absent: a service of this kind does not have this field"
            yield FieldError(f"{path}/{name}", "not_expected", message)


def _date_errors(
    fields: Sequence[ServiceField], holder: Service | Procedure, path: str, payer: Payer
) -> Iterator[FieldError]:
    """Days outside the payer's window (C9)."""
    for field in fields:
        day = getattr(holder, field.name)
        if day and field.earliest and field.latest and not field.earliest <= day <= field.latest:
            services = payer.provider_services
            yield FieldError(
                f"{path}/{field.name}",
                OUTSIDE_WINDOW,
                f"must be a day from {field.earliest} to {field.latest}; for other days, call "
                f"{services.name} at {services.phone}",
            )


def not_a_choice(field: ServiceField, path: str) -> FieldError:
    """The error of a value that is not one of the field's choices."""
    names = ", ".join(choice.name for choice in field.choices)
    return FieldError(path, "not_a_choice", f"must be one of: {names}", field.codes)


def _required_text(field: ServiceField) -> str:
    if field.name == "services":
        return "add at least one service"
    if field.name == "procedures":
        return "add at least one procedure code"
    return "this is required"


# -- Formats of codes ---------------------------------------------------------------------------------


def _behavioral_error(pointer: str, payer: Payer) -> FieldError:
    message = f"a behavioral service cannot be requested here. {payer.notices[BEHAVIORAL]}"
    return FieldError(pointer, "behavioral", message)


def _code_error(procedure: Procedure, payer: Payer, stage: Stage) -> FieldError | None:
    if stage is Stage.SUBMISSION and payer.behavioral_service(procedure.code, procedure.code_type):
        return _behavioral_error("/code", payer)
    return error_of_format(procedure.code, procedure.code_type, payer)


def error_of_format(code: str, code_type: CodeType | None, payer: Payer) -> FieldError | None:
    """The error of a procedure code with the format of no code set, or of several; else ``None``."""
    names = {choice.code: choice.name for choice in payer.form.code_types}
    if code_type is not None:
        if has_format(code, code_type):
            return None
        name = names.get(code_type, code_type)
        message = f"must have the format of {name}: {FORMAT_IN_WORDS[code_type]}"
        return FieldError("/code", "malformed", message)
    code_types = code_types_of(code)
    if not code_types:
        formats = "; ".join(
            f"{names.get(kind, kind)}: {FORMAT_IN_WORDS[kind]}" for kind in CodeType
        )
        return FieldError("/code", "malformed", f"must have the format of a code set. {formats}")
    if len(code_types) == 1:
        return None
    which = " or ".join(names.get(kind, kind) for kind in code_types)
    return FieldError(
        "/code_type", "ambiguous", f"must be {which}: the code has the format of each", code_types
    )


def _ndc_errors(medication: Medication, path: str) -> Iterator[FieldError]:
    candidates = candidate_ndcs(medication.ndc or "")
    if len(candidates) > 1:
        labels = ", ".join(
            f"{label} ({layout})" for layout, label in labels_of(medication.ndc or "").items()
        )
        message = (
            f"must have the dashes of the label, because ten digits can be three drugs: {labels}"
        )
        yield FieldError(f"{path}/medication/ndc", "ambiguous", message, candidates)


def _repeated_diagnoses(service: Service, path: str) -> Iterator[FieldError]:
    diagnoses = {service.primary_diagnosis}
    for index, diagnosis in enumerate(service.additional_diagnoses):
        if diagnosis in diagnoses:
            yield FieldError(
                f"{path}/additional_diagnoses/{index}",
                "duplicate_code",
                "this diagnosis is listed already; remove it here",
            )
        diagnoses.add(diagnosis)


def _repeated_codes(services: Sequence[Service], stage: Stage) -> Iterator[FieldError]:
    """Errors of codes that are repeated with the same modifiers on overlapping dates (S2).

    A code can be listed again with other modifiers or on other dates. A check compares the codes of
    each service, a submission also those of services of the same type, place and medication.
    """
    seen: dict[object, list[Period]] = {}
    for index, service in enumerate(services):
        for line, procedure in enumerate(service.procedures):
            period = _period(service, procedure)
            alone = index if stage is Stage.CHECK else None
            earlier = seen.setdefault((alone, _comparable(service, procedure)), [])
            if any(_overlap(period, other) for other in earlier):
                yield FieldError(
                    f"/services/{index}/procedures/{line}/code",
                    "duplicate_code",
                    "this code is listed already with the same modifiers on overlapping dates: "
                    "increase its units there, or enter other modifiers or dates here",
                    depends_on=("/services",),
                )
            earlier.append(period)


Period = tuple[date, date] | None
"""First and last day of a service line; ``None`` while its dates are missing."""


def _period(service: Service, procedure: Procedure) -> Period:
    days = procedure.units if procedure.unit_type is UnitType.DAYS else None
    first = procedure.start_date
    if first is None:
        first, days = service.first_day, service.requested_days or days
    return (first, last_of_days(first, days or 1)) if first else None


def _overlap(one: Period, other: Period) -> bool:
    if one is None or other is None:
        return True
    return one[0] <= other[1] and other[0] <= one[1]


def _comparable(service: Service, procedure: Procedure) -> object:
    """A key of what is requested, without units and dates, and with the code in its canonical form."""
    code, kind = procedure.code, procedure.code_type
    if kind is None:
        kinds = code_types_of(code)
        kind = kinds[0] if len(kinds) == 1 else None
    medication = service.medication
    return (
        (service.authorization_type, service.type_of_service, service.place_of_service),
        (medication.ndc, folded(medication.name or "")) if medication else None,
        (kind, canonical_code(code, kind) if kind else code),
        frozenset(procedure.modifiers),
    )


def without_window(errors: Iterable[FieldError]) -> list[FieldError]:
    """The errors without dates outside the window, which the payer's staff may register (S5)."""
    return [error for error in errors if error.code != OUTSIDE_WINDOW]


def exceptions_of(
    errors: Sequence[FieldError], coverage: Coverage, payer: Payer, day: date
) -> tuple[IntakeException, ...]:
    """The intake exceptions of a request (S5).

    ``errors`` are those of its content. ``day`` is the date of receipt in the payer's time zone.
    """
    supported = coverage.plan.management_level in payer.supported_management_levels
    found = {
        IntakeException.DATES_OUTSIDE_WINDOW: any(one.code == OUTSIDE_WINDOW for one in errors),
        IntakeException.PLAN_NOT_SUPPORTED: not supported,
        IntakeException.COVERAGE_INACTIVE: not coverage.is_active(day),
    }
    return tuple(exception for exception, applies in found.items() if applies)
