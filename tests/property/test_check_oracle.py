"""A compiled rule list has the same answers as its CSV file, read by an independent oracle.

The oracle shares no code with the product. It has the columns of the file and the order of
precedence: a rule covers the codes of its code set that have the format of its ends and lie between
them. Of the rules that cover a code, the one with the fewest codes answers, then the one with the
most conditions, the newest, the one with the last id.
"""

import csv
import io
import random
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from precert.adapters.s3.rule_lists import S3RuleLists
from precert.domain.loading import LoadingError, load_rules
from precert.domain.rules import CodeQuery, RuleListVersion, answer_by, deciding_rule
from precert.domain.values import AuthorizationType, CodeType
from tests.fakes.samples import DATA, payer

SEED: Final = 20261122
QUERIES: Final = 10_000
PLAN_TYPES: Final = ("HMO", "IFP", "EPO", "OAP", "PPO")
LINES: Final = ("COMMERCIAL", "MEDICARE_ADVANTAGE")
FIRST_DAY: Final = date(2024, 12, 1)
DAYS: Final = 900
CONDITIONS: Final = {
    "authorization_type": "authorization_type",
    "plan_types": "plan_type",
    "lines_of_business": "line_of_business",
    "types_of_service": "type_of_service",
    "places_of_service": "place_of_service",
}
"""Columns, and what of the query each is compared with."""

Query = Mapping[str, str]
Answer = tuple[str, str | None, str | None, str | None]


# -- The oracle --------------------------------------------------------------------------------------


def alphabet(character: str) -> str:
    return "0123456789" if character in "0123456789" else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def position(code: str) -> int:
    """The number of codes of the same format before this one; a trailing letter is ignored."""
    counted = code if code[-1] in "0123456789" else code[:-1]
    before, weight = 0, 1
    for character in reversed(counted):
        notices = alphabet(character)
        before += notices.index(character) * weight
        weight *= len(notices)
    return before


def built_alike(code: str, other: str) -> bool:
    if len(code) != len(other):
        return False
    if code[-1] != other[-1] and not (code[-1].isdigit() and other[-1].isdigit()):
        return False
    return all(alphabet(a) == alphabet(b) for a, b in zip(code, other, strict=True))


MEASURES: Final[tuple[Callable[[Mapping[str, str]], Any], ...]] = (
    lambda row: position(row["code_from"]) - position(row["code_to"]),
    lambda row: sum(bool(row[column]) for column in CONDITIONS),
    lambda row: row["effective_from"],
    lambda row: row["rule_id"],
)


def oracle_of(text: str) -> Callable[[Query], Answer]:
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        if row["code_type"] == "REVENUE":
            row |= {name: row[name].rjust(4, "0") for name in ("code_from", "code_to")}

    @cache
    def naming(code_type: str, code: str) -> list[dict[str, str]]:
        return [
            row
            for row in rows
            if row["code_type"] == code_type
            and row["code_from"] <= code <= row["code_to"]
            and built_alike(code, row["code_from"])
        ]

    def answer(query: Query) -> Answer:
        code = query["code"].rjust(4, "0") if query["code_type"] == "REVENUE" else query["code"]
        left = [
            row
            for row in naming(query["code_type"], code)
            if row["effective_from"] <= query["on"] <= (row["effective_to"] or "9999-12-31")
            and all(
                not row[column] or query[name] in row[column].split("|")
                for column, name in CONDITIONS.items()
            )
        ]
        if not left:
            return ("UNABLE_TO_DETERMINE", None, None, None)
        for measure in MEASURES:
            best = max(map(measure, left))
            left = [row for row in left if measure(row) == best]
        [row] = left
        return (
            row["requirement"],
            row["rule_id"],
            row["vendor_id"] or None,
            row["effective_from"],
        )

    return answer


# -- The product -------------------------------------------------------------------------------------


