"""What follows a denial: discussion, reconsideration, appeal, external review (W4, W7, W12)."""

from datetime import date, datetime, timedelta
from typing import Final

import pytest

from precert.domain import disputing
from precert.domain.caller import Caller
from precert.domain.clocks import deadline_of, months_after
from precert.domain.decisions import LineDecision
from precert.domain.disputes import DiscussionOutcome, DisputeKind, DisputeOption
from precert.domain.errors import ActionNotAllowedError, InvalidInputError, SameReviewerError
from precert.domain.event_types import EventType
from precert.domain.notices import Audience, NoticeKind, kind_of
from precert.domain.request import Request
from precert.domain.statuses import Action, LineStatus, Status, WaitingOn
from precert.names import Entitlement
from precert.usecases.decisions import ReadProposal, decide, record_outcome, sign_decisions
from precert.usecases.requests import NewDispute, file_dispute
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets
from tests.fakes.lines_of_business import notice_text
from tests.fakes.reference import KnownFingerprints
from tests.fakes.requests import JUST_READ, InMemoryRequests

PROVIDER: Final = Caller(
    subject="provider",
    entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
    tins=frozenset({samples.PROVIDER_TIN}),
)
REASONS: Final = {"reason_code": "0F", "rationale": "Not tried.", "criterion": "MCG S-310"}
DAY: Final = timedelta(days=1)
LAST: Final = timedelta(microseconds=1)
ZONE: Final = samples.payer().zone


def reviewer(number: int, *, physician: bool = True) -> Caller:
    groups = {Entitlement.REVIEWER, Entitlement.PHYSICIAN_REVIEWER}
    return Caller(
        subject=f"reviewer-{number}",
        entitlements=frozenset(groups if physician else {Entitlement.REVIEWER}),
        plan_ids=frozenset({samples.PLAN.plan_id}),
    )


class Case:
    """One request and what its parties do with it, each at an instant."""

    def __init__(self) -> None:
        self.store = InMemoryRequests.holding(samples.request(Status.PENDING))
        self.now = START
        self.payer = samples.payer()

    @property
    def request(self) -> Request:
        return self.store.requests[samples.REQUEST_ID]

    def decide(self, *lines: tuple[str, str], by: int) -> Request:
        return decide(
            samples.REQUEST_ID,
            [line(*one) for one in lines],
            reviewer(by),
            cycle=self.request.submitted.cycle,
            read=JUST_READ,
            requests=self.store,
            fingerprints=KnownFingerprints(),
            code_sets=code_sets(),
            payer=samples.payer(),
            now=self.now,
        )

    def deny(self, by: int = 1) -> Request:
        """The second line is denied."""
        return self.decide(("1.1", "APPROVED"), ("1.2", "DENIED"), by=by)

    def dispute(
        self, kind: DisputeKind, *lines: str, expedited: bool = False, cycle: int | None = None
    ) -> Request:
        """On the last determination, or on that of a cycle."""
        file_dispute(
            samples.REQUEST_ID,
            NewDispute(
                kind,
                cycle or self.request.submitted.cycle,
                lines or ("1.2",),
                "New findings.",
                expedited=expedited,
                phone="2165550188" if kind is DisputeKind.PEER_TO_PEER else None,
            ),
            PROVIDER,
            requests=self.store,
            payer=samples.payer(),
            now=self.now,
        )
        return self.pend()

    def appeal(self) -> Request:
        file_dispute(
            samples.REQUEST_ID,
            NewDispute(DisputeKind.APPEAL, self.request.submitted.cycle, ("1.2",), "New findings."),
            PROVIDER,
            requests=self.store,
            payer=samples.payer(),
            now=self.now,
        )
        return self.pend()

    def pend(self) -> Request:
        request = self.request
        appeal = request.submitted.open_appeal
        if appeal is not None and appeal.due_at is None:
            self.store.record(
                disputing.pend_appeal(request, deadline_of(request, samples.payer()), self.now)
            )
        return self.request

    def outcome(
        self, outcome: str, *lines: tuple[str, str], by: Caller | None = None, cycle: int = 2
    ) -> Request:
        return record_outcome(
            samples.REQUEST_ID,
            DiscussionOutcome(outcome),
            [line(*one) for one in lines],
            by or reviewer(1),
            cycle=cycle,
            read=JUST_READ,
            requests=self.store,
            fingerprints=KnownFingerprints(),
            code_sets=code_sets(),
            payer=self.payer,
            now=self.now,
        )

    def sign(self, by: int) -> Request:
        return sign_decisions(
            samples.REQUEST_ID,
            ReadProposal(self.request.submitted.cycle, self.now),
            reviewer(by),
            accept=True,
            read=JUST_READ,
            requests=self.store,
            fingerprints=KnownFingerprints(),
            payer=self.payer,
            now=self.now,
        )

    def options(self) -> dict[DisputeOption, datetime]:
        rights = self.request.submitted.rights
        return rights.options(self.now) if rights else {}

    @property
    def types(self) -> list[EventType]:
        return [event.type for event in self.store.events]


