"""The items of a received claim as services with service lines.

Each item is a service line. Consecutive items that differ only in code, modifiers, units and date are
lines of one service.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from precert.domain.errors import FieldError
from precert.domain.payer import Payer
from precert.domain.values import AuthorizationType, CodeType, UnitType, Urgency
from precert.fhir import systems
from precert.fhir.bundles import Bundle, code_in, codings, extension_of, objects, text
from precert.fhir.claim_checks import ClaimChecks
from precert.fhir.claim_dates import (
    days_between,
    first_of,
    is_reversed,
    last_of,
    supporting_info,
)
from precert.fhir.elements import Json, present

_CODE_TYPE_OF: Final = {
    **{
        system.replace("http://", "https://", 1): kind
        for kind, system in systems.CODE_SYSTEMS.items()
    },
    # The guide's examples have CPT codes in the HCPCS system: the type depends on the code's format.
    systems.HCPCS.replace("http://", "https://", 1): None,
    systems.CPT.replace("http://", "https://", 1): None,
}
_URGENCY_OF: Final = {level: urgency for urgency, level in systems.LEVEL_OF.items()}
_AUTHORIZATION_OF: Final = {code: kind for kind, code in systems.REQUEST_TYPE_OF.items()}
_UNIT_TYPE_OF: Final = {
    "DA": UnitType.DAYS,
    "DY": UnitType.DAYS,
    "DAY": UnitType.DAYS,
    "DAYS": UnitType.DAYS,
    "HS": UnitType.HOURS,
    "HOUR": UnitType.HOURS,
    "HOURS": UnitType.HOURS,
    "VS": UnitType.VISITS,
    "VISIT": UnitType.VISITS,
    "VISITS": UnitType.VISITS,
    "FL": UnitType.UNITS,
    "UN": UnitType.UNITS,
    "UNIT": UnitType.UNITS,
    "UNITS": UnitType.UNITS,
    "1": UnitType.UNITS,
}
"""By the code (X12 673 or UCUM) or the text of the unit, in upper case."""


def item_sequences(bundle: Bundle) -> tuple[int, ...]:
    """``item.sequence`` of each service line of the bundle's claim, in the order of the lines."""
    return tuple(
        number if isinstance(number := item.get("sequence"), int) else index
        for index, item in enumerate(objects(bundle.first, "item"), start=1)
    )