class Bucket:
    """The part of S3 that S3RuleLists uses: objects by key."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 (boto3's)
        self._objects[Key] = Body

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self._objects[Key])}


def product_of(text: str, folder: Path) -> Callable[[Query], Answer]:
    bucket: Any = Bucket()
    lists = S3RuleLists(bucket, bucket="lists", folder=folder)
    rules = load_rules(text, None, payer())
    key, digest = lists.store(rules, ())
    now = datetime.now(UTC)
    version = RuleListVersion("v", min(rule.effective_from for rule in rules), key, digest, now)

    def answer(query: Query) -> Answer:
        requested = CodeQuery(
            code=query["code"],
            code_type=CodeType(query["code_type"]),
            on=date.fromisoformat(query["on"]),
            plan_type=query["plan_type"],
            authorization_type=AuthorizationType(query["authorization_type"]),
            line_of_business=query["line_of_business"],
            type_of_service=query["type_of_service"],
            place_of_service=query["place_of_service"],
        )
        code = (requested.code_type, requested.code)
        found = answer_by(deciding_rule(requested, lists.rules(version, {code})[code]), requested)
        since = found.effective_from.isoformat() if found.effective_from else None
        return (found.requirement.value, found.rule_id, found.vendor_id, since)

    return answer


# -- Queries and lists -------------------------------------------------------------------------------


def codes_near(text: str, chance: random.Random, count: int) -> list[tuple[str, str]]:
    """Codes at, beside and between the ends of rules, and some that no rule covers."""
    rows = list(csv.DictReader(io.StringIO(text)))
    found: set[tuple[str, str]] = set()
    while len(found) < count:
        row = chance.choice(rows)
        code = chance.choice((row["code_from"], row["code_to"]))
        if chance.random() < 0.5:
            at = chance.randrange(len(code))
            code = code[:at] + chance.choice(alphabet(code[at])) + code[at + 1 :]
        if chance.random() < 0.05:
            code = code[:-1] + chance.choice("FTUM9")
        if row["code_type"] == "REVENUE" and code.startswith("0") and chance.random() < 0.5:
            code = code[1:]
        found.add((row["code_type"], code))
    return sorted(found)


def queries(text: str, chance: random.Random, *, count: int, codes: int) -> list[Query]:
    near = codes_near(text, chance, codes)
    services = [
        (kind.authorization_type.value, kind.code, place)
        for kind in payer().form.types_of_service
        for place in kind.places_of_service
    ]
    requested: list[Query] = []
    for _ in range(count):
        code_type, code = chance.choice(near)
        setting, kind, place = chance.choice(services)
        requested.append(
            {
                "code_type": code_type,
                "code": code,
                "on": (FIRST_DAY + timedelta(chance.randrange(DAYS))).isoformat(),
                "plan_type": chance.choice(PLAN_TYPES),
                "line_of_business": chance.choice(LINES),
                "authorization_type": setting,
                "type_of_service": kind,
                "place_of_service": place,
            }
        )
    return requested


def generated_list(chance: random.Random, rows: int) -> str:
    """Overlapping ranges with all conditions; contradictory rows are left out."""
    forms: dict[str, tuple[Callable[[], str], ...]] = {
        "CPT": (
            lambda: f"{chance.choice((41000, 41005, 41010, chance.randrange(40000, 42000)))}",
            lambda: f"{chance.randrange(300):04d}T",
        ),
        "HCPCS": (lambda: f"{chance.choice('EJ')}{chance.randrange(9500, 10000)}",),
        "REVENUE": (lambda: f"{chance.randrange(100, 400)}", lambda: f"0{chance.randrange(300)}"),
        "DRG": (lambda: f"{chance.choice((7, 77, chance.randrange(1000))):03d}",),
    }
    header = [
        *("rule_id", "code_type", "code_from", "code_to", "requirement", "vendor_id"),
        *("effective_from", "effective_to", *CONDITIONS),
    ]
    lines = []
    for number in range(rows):
        code_type = chance.choice(list(forms))
        form = chance.choice(forms[code_type])
        ends = sorted(form().zfill(4 if code_type == "REVENUE" else 3) for _ in range(2))
        if chance.random() < 0.4:
            ends[1] = ends[0]
        requirement = chance.choice(("REQUIRED", "NOT_REQUIRED", "DELEGATED_VENDOR"))
        since = FIRST_DAY + timedelta(chance.randrange(0, DAYS, 30))
        until = since + timedelta(chance.randrange(400)) if chance.random() < 0.5 else None
        lines.append(
            [
                f"R{number}",
                code_type,
                *ends,
                requirement,
                "VENDOR" if requirement == "DELEGATED_VENDOR" else "",
                since.isoformat(),
                until.isoformat() if until else "",
                chance.choice(("", "", "INPATIENT", "OUTPATIENT")),
                *("|".join(chance.sample(PLAN_TYPES, 2)) if chance.random() < 0.4 else "",),
                chance.choice(("", "", *LINES)),
                *(["OFFICE_VISIT|DME|SURGICAL_INPATIENT"] if chance.random() < 0.2 else [""]),
                *(["OFFICE|HOME|SURGICAL"] if chance.random() < 0.2 else [""]),
            ]
        )
    while True:
        text = "".join(",".join(line) + "\n" for line in [header, *lines])
        try:
            load_rules(text, None, payer())
        except LoadingError as error:
            wrong = {error.row - 2 for error in error.errors}
            lines = [line for at, line in enumerate(lines) if at not in wrong]
        else:
            return text


def compare(text: str, requested: list[Query], folder: Path) -> dict[str, int]:
    """Count how often product and oracle agree, by requirement."""
    oracle, product = oracle_of(text), product_of(text, folder)
    counts: dict[str, int] = {}
    for query in requested:
        expected = oracle(query)
        assert product(query) == expected, query
        counts[expected[0]] = counts.get(expected[0], 0) + 1
    return counts


@pytest.mark.rule("C6")
def test_answer_matches_the_oracle_when_the_sample_list_is_checked(tmp_path: Path) -> None:
    text = (DATA / "sample" / "rules.csv").read_text(encoding="utf-8")
    requested = queries(text, random.Random(SEED), count=QUERIES, codes=1500)
    counts = compare(text, requested, tmp_path)
    assert sum(counts.values()) == QUERIES
    assert min(counts.values()) > QUERIES // 20, counts
    assert len(counts) == 4


@pytest.mark.rule("C6")
@pytest.mark.parametrize("seed", range(4))
def test_answer_matches_the_oracle_when_rules_overlap(tmp_path: Path, seed: int) -> None:
    chance = random.Random(SEED + seed)
    text = generated_list(chance, 400)
    requested = queries(text, chance, count=1500, codes=400)
    counts = compare(text, requested, tmp_path)
    assert min(counts.values()) > 50, counts
    assert len(counts) == 4
