"""The patient and the providers of a received claim."""

from collections.abc import Iterator
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from precert.domain.content import Address
from precert.domain.values import MAX_TEXT, Phone, ProviderKind
from precert.fhir import systems
from precert.fhir.bundles import Bundle, codings, identifier, objects, text
from precert.fhir.elements import Json, present

_TINS: Final = (systems.US_TIN, "urn:oid:2.16.840.1.113883.4.4")
PROVIDER_TYPES: Final = ("Practitioner", "PractitionerRole", "Organization")
_NPIS: Final = (systems.US_NPI, "urn:oid:2.16.840.1.113883.4.6")


def patient_of(bundle: Bundle, claim: Json, insurance: Json, places: dict[str, str]) -> Json:
    """The patient of a claim, not validated; the FHIRPath of each value is added to ``places``.

    The official name is used, else the first.
    """
    patient = bundle.target(claim.get("patient"), "Patient")
    coverage = bundle.target(insurance.get("coverage"), "Coverage")
    path = bundle.path(patient) if patient else "Claim.patient"
    places["/patient"] = path
    places["/patient/member_id"] = f"{path}.identifier"
    places["/patient/date_of_birth"] = f"{path}.birthDate"
    places["/patient/last_name"] = f"{path}.name[0].family"
    places["/patient/first_name"] = f"{path}.name[0].given"
    names = objects(patient, "name")
    official = next((one for one in names if one.get("use") == "official"), None)
    name = official or (names[0] if names else {})
    given = name.get("given")
    return present(
        member_id=member_id_of(patient, coverage),
        date_of_birth=text(patient, "birthDate"),
        last_name=text(name, "family"),
        first_name=given[0] if isinstance(given, list) and given else None,
    )


def provider_of(
    bundle: Bundle, reference: object, part: str, where: str, places: dict[str, str]
) -> Json | None:
    """The provider that a Reference names: an organization, a practitioner or a role; not validated.

    ``part`` is the provider's member of the content, ``where`` the element of the claim with the
    reference. The FHIRPath of each value is added to ``places``.
    """
    resource = bundle.target(reference, *PROVIDER_TYPES)
    places[f"/{part}"] = f"Claim.{where}"
    if resource is None:
        return None
    path = bundle.path(resource)
    role = resource if resource["resourceType"] == "PractitionerRole" else None
    practitioner = bundle.target(role.get("practitioner")) if role else None
    organization = bundle.target(role.get("organization")) if role else None
    if resource["resourceType"] == "Practitioner":
        practitioner = resource
    elif resource["resourceType"] == "Organization":
        organization = resource
    person = practitioner or organization or resource
    parties = [one for one in (practitioner, role, organization) if one]
    for name in ("npi", "tin"):
        places[f"/{part}/{name}"] = f"{path}.identifier"
    places[f"/{part}/name"] = f"{bundle.path(person)}.name"
    places[f"/{part}/phone"] = places[f"/{part}/fax"] = f"{path}.telecom"
    places[f"/{part}/address"] = f"{bundle.path(person)}.address"
    name_sent = _name(practitioner) if practitioner else text(organization, "name")
    return present(
        kind=ProviderKind.INDIVIDUAL if practitioner else ProviderKind.FACILITY,
        name=_shortened(name_sent),
        npi=_first(identifier(one, *_NPIS) for one in parties),
        tin=_first(identifier(one, *_TINS) for one in parties),
        phone=_first(_telecom(one, "phone") for one in parties),
        fax=_first(_telecom(one, "fax") for one in parties),
        address=_first(_address(one) for one in parties),
    )


def _first(values: Iterator[Any]) -> Any:
    return next((one for one in values if one), None)


def member_id_of(patient: Json | None, coverage: Json | None) -> str | None:
    """The identifier of type MB of the patient or else the coverage; else ``subscriberId``."""
    for holder in (patient, coverage):
        for one in objects(holder, "identifier"):
            kinds = {code for _, code in codings(one.get("type"))}
            if "MB" in kinds and (value := text(one, "value")):
                return value
    return text(coverage, "subscriberId")


def _name(practitioner: Json) -> str | None:
    for one in objects(practitioner, "name"):
        if whole := text(one, "text"):
            return whole
        given = one.get("given")
        names = [*(given if isinstance(given, list) else []), one.get("family")]
        if found := " ".join(name for name in names if isinstance(name, str)):
            return found
    return None


# Contact details are optional in PAS, and the payer has those of the providers in its directory.
# Details that cannot be stored (a foreign number, an address without a street) are left out.


def _telecom(party: Json, system: str) -> str | None:
    """The first phone or fax number of ten digits."""
    for one in objects(party, "telecom"):
        value = text(one, "value")
        if one.get("system") == system and value and _is_valid(_PHONE, value):
            return value
    return None


def _address(party: Json) -> Json | None:
    """The first complete US address."""
    for one in objects(party, "address"):
        lines = one.get("line")
        lines = [each for each in lines if isinstance(each, str)] if isinstance(lines, list) else []
        address = present(
            line_1=_shortened(lines[0] if lines else None),
            line_2=_shortened(", ".join(lines[1:]) or None),
            city=_shortened(text(one, "city")),
            state=text(one, "state"),
            zip_code=text(one, "postalCode"),
        )
        if _is_valid(_ADDRESS, address):
            return address
    return None


_PHONE: Final = TypeAdapter[str](Phone)
_ADDRESS: Final = TypeAdapter(Address)


def _is_valid(kind: TypeAdapter[Any], value: object) -> bool:
    try:
        kind.validate_python(value)
    except ValidationError:
        return False
    return True


def _shortened(words: str | None) -> str | None:
    """A text cut to the stored length, with an ellipsis. The stored bundle has the whole text."""
    if words is None or len(words) <= MAX_TEXT:
        return words
    return f"{words[: MAX_TEXT - 1]}\u2026"
