"""What a check or a submission still needs: everything missing or wrong at once (C3, D6).

The form's data decides which choices go together (C4); a portal reads the same data, so that it holds
no rule of its own.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from precert.domain.codes import code_types_of, has_form
from precert.domain.content import MAX_LINES, Procedure, Provider, RequestContent, Service
from precert.domain.errors import Fault
from precert.domain.payer import Payer, TypeOfService
from precert.domain.values import AuthorizationType

_REQUIRED = "missing"


def faults_of_check(content: RequestContent, payer: Payer, today: date) -> list[Fault]:
    """Faults that keep a check from being answered."""
    faults = [*_missing(content, "", ("patient", "servicing_provider"))]
    if not content.services:
        faults.append(Fault("/services", _REQUIRED, "add at least one service"))
    if sum(len(service.procedures) for service in content.services) > MAX_LINES:
        faults.append(
            Fault("/services", "too_many_codes", f"a request has at most {MAX_LINES} codes")
        )
    for index, service in enumerate(content.services):
        faults.extend(_service_faults(service, f"/services/{index}", payer, today))
    return faults


def faults_of_submission(content: RequestContent, payer: Payer, today: date) -> list[Fault]:
    """Faults that keep a draft from being submitted: those of the check and what D2 adds."""
    faults = faults_of_check(content, payer, today)
    faults.extend(_missing(content, "", ("requesting_provider",)))
    if content.servicing_provider:
        faults.extend(_provider_faults(content.servicing_provider, "/servicing_provider"))
        faults.extend(_missing(content.servicing_provider, "/servicing_provider", ("phone",)))
    if content.requesting_provider:
        faults.extend(_provider_faults(content.requesting_provider, "/requesting_provider"))
    for index, service in enumerate(content.services):
        path = f"/services/{index}"
        if service.authorization_type is AuthorizationType.INPATIENT:
            faults.extend(_missing(service, path, ("requested_days",)))
        for line, procedure in enumerate(service.procedures):
            faults.extend(_missing(procedure, f"{path}/procedures/{line}", ("start_date", "units")))
    return faults


def _missing(holder: object, path: str, names: tuple[str, ...]) -> Iterator[Fault]:
    for name in names:
        if getattr(holder, name) is None:
            yield Fault(f"{path}/{name}", _REQUIRED, "this is required")


def _provider_faults(provider: Provider, path: str) -> Iterator[Fault]:
    yield from _missing(provider, path, ("name", "tin", "npi", "address"))


def _service_faults(service: Service, path: str, payer: Payer, today: date) -> Iterator[Fault]:
    yield from _missing(
        service,
        path,
        (
            "authorization_type",
            "type_of_service",
            "place_of_service",
            "urgency",
            "primary_diagnosis",
        ),
    )
    yield from _choice_faults(service, path, payer)
    yield from _date_faults(service, path, payer, today)
    for index, procedure in enumerate(service.procedures):
        yield from _code_faults(procedure, f"{path}/procedures/{index}")
    codes = [(procedure.code, procedure.code_type) for procedure in service.procedures]
    for index, code in enumerate(codes):
        if code in codes[:index]:
            yield Fault(
                f"{path}/procedures/{index}/code",
                "duplicate_code",
                "this code is listed already: raise its units instead",
            )


def _type_of_service(service: Service, payer: Payer) -> TypeOfService | None:
    return next(
        (kind for kind in payer.form.types_of_service if kind.code == service.type_of_service),
        None,
    )


def _choice_faults(service: Service, path: str, payer: Payer) -> Iterator[Fault]:
    if service.type_of_service is None:
        return
    kind = _type_of_service(service, payer)
    choices = [
        known.code
        for known in payer.form.types_of_service
        if service.authorization_type in (None, known.authorization_type)
    ]
    if kind is None or kind.code not in choices:
        yield Fault(
            f"{path}/type_of_service", "not_a_choice", f"choose one of {', '.join(choices)}"
        )
        return
    place = service.place_of_service
    if place is not None and place not in kind.places_of_service:
        yield Fault(
            f"{path}/place_of_service",
            "not_a_choice",
            f"choose one of {', '.join(kind.places_of_service)}",
        )
    if kind.procedure_required and not service.procedures:
        yield Fault(f"{path}/procedures", _REQUIRED, "add at least one procedure code")


def _date_faults(service: Service, path: str, payer: Payer, today: date) -> Iterator[Fault]:
    wanted, other = "service_date", "admission_date"
    if service.authorization_type is AuthorizationType.INPATIENT:
        wanted, other = other, wanted
    if service.authorization_type is not None:
        yield from _missing(service, path, (wanted,))
        if getattr(service, other) is not None:
            yield Fault(
                f"{path}/{other}",
                "not_expected",
                f"leave it out: this service has a {wanted.replace('_', ' ')}",
            )
    day = getattr(service, wanted)
    window = payer.service_dates
    if day and not (
        today - timedelta(days=window.days_back) <= day <= today + timedelta(days=window.days_ahead)
    ):
        yield Fault(
            f"{path}/{wanted}",
            "outside_window",
            f"choose a day from {window.days_back} days back to {window.days_ahead} days ahead, "
            f"or call {payer.provider_services.name} at {payer.provider_services.phone}",
        )


def _code_faults(procedure: Procedure, path: str) -> Iterator[Fault]:
    if procedure.code_type is None:
        found = code_types_of(procedure.code)
        if not found:
            yield Fault(f"{path}/code", "malformed", "not a CPT, HCPCS, revenue or DRG code")
        elif len(found) > 1:
            names = " or ".join(found)
            yield Fault(f"{path}/code_type", "ambiguous", f"this code could be {names}: say which")
    elif not has_form(procedure.code, procedure.code_type):
        yield Fault(
            f"{path}/code", "malformed", f"this is not the form of a {procedure.code_type} code"
        )
