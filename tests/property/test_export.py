"""Every PAS bundle for a delegated vendor is valid FHIR R4 with resolvable references, for any
input.

The models are R4B's, which has the same Bundle, Claim, Coverage, Patient and provider resources as
R4.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from itertools import count
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from precert.domain.content import (
    Address,
    Medication,
    Patient,
    Procedure,
    Provider,
    RequestContent,
    Service,
)
from precert.domain.coverage import Coverage
from precert.domain.values import (
    MAX_UNITS,
    NPI_PREFIX,
    AuthorizationType,
    CodeType,
    ProviderKind,
    UnitType,
    Urgency,
    luhn_digit,
)
from precert.fhir.export import request_bundle
from tests.fakes.samples import PATIENT, PLAN, payer

FORM: Final = payer().form
DAYS: Final = st.dates(date(2020, 1, 1), date(2035, 12, 31))
WORDS: Final = st.sampled_from(
    ("Cleveland Clinic", "Größe 7", "O'Donnell", "李 小龍", "a\u00a0b", '"<&>\\/"', "🩺", "x" * 120)
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def npi(serial: int) -> str:
    digits = f"1{serial:08d}"
    return f"{digits}{luhn_digit(NPI_PREFIX + digits)}"


PROVIDERS: Final = st.builds(
    Provider,
    kind=maybe(st.sampled_from(ProviderKind)),
    name=maybe(WORDS),
    npi=maybe(st.integers(0, 10**8 - 1).map(npi)),
    tin=maybe(st.just("203129831")),
    address=maybe(
        st.builds(
            Address,
            line_1=WORDS,
            line_2=maybe(WORDS),
            city=WORDS,
            state=st.just("OH"),
            zip_code=st.just("44122"),
        )
    ),
    phone=maybe(st.just("2165550188")),
    fax=maybe(st.just("2165550198")),
)
CODES: Final = {
    CodeType.CPT: st.integers(0, 99999).map("{:05d}".format) | st.sampled_from(("0042T", "2029F")),
    CodeType.HCPCS: st.integers(0, 9999).map("E{:04d}".format),
    CodeType.REVENUE: st.sampled_from(("450", "0450", "0120")),
    CodeType.DRG: st.integers(1, 999).map("{:03d}".format),
}
DIAGNOSES: Final = st.sampled_from(("K55", "R00", "K5650", "E1122", "Z9884", "S52521A", "M545"))
MODIFIERS: Final = st.sampled_from(("50", "RT", "NU", "P3", "GA", "1P"))


@st.composite
def procedures(draw: st.DrawFn) -> Procedure:
    code_type = draw(st.sampled_from(CodeType))
    code = draw(CODES[code_type])
    named = draw(st.booleans()) or code_type in (CodeType.REVENUE, CodeType.DRG)
    return Procedure(
        code=code,
        code_type=code_type if named else None,
        start_date=draw(maybe(DAYS)),
        units=draw(maybe(st.integers(1, MAX_UNITS))),
        unit_type=draw(maybe(st.sampled_from(UnitType))),
        modifiers=tuple(draw(st.lists(MODIFIERS, max_size=4))),
    )


@st.composite
def services(draw: st.DrawFn) -> Service:
    inpatient = draw(st.booleans())
    kind = draw(maybe(st.sampled_from(FORM.types_of_service)))
    places = [place.code for place in FORM.places_of_service]
    day = draw(DAYS)
    return Service(
        authorization_type=AuthorizationType.INPATIENT
        if inpatient
        else AuthorizationType.OUTPATIENT,
        type_of_service=kind.code if kind else draw(maybe(WORDS)),
        place_of_service=draw(maybe(st.sampled_from(places) | WORDS)),
        urgency=draw(maybe(st.sampled_from(Urgency))),
        admission_date=day if inpatient else None,
        service_date=None if inpatient else day,
        requested_days=draw(maybe(st.integers(1, 365))) if inpatient else None,
        primary_diagnosis=draw(maybe(DIAGNOSES)),
        additional_diagnoses=tuple(draw(st.lists(DIAGNOSES, max_size=4))),
        procedures=tuple(draw(st.lists(procedures(), min_size=1, max_size=3))),
        medication=draw(
            maybe(
                st.builds(
                    Medication,
                    name=maybe(WORDS),
                    ndc=maybe(st.just("57894-030-01")),
                    frequency=maybe(WORDS),
                    route=maybe(WORDS),
                )
            )
        ),
    )


CONTENTS: Final = st.builds(
    RequestContent,
    patient=st.just(Patient.model_validate(dict(PATIENT))),
    servicing_provider=PROVIDERS,
    requesting_provider=maybe(PROVIDERS),
    services=st.lists(services(), min_size=1, max_size=3).map(tuple),
)
COVERAGES: Final = st.builds(
    Coverage,
    member_id=st.sampled_from(("849382930", "U70018347", "ABCDE")),
    date_of_birth=st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    last_name=WORDS,
    first_name=WORDS,
    account=WORDS,
    account_name=WORDS,
    plan=st.just(PLAN),
    active_from=st.dates(date(2000, 1, 1), date(2026, 1, 1)),
    active_to=maybe(st.dates(date(2026, 1, 2), date(2040, 1, 1))),
)
INSTANTS: Final = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 (Hypothesis adds the zone)
    max_value=datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.just(ZoneInfo("America/New_York")),
)


def exported_bundle(content: RequestContent, coverage: Coverage, at: datetime) -> dict[str, Any]:
    numbers = count(1)
    return request_bundle(
        content,
        coverage,
        payer(),
        note="Referred by a check.",
        at=at,
        new_uuid=lambda: f"00000000-0000-4000-8000-{next(numbers):012d}",
    )


def values(element: Any, name: str) -> Iterator[Any]:
    """Every value under a name, at any depth."""
    if isinstance(element, dict):
        for key, value in element.items():
            if key == name:
                yield value
            yield from values(value, name)
    elif isinstance(element, list):
        for one in element:
            yield from values(one, name)


def empties(element: Any) -> Iterator[Any]:
    """Values that FHIR's JSON does not allow: nulls, empty arrays, empty objects, empty strings."""
    if element in (None, [], {}, ""):
        yield element
    for one in element.values() if isinstance(element, dict) else ():
        yield from empties(one)
    for one in element if isinstance(element, list) else ():
        yield from empties(one)


