"""Updates and cancellations in received claims: the earlier claims and the cancelled items."""

from typing import Final

from precert.fhir import systems
from precert.fhir.bundles import (
    INFO_CANCELLED,
    Bundle,
    Issue,
    UnprocessableBundleError,
    code_in,
    extension_of,
    objects,
    text,
)
from precert.fhir.elements import Json


def is_update(bundle: Bundle) -> bool:
    """Whether the claim updates or cancels an earlier one."""
    return bool(objects(bundle.first, "related"))


def prior_claims(bundle: Bundle) -> list[Json]:
    """The earlier claims that this one updates or cancels: Claims, or objects with an identifier only.

    PAS permits one. Several are accepted: the claim and its updates.
    """
    return [_prior_claim(bundle, one) for one in objects(bundle.first, "related")]


def _prior_claim(bundle: Bundle, related: Json) -> Json:
    reference = related.get("claim")
    target = bundle.target(reference)
    if target is not None:
        return target
    if isinstance(reference, dict) and isinstance(known := reference.get("identifier"), dict):
        return {"identifier": [known]}
    if isinstance(known := related.get("reference"), dict):
        return {"identifier": [known]}
    return {}


_NUMBERS: Final = ("authorizationNumber", "administrationReferenceNumber")
"""Extensions with numbers of earlier responses: X12 REF BB and REF NT."""


def places_of_numbers(claim: Json) -> dict[str, str]:
    """The FHIRPath by number, for the numbers of earlier responses in a claim and its items.

    Numbers are in upper case. A repeated number has the path where it occurs first.
    """
    found: dict[str, str] = {}
    if number := text(claim, "preAuthRef"):
        found[number.strip().upper()] = "Claim.preAuthRef"
    items = ((f"Claim.item[{index}]", one) for index, one in enumerate(objects(claim, "item")))
    for place, element in (("Claim", claim), *items):
        for name in _NUMBERS:
            extension = extension_of(element, systems.extension_url(name))
            if number := text(extension, "valueString"):
                path = f"{place}.extension('{name}').valueString"
                found.setdefault(number.strip().upper(), path)
    return found


def require_one_claim(bundle: Bundle) -> None:
    """Require that a bundle has no claims but its first one and those that it updates.

    Raises:
        UnprocessableBundleError: it has others; each is listed.
    """
    related = [bundle.target(one.get("claim")) for one in objects(bundle.first, "related")]
    known = [bundle.first, *related]
    message = "A bundle must have no other Claim than the first one and the one that it updates."
    issues = [
        Issue("structure", bundle.path(one), message)
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
        if is_cancelled_item(item)
    )


def is_cancelled(bundle: Bundle) -> bool:
    """Whether the claim is cancelled as a whole, or each of its items is."""
    if is_cancelled_as_a_whole(bundle):
        return True
    items = objects(bundle.first, "item")
    return bool(items) and all(is_cancelled_item(item) for item in items)


def is_cancelled_as_a_whole(bundle: Bundle) -> bool:
    """Whether the claim itself, not its items, states that the earlier one is cancelled."""
    return is_cancelled_item(bundle.first)


def is_cancelled_item(element: Json) -> bool:
    """Whether an item or a claim has certification type 3 (X12 1322) or the flag infoCancelled."""
    url = systems.extension_url("certificationType")
    extension = extension_of(element, url) or {}
    kind = code_in(extension.get("valueCodeableConcept"), systems.CERTIFICATION_TYPE)
    flags = objects(element, "modifierExtension")
    flagged = any(one.get("url") == INFO_CANCELLED and one.get("valueBoolean") for one in flags)
    return kind == systems.CANCEL or flagged
