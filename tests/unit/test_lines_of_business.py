"""Filing times of appeals and their texts by line of business, against the regulations (W4, W7).

The expected values are those of the regulations, not read from the payer's file.
"""

from typing import Any

import pytest
from pydantic import ValidationError

from precert.domain.clocks import deadline_of
from precert.domain.errors import ActionNotAllowedError
from precert.domain.notices import Audience
from precert.domain.payer import Payer
from precert.domain.statuses import Action
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.lines_of_business import (
    ALL,
    DAY,
    DECIDED_ON,
    LAST,
    LINES,
    appealed,
    denied,
    details,
    end_of,
    notice_text,
    words,
)


@ALL
@pytest.mark.rule("W7")
def test_appeal_is_possible_when_the_filing_time_of_the_line_of_business_is_not_over(
    line: str,
) -> None:
    request, days = denied(line), LINES[line].filing_days
    end = end_of(DECIDED_ON + days * DAY)
    assert Action.APPEAL in request.provider_actions(end - LAST)
    assert Action.APPEAL not in request.provider_actions(end)
    rights = details(request, end - LAST).appeal_rights
    assert rights is not None
    assert (rights.file_until, rights.levels) == (end, LINES[line].levels)
    assert details(request, end).appeal_rights is None
    assert appealed(request, end - LAST).submitted.open_appeal is not None
    with pytest.raises(ActionNotAllowedError, match="action_not_allowed") as refused:
        appealed(request, end)
    assert f"last day was {DECIDED_ON + days * DAY}" in refused.value.detail


@ALL
@pytest.mark.rule("W4", "W7")
@pytest.mark.parametrize("audience", Audience)
def test_notice_and_details_state_what_the_line_of_business_grants_when_denied(
    line: str, audience: Audience
) -> None:
    request, expected = denied(line), LINES[line]
    notice = notice_text(request, audience)
    shown = " ".join(details(request).notices)
    assert words(DECIDED_ON + expected.filing_days * DAY) in notice
    assert f"within {expected.filing_days} calendar days of this decision" in shown
    for text in (notice, shown):
        assert f"within {expected.appeal_days} calendar days" in text
        assert "within 72 hours" in text
        assert expected.after in text
        assert "No internal appeal remains" not in text
        for other in expected.absent:
            assert other not in text, other
        assert "{" not in text


@pytest.mark.rule("W4")
def test_state_changes_the_stated_time_when_it_overrides_the_clock_of_appeals() -> None:
    data = samples.payer().model_dump(mode="json")
    override = {"source": "State law", "limit": {"amount": 20, "unit": "BUSINESS_DAYS"}}
    data["review_clocks"]["COMMERCIAL"]["states"]["NY"] = {"appeal_standard": override}
    plan = samples.PLAN.model_copy(update={"state": "NY"})
    request = denied("COMMERCIAL").model_copy(update={"plan": plan})
    stated = Payer.model_validate(data).appeal_words(request, ["1.1"])
    assert (stated["standard"], stated["expedited"]) == ("20 business days", "72 hours")


@pytest.mark.rule("W4", "W7")
def test_filing_time_is_the_states_when_a_state_overrides_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Filing, dispute options, details and notices all state the state's days."""
    data = samples.payer().model_dump(mode="json")
    filing = {"appeal_filing": {"source": "State law", "days": 30}}
    data["review_clocks"]["MEDICAID"]["states"]["TX"] = filing
    own = Payer.model_validate(data)
    monkeypatch.setattr(samples, "payer", lambda: own)
    monkeypatch.setattr(samples, "PLAN", samples.PLAN.model_copy(update={"state": "TX"}))
    request, end = denied("MEDICAID"), end_of(DECIDED_ON + 30 * DAY)
    assert own.clock_for(request).appeal_filing_source == "State law"
    assert Action.APPEAL in request.provider_actions(end - LAST)
    assert Action.APPEAL not in request.provider_actions(end)
    found = details(request)
    assert found.appeal_rights is not None
    assert found.appeal_rights.file_until == end
    options = {one.option.value: one.until for one in found.dispute_options}
    assert options["APPEAL"] == end
    assert "within 30 calendar days of this decision" in " ".join(found.notices)
    for audience in Audience:
        assert words(DECIDED_ON + 30 * DAY) in notice_text(request, audience)
    assert appealed(request, end - LAST).submitted.open_appeal is not None
    with pytest.raises(ActionNotAllowedError) as refused:
        appealed(request, end)
    assert f"last day was {DECIDED_ON + 30 * DAY}" in refused.value.detail
    # Another state has the days of the line of business.
    monkeypatch.setattr(samples, "PLAN", samples.PLAN.model_copy(update={"state": "OH"}))
    other = denied("MEDICAID")
    assert own.clock_for(other).appeal_filing_days == LINES["MEDICAID"].filing_days


