"""The payer's reference data before a run: the sample patient and the sample rule list."""

from functools import cache
from random import Random
from typing import Final, NamedTuple

from local.sample import sample_members, sample_rules
from precert.adapters.dynamodb.reference import member_item
from precert.adapters.dynamodb.rule_lists import DynamoDBRuleListVersions
from precert.adapters.dynamodb.table import to_wire
from precert.adapters.s3.rule_lists import S3RuleLists
from precert.domain.coverage import members_of
from precert.domain.notices import NoticeWords
from precert.domain.payer import Payer
from precert.domain.statuses import LineStatus
from precert.usecases.rule_lists import publish_rule_list
from tests.fakes import samples
from tests.fakes.clock import START
from tests.simulation.bucket import Bucket, Exceptions
from tests.simulation.expressions import Wire
from tests.simulation.table import Tables
from tests.simulation.wire import Client
from tests.simulation.wire import Wire as Quiet

REFERENCE: Final = "reference"
LINES: Final = ("COMMERCIAL", "MEDICARE_ADVANTAGE", "MEDICAID", "EXCHANGE", "CHIP")
SLOTS: Final = 2
"""Upload slots of each stage here: a configuration in which the limit is soon reached."""


class Loaded(NamedTuple):
    """Items of the reference table but for the member, and the rule lists, opened once."""

    items: tuple[Wire, ...]
    rule_lists: S3RuleLists


@cache
def payer(*, signing: bool = False) -> Payer:
    """The sample payer with few slots, and with second signatures on denials if requested."""
    shipped = samples.payer()
    few = {"max_at_submission": SLOTS, "max_while_pending": SLOTS}
    two = {"second_signature": frozenset({LineStatus.DENIED} if signing else ())}
    return shipped.model_copy(
        update={
            "documents": shipped.documents.model_copy(update=few),
            "utilization_management": shipped.utilization_management.model_copy(update=two),
        }
    )


@cache
def notice_words() -> NoticeWords:
    text = (samples.DATA / "payer" / "notices.json").read_text(encoding="utf-8")
    return NoticeWords.model_validate_json(text)


@cache
def loaded() -> Loaded:
    """Loaded by the product's own use cases, before any failure is injected."""
    wire = Quiet(Random(0), between=lambda: None, note=lambda _text: None)
    tables, bucket = Tables({REFERENCE: {}}), Bucket(lambda _key: None)
    client = Client(wire, tables.perform)
    s3 = Client(wire, bucket.perform, Exceptions)
    rule_lists = S3RuleLists(s3, bucket="rules")  # type: ignore[arg-type]
    rules, vendors = sample_rules(payer())
    publish_rule_list(
        rules,
        vendors,
        rule_lists=rule_lists,
        versions=DynamoDBRuleListVersions(
            client,  # type: ignore[arg-type]
            reference_table=REFERENCE,
            new_key=lambda: bytes(32),
        ),
        now=START,
    )
    return Loaded(tuple(tables.items(REFERENCE)), rule_lists)


@cache
def member_of(line_of_business: str) -> Wire:
    """The sample patient under a plan of a line of business, whose clocks apply."""
    [member] = [
        member
        for member in members_of(sample_members(payer()))
        if member.member_id == samples.PATIENT["member_id"]
    ]
    spans = tuple(
        span.model_copy(
            update={"plan": span.plan.model_copy(update={"line_of_business": line_of_business})}
        )
        for span in member.spans
    )
    return to_wire(member_item(member.model_copy(update={"spans": spans})))