@given(CONTENTS, COVERAGES, INSTANTS)
def test_bundle_is_valid_and_references_resolve_when_any_check_is_exported(
    content: RequestContent, coverage: Coverage, at: datetime
) -> None:
    bundle = exported_bundle(content, coverage, at)
    parsed = Bundle.model_validate_json(json.dumps(bundle))
    assert len(parsed.entry or ()) == len(bundle["entry"])
    assert list(empties(bundle)) == []
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert [f"urn:uuid:{entry['resource']['id']}" for entry in bundle["entry"]] == urls
    assert len(set(urls)) == len(urls)
    # Every entry is referenced except the claim, which references them.
    assert set(values(bundle, "reference")) == set(urls[1:])


@pytest.mark.parametrize("member", ["priority", "insurance", "patient", "created"])
def test_bundle_is_invalid_when_a_required_element_is_missing(member: str) -> None:
    coverage = Coverage(
        **dict(Patient.model_validate(dict(PATIENT))),
        account="1",
        account_name="A",
        plan=PLAN,
        active_from=date(2026, 1, 1),
    )
    bundle = exported_bundle(
        RequestContent(), coverage, datetime(2026, 7, 1, tzinfo=ZoneInfo("UTC"))
    )
    del bundle["entry"][0]["resource"][member]
    with pytest.raises(ValidationError, match=member):
        Bundle.model_validate_json(json.dumps(bundle))


@given(CONTENTS, COVERAGES, INSTANTS)
def test_every_entered_value_appears_once_when_any_check_is_exported(
    content: RequestContent, coverage: Coverage, at: datetime
) -> None:
    claim = exported_bundle(content, coverage, at)["entry"][0]["resource"]
    lines = [line for service in content.services for line in service.procedures]
    assert [item["sequence"] for item in claim["item"]] == list(range(1, len(lines) + 1))
    diagnoses = {one["sequence"] for one in claim.get("diagnosis", ())}
    assert diagnoses == set(range(1, len(diagnoses) + 1))
    for item, line in zip(claim["item"], lines, strict=True):
        assert set(item.get("diagnosisSequence", ())) <= diagnoses
        assert item.get("quantity", {}).get("value") == line.units
        assert len(item.get("modifier", ())) == len(line.modifiers)
    kinds = [info["category"]["coding"][0]["code"] for info in claim["supportingInfo"]]
    assert len(set(kinds)) == len(kinds)
    assert_spans(claim["supportingInfo"][0], content)


def assert_spans(event: dict[str, Any], content: RequestContent) -> None:
    """The patient event begins with the first service and ends on the last day of the last one."""
    day = event.get("timingDate")
    period = event.get("timingPeriod", {"start": day, "end": day})
    firsts = [service.first_day for service in content.services if service.first_day]
    lasts = [service.last_day for service in content.services if service.last_day]
    assert period == {"start": min(firsts).isoformat(), "end": max(lasts).isoformat()}
