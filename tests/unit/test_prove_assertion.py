"""A quoted assertion id is verified against the list in effect at its instant (C6)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

import pytest

from precert.domain.assertion import assertion_id
from precert.domain.assessment import AssertionStatus
from precert.domain.content import RequestContent
from precert.domain.coverage import Member
from precert.domain.damage import Readable
from precert.domain.directory import DirectoryEntry
from precert.domain.rules import RuleListVersion
from precert.usecases.checks import AROUND, prove_assertion
from precert.usecases.ports.reference import CheckFacts
from tests.fakes.clock import START
from tests.fakes.samples import PATIENT, content

pytestmark = pytest.mark.rule("C6")

KEY: Final = bytes(range(32))
DAY: Final = timedelta(days=1)
SECOND: Final = timedelta(seconds=1)


def published(name: str, at: datetime) -> RuleListVersion:
    return RuleListVersion(name, date(2026, 1, 1), f"rule-lists/{name}", name, at)


FIRST: Final = published("first", START)
SECOND_LIST: Final = published("second", START + 10 * DAY)
THIRD: Final = published("third", START + 20 * DAY)


@dataclass
class Published:
    """The history of lists; it records calls, including those for the facts of a check."""

    lists: tuple[RuleListVersion, ...] = (FIRST, SECOND_LIST, THIRD)
    key: bytes | None = KEY
    calls: list[str] = field(default_factory=list)

    def in_effect_at(self, instant: datetime) -> RuleListVersion | None:
        self.calls.append("in_effect_at")
        return max(
            (one for one in self.lists if one.published_at <= instant),
            key=lambda one: one.published_at,
            default=None,
        )

    def check_facts(self, member_id: str) -> CheckFacts:
        assert member_id == PATIENT["member_id"]
        self.calls.append("check_facts")
        return CheckFacts(None, self.lists[-1] if self.lists else None, self.key)

    def in_effect(self) -> RuleListVersion | None:
        raise NotImplementedError

    def published(self) -> tuple[RuleListVersion, ...]:
        raise NotImplementedError

    def put_in_effect(
        self, version: RuleListVersion, *, instead_of: RuleListVersion | None
    ) -> None:
        raise NotImplementedError

    def member(self, member_id: str) -> Member | None:
        raise NotImplementedError

    def members_by_ssn(self, digest: str) -> Readable[Member]:
        raise NotImplementedError

    def entry(self, provider_id: str) -> DirectoryEntry | None:
        raise NotImplementedError

    def entries(self, provider_ids: Collection[str]) -> dict[str, DirectoryEntry]:
        raise NotImplementedError


def answered(by: RuleListVersion, at: datetime) -> RequestContent:
    """A question that quotes this list's answer."""
    return content(assertion_id=assertion_id(content(), by.version, at, key=KEY))


def proof(requested: RequestContent, known: Published | None = None) -> AssertionStatus:
    known = known or Published()
    return prove_assertion(requested, reference=known, versions=known)


@pytest.mark.parametrize(
    ("by", "at"),
    [
        (FIRST, START + DAY),
        (SECOND_LIST, START + 12 * DAY),
        (THIRD, START + 300 * DAY),
        (FIRST, SECOND_LIST.published_at + SECOND),
        (SECOND_LIST, SECOND_LIST.published_at - SECOND),
        (SECOND_LIST, SECOND_LIST.published_at),
    ],
    ids=[
        "the first",
        "the second",
        "the newest",
        "while the next one is stored",
        "read late",
        "at once",
    ],
)
def test_assertion_is_verified_when_the_list_in_effect_at_its_instant_answered(
    by: RuleListVersion, at: datetime
) -> None:
    assert proof(answered(by, at)) is AssertionStatus.PROVEN


def test_assertion_is_verified_when_several_lists_were_published_within_its_second() -> None:
    lists = tuple(
        published(f"list-{number}", START + timedelta(milliseconds=number)) for number in range(5)
    )
    for one in lists:
        assert proof(answered(one, START), Published(lists)) is AssertionStatus.PROVEN


def test_assertion_is_not_verified_when_its_instant_is_of_another_list() -> None:
    assert proof(answered(FIRST, START + 12 * DAY)) is AssertionStatus.CHANGED
    assert proof(answered(THIRD, START + 12 * DAY)) is AssertionStatus.CHANGED
    before = SECOND_LIST.published_at - AROUND - SECOND
    assert proof(answered(SECOND_LIST, before)) is AssertionStatus.CHANGED


def test_mismatch_is_reported_when_the_question_differs() -> None:
    quoted = answered(FIRST, START + DAY).assertion_id
    others = (
        content(assertion_id=quoted, services=[]),
        content(assertion_id=quoted, patient=None),
        content(assertion_id=quoted, servicing_provider=None),
    )
    assert {proof(other) for other in others} == {AssertionStatus.CHANGED}


@pytest.mark.parametrize(
    "quoted",
    [
        "CHK-260702150000-0123456789ABCDEF",
        "CHK-269902150000-0123456789ABCDEF",
        "CHK-200101000000-0123456789ABCDEF",
    ],
    ids=["made up", "no moment", "before the first list"],
)
def test_mismatch_is_reported_when_the_id_was_never_issued(quoted: str) -> None:
    assert proof(content(assertion_id=quoted)) is AssertionStatus.CHANGED


def test_mismatch_is_reported_when_no_list_was_ever_published() -> None:
    assert proof(answered(FIRST, START), Published((), None)) is AssertionStatus.CHANGED


def test_no_call_is_made_when_no_id_is_quoted() -> None:
    known = Published()
    assert proof(content(assertion_id=None), known) is AssertionStatus.NONE
    assert known.calls == []


@pytest.mark.parametrize(
    ("by", "at", "calls"),
    [
        (THIRD, START + 300 * DAY, ["check_facts"]),
        (SECOND_LIST, START + 12 * DAY, ["check_facts", "in_effect_at"]),
    ],
    ids=["in effect", "earlier"],
)
def test_one_more_call_is_made_when_an_earlier_list_answered(
    by: RuleListVersion, at: datetime, calls: list[str]
) -> None:
    known = Published()
    assert proof(answered(by, at), known) is AssertionStatus.PROVEN
    assert known.calls == calls
