"""What follows when every level of appeal is used, by line of business, or without external review."""

import pytest

from precert.domain.disputing import with_rights
from precert.domain.errors import ActionNotAllowedError
from precert.domain.notices import Audience
from precert.domain.payer import Payer
from precert.domain.statuses import Action, LineStatus, Status
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.lines_of_business import (
    ALL,
    DAY,
    DECIDED_ON,
    LAST,
    LINES,
    ZONE,
    appealed,
    denied,
    details,
    notice_text,
    request_of,
    words,
)


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
