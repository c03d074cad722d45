"""The content of a request, read from a PAS Claim and what it refers to.

Each item is a service line, and consecutive items that differ only in code, modifiers, units and date
are one service. A field of the payer's form that the claim lacks is empty: the errors of the
form then name the place in the claim by :attr:`ReadClaim.places`. Unknown elements are ignored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from pydantic import ValidationError

from precert.domain.content import RequestContent
from precert.domain.errors import FieldError
from precert.domain.payer import Payer
from precert.domain.value_errors import errors_of
from precert.domain.values import (
    AuthorizationType,
    CodeType,
    Purpose,
    UnitType,
    Urgency,
)
from precert.fhir import systems
from precert.fhir.bundles import (
    INFO_CANCELLED,
    Bundle,
    Issue,
    UnprocessableBundleError,
    code_in,
    codings,
    day_of,
    extension_of,
    objects,
    text,
)
from precert.fhir.elements import Json, present
from precert.fhir.received_parties import patient_of, provider_of

_CODE_TYPE_OF: Final = {
    **{
        system.replace("http://", "https://", 1): kind
        for kind, system in systems.CODE_SYSTEMS.items()
    },
    # The guide's examples have CPT codes under the system of HCPCS: the form of the code decides.
    systems.HCPCS.replace("http://", "https://", 1): None,
    systems.CPT.replace("http://", "https://", 1): None,
}
_URGENCY_OF: Final = {level: urgency for urgency, level in systems.LEVEL_OF.items()}
_AUTHORIZATION_OF: Final = {code: kind for kind, code in systems.REQUEST_TYPE_OF.items()}
_UNIT_TYPE_OF: Final = {
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
"""By the code of X12 673 or UCUM, or by the unit in words."""


@dataclass(frozen=True)
class ReadClaim:
    """The content of a claim, or the errors of its values."""

    content: RequestContent | None
    errors: tuple[FieldError, ...]
    """Values without the form that they need; pointers are into the content."""
    sequences: tuple[int, ...]
    """``item.sequence`` of each service line, in the order of the lines of the content."""
    places: Mapping[str, str] = field(repr=False)
    """FHIRPath by pointer into the content."""
    expected: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What to send, by pointer, where a required value is missing or was sent in a form that is not
    read."""

    def place(self, pointer: str) -> str:
        """Where a value of the content is in the bundle, or would be."""
        parts = pointer.split("/")
        while parts:
            if found := self.places.get("/".join(parts)):
                return found
            parts.pop()
        return "Claim"


def read_claim(bundle: Bundle, *, payer: Payer, acting_tin: str | None = None) -> ReadClaim:
    """The content of the bundle's claim.

    ``acting_tin`` is the TIN of a requesting provider that the claim identifies by its NPI only.
    """
    return _Reader(bundle, payer, acting_tin).read()


def item_sequences(bundle: Bundle) -> tuple[int, ...]:
    """``item.sequence`` of each service line of the bundle's claim, in the order of the lines."""
    return tuple(
        number if isinstance(number := item.get("sequence"), int) else index
        for index, item in enumerate(objects(bundle.first, "item"), start=1)
    )


def focal_insurance(claim: Json) -> Json:
    """The insurance that a claim is about."""
    found = objects(claim, "insurance")
    focal = next((one for one in found if one.get("focal") is True), None)
    return focal or (found[0] if found else {})


def period_of(claim: Json) -> tuple[str | None, str | None]:
    """The first and last day that a claim names as dates of service."""
    infos = [one for one in objects(claim, "supportingInfo") if _is_dated(one)]
    firsts = [_first_of(one, "timing") for one in infos]
    lasts = [_last_of(one, "timing") or _first_of(one, "timing") for one in infos]
    for item in objects(claim, "item"):
        firsts.append(_first_of(item, "serviced"))
        lasts.append(_last_of(item, "serviced") or _first_of(item, "serviced"))
    days = [one for one in firsts if one], [one for one in lasts if one]
    return min(days[0], default=None), max(days[1], default=None)


def _is_dated(info: Json) -> bool:
    dates = {"patientEvent", "admissionDates", "dischargeDates"}
    return any(code in dates for _, code in codings(info.get("category")))


def prior_claim(bundle: Bundle) -> Json | None:
    """The earlier claim that this one updates or cancels: a claim, or an object with its identifier."""
    for one in objects(bundle.first, "related"):
        reference = one.get("claim")
        target = bundle.target(reference)
        if target is not None:
            return target
        if isinstance(reference, dict) and isinstance(known := reference.get("identifier"), dict):
            return {"identifier": [known]}
        if isinstance(known := one.get("reference"), dict):
            return {"identifier": [known]}
        return {}
    return None


