"""The CDS Hooks services with their prefetch templates, for the discovery endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from precert.domain.errors import NotFoundError
from precert.fhir.elements import Json

CRD_VERSION: Final = "2.2"
COVERAGE_INFO: Final = "coverage-info"
UNSOLICITED: Final = "unsolicited-determ"
SIGNED: Final = "order-sign"
SELECTED: Final = "order-select"
ENCOUNTER_HOOKS: Final = frozenset({"encounter-start", "encounter-discharge"})
EARLY_HOOKS: Final = frozenset({SELECTED, *ENCOUNTER_HOOKS})
"""The hooks whose responses do not request documentation, because a later hook does."""


@dataclass(frozen=True)
class HookService:
    """A service of one hook."""

    hook: str
    title: str
    description: str
    focus: str
    """The member of the context with the orders."""
    parties: tuple[tuple[str, tuple[str, ...]], ...]
    """Expressions of the orders in prefetch templates, with their elements for practitioners."""
    organizations: tuple[str, ...]
    """Expressions of organizations in the guide's standard prefetch for this hook."""
    further: Mapping[str, str] = field(default_factory=dict)
    """Prefetch templates that only this service has."""

    @property
    def service_id(self) -> str:
        return f"{self.hook}-crd"

    @property
    def is_of_encounters(self) -> bool:
        return self.hook in ENCOUNTER_HOOKS

    @property
    def prefetch(self) -> dict[str, str]:
        """The prefetch templates, with the guide's standard expressions.

        Other resources are read from the client's FHIR server when they are needed.
        """
        practitioner = "%practitionerRoles.entry.resource.practitioner.resolve().id"
        organization = "%practitionerRoles.entry.resource.organization.resolve().id"
        return {
            "patient": "Patient/{{context.patientId}}",
            "coverage": "Coverage?patient={{context.patientId}}&status=active",
            "encounter": "Encounter/{{context.encounterId}}",
            **self.further,
            "practitionerRoles": _by_id("PractitionerRole", self._of("PractitionerRole")),
            "practitioners": _by_id("Practitioner", [practitioner, *self._of("Practitioner")]),
            "organizations": _by_id("Organization", [organization, *self.organizations]),
        }

    def _of(self, kind: str) -> list[str]:
        return [
            f"{path}.{name}.resolve().ofType({kind}).id"
            for path, names in self.parties
            for name in names
        ]


def _by_id(kind: str, expressions: Sequence[str]) -> str:
    return f"{kind}?_id={{{{{'|'.join(expressions)}}}}}"


_DRAFTS: Final = "context.draftOrders.entry.resource"
_BASED_ON: Final = "context.appointments.entry.resource.basedOn"
_ALTERNATE: Final = "extension('http://hl7.org/fhir/StructureDefinition/alternate-reference').value"
_NAMED_BY: Final = {
    "CommunicationRequest": ("sender", "recipient", "requester"),
    "DeviceRequest": ("performer", "requester"),
    "MedicationRequest": ("performer", "requester"),
    "NutritionOrder": ("orderer",),
    "ServiceRequest": ("performer", "requester"),
    "VisionPrescription": ("prescriber",),
}
"""The elements of each type of order that name practitioners."""


def _key(kind: str) -> str:
    return f"{kind[0].lower()}{kind[1:]}s"


def _resources(kind: str) -> str:
    """The expression for prefetched resources of a type, in later templates."""
    return f"%{_key(kind)}.entry.resource"


