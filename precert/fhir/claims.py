"""The content of a request, read from a PAS Claim and the resources that it refers to.

Fields of the payer's form that the claim lacks are empty; the errors of the form then name the FHIRPath
in the claim by :attr:`ReadClaim.places`. Unknown elements are ignored.
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
    """The content of a claim, or the errors of its values.

    Pointers are JSON pointers into the content. Elements that the content does not have, such as the
    status of the claim, have pointers of their own (``/status``).
    """

    content: RequestContent | None
    """``None`` if there are errors."""
    errors: tuple[FieldError, ...]
    sequences: tuple[int, ...]
    """``item.sequence`` of each service line, in the order of the lines of the content."""
    places: Mapping[str, str] = field(repr=False)
    """FHIRPath by pointer."""
    expected: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The valid value, as a message, by pointer: for required values that are missing or were sent in
    an unsupported form."""
    partial: RequestContent | None = field(default=None, repr=False)
    """The content without its invalid values; ``None`` if what remains is not valid."""

    def place(self, pointer: str) -> str:
        """The FHIRPath of a value in the bundle, or of the nearest known element above it."""
        parts = pointer.split("/")
        while parts:
            if found := self.places.get("/".join(parts)):
                return found
            if len(parts) == _LINE_VALUE_PARTS and (found := self._place_of_line(parts)):
                return found
            parts.pop()
        return "Claim"

    def _place_of_line(self, parts: list[str]) -> str | None:
        """The FHIRPath of a service's value in the item of one line, as each item has its own value."""
        service, line = "/".join(parts[:3]), "/".join(parts[:5])
        of_service = self.places.get(f"{service}/{parts[5]}")
        first, own = self.places.get(f"{service}/procedures/0"), self.places.get(line)
        if of_service is None or first is None or own is None:
            return None
        return of_service.replace(f"{first}.", f"{own}.", 1)


def read_claim(bundle: Bundle, *, payer: Payer, acting_tin: str | None = None) -> ReadClaim:
    """Read the content of the bundle's claim.

    ``acting_tin`` is used as the requesting provider's TIN if the claim has its NPI only.
    """
    return _Reader(bundle, payer, acting_tin).read()


def focal_insurance(claim: Json) -> Json:
    """The claim's insurance with ``focal``, else the first; empty if it has none."""
    found = objects(claim, "insurance")
    focal = next((one for one in found if one.get("focal") is True), None)
    return focal or (found[0] if found else {})


def servicing_member(claim: Json) -> Json | None:
    """The care team member that is the servicing provider.

    It is the first member whose scope is the whole claim, else the first; ``None`` without a care team.
    """
    team = objects(claim, "careTeam")
    scope = systems.extension_url("careTeamClaimScope")
    overall = [one for one in team if (extension_of(one, scope) or {}).get("valueBoolean") is True]
    return next(iter(overall or team), None)


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
        """Whether a FHIRPath is in an item that an update cancels; errors there are ignored."""
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
        """Errors of the claim's status, use, related claim and coverage."""
        claim = self.claim
        for name, accepted, remedy in (
            ("status", ("active",), "To withdraw a claim, send it with certification type 3"),
            ("use", _USES, "Claims for payment are not processed here"),
        ):
            self.places[f"/{name}"] = f"Claim.{name}"
            if claim.get(name, accepted[0]) not in accepted:
                message = f"must be {' or '.join(accepted)}. {remedy}"
                yield FieldError(f"/{name}", "not_a_choice", message)
        self.places["/related"] = "Claim.related"
        for index in range(len(objects(claim, "related"))):
            self.places[f"/related/{index}"] = f"Claim.related[{index}]"
        for index, place in enumerate(places_of_numbers(claim).values()):
            self.places[f"/numbers/{index}"] = place
        if not is_update(self.bundle):
            cancelled = [is_cancelled_item(one) for one in (claim, *objects(claim, "item"))]
            if any(cancelled):
                yield FieldError("/related", "missing", "must name the claim that this one cancels")
        insurance = focal_insurance(claim)
        coverage = self.bundle.target(insurance.get("coverage"), "Coverage")
        patient = self.bundle.target(claim.get("patient"), "Patient")
        self.places["/coverage"] = "Claim.insurance.coverage"
        if insurance.get("coverage") and coverage is None:
            yield FieldError("/coverage", "unknown", self._unresolved(insurance, "coverage"))
        beneficiary = self.bundle.target(coverage.get("beneficiary")) if coverage else None
        if coverage and patient and beneficiary is not None and beneficiary is not patient:
            self.places["/coverage"] = f"{self.bundle.path(coverage)}.beneficiary"
            message = "must be the patient of the claim"
            yield FieldError("/coverage", "contradicts", message)

    def _expect_parties(self) -> None:
        """The messages for missing values of the patient and the providers."""
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
            "/patient/member_id": "must have the member id, in an identifier with the type MB or as "
            "subscriberId of the coverage",
            "/patient/date_of_birth": "must be a full date, YYYY-MM-DD",
            "/services": "must have at least one item",
        }
        for part in ("requesting_provider", "servicing_provider"):
            self.expected[f"/{part}/npi"] = f"must have the NPI, with the system {systems.US_NPI}"
            self.expected[f"/{part}/tin"] = f"must have the TIN, with the system {systems.US_TIN}"
        for pointer, reference, names in parts:
            types = ("Patient",) if pointer == "/patient" else PROVIDER_TYPES
            if reference and self.bundle.target(reference, *types) is None:
                words = self._unresolved({"reference": reference}, "reference", *types)
                self.expected |= {f"{pointer}{name}": words for name in names}

    def _unresolved(self, holder: Json, name: str, *types: str) -> str:
        """The message about a reference to a resource that is absent or of a wrong type."""
        found = self.bundle.target(holder.get(name))
        if found is None:
            return _ABSENT
        expected = " or ".join(types or (name.capitalize(),))
        return f"must refer to an entry of the type {expected}, not {found['resourceType']}"

    # -- Parties ----------------------------------------------------------------------------------

    def _team(self) -> list[Json]:
        """The servicing provider's member of the care team, if there is one."""
        member = servicing_member(self.claim)
        return [member] if member else []

    def _servicing(self) -> Json | None:
        """The servicing provider; ``None`` if it is not in the bundle."""
        for member in self._team():
            where = f"careTeam[{objects(self.claim, 'careTeam').index(member)}].provider"
            reference = member.get("provider")
            return provider_of(self.bundle, reference, "servicing_provider", where, self.places)
        return None


def _valid_part(entered: Json, error: ValidationError) -> RequestContent | None:
    """The content without its invalid values, so that the rest can be validated."""
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
            # A procedure requires a code. The invalid one is reported already.
            holder[name] = _ANY_CODE
        else:
            holder.pop(name, None)
    try:
        return RequestContent.model_validate(part)
    except ValidationError:
        return None


_ANY_CODE: Final = "00000"
_LINE_VALUE_PARTS: Final = 6
"""The number of parts of a pointer such as ``/services/0/procedures/1/units``."""
_USES: Final = ("preauthorization", "predetermination")
_ABSENT: Final = "must refer to an entry of the bundle"
