"""The content of a request is read from a PAS claim as it was entered."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from precert.domain.content import RequestContent
from precert.fhir.bundles import UnprocessableBundleError, bundle_of
from precert.fhir.claims import ReadClaim, read_claim
from tests.fakes.samples import FACILITY_TIN, OFFICE_VISIT, PROVIDER_TIN, entered, payer
from tests.unit.test_export import bundle, claim_of

Json = dict[str, Any]
SURGERY = entered()["services"][0]


def read(document: Json, **options: Any) -> ReadClaim:
    return read_claim(bundle_of(document, first="Claim"), payer=payer(), **options)


def without_directory_ids(content: RequestContent) -> Json:
    found = content.model_dump(mode="json", exclude_none=True)
    for role in ("servicing_provider", "requesting_provider"):
        found[role].pop("provider_id", None)
    return found


@pytest.mark.parametrize(
    "services",
    [
        [SURGERY],
        [SURGERY | {"urgency": "EXPEDITED"}],
        [SURGERY | {"urgency": "EMERGENCY"}],
        [SURGERY, SURGERY | {"primary_diagnosis": "E1122", "additional_diagnoses": []}],
        [SURGERY | {"procedures": [{"code": "0120", "code_type": "REVENUE", "units": 2}]}],
        [
            dict(OFFICE_VISIT)
            | {
                "procedures": [
                    {"code": "J1745", "code_type": "HCPCS", "units": 10, "unit_type": "UNITS"}
                ],
                "medication": {"name": "Infliximab", "frequency": "Weekly", "route": "IV"},
            }
        ],
        [dict(OFFICE_VISIT) | {"procedures": [{"code": "99213", "code_type": "CPT"}]}],
    ],
    ids=["surgery", "expedited", "emergency", "two", "revenue", "drug", "visit"],
)
def test_content_is_as_entered_when_an_exported_claim_is_read(services: list[Json]) -> None:
    entered_services = [
        {
            **service,
            "procedures": [
                {
                    "units": 1,
                    "unit_type": "UNITS",
                    "start_date": service.get("admission_date") or service.get("service_date"),
                    **line,
                }
                for line in service["procedures"]
            ],
        }
        for service in services
    ]
    expected = RequestContent.model_validate(entered(services=entered_services))
    result = read(bundle(services=services))
    assert result.errors == ()
    assert result.content is not None
    assert without_directory_ids(result.content) == without_directory_ids(expected)


def test_line_has_no_code_when_an_item_has_no_procedure() -> None:
    document = bundle()
    (item, *_) = claim_of(document)["item"]
    claim_of(document)["item"] = [item]
    item["productOrService"] = {"coding": [{"system": "urn:none", "code": "not-applicable"}]}
    result = read(document)
    assert result.content is not None
    (service,) = result.content.services
    assert (service.procedures, service.requested_days, result.sequences) == ((), 3, (1,))


def test_sequences_are_those_of_the_claim_when_items_are_numbered_freely() -> None:
    document = bundle()
    for item, number in zip(claim_of(document)["item"], (7, 3), strict=True):
        item["sequence"] = number
    assert read(document).sequences == (7, 3)


def test_acting_tin_is_used_when_the_requestor_has_only_an_npi() -> None:
    document = bundle()
    for entry in document["entry"]:
        for one in entry["resource"].get("identifier", [])[:]:
            if "USEIN" in one.get("system", ""):
                entry["resource"]["identifier"].remove(one)
    content = read(document, acting_tin=PROVIDER_TIN).content
    assert content is not None
    assert content.requesting_provider is not None
    assert content.requesting_provider.tin == PROVIDER_TIN
    assert content.tins == (PROVIDER_TIN,)
    known = read(bundle(), acting_tin="690121431").content
    assert known is not None
    assert known.tins == (PROVIDER_TIN, FACILITY_TIN)


def test_place_of_an_error_is_a_path_of_the_bundle_when_a_value_is_malformed() -> None:
    document = bundle()
    patient = next(
        e["resource"] for e in document["entry"] if e["resource"]["resourceType"] == "Patient"
    )
    patient["birthDate"] = "1950"
    result = read(document)
    (error,) = result.errors
    assert result.content is None
    assert result.place(error.pointer).endswith(".birthDate")


def refused(document: object) -> list[tuple[str, str]]:
    with pytest.raises(UnprocessableBundleError) as raised:
        bundle_of(document, first="Claim")
    return [(issue.code, issue.expression) for issue in raised.value.issues]


def deep(levels: int) -> Json:
    document = bundle()
    element: Json = claim_of(document)
    for _ in range(levels):
        element["extension"] = [{"url": "urn:deep"}]
        element = element["extension"][0]
    return document


def with_modifier(document: Json) -> Json:
    claim_of(document)["item"][1]["modifierExtension"] = [{"url": "urn:x", "valueBoolean": True}]
    return document


def with_full_url(url: str) -> Json:
    document = bundle()
    document["entry"][0]["fullUrl"] = url
    return document


REFUSED: dict[str, tuple[object, tuple[str, str]]] = {
    "no object": ([], ("structure", "Bundle")),
    "another resource": (claim_of(bundle()), ("structure", "Bundle")),
    "no entries": ({**bundle(), "entry": []}, ("required", "Bundle.entry")),
    "empty entry": ({**bundle(), "entry": [{}]}, ("required", "Bundle.entry[0].resource")),
    "no claim first": (
        {**bundle(), "entry": bundle()["entry"][::-1]},
        ("structure", "Bundle.entry[0].resource"),
    ),
    "another type": ({**bundle(), "type": "batch"}, ("value", "Bundle.type")),
    "many entries": ({**bundle(), "entry": bundle()["entry"] * 100}, ("too-long", "Bundle.entry")),
    "repeated full URL": (
        {**bundle(), "entry": [*(e := bundle()["entry"]), e[1]]},
        ("duplicate", f"Bundle.entry[{len(bundle()['entry'])}].fullUrl"),
    ),
    "relative full URL": (with_full_url("Claim/1"), ("value", "Bundle.entry[0].fullUrl")),
    "empty full URL": (with_full_url(""), ("value", "Bundle.entry[0].fullUrl")),
    "deep nesting": (deep(100), ("too-long", "Bundle")),
    "unknown modifier": (
        with_modifier(bundle()),
        ("extension", "Bundle.entry[0].resource.item[1].modifierExtension[0]"),
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_bundle_is_refused_when_it_cannot_be_processed(kind: str) -> None:
    document, expected = REFUSED[kind]
    assert expected in refused(document)


LIBRARY_WORDS = re.compile(
    r"should (?:be|have|match|not)|Value error|Assertion|Unable to|Input |pydantic|type=|\^"
)
ODD: list[Any] = ["", "?", "x" * 130, "2026-13-45", "a\x00b", -1, 1.5, 10**400, ["a"]]
NOT_READ = {"system", "url", "fullUrl", "resourceType", "use", "display", "reference", "id"}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of the values of a document that are no object and no list."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, child in pairs:
            yield from leaves(child, (*path, name))
    else:
        yield path


def with_value(document: Json, path: tuple[Any, ...], value: Any) -> Json:
    copy = deepcopy(document)
    holder: Any = copy
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return copy


def test_errors_are_in_plain_words_when_any_value_has_a_wrong_form() -> None:
    """Pydantic's message about a value is not sent to an EHR: the error states what to send."""
    drug = {"code": "J1745", "code_type": "HCPCS", "units": 10, "unit_type": "UNITS"}
    medication = {"ndc": "00000-0001-01", "name": "Infliximab"}
    service = {**OFFICE_VISIT, "procedures": [drug], "medication": medication}
    document = bundle(services=[service])
    found: dict[str, str] = {}
    kinds = {tuple(one for one in path if isinstance(one, str)): path for path in leaves(document)}
    for path in [path for path in kinds.values() if path[-1] not in NOT_READ]:
        for odd in ODD:
            try:
                claim = read(with_value(document, path, odd))
            except UnprocessableBundleError as error:
                found |= {one.message: f"{path} {odd}" for one in error.issues}
            else:
                found |= {one.message: f"{path} {odd}" for one in claim.errors}
    assert {word: at for word, at in found.items() if LIBRARY_WORDS.search(word)} == {}
    assert "must be nine digits, as in 12-3456789" in found
