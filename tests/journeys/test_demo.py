"""The chapters of `make demo`, as tests."""

import pytest

from local.journey.demo import (
    appealed_request,
    approved_request,
    automatic_request,
    refused_call,
)
from tests.journeys.portal import Portal


def test_request_is_approved_without_a_reviewer_when_the_rules_allow_it(portal: Portal) -> None:
    automatic_request(portal)


@pytest.mark.rule("D7", "S1", "U5")
def test_request_is_approved_when_everything_was_sent(portal: Portal) -> None:
    approved_request(portal)


@pytest.mark.rule("W3", "W7")
def test_denial_is_overturned_when_another_reviewer_decides_the_appeal(portal: Portal) -> None:
    appealed_request(portal)


def test_colleague_is_refused_when_the_entitlement_is_missing(portal: Portal) -> None:
    refused_call(portal)