def _organizations(path: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{path}.{name}.resolve().ofType(Organization).id" for name in names)


def _of_drafts(hook: str, title: str, description: str) -> HookService:
    names = ("sender", "recipient", "requester", "performer", "orderer", "prescriber")
    medication = f"{_DRAFTS}.ofType(MedicationRequest).medication.resolve().id"
    return HookService(
        hook,
        title,
        description,
        "draftOrders",
        ((_DRAFTS, names),),
        (
            f"{_DRAFTS}.dispenseRequest.performer.resolve().id",
            *_organizations(_DRAFTS, "sender", "recipient", "performer"),
        ),
        {
            "medications": _by_id("Medication", [medication]),
            "devices": _by_id("Device", [f"{_DRAFTS}.ofType(DeviceRequest).code.resolve().id"]),
        },
    )


def _of_encounters(hook: str, title: str, description: str) -> HookService:
    return HookService(
        hook,
        title,
        description,
        "encounterId",
        (("%encounter", ("participant.individual",)),),
        _organizations("%encounter", "serviceProvider"),
    )


_OF_CODES: Final = {
    "medications": _by_id(
        "Medication", [f"{_resources('MedicationRequest')}.medication.resolve().id"]
    ),
    "devices": _by_id("Device", [f"{_resources('DeviceRequest')}.code.resolve().id"]),
}
SERVICES: Final = (
    _of_drafts(
        SIGNED,
        "Coverage requirements of signed orders",
        "Whether the orders need precertification, with the documentation that it requires. Orders "
        "that the rules approve are authorized.",
    ),
    _of_drafts(
        SELECTED,
        "Coverage requirements of selected orders",
        "Whether the selected orders need precertification, as far as they are complete.",
    ),
    HookService(
        "order-dispatch",
        "Coverage requirements of dispatched orders",
        "Whether the orders need precertification when this performer performs them.",
        "dispatchedOrders",
        tuple((_resources(kind), names) for kind, names in _NAMED_BY.items()),
        (
            *_organizations(_resources("CommunicationRequest"), "recipient", "sender"),
            f"{_resources('MedicationRequest')}.dispenseRequest.performer.resolve().id",
            *_organizations(_resources("ServiceRequest"), "performer"),
        ),
        {
            **{
                _key(kind): _by_id(kind, [f"context.dispatchedOrders.resolve().ofType({kind}).id"])
                for kind in _NAMED_BY
            },
            **_OF_CODES,
        },
    ),
    HookService(
        "appointment-book",
        "Coverage requirements of booked appointments",
        "Whether the booked services need precertification.",
        "appointments",
        (
            ("context.appointments.entry.resource", ("participant.actor",)),
            *(
                (_resources(kind), _NAMED_BY[kind])
                for kind in ("DeviceRequest", "MedicationRequest", "ServiceRequest")
            ),
        ),
        (
            *_organizations(_resources("MedicationRequest"), "dispenseRequest.performer"),
            *_organizations(_resources("ServiceRequest"), "performer"),
        ),
        {
            "serviceRequests": _by_id(
                "ServiceRequest", [f"{_BASED_ON}.resolve().ofType(ServiceRequest).id"]
            ),
            **{
                _key(kind): _by_id(kind, [f"{_BASED_ON}.{_ALTERNATE}.resolve().ofType({kind}).id"])
                for kind in ("DeviceRequest", "MedicationRequest")
            },
            **_OF_CODES,
        },
    ),
    _of_encounters(
        "encounter-start",
        "Coverage requirements of encounters that begin",
        "Whether the patient's coverage is active, and whether the services of the encounter need "
        "precertification.",
    ),
    _of_encounters(
        "encounter-discharge",
        "Coverage requirements at discharge",
        "Whether the patient's coverage is active, and whether the services of the encounter needed "
        "precertification.",
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
                "usageRequirements": "The client's FHIR server is read for data that was not "
                "prefetched.",
                "extension": {
                    "davinci-crd.version": [CRD_VERSION],
                    "davinci-crd.configuration-options": list(_OPTIONS),
                },
            }
            for one in SERVICES
        ]
    }


def service_of(service_id: str) -> HookService:
    """The service with an id.

    Raises:
        NotFoundError.
    """
    for one in SERVICES:
        if one.service_id == service_id:
            return one
    names = ", ".join(one.service_id for one in SERVICES)
    raise NotFoundError(f"There is no such service. These exist: {names}.")
