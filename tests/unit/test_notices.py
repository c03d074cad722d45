"""Determination notices: content per recipient, printed once (W4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import pytest

from precert.domain import disputing
from precert.domain.decisions import Approved, service_lines_of
from precert.domain.event_types import EventType
from precert.domain.events import Event
from precert.domain.notices import Audience, Notice, NoticeKind, kind_of
from precert.domain.operator_actions import change_dates
from precert.domain.request import Request
from precert.domain.requested_lines import as_requested, requested_lines
from precert.domain.statuses import LineStatus, Status
from precert.usecases.notice_facts import Issue, notice_facts
from precert.usecases.notices import print_notices
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets
from tests.fakes.reference import SampleReference
from tests.fakes.requests import InMemoryRequests

APPROVED, MODIFIED, DENIED = LineStatus.APPROVED, LineStatus.MODIFIED, LineStatus.DENIED


def decided(*lines: LineStatus) -> Request:
    review = samples.review(lines)
    status = Status.APPROVED if set(lines) == {APPROVED} else Status.PARTIALLY_APPROVED
    return samples.request(status, review=review.model_copy(update={"determined_at": START}))


def facts(
    request: Request, audience: Audience, cycle: int = 1, issue: Issue | None = None
) -> dict[str, Any]:
    kind = kind_of(request.submitted, cycle)
    assert kind is not None
    return notice_facts(
        request,
        issue or Issue(kind, cycle),
        audience,
        samples.payer(),
        samples.notice_words(),
        member=SampleReference().member(samples.PATIENT["member_id"]),
        code_sets=code_sets(),
    )


def titles(result: Mapping[str, Any]) -> list[str]:
    return [section["title"] for section in result["sections"]]


@dataclass
class NoticeStore:
    """Records the notices that are stored."""

    stored: list[str] = field(default_factory=list)
    recorded: list[Notice] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    printed: list[Mapping[str, object]] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)

    def put(self, request_id: str, notice_id: str, document: bytes, sha256: str) -> str | None:
        self.stored.append(f"{request_id}/{notice_id}/{len(document)}/{len(sha256)}")
        return "v1"

    def download_url(
        self, request_id: str, notice: Notice, *, seconds: int, shown_as: str | None = None
    ) -> str:
        raise AssertionError("printing needs no address")

    def record(self, request_id: str, notices: Sequence[Notice], event: Event) -> None:
        assert request_id == event.request_id
        self.recorded.extend(notices)
        self.events.append(event)

    def issued(self, request: Request) -> None:
        self.settled.append(request.version)

    def print(self, template: str, data: Mapping[str, object]) -> bytes:
        assert template == "notice"
        self.printed.append(data)
        return b"%PDF"

    def run(self, requests: InMemoryRequests, cycle: int = 1) -> tuple[Notice, ...]:
        return print_notices(
            samples.REQUEST_ID,
            cycle,
            requests=requests,
            reference=SampleReference(),
            code_sets=code_sets(),
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
    request = disputing.file_appeal(
        decided(APPROVED, DENIED),
        ["1.2"],
        reason="New.",
        expedited=False,
        payer=samples.payer(),
        by="provider",
        now=START,
    )
    later = samples.decision(outcome, by="reviewer-2", cycle=2)
    after = disputing.determine_appeal(request.request, {"1.2": later}, "reviewer-2", START).request
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
        "15 calendar days",
        "72 hours",
        "was not involved",
        "4 months",
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
    assert facts(moved(request), Audience.MEMBER) == facts(request, Audience.MEMBER)


def moved(request: Request, days: int = 3) -> Request:
    """The first line with other approved dates, changed this many days after the determination."""
    line = request.submitted.lines[0]
    requested = requested_lines(request.content)[line.line_id]
    approved = line.decisions[-1].approved or as_requested(requested, approval_days=90)
    length = approved.to_date - approved.from_date
    changed = line.decisions[-1].model_copy(
        update={
            "decided_at": START + timedelta(days=days),
            "date_change_reason": "The surgeon is away.",
            "approved": approved.model_copy(
                update={"from_date": date(2026, 8, days), "to_date": date(2026, 8, days) + length}
            ),
        }
    )
    return change_dates(request, {"1.1": changed}, by="operator", now=changed.decided_at).request


@pytest.mark.rule("W5", "W4")
@pytest.mark.parametrize("audience", Audience)
def test_notice_states_the_new_dates_and_reason_when_an_operator_changes_dates(
    audience: Audience,
) -> None:
    request = moved(decided(APPROVED, DENIED))
    result = facts(request, audience, issue=Issue(NoticeKind.DATES_CHANGED, 1, 1))
    assert [line["line"] for line in result["lines"]] == ["1.1"]
    assert "August 3, 2026 to August 5, 2026" in result["lines"][0]["approved"]
    assert result["lines"][0]["dates_changed"] == "The surgeon is away."
    assert (result["date"], "dates" in result["title"]) == ("July 4, 2026", True)
    assert titles(result) == ["No guarantee of payment"]


@pytest.mark.rule("W5")
def test_change_of_dates_is_not_announced_again_when_an_appeal_is_decided() -> None:
    requests, store = InMemoryRequests.holding(moved(decided(APPROVED, DENIED))), NoticeStore()
    requests.notices = list(store.run(requests))
    filed = disputing.file_appeal(
        requests.requests[samples.REQUEST_ID],
        ["1.2"],
        reason="New.",
        expedited=False,
        payer=samples.payer(),
        by="provider",
        now=START + timedelta(days=5),
    )
    later = samples.decision(DENIED, by="reviewer-2", cycle=2)
    after = disputing.determine_appeal(filed.request, {"1.2": later}, "reviewer-2", START).request
    requests.requests[samples.REQUEST_ID] = after
    printed = store.run(requests, cycle=2)
    assert [notice.notice_id for notice in printed] == ["2-provider", "2-member"]


@pytest.mark.rule("W5")
def test_notices_are_issued_once_per_change_when_dates_are_changed_repeatedly() -> None:
    requests, store = InMemoryRequests.holding(decided(APPROVED, DENIED)), NoticeStore()
    requests.notices = list(store.run(requests))
    for number in (1, 2):
        request = moved(requests.requests[samples.REQUEST_ID], days=2 + number)
        requests.requests[samples.REQUEST_ID] = request
        printed = store.run(requests)
        assert [notice.notice_id for notice in printed] == [
            f"1-provider-dates-{number}",
            f"1-member-dates-{number}",
        ]
        assert {notice.kind for notice in printed} == {NoticeKind.DATES_CHANGED}
        requests.notices += printed
        assert store.run(requests) == ()
    assert [event.event_id.partition(".")[2] for event in store.events] == [
        "notices-1",
        "notices-1-dates-1",
        "notices-1-dates-2",
    ]


def test_both_issues_are_printed_when_dates_were_changed_before_the_determination_was_printed() -> (
    None
):
    store = NoticeStore()
    printed = store.run(InMemoryRequests.holding(moved(decided(APPROVED, DENIED))))
    assert [notice.notice_id for notice in printed] == [
        "1-provider",
        "1-member",
        "1-provider-dates-1",
        "1-member-dates-1",
    ]


@pytest.mark.parametrize("audience", Audience)
def test_notice_has_the_mailing_addresses_when_they_are_loaded(audience: Audience) -> None:
    result = facts(decided(APPROVED, DENIED), audience)
    town = {Audience.MEMBER: "Shaker Heights, OH 44120", Audience.PROVIDER: "Beachwood, OH 44122"}
    assert result["recipient"][-1] == town[audience]
    assert result["payer"]["address"][-1] == "Cleveland, OH 44101"


@pytest.mark.parametrize(
    ("code", "code_type", "written"),
    [
        ("44125", None, "CPT\u00a044125"),
        ("44125", "CPT", "CPT\u00a044125"),
        ("0042T", None, "CPT\u00a00042T"),
        ("J9271", None, "HCPCS\u00a0J9271"),
        ("120", "REVENUE", "Revenue code\u00a00120"),
        ("0120", None, "Revenue code\u00a00120"),
        ("470", "DRG", "MS-DRG\u00a0470"),
        (None, None, "Stay without a procedure code"),
    ],
)
def test_notice_names_the_code_set_and_the_code_when_the_set_is_entered_or_not(
    code: str | None, code_type: str | None, written: str
) -> None:
    service = dict(samples.BOWEL_SURGERY)
    procedure = {**service["procedures"][0], "code": code, "code_type": code_type}
    service["procedures"] = [procedure] if code else []
    content = samples.content(services=[service])
    lines = service_lines_of(content.services)
    review = samples.review((DENIED, DENIED))
    review = review.model_copy(
        update={
            "lines": tuple(
                line.model_copy(update={"decisions": review.lines[0].decisions}) for line in lines
            )
        }
    )
    request = samples.request(Status.DENIED, review=review).model_copy(update={"content": content})
    [line] = facts(request, Audience.MEMBER)["lines"]
    assert line["code"] == written
    assert (line["service"], line["place"]) == ("Surgical Inpatient", "Surgical")
    assert line["diagnosis"].startswith("K56.50 Intestinal adhesions")


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
    assert [part[:7] for part in result["diagnosis"].split("(submitted: ")] == [
        "K56.60 ",
        "K56.50 ",
    ]
    assert result["approved"] == "CPT\u00a044120, 1, July 20, 2026 to July 22, 2026"


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
    samples.delegated(Status.PENDING),
)


@pytest.mark.parametrize("request_", NOT_TO_PRINT)
def test_nothing_is_printed_when_the_payer_decided_nothing(request_: Request) -> None:
    store = NoticeStore()
    assert store.run(InMemoryRequests.holding(request_)) == ()
    assert store.run(InMemoryRequests()) == ()
    assert store.stored == []


@pytest.mark.rule("W5", "W4")
@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("vendors", [("1.1",), ("1.2",), ("1.1", "1.2"), ()])
def test_notice_lists_every_approved_line_when_dates_are_changed(
    audience: Audience, vendors: tuple[str, ...]
) -> None:
    """Independent of who decided them: the payer changes the dates of vendors' lines too."""
    delegations = [samples.delegation(*vendors, reports=(samples.report_of(),))] if vendors else []
    lines = (APPROVED, APPROVED)
    request = decided(*lines)
    review = request.submitted.model_copy(update={"ownership": tuple(delegations)})
    request = request.model_copy(update={"review": review})
    approved = as_requested(requested_lines(request.content)["1.2"], approval_days=9)
    second = review.lines[1].decisions[-1].model_copy(update={"approved": approved})
    later = review.lines[1].model_copy(update={"decisions": (second,)})
    review = review.model_copy(update={"lines": (review.lines[0], later)})
    changed = moved(request.model_copy(update={"review": review}))
    facts: Any = notice_facts(
        changed,
        Issue(NoticeKind.DATES_CHANGED, 1, 1),
        audience,
        samples.payer(),
        samples.notice_words(),
        member=None,
        code_sets=code_sets(),
    )
    assert [line["line"] for line in facts["lines"]] == ["1.1", "1.2"]
    assert "August 3, 2026" in facts["lines"][0]["approved"]
