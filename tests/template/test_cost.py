"""The page of costs: its counts, its goals, and that it is current."""

import re
from typing import Final

import pytest

from bench.cost import idle, scale
from bench.cost.page import DOCUMENT, GOALS, durations, page, spec_of
from bench.cost.prices import prices
from bench.cost.scenarios import SCENARIOS, SCHEDULED, usage_of
from bench.cost.usage import Item, Usage
from infra import catalog
from tests.template.synthesized import Synthesized

CHANGED: Final = "the counts, prices or templates changed: run `make cost`"


@pytest.fixture(scope="module", params=SCENARIOS)
def counted(request: pytest.FixtureRequest) -> Usage:
    return usage_of(request.param, scans=True)


def test_page_is_current_when_it_is_generated_again(
    dev_on_aws: Synthesized, prod: Synthesized
) -> None:
    folders = {"dev": dev_on_aws.folder, "prod": prod.folder}
    assert DOCUMENT.read_text(encoding="utf-8") == page(folders, prices()), CHANGED


def test_page_of_the_scale_is_current_when_it_is_generated_again() -> None:
    assert scale.DOCUMENT.read_text(encoding="utf-8") == scale.page(prices()), CHANGED


def test_partition_is_within_its_limit_when_a_hundred_thousand_requests_come_in_a_day() -> None:
    usages = {name: usage_of(name) for name in SCENARIOS}
    busiest = {
        name: units * rate
        for (name, shared), units in scale.writes(usages).items()
        if (rate := scale.SHARES[shared]) is not None
    }
    assert busiest
    hot = {name: one for name, one in busiest.items() if one > scale.PARTITION_WRITES * scale.READY}
    assert hot == {}


def test_counts_equal_those_of_the_calls_when_requests_are_counted(counted: Usage) -> None:
    """The calls and invocations are counted one by one, and the units by what they read and wrote."""
    assert sum(counted.calls.values()) == sum(
        sum(of_function.values()) for of_function in counted.calls_by_function.values()
    )
    assert counted.items[Item.LAMBDA_CALLS] == sum(counted.invocations.values())
    assert counted.items[Item.EVENTS] == counted.calls["put_events"]
    assert counted.items[Item.OBJECT_WRITES] >= counted.calls["put_object"]
    assert counted.items[Item.WRITE_UNITS] > (
        counted.calls["put_item"] + 4 * counted.calls["transact_write_items"]
    )


def test_every_function_has_a_duration_when_it_is_invoked(counted: Usage) -> None:
    assert counted.invocations.keys() <= durations().keys()
    assert {spec_of(name) for name in counted.invocations} <= set(catalog.ALL)


def test_audit_has_a_record_of_each_call_when_requests_are_counted(counted: Usage) -> None:
    """So that the write of the record is in the cost of each call."""
    assert counted.calls["put_item"] >= counted.items[Item.API_CALLS]


def test_every_schedule_is_counted_when_nothing_happens(stack: Synthesized) -> None:
    runs = idle.runs(stack.folder, prices().assumptions)
    assert runs.keys() == SCHEDULED.keys()
    rules = stack.properties("AWS::Events::Rule").values()
    assert len(runs) == sum("ScheduleExpression" in rule for rule in rules)


def test_alarms_and_keys_are_those_of_the_template_when_a_month_is_counted(
    stack: Synthesized,
) -> None:
    counted = idle.monthly(stack.folder, prices().assumptions)
    assert counted[Item.ALARMS] >= len(stack.resources("AWS::CloudWatch::Alarm"))
    assert counted[Item.KEYS] == len(stack.resources("AWS::KMS::Key"))


def test_goal_is_stated_as_met_or_missed_when_a_result_has_one() -> None:
    rows = re.findall(
        r"^\| .* \| ([\d.]+) \| ([\d.]+) \| (met|missed) \|$",
        DOCUMENT.read_text("utf-8"),
        re.MULTILINE,
    )
    assert len(rows) == len(GOALS) + 1
    for dollars, goal, stated in rows:
        assert stated == ("met" if float(dollars) <= float(goal) else "missed")
