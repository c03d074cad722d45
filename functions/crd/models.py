"""Parse and validate calls of CDS Hooks services."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import RootModel

from functions.crd.hooks import HookRefusedError
from functions.crd.reading import ClientReads, client_server, path_to
from functions.crd.services import CRD_VERSION, SELECTED, HookService
from precert.domain.payer import Payer
from precert.fhir.bundles import Issue, objects, text
from precert.fhir.elements import Json
from precert.fhir.orders import (
    ORDER_TYPES,
    HookResources,
    orders_of,
    reference_of,
    resources_in,
)
from precert.usecases.coverage_requirements import UNREAD_PATIENT, UNREAD_PAYER
from precert.usecases.ports.clients import ClientServers


class HookResponse(RootModel[dict[str, Any]]):
    """A response of CDS Hooks."""


@dataclass(frozen=True)
class HookOrder:
    """An order of a call: the resource that is updated, and the appointment for it, if any."""

    resource: Json
    booked: Json | None = None
    performer: object = None


@dataclass
class HookCall:
    """A valid call."""

    service: HookService
    patient_id: str
    found: HookResources
    orders: list[HookOrder]
    coverage: Json
    is_only_coverage: bool
    """Whether the call has exactly one coverage of this payer; otherwise ``coverage`` is the first."""
    unread: str | None
    """A text that states which data of patient or payer was not sent and could not be read."""
    encounter: Json | None
    configuration: Mapping[str, object]

    def is_enabled(self, option: str) -> bool:
        """Whether an option is not turned off; values of another type are ignored."""
        return self.configuration.get(option) is not False


def read_call(
    document: Json,
    service: HookService,
    read: list[Json],
    *,
    payer: Payer,
    client_servers: ClientServers,
) -> HookCall:
    """The orders of a call, with the prefetched resources and those of the client's FHIR server.

    The latter are also appended to ``read``.

    Raises:
        HookRefusedError: it is malformed, of another hook or version, or without coverage of the payer.
    """
    context = _required(document, service)
    _require_version(document)
    prefetch = document.get("prefetch")
    sent = prefetch if isinstance(prefetch, dict) else {}
    found = HookResources(
        [*_of_context(context), *(r for v in sent.values() for r in resources_in(v))]
    )
    patient_id, encounter_id = _ids(context)
    reads = _completed(document, context, sent, (patient_id, encounter_id), found, client_servers)
    read += reads.resources if reads else ()
    orders = list(_hook_orders(context, service, found))
    coverage, is_only, unread = _coverage(_coverages(found, sent), found, payer, reads)
    return HookCall(
        service,
        patient_id,
        found,
        orders,
        coverage,
        is_only,
        _unread_patient(found, sent, patient_id, reads) or unread,
        found.bundle.entries.get(f"Encounter/{encounter_id}"),
        _configuration(document),
    )


def _ids(context: Json) -> tuple[str, str]:
    """The ids of the patient and of the encounter, which is optional."""
    patient_id = text(context, "patientId")
    if patient_id is None:
        raise _missing("context.patientId", "the id of the patient")
    encounter_id = text(context, "encounterId") or ""
    return patient_id.removeprefix("Patient/"), encounter_id.removeprefix("Encounter/")


def _completed(
    document: Json,
    context: Json,
    sent: Json,
    ids: tuple[str, str],
    found: HookResources,
    client_servers: ClientServers,
) -> ClientReads | None:
    """Read what was not prefetched. A prefetch key with a null value means that there is no data."""
    server = client_server(document)
    if server is None:
        return None
    reads = ClientReads(server, client_servers, found)
    patient_id, encounter_id = ids
    paths: list[str] = []
    if "patient" not in sent:
        paths += path_to("Patient", patient_id)
    if "coverage" not in sent and not found.of_type("Coverage"):
        for patient in path_to("Patient", patient_id):
            paths.append(f"Coverage?patient={patient.partition('/')[2]}&status=active")
    if "encounter" not in sent:
        paths += path_to("Encounter", encounter_id or None)
    for one in (*_dispatched_references(context), text(context, "performer")):
        if found.target({"reference": one}) is None:
            paths += reads.path_of(one)
    known = {f"{one['resourceType']}/{one.get('id')}" for one in found.resources}
    reads.complete(one for one in paths if one not in known)
    return reads


def _unread_patient(
    found: HookResources, sent: Json, patient_id: str, reads: ClientReads | None
) -> str | None:
    """A text if the patient was not sent, and the FHIR server did not return it.

    Raises:
        HookRefusedError: it was not sent, and the call contains no access to a FHIR server.
    """
    name = f"Patient/{patient_id}"
    if name in found.bundle.entries or "patient" in sent:
        return None
    if reads is None:
        message = (
            "prefetch.patient must have the patient, or fhirAuthorization must give access to it."
        )
        raise HookRefusedError(
            Issue("required", "prefetch.patient", message), HTTPStatus.PRECONDITION_FAILED
        )
    return UNREAD_PATIENT if name in reads.failed else None


def _required(document: Json, service: HookService) -> Json:
    for name in ("hook", "hookInstance"):
        if text(document, name) is None:
            raise _missing(name, "a string")
    if document["hook"] != service.hook:
        message = (
            f"This service is for the hook {service.hook}. Call the service for the hook sent."
        )
        raise HookRefusedError(Issue("value", "hook", message))
    context = document.get("context")
    if not isinstance(context, dict):
        raise _missing("context", "the context of the hook")
    return context


def _missing(expression: str, what: str) -> HookRefusedError:
    return HookRefusedError(Issue("required", expression, f"{expression} must be {what}."))


def _extensions(document: Json) -> Json:
    found = document.get("extension")
    return found if isinstance(found, dict) else {}


def _require_version(document: Json) -> None:
    requested = _extensions(document).get("davinci-crd.requestedVersion")
    if requested is not None and not str(requested).startswith(CRD_VERSION):
        message = (
            f"This service supports version {CRD_VERSION} of Da Vinci CRD. Request that version."
        )
        place = "extension['davinci-crd.requestedVersion']"
        raise HookRefusedError(Issue("not-supported", place, message))


def _configuration(document: Json) -> Json:
    found = _extensions(document).get("davinci-crd.configuration")
    return found if isinstance(found, dict) else {}


def _of_context(context: Json) -> Iterator[Json]:
    for name in ("draftOrders", "appointments"):
        yield from resources_in(context.get(name))
    for name in ("fulfillmentTasks", "task"):
        value = context.get(name)
        for one in value if isinstance(value, list) else [value]:
            yield from resources_in(one)


def _hook_orders(context: Json, service: HookService, found: HookResources) -> Iterator[HookOrder]:
    """The orders of the context.

    Raises:
        HookRefusedError: the context has no orders of this hook.
    """
    if service.focus == "dispatchedOrders":
        yield from _dispatched(context, found)
        return
    if service.is_of_encounters:
        yield from _encounter(context, found)
        return
    sent = context.get(service.focus)
    if not isinstance(sent, dict) or sent.get("resourceType") != "Bundle":
        raise _missing(f"context.{service.focus}", "a Bundle of the resources")
    selections = context.get("selections")
    selected = selections if isinstance(selections, list) else None
    for one in resources_in(sent):
        if one["resourceType"] not in ORDER_TYPES or one.get("doNotPerform") is True:
            continue
        if selected is not None and service.hook == SELECTED and reference_of(one) not in selected:
            continue
        orders = orders_of(one, found) if one["resourceType"] == "Appointment" else []
        yield from (HookOrder(order, booked=one) for order in orders)
        if not orders:
            yield HookOrder(one)


def _dispatched_references(context: Json) -> list[str]:
    sent = context.get("dispatchedOrders", context.get("order"))
    references = sent if isinstance(sent, list) else [sent]
    return [one for one in references if isinstance(one, str) and one]


def _dispatched(context: Json, found: HookResources) -> Iterator[HookOrder]:
    named = _dispatched_references(context)
    if not named:
        raise _missing("context.dispatchedOrders", "references to the orders")
    performer = text(context, "performer")
    orders = [order for one in named if (order := found.target({"reference": one})) is not None]
    if not orders:
        message = (
            "The dispatched orders must be in prefetch, or fhirAuthorization must give access."
        )
        raise HookRefusedError(
            Issue("required", "context.dispatchedOrders", message), HTTPStatus.PRECONDITION_FAILED
        )
    for order in orders:
        if order["resourceType"] in ORDER_TYPES:
            yield HookOrder(order, performer={"reference": performer} if performer else None)


def _encounter(context: Json, found: HookResources) -> Iterator[HookOrder]:
    encounter_id = text(context, "encounterId")
    if encounter_id is None:
        raise _missing("context.encounterId", "the id of the encounter")
    encounter = found.target({"reference": f"Encounter/{encounter_id.rpartition('/')[2]}"})
    if encounter is not None and encounter["resourceType"] == "Encounter":
        yield HookOrder(encounter)


def _coverages(found: HookResources, sent: Json) -> list[Json]:
    """The coverages of a call.

    Raises:
        HookRefusedError: there is none.
    """
    coverages = {reference_of(one): one for one in found.of_type("Coverage")}
    if not coverages and "coverage" not in sent:
        message = (
            "prefetch.coverage must have the patient's coverage, or fhirAuthorization must give access "
            "to it."
        )
        raise HookRefusedError(
            Issue("required", "prefetch.coverage", message), HTTPStatus.PRECONDITION_FAILED
        )
    if not coverages:
        message = (
            "prefetch.coverage must have the coverage that applies to the orders, and has none."
        )
        raise HookRefusedError(Issue("business-rule", "prefetch.coverage", message))
    return list(coverages.values())


def _coverage(
    coverages: list[Json], found: HookResources, payer: Payer, reads: ClientReads | None
) -> tuple[Json, bool, str | None]:
    """The coverage of the call, whether it is the only one of this payer, and a text of unread data.

    Raises:
        HookRefusedError: no coverage has an identifier of this payer.
    """
    discovery = payer.coverage_discovery
    named = [(one, set(_identifiers(one, found))) for one in coverages]
    own = [one for one, identifiers in named if discovery.is_own_payer(identifiers)]
    if own:
        return own[0], len(own) == 1, None
    unread = [one for one, identifiers in named if not identifiers and _is_payer_unread(one, reads)]
    if unread:
        return unread[0], len(unread) == 1, UNREAD_PAYER
    if any(identifiers for _, identifiers in named):
        message = "The coverage is of another payer. Send the order to that payer."
    else:
        message = (
            "The coverage must have its payer's identifier, in payor.identifier or in the Organization "
            "to which payor refers. This payer's identifiers are "
            + ", ".join(f"{one.system}|{one.value}" for one in discovery.payer_identifiers)
            + "."
        )
    raise HookRefusedError(Issue("business-rule", "prefetch.coverage.payor", message))


def _is_payer_unread(coverage: Json, reads: ClientReads | None) -> bool:
    """Whether the client's FHIR server did not return the organization of the coverage's payer."""
    if reads is None:
        return False
    paths = (reads.path_of(text(one, "reference")) for one in objects(coverage, "payor"))
    return any(path in reads.failed for one in paths for path in one)


def _identifiers(coverage: Json, found: HookResources) -> Iterator[tuple[str, str]]:
    """The identifiers of the coverage's payers, as far as they were sent."""
    for payor in objects(coverage, "payor"):
        known = payor.get("identifier")
        organization = found.target(payor, coverage)
        for one in (
            *([known] if isinstance(known, dict) else []),
            *objects(organization, "identifier"),
        ):
            if (value := text(one, "value")) is not None:
                yield text(one, "system") or "", value
