"""The row of a line, in the few bytes that let 25 of them be one read unit.

A query is charged for whole items of the index: keys, attribute names and all. 25 lines in 8 KB leave
327 bytes for each, of which the longest keys take :data:`LINE_BYTES`. The row is text, its parts
divided by tabs, which no entered text can hold; the first part says which form it has. New parts are
added at the end, and a reader takes what is missing as not known.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from precert.adapters.dynamodb.codec import Item
from precert.adapters.dynamodb.keys import REQUEST_PK_PREFIX, STATUS_LETTERS, instant_of
from precert.contract import CHANGED, DUE, FLAG, PK, ROW_ATTRIBUTE
from precert.domain.matching import Side
from precert.domain.review import Channel
from precert.domain.statuses import Status, WaitingOn
from precert.domain.values import Purpose
from precert.usecases.ports.listings import DashboardRow

PAGE: Final = 25
LINE_BYTES: Final = 137
"""Of a line in the widest index, by patient, but for its row's text."""
MAX_ROW_BYTES: Final = 2 * 4096 // PAGE - LINE_BYTES
"""What does not fit is taken from the longest of the names, which the details have whole."""

_FORM: Final = "1"
_CUT: Final = "…"
_STATUSES: Final = {letter: status for status, letter in STATUS_LETTERS.items()}
_PURPOSES: Final = {"P": Purpose.PRECERTIFICATION, "D": Purpose.PREDETERMINATION}
_WAITING: Final = {
    "O": WaitingOn.PROVIDER,
    "P": WaitingOn.PAYER,
    "N": WaitingOn.NOBODY,
    "V": WaitingOn.VENDOR,
}
_CHANNELS: Final = {
    "O": Channel.PORTAL,
    "P": Channel.PHONE,
    "F": Channel.FAX,
    "M": Channel.MAIL,
    "E": Channel.EDI,
    "V": Channel.VENDOR,
}

_REQUESTING, _SERVICING = Side
_UNMATCHED: Final[Mapping[str, tuple[Side, ...]]] = {
    "-": (),
    "R": (_REQUESTING,),
    "S": (_SERVICING,),
    "B": (_REQUESTING, _SERVICING),
    "": (),
}
"""Rows from before there was the mark have no letter of it."""


def row_text(row: DashboardRow) -> str:
    """What a line shows, but for what its keys and other attributes say."""
    letters = (
        STATUS_LETTERS[row.status],
        _letter(_PURPOSES, row.purpose),
        _letter(_WAITING, row.waiting_on),
        "A" if row.appeal_open else "-",
        _letter(_CHANNELS, row.channel),
        "D" if row.delegated else "-",
        _letter(_UNMATCHED, row.unmatched_providers),
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
    room = MAX_ROW_BYTES - sum(len(part.encode()) + 1 for part in fixed) - (len(entered) - 1)
    return "\t".join((*fixed, *_shortened(entered, room)))


def row_of(item: Item) -> DashboardRow:
    """The row of an index item."""
    parts = item[ROW_ATTRIBUTE].split("\t")
    if parts[0] != _FORM:
        raise ValueError(f"a row has the form {parts[0]}, which this version does not know")
    _, letters, number, born, first_day, last_day, tin, *entered = parts
    place, requesting, servicing, patient = entered[:4]
    status = _STATUSES[letters[0]]
    due_at = instant_of(item[DUE]) if DUE in item else None
    return DashboardRow(
        request_id=item[PK].removeprefix(REQUEST_PK_PREFIX),
        status=status,
        purpose=_PURPOSES[letters[1]],
        waiting_on=_WAITING[letters[2]],
        appeal_open=letters[3] == "A",
        channel=_CHANNELS[letters[4]],
        delegated=letters[5] == "D",
        unmatched_providers=_UNMATCHED[letters[6:7]],
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
        expires_at=due_at if status is Status.INCOMPLETE else None,
        flagged_at=instant_of(item[FLAG]) if FLAG in item else None,
        updated_at=instant_of(item[CHANGED]),
    )


def _day(day: date | None) -> str:
    return f"{day:%Y%m%d}" if day else ""


def _date(text: str) -> date | None:
    return date(int(text[:4]), int(text[4:6]), int(text[6:])) if text else None


def _letter(known: Mapping[str, object], wanted: object) -> str:
    return next(letter for letter, one in known.items() if one == wanted)


def _shortened(texts: Sequence[str], room: int) -> list[str]:
    """Texts in so many bytes: the longest give first, and end in an ellipsis."""
    sizes = [len(text.encode()) for text in texts]
    longest = max(sizes)
    while sum(min(size, longest) for size in sizes) > room:
        longest -= 1
    return [
        text if size <= longest else _cut(text, longest)
        for text, size in zip(texts, sizes, strict=True)
    ]


def _cut(text: str, size: int) -> str:
    kept = text.encode()[: size - len(_CUT.encode())].decode(errors="ignore")
    return f"{kept.rstrip()}{_CUT}"
