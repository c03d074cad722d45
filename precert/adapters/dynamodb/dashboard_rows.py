"""Rows of the dashboard as text in narrow indexes.

A query is charged for whole items of the index, including keys and attribute names. For a page of 25
rows to be one read unit (8 KB), a row can have 327 bytes, of which the longest keys take
:data:`ENTRY_BYTES`. The row is text with parts separated by tabs, which entered text cannot contain.
The first part is the version of the format. New parts are appended; a missing part is unknown.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

from precert.adapters.dynamodb.keys import instant_of
from precert.adapters.dynamodb.table import Item, request_id_of
from precert.domain.disputes import DisputeKind
from precert.domain.matching import ProviderRole
from precert.domain.review import Channel
from precert.domain.rows import DashboardRow
from precert.domain.statuses import STATUSES, Action, Status, WaitingOn
from precert.domain.values import Purpose
from precert.names import CHANGED, DUE, FLAG, ROW_ATTRIBUTE

PAGE: Final = 25
ENTRY_BYTES: Final = 137
"""Size of an item in the widest index (by patient), without the text of its row."""
MAX_ROW_BYTES: Final = 2 * 4096 // PAGE - ENTRY_BYTES
"""Longer rows are cut to this size, the longest names first. The details have the full names."""

_FORM: Final = "1"
_CUT: Final = "…"
_STATUSES: Final = {rule.index_letter: status for status, rule in STATUSES.items()}
_PURPOSES: Final = {"P": Purpose.PRECERTIFICATION, "D": Purpose.PREDETERMINATION}
_WAITING: Final = {
    "O": WaitingOn.PROVIDER,
    "P": WaitingOn.PAYER,
    "N": WaitingOn.NONE,
    "V": WaitingOn.VENDOR,
}
_CHANNELS: Final = {
    "O": Channel.PORTAL,
    "P": Channel.PHONE,
    "F": Channel.FAX,
    "M": Channel.MAIL,
    "E": Channel.EDI,
    "A": Channel.API,
    "V": Channel.VENDOR,
}

_DISPUTES: Final = {
    "A": DisputeKind.APPEAL,
    "R": DisputeKind.RECONSIDERATION,
    "P": DisputeKind.PEER_TO_PEER,
    "-": None,
}
"""Rows of earlier releases have an A for every kind of dispute."""

_ACTIONS: Final = {
    Action.DETAILS: "I",
    Action.MODIFY: "M",
    Action.VOID: "V",
    Action.APPEAL: "A",
}
"""The actions of a provider on a request. Those on a draft are derived from its status."""
_ACTION_OF: Final = {letter: action for action, letter in _ACTIONS.items()}

_REQUESTING, _SERVICING = ProviderRole
_UNMATCHED: Final[Mapping[str, tuple[ProviderRole, ...]]] = {
    "-": (),
    "R": (_REQUESTING,),
    "S": (_SERVICING,),
    "B": (_REQUESTING, _SERVICING),
    "": (),
}
"""Rows of earlier releases have no letter for unmatched providers."""


def row_text(row: DashboardRow) -> str:
    """The text of a row: the columns that are not in its keys or other attributes."""
    letters = (
        row.status.rule.index_letter,
        _letter(_PURPOSES, row.purpose),
        _letter(_WAITING, row.waiting_on),
        _letter(_DISPUTES, row.dispute),
        _letter(_CHANNELS, row.channel),
        "D" if row.delegated else "-",
        _letter(_UNMATCHED, row.unmatched_providers),
        "".join(_ACTIONS[action] for action in row.allowed_actions or ()),
    )
    fixed = (
        _FORM,
        "".join(letters),
        row.number or "",
        _day(row.date_of_birth),
        _day(row.first_day),
        _day(row.last_day),
        row.requesting_tin or "",
    )
    entered = (
        row.place_of_service or "",
        row.requesting_provider or "",
        row.servicing_provider or "",
        row.patient or "",
    )
    ends = (row.peer_to_peer_until, row.reconsideration_until, row.appeal_until)
    added = tuple(_minute(end) for end in ends) if any(ends) else ()
    used = sum(len(part.encode()) + 1 for part in (*fixed, *added))
    room = MAX_ROW_BYTES - used - (len(entered) - 1)
    return "\t".join((*fixed, *_shortened(entered, room), *added))


def _minute(end: datetime | None) -> str:
    """The time, rounded down to minutes, as a hexadecimal number of minutes since 1970."""
    return f"{int(end.timestamp()) // 60:x}" if end else ""


def _instant_of_minute(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text, 16) * 60, UTC) if text else None


def row_of(item: Item) -> DashboardRow:
    """The row of an index item."""
    parts = item[ROW_ATTRIBUTE].split("\t")
    if parts[0] != _FORM:
        raise ValueError(f"the row has format {parts[0]}, which this release cannot read")
    _, letters, number, born, first_day, last_day, tin, *entered = parts
    place, requesting, servicing, patient = entered[:4]
    peer_to_peer, reconsideration, appeal = map(_instant_of_minute, (*entered[4:7], "", "", "")[:3])
    status = _STATUSES[letters[0]]
    due_at = instant_of(item[DUE]) if DUE in item else None
    return DashboardRow(
        request_id=request_id_of(item),
        status=status,
        purpose=_PURPOSES[letters[1]],
        waiting_on=_WAITING[letters[2]],
        appeal_open=letters[3] != "-",
        dispute=_DISPUTES[letters[3]],
        channel=_CHANNELS[letters[4]],
        delegated=letters[5] == "D",
        unmatched_providers=_UNMATCHED[letters[6:7]],
        allowed_actions=tuple(_ACTION_OF[letter] for letter in letters[7:]) or None,
        number=number or None,
        date_of_birth=_date(born),
        first_day=_date(first_day),
        last_day=_date(last_day),
        requesting_tin=tin or None,
        place_of_service=place or None,
        requesting_provider=requesting or None,
        servicing_provider=servicing or None,
        patient=patient or None,
        due_at=due_at,
        peer_to_peer_until=peer_to_peer,
        reconsideration_until=reconsideration,
        appeal_until=appeal,
        expires_at=due_at if status is Status.INCOMPLETE else None,
        flagged_at=instant_of(item[FLAG]) if FLAG in item else None,
        updated_at=instant_of(item[CHANGED]),
    )


def _day(day: date | None) -> str:
    # strftime writes a year below 1000 with fewer digits.
    return day.isoformat().replace("-", "") if day else ""


def _date(text: str) -> date | None:
    if not text:
        return None
    if len(text) != len("20260701"):
        raise ValueError("a day has eight digits")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _letter(known: Mapping[str, object], value: object) -> str:
    return next(letter for letter, one in known.items() if one == value)


def _shortened(texts: Sequence[str], room: int) -> list[str]:
    """Texts cut to a total size in bytes: the longest are cut first and end in an ellipsis."""
    sizes = [len(text.encode()) for text in texts]
    longest = max(sizes)
    while sum(min(size, longest) for size in sizes) > room:
        longest -= 1
    return [
        text if size <= longest else _cut(text, longest)
        for text, size in zip(texts, sizes, strict=True)
    ]


def _cut(text: str, size: int) -> str:
    shortened = text.encode()[: size - len(_CUT.encode())].decode(errors="ignore")
    return f"{shortened.rstrip()}{_CUT}"