@pytest.mark.parametrize("filing", [{"source": "Law"}, {"days": 30}, {"source": "Law", "days": 0}])
def test_error_names_the_member_when_the_filing_time_of_a_state_is_invalid(
    filing: dict[str, Any],
) -> None:
    data = samples.payer().model_dump(mode="json")
    data["review_clocks"]["CHIP"]["states"]["TX"] = {"appeal_filing": filing}
    with pytest.raises(ValidationError) as raised:
        Payer.model_validate(data)
    [found] = raised.value.errors()
    assert found["loc"][:5] == ("review_clocks", "CHIP", "states", "TX", "appeal_filing")


@pytest.mark.rule("W4")
@pytest.mark.parametrize(
    ("changes", "stated"),
    [
        ({"months": 6}, "within 6 months of our decision"),
        ({"months": 1}, "within one month of our decision"),
        ({"months": None, "days": 90}, "within 90 calendar days of our decision"),
    ],
)
def test_text_about_external_review_states_the_time_of_the_data_when_it_changes(
    changes: dict[str, Any], stated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = samples.payer().model_dump(mode="json")
    data["review_clocks"]["EXCHANGE"]["external_review"] |= changes
    own = Payer.model_validate(data)
    monkeypatch.setattr(samples, "payer", lambda: own)
    request = denied("EXCHANGE")
    assert stated in " ".join(details(request).notices)
    for audience in Audience:
        assert stated in notice_text(request, audience)


@pytest.mark.rule("W4")
@pytest.mark.parametrize(
    ("line", "limit"),
    [
        ("COMMERCIAL", "30 calendar days"),
        ("EXCHANGE", "60 calendar days"),
        ("MEDICARE_ADVANTAGE", "60 calendar days"),
        ("MEDICAID", "30 calendar days"),
        ("CHIP", "30 calendar days"),
    ],
)
def test_notice_states_the_time_of_a_retrospective_appeal_when_services_were_performed(
    line: str, limit: str
) -> None:
    [service] = samples.entered()["services"]
    service |= {"admission_date": "2026-06-20", "procedures": []}
    request = denied(line, [service])
    for audience in Audience:
        assert f"within {limit}" in notice_text(request, audience)
    due_at = deadline_of(appealed(request, START), samples.payer()).due_at
    assert due_at == START + int(limit.split(maxsplit=1)[0]) * DAY


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"months": 4, "days": 120}, "months or days, not both"),
        ({"months": 0}, "greater than or equal to 1"),
        ({"while_appealable": ""}, "at least 1"),
        ({"while_appealable": "Within {days}."}, "other than {within}"),
        ({"without_appeal": "Until {day}."}, "other than {until}, {number} and {phone}"),
        ({"source": None}, "valid string"),
    ],
)
def test_error_names_the_member_when_external_review_is_invalid(
    changes: dict[str, Any], error: str
) -> None:
    data = samples.payer().model_dump(mode="json")
    data["review_clocks"]["CHIP"]["external_review"] |= changes
    with pytest.raises(ValidationError) as raised:
        Payer.model_validate(data)
    [found] = raised.value.errors()
    assert found["loc"][:3] == ("review_clocks", "CHIP", "external_review")
    assert error in found["msg"]


@pytest.mark.parametrize("name", ["appeal_rights", "external_review"])
@pytest.mark.parametrize("text", ["{unknown}", "{", None])
def test_file_is_refused_when_a_text_has_an_unknown_placeholder(
    name: str, text: str | None
) -> None:
    data = samples.payer().model_dump(mode="json")
    data["notices"][name] = text
    if text is None:
        del data["notices"][name]
    with pytest.raises(ValidationError, match=name):
        Payer.model_validate(data)
