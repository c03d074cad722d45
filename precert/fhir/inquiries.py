"""PAS inquiries: the elements of a Claim are the search criteria (query by example)."""

from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError

from precert.domain.inquiry import MAX_NUMBERS, Inquiry
from precert.domain.value_errors import errors_of
from precert.fhir import systems
from precert.fhir.bundles import (
    Bundle,
    Issue,
    UnprocessableBundleError,
    codings,
    objects,
)
from precert.fhir.claim_changes import places_of_numbers
from precert.fhir.claim_dates import period_of
from precert.fhir.claims import focal_insurance
from precert.fhir.elements import Json
from precert.fhir.received_parties import patient_of

_LABELS: Final = {
    "/member_id": "The member id of the patient",
    "/date_of_birth": "The birth date of the patient",
    "/first_day": "The first date of service",
    "/last_day": "The last date of service",
    "/codes": "The codes of the items",
    "/numbers": "The precertification numbers",
}
"""Names of an inquiry's values in error messages, by pointer."""
_CODED: Final = tuple(
    system.replace("http://", "https://", 1) for system in systems.CODE_SYSTEMS.values()
)


def read_inquiry(bundle: Bundle) -> Inquiry:
    """The search criteria in the bundle's claim; the first :data:`MAX_NUMBERS` numbers are used.

    Raises:
        UnprocessableBundleError: the claim has no member id, or a value is not valid; all are listed.
    """
    claim = bundle.first
    places: dict[str, str] = {}
    patient = patient_of(bundle, claim, focal_insurance(claim), places)
    first, last = period_of(claim)
    entered = {
        "member_id": patient.get("member_id"),
        "date_of_birth": patient.get("date_of_birth"),
        "numbers": tuple(places_of_numbers(claim))[:MAX_NUMBERS],
        "codes": frozenset(_codes(claim)),
        "first_day": first,
        "last_day": last,
    }
    try:
        return Inquiry.model_validate(entered)
    except ValidationError as error:
        raise UnprocessableBundleError(
            [
                Issue(
                    "value",
                    places.get(f"/patient{one.pointer}", "Claim"),
                    f"{_LABELS.get(one.pointer, 'The claim')}: {one.message}.",
                )
                for one in errors_of(error)
            ]
        ) from None


def _codes(claim: Json) -> Iterator[str]:
    """The codes of the items; none if an item has no code, as such an item means any service."""
    found: list[str] = []
    for item in objects(claim, "item"):
        own = [code for system, code in codings(item.get("productOrService")) if system in _CODED]
        if not own:
            return
        found += own
    yield from found