def require_one_claim(bundle: Bundle) -> None:
    """Refuse a bundle with further claims than the earlier one that its claim updates.

    Raises:
        UnprocessableBundleError: it has others; each is named.
    """
    related = [bundle.target(one.get("claim")) for one in objects(bundle.first, "related")]
    known = [bundle.first, *related]
    issues = [
        Issue(
            "structure", bundle.path(one), "Send one claim in a bundle, and the earlier one only."
        )
        for one in (entry["resource"] for entry in bundle.document["entry"])
        if one["resourceType"] == "Claim" and not any(one is each for each in known)
    ]
    if issues:
        raise UnprocessableBundleError(issues)


def cancelled_items(claim: Json) -> frozenset[int]:
    """``item.sequence`` of the items that a claim cancels."""
    return frozenset(
        number if isinstance(number := item.get("sequence"), int) else index
        for index, item in enumerate(objects(claim, "item"), start=1)
        if _cancels(item)
    )


def is_cancelled(bundle: Bundle) -> bool:
    """Whether the claim cancels all of its items: by certification type, or item by item."""
    if _cancels(bundle.first):
        return True
    items = objects(bundle.first, "item")
    return bool(items) and all(_cancels(item) for item in items)


def _cancels(element: Json) -> bool:
    url = systems.extension_url("certificationType")
    extension = extension_of(element, url) or {}
    kind = code_in(extension.get("valueCodeableConcept"), systems.CERTIFICATION_TYPE)
    flags = objects(element, "modifierExtension")
    flagged = any(one.get("url") == INFO_CANCELLED and one.get("valueBoolean") for one in flags)
    return kind == systems.CANCEL or flagged


