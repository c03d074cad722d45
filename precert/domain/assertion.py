"""The id of a check's answer: what an office quotes when it is asked what it was told (C6, C7).

Nothing of a check is stored. The id is made of the question, the rule list's version and the instant,
so that whoever quotes it, with the question, can be shown to have got that answer: the list of that
version answers the same question alike, and nobody else can have made the id.

That is why the hash has a key. Member ids have nine digits or so: without a key, whoever finds an id
in a letter could try them all for a likely service, and anybody could make up an id of an answer that
was never given. The key is kept where the members are, read with them in the same call, and made once
(:mod:`precert.adapters.dynamodb.reference`).

The question is what a check asks (C3). What a draft adds later (D2) is left out, so that the id still
fits the request when it arrives. Fields that are not entered are left out as well: a field that a
later version knows changes no id of today.
"""

import hmac
import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from precert.domain.content import RequestContent

PREFIX: Final = "CHK"
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
"""Everything else about provider and services is asked."""


def assertion_id(
    content: RequestContent, rule_list_version: str, checked_at: datetime, *, key: bytes
) -> str:
    """The id of an answer: when it was given (UTC, to the second), and a keyed hash of 80 bits."""
    stamp = checked_at.astimezone(UTC).strftime(_STAMP)
    return f"{PREFIX}-{stamp}-{_digest(content, rule_list_version, stamp, key)}"


def matches(quoted: str, content: RequestContent, rule_list_version: str, *, key: bytes) -> bool:
    """Whether the id quoted was given for this question, answered by that version of the list."""
    prefix, _, rest = quoted.partition("-")
    stamp, _, digest = rest.partition("-")
    wanted = _digest(content, rule_list_version, stamp, key)
    return prefix == PREFIX and hmac.compare_digest(digest.encode(), wanted.encode())


def given_at(quoted: str) -> datetime | None:
    """The second (UTC) in which an id says it was given; None where it is no id.

    Only :func:`matches` shows whether that is true.
    """
    stamped = _STAMPED.fullmatch(quoted)
    if stamped is None:
        return None
    try:
        return datetime.strptime(stamped[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def _digest(content: RequestContent, rule_list_version: str, stamp: str, key: bytes) -> str:
    text = _JSON.encode([_asked(content), rule_list_version, stamp])
    number = int.from_bytes(hmac.digest(key, text.encode(), "sha256")[:_BYTES], "big")
    length = _BYTES * 8 // 5
    return "".join(_CROCKFORD[number >> 5 * at & 31] for at in reversed(range(length)))


def _asked(content: RequestContent) -> dict[str, object]:
    asked = content.model_dump(
        mode="json",
        include={"servicing_provider", "services"},
        exclude=_ADDED_BY_A_DRAFT,
        exclude_defaults=True,
    )
    return {"member_id": content.patient and content.patient.member_id, **asked}