def line(line_id: str, status: str) -> LineDecision:
    reasons = REASONS if status == "DENIED" else {}
    return LineDecision(line_id=line_id, status=LineStatus(status), **reasons)  # type: ignore[arg-type]


def end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE) + DAY


def names(options: dict[DisputeOption, datetime]) -> list[str]:
    return [option.value for option in options]


# -- what is offered, and until when ------------------------------------------------------------------


@pytest.mark.rule("W7", "W12")
def test_each_option_ends_with_its_own_day_when_a_line_is_denied() -> None:
    case = Case()
    case.deny()
    decided_on = START.astimezone(ZONE).date()
    assert case.options() == {
        DisputeOption.PEER_TO_PEER: end_of(decided_on + 14 * DAY),
        DisputeOption.RECONSIDERATION: end_of(decided_on + 60 * DAY),
        DisputeOption.APPEAL: end_of(decided_on + 180 * DAY),
    }
    offered = [Action.REQUEST_PEER_TO_PEER, Action.RECONSIDER, Action.APPEAL]
    for days, left in ((14, 1), (60, 2), (180, 3)):
        end = end_of(decided_on + days * DAY)
        assert list(case.request.provider_actions(end - LAST))[1:] == offered[left - 1 :]
        assert list(case.request.provider_actions(end))[1:] == offered[left:]


@pytest.mark.rule("W12")
@pytest.mark.parametrize(
    ("kind", "days"), [(DisputeKind.PEER_TO_PEER, 14), (DisputeKind.RECONSIDERATION, 60)]
)
def test_dispute_is_accepted_when_its_last_day_is_not_over(kind: DisputeKind, days: int) -> None:
    case = Case()
    case.deny()
    end = end_of(START.astimezone(ZONE).date() + days * DAY)
    case.now = end
    with pytest.raises(ActionNotAllowedError) as refused:
        case.dispute(kind)
    assert "is over" in refused.value.detail
    actions = refused.value.extensions["allowed_actions"]
    assert actions == [one.value for one in case.request.provider_actions(end)]
    case.now = end - LAST
    assert case.dispute(kind).submitted.cycle == 2


@pytest.mark.rule("W7")
def test_refused_appeal_does_not_offer_an_appeal_when_its_time_is_over() -> None:
    case = Case()
    case.deny()
    case.now = START + 200 * DAY
    with pytest.raises(ActionNotAllowedError) as refused:
        case.appeal()
    assert refused.value.extensions["allowed_actions"] == ["DETAILS"]
    assert case.options() == {}


@pytest.mark.rule("W4", "W7")
def test_external_review_takes_the_place_of_appeals_when_every_level_is_used() -> None:
    case = Case()
    case.deny()
    for level, by in ((1, 2), (2, 3)):
        assert DisputeOption.EXTERNAL_REVIEW not in case.options()
        assert case.appeal().submitted.appeals[-1].level == level
        case.now += DAY
        case.decide(("1.2", "DENIED"), by=by)
    last = months_after(case.now.astimezone(ZONE).date(), 4)
    assert case.options() == {DisputeOption.EXTERNAL_REVIEW: end_of(last)}
    assert case.request.provider_actions(case.now) == (Action.DETAILS,)
    with pytest.raises(ActionNotAllowedError, match="action_not_allowed"):
        case.appeal()
    case.now = end_of(last)
    assert case.options() == {}


