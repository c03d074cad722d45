"""The services that discovery lists, and what a call of a hook sends."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from pydantic import RootModel

from precert.api.hooks import HookRefusedError
from precert.domain.errors import NotFoundError
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

CRD_VERSION: Final = "2.2"
COVERAGE_INFO: Final = "coverage-info"
SIGNED: Final = "order-sign"
SELECTED: Final = "order-select"
UNSOLICITED: Final = "unsolicited-determ"
_BY_PARTY: Final = ("requester", "performer", "orderer", "prescriber", "sender", "recipient")


class HookResponse(RootModel[dict[str, Any]]):
    """A response of CDS Hooks."""


@dataclass(frozen=True)
class HookService:
    """A service of one hook."""

    hook: str
    title: str
    description: str
    focus: str
    """The member of the context with the orders."""
    path: str
    """The FHIRPath of the orders in prefetch templates."""
    further: Mapping[str, str] = field(default_factory=dict)
    """Prefetch of its own."""

    @property
    def service_id(self) -> str:
        return f"{self.hook}-crd"

    @property
    def prefetch(self) -> dict[str, str]:
        """The queries that answer most calls; what else is needed is read when it is needed."""
        return {
            "patient": "Patient/{{context.patientId}}",
            "coverage": "Coverage?patient={{context.patientId}}&status=active",
            "encounter": "Encounter/{{context.encounterId}}",
            **self.further,
            "practitionerRoles": self._parties("PractitionerRole"),
            "practitioners": self._parties(
                "Practitioner", "%practitionerRoles.entry.resource.practitioner.resolve().id"
            ),
            "organizations": self._parties(
                "Organization", "%practitionerRoles.entry.resource.organization.resolve().id"
            ),
        }

    def _parties(self, kind: str, *others: str) -> str:
        paths = [f"{self.path}.{name}.resolve().ofType({kind}).id" for name in _BY_PARTY]
        return f"{kind}?_id={{{{{'|'.join([*others, *paths])}}}}}"


def _queries(*kinds: str) -> dict[str, str]:
    """Prefetch of dispatched orders, one query for each type."""
    return {
        f"{kind[0].lower()}{kind[1:]}s": (
            f"{kind}?_id={{{{context.dispatchedOrders.resolve().ofType({kind}).id}}}}"
        )
        for kind in kinds
    }


_MEDICATIONS: Final = {
    "medications": (
        "Medication?_id={{context.draftOrders.entry.resource.ofType(MedicationRequest)"
        ".medication.resolve().id}}"
    ),
    "devices": (
        "Device?_id={{context.draftOrders.entry.resource.ofType(DeviceRequest).code.resolve().id}}"
    ),
}
SERVICES: Final = (
    HookService(
        SIGNED,
        "Coverage requirements of signed orders",
        "Whether the orders need precertification, with the documentation that it requires. Orders "
        "that the rules approve are authorized.",
        "draftOrders",
        "context.draftOrders.entry.resource",
        _MEDICATIONS,
    ),
    HookService(
        SELECTED,
        "Coverage requirements of selected orders",
        "Whether the selected orders need precertification, as far as they are complete.",
        "draftOrders",
        "context.draftOrders.entry.resource",
        _MEDICATIONS,
    ),
    HookService(
        "order-dispatch",
        "Coverage requirements of dispatched orders",
        "Whether the orders need precertification when this performer performs them.",
        "dispatchedOrders",
        "%serviceRequests.entry.resource",
        _queries(
            "CommunicationRequest",
            "DeviceRequest",
            "MedicationRequest",
            "NutritionOrder",
            "ServiceRequest",
            "VisionPrescription",
        ),
    ),
    HookService(
        "appointment-book",
        "Coverage requirements of booked appointments",
        "Whether what is booked needs precertification.",
        "appointments",
        "%serviceRequests.entry.resource",
        {
            "serviceRequests": (
                "ServiceRequest?_id={{context.appointments.entry.resource.basedOn.resolve()"
                ".ofType(ServiceRequest).id}}"
            )
        },
    ),
)
_OPTIONS: Final = (
    {
        "code": COVERAGE_INFO,
        "type": "boolean",
        "name": "Coverage information",
        "description": "Whether a service is covered, needs precertification, and what it requires.",
        "default": True,
    },
    {
        "code": UNSOLICITED,
        "type": "boolean",
        "name": "Authorization of signed orders",
        "description": "Whether orders that the payer's rules approve are authorized when they are "
        "signed.",
        "default": True,
    },
)


def discovery() -> Json:
    """The services with their prefetch templates and the extensions of Da Vinci CRD."""
    return {
        "services": [
            {
                "hook": one.hook,
                "id": one.service_id,
                "title": one.title,
                "description": one.description,
                "prefetch": one.prefetch,
                "usageRequirements": "Access to the client's FHIR server is used where prefetch lacks "
                "something.",
                "extension": {
                    "davinci-crd.version": [CRD_VERSION],
                    "davinci-crd.configuration-options": list(_OPTIONS),
                },
            }
            for one in SERVICES
        ]
    }


def service_of(service_id: str) -> HookService:
    """The service of an id.

    Raises:
        NotFoundError.
    """
    for one in SERVICES:
        if one.service_id == service_id:
            return one
    names = ", ".join(one.service_id for one in SERVICES)
    raise NotFoundError(f"There is no such service. These exist: {names}.")


@dataclass(frozen=True)
class HookOrder:
    """An order of a call: the resource that is updated, and the appointment for it, if any."""

    resource: Json
    booked: Json | None = None
    performer: object = None


@dataclass
class HookCall:
    """A call that can be answered."""

    service: HookService
    patient_id: str
    found: HookResources
    orders: list[HookOrder]
    coverage: Json
    encounter: Json | None
    configuration: Mapping[str, object]

    def wants(self, option: str) -> bool:
        """Whether an option is not switched off; values of another type are ignored."""
        return self.configuration.get(option) is not False


def read_call(document: Json, service: HookService, *, payer: Payer) -> HookCall:
    """The orders of a call with what it sent about them.

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
    patient_id = text(context, "patientId")
    if patient_id is None:
        raise _missing("context.patientId", "the id of the patient")
    encounter_id = text(context, "encounterId")
    return HookCall(
        service,
        patient_id.removeprefix("Patient/"),
        found,
        list(_hook_orders(context, service, found)),
        _coverage(found, sent, payer),
        found.bundle.entries.get(f"Encounter/{encounter_id}"),
        _configuration(document),
    )


