"""The assertion id of a check response: proves to the payer what was answered (C6, C7).

Checks are not stored. The id is derived from the question, the rule list version and the instant, so
the same question against the same version has the same answer, and the id proves that it was issued.

The hash is keyed. Member ids have about nine digits: without a key, anyone who finds an id could try
all of them for a likely service, or make up an id that was never issued. The key is stored with the
members, read in the same call and created once (:mod:`precert.adapters.dynamodb.reference`).

The question is the content of a check (C3). Fields that a draft adds later (D2) are left out, so that
the id still matches the submitted request. Fields that are not entered are left out too: a field added
in a later version changes no existing id.
"""

import hmac
import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from precert.domain.content import RequestContent
from precert.domain.coverage import Coverage
from precert.domain.orders import Order

PREFIX: Final = "CHK"
ORDER_PREFIX: Final = "CRD"
_STAMP: Final = "%y%m%d%H%M%S"
_STAMPED: Final = re.compile(rf"{PREFIX}-([0-9]{{12}})-.*")
_BYTES: Final = 10
_JSON: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_ADDED_BY_A_DRAFT: Final[dict[str, Any]] = {
    "servicing_provider": {"phone", "fax"},
    "services": {
        "__all__": {
            "requested_days": True,
            "additional_diagnoses": True,
            "procedures": {"__all__": {"start_date", "units", "unit_type", "modifiers"}},
        }
    },
}
"""All other fields of provider and services are part of the question."""


def assertion_id(
    content: RequestContent, rule_list_version: str, checked_at: datetime, *, key: bytes
) -> str:
    """The assertion id: the instant (UTC, to the second) and a keyed hash of 80 bits."""
    stamp = checked_at.astimezone(UTC).strftime(_STAMP)
    return f"{PREFIX}-{stamp}-{_digest(content, rule_list_version, stamp, key)}"


def matches(quoted: str, content: RequestContent, rule_list_version: str, *, key: bytes) -> bool:
    """Whether the id was issued for this question and this rule list version."""
    prefix, _, rest = quoted.partition("-")
    stamp, _, digest = rest.partition("-")
    expected = _digest(content, rule_list_version, stamp, key)
    return prefix == PREFIX and hmac.compare_digest(digest.encode(), expected.encode())


def stamped_at(quoted: str) -> datetime | None:
    """The instant in an id, to the second (UTC); ``None`` where it is not an id.

    Only :func:`matches` verifies it.
    """
    stamped = _STAMPED.fullmatch(quoted)
    if stamped is None:
        return None
    try:
        return datetime.strptime(stamped[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def coverage_assertion_id(
    order: Order, member_id: str | None, coverage: Coverage | None, *, key: bytes
) -> str:
    """The id of what is asserted for an order: the same order under the same coverage has the same."""
    plan = (coverage.plan.plan_id, coverage.active_from.isoformat()) if coverage else None
    ordered = order.model_dump(mode="json", exclude_defaults=True)
    return f"{ORDER_PREFIX}-{_keyed([member_id, plan, ordered], key)}"


def _digest(content: RequestContent, rule_list_version: str, stamp: str, key: bytes) -> str:
    return _keyed([_checked_content(content), rule_list_version, stamp], key)


def _keyed(facts: object, key: bytes) -> str:
    text = _JSON.encode(facts)
    number = int.from_bytes(hmac.digest(key, text.encode(), "sha256")[:_BYTES], "big")
    length = _BYTES * 8 // 5
    return "".join(_CROCKFORD[number >> 5 * at & 31] for at in reversed(range(length)))


def _checked_content(content: RequestContent) -> dict[str, object]:
    content_of_check = content.model_dump(
        mode="json",
        include={"servicing_provider", "services"},
        exclude=_ADDED_BY_A_DRAFT,
        exclude_defaults=True,
    )
    return {"member_id": content.patient and content.patient.member_id, **content_of_check}