@dataclass
class ItemReader:
    """Reads the items of a bundle's claim.

    ``places`` receives the FHIRPath of each value, and ``expected`` the message for a missing value, by
    JSON pointer into the content.
    """

    bundle: Bundle
    payer: Payer
    places: dict[str, str]
    expected: dict[str, str]
    pointers: list[tuple[str, str | None]] = field(default_factory=list)
    """The JSON pointers of the service and of the service line of each item that was read."""

    @property
    def claim(self) -> Json:
        return self.bundle.first

    def errors(self) -> Iterator[FieldError]:
        """Errors of values that cannot be read. The services must have been read before."""
        yield from self._errors_of_sequences()
        yield from self._errors_of_periods()
        coded = frozenset(_CODE_TYPE_OF)
        units = frozenset(_UNIT_TYPE_OF)
        checks = ClaimChecks(self.bundle, self.pointers, coded, units, self.places, self.expected)
        yield from checks.errors()

    def _errors_of_sequences(self) -> Iterator[FieldError]:
        """Sequences must be positive and unique: the response names items by them (X12 278 2000F)."""
        seen = set[int]()
        for index, item in enumerate(objects(self.claim, "item")):
            number = item.get("sequence", index + 1)
            pointer = f"/items/{index}/sequence"
            self.places[pointer] = f"Claim.item[{index}].sequence"
            whole = isinstance(number, int) and not isinstance(number, bool)
            if not whole or not 1 <= number <= _MAX_SEQUENCE:
                message = f"must be a whole number from 1 to {_MAX_SEQUENCE}"
                yield FieldError(pointer, "malformed", message)
            elif number in seen:
                yield FieldError(
                    pointer, "duplicate", "must be unique among the items of the claim"
                )
            else:
                seen.add(number)

    def _errors_of_periods(self) -> Iterator[FieldError]:
        """Periods that end before they begin."""
        for index, item in enumerate(objects(self.claim, "item")):
            pointer = f"/items/{index}/period"
            self.places[pointer] = f"Claim.item[{index}].serviced"
            if is_reversed(first_of(item, "serviced"), last_of(item, "serviced")):
                yield FieldError(pointer, "contradicts", "the end must not be before the start")
        admission = supporting_info(self.claim, "admissionDates")
        discharge = supporting_info(self.claim, "dischargeDates")
        last = first_of(discharge, "timing") or last_of(admission, "timing")
        if is_reversed(first_of(admission, "timing"), last):
            self.places["/stay"] = "Claim.supportingInfo"
            yield FieldError(
                "/stay", "contradicts", "the discharge must not be before the admission"
            )

    def services(self) -> list[Json]:
        """The services of the content, each with its procedures, not validated."""
        services: list[Json] = []
        last: Json | None = None
        for index, item in enumerate(objects(self.claim, "item")):
            head, line = self._service(item), self._line(item)
            if not services or head != last or not line:
                services.append({**head, "procedures": []})
            last = head if line else None
            number = len(services) - 1
            pointer = f"/services/{number}"
            if line:
                pointer = f"{pointer}/procedures/{len(services[-1]['procedures'])}"
                services[-1]["procedures"].append(line)
            self.pointers.append((f"/services/{number}", pointer if line else None))
            self._place_service(number, index)
            self._place_line(pointer, index)
            self.expected[f"{pointer}/start_date"] = _FULL_DATE
            self._expect_service(f"/services/{number}", head["authorization_type"])
        return services

    def _place_service(self, number: int, index: int) -> None:
        item, pointer = f"Claim.item[{index}]", f"/services/{number}"
        places = {
            "": item,
            "/authorization_type": f"{item}.extension('{systems.extension_url(_REQUEST_TYPE)}')",
            "/type_of_service": f"{item}.category",
            "/place_of_service": f"{item}.location",
            "/urgency": "Claim.priority",
            "/admission_date": "Claim.supportingInfo.where(category.coding.code='admissionDates')",
            "/requested_days": "Claim.supportingInfo.where(category.coding.code='dischargeDates')",
            "/service_date": f"{item}.serviced",
            "/procedures": f"{item}.productOrService",
            "/primary_diagnosis": f"{item}.diagnosisSequence",
            "/additional_diagnoses": f"{item}.diagnosisSequence",
            "/medication": f"{item}.extension('{systems.extension_url('requestedService')}')",
        }
        for name, place in places.items():
            self.places.setdefault(pointer + name, place)

    def _place_line(self, pointer: str, index: int) -> None:
        item = f"Claim.item[{index}]"
        self.places.setdefault(pointer, item)
        for name, place in {
            "/code": "productOrService",
            "/units": "quantity.value",
            "/unit_type": "quantity",
            "/modifiers": "modifier",
            "/start_date": "serviced",
        }.items():
            self.places.setdefault(pointer + name, f"{item}.{place}")

    def _expect_service(self, pointer: str, kind: AuthorizationType) -> None:
        """The messages for missing values of a service, with the codes that the payer accepts."""
        form = self.payer.form
        types = [one for one in form.types_of_service if one.authorization_type in (kind, None)]
        services = dict.fromkeys(one.x12_service_type for one in types if one.x12_service_type)
        places = dict.fromkeys(one.cms_code for one in form.places_of_service if one.cms_code)
        self.expected |= {
            f"{pointer}/type_of_service": f"must be one of these X12 1365 service type codes: "
            f"{', '.join(services)}",
            f"{pointer}/place_of_service": f"must be one of these CMS place of service codes: "
            f"{', '.join(sorted(places))}",
            f"{pointer}/procedures": "must be a CPT or HCPCS code, a revenue code or an MS-DRG with "
            f"its system, such as {systems.CPT}",
            f"{pointer}/primary_diagnosis": "must be the sequence of a diagnosis of the claim with the "
            f"system {systems.ICD_10_CM}",
            f"{pointer}/service_date": _FULL_DATE,
            f"{pointer}/admission_date": "must be the full date of admission, YYYY-MM-DD",
            f"{pointer}/requested_days": "must be the full date of discharge, YYYY-MM-DD",
        }

    def _service(self, item: Json) -> Json:
        """The service of an item, without its procedure."""
        kind = self._authorization_type(item)
        inpatient = kind is AuthorizationType.INPATIENT
        diagnoses = self._diagnoses(item)
        first, last = self._stay(item) if inpatient else (self._first_day(item), None)
        return present(
            authorization_type=kind,
            type_of_service=self._type_of_service(item, kind),
            place_of_service=self._place_of_service(item, kind),
            urgency=self._urgency(),
            admission_date=first if inpatient else None,
            service_date=None if inpatient else first,
            requested_days=days_between(first, last),
            primary_diagnosis=diagnoses[0] if diagnoses else None,
            additional_diagnoses=diagnoses[1:],
            medication=self._medication(item),
        )

    def _authorization_type(self, item: Json) -> AuthorizationType:
        extension = extension_of(item, systems.extension_url(_REQUEST_TYPE)) or {}
        code = code_in(extension.get("valueCodeableConcept"), systems.REQUEST_TYPE)
        if code in _AUTHORIZATION_OF:
            return _AUTHORIZATION_OF[code]
        stays = supporting_info(self.claim, "admissionDates") is not None
        return AuthorizationType.INPATIENT if stays else AuthorizationType.OUTPATIENT

    def _type_of_service(self, item: Json, kind: AuthorizationType) -> str | None:
        """The payer's type of service with the name or the X12 service type of the item's category."""
        category = item.get("category")
        offered = [
            one
            for one in self.payer.form.types_of_service
            if one.authorization_type in (kind, None)
        ]
        name = text(category, "text")
        if named := next((one.code for one in offered if one.name == name), None):
            return named
        code = code_in(category, systems.SERVICE_TYPE)
        return next((one.code for one in offered if code and one.x12_service_type == code), None)

    def _place_of_service(self, item: Json, kind: AuthorizationType) -> str | None:
        """The payer's place of service with the CMS code or the name of the item's location.

        Of several, one with the name, then one that the type of service offers.
        """
        concept = item.get("locationCodeableConcept")
        code = code_in(concept, systems.CMS_PLACE_OF_SERVICE)
        name = text(concept, "text")
        chosen = self._type_of_service(item, kind)
        types = self.payer.form.types_of_service
        offered = next((one.places_of_service for one in types if one.code == chosen), ())
        found = [
            one
            for one in self.payer.form.places_of_service
            if (code and one.cms_code == code) or (name and one.name == name)
        ]
        found.sort(key=lambda one: (one.name != name, one.code not in offered))
        return found[0].code if found else None

    def _urgency(self) -> Urgency:
        extension = extension_of(self.claim, systems.extension_url("levelOfServiceCode")) or {}
        level = code_in(extension.get("valueCodeableConcept"), systems.LEVEL_OF_SERVICE)
        if level in _URGENCY_OF:
            return _URGENCY_OF[level]
        urgent = any(
            text(one, "code") == "stat" for one in objects(self.claim.get("priority"), "coding")
        )
        return Urgency.EXPEDITED if urgent else Urgency.STANDARD

    def _first_day(self, item: Json) -> str | None:
        event = supporting_info(self.claim, "patientEvent")
        return first_of(item, "serviced") or first_of(event, "timing")

    def _stay(self, item: Json) -> tuple[str | None, str | None]:
        """The dates of admission and discharge; without an admission date, the date of service."""
        admission, discharge = (
            supporting_info(self.claim, "admissionDates"),
            supporting_info(self.claim, "dischargeDates"),
        )
        last = first_of(discharge, "timing") or last_of(admission, "timing")
        return first_of(admission, "timing") or self._first_day(item), last

    def _diagnoses(self, item: Json) -> list[str]:
        """The item's ICD-10-CM codes, the principal first; all of the claim's, if the item has none."""
        numbers = item.get("diagnosisSequence")
        found: list[tuple[bool, str]] = []
        for one in objects(self.claim, "diagnosis"):
            named = not isinstance(numbers, list) or one.get("sequence") in numbers
            code = code_in(one.get("diagnosisCodeableConcept"), systems.ICD_10_CM)
            if named and code:
                kinds = {
                    text(each, "code")
                    for kind in objects(one, "type")
                    for each in objects(kind, "coding")
                }
                found.append(("principal" not in kinds, code))
        return list(dict.fromkeys(code for _, code in sorted(found, key=lambda one: one[0])))

    def _line(self, item: Json) -> Json | None:
        """The procedure of an item; ``None`` for a stay without a code."""
        code, kind = self._code(item)
        if code is None:
            return None
        quantity = item.get("quantity")
        value = quantity.get("value") if isinstance(quantity, dict) else None
        unit = text(quantity, "code") or text(quantity, "unit")
        # Modifiers are CPT or HCPCS modifiers, even if their system is missing.
        modifiers = [
            next((found for each in objects(one, "coding") if (found := text(each, "code"))), None)
            for one in objects(item, "modifier")
        ]
        return present(
            code=code,
            code_type=kind,
            start_date=self._first_day(item),
            # An item without a quantity requests one unit.
            units=1 if value is None else value,
            unit_type=_UNIT_TYPE_OF.get((unit or "").upper(), None if unit else UnitType.UNITS),
            modifiers=[one for one in modifiers if one],
        )

    def _code(self, item: Json) -> tuple[str | None, CodeType | None]:
        for system, code in codings(item.get("productOrService")):
            if system in _CODE_TYPE_OF:
                return code, _CODE_TYPE_OF[system] or _level_of(code)
        revenue = item.get("revenue")
        for one in (
            revenue,
            (extension_of(item, systems.extension_url("revenueCode")) or {}).get(
                "valueCodeableConcept"
            ),
        ):
            for _, code in codings(one):
                return code, CodeType.REVENUE
        for one in objects(self.claim, "diagnosis"):
            drg = code_in(one.get("diagnosisCodeableConcept"), systems.MS_DRG)
            numbers = item.get("diagnosisSequence")
            if drg and (not isinstance(numbers, list) or one.get("sequence") in numbers):
                return drg, CodeType.DRG
        return None, None

    def _medication(self, item: Json) -> Json | None:
        extension = extension_of(item, systems.extension_url("requestedService")) or {}
        order = self.bundle.target(extension.get("valueReference"))
        if order is None or order["resourceType"] != "MedicationRequest":
            return None
        drug = order.get("medicationCodeableConcept")
        if drug is None:
            product = self.bundle.target(order.get("medicationReference"), "Medication")
            drug = product.get("code") if product else None
        dosage = next(iter(objects(order, "dosageInstruction")), {})
        timing = dosage.get("timing")
        return present(
            name=text(drug, "text")
            or next(
                (shown for one in objects(drug, "coding") if (shown := text(one, "display"))), None
            ),
            ndc=code_in(drug, systems.NDC),
            frequency=text(timing.get("code") if isinstance(timing, dict) else None, "text")
            or text(dosage, "text"),
            route=text(dosage.get("route"), "text"),
        )


_REQUEST_TYPE: Final = "serviceItemRequestType"
_MAX_SEQUENCE: Final = 2**31 - 1
"""The greatest positiveInt of FHIR."""
_FULL_DATE: Final = "must be a full date, YYYY-MM-DD"


def _level_of(code: str) -> CodeType:
    """CPT for an HCPCS code of level I; HCPCS for one of level II, which begins with a letter."""
    return CodeType.HCPCS if code[:1].isalpha() else CodeType.CPT