def _required(document: Json, service: HookService) -> Json:
    for name in ("hook", "hookInstance"):
        if text(document, name) is None:
            raise _missing(name, "a text")
    if document["hook"] != service.hook:
        message = f"This service is of the hook {service.hook}. Send the call to its own service."
        raise HookRefusedError(Issue("value", "hook", message))
    context = document.get("context")
    if not isinstance(context, dict):
        raise _missing("context", "the context of the hook")
    return context


def _missing(expression: str, what: str) -> HookRefusedError:
    return HookRefusedError(Issue("required", expression, f"Send {expression}: {what}."))


def _extensions(document: Json) -> Json:
    found = document.get("extension")
    return found if isinstance(found, dict) else {}


def _require_version(document: Json) -> None:
    requested = _extensions(document).get("davinci-crd.requestedVersion")
    if requested is not None and not str(requested).startswith(CRD_VERSION):
        message = f"This service answers by version {CRD_VERSION} of Da Vinci CRD. Ask for it."
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
    sent = context.get(service.focus)
    if service.focus == "dispatchedOrders":
        yield from _dispatched(context, found)
        return
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


def _dispatched(context: Json, found: HookResources) -> Iterator[HookOrder]:
    sent = context.get("dispatchedOrders", context.get("order"))
    references = sent if isinstance(sent, list) else [sent]
    named = [one for one in references if isinstance(one, str) and one]
    if not named:
        raise _missing("context.dispatchedOrders", "references to the orders")
    performer = text(context, "performer")
    for one in named:
        order = found.target({"reference": one})
        if order is not None and order["resourceType"] in ORDER_TYPES:
            yield HookOrder(order, performer={"reference": performer} if performer else None)


def _coverage(found: HookResources, sent: Json, payer: Payer) -> Json:
    """The one coverage of the call, by this payer.

    Raises:
        HookRefusedError: there is none or several, or it is of another payer.
    """
    coverages = {reference_of(one): one for one in found.of_type("Coverage")}
    if not coverages and "coverage" not in sent:
        message = (
            "Send the patient's coverage in prefetch.coverage, or access to a FHIR server with it."
        )
        raise HookRefusedError(
            Issue("required", "prefetch.coverage", message), HTTPStatus.PRECONDITION_FAILED
        )
    if len(coverages) != 1:
        message = f"Send the one coverage that the orders are under; there are {len(coverages)}."
        raise HookRefusedError(Issue("business-rule", "prefetch.coverage", message))
    [coverage] = coverages.values()
    if payer.coverage_discovery.is_other_payer(list(_identifiers(coverage, found))):
        message = (
            "The payer of the coverage has another identifier than this payer. Ask that payer."
        )
        raise HookRefusedError(Issue("business-rule", "prefetch.coverage.payor", message))
    return coverage


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
