"""Decisions that contradict the request, or themselves, are refused (W3, W4)."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from pydantic import BaseModel, ValidationError

from functions.intake.models import VoidRegisteredBody
from functions.review.bodies import (
    DecideBody,
    ExtendBody,
    PeerToPeerOutcomeBody,
    RequestInformationBody,
)
from functions.review.operator_models import ChangeDatesBody
from precert.domain import disputing
from precert.domain.caller import Caller
from precert.domain.decisions import Approved, DecidingRole, Decision, LineDecision
from precert.domain.errors import InvalidInputError
from precert.domain.operator_actions import change_dates
from precert.domain.request import Request
from precert.domain.reviewing import request_information
from precert.domain.statuses import LineStatus, Status
from precert.domain.value_errors import errors_of
from precert.domain.vendor_reports import VendorReport
from precert.names import Entitlement
from precert.usecases.decisions import decide
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets
from tests.fakes.reference import KnownFingerprints
from tests.fakes.requests import JUST_READ, InMemoryRequests

REVIEWER: Final = Caller(
    subject="reviewer-2",
    entitlements=frozenset({Entitlement.REVIEWER, Entitlement.PHYSICIAN_REVIEWER}),
    plan_ids=frozenset({samples.PLAN.plan_id}),
)
REASONS: Final = {"reason_code": "0F", "rationale": "Not tried.", "criterion": "MCG S-310"}
FIRST: Final = {"line_id": "1.1", "status": "APPROVED"}
# The second line is requested with two units, for three days from July 20.


def second(status: str, **members: Any) -> dict[str, Any]:
    approved = {name: members.pop(name) for name in list(members) if name in Approved.model_fields}
    return {
        "line_id": "1.2",
        "status": status,
        **({"approved": approved} if approved else {}),
        **members,
    }


def decided(
    *lines: Mapping[str, Any],
    request: Request | None = None,
    now: datetime = START,
    before_response: bool = False,
) -> Request:
    request = request or samples.request(Status.PENDING)
    return decide(
        samples.REQUEST_ID,
        [LineDecision.model_validate_json(json.dumps(line)) for line in lines],
        REVIEWER,
        cycle=request.submitted.cycle,
        before_response=before_response,
        read=JUST_READ,
        requests=InMemoryRequests.holding(request),
        fingerprints=KnownFingerprints(),
        code_sets=code_sets(),
        payer=samples.payer(),
        now=now,
    )


def errors(*lines: Mapping[str, Any], **how: Any) -> set[tuple[str, str]]:
    with pytest.raises(InvalidInputError) as raised:
        decided(*lines, **how)
    for error in raised.value.errors:
        assert len(error.message) > 10
    return {(error.pointer, error.code) for error in raised.value.errors}


@pytest.mark.rule("W3", "W4")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        # Reasons of a denial, and nothing is refused.
        (second("APPROVED", reason_code="0F"), {("/reason_code", "contradicts")}),
        (
            second("APPROVED", reason_code="0F", rationale="Not medically necessary."),
            {("/reason_code", "contradicts"), ("/rationale", "contradicts")},
        ),
        (
            second("APPROVED", rationale="This is NOT medically-necessary care."),
            {("/rationale", "contradicts")},
        ),
        (second("MODIFIED", units=3, reason_code="0L"), {("/reason_code", "contradicts")}),
        # More than requested, approved as if it were not.
        (second("APPROVED", units=3), {("/approved/units", "more_than_requested")}),
        (second("APPROVED", units=9999), {("/approved/units", "more_than_requested")}),
        (second("APPROVED", to_date="2026-07-23"), {("/approved/to_date", "more_than_requested")}),
        (
            second("APPROVED", from_date="2026-07-19"),
            {("/approved/to_date", "more_than_requested")},
        ),
        (
            second("APPROVED", units=1, to_date="2026-07-24", **REASONS),
            {("/approved/to_date", "more_than_requested")},
        ),
        # Periods of another year, or too long, or the wrong way round.
        (
            second("MODIFIED", from_date="2027-07-20", to_date="2027-07-22"),
            {("/approved/from_date", "out_of_range")},
        ),
        (
            second("APPROVED", from_date="2025-07-20", to_date="2025-07-22"),
            {("/approved/from_date", "out_of_range")},
        ),
        (second("MODIFIED", to_date="2027-07-22"), {("/approved/to_date", "out_of_range")}),
        (second("MODIFIED", to_date="2100-12-31"), {("/approved/to_date", "out_of_range")}),
        (
            second("MODIFIED", from_date="2000-01-01"),
            {("/approved/from_date", "out_of_range")},
        ),
        (
            second("APPROVED", to_date="2026-07-19", **REASONS),
            {("/approved/to_date", "out_of_order")},
        ),
        # A modification of nothing.
        (second("MODIFIED"), {("/approved", "missing")}),
        (second("MODIFIED") | {"approved": {}}, {("/approved", "missing")}),
        (second("MODIFIED", units=2), {("/approved", "same_as_requested")}),
        (
            second("MODIFIED", code="44121", to_date="2026-07-22", **REASONS),
            {("/approved", "same_as_requested"), ("/reason_code", "contradicts")},
        ),
        # A reduction without its reasons.
        (
            second("MODIFIED", units=1),
            {(f"/{name}", "missing") for name in ("reason_code", "rationale", "criterion")},
        ),
        (
            second("APPROVED", unit_type="DAYS"),
            {(f"/{name}", "missing") for name in ("reason_code", "rationale", "criterion")},
        ),
        # Reasons that do not fit the decision.
        (
            second("MODIFIED", units=1, **REASONS | {"reason_code": "0M"}),
            {("/reason_code", "contradicts")},
        ),
        (second("DENIED", **REASONS | {"reason_code": "0P"}), {("/reason_code", "contradicts")}),
        (second("DENIED", **REASONS | {"reason_code": "0H"}), {("/reason_code", "not_a_choice")}),
        # A denial that approves.
        (second("DENIED", units=1, **REASONS), {("/approved", "not_applicable")}),
        (second("DENIED", **REASONS) | {"approved": {}}, {("/approved", "not_applicable")}),
    ],
)
def test_decision_is_refused_when_it_contradicts_itself(
    line: dict[str, Any], found: set[tuple[str, str]]
) -> None:
    assert errors(FIRST, line) == {(f"/lines/1{pointer}", code) for pointer, code in found}


@pytest.mark.parametrize("units", [0, -1])
def test_decision_is_refused_when_no_units_are_approved(units: int) -> None:
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        decided(FIRST, second("APPROVED", units=units, **REASONS))


@pytest.mark.rule("W3")
@pytest.mark.parametrize(
    ("line", "status", "adverse", "whole"),
    [
        (second("APPROVED"), "APPROVED", False, "APPROVED"),
        (second("APPROVED", units=2), "APPROVED", False, "APPROVED"),
        (second("APPROVED", rationale="Meets the guideline."), "APPROVED", False, "APPROVED"),
        (second("MODIFIED", units=3), "MODIFIED", False, "APPROVED"),
        (second("MODIFIED", to_date="2026-07-30"), "MODIFIED", False, "APPROVED"),
        (
            second("MODIFIED", from_date="2026-07-27", to_date="2026-07-29"),
            "MODIFIED",
            False,
            "APPROVED",
        ),
        (second("MODIFIED", units=1, **REASONS), "MODIFIED", True, "PARTIALLY_APPROVED"),
        (second("APPROVED", units=1, **REASONS), "MODIFIED", True, "PARTIALLY_APPROVED"),
        (
            second("MODIFIED", units=1, to_date="2026-07-30", **REASONS),
            "MODIFIED",
            True,
            "PARTIALLY_APPROVED",
        ),
        (second("DENIED", **REASONS), "DENIED", True, "PARTIALLY_APPROVED"),
    ],
)
def test_line_is_adverse_when_something_requested_is_refused(
    line: dict[str, Any], status: str, adverse: bool, whole: str
) -> None:
    request = decided(FIRST, line)
    found = request.submitted.lines[1]
    assert (found.status, found.adverse, request.status) == (status, adverse, whole)
    assert found.decisions[-1].decided_as is DecidingRole.PHYSICIAN


def test_day_range_is_offered_when_a_period_is_out_of_it() -> None:
    with pytest.raises(InvalidInputError) as raised:
        decided(FIRST, second("MODIFIED", from_date="2026-01-20", to_date="2026-01-22"))
    [error] = raised.value.errors
    for day in (date(2026, 7, 20), date(2026, 5, 21), date(2026, 9, 18)):
        assert str(day) in error.message


# -- requests for information -------------------------------------------------------------------------


def with_rfi() -> Request:
    return request_information(
        samples.request(Status.PENDING), (), "Since when?", payer=samples.payer(), by="r", now=START
    ).request


@pytest.mark.rule("W2", "W4")
@pytest.mark.parametrize(
    "line", [second("DENIED", **REASONS), second("APPROVED", units=1, **REASONS)]
)
def test_refusal_is_rejected_when_the_providers_can_still_respond(line: dict[str, Any]) -> None:
    early = START + timedelta(days=45, seconds=-1)
    assert errors(FIRST, line, request=with_rfi(), now=early) == {
        ("/before_response", "response_pending")
    }
    for how in ({"now": early, "before_response": True}, {"now": early + timedelta(seconds=1)}):
        assert decided(FIRST, line, request=with_rfi(), **how).status is Status.PARTIALLY_APPROVED


def test_approval_is_accepted_when_the_providers_can_still_respond() -> None:
    for line in (second("APPROVED"), second("MODIFIED", units=3)):
        assert decided(FIRST, line, request=with_rfi()).status is Status.APPROVED


def test_missing_information_is_a_reason_when_it_was_requested() -> None:
    line = second("DENIED", **REASONS | {"reason_code": "0P"})
    after = START + timedelta(days=45)
    assert decided(FIRST, line, request=with_rfi(), now=after).status is Status.PARTIALLY_APPROVED


def test_all_errors_are_listed_when_a_refusal_is_early_and_wrong() -> None:
    wrong = second("DENIED", units=1, rationale="Not tried.", criterion="MCG S-310")
    assert errors(FIRST, wrong, request=with_rfi()) == {
        ("/lines/1/approved", "not_applicable"),
        ("/lines/1/reason_code", "missing"),
        ("/before_response", "response_pending"),
    }


# -- words of a template that are not replaced -------------------------------------------------------

UNFINISHED: Final = "The records are: [records]. The criterion requires: [requirement]."
LINE: Final = {"line_id": "1.1", "status": "DENIED", **REASONS}


@pytest.mark.rule("W4")
@pytest.mark.parametrize(
    ("model", "body", "pointer"),
    [
        (
            DecideBody,
            {"cycle": 1, "lines": [{**LINE, "rationale": UNFINISHED}]},
            "/lines/0/rationale",
        ),
        (
            DecideBody,
            {"cycle": 1, "lines": [{**LINE, "criterion": UNFINISHED}]},
            "/lines/0/criterion",
        ),
        (
            PeerToPeerOutcomeBody,
            {"cycle": 1, "outcome": "OVERTURNED", "lines": [{**LINE, "rationale": UNFINISHED}]},
            "/lines/0/rationale",
        ),
        (RequestInformationBody, {"text": UNFINISHED}, "/text"),
        (ExtendBody, {"reason": UNFINISHED}, "/reason"),
        (
            ChangeDatesBody,
            {
                "lines": [{"line_id": "1.1", "from_date": "2026-07-20", "to_date": "2026-07-20"}],
                "reason": UNFINISHED,
            },
            "/reason",
        ),
        (VoidRegisteredBody, {"reason": UNFINISHED}, "/reason"),
        (
            VendorReport,
            {
                "vendor_id": "EVICORE-RAD",
                "reference": "E-1",
                "reported_at": "2026-07-20T12:00:00Z",
                "number": "PC0123456782",
                "lines": [{**LINE, "rationale": UNFINISHED}],
            },
            "/lines/0/rationale",
        ),
    ],
)
def test_text_is_refused_when_words_of_a_template_are_not_replaced(
    model: type[BaseModel], body: Mapping[str, Any], pointer: str
) -> None:
    """Wherever providers or members read what the payer's staff or a vendor enters."""
    with pytest.raises(ValidationError) as raised:
        model.model_validate_json(json.dumps(body))
    [error] = errors_of(raised.value)
    assert (error.pointer, error.code) == (pointer, "placeholder")
    assert "[records], [requirement]" in error.message
    model.model_validate_json(
        json.dumps(body).replace("[records]", "[2, 5-7]").replace("[requirement]", "(none)")
    )


