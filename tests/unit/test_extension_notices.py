"""Notices of extensions, and of the lines that delegated vendors decided (W2, W8, W11)."""

from datetime import timedelta
from typing import Any

import pytest

from precert.domain.clocks import deadline_of
from precert.domain.event_types import EventType
from precert.domain.notices import Audience, NoticeKind
from precert.domain.request import Request
from precert.domain.requested_lines import as_requested, requested_lines
from precert.domain.reviewing import extend, request_information
from precert.domain.statuses import Status
from precert.usecases.notice_facts import Issue, notice_facts
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets
from tests.fakes.requests import InMemoryRequests
from tests.unit.test_notices import APPROVED, NoticeStore, titles


def extended(line_of_business: str = "COMMERCIAL") -> Request:
    plan = samples.PLAN.model_copy(update={"line_of_business": line_of_business})
    submitted = samples.request(Status.PROCESSING, plan=plan)
    pended = submitted.pend(deadline_of(submitted, samples.payer()), 10, START).request
    return extend(
        pended, "A specialist is consulted.", payer=samples.payer(), by="r", now=START
    ).request


@pytest.mark.rule("W2", "W11")
@pytest.mark.parametrize("audience", Audience)
def test_notice_states_reason_and_grievance_when_the_deadline_is_extended(
    audience: Audience,
) -> None:
    request = extended("MEDICARE_ADVANTAGE")
    result: dict[str, Any] = notice_facts(
        request,
        Issue(NoticeKind.EXTENSION, 1),
        audience,
        samples.payer(),
        samples.notice_words(),
        member=None,
        code_sets=code_sets(),
    )
    assert result["extension"] == {
        "days": "14 calendar days",
        "due_at": "July 22, 2026",
        "paused": False,
        "requested_by": "Sample Health Plan",
        "reason": "A specialist is consulted.",
    }
    grievance = next(title for title in titles(result) if "grievance" in title)
    text = next(one["text"] for one in result["sections"] if one["title"] == grievance)
    assert samples.payer().provider_services.phone in text
    assert not [title for title in titles(result) if "appeal" in title.lower()]
    assert [line["outcome"] for line in result["lines"]] == ["Not decided", "Not decided"]


@pytest.mark.rule("W11")
def test_extension_notice_is_issued_once_beside_the_decision_when_both_occur() -> None:
    store, requests = NoticeStore(), InMemoryRequests.holding(extended())
    first = store.run(requests)
    assert [notice.notice_id for notice in first] == ["1-provider-extension", "1-member-extension"]
    assert {notice.kind for notice in first} == {NoticeKind.EXTENSION}
    assert [event.event_id for event in store.events] == [
        f"{samples.REQUEST_ID}.notices-1-extension"
    ]
    requests.notices = list(first)
    assert store.run(requests) == ()
    decisions = {one: samples.decision(APPROVED) for one in ("1.1", "1.2")}
    approved = {
        "approved": as_requested(requested_lines(samples.content())["1.1"], approval_days=9)
    }
    decisions = {one: line.model_copy(update=approved) for one, line in decisions.items()}
    change = requests.requests[samples.REQUEST_ID].determine(decisions, "r", START)
    requests.requests[samples.REQUEST_ID] = change.request
    assert [notice.notice_id for notice in store.run(requests)] == ["1-provider", "1-member"]


@pytest.mark.rule("W11")
def test_notice_states_that_a_pause_adds_time_when_it_is_extended_meanwhile() -> None:
    payer = samples.payer()
    submitted = samples.request(Status.PROCESSING)
    pended = submitted.pend(deadline_of(submitted, payer), 10, START).request
    paused = request_information(pended, [], "Why?", payer=payer, by="r", now=START).request
    extension = extend(paused, "Why.", payer=payer, by="r", now=START).request.extension
    assert extension is not None
    assert (extension.paused, extension.due_at) == (True, START + timedelta(days=30))


@pytest.mark.rule("W4", "W7")
def test_notices_name_the_vendor_and_its_appeal_when_a_vendor_decided() -> None:
    store = NoticeStore()
    printed = store.run(InMemoryRequests.holding(samples.delegated(Status.PARTIALLY_APPROVED)))
    assert [notice.notice_id for notice in printed] == [
        "1-provider-vendor-1-1",
        "1-member-vendor-1-1",
    ]
    assert {notice.kind for notice in printed} == {NoticeKind.PARTIAL_APPROVAL}
    assert [event.type for event in store.events] == [EventType.NOTICES_ISSUED]
    for facts in store.printed:
        sections: Any = facts["sections"]
        text = " ".join(section["text"] for section in sections)
        assert "EviCore by Evernorth made this decision for" in text
        assert "(866) 668-9250" in text
        assert "Appeal on the dashboard" not in text
        assert [section["title"] for section in sections if "appeal" in section["title"]]


@pytest.mark.rule("W4")
def test_payer_and_vendor_have_notices_of_their_own_lines_when_both_decided() -> None:
    delegation = samples.delegation("1.2", reports=(samples.report_of(),))
    mixed = samples.delegated(Status.PARTIALLY_APPROVED, delegation)
    store = NoticeStore()
    requests = InMemoryRequests.holding(mixed)
    store.run(requests)
    lines: Any = [facts["lines"] for facts in store.printed]
    assert [[line["line"] for line in one] for one in lines] == [["1.1"]] * 2 + [["1.2"]] * 2
    requests.notices = list(store.recorded)
    assert store.run(requests) == ()


def test_another_notice_is_printed_when_the_vendor_corrects_its_determination() -> None:
    twice = samples.delegation(reports=(samples.report_of(), samples.report_of(START)))
    printed = NoticeStore().run(
        InMemoryRequests.holding(samples.delegated(Status.PARTIALLY_APPROVED, twice))
    )
    assert printed[0].notice_id == "1-provider-vendor-1-2"
