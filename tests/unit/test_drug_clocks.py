"""Clocks of drugs by line of business, against the regulations (W2, W4, W8, W11)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import pytest

from precert.domain.clocks import deadline_of
from precert.domain.notices import Audience
from precert.domain.request import Request
from precert.domain.statuses import Status
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.lines_of_business import (
    DAY,
    appealed,
    denied,
    details,
    notice_text,
    request_of,
)

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
