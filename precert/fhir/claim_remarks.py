"""What a received claim has and the payer does not evaluate, in words for the response.

All of it is stored with the bundle. Without a note, a submitter could take it for evaluated.
"""

from collections.abc import Iterator
from typing import Final

from precert.fhir import systems
from precert.fhir.answers import RESPONSE, resources_in
from precert.fhir.attachments import files_of_resource
from precert.fhir.bundles import Bundle, code_in, codings, extension_of, objects
from precert.fhir.claim_changes import is_cancelled_item
from precert.fhir.claim_checks import has_no_procedure
from precert.fhir.claim_dates import DATED, first_of, has_category, last_of
from precert.fhir.claims import servicing_member
from precert.fhir.elements import Json

_OF_CLAIM: Final = ("accident", "facility", "prescription", "procedure")
_EXTENSIONS_OF_CLAIM: Final = ("conditionCode", "homeHealthCareInformation")
_OF_ITEM: Final = ("bodySite", "programCode", "subSite", "udi")
_MOST: Final = 20
"""Maximum number of places that a text names."""
_NOT_EVALUATED: Final = (
    "stored with the claim, and not evaluated or shown to reviewers. Send what a reviewer must know as "
    "a document"
)
_UNNAMED: Final = "not evaluated, as no item names it in diagnosisSequence"
_UNUSED_GROUP: Final = "the MS-DRG is not evaluated, as each of its items has a code of its own"
_RANGE: Final = "only the first code of the range is requested. Send an item for each further code"
_LONG_PERIOD: Final = (
    "the request begins on the first day. The end of the period is not evaluated; the dates of an "
    "approval are in its response"
)
_OTHER_MEMBER: Final = (
    "a request has one servicing provider, which is another member of the care team. Send a claim for "
    "each servicing provider"
)


def claim_remarks(bundle: Bundle) -> list[str]:
    """One text for each kind of element that is not evaluated, with its places."""
    claim = bundle.first
    kinds = (
        (_NOT_EVALUATED, _not_evaluated(bundle)),
        (_UNNAMED, _unnamed_diagnoses(claim)),
        (_UNUSED_GROUP, _unused_groups(claim)),
        (_RANGE, _ranges(claim)),
        (_LONG_PERIOD, _long_periods(claim)),
        (_OTHER_MEMBER, _other_members(bundle)),
    )
    found = ((words, list(dict.fromkeys(places))) for words, places in kinds)
    return [f"{_listed(places)}: {words}." for words, places in found if places]


def _listed(places: list[str]) -> str:
    more = len(places) - _MOST
    return ", ".join([*places[:_MOST], *([f"{more} more"] if more > 0 else [])])


def _not_evaluated(bundle: Bundle) -> Iterator[str]:
    claim = bundle.first
    yield from (f"Claim.{name}" for name in _OF_CLAIM if claim.get(name))
    for name in _EXTENSIONS_OF_CLAIM:
        if extension_of(claim, url := systems.extension_url(name)):
            yield f"Claim.extension('{url}')"
    for index, info in enumerate(objects(claim, "supportingInfo")):
        is_dated = any(has_category(info, one) for one in DATED)
        if not is_dated and not is_cancelled_item(info) and not _is_document(bundle, info):
            yield f"Claim.supportingInfo[{index}]"
    for index, item in enumerate(objects(claim, "item")):
        yield from (f"Claim.item[{index}].{name}" for name in _OF_ITEM if item.get(name))


def _is_document(bundle: Bundle, info: Json) -> bool:
    """Whether supporting information is a file or answers, which become documents."""
    target = bundle.target(info.get("valueReference"))
    if target is None:
        return "valueAttachment" in info
    answers = any(one.get("resourceType") == RESPONSE for _, one in resources_in(target))
    return answers or any(True for _ in files_of_resource(target, "", bundle))


def _unnamed_diagnoses(claim: Json) -> Iterator[str]:
    for at, one in enumerate(objects(claim, "diagnosis")):
        if not _naming(claim, one):
            yield f"Claim.diagnosis[{at}]"


def _naming(claim: Json, diagnosis: Json) -> list[Json]:
    """The items with a diagnosis: those that name it or none."""
    return [
        item
        for item in objects(claim, "item")
        if not isinstance(numbers := item.get("diagnosisSequence"), list)
        or diagnosis.get("sequence") in numbers
    ]


def _unused_groups(claim: Json) -> Iterator[str]:
    """MS-DRGs of items that have another code, which is the one that is decided."""
    for at, one in enumerate(objects(claim, "diagnosis")):
        concept = one.get("diagnosisCodeableConcept")
        items = _naming(claim, one)
        if code_in(concept, systems.MS_DRG) and not code_in(concept, systems.ICD_10_CM):
            coded = [
                item
                for item in items
                if item.get("revenue") or not has_no_procedure(item.get("productOrService"))
            ]
            if items and len(coded) == len(items):
                yield f"Claim.diagnosis[{at}]"


def _ranges(claim: Json) -> Iterator[str]:
    """Items with a range of codes, of which the last is another code than the first."""
    url = systems.extension_url("productOrServiceCodeEnd")
    for index, item in enumerate(objects(claim, "item")):
        end = (extension_of(item, url) or {}).get("valueCodeableConcept")
        first = {code for _, code in codings(item.get("productOrService"))}
        if end is not None and first.isdisjoint(code for _, code in codings(end)):
            yield f"Claim.item[{index}].extension('{url}')"


def _long_periods(claim: Json) -> Iterator[str]:
    for index, item in enumerate(objects(claim, "item")):
        first, last = first_of(item, "serviced"), last_of(item, "serviced")
        if first and last and first != last:
            yield f"Claim.item[{index}].serviced"


def _other_members(bundle: Bundle) -> Iterator[str]:
    """Members of the care team of items that are not the servicing provider."""
    chosen = servicing_member(bundle.first)
    provider = bundle.target(chosen.get("provider")) if chosen else None
    for index, one in enumerate(objects(bundle.first, "careTeam")):
        if bundle.target(one.get("provider")) is not provider:
            yield f"Claim.careTeam[{index}]"
