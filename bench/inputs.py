"""The inputs of the workers: packages as shipped, compiled rule lists, and one member's facts.

They are built from the sample payer's data in ``.local/bench-data``.
"""

import hashlib
import json
import pickle
import zlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from bench.counting import ROOT
from infra import packaging
from infra.platforms import Platform
from local.journey.content import PATIENT
from local.sample import sample_members, sample_rules
from precert.adapters.s3.rule_lists import compile_rules
from precert.domain.coverage import members_of
from precert.domain.payer import Payer
from precert.domain.rules import Rule

HOME: Final = ROOT / ".local" / "bench-data"
PUBLISHED: Final = datetime(2026, 6, 1, tzinfo=UTC)
ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_LAMBDA_FUNCTION_NAME": "check",
    "POWERTOOLS_SERVICE_NAME": "precert",
    "POWERTOOLS_METRICS_NAMESPACE": "precert",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "REFERENCE_TABLE": "reference",
    "AUDIT_TABLE": "audit",
    "RIGHTS": "claims",
    "CALLS_PER_MINUTE": "off",
    "ORIGIN_SECRETS": "off",
    "PARTNERS_DOMAIN": "none",
    "RULE_LISTS_BUCKET": "rules",
}


@dataclass(frozen=True)
class Inputs:
    """A rule list; ``folder`` contains the facts and the list in each worker's format."""

    folder: Path
    rules: int
    object_key: str
    stored: bytes


@cache
def shipped(function: str = "function-check") -> tuple[Path, ...]:
    """Return the folders with a function's code and bytecode."""
    packaging.build(Platform.LOCAL)
    built = ROOT / "build" / Platform.LOCAL.value
    layers = ("core", "code-sets", "dependencies")
    return (built / function, *(built / layer / "python" for layer in layers), ROOT)


@cache
def sample() -> Inputs:
    """Return the sample payer's rule list."""
    return _inputs("sample", sample_rules(payer())[0])


@cache
def single() -> Inputs:
    """Return the sample's rules that name a single code, which every engine supports."""
    return _inputs(
        "single", [one for one in sample_rules(payer())[0] if one.code_from == one.code_to]
    )


@cache
def payer() -> Payer:
    text = (ROOT / "data" / "payer" / "payer.json").read_text(encoding="utf-8")
    return Payer.model_validate_json(text)


def _inputs(name: str, rules: list[Rule]) -> Inputs:
    folder = HOME / name
    folder.mkdir(parents=True, exist_ok=True)
    _, vendors = sample_rules(payer())
    compiled = compile_rules(rules, vendors)
    stored = zlib.compress(compiled)
    digest = hashlib.sha256(stored).hexdigest()
    members = members_of(sample_members(payer()))
    [member] = [one for one in members if one.member_id == PATIENT["member_id"]]
    key = f"rule-lists/{digest}.sqlite.zlib"
    facts = {
        "member": member.model_dump(mode="json"),
        "rule_list": {
            "version": "2026-06",
            "effective_from": min(rule.effective_from for rule in rules).isoformat(),
            "object_key": key,
            "sha256": digest,
            "published_at": PUBLISHED.isoformat(),
        },
    }
    (folder / f"rule-list-{digest}.sqlite").write_bytes(compiled)
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    rows = [_row(rule) for rule in rules]
    (folder / "rules.json").write_text(json.dumps(rows), encoding="utf-8")
    first = sorted(zip(rules, rows, strict=True), key=lambda one: one[0].specificity, reverse=True)
    (folder / "ordered.json").write_text(json.dumps([row for _, row in first]), encoding="utf-8")
    (folder / "by_code.pickle").write_bytes(pickle.dumps(_by_code(rules, rows)))
    return Inputs(folder, len(rules), key, stored)


def _row(rule: Rule) -> dict[str, Any]:
    """Return a rule as a dict, without empty values."""
    values = {**vars(rule), "order": list(rule.specificity)}
    values.pop("family", None), values.pop("specificity", None)
    return {
        name: sorted(value) if isinstance(value, frozenset) else _plain(value)
        for name, value in values.items()
        if value or value is False
    }


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _by_code(rules: Iterable[Rule], rows: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    """Rules under each code they name, with ranges written out, for the workers on plain dicts."""
    found: dict[str, list[Any]] = defaultdict(list)
    for rule, row in zip(rules, rows, strict=True):
        for code in _codes_of(rule):
            found[f"{rule.code_type.value} {code}"].append(row)
    return dict(found)


def _codes_of(rule: Rule) -> Iterable[str]:
    if rule.code_from == rule.code_to:
        return (rule.code_from,)
    if rule.code_from.isdigit():
        width = len(rule.code_from)
        return (f"{at:0{width}d}" for at in range(int(rule.code_from), int(rule.code_to) + 1))
    head, tail = rule.code_from[0], rule.code_from[-1]
    if head.isalpha() and rule.code_to[0] == head:
        return (
            f"{head}{at:04d}" for at in range(int(rule.code_from[1:]), int(rule.code_to[1:]) + 1)
        )
    if tail.isalpha() and rule.code_to[-1] == tail:
        return (
            f"{at:04d}{tail}" for at in range(int(rule.code_from[:-1]), int(rule.code_to[:-1]) + 1)
        )
    raise ValueError(f"{rule.code_from} to {rule.code_to} crosses letters")
