"""Determination notices: content per recipient, printed once (W4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import pytest

from precert.domain.event_types import EventType
from precert.domain.events import Event
from precert.domain.notices import Audience, Notice, NoticeKind, kind_of
from precert.domain.request import Request
from precert.domain.review import Approved
from precert.domain.reviewing import change_dates
from precert.domain.statuses import LineStatus, Status
from precert.usecases.notices import notice_facts, print_notices
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.requests import InMemoryRequests

APPROVED, MODIFIED, DENIED = LineStatus.APPROVED, LineStatus.MODIFIED, LineStatus.DENIED


def decided(*lines: LineStatus) -> Request:
    review = samples.review(lines)
    status = Status.APPROVED if set(lines) == {APPROVED} else Status.PARTIALLY_APPROVED
    return samples.request(status, review=review.model_copy(update={"determined_at": START}))


def facts(request: Request, audience: Audience, cycle: int = 1) -> dict[str, Any]:
    kind = kind_of(request.submitted, cycle)
    assert kind is not None
    return notice_facts(request, cycle, kind, audience, samples.payer(), samples.notice_words())


def titles(result: Mapping[str, Any]) -> list[str]:
    return [section["title"] for section in result["sections"]]


@dataclass
class NoticeStore:
    """Records the notices that are stored."""

    stored: list[str] = field(default_factory=list)
    recorded: list[Notice] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    printed: list[Mapping[str, object]] = field(default_factory=list)

    def put(self, request_id: str, notice_id: str, document: bytes, sha256: str) -> str | None:
        self.stored.append(f"{request_id}/{notice_id}/{len(document)}/{len(sha256)}")
        return "v1"

    def download_url(self, request_id: str, notice: Notice, *, seconds: int) -> str:
        raise AssertionError("printing needs no address")

    def record(self, request_id: str, notices: Sequence[Notice], event: Event) -> None:
        assert request_id == event.request_id
        self.recorded.extend(notices)
        self.events.append(event)

    def print(self, template: str, data: Mapping[str, object]) -> bytes:
        assert template == "notice"
        self.printed.append(data)
        return b"%PDF"

    def run(self, requests: InMemoryRequests, cycle: int = 1) -> tuple[Notice, ...]:
        return print_notices(
            samples.REQUEST_ID,
            cycle,
            requests=requests,
            notices=self,
            notice_bytes=self,
            printer=self,
            payer=samples.payer(),
            notice_words=samples.notice_words(),
            now=START,
        )


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ((APPROVED, APPROVED), NoticeKind.APPROVAL),
        ((APPROVED, DENIED), NoticeKind.PARTIAL_APPROVAL),
        ((APPROVED, MODIFIED), NoticeKind.PARTIAL_APPROVAL),
        ((MODIFIED, MODIFIED), NoticeKind.PARTIAL_APPROVAL),
        ((DENIED, DENIED), NoticeKind.DENIAL),
    ],
)
def test_notice_states_the_outcome_when_a_cycle_is_determined(
    lines: tuple[LineStatus, ...], kind: NoticeKind
) -> None:
    assert kind_of(decided(*lines).submitted, 1) is kind


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [(APPROVED, NoticeKind.APPEAL_OVERTURNED), (DENIED, NoticeKind.APPEAL_UPHELD)],
)
def test_notice_covers_appealed_lines_only_when_an_appeal_is_decided(
    outcome: LineStatus, kind: NoticeKind
) -> None:
    request = decided(APPROVED, DENIED).file_appeal(
        ["1.2"],
        reason="New.",
        expedited=False,
        filing_days=180,
        zone=samples.payer().zone,
        by="provider",
        now=START,
    )
    later = samples.decision(outcome, by="reviewer-2", cycle=2)
    after = request.request.determine_appeal({"1.2": later}, "reviewer-2", START).request
    assert kind_of(after.submitted, 2) is kind
    result = facts(after, Audience.PROVIDER, 2)
    assert [line["line"] for line in result["lines"]] == ["1.2"]


@pytest.mark.rule("W4")
@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("refused", [DENIED, MODIFIED])
def test_both_notices_state_reasons_and_appeal_rights_when_a_line_is_denied(
    audience: Audience, refused: LineStatus
) -> None:
    result = facts(decided(APPROVED, refused), audience)
    approved, denied = result["lines"]
    decision = samples.decision(refused)
    assert (denied["rationale"], denied["criterion"]) == (decision.rationale, decision.criterion)
    assert denied["reason"] == samples.payer().reason_codes[decision.reason_code or ""]
    assert (approved["adverse"], denied["adverse"]) == (False, True)
    text = " ".join(section["text"] for section in result["sections"])
    last_day = START + timedelta(days=180)
    for expected in (
        f"{last_day:%B} {last_day.day}, {last_day.year}",
        "30 days",
        "72 hours",
        "was not involved",
        "four months",
        "civil action",
        "free",
        "before an appeal" if audience is Audience.PROVIDER else "before you appeal",
        samples.payer().provider_services.phone,
    ):
        assert expected.lower() in text.lower(), expected
    assert len(result["language_help"]) > 1


@pytest.mark.rule("W4")
@pytest.mark.parametrize("audience", Audience)
def test_no_appeal_is_mentioned_when_all_is_approved(audience: Audience) -> None:
    result = facts(decided(APPROVED, APPROVED), audience)
    assert titles(result) == ["No guarantee of payment"]
    assert result["recipient"][0] == (
        "Jeffrey Rubinstein" if audience is Audience.PROVIDER else "Allison Adams"
    )


@pytest.mark.rule("W4")
def test_notice_has_the_decision_date_when_dates_were_changed_before_printing() -> None:
    request = decided(APPROVED, DENIED)
    standing = request.submitted.lines[0].decisions[-1]
    moved = standing.model_copy(
        update={"decided_at": START + timedelta(days=3), "date_change_reason": "Fog."}
    )
    changed = change_dates(request, {"1.1": moved}, by="operator", now=moved.decided_at).request
    assert facts(changed, Audience.MEMBER) == facts(request, Audience.MEMBER)


@pytest.mark.rule("W9")
def test_both_diagnoses_are_in_the_notice_when_the_adjudicated_one_differs() -> None:
    request = decided(APPROVED, APPROVED)
    line = request.submitted.lines[0]
    decision = line.decisions[-1].model_copy(
        update={
            "diagnosis": "K5660",
            "approved": Approved(
                code="44120", units=1, from_date=date(2026, 7, 20), to_date=date(2026, 7, 22)
            ),
        }
    )
    changed = line.model_copy(update={"decisions": (decision,)})
    lines = (changed, *request.submitted.lines[1:])
    review = request.submitted.model_copy(update={"lines": lines})
    result = facts(request.model_copy(update={"review": review}), Audience.PROVIDER)["lines"][0]
    assert result["diagnosis"] == "K56.60 (sent: K56.50)"
    assert result["approved"] == "44120, 1, July 20, 2026 to July 22, 2026"


def test_both_notices_are_stored_and_recorded_once_when_the_event_is_redelivered() -> None:
    requests, store = InMemoryRequests.holding(decided(APPROVED, DENIED)), NoticeStore()
    printed = store.run(requests)
    assert [notice.notice_id for notice in printed] == ["1-provider", "1-member"]
    assert store.recorded == list(printed)
    [event] = store.events
    assert (event.type, event.event_id) == (
        EventType.NOTICES_ISSUED,
        f"{samples.REQUEST_ID}.notices-1",
    )
    requests.notices = list(printed)
    assert store.run(requests) == ()
    assert len(store.stored) == 2


NOT_TO_PRINT: Final = (
    samples.request(Status.PENDING),
    samples.request(Status.VOID),
    decided(APPROVED, DENIED).model_copy(
        update={
            "review": decided(APPROVED, DENIED).submitted.model_copy(
                update={"vendor_id": "EVICORE"}
            )
        }
    ),
)


@pytest.mark.parametrize("request_", NOT_TO_PRINT)
def test_nothing_is_printed_when_the_payer_decided_nothing(request_: Request) -> None:
    store = NoticeStore()
    assert store.run(InMemoryRequests.holding(request_)) == ()
    assert store.run(InMemoryRequests()) == ()
    assert store.stored == []