# -- appeals ------------------------------------------------------------------------------------------


def reduced(**approved: Any) -> Request:
    """A request whose second line was approved in part, and appealed."""
    granted = Approved(
        **{
            "code": "44121",
            "units": 1,
            "unit_type": "UNITS",
            "from_date": date(2026, 7, 20),
            "to_date": date(2026, 7, 21),
            **approved,
        }
    )
    decision = samples.decision(LineStatus.MODIFIED).model_copy(update={"approved": granted})
    first = samples.decision(LineStatus.APPROVED)
    pending = samples.request(Status.PENDING)
    determined = pending.determine({"1.1": first, "1.2": decision}, "reviewer-1", START).request
    return appealed(determined)


def appealed(request: Request) -> Request:
    return disputing.pend_appeal(
        disputing.file_appeal(
            request,
            ["1.2"],
            reason="New findings.",
            expedited=False,
            payer=samples.payer(),
            by="provider",
            now=START,
        ).request,
        samples.request(Status.PENDING).deadline or _none(),
        START,
    ).request


def _none() -> Any:
    raise AssertionError("a pended request has a clock")


@pytest.mark.rule("W7", "W10")
@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        (second("DENIED", **REASONS), "/status"),
        (second("MODIFIED", units=1, code="44130", **REASONS), "/approved/code"),
        (second("MODIFIED", to_date="2026-07-20", **REASONS), "/approved/to_date"),
        (second("MODIFIED", from_date="2026-07-21", **REASONS), "/approved/from_date"),
        (second("MODIFIED", unit_type="HOURS", **REASONS), "/approved/unit_type"),
    ],
)
def test_decision_is_refused_when_an_appeal_would_make_a_line_worse(
    line: dict[str, Any], pointer: str
) -> None:
    assert errors(line, request=reduced()) == {(f"/lines/0{pointer}", "made_worse")}


