"""The differences between two versions of the FHIR interface, and which of them break callers.

A document (:mod:`tools.fhir_interface`) is compared as two sets of facts: what it provides (operations,
interactions, search parameters, profiles, scopes, hooks, options, parameters, codes), and what it
requires (parameters, tokens). Facts that are no longer provided, or newly required, break callers.
"""

from collections.abc import Iterator
from typing import Any, Final

from tools.openapi_changes import Change, Kind

Json = dict[str, Any]
Fact = tuple[str, str]
"""Where it is (a route, operation or resource type), and what."""
_LISTS: Final = ("fhirVersion", "format", "implementationGuide", "instantiates")
_SCOPES: Final = "scopes_supported"


def changes(old: Json, new: Json) -> list[Change]:
    """Every difference once, breaking ones last."""
    provided, provides = set(_provided(old)), set(_provided(new))
    required, requires = set(_required(old)), set(_required(new))
    known = {*old["operations"], *old["routes"]}
    # Requirements of a new operation break no caller.
    requires = {one for one in requires if one[0] in known}
    found = [
        *(Change(Kind.ADDED, where, f"new {what}") for where, what in provides - provided),
        *(
            Change(Kind.ADDED, where, f"no longer requires {what}")
            for where, what in required - requires
        ),
        *(Change(Kind.BROKEN, where, f"{what} was removed") for where, what in provided - provides),
        *(
            Change(Kind.BROKEN, where, f"now requires {what}")
            for where, what in requires - required
        ),
    ]
    return sorted(found, key=lambda change: (list(Kind).index(change.kind), change))


def _provided(document: Json) -> Iterator[Fact]:
    yield from _of_statement(document["capability_statement"])
    yield from _of_sign_in(document["smart_configuration"])
    for one in document["cds_services"]["services"]:
        yield from _of_service(one)
    for key, route in document["routes"].items():
        yield "FHIR", f"route {key}"
        yield key, f"status {route['status']}"
        for status, code in route["errors"].items():
            yield key, f"status {status} with the issue code {code}"
    for name, operation in document["operations"].items():
        yield from ((name, f"permission by the scope {one}") for one in operation["scopes"])
        yield from ((name, f"parameter {one}") for one in operation.get("in", ()))
        yield from ((name, f"returned parameter {one}") for one in operation.get("out", ()))
    yield from (("OperationOutcome", f"issue code {one}") for one in document["issue_codes"])
    for kind, codes in document["claim_errors"].items():
        yield from (("ClaimResponse.error", f"{kind} {one}") for one in codes)
    yield from (("POST /oauth/token", f"error {one}") for one in document["token_errors"])


def _of_statement(statement: Json) -> Iterator[Fact]:
    for name in _LISTS:
        values = statement.get(name, [])
        for value in values if isinstance(values, list) else [values]:
            yield "CapabilityStatement", f"{name} {value}"
    (rest,) = statement["rest"]
    for extension in rest["security"]["extension"][0]["extension"]:
        yield "CapabilityStatement", f"address {extension['url']} {extension['valueUri']}"
    for one in rest.get("operation", ()):
        yield "FHIR", f"operation ${one['name']} ({one['definition']})"
    for resource in rest["resource"]:
        kind = resource["type"]
        yield from ((kind, f"interaction {one['code']}") for one in resource.get("interaction", ()))
        yield from (
            (kind, f"operation ${one['name']} ({one['definition']})")
            for one in resource.get("operation", ())
        )
        yield from (
            (kind, f"search parameter {one['name']} ({one['type']})")
            for one in resource.get("searchParam", ())
        )
        yield from ((kind, f"profile {one}") for one in resource.get("supportedProfile", ()))
        yield from (
            (kind, f"topic {one['valueCanonical']}")
            for one in resource.get("extension", ())
            if "valueCanonical" in one
        )


def _of_sign_in(configuration: Json) -> Iterator[Fact]:
    where = "smart-configuration"
    for name, value in configuration.items():
        if name == _SCOPES:
            for scope in value:
                resource, _, letters = scope.partition(".")
                yield from ((where, f"scope {resource}.{letter}") for letter in letters)
        elif isinstance(value, list):
            yield from ((where, f"{name} {one}") for one in value)
        else:
            yield where, f"{name} {value}"


def _of_service(service: Json) -> Iterator[Fact]:
    """The facts of a hook service, without its prefetch, which clients may omit."""
    where = service["id"]
    yield "CDS Hooks", f"service {where} of the hook {service['hook']}"
    extension = service["extension"]
    yield from ((where, f"version {one} of CRD") for one in extension["davinci-crd.version"])
    for one in extension["davinci-crd.configuration-options"]:
        yield where, f"option {one['code']} ({one['type']}), by default {one['default']}"


def _required(document: Json) -> Iterator[Fact]:
    for name, operation in document["operations"].items():
        parameters = operation.get("in", {})
        yield from (
            (name, f"the parameter {one}")
            for one, parameter in parameters.items()
            if parameter["required"]
        )
    yield from (
        (key, "an access token") for key, route in document["routes"].items() if not route["public"]
    )
