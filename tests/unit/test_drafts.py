"""Starting a draft from a check."""

from dataclasses import replace
from typing import Any

import pytest

from precert.domain.errors import GuidanceOnlyError, PrecertError
from precert.domain.next_steps import BEHAVIORAL
from precert.domain.rules import Requirement
from precert.usecases.checks import CheckResult
from precert.usecases.drafts import needs_draft, no_draft
from tests.fakes.samples import payer
from tools.example_request import example_request


def answered(**changes: Any) -> CheckResult:
    """The sample's answer for one service, with these values for each of its codes."""
    result = example_request().check
    codes = tuple(code._replace(vendor_id=None, **changes) for code in result.services[0])
    content = result.content.model_copy(update={"services": result.content.services[:1]})
    return replace(
        result, content=content, services=(codes,), requirement=changes["requirement"], vendors={}
    )


@pytest.mark.rule("A5")
@pytest.mark.parametrize(
    "requirement",
    [Requirement.REQUIRED, Requirement.UNABLE_TO_DETERMINE, Requirement.DELEGATED_VENDOR],
)
def test_guidance_is_returned_when_a_service_is_behavioral(requirement: Requirement) -> None:
    answer = answered(requirement=requirement, guidance=BEHAVIORAL, predetermination=False)
    assert not needs_draft(answer, payer())
    refusal: PrecertError = no_draft(answer, payer())
    assert isinstance(refusal, GuidanceOnlyError)
    assert refusal.detail == payer().notices[BEHAVIORAL]


def test_fallback_text_is_returned_when_the_vendor_is_not_in_the_list() -> None:
    answer = answered(
        requirement=Requirement.DELEGATED_VENDOR, guidance=None, predetermination=False
    )
    refusal = no_draft(answer, payer())
    assert isinstance(refusal, GuidanceOnlyError)
    assert refusal.detail == payer().notices["vendor"]
