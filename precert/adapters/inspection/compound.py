"""Compound files (MS-CFB), the container of Word and Excel files before 2007."""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from struct import unpack_from
from typing import Final

from precert.adapters.inspection.budget import Budget, DamagedError

SIGNATURE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_HEADER: Final = 512
_LAST_SECTOR: Final = 0xFFFFFFFA
"""Greater numbers are not sectors but markers, such as the end of a chain or a free sector."""
_FATS_IN_HEADER: Final = 109
_ENTRY: Final = 128
_NO_ENTRY: Final = 0xFFFFFFFF
_STREAM: Final = 2
_MINI_SHIFT: Final = 6
_SHIFTS: Final = (9, 12)


@dataclass(frozen=True)
class _Entry:
    """A stream or storage of the directory."""

    name: str
    kind: int
    left: int
    right: int
    child: int
    start: int
    size: int


class CompoundFile:
    """The streams of a compound file. Names of streams do not depend on case."""

    def __init__(self, body: bytes, budget: Budget) -> None:
        if len(body) < _HEADER:
            raise DamagedError
        self._body = body
        self._budget = budget
        (self._shift,) = unpack_from("<H", body, 30)
        if self._shift not in _SHIFTS:
            raise DamagedError
        directory, self._cutoff, mini_fat = unpack_from("<I4xII", body, 48)
        self._fat = self._read_fat()
        self._mini_fat = _numbers(self._read_chain(mini_fat))
        self._directory = self._read_chain(directory)
        self._root = self._entry(0)
        self._mini: bytes | None = None
        self.streams: Mapping[str, _Entry] = {
            entry.name: entry for entry in self._children(self._root) if entry.kind == _STREAM
        }
        """The streams of the root storage by their name in uppercase."""

    def __contains__(self, name: str) -> bool:
        return name.upper() in self.streams

    def read(self, name: str) -> bytes:
        """The bytes of a stream.

        Raises:
            DamagedError: the file does not contain all of them.
        """
        entry = self.streams[name.upper()]
        if entry.size >= self._cutoff:
            found = self._read_chain(entry.start, entry.size)
        else:
            found = self._read_mini(entry.start, entry.size)
        if len(found) < entry.size:
            raise DamagedError
        return found

    def _sector(self, number: int) -> bytes:
        at = (number + 1) << self._shift
        return self._body[at : at + (1 << self._shift)]

    def _read_fat(self) -> "array[int]":
        """The next sector of each sector."""
        numbers = list(unpack_from(f"<{_FATS_IN_HEADER}I", self._body, 76))
        (more,) = unpack_from("<I", self._body, 68)
        while more < _LAST_SECTOR:
            self._budget.spend()
            *listed, more = _numbers(self._sector(more)) or (_LAST_SECTOR,)
            self._budget.spend(len(listed))
            numbers += listed
        fat = array("I")
        for number in numbers:
            if number < _LAST_SECTOR:
                self._budget.spend()
                if not (sector := self._sector(number)):
                    raise DamagedError
                fat.extend(_numbers(sector))
        return fat

    def _chain(self, start: int, table: "array[int]") -> Iterator[int]:
        number = start
        while number < len(table):
            self._budget.spend()
            yield number
            number = table[number]

    def _read_chain(self, start: int, size: int | None = None) -> bytes:
        """The sectors of a chain, or as many as hold ``size`` bytes."""
        sectors, found = list[bytes](), 0
        for number in self._chain(start, self._fat):
            sector = self._sector(number)
            sectors.append(sector)
            found += len(sector)
            if not sector or (size is not None and found >= size) or found > len(self._body):
                break
        return b"".join(sectors)[:size]

    def _read_mini(self, start: int, size: int) -> bytes:
        if self._mini is None:
            self._mini = self._read_chain(self._root.start, self._root.size)
        sectors, found = list[bytes](), 0
        for number in self._chain(start, self._mini_fat):
            if found >= size:
                break
            at = number << _MINI_SHIFT
            sectors.append(self._mini[at : at + (1 << _MINI_SHIFT)])
            found += 1 << _MINI_SHIFT
        return b"".join(sectors)[:size]

    def _entry(self, number: int) -> _Entry:
        at = number * _ENTRY
        if at + _ENTRY > len(self._directory):
            raise DamagedError
        self._budget.spend()
        raw = self._directory
        length, kind, left, right, child = unpack_from("<HBxIII", raw, at + 64)
        start, size = unpack_from("<II", raw, at + 116)
        name = raw[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        return _Entry(name.upper(), kind, left, right, child, start, size)

    def _children(self, storage: _Entry) -> Iterator[_Entry]:
        """The entries of a storage, whose directory is a binary tree."""
        waiting, seen = [storage.child], set[int]()
        while waiting:
            number = waiting.pop()
            if number == _NO_ENTRY or number in seen:
                continue
            seen.add(number)
            entry = self._entry(number)
            waiting += (entry.left, entry.right)
            yield entry


def _numbers(raw: bytes) -> "array[int]":
    whole = len(raw) // 4
    return array("I", unpack_from(f"<{whole}I", raw))