@pytest.mark.rule("W4", "W12")
@pytest.mark.parametrize("audience", Audience)
def test_notice_states_only_what_is_open_when_it_is_printed(audience: Audience) -> None:
    case = Case()
    case.deny()
    first = notice_text(case.request, audience, 1)
    assert "July 15, 2026" in first
    assert "August 30, 2026" in first
    assert "December 28, 2026" in first
    assert "external review until" not in first
    case.appeal()
    case.decide(("1.2", "DENIED"), by=2)
    second = notice_text(case.request, audience, 2)
    assert "reconsider" not in second
    assert "discuss" not in second
    assert "December 28, 2026" in second
    case.appeal()
    case.decide(("1.2", "DENIED"), by=3)
    last = notice_text(case.request, audience, 3)
    assert "external review until November 2, 2026" in last
    assert "can appeal" not in last
    # A notice that is printed again states what it stated.
    assert notice_text(case.request, audience, 1) == first


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 7, 1), 4, date(2026, 11, 1)),
        (date(2026, 10, 30), 4, date(2027, 3, 1)),
        (date(2026, 10, 31), 4, date(2027, 3, 1)),
        (date(2027, 10, 29), 4, date(2028, 2, 29)),
        (date(2027, 10, 30), 4, date(2028, 3, 1)),
        (date(2026, 8, 31), 4, date(2026, 12, 31)),
        (date(2026, 10, 31), 1, date(2026, 12, 1)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
    ],
)
def test_day_is_the_first_of_the_next_month_when_its_month_is_shorter(
    day: date, months: int, expected: date
) -> None:
    assert months_after(day, months) == expected


# -- reconsideration ----------------------------------------------------------------------------------


@pytest.mark.rule("W12")
def test_reconsideration_uses_up_no_appeal_when_it_is_upheld() -> None:
    case = Case()
    case.deny()
    waiting = case.dispute(DisputeKind.RECONSIDERATION)
    assert (waiting.status, waiting.waiting_on) == (Status.PARTIALLY_APPROVED, WaitingOn.PAYER)
    assert waiting.due_at == START + 14 * DAY
    assert waiting.provider_actions(START) == (Action.DETAILS, Action.MODIFY)
    # The reviewer who decided may reconsider; an appeal needs another.
    case.now += DAY
    case.decide(("1.2", "DENIED"), by=1)
    assert names(case.options()) == ["PEER_TO_PEER", "APPEAL"]
    assert kind_of(case.request.submitted, 2) is NoticeKind.REVIEW_UPHELD
    with pytest.raises(InvalidInputError):
        case.dispute(DisputeKind.RECONSIDERATION)
    assert case.appeal().submitted.appeals[-1].level == 1
    with pytest.raises(SameReviewerError):
        case.decide(("1.2", "APPROVED"), by=1)
    case.decide(("1.2", "DENIED"), by=2)
    assert case.appeal().submitted.appeals[-1].level == 2
    assert case.types[-8:] == [
        EventType.RECONSIDERATION_FILED,
        EventType.RECONSIDERATION_PENDED,
        EventType.RECONSIDERATION_DETERMINED,
        EventType.APPEAL_FILED,
        EventType.APPEAL_PENDED,
        EventType.APPEAL_DETERMINED,
        EventType.APPEAL_FILED,
        EventType.APPEAL_PENDED,
    ]


@pytest.mark.rule("W12")
def test_request_is_approved_when_a_reconsideration_overturns_the_denial() -> None:
    case = Case()
    case.deny()
    assert case.dispute(DisputeKind.RECONSIDERATION, expedited=True).due_at == START + 3 * DAY
    after = case.decide(("1.2", "APPROVED"), by=4)
    assert (after.status, after.submitted.rights) == (Status.APPROVED, None)
    assert kind_of(after.submitted, 2) is NoticeKind.REVIEW_OVERTURNED


@pytest.mark.rule("W12")
def test_no_discussion_or_reconsideration_is_possible_when_an_appeal_was_filed() -> None:
    case = Case()
    case.deny()
    case.appeal()
    for kind in (DisputeKind.PEER_TO_PEER, DisputeKind.RECONSIDERATION):
        with pytest.raises(ActionNotAllowedError):
            case.dispute(kind)
    case.decide(("1.2", "DENIED"), by=2)
    for kind in (DisputeKind.PEER_TO_PEER, DisputeKind.RECONSIDERATION):
        with pytest.raises(InvalidInputError):
            case.dispute(kind)


def test_dispute_is_rejected_when_a_line_was_approved_or_none_is_named() -> None:
    case = Case()
    case.deny()
    for lines, code in ((("1.1",), "not_appealable"), (("9.9",), "not_appealable")):
        with pytest.raises(InvalidInputError) as refused:
            case.dispute(DisputeKind.RECONSIDERATION, *lines)
        assert [error.code for error in refused.value.errors] == [code]


def test_nothing_changes_when_a_dispute_is_sent_again() -> None:
    case = Case()
    case.deny()
    first = case.dispute(DisputeKind.PEER_TO_PEER)
    assert case.dispute(DisputeKind.PEER_TO_PEER, cycle=1) == first
    with pytest.raises(ActionNotAllowedError, match="action_not_allowed"):
        case.appeal()
