"""Reading of the segments of an X12 interchange, one at a time.

The ISA segment, which has a fixed length, defines the delimiters. Control numbers and counts of the
envelopes are compared to detect a truncated or concatenated file.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from precert.domain.loading_table import LoadingError, RowError

_ISA_LENGTH: Final = 106
_BLANK: Final = " \r\n\x1a"
"""Between segments; the last one is the character with which DOS ends a file."""
_ENVELOPES: Final = {"SE": ("ST", 2), "GE": ("GS", 6), "IEA": ("ISA", 13)}
"""By trailer segment: its header segment, and the element of the header with the control number."""


@dataclass(frozen=True)
class Segment:
    """One segment: its number in the file from 1, and its elements, of which the first is its id."""

    number: int
    elements: tuple[str, ...]

    @property
    def id(self) -> str:
        """The segment id, such as ``NM1``."""
        return self.elements[0]

    def get(self, position: int) -> str:
        """An element by its position from 1; empty if the segment ends before it."""
        return self.elements[position].strip() if position < len(self.elements) else ""

    @property
    def text(self) -> str:
        """The segment with ``*`` between its elements, and without its terminator."""
        return "*".join(self.elements)


def segments(parts: Iterable[str]) -> Iterator[Segment]:
    """Yield the segments of a file that is read in parts of any size.

    Raises:
        LoadingError: the file does not begin with ISA or ends before IEA, or the counts or control
            numbers of an envelope differ.
    """
    return _enveloped(_split(parts))


def _split(parts: Iterable[str]) -> Iterator[Segment]:
    waiting, element, end, number = "", "", "", 0
    source = iter(parts)
    while True:
        waiting = waiting.lstrip(_BLANK)
        if waiting.startswith("ISA") and len(waiting) >= _ISA_LENGTH:
            element, end = waiting[3], waiting[_ISA_LENGTH - 1]
            text, waiting = waiting[: _ISA_LENGTH - 1], waiting[_ISA_LENGTH:]
        elif end and not "ISA".startswith(waiting[:3]) and end in waiting:
            text, _, waiting = waiting.partition(end)
        else:
            part = next(source, "")
            if part:
                waiting += part
                continue
            if not number:
                raise _error(1, "ISA", "must be an X12 interchange that begins with an ISA segment")
            if not waiting:
                return
            text, waiting = waiting, ""  # the last segment without its terminator
        if not text.strip(_BLANK):
            continue
        number += 1
        yield Segment(number, tuple(text.strip(_BLANK).split(element)))


def _enveloped(found: Iterable[Segment]) -> Iterator[Segment]:
    opened: list[tuple[Segment, int]] = []
    for segment in found:
        if segment.id in {"ISA", "GS", "ST"}:
            opened.append((segment, 0))
        elif segment.id in _ENVELOPES:
            header, element = _ENVELOPES[segment.id]
            if not opened or opened[-1][0].id != header:
                raise _error(segment.number, segment.id, f"must end a {header} envelope")
            begun, inside = opened.pop()
            counted = segment.number - begun.number + 1 if segment.id == "SE" else inside
            if segment.get(1) != str(counted) and segment.get(1).lstrip("0") != str(counted):
                raise _error(
                    segment.number,
                    segment.id,
                    f"must have the count {counted} in its first element",
                )
            if segment.get(2) != begun.get(element):
                raise _error(
                    segment.number, segment.id, f"must have the control number of its {header}"
                )
            if opened:
                opened[-1] = (opened[-1][0], opened[-1][1] + 1)
        elif not opened:
            raise _error(segment.number, segment.id, "must be between ISA and IEA")
        yield segment
    if opened:
        begun, _ = opened[-1]
        raise _error(begun.number, begun.id, "must have a trailer segment: the file is truncated")


def _error(number: int, column: str, message: str) -> LoadingError:
    return LoadingError([RowError(number, column, message)])
