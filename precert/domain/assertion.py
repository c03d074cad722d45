"""The assertion id of a check: it proves which content was checked, and against what (C6, C7).

Checks are not stored. The id has the instant of the check and a keyed hash (HMAC-SHA-256) of the
checked content, the rule list version and the instant. The same content and version have the same
result, so that an id that matches a request proves the result that the provider received.

A hash without a key would not be enough: member ids have about nine digits, so that anyone who finds an
id could try all of them with a likely service, or compute an id that was never issued. The key is
created once, stored with the members and read in the same call
(:mod:`precert.adapters.dynamodb.reference`).

The checked content is that of C3. Fields that a draft adds later (D2) are left out, so that the id
still matches the submitted request. Fields that are not entered are left out too, so that a field that
is added in a later version does not change existing ids.
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
"""Fields that are not hashed; all others of the servicing provider and the services are."""


def assertion_id(
    content: RequestContent, rule_list_version: str, checked_at: datetime, *, key: bytes
) -> str:
    """The assertion id of a check.

    Returns:
        ``CHK-<stamp>-<hash>``: the instant in UTC to the second, as ``yymmddHHMMSS``, and 80 bits of
        the hash as 16 characters of Crockford's base 32.
    """
    stamp = checked_at.astimezone(UTC).strftime(_STAMP)
    return f"{PREFIX}-{stamp}-{_digest(content, rule_list_version, stamp, key)}"


def matches(quoted: str, content: RequestContent, rule_list_version: str, *, key: bytes) -> bool:
    """Whether the quoted id was issued for this content and this rule list version."""
    prefix, _, rest = quoted.partition("-")
    stamp, _, digest = rest.partition("-")
    expected = _digest(content, rule_list_version, stamp, key)
    return prefix == PREFIX and hmac.compare_digest(digest.encode(), expected.encode())


def stamped_at(quoted: str) -> datetime | None:
    """The instant in an assertion id, in UTC to the second; ``None`` for other texts.

    The instant is not verified: only :func:`matches` compares the hash.
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
    """The id of the coverage information of an order (CRD): ``CRD-`` and 16 characters.

    It has no instant: the same order of a member under the same coverage always has the same id.
    """
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
