"""User names in the audit trail, where the payer registered them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from precert.domain.caller import Caller, Grant, ListedReviewer
from precert.domain.damage import Readable
from precert.domain.decisions import SYSTEM
from precert.names import Entitlement
from precert.usecases.grants import CachedGrants, user_labels
from tests.fakes.samples import payer

NOW = datetime(2026, 7, 1, 15, tzinfo=UTC)
OPERATOR = Caller(subject="op", issuer="https://issuer.example")


class Stored:
    """Two users, of whom one has no user name."""

    def read(self, issuer: str, subject: str) -> Grant | None:
        labels = {"one": "jdoe", "two": None}
        if subject not in labels:
            return None
        rights = frozenset({Entitlement.REVIEWER})
        label = labels[subject]
        return Grant(issuer=issuer, subject=subject, label=label, name="J. D.", entitlements=rights)

    def store(self, _grant: Grant) -> None:
        raise AssertionError("nothing is stored")

    def change(self, _issuer: str, _subject: str, _change: Callable[[Grant], Grant]) -> Grant:
        raise AssertionError("nothing is changed")

    def stored(self) -> Iterator[Grant]:
        raise AssertionError("nothing is listed")

    def reviewers(self, _issuer: str) -> Readable[ListedReviewer]:
        raise AssertionError("nothing is listed")


def test_users_have_their_registered_names_and_nothing_else_when_they_are_labeled() -> None:
    grants = CachedGrants(Stored())
    subjects = ("one", "two", "unknown", SYSTEM)
    found = user_labels(subjects, OPERATOR, user_grants=grants, payer=payer(), now=NOW)
    assert found == {"one": "jdoe", SYSTEM: f"{payer().name}, automatically"}


def test_only_the_payers_rules_are_named_when_tokens_state_all_rights() -> None:
    found = user_labels(("one",), OPERATOR, user_grants=None, payer=payer(), now=NOW)
    assert list(found) == [SYSTEM]
