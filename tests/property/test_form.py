"""Input that follows the form is accepted, and input that does not is reported (C3, C4).

The tests act as a portal that uses the form only.
"""

import json
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any, Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from precert.domain.completeness import errors_of_check, errors_of_submission
from precert.domain.content import RequestContent, Service
from precert.domain.form import FieldKind, ServiceField, ServiceForm, service_form
from precert.domain.form_settings import Stage
from tests.fakes import samples

FEWER: Final = settings(max_examples=settings().max_examples // 4)
"""Each example is a whole form."""
TODAYS: Final = st.dates(date(2024, 1, 1), date(2035, 12, 31))


def is_behavioral(code: str) -> bool:
    return samples.payer().behavioral_service(code.upper(), None) is not None


UNAMBIGUOUS: Final = {
    # A pattern describes what may be entered; that three digits match two code sets, and ten
    # digits three
    # drugs, is reported by the check; behavioral services have no form.
    "code": lambda value: len(value) > 3 and not is_behavioral(value),
    "ndc": lambda value: len(value) != 10 or "-" in value,
}
Draw = Callable[[st.SearchStrategy[Any]], Any]


def form_of(entered: dict[str, Any], today: date) -> ServiceForm:
    service = Service.model_validate_json(json.dumps(entered), strict=True)
    return service_form(samples.payer(), service, today)


def filled(draw: Draw, field: ServiceField, stage: Stage) -> Any:
    """A value that matches the field's description."""
    match field.kind:
        case FieldKind.CHOICE:
            return draw(st.sampled_from(field.codes))
        case FieldKind.DAY:
            earliest, latest = field.earliest or date(2026, 1, 1), field.latest or date(2026, 9, 1)
            return draw(st.dates(earliest, latest)).isoformat()
        case FieldKind.NUMBER:
            return draw(st.integers(field.minimum, field.maximum))
        case FieldKind.TEXT:
            return draw(st.sampled_from(("Infliximab", "Größe 7", "name")))
        case FieldKind.CODE:
            return draw(pattern(field))
        case FieldKind.CODES:
            most = min(4, field.max_items or 4)
            return draw(st.lists(pattern(field), max_size=most, unique_by=plain))
        case FieldKind.GROUP:
            return group(draw, field, stage)
        case FieldKind.GROUPS:
            least = 1 if field.is_required(stage) else 0
            amount = draw(st.integers(least, 3))
            return [group(draw, field, stage) for _ in range(amount)]


def pattern(field: ServiceField) -> st.SearchStrategy[str]:
    fits = UNAMBIGUOUS.get(field.name, bool)
    return st.from_regex(field.pattern or "", fullmatch=True).filter(fits)


def plain(code: str) -> str:
    return code.upper().replace(".", "")


def group(draw: Draw, field: ServiceField, stage: Stage) -> dict[str, Any]:
    chosen = draw(st.sampled_from(field.one_of)) if field.one_of else None
    return {
        part.name: filled(draw, part, stage)
        for part in field.fields
        if part.name != "code_type"
        and (part.is_required(stage) or part.name == chosen or draw(st.booleans()))
    }


@st.composite
def services(draw: Draw, today: date, stage: Stage = Stage.CHECK) -> dict[str, Any]:
    """A service, filled field by field as the form requires."""
    entered: dict[str, Any] = {}
    seen: set[str] = set()
    while True:
        form = form_of(entered, today)
        field = next((field for field in form.fields if field.name not in seen), None)
        if field is None:
            # A stay without codes leaves open whether its medication is needed.
            assert {later.name for later in form.later} <= {"medication"}
            break
        seen.add(field.name)
        if field.is_required(stage) or draw(st.booleans()):
            entered[field.name] = filled(draw, field, stage)
    lines = [plain(line["code"]) for line in entered.get("procedures", ())]
    assume(len(lines) == len({line.zfill(4) for line in lines}))
    diagnoses = [entered["primary_diagnosis"], *entered.get("additional_diagnoses", ())]
    assume(len(diagnoses) == len({plain(code) for code in diagnoses}))
    return entered


def content_of(services: Iterable[dict[str, Any]]) -> RequestContent:
    """The entered services as request content."""
    text = json.dumps(samples.entered(services=list(services)))
    return RequestContent.model_validate_json(text, strict=True)


@pytest.mark.rule("C3", "C4")
@FEWER
@given(st.data(), TODAYS)
def test_check_is_accepted_when_it_follows_the_form(data: st.DataObject, today: date) -> None:
    entered = data.draw(st.lists(services(today), min_size=1, max_size=2))
    assert errors_of_check(content_of(entered), samples.payer(), today) == []


@FEWER
@given(st.data(), TODAYS)
def test_submission_is_accepted_when_it_follows_the_form(data: st.DataObject, today: date) -> None:
    entered = [data.draw(services(today, Stage.SUBMISSION))]
    assert errors_of_submission(content_of(entered), samples.payer(), today) == []


@pytest.mark.rule("C4")
@FEWER
@given(st.data(), TODAYS)
def test_choice_is_named_when_it_is_not_offered(data: st.DataObject, today: date) -> None:
    entered = data.draw(services(today))
    form = form_of(entered, today)
    name = data.draw(st.sampled_from(("type_of_service", "place_of_service")))
    offered = next(field for field in form.fields if field.name == name).codes
    every = {
        "type_of_service": [kind.code for kind in samples.payer().form.types_of_service],
        "place_of_service": [place.code for place in samples.payer().form.places_of_service],
    }
    strange = data.draw(st.sampled_from(every[name]) | st.text("ABC_", min_size=1, max_size=9))
    assume(strange not in offered)
    errors = errors_of_check(content_of([entered | {name: strange}]), samples.payer(), today)
    [error] = [error for error in errors if error.pointer == f"/services/0/{name}"]
    assert (error.code, error.choices) == ("not_a_choice", offered)


@pytest.mark.rule("C3")
@FEWER
@given(st.data(), TODAYS)
def test_field_is_named_when_the_form_does_not_show_it(data: st.DataObject, today: date) -> None:
    entered = data.draw(services(today))
    strays = {
        "admission_date": today.isoformat(),
        "service_date": today.isoformat(),
        "requested_days": 3,
        "medication": {"name": "Infliximab"},
    }
    for name in form_of(entered, today).not_shown:
        content = content_of([entered | {name: strays[name]}])
        [error] = errors_of_check(content, samples.payer(), today)
        assert (error.pointer, error.code) == (f"/services/0/{name}", "not_expected")


@pytest.mark.rule("C3")
@FEWER
@given(st.data(), TODAYS)
def test_field_is_named_when_it_is_required_and_missing(data: st.DataObject, today: date) -> None:
    entered = data.draw(services(today))
    required = [field for field in form_of(entered, today).fields if field.is_required(Stage.CHECK)]
    field = data.draw(st.sampled_from(required))
    del entered[field.name]
    errors = errors_of_check(content_of([entered]), samples.payer(), today)
    assert (f"/services/0/{field.name}", "missing") in {
        (error.pointer, error.code) for error in errors
    }


@pytest.mark.rule("C9")
@FEWER
@given(st.data(), TODAYS, st.integers(1, 400))
def test_date_is_named_when_it_is_outside_the_window(
    data: st.DataObject, today: date, beyond: int
) -> None:
    entered = data.draw(services(today))
    [field] = [field for field in form_of(entered, today).fields if field.earliest]
    assert field.earliest is not None
    assert field.latest is not None
    for day in (field.earliest - timedelta(beyond), field.latest + timedelta(beyond)):
        content = content_of([entered | {field.name: day.isoformat()}])
        [error] = errors_of_check(content, samples.payer(), today)
        assert (error.pointer, error.code) == (f"/services/0/{field.name}", "outside_window")
