"""PAS inquiries: the elements of a Claim are the search criteria (query by example)."""

from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError

from precert.domain.codes import canonical_code
from precert.domain.inquiry import Inquiry
from precert.domain.value_errors import errors_of
from precert.domain.values import CodeType
from precert.fhir import systems
from precert.fhir.bundles import (
    Bundle,
    Issue,
    UnprocessableBundleError,
    codings,
    extension_of,
    objects,
)
from precert.fhir.claim_changes import places_of_numbers
from precert.fhir.claim_checks import has_no_procedure
from precert.fhir.claim_dates import DATED, has_category, has_partial_date, period_of
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


_NOT_COMPARED: Final = (
    *("certIssueDate", "certExpirationDate", "certEffectiveDate", "reviewActionCode"),
    "certificationType",
)
"""Extensions of an inquiry and its items, by the names of their slices, that are not compared."""
_URLS: Final = {
    "certIssueDate": "itemCertificationIssueDate",
    "certExpirationDate": "itemCertificationExpirationDate",
    "certEffectiveDate": "itemCertificationEffectiveDate",
}
"""Names of extensions that differ from those of their slices."""


def read_inquiry(bundle: Bundle) -> Inquiry:
    """The search criteria in the bundle's claim.

    A criterion that cannot be read is an error: without it, other requests would be found.

    Raises:
        UnprocessableBundleError: the claim has no member id, or a value is not valid; all are listed.
    """
    claim = bundle.first
    unread = list(_unread(claim))
    places: dict[str, str] = {}
    patient = patient_of(bundle, claim, focal_insurance(claim), places)
    first, last = period_of(claim)
    entered = {
        "member_id": patient.get("member_id"),
        "date_of_birth": patient.get("date_of_birth"),
        "numbers": tuple(places_of_numbers(claim)),
        "codes": frozenset(_codes(claim)),
        "first_day": first,
        "last_day": last,
    }
    try:
        inquiry = Inquiry.model_validate(entered)
    except ValidationError as error:
        raise UnprocessableBundleError(
            [
                *unread,
                *(
                    Issue(
                        "value",
                        places.get(f"/patient{one.pointer}", "Claim"),
                        f"{_LABELS.get(one.pointer, 'The claim')}: {one.message}.",
                    )
                    for one in errors_of(error)
                ),
            ]
        ) from None
    if unread:
        raise UnprocessableBundleError(unread)
    return inquiry


def criteria_not_compared(bundle: Bundle) -> list[str]:
    """FHIRPaths of elements of an inquiry that are not compared with requests."""
    claim = bundle.first
    found: list[str] = []
    kind = systems.extension_url("certificationType")
    if extension_of(claim, kind):
        found.append(f"Claim.extension('{kind}')")
    for index, item in enumerate(objects(claim, "item")):
        if item.get("diagnosisSequence"):
            found.append(f"Claim.item[{index}].diagnosisSequence")
        for name in _NOT_COMPARED:
            url = systems.extension_url(_URLS.get(name, name))
            if extension_of(item, url):
                found.append(f"Claim.item[{index}].extension('{url}')")
    return found


def _unread(claim: Json) -> Iterator[Issue]:
    """An issue for each code and date that was sent and cannot be read."""
    dated = [("Claim.billablePeriod", claim, "billable")]
    for index, item in enumerate(objects(claim, "item")):
        place, code = f"Claim.item[{index}]", item.get("productOrService")
        dated.append((f"{place}.serviced", item, "serviced"))
        if not has_no_procedure(code) and not any(system in _CODED for system, _ in codings(code)):
            message = (
                f"The code must be a CPT or HCPCS code with its system, such as {systems.CPT}."
            )
            yield Issue("value", f"{place}.productOrService", message)
    for index, info in enumerate(objects(claim, "supportingInfo")):
        if any(has_category(info, one) for one in DATED):
            dated.append((f"Claim.supportingInfo[{index}].timing", info, "timing"))
    for place, element, stem in dated:
        period = element.get(f"{stem}Period")
        is_open = isinstance(period, dict) and "end" in period and "start" not in period
        if has_partial_date(element, stem) and not is_open:
            yield Issue("value", place, "The date must be a full date, YYYY-MM-DD.")


def _codes(claim: Json) -> Iterator[str]:
    """The codes of the items; none if an item has no code, as such an item means any service."""
    found: list[str] = []
    for item in objects(claim, "item"):
        own = [code for system, code in codings(item.get("productOrService")) if system in _CODED]
        own += (canonical_code(code, CodeType.REVENUE) for _, code in codings(item.get("revenue")))
        if not own:
            return
        found += own
    yield from found