@pytest.mark.rule("W7")
@pytest.mark.parametrize(
    ("line", "units", "status"),
    [
        (
            second("MODIFIED", units=1, to_date="2026-07-21", **REASONS),
            1,
            Status.PARTIALLY_APPROVED,
        ),
        (second("MODIFIED", units=1, **REASONS), 1, Status.PARTIALLY_APPROVED),
        (second("APPROVED"), 2, Status.APPROVED),
        (second("MODIFIED", units=3), 3, Status.APPROVED),
    ],
    ids=["upheld", "more days", "overturned", "more than requested"],
)
def test_decision_is_accepted_when_an_appeal_retains_what_was_approved(
    line: dict[str, Any], units: int, status: Status
) -> None:
    request = decided(line, request=reduced())
    approved = request.submitted.lines[1].approved
    assert approved is not None
    assert (approved.units, request.status) == (units, status)


@pytest.mark.rule("W5", "W7")
def test_changed_dates_are_retained_when_an_appeal_approves_as_requested() -> None:
    request = reduced()
    before = request.submitted.lines[1].decisions[-1]
    assert before.approved is not None
    moved = before.approved.model_copy(
        update={"from_date": date(2026, 8, 3), "to_date": date(2026, 8, 4)}
    )
    decision = before.model_copy(update={"approved": moved, "date_change_reason": "Ill."})
    after = change_dates(request, {"1.2": decision}, by="operator", now=START).request
    approved = decided(second("APPROVED"), request=after).submitted.lines[1].approved
    assert approved is not None
    assert (approved.from_date, approved.to_date, approved.units) == (
        date(2026, 8, 3),
        date(2026, 8, 5),
        2,
    )


@pytest.mark.rule("W10")
@pytest.mark.parametrize("last", [date(2026, 7, 20), date(2026, 7, 22)])
def test_date_change_is_refused_when_the_period_has_another_length(last: date) -> None:
    request = reduced()
    before = request.submitted.lines[1].decisions[-1]
    assert before.approved is not None
    moved = before.approved.model_copy(update={"to_date": last})
    decision: Decision = before.model_copy(update={"approved": moved, "date_change_reason": "Ill."})
    with pytest.raises(InvalidInputError) as raised:
        change_dates(
            request, {"1.2": decision}, by="operator", now=datetime(2026, 7, 2, tzinfo=UTC)
        )
    assert [error.code for error in raised.value.errors] == ["other_length"]
    assert "2 days" in raised.value.errors[0].message
