"""The payer's configuration."""

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from precert.domain.decision_clocks import ClockKind
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status
from tests.fakes import samples


def request_of(line_of_business: str, state: str | None = None, **service: Any) -> Request:
    services = [samples.entered()["services"][0] | service]
    plan = samples.PLAN.model_copy(update={"line_of_business": line_of_business, "state": state})
    return samples.request(Status.PROCESSING, plan=plan, content=samples.content(services=services))


def with_clocks(**changes: Any) -> dict[str, Any]:
    """The sample payer's data with other members of the commercial clocks."""
    data = samples.payer().model_dump(mode="json")
    data["review_clocks"]["COMMERCIAL"] |= deepcopy(changes)
    return data


@pytest.mark.rule("W2", "W11")
@pytest.mark.parametrize("line_of_business", samples.payer().review_clocks)
def test_clock_follows_the_plan_when_lines_of_business_differ(line_of_business: str) -> None:
    request, clocks = request_of(line_of_business), samples.payer().review_clocks[line_of_business]
    assert samples.payer().clock_for(request) == clocks
    assert samples.payer().decision_clock(request) == clocks.standard
    expedited = request_of(line_of_business, urgency="EXPEDITED")
    assert samples.payer().decision_clock(expedited) == clocks.expedited


@pytest.mark.rule("W2")
@pytest.mark.parametrize(
    ("service", "kind"),
    [
        ({"admission_date": "2026-06-20"}, ClockKind.RETROSPECTIVE),
        ({"admission_date": "2026-06-29"}, ClockKind.STANDARD),
        ({"admission_date": "2026-06-20", "requested_days": None}, ClockKind.STANDARD),
        ({"admission_date": "2026-06-20", "urgency": "EXPEDITED"}, ClockKind.EXPEDITED),
        ({"admission_date": "2026-06-20", "urgency": "EMERGENCY"}, ClockKind.EXPEDITED),
    ],
    ids=["ended", "continues", "end unknown", "expedited", "emergency"],
)
def test_clock_is_retrospective_when_a_standard_service_was_performed_before(
    service: dict[str, Any], kind: ClockKind
) -> None:
    request = request_of("COMMERCIAL", **service, procedures=[])
    assert request.clock_kind(samples.payer().zone) is kind


@pytest.mark.rule("W11")
def test_state_changes_a_clock_when_it_overrides_any_member() -> None:
    override = {
        "source": "State law",
        "limit": {"amount": 2, "unit": "BUSINESS_DAYS"},
        "pause": False,
        "extension": None,
        "deemed_denial": "State law",
    }
    payer = Payer.model_validate(with_clocks(states={"NY": {"standard": override}}))
    clock = payer.decision_clock(request_of("COMMERCIAL", "NY"))
    base = samples.payer().review_clocks["COMMERCIAL"].standard
    assert (clock.limit.words, clock.pause, clock.extension) == ("2 business days", False, None)
    assert (clock.deemed_denial, clock.information) == ("State law", base.information)
    for other in (request_of("COMMERCIAL", "TX"), request_of("COMMERCIAL")):
        assert payer.decision_clock(other) == base
    again = Payer.model_validate_json(payer.model_dump_json())
    assert again.decision_clock(request_of("COMMERCIAL", "NY")) == clock


@pytest.mark.rule("W11")
def test_every_error_is_reported_when_several_clocks_are_invalid() -> None:
    data = with_clocks(
        standard={"source": "s", "limit": {"amount": 0, "unit": "WEEKS"}, "pause": True},
        states={
            "ZZ": {"standard": {"source": "s", "pause": True}},
            "NY": {"standard": {"source": "s"}, "expedited": {"limit": None}, "urgent": {}},
            "TX": {"standard": {"source": "s", "extension": {"source": "s", "days": 0}}},
        },
    )
    del data["review_clocks"]["CHIP"]["appeal_standard"]
    with pytest.raises(ValidationError) as raised:
        Payer.model_validate(data)
    found = {".".join(map(str, one["loc"][1:])) for one in raised.value.errors()}
    assert found == {
        "COMMERCIAL.standard.limit.amount",
        "COMMERCIAL.standard.limit.unit",
        "COMMERCIAL.standard.information",
        "COMMERCIAL.states.ZZ.[key]",
        "COMMERCIAL.states.NY.standard",
        "COMMERCIAL.states.NY.expedited.source",
        "COMMERCIAL.states.NY.expedited.limit",
        "COMMERCIAL.states.NY.urgent",
        "COMMERCIAL.states.TX.standard.extension.days",
        "COMMERCIAL.states.TX.standard.extension.requested_by",
        "CHIP.appeal_standard",
    }


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ({"OTHER": "11506-3"}, "codes of required_documentation: ['OTHER'] are not"),
        ({"CLINICAL_NOTES": "11506-4"}, "a LOINC code with a valid check digit"),
        ({"CLINICAL_NOTES": "11506"}, "attachment_codes.CLINICAL_NOTES"),
        (
            {"CLINICAL_NOTES": "11506-3", "SLEEP_STUDY": "11506-3"},
            "a different LOINC code for each document",
        ),
    ],
)
def test_attachment_codes_are_refused_when_they_do_not_name_one_document(
    codes: dict[str, str], message: str
) -> None:
    data = samples.payer().model_dump(mode="json")
    with pytest.raises(ValidationError) as raised:
        Payer.model_validate({**data, "attachment_codes": codes})
    assert message in str(raised.value)
