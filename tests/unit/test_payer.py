"""The payer's configuration."""

import pytest

from precert.domain.statuses import Status
from tests.fakes import samples


@pytest.mark.rule("W2")
@pytest.mark.parametrize("line_of_business", samples.payer().review_clocks)
def test_clock_follows_the_plan_when_lines_of_business_differ(line_of_business: str) -> None:
    request = samples.request(Status.PROCESSING)
    plan = request.plan.model_copy(update={"line_of_business": line_of_business})
    clock = samples.payer().clock_for(request.model_copy(update={"plan": plan}))
    assert clock == samples.payer().review_clocks[line_of_business]
