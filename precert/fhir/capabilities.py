"""The operations and interactions of the FHIR endpoint, as a table.

The CapabilityStatement and the SMART scopes are generated from it. To add an operation or interaction,
add a row with the route that serves it, and update :data:`CHANGED`. Tests compare the rows with the
routes of all functions.
"""

from dataclasses import dataclass
from typing import Final

from precert.domain.smart_scopes import INTERACTIONS
from precert.fhir.elements import Json, present
from precert.fhir.systems import PAS, TERMINOLOGY

CHANGED: Final = "2026-11-27"
"""The date of the last change to the table: ``CapabilityStatement.date``."""
PAS_VERSION: Final = "2.2.1"
DTR: Final = "http://hl7.org/fhir/us/davinci-dtr"
DTR_VERSION: Final = "2.2.0"
US_CORE: Final = "http://hl7.org/fhir/us/core/ImplementationGuide/hl7.fhir.us.core|7.0.0"
PAS_GUIDE: Final = f"{PAS}/ImplementationGuide/hl7.fhir.us.davinci-pas|{PAS_VERSION}"
PAS_SERVER: Final = f"{PAS}/CapabilityStatement/IntermediaryCapabilities|{PAS_VERSION}"
_OAUTH_URIS: Final = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


@dataclass(frozen=True)
class Served:
    """An operation, which has a definition, or an interaction, which has none."""

    resource: str | None
    """The resource type; ``None`` for a system-level operation."""
    code: str
    """The operation's name without ``$``, or FHIR's code of the interaction."""
    route: str
    """API Gateway's key of the route that serves it."""
    scope: str
    """Resource type and interaction of the SMART scope that permits it, such as ``Claim.c``."""
    definition: str | None = None
    """Canonical URL of the OperationDefinition."""
    documentation: str | None = None


BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport"
_SUBSCRIPTION: Final = "/fhir/r4/Subscription/{subscription_id}"
SERVED: Final = (
    Served(
        "Claim",
        "submit",
        "POST /fhir/r4/Claim/{operation}",
        "Claim.c",
        f"{PAS}/OperationDefinition/Claim-submit|{PAS_VERSION}",
        "A claim with the identifier of an earlier one returns the current response to that claim.",
    ),
    Served(
        "Claim",
        "inquire",
        "POST /fhir/r4/Claim/{operation}",
        "Claim.s",
        f"{PAS}/OperationDefinition/Claim-inquiry|{PAS_VERSION}",
    ),
    Served(
        None,
        "submit-attachment",
        "POST /fhir/r4/{operation}",
        "Claim.u",
        "http://hl7.org/fhir/us/davinci-cdex/OperationDefinition/submit-attachment|2.1.0",
        "Documents of a claim, by its identifier or its precertification number.",
    ),
    Served(
        "Questionnaire",
        "questionnaire-package",
        "POST /fhir/r4/Questionnaire/{operation}",
        "Questionnaire.r",
        f"{DTR}/OperationDefinition/questionnaire-package|{DTR_VERSION}",
    ),
    Served(
        "Questionnaire",
        "log-questionnaire-errors",
        "POST /fhir/r4/Questionnaire/{operation}",
        "Questionnaire.u",
        f"{DTR}/OperationDefinition/log-questionnaire-errors|{DTR_VERSION}",
    ),
    Served(
        "ValueSet",
        "expand",
        "POST /fhir/r4/ValueSet/{operation}",
        "ValueSet.r",
        "http://hl7.org/fhir/OperationDefinition/ValueSet-expand|4.0.1",
    ),
    Served(
        "ValueSet",
        "expand",
        "GET /fhir/r4/ValueSet/{operation}",
        "ValueSet.r",
        "http://hl7.org/fhir/OperationDefinition/ValueSet-expand|4.0.1",
    ),
    Served("Subscription", "create", "POST /fhir/r4/Subscription", "Subscription.c"),
    Served("Subscription", "search-type", "GET /fhir/r4/Subscription", "Subscription.s"),
    Served("Subscription", "read", f"GET {_SUBSCRIPTION}", "Subscription.r"),
    Served("Subscription", "update", f"PUT {_SUBSCRIPTION}", "Subscription.u"),
    Served("Subscription", "delete", f"DELETE {_SUBSCRIPTION}", "Subscription.d"),
    *(
        Served(
            "Subscription",
            name,
            route,
            "Subscription.r",
            f"{BACKPORT}/OperationDefinition/backport-subscription-{name}",
        )
        for name, route in (
            ("status", f"POST {_SUBSCRIPTION}"),
            ("status", f"POST {_SUBSCRIPTION}/{{operation}}"),
            ("events", f"GET {_SUBSCRIPTION}/{{operation}}"),
        )
    ),
)
PROFILES: Final = {
    "Claim": tuple(
        f"{PAS}/StructureDefinition/{name}"
        for name in ("profile-claim", "profile-claim-update", "profile-claim-inquiry")
    ),
    "Subscription": (
        f"{PAS}/StructureDefinition/profile-subscription",
        f"{BACKPORT}/StructureDefinition/backport-subscription",
    ),
}
"""Canonical URLs of the supported profiles by resource type."""
SEARCH_PARAMETERS: Final = {"Subscription": (("url", "uri"), ("status", "token"))}
"""Name and type of each search parameter by resource type."""
EXTENSIONS: Final[dict[str, tuple[Json, ...]]] = {
    "Subscription": (
        {
            "url": f"{BACKPORT}/StructureDefinition/capabilitystatement-subscriptiontopic-canonical",
            "valueCanonical": f"{PAS}/SubscriptionTopic/PASSubscriptionTopic",
        },
    ),
}
"""Extensions of a resource type's entry, such as the topics of subscriptions."""
SUBSCRIPTION_SERVER: Final = f"{BACKPORT}/CapabilityStatement/backport-subscription-server-r4"
DTR_GUIDE: Final = f"{DTR}/ImplementationGuide/hl7.fhir.us.davinci-dtr|{DTR_VERSION}"
GUIDES: Final = (PAS_GUIDE, DTR_GUIDE, US_CORE)
DTR_SERVER: Final = f"{DTR}/CapabilityStatement/dtr-payer-service|{DTR_VERSION}"
_REQUIRED_BY_PAS: Final = frozenset(
    {
        *(("Claim", "submit"), ("Claim", "inquire")),
        *(("Subscription", "create"), ("Subscription", "update"), ("Subscription", "delete")),
    }
)
_REQUIRED_BY_DTR: Final = frozenset(
    {
        ("Questionnaire", "questionnaire-package"),
        ("Questionnaire", "log-questionnaire-errors"),
        ("ValueSet", "expand"),
    }
)


