"""Appeal rights and clocks of drugs by line of business, against the regulations (W2, W4, W7, W11).

The expected values are those of the regulations, not read from the payer's file.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

import pytest
from pydantic import ValidationError

from precert.api.details import RequestDetails
from precert.domain import disputing
from precert.domain.clocks import deadline_of
from precert.domain.decisions import service_lines_of
from precert.domain.disputing import with_rights
from precert.domain.errors import ActionNotAllowedError
from precert.domain.notices import Audience, kind_of
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Action, LineStatus, Status
from precert.usecases.notice_facts import Issue, notice_facts
from precert.usecases.ports.requests import RequestFile
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets

DAY: Final = timedelta(days=1)
LAST: Final = timedelta(microseconds=1)
ZONE: Final = samples.payer().zone
DECIDED_ON: Final = START.astimezone(ZONE).date()
DENIED: Final = LineStatus.DENIED


class Expected(NamedTuple):
    """What the regulations state for a line of business."""

    filing_days: int
    levels: int
    after: str
    """What notices name while an appeal is possible."""
    absent: tuple[str, ...]
    appeal_days: int = 30
    """How long the decision of a standard appeal takes."""


LINES: Final[Mapping[str, Expected]] = {
    "COMMERCIAL": Expected(180, 2, "independent external review", ("State fair", "Medicare"), 15),
    "EXCHANGE": Expected(180, 1, "independent external review", ("ERISA", "State fair")),
    "MEDICARE_ADVANTAGE": Expected(65, 1, "independent review entity", ("ERISA", "State fair")),
    "MEDICAID": Expected(60, 1, "State fair hearing", ("ERISA", "external review", "Medicare")),
    "CHIP": Expected(60, 1, "review by the State", ("ERISA", "external review", "Medicare")),
}
ALL: Final = pytest.mark.parametrize("line", LINES)


def request_of(status: Status, line: str, services: Sequence[Any] | None = None) -> Request:
    """A request of a plan of the line of business, with the lines of these services."""
    plan = samples.PLAN.model_copy(update={"line_of_business": line})
    content = samples.content(**({"services": services} if services else {}))
    review = samples.review().model_copy(update={"lines": service_lines_of(content.services)})
    return samples.request(status, plan=plan, content=content, review=review)


def denied(line: str, services: Sequence[Any] | None = None, cycle: int = 1) -> Request:
    """A request that was denied, after upheld appeals in the cycles that follow the first."""
    request = request_of(Status.PENDING, line, services)
    ids = [one.line_id for one in request.submitted.lines]
    decisions = {one: samples.decision(DENIED) for one in ids}
    request = with_rights(
        request.determine(decisions, "reviewer-1", START), samples.payer()
    ).request
    for number in range(2, cycle + 1):
        by = f"reviewer-{number}"
        filed = appealed(request, START, ids)
        decisions = {one: samples.decision(DENIED, by=by, cycle=number) for one in ids}
        change = disputing.determine_appeal(filed, decisions, by, START)
        request = with_rights(change, samples.payer()).request
    return request


def appealed(
    request: Request, now: datetime, ids: Sequence[str] = ("1.1",), *, expedited: bool = False
) -> Request:
    return disputing.file_appeal(
        request,
        ids,
        reason="New findings.",
        expedited=expedited,
        payer=samples.payer(),
        by="provider",
        now=now,
    ).request


def end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE) + DAY


def words(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def notice_text(request: Request, audience: Audience) -> str:
    cycle = request.submitted.cycle
    kind = kind_of(request.submitted, cycle)
    assert kind is not None
    facts: Any = notice_facts(
        request,
        Issue(kind, cycle),
        audience,
        samples.payer(),
        samples.notice_words(),
        member=None,
        code_sets=code_sets(),
    )
    return " ".join(section["text"] for section in facts["sections"])


def details(request: Request, now: datetime = START) -> RequestDetails:
    return RequestDetails.of(
        RequestFile(request, (), ()),
        request.tins,
        payer=samples.payer(),
        code_sets=code_sets(),
        now=now,
    )


# -- filing time --------------------------------------------------------------------------------------


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


@pytest.mark.rule("W4", "W7")
@pytest.mark.parametrize(
    ("line", "until"),
    [
        ("COMMERCIAL", "November 2, 2026"),
        ("EXCHANGE", "November 2, 2026"),
        ("MEDICARE_ADVANTAGE", None),
        ("MEDICAID", words(DECIDED_ON + 120 * DAY)),
        ("CHIP", words(DECIDED_ON + 120 * DAY)),
    ],
)
def test_notice_and_details_state_what_follows_when_every_level_is_used(
    line: str, until: str | None
) -> None:
    request = denied(line, cycle=1 + LINES[line].levels)
    assert request.provider_actions(START) == (Action.DETAILS,)
    found = details(request)
    assert [one.option.value for one in found.dispute_options] == (
        ["EXTERNAL_REVIEW"] if until else []
    )
    texts = [notice_text(request, one) for one in Audience]
    texts.append(" ".join(found.notices))
    for text in texts:
        assert "No internal appeal remains" in text
        assert LINES[line].after in text
        assert "can appeal" not in text
        if until:
            assert f"until {until}" in text
            assert samples.NUMBER in text
        else:
            assert "does not have to request that review" in text
    if until:
        over = details(request, START + 200 * DAY)
        assert over.dispute_options == []


@ALL
@pytest.mark.rule("W4", "W7")
def test_refusal_of_another_appeal_states_what_follows_when_every_level_is_used(line: str) -> None:
    request = denied(line, cycle=1 + LINES[line].levels)
    with pytest.raises(ActionNotAllowedError) as refused:
        appealed(request, START)
    text = refused.value.detail
    assert "All levels of appeal are used for service line 1.1. " in text
    assert LINES[line].after in text
    for other in LINES[line].absent:
        assert other not in text
    rights = request.submitted.rights
    assert rights is not None
    until = rights.external_review_until
    if until is None:
        assert "does not have to request that review" in text
        return
    last = words((until - LAST).astimezone(ZONE).date())
    assert f"until {last}" in text
    with pytest.raises(ActionNotAllowedError, match="action_not_allowed") as refused:
        appealed(request, until)
    assert f"an external review is over: its last day was {last}." in refused.value.detail


def without_external_review(monkeypatch: pytest.MonkeyPatch, line: str) -> Payer:
    data = samples.payer().model_dump(mode="json")
    del data["review_clocks"][line]["external_review"]
    own = Payer.model_validate(data)
    monkeypatch.setattr(samples, "payer", lambda: own)
    return own


@ALL
@pytest.mark.rule("W4", "W7")
def test_texts_state_whom_to_call_when_no_external_review_follows_the_last_level(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = without_external_review(monkeypatch, line).provider_services.phone
    request = denied(line, cycle=1 + LINES[line].levels)
    with pytest.raises(ActionNotAllowedError) as refused:
        appealed(request, START)
    texts = [notice_text(request, one) for one in Audience]
    texts.append(" ".join(details(request).notices))
    assert all("No internal appeal remains for this decision. Call" in text for text in texts)
    for text in (*texts, refused.value.detail):
        assert f"call provider services at {phone}".lower() in text.lower()
        assert f"give number {samples.NUMBER}" in text
        for word in ("external review", "State fair", "review by the State", "Medicare", "ERISA"):
            assert word not in text
    assert details(request).dispute_options == []


@ALL
@pytest.mark.rule("W4")
def test_texts_state_the_appeal_only_when_no_external_review_follows_it(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_external_review(monkeypatch, line)
    request = denied(line)
    rights = request.submitted.rights
    assert rights is not None
    assert rights.appeal_until is not None
    texts = [notice_text(request, one) for one in Audience]
    texts.append(" ".join(details(request, rights.appeal_until - LAST).notices))
    for text in texts:
        assert "appeal" in text
        assert "No internal appeal remains" not in text
        assert "  " not in text
        assert text == text.strip()
    over = " ".join(details(request, rights.appeal_until).notices)
    assert "No internal appeal remains for this decision. Call" in over
    with pytest.raises(ActionNotAllowedError, match="action_not_allowed") as refused:
        appealed(request, rights.appeal_until)
    assert "Call Provider Services" in refused.value.detail


@pytest.mark.rule("W4")
def test_nothing_is_said_about_appeals_when_nothing_was_refused_and_no_external_review_exists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = without_external_review(monkeypatch, "MEDICAID")
    request = request_of(Status.PENDING, "MEDICAID")
    assert "No internal appeal" not in " ".join(details(request).notices)
    ids = [one.line_id for one in request.submitted.lines]
    decisions = {one: samples.decision(LineStatus.APPROVED) for one in ids}
    request = with_rights(request.determine(decisions, "reviewer-1", START), own).request
    for text in (*details(request).notices, *(notice_text(request, one) for one in Audience)):
        assert "No internal appeal" not in text


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


# -- drugs --------------------------------------------------------------------------------------------


DRUG: Final[Mapping[str, Any]] = {
    "authorization_type": "OUTPATIENT",
    "type_of_service": "MEDICAL_PHARMACY",
    "place_of_service": "OFFICE",
    "urgency": "STANDARD",
    "service_date": "2026-07-20",
    "primary_diagnosis": "C3490",
    "procedures": [{"code": "J9271", "units": 200, "unit_type": "UNITS"}],
    "medication": {"name": "Keytruda", "frequency": "MONTHLY", "route": "INTRAVENOUS"},
}
INJECTION: Final = {"code": "96413", "units": 1, "unit_type": "UNITS"}
SURGERY: Final[Mapping[str, Any]] = {
    **DRUG,
    "type_of_service": "OUTPATIENT_SURGERY",
    "procedures": [{"code": "29881", "units": 1, "unit_type": "UNITS"}],
    "medication": None,
}
STAY: Final[Mapping[str, Any]] = samples.entered()["services"][0]


def coded(code: str, code_type: str | None = None, **changes: Any) -> dict[str, Any]:
    procedure = {"code": code, "code_type": code_type, "units": 1, "unit_type": "UNITS"}
    return {**DRUG, "type_of_service": "OFFICE_VISIT", "procedures": [procedure], **changes}


NO_MEDICATION: Final[Mapping[str, Any]] = {"medication": None}


@pytest.mark.rule("W11")
@pytest.mark.parametrize(
    ("services", "drugs"),
    [
        ([DRUG], {"1.1"}),
        ([coded("J0120")], {"1.1"}),
        ([coded("J0178", **NO_MEDICATION)], {"1.1"}),
        ([coded("J0897", "HCPCS")], {"1.1"}),
        ([coded("J1745")], {"1.1"}),
        ([coded("J9999")], {"1.1"}),
        ([coded("j9271", **NO_MEDICATION)], {"1.1"}),
        ([coded("Q5103")], {"1.1"}),
        ([coded("Q2041")], {"1.1"}),
        ([coded("Q0138")], {"1.1"}),
        ([coded("C9399")], {"1.1"}),
        ([coded("A9513")], {"1.1"}),
        ([coded("90283", **NO_MEDICATION)], {"1.1"}),
        ([{**DRUG, "procedures": []}], {"1.1"}),
        ([{**DRUG, "procedures": [], "medication": {"ndc": "00006302602"}}], {"1.1"}),
        ([{**DRUG, "procedures": [INJECTION]}], {"1.1"}),
        ([{**DRUG, "procedures": [*DRUG["procedures"], INJECTION]}], {"1.1"}),
        ([{**DRUG, "procedures": [INJECTION, *DRUG["procedures"]]}], {"1.2"}),
        ([coded("96413")], {"1.1"}),
        ([coded("96413", **NO_MEDICATION)], set()),
        ([coded("99213", **NO_MEDICATION)], set()),
        ([coded("E0601", **NO_MEDICATION)], set()),
        ([coded("J7300", **NO_MEDICATION)], set()),
        ([coded("0250", "REVENUE", **NO_MEDICATION)], set()),
        ([SURGERY], set()),
        ([SURGERY, DRUG], {"2.1"}),
        ([STAY], set()),
        ([{**STAY, "procedures": [{"code": "J9271", "units": 1, "unit_type": "UNITS"}]}], set()),
        ([STAY, DRUG], {"2.1"}),
    ],
)
def test_line_is_a_drug_when_it_is_infused_or_injected_outside_of_a_stay(
    services: list[dict[str, Any]], drugs: set[str]
) -> None:
    content = samples.content(services=services)
    assert samples.payer().drug_lines(content) == drugs


def pended(line: str, services: Sequence[Any]) -> Request:
    request = request_of(Status.PROCESSING, line, services)
    return request.pend(deadline_of(request, samples.payer()), 10, START).request


EXPEDITED: Final = {**DRUG, "urgency": "EXPEDITED"}
EMERGENCY: Final = {**DRUG, "urgency": "EMERGENCY"}
PAST: Final = coded("J0178", service_date="2026-06-20", **NO_MEDICATION)


@pytest.mark.rule("W2", "W11")
@pytest.mark.parametrize(
    ("line", "services", "hours", "extends"),
    [
        ("MEDICARE_ADVANTAGE", [DRUG], 72, False),
        ("MEDICARE_ADVANTAGE", [EXPEDITED], 24, False),
        ("MEDICARE_ADVANTAGE", [EMERGENCY], 24, False),
        ("MEDICARE_ADVANTAGE", [SURGERY], 7 * 24, True),
        ("MEDICARE_ADVANTAGE", [{**SURGERY, "urgency": "EXPEDITED"}], 72, True),
        ("MEDICARE_ADVANTAGE", [SURGERY, DRUG], 72, False),
        ("MEDICARE_ADVANTAGE", [STAY, DRUG], 72, False),
        ("MEDICARE_ADVANTAGE", [SURGERY, EXPEDITED], 24, False),
        ("MEDICARE_ADVANTAGE", [PAST], 30 * 24, False),
        ("MEDICARE_ADVANTAGE", [STAY], 7 * 24, True),
        ("MEDICAID", [DRUG], 24, False),
        ("MEDICAID", [EXPEDITED], 24, False),
        ("MEDICAID", [EMERGENCY], 24, False),
        ("MEDICAID", [SURGERY, DRUG], 24, False),
        ("MEDICAID", [SURGERY], 7 * 24, True),
        ("MEDICAID", [{**SURGERY, "urgency": "EXPEDITED"}], 72, True),
        ("CHIP", [DRUG], 24, False),
        ("CHIP", [EXPEDITED], 24, False),
        ("COMMERCIAL", [DRUG], 15 * 24, True),
        ("COMMERCIAL", [EXPEDITED], 72, False),
        ("EXCHANGE", [DRUG], 15 * 24, True),
        ("EXCHANGE", [EXPEDITED], 72, False),
    ],
)
def test_decision_is_due_by_the_clock_of_drugs_when_a_line_is_one(
    line: str, services: list[dict[str, Any]], hours: int, extends: bool
) -> None:
    request = pended(line, services)
    assert request.due_at == START + timedelta(hours=hours)
    assert (request.extension_rule(START) is not None) is extends
    clock = details(request).decision_clock
    assert clock is not None
    assert clock.decision_due_at == request.due_at
    assert (clock.extension_days is not None) is extends


@pytest.mark.rule("W2", "W4", "W11")
@pytest.mark.parametrize(
    ("line", "ids", "days", "stated"),
    [
        ("MEDICARE_ADVANTAGE", ["1.1"], 30, None),
        ("MEDICARE_ADVANTAGE", ["2.1"], 7, None),
        ("MEDICARE_ADVANTAGE", ["1.1", "2.1"], 7, None),
        ("MEDICAID", ["2.1"], 30, "within 30 calendar days"),
        ("CHIP", ["2.1"], 30, "within 30 calendar days"),
        ("COMMERCIAL", ["2.1"], 15, "within 15 calendar days"),
        ("EXCHANGE", ["2.1"], 30, "within 30 calendar days"),
    ],
)
def test_appeal_has_the_clock_of_drugs_when_it_is_of_a_drug(
    line: str, ids: list[str], days: int, stated: str | None
) -> None:
    request = denied(line, [SURGERY, DRUG])
    drug = stated or (
        "within 30 calendar days for service line 1.1 or 7 calendar days for service line 2.1"
    )
    for audience in Audience:
        text = notice_text(request, audience)
        assert drug in text
        assert "within 72 hours" in text
    assert drug in " ".join(details(request).notices)
    filed = appealed(request, START, ids)
    deadline = deadline_of(filed, samples.payer())
    assert deadline.due_at == START + days * DAY
    assert (deadline.clock.extension is None) is (
        line in {"COMMERCIAL", "EXCHANGE"} or (line == "MEDICARE_ADVANTAGE" and "2.1" in ids)
    )
    urgent = deadline_of(appealed(request, START, ids, expedited=True), samples.payer())
    assert urgent.due_at == START + 3 * DAY


@pytest.mark.rule("W8", "W11")
@pytest.mark.parametrize(("delegated", "own", "vendors"), [("1.1", 3, 7), ("2.1", 7, 3)])
def test_vendor_and_payer_have_their_own_clocks_when_one_decides_the_drug(
    delegated: str, own: int, vendors: int
) -> None:
    request = request_of(Status.PROCESSING, "MEDICARE_ADVANTAGE", [SURGERY, DRUG])
    review = request.submitted.model_copy(update={"ownership": (samples.delegation(delegated),)})
    request = request.model_copy(update={"review": review})
    assert deadline_of(request, samples.payer()).due_at == START + own * DAY
    assert deadline_of(request, samples.payer(), [delegated]).due_at == START + vendors * DAY
