"""Members as items, and the condition that one of them is covered.

A condition cannot look into a list, so every span has a slot of its own: ``from_1`` and ``to_1``,
``from_2`` and ``to_2``, as many as a member may have spans. A slot that is not there never fits.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from precert.adapters.dynamodb.codec import Item, json_of, to_wire
from precert.adapters.dynamodb.keys import member_pk, ssn_pk
from precert.contract import PK, SK
from precert.domain.content import Patient
from precert.domain.coverage import MAX_SPANS, Member
from precert.domain.names import folded

COVERAGE_SK: Final = "COVERAGE"
SSN_SK: Final = "SSN"
_COVERED: Final = " OR ".join(
    f"(from_{slot} <= :day AND to_{slot} >= :day)" for slot in range(1, MAX_SPANS + 1)
)


def member_item(member: Member) -> Item:
    slots: Item = {}
    for slot, span in enumerate(member.spans, start=1):
        slots |= {f"from_{slot}": span.active_from.isoformat()}
        slots |= {f"to_{slot}": span.last_day.isoformat()}
    return {
        PK: member_pk(member.member_id),
        SK: COVERAGE_SK,
        "date_of_birth": member.date_of_birth.isoformat(),
        "name_key": _name_key(member.last_name, member.first_name),
        "member": json_of(member),
        **slots,
    }


def member_of(item: Item | None) -> Member | None:
    return Member.model_validate_json(item["member"]) if item else None


def covered_condition(table: str, patient: Patient, day: date) -> dict[str, Any]:
    """An operation that fails unless the patient is the member entered, and covered on the day."""
    values = {
        ":day": day.isoformat(),
        ":born": patient.date_of_birth.isoformat(),
        ":name": _name_key(patient.last_name, patient.first_name),
    }
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": to_wire({PK: member_pk(patient.member_id), SK: COVERAGE_SK}),
            "ConditionExpression": f"date_of_birth = :born AND name_key = :name AND ({_COVERED})",
            "ExpressionAttributeValues": to_wire(values),
        }
    }


def ssn_items(member_id: str, digest: str) -> Iterator[Item]:
    """The way from the hash to the member, and the hash that holds for the member now."""
    yield {PK: ssn_pk(digest), SK: member_id.upper()}
    yield {PK: member_pk(member_id), SK: SSN_SK, "digest": digest}


def _name_key(last_name: str, first_name: str) -> str:
    """Names as conditions compare them, folded as everywhere."""
    return f"{folded(last_name)}#{folded(first_name)}"
