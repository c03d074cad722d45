"""What a deployed stage costs in a month without any request, counted in its templates."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bench.cost.prices import Assumptions
from bench.cost.scenarios import SCHEDULED
from bench.cost.usage import Amounts, Item, no_amounts

MINUTES_PER_DAY: Final = 24 * 60
_UNITS: Final = {"minute": 1, "minutes": 1, "hour": 60, "hours": 60, "day": 1440, "days": 1440}

Resource = Mapping[str, Any]


def templates(folder: Path) -> list[Resource]:
    """The templates of an assembly, also those of nested stacks."""
    found = sorted(folder.glob("*.template.json"))
    if not found:
        raise FileNotFoundError(f"{folder} has no template")
    return [json.loads(one.read_text(encoding="utf-8")) for one in found]


def resources(folder: Path) -> Iterator[tuple[str, Resource]]:
    for template in templates(folder):
        yield from template["Resources"].items()


def of_kind(folder: Path, kind: str) -> list[tuple[str, Mapping[str, Any]]]:
    return [
        (name, one.get("Properties", {})) for name, one in resources(folder) if one["Type"] == kind
    ]


def monthly(folder: Path, assumed: Assumptions) -> Amounts:
    """Units of one month of a stage whose assembly is in the folder, without its schedules' runs."""
    used = no_amounts()
    seconds = assumed.days_per_month * MINUTES_PER_DAY * 60
    used[Item.ALARMS] = sum(
        _metrics_of(properties) for _, properties in of_kind(folder, "AWS::CloudWatch::Alarm")
    )
    used[Item.DASHBOARDS] = len(of_kind(folder, "AWS::CloudWatch::Dashboard"))
    used[Item.KEYS] = len(of_kind(folder, "AWS::KMS::Key"))
    queues = [
        properties
        for _, properties in of_kind(folder, "AWS::Lambda::EventSourceMapping")
        if "StartingPosition" not in properties
    ]
    polls = seconds // assumed.poll_seconds * assumed.pollers_per_queue
    used[Item.QUEUE_CALLS] = len(queues) * polls
    functions = [properties for _, properties in of_kind(folder, "AWS::Lambda::Function")]
    cached = sum(one.get("MemorySize", 128) for one in functions if "SnapStart" in one)
    used[Item.SNAPSHOT_GB_SECONDS] = cached * seconds // 1024
    acls = of_kind(folder, "AWS::WAFv2::WebACL")
    own = sum(len(properties.get("Rules", ())) for _, properties in acls)
    named = any(
        "WebACLId" in properties["DistributionConfig"]
        for _, properties in of_kind(folder, "AWS::CloudFront::Distribution")
    )
    if acls:
        used[Item.WEB_ACLS], used[Item.WEB_ACL_RULES] = len(acls), own
    elif named:
        used[Item.WEB_ACLS], used[Item.WEB_ACL_RULES] = 1, assumed.web_acl_rules
    used[Item.PARTNER_CLIENTS] = sum(
        "client_credentials" in properties.get("AllowedOAuthFlows", ())
        for _, properties in of_kind(folder, "AWS::Cognito::UserPoolClient")
    )
    return used


def _metrics_of(alarm: Mapping[str, Any]) -> int:
    """An alarm is charged for each metric that it compares."""
    return max(1, sum("MetricStat" in one for one in alarm.get("Metrics", ())))


def runs(folder: Path, assumed: Assumptions) -> dict[str, int]:
    """Runs of a month by the construct of the function that a schedule invokes."""
    found: Counter[str] = Counter()
    for name, properties in of_kind(folder, "AWS::Events::Rule"):
        rate = properties.get("ScheduleExpression")
        if rate is None:
            continue
        number, unit = rate.removeprefix("rate(").removesuffix(")").split()
        targets = json.dumps(properties["Targets"])
        names = [one for one in SCHEDULED if f'"{one}' in targets]
        if len(names) != 1:
            raise ValueError(f"{name} invokes a function without a count: add it to SCHEDULED")
        minutes = assumed.days_per_month * MINUTES_PER_DAY
        found[names[0]] += minutes // (int(number) * _UNITS[unit])
    return dict(found)
