"""The content of a request, read from a PAS Claim and what it refers to.

A field of the payer's form that the claim lacks is empty: the errors of the form then name the place in
the claim by :attr:`ReadClaim.places`. Unknown elements are ignored.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import ValidationError

from precert.domain.content import RequestContent
from precert.domain.errors import FieldError
from precert.domain.payer import Payer
from precert.domain.value_errors import errors_of
from precert.domain.values import Purpose
from precert.fhir import systems
from precert.fhir.bundles import Bundle, extension_of, objects, text
from precert.fhir.claim_changes import is_cancelled_item, is_update, places_of_numbers
from precert.fhir.claim_items import ItemReader, item_sequences
from precert.fhir.elements import Json
from precert.fhir.received_parties import PROVIDER_TYPES, patient_of, provider_of


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
    partial: RequestContent | None = field(default=None, repr=False)
    """The values that have the form that they need."""

    def place(self, pointer: str) -> str:
        """Where a value of the content is in the bundle, or would be."""
        parts = pointer.split("/")
        while parts:
            if found := self.places.get("/".join(parts)):
                return found
            if len(parts) == _VALUE_OF_A_LINE and (found := self._place_of_line(parts)):
                return found
            parts.pop()
        return "Claim"

    def _place_of_line(self, parts: list[str]) -> str | None:
        """Where a line has a value of its service: each item of a claim has its own."""
        service, line = "/".join(parts[:3]), "/".join(parts[:5])
        of_service = self.places.get(f"{service}/{parts[5]}")
        first, own = self.places.get(f"{service}/procedures/0"), self.places.get(line)
        if of_service is None or first is None or own is None:
            return None
        return of_service.replace(f"{first}.", f"{own}.", 1)


def read_claim(bundle: Bundle, *, payer: Payer, acting_tin: str | None = None) -> ReadClaim:
    """The content of the bundle's claim.

    ``acting_tin`` is the TIN of a requesting provider that the claim identifies by its NPI only.
    """
    return _Reader(bundle, payer, acting_tin).read()


def focal_insurance(claim: Json) -> Json:
    """The insurance that a claim is about."""
    found = objects(claim, "insurance")
    focal = next((one for one in found if one.get("focal") is True), None)
    return focal or (found[0] if found else {})


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
        items = ItemReader(self.bundle, self.payer, self.places, self.expected)
        services = items.services()
        requesting = provider_of(
            self.bundle, claim.get("provider"), "requesting_provider", "provider", self.places
        )
        if requesting and not requesting.get("tin") and self.acting_tin:
            requesting["tin"] = self.acting_tin
        servicing = self._servicing() if objects(claim, "careTeam") else requesting
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
            *items.errors(),
        ]
        content: RequestContent | None
        try:
            content = RequestContent.model_validate(entered)
        except ValidationError as error:
            errors += errors_of(error)
            content = _valid_part(entered, error)
        read = ReadClaim(
            None, tuple(errors), item_sequences(self.bundle), self.places, self.expected, content
        )
        relevant = tuple(
            one for one in errors if not self._is_of_cancelled(read.place(one.pointer))
        )
        if relevant or content is None:
            return replace(read, errors=relevant or tuple(errors))
        return replace(read, content=content, errors=())

    def _is_of_cancelled(self, place: str) -> bool:
        """Whether a value is of an item that an update cancels: what it requests does not count."""
        if not is_update(self.bundle) or place.endswith(".sequence"):
            return False
        return place.startswith(
            tuple(
                f"Claim.item[{index}]."
                for index, item in enumerate(objects(self.claim, "item"))
                if is_cancelled_item(item)
            )
        )

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
        self.places["/related"] = "Claim.related"
        for index in range(len(objects(claim, "related"))):
            self.places[f"/related/{index}"] = f"Claim.related[{index}]"
        for index, place in enumerate(places_of_numbers(claim).values()):
            self.places[f"/numbers/{index}"] = place
        if not is_update(self.bundle):
            cancelled = [is_cancelled_item(one) for one in (claim, *objects(claim, "item"))]
            if any(cancelled):
                yield FieldError("/related", "missing", "send the claim that this one cancels")
        insurance = focal_insurance(claim)
        coverage = self.bundle.target(insurance.get("coverage"), "Coverage")
        patient = self.bundle.target(claim.get("patient"), "Patient")
        self.places["/coverage"] = "Claim.insurance.coverage"
        if insurance.get("coverage") and coverage is None:
            yield FieldError("/coverage", "unknown", self._unresolved(insurance, "coverage"))
        beneficiary = self.bundle.target(coverage.get("beneficiary")) if coverage else None
        if coverage and patient and beneficiary is not None and beneficiary is not patient:
            self.places["/coverage"] = f"{self.bundle.path(coverage)}.beneficiary"
            message = "the beneficiary of the coverage is not the patient of the claim"
            yield FieldError("/coverage", "contradicts", message)

    def _expect_parties(self) -> None:
        """What to send of the patient and the providers."""
        parts: tuple[tuple[str, object, tuple[str, ...]], ...] = (
            (
                "/patient",
                self.claim.get("patient"),
                ("", "/member_id", "/date_of_birth", "/last_name", "/first_name"),
            ),
            ("/requesting_provider", self.claim.get("provider"), ("",)),
            *(("/servicing_provider", one.get("provider"), ("",)) for one in self._team()),
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
            types = ("Patient",) if pointer == "/patient" else PROVIDER_TYPES
            if reference and self.bundle.target(reference, *types) is None:
                words = self._unresolved({"reference": reference}, "reference", *types)
                self.expected |= {f"{pointer}{name}": words for name in names}

    def _unresolved(self, holder: Json, name: str, *types: str) -> str:
        """Why a reference names no resource that fits, and what to send."""
        found = self.bundle.target(holder.get(name))
        if found is None:
            return _ABSENT
        expected = " or ".join(types or (name.capitalize(),))
        return f"it refers to a {found['resourceType']}: refer to an entry of the type {expected}"

    # -- Parties ----------------------------------------------------------------------------------

    def _team(self) -> list[Json]:
        """The member of the care team who takes part in the whole claim, or the first of an item."""
        team = objects(self.claim, "careTeam")
        scope = systems.extension_url("careTeamClaimScope")
        overall = [
            one for one in team if (extension_of(one, scope) or {}).get("valueBoolean") is True
        ]
        return (overall or team)[:1]

    def _servicing(self) -> Json | None:
        """The servicing provider; ``None`` where the bundle does not have it."""
        for member in self._team():
            where = f"careTeam[{objects(self.claim, 'careTeam').index(member)}].provider"
            reference = member.get("provider")
            return provider_of(self.bundle, reference, "servicing_provider", where, self.places)
        return None


def _valid_part(entered: Json, error: ValidationError) -> RequestContent | None:
    """The content without the values that are wrong, so that the rest of it can be checked."""
    part = deepcopy(entered)
    for one in error.errors(include_url=False):
        element: Any = part
        holder, name = part, ""
        for step in one["loc"]:
            if isinstance(element, dict) and step in element:
                holder, name = element, str(step)
            elif not isinstance(element, list) or not isinstance(step, int):
                break
            element = element[step]
        if name == "code":
            # A line has a code; that of this line is an error already.
            holder[name] = _ANY_CODE
        else:
            holder.pop(name, None)
    try:
        return RequestContent.model_validate(part)
    except ValidationError:
        return None


_ANY_CODE: Final = "00000"
_VALUE_OF_A_LINE: Final = 6
"""Parts of a pointer such as ``/services/0/procedures/1/units``."""
_USES: Final = ("preauthorization", "predetermination")
_ABSENT: Final = "the bundle has no resource for this reference: send it as an entry"