@dataclass
class _Reader:
    bundle: Bundle
    payer: Payer
    acting_tin: str | None
    places: dict[str, str] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)

    @property
    def claim(self) -> Json:
        return self.bundle.first

    def read(self) -> ReadClaim:
        claim = self.claim
        services = self._services()
        requesting = provider_of(
            self.bundle, claim.get("provider"), "requesting_provider", "provider", self.places
        )
        if requesting and not requesting.get("tin") and self.acting_tin:
            requesting["tin"] = self.acting_tin
        servicing = self._servicing() or (requesting and {**requesting})
        self.places.setdefault("/servicing_provider", "Claim.careTeam")
        self.places.setdefault("/services", "Claim.item")
        uses = {"predetermination": Purpose.PREDETERMINATION}
        entered = {
            "purpose": uses.get(text(claim, "use") or "", Purpose.PRECERTIFICATION),
            "patient": patient_of(self.bundle, claim, focal_insurance(claim), self.places),
            "servicing_provider": servicing,
            "requesting_provider": requesting,
            "services": services,
        }
        entered = {name: value for name, value in entered.items() if value}
        self._expect_parties()
        errors = [
            *self._errors_of_head(),
            *self._errors_of_sequences(),
            *self._errors_of_periods(),
        ]
        content = None
        try:
            content = RequestContent.model_validate(entered)
        except ValidationError as error:
            errors += errors_of(error)
        return ReadClaim(
            content if not errors else None,
            tuple(errors),
            item_sequences(self.bundle),
            self.places,
            self.expected,
        )

    def _errors_of_sequences(self) -> Iterator[FieldError]:
        """Items are answered by their numbers, which are positive and different (X12 278 2000F)."""
        seen = set[int]()
        for index, item in enumerate(objects(self.claim, "item")):
            number = item.get("sequence", index + 1)
            pointer = f"/items/{index}/sequence"
            self.places[pointer] = f"Claim.item[{index}].sequence"
            whole = isinstance(number, int) and not isinstance(number, bool)
            if not whole or not 1 <= number <= _MOST:
                message = "send the number of the item, a whole number from 1"
                yield FieldError(pointer, "malformed", message)
            elif number in seen:
                yield FieldError(pointer, "duplicate", "send another number: each item has its own")
            else:
                seen.add(number)

    def _errors_of_head(self) -> Iterator[FieldError]:
        """What makes the claim another one than a request: its status, its use, its coverage."""
        claim = self.claim
        for name, accepted, remedy in (
            ("status", ("active",), "To withdraw a claim, send it with the certification type 3"),
            ("use", _USES, "Claims for payment are not processed here"),
        ):
            self.places[f"/{name}"] = f"Claim.{name}"
            if claim.get(name, accepted[0]) not in accepted:
                message = f"send {' or '.join(accepted)}. {remedy}"
                yield FieldError(f"/{name}", "not_a_choice", message)
        insurance = focal_insurance(claim)
        coverage = self.bundle.target(insurance.get("coverage"))
        patient = self.bundle.target(claim.get("patient"))
        self.places["/coverage"] = "Claim.insurance.coverage"
        if insurance.get("coverage") and coverage is None:
            yield FieldError("/coverage", "unknown", _ABSENT)
        beneficiary = self.bundle.target(coverage.get("beneficiary")) if coverage else None
        if coverage and patient and beneficiary is not None and beneficiary is not patient:
            self.places["/coverage"] = f"{self.bundle.path(coverage)}.beneficiary"
            message = "the beneficiary of the coverage is not the patient of the claim"
            yield FieldError("/coverage", "contradicts", message)

    def _errors_of_periods(self) -> Iterator[FieldError]:
        """Periods that end before they begin."""
        for index, item in enumerate(objects(self.claim, "item")):
            pointer = f"/items/{index}/period"
            self.places[pointer] = f"Claim.item[{index}].serviced"
            if _is_reversed(_first_of(item, "serviced"), _last_of(item, "serviced")):
                yield FieldError(pointer, "contradicts", "the end is before the start")
        admission = self._supporting("admissionDates")
        discharge = self._supporting("dischargeDates")
        last = _first_of(discharge, "timing") or _last_of(admission, "timing")
        if _is_reversed(_first_of(admission, "timing"), last):
            self.places["/stay"] = "Claim.supportingInfo"
            yield FieldError("/stay", "contradicts", "the discharge is before the admission")

    def _expect_parties(self) -> None:
        """What to send of the patient and the providers."""
        parts: tuple[tuple[str, object, tuple[str, ...]], ...] = (
            (
                "/patient",
                self.claim.get("patient"),
                ("", "/member_id", "/date_of_birth", "/last_name", "/first_name"),
            ),
            ("/requesting_provider", self.claim.get("provider"), ("",)),
        )
        self.expected |= {
            "/patient/member_id": "send the member id, in an identifier of the patient with the type "
            "MB or as subscriberId of the coverage",
            "/patient/date_of_birth": "send the whole birth date, YYYY-MM-DD",
            "/services": "send at least one item",
        }
        for part in ("requesting_provider", "servicing_provider"):
            self.expected[f"/{part}/npi"] = f"send the NPI, with the system {systems.US_NPI}"
            self.expected[f"/{part}/tin"] = f"send the TIN, with the system {systems.US_TIN}"
        for pointer, reference, names in parts:
            if reference and self.bundle.target(reference) is None:
                self.expected |= {f"{pointer}{name}": _ABSENT for name in names}

    # -- Parties ----------------------------------------------------------------------------------

    def _servicing(self) -> Json | None:
        """The provider of the care team who takes part in the whole claim, or the first of an item."""
        team = objects(self.claim, "careTeam")
        scope = systems.extension_url("careTeamClaimScope")
        overall = [
            one for one in team if (extension_of(one, scope) or {}).get("valueBoolean") is True
        ]
        chosen = (overall or team)[:1]
        for member in chosen:
            where = f"careTeam[{team.index(member)}].provider"
            reference = member.get("provider")
            return provider_of(self.bundle, reference, "servicing_provider", where, self.places)
        return None

    # -- Services ---------------------------------------------------------------------------------

    def _services(self) -> list[Json]:
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
            self._place_service(number, index)
            self._place_line(pointer, index)
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
        """What to send of a service; the payer's codes, where another one was sent."""
        form = self.payer.form
        types = [one for one in form.types_of_service if one.authorization_type in (kind, None)]
        services = dict.fromkeys(one.x12_service_type for one in types if one.x12_service_type)
        places = dict.fromkeys(one.cms_code for one in form.places_of_service if one.cms_code)
        self.expected |= {
            f"{pointer}/type_of_service": f"send one of these service types, of X12 1365: "
            f"{', '.join(services)}",
            f"{pointer}/place_of_service": f"send one of these places, by its CMS code: "
            f"{', '.join(sorted(places))}",
            f"{pointer}/procedures": "send a code of CPT, HCPCS, revenue codes or MS-DRG with its "
            f"system, such as {systems.CPT}",
            f"{pointer}/primary_diagnosis": f"send a diagnosis with the system {systems.ICD_10_CM}, "
            "and its sequence here",
            f"{pointer}/service_date": "send a whole date, YYYY-MM-DD",
            f"{pointer}/admission_date": "send the whole date of the admission, YYYY-MM-DD",
            f"{pointer}/requested_days": "send the whole date of the discharge, YYYY-MM-DD",
        }

    def _service(self, item: Json) -> Json:
        """The service of an item, without its line."""
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
            requested_days=_days(first, last),
            primary_diagnosis=diagnoses[0] if diagnoses else None,
            additional_diagnoses=diagnoses[1:],
            medication=self._medication(item),
        )

    def _authorization_type(self, item: Json) -> AuthorizationType:
        extension = extension_of(item, systems.extension_url(_REQUEST_TYPE)) or {}
        code = code_in(extension.get("valueCodeableConcept"), systems.REQUEST_TYPE)
        if code in _AUTHORIZATION_OF:
            return _AUTHORIZATION_OF[code]
        stays = self._supporting("admissionDates") is not None
        return AuthorizationType.INPATIENT if stays else AuthorizationType.OUTPATIENT

    def _type_of_service(self, item: Json, kind: AuthorizationType) -> str | None:
        """The payer's type of service with the X12 service type of the item, or of its name."""
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
        """The payer's place: of those with the CMS code, one that the type of service offers."""
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
        urgent = any(code == "stat" for _, code in codings(self.claim.get("priority")))
        return Urgency.EXPEDITED if urgent else Urgency.STANDARD

    def _supporting(self, category: str) -> Json | None:
        for one in objects(self.claim, "supportingInfo"):
            if any(code == category for _, code in codings(one.get("category"))):
                return one
        return None

    def _first_day(self, item: Json) -> str | None:
        event = self._supporting("patientEvent")
        return _first_of(item, "serviced") or _first_of(event, "timing")

    def _stay(self, item: Json) -> tuple[str | None, str | None]:
        """The days of admission and discharge."""
        admission, discharge = (
            self._supporting("admissionDates"),
            self._supporting("dischargeDates"),
        )
        last = _first_of(discharge, "timing") or _last_of(admission, "timing")
        return _first_of(admission, "timing") or self._first_day(item), last

    def _diagnoses(self, item: Json) -> list[str]:
        """ICD-10-CM codes of the item, the principal first; of the claim, if the item names none."""
        numbers = item.get("diagnosisSequence")
        found: list[tuple[bool, str]] = []
        for one in objects(self.claim, "diagnosis"):
            named = not isinstance(numbers, list) or one.get("sequence") in numbers
            code = code_in(one.get("diagnosisCodeableConcept"), systems.ICD_10_CM)
            if named and code:
                kinds = {kind for each in objects(one, "type") for _, kind in codings(each)}
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
        modifiers = [
            found for one in objects(item, "modifier") for _, found in list(codings(one))[:1]
        ]
        return present(
            code=code,
            code_type=kind,
            start_date=self._first_day(item),
            # An item without a quantity is one unit.
            units=1 if value is None else value,
            unit_type=_UNIT_TYPE_OF.get((unit or "").upper(), None if unit else UnitType.UNITS),
            modifiers=modifiers,
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
        dosage = next(iter(objects(order, "dosageInstruction")), {})
        timing = dosage.get("timing")
        return present(
            name=text(drug, "text"),
            ndc=code_in(drug, systems.NDC),
            frequency=text(timing.get("code") if isinstance(timing, dict) else None, "text")
            or text(dosage, "text"),
            route=text(dosage.get("route"), "text"),
        )


_REQUEST_TYPE: Final = "serviceItemRequestType"
_USES: Final = ("preauthorization", "predetermination")
_MOST: Final = 2**31 - 1
"""The greatest positiveInt of FHIR."""
_ABSENT: Final = "the bundle has no resource for this reference: send it as an entry"


def _is_reversed(first: str | None, last: str | None) -> bool:
    """Whether a period ends before it begins; what is no date is another error."""
    return first is not None and last is not None and last < first


def _level_of(code: str) -> CodeType:
    """Whether a code of HCPCS is of level I, which is CPT, or of level II."""
    return CodeType.HCPCS if code[:1].isalpha() else CodeType.CPT


def _first_of(element: Json | None, stem: str) -> str | None:
    """The first day of a ``stem[x]`` of type date or Period."""
    if element is None:
        return None
    period = element.get(f"{stem}Period")
    return day_of(element.get(f"{stem}Date")) or (
        day_of(period.get("start")) if isinstance(period, dict) else None
    )


def _last_of(element: Json | None, stem: str) -> str | None:
    period = element.get(f"{stem}Period") if element else None
    return day_of(period.get("end")) if isinstance(period, dict) else None


def _days(first: str | None, last: str | None) -> int | None:
    """The days from admission to discharge; a stay of one day has both on the same day."""
    try:
        days = (date.fromisoformat(last or "") - date.fromisoformat(first or "")).days
    except ValueError:
        return None
    return max(days, 1)
