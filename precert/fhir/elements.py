"""Elements of FHIR resources as JSON. Absent values are omitted, as FHIR has no null."""

from collections.abc import Iterable
from typing import Any

from precert.domain.content import Address, Provider
from precert.fhir import systems

Json = dict[str, Any]


def present(**members: Any) -> Json:
    """An object with the members that have a value: not ``None`` and not empty."""
    return {name: value for name, value in members.items() if value not in (None, [], {}, "")}


def concept(system: str, code: str | None, text: str | None = None) -> Json:
    """A CodeableConcept; without a code it has its text only."""
    coding = [{"system": system, "code": code}] if code else []
    return present(coding=coding, text=text)


def not_applicable() -> Json:
    """``productOrService`` of a line whose code is in another element: a revenue code or a DRG."""
    return concept(systems.DATA_ABSENT_REASON, "not-applicable")


def absent() -> Json:
    """A primitive's extension data-absent-reason (unknown)."""
    return {"extension": [{"url": systems.DATA_ABSENT, "valueCode": "unknown"}]}


def extension(name: str, **value: Any) -> Json:
    """A PAS extension by its name, such as ``certificationType``."""
    return {"url": systems.extension_url(name), **value}


def reference(full_url: str) -> Json:
    """A Reference to the entry with this full URL."""
    return {"reference": full_url}


def provider_identifiers(provider: Provider) -> list[Json]:
    """The NPI and the TIN of a provider as Identifiers, as far as they are known."""
    identifiers = (("NPI", systems.US_NPI, provider.npi), ("TAX", systems.US_TIN, provider.tin))
    return [
        {"type": concept(systems.IDENTIFIER_TYPE, kind), "system": system, "value": value}
        for kind, system, value in identifiers
        if value
    ]


def telecom(provider: Provider) -> list[Json]:
    """The phone and fax numbers of a provider as ContactPoints."""
    numbers = (("phone", provider.phone), ("fax", provider.fax))
    return [{"system": system, "value": value, "use": "work"} for system, value in numbers if value]


def addresses(address: Address | None) -> list[Json]:
    """A list with the Address; empty without one."""
    if address is None:
        return []
    return [
        {
            "line": list(_lines((address.line_1, address.line_2))),
            "city": address.city,
            "state": address.state,
            "postalCode": address.zip_code,
            "country": "US",
        }
    ]


def _lines(lines: Iterable[str | None]) -> Iterable[str]:
    return (line for line in lines if line)
