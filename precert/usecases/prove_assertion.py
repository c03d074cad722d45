"""Prove the id of an earlier answer, whichever list gave it (C6)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from precert.domain.assertion import AssertionProof, given_at, matches
from precert.domain.content import RequestContent
from precert.domain.rules import RuleListVersion
from precert.usecases.ports.reference import ReferenceReader
from precert.usecases.ports.rule_lists import RuleListVersions

AROUND: Final = timedelta(minutes=15)
"""How far the moment in an id and the one in a list's name may lie beside the order of what happened.

A list bears the moment when its publishing began and answers once it is compiled and stored; an id
bears the moment when its check began, before the pointer to the list was read; their clocks differ.
"""


def prove_assertion(
    content: RequestContent, *, reference: ReferenceReader, versions: RuleListVersions
) -> AssertionProof:
    """Whether the id that ``content`` quotes was given for what it asks.

    Each list that may have answered at the moment named in the id is tried. One call where that is
    the list in force now; one more where it is an earlier one, and for each list published around that
    moment; none where there is nothing to prove.
    """
    quoted = content.assertion_id
    if quoted is None:
        return AssertionProof.NONE
    given = given_at(quoted)
    if given is None or content.patient is None:
        return AssertionProof.CHANGED
    facts = reference.check_facts(content.patient.member_id)
    key = facts.assertion_key
    if key is None:
        return AssertionProof.CHANGED
    for one in _may_have_answered(given, facts.rule_list, versions):
        if matches(quoted, content, one.version, key=key):
            return AssertionProof.PROVEN
    return AssertionProof.CHANGED


def _may_have_answered(
    given: datetime, newest: RuleListVersion | None, versions: RuleListVersions
) -> Iterator[RuleListVersion]:
    """The lists in force around an instant, the latest first."""
    latest = given + AROUND
    one = newest
    if newest is None or newest.published_at > latest:
        one = versions.in_force_at(latest)
    while one is not None:
        yield one
        if one.published_at <= given - AROUND:
            return
        one = versions.in_force_at(one.published_at - timedelta(microseconds=1))