def _instantiated() -> list[str]:
    """URLs of the guides' CapabilityStatements whose required operations are all served."""
    served = {(one.resource, one.code) for one in SERVED}
    return [
        *([PAS_SERVER, SUBSCRIPTION_SERVER] if served >= _REQUIRED_BY_PAS else ()),
        *([DTR_SERVER] if served >= _REQUIRED_BY_DTR else ()),
    ]


def capability_statement(base: str, token_endpoint: str, software_version: str) -> Json:
    """The CapabilityStatement of the endpoint; ``base`` and ``token_endpoint`` are URLs."""
    return present(
        resourceType="CapabilityStatement",
        id="precert",
        url=f"{base}/metadata",
        version=software_version,
        name="PrecertPriorAuthorization",
        title="Prior authorization",
        status="active",
        experimental=False,
        date=CHANGED,
        publisher="precert",
        description="Prior authorization by Da Vinci PAS, for EHRs and intermediaries.",
        kind="instance",
        instantiates=_instantiated(),
        software={"name": "precert", "version": software_version},
        implementation={"description": "Prior Authorization API of the plan", "url": base},
        fhirVersion="4.0.1",
        format=["json"],
        implementationGuide=list(GUIDES),
        rest=[
            {
                "mode": "server",
                "security": _security(token_endpoint),
                "resource": [_resource(name) for name in _resources()],
                "operation": [_operation(one) for one in SERVED if one.resource is None],
            }
        ],
    )


def supported_scopes() -> list[str]:
    """The SMART scopes that clients can request, one per resource type, as ``system/Claim.cus``."""
    found: dict[str, set[str]] = {}
    for one in SERVED:
        resource, _, letter = one.scope.partition(".")
        found.setdefault(resource, set()).add(letter)
    return [
        f"system/{name}.{''.join(letter for letter in INTERACTIONS if letter in letters)}"
        for name, letters in found.items()
    ]


def _security(token_endpoint: str) -> Json:
    return {
        "extension": [
            {
                "url": _OAUTH_URIS,
                "extension": [{"url": "token", "valueUri": token_endpoint}],
            }
        ],
        "cors": False,
        "service": [
            {
                "coding": [
                    {
                        "system": f"{TERMINOLOGY}/restful-security-service",
                        "code": "SMART-on-FHIR",
                        "display": "SMART-on-FHIR",
                    }
                ],
                "text": "SMART Backend Services: client credentials with private_key_jwt",
            }
        ],
    }


def _resource(name: str) -> Json:
    served = _of(name)
    return present(
        extension=list(EXTENSIONS.get(name, ())),
        type=name,
        supportedProfile=list(PROFILES.get(name, ())),
        interaction=[
            present(code=one.code, documentation=one.documentation)
            for one in served
            if one.definition is None
        ],
        searchParam=[
            {"name": parameter, "type": kind} for parameter, kind in SEARCH_PARAMETERS.get(name, ())
        ],
        # An operation can have two routes: one for each HTTP method.
        operation=[
            _operation(one)
            for one in {one.code: one for one in served if one.definition is not None}.values()
        ],
    )


def _operation(one: Served) -> Json:
    return present(name=one.code, definition=one.definition, documentation=one.documentation)


def _resources() -> list[str]:
    return list(dict.fromkeys(one.resource for one in SERVED if one.resource))


def _of(resource: str) -> list[Served]:
    return [one for one in SERVED if one.resource == resource]
