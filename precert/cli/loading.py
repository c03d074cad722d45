"""The commands ``members|ssns|plans|providers|zips load``; each returns whether no row was rejected."""

import argparse
import csv
import os
import sys
import time
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Any, Final, TextIO, assert_never

from precert.bootstrap import Dependencies, code_sets_in, stack_dependencies
from precert.cli.recording import CommandRecorder, RecordedLoads
from precert.cli.rules import UnreadableFileError, payer_of, print_errors
from precert.domain.enrollment import DEPENDENT_ID, EnrollmentFile, ssns_of
from precert.domain.loading import (
    FileFormat,
    LoadingError,
    directory_format,
    members_format,
    plans_format,
    ssns_format,
    zips_format,
)
from precert.domain.loading_table import REJECT_COLUMNS, Model, TableReader
from precert.domain.loads import (
    Checkpoint,
    LoadKind,
    RejectedRow,
    units_of_members,
    units_of_rows,
)
from precert.domain.wording import counted
from precert.usecases import loading, member_loading
from precert.usecases.loading import (
    Load,
    PlansInUseError,
    RejectedRowsError,
    Removal,
    TooManyRemovalsError,
)
from precert.usecases.member_loading import Ending, TooManyEndingsError
from precert.usecases.ports.loading import LoadStore

_NOTHING_ENDED: Final = (
    RejectedRowsError,
    TooManyEndingsError,
    TooManyRemovalsError,
    PlansInUseError,
)
"""Errors after which the file is stored, but nothing that it lacks is ended or removed."""
_REJECTS: Final = ",".join(REJECT_COLUMNS).encode()
"""With this a file of rejected rows begins."""
_SHOWN: Final = 20
"""Maximum number of rejected rows that are printed. The rejects file has all of them."""
_SECONDS: Final = 1.0
"""Minimum time between two lines of progress."""


class _File:
    """An opened file, with its digest and the share of it that was read."""

    def __init__(self, path: Path) -> None:
        try:
            self._raw: BufferedReader = path.open("rb")
            self.size = path.stat().st_size
            self.modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except OSError as error:
            raise UnreadableFileError(f"{path}: {error.strerror}") from error
        self._path = path
        digest = sha256()
        while part := self._raw.read(1 << 20):
            digest.update(part)
        self.digest = digest.hexdigest()
        self._raw.seek(0)
        begins = self._raw.peek(64).removeprefix(BOM_UTF8).lstrip()
        self.is_x12 = begins.startswith(b"ISA")
        self._text = TextIOWrapper(self._raw, encoding="utf-8-sig", newline="")

    def lines(self) -> Iterator[str]:
        try:
            yield from self._text
        except UnicodeDecodeError as error:
            raise UnreadableFileError(f"{self._path}: must be text in UTF-8") from error

    def parts(self) -> Iterator[str]:
        """The text in parts, as an X12 file can be a single line."""
        try:
            while part := self._text.read(1 << 16):
                yield part
        except UnicodeDecodeError as error:
            raise UnreadableFileError(f"{self._path}: must be text in UTF-8") from error

    @property
    def read(self) -> float:
        """The share of the file that was read, from 0 to 1."""
        return self._raw.tell() / self.size if self.size else 1.0

    def close(self) -> None:
        self._text.close()


class _Monitor:
    """Writes the rejects file, prints the first rejected rows, and reports progress to stderr.

    The rejects file contains the rows, so it is readable only by its owner. Progress has only counts.
    """

    def __init__(self, file: _File, path: Path, rejects: Path) -> None:
        self._file = file
        self._path = path
        self.rejects = rejects
        self.header: tuple[str, ...] = ()
        self.begun = False
        self.stored = 0
        """Number of units that are stored."""
        self._writer: TextIO | None = None
        self._printed = 0
        self._began = self._shown = time.monotonic()
        self._first: tuple[int, float] | None = None

    def begins(self, checkpoint: Checkpoint) -> None:
        """Start the rejects file, with the rejected rows of an interrupted load up to its last line."""
        self.begun = True
        self.stored = checkpoint.counts.stored
        remaining = [row for row in self._earlier() if int(row[0]) <= checkpoint.line]
        self.rejects.unlink(missing_ok=True)
        for row in remaining:
            self._write(row)
        if checkpoint.line:
            print(f"{self._path}: continues after line {checkpoint.line}", file=sys.stderr)

    def rejected(self, row: RejectedRow) -> None:
        for error in row.errors if self._printed < _SHOWN else ():
            column = f"{error.column}: " if error.column else ""
            print(f"{self._path}:{error.row}: {column}{error.message}")
        self._printed += 1
        message = "; ".join(
            f"{error.column}: {error.message}" if error.column else error.message
            for error in row.errors
        )
        self._write([str(row.line), message, *row.record])

    def advanced(self, checkpoint: Checkpoint) -> None:
        self.stored = checkpoint.counts.stored
        if self._writer is not None:
            self._writer.flush()
        now, read = time.monotonic(), self._file.read
        first = self._first = self._first or (checkpoint.line, read)
        if now - self._shown < _SECONDS:
            return
        self._shown = now
        seconds = now - self._began
        rate = (checkpoint.line - first[0]) / seconds
        left = seconds * (1 - read) / (read - first[1]) if read > first[1] else 0.0
        print(
            f"{self._path}: line {checkpoint.line}, {read:.0%}, {rate:.0f} rows/s, "
            f"{checkpoint.counts.rejected} rejected, about {left:.0f} s left",
            file=sys.stderr,
        )

    def _earlier(self) -> list[list[str]]:
        if not self.rejects.exists():
            return []
        # A row that is not CSV is one cell, with more characters than the reader accepts in a cell.
        limit = csv.field_size_limit(sys.maxsize)
        try:
            with self.rejects.open(encoding="utf-8", newline="") as opened:
                return [row for row in csv.reader(opened) if row and row[0].isdigit()]
        finally:
            csv.field_size_limit(limit)

    def _write(self, row: Iterable[str]) -> None:
        if self._writer is None:
            descriptor = os.open(self.rejects, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
            self._writer = os.fdopen(descriptor, "w", encoding="utf-8", newline="")
            csv.writer(self._writer).writerow((*REJECT_COLUMNS, *self.header))
        csv.writer(self._writer).writerow(row)

    def close(self) -> bool:
        """Close the rejects file; returns whether there is one."""
        if self._writer is not None:
            self._writer.close()
        return self._writer is not None


def load(args: argparse.Namespace) -> bool:
    """Load a file, or continue an interrupted load of it."""
    rejects = args.rejects or Path(f"{args.file}.rejects.csv")
    _require_replaceable(rejects)
    file = _File(args.file)
    deps = stack_dependencies(args.stack)
    deps.load_speed = replace(
        deps.load_speed,
        workers=args.workers,
        writes_per_second=args.writes_per_second,
        macs_per_second=args.macs_per_second,
    )
    deps.payer = payer_of(args.payer)
    monitor = _Monitor(file, args.file, rejects)
    full = args.full
    load_ = Load(
        load_id=f"{file.digest}#{'full' if full else 'delta'}{_reading(args, file)}",
        as_of=args.as_of or file.modified,
        monitor=monitor,
        records=deps.loads,
        dated=args.as_of is not None,
    )
    try:
        at = _load(args, deps, file, load_, monitor)
    except _NOTHING_ENDED as error:
        print(f"{args.file}: {error.detail}")
        return False
    except LoadingError as error:
        print_errors(args.file, error.errors)
        stored = counted(monitor.stored, args.kind.value) if monitor.stored else ""
        print(f"{args.file}: {f'stored before the error: {stored}' if stored else 'not loaded'}")
        return False
    finally:
        has_rejects = monitor.close()
        file.close()
    counts = at.counts
    if at.finished_at is not None and not monitor.begun:
        print(f"{args.file}: was loaded before, at {at.finished_at.isoformat(timespec='seconds')}")
    refused = counted(counts.rejected, "rows")
    print(
        f"{args.file}: as of {at.as_of.isoformat(timespec='seconds')}: {counts.stored} stored, "
        f"{counts.newer_stored} not stored because newer data is, {refused} rejected"
    )
    if full or counts.ended:
        how = "ended" if args.kind is LoadKind.MEMBERS else "removed"
        ended = counted(counts.ended, args.kind.value)
        print(f"{args.file}: {ended} {how} that the file does not contain")
    if counts.same:
        print(f"{args.file}: compared only (BGN08 4): {counts.same} as stored")
    if has_rejects:
        print(f"{monitor.rejects}: the rejected rows, which can be corrected and loaded")
    return counts.rejected == 0


def _require_replaceable(rejects: Path) -> None:
    """Refuse to replace a file that is not one of rejected rows, such as the loaded file itself.

    Raises:
        UnreadableFileError.
    """
    if not rejects.exists():
        return
    with rejects.open("rb") as opened:
        begins = opened.read(len(_REJECTS))
    if begins not in (b"", _REJECTS):
        raise UnreadableFileError(
            f"{rejects}: is not a file of rejected rows: name another one with --rejects"
        )


def _reading(args: argparse.Namespace, file: _File) -> str:
    """How the file is read, if not in the usual way: then it is another load."""
    qualifier = getattr(args, "dependent_id", DEPENDENT_ID)
    return f"#{qualifier}" if file.is_x12 and qualifier != DEPENDENT_ID else ""


def _load(
    args: argparse.Namespace, deps: Dependencies, file: _File, load_: Load, monitor: _Monitor
) -> Checkpoint:
    kind: LoadKind = args.kind

    def reader(format_: FileFormat[Model]) -> TableReader[Model]:
        opened = format_.reader(file.lines())
        if opened.header_errors:
            raise LoadingError(opened.header_errors)
        monitor.header = opened.header
        return opened

    recorder = CommandRecorder(deps, f"{kind.value} load")
    # The audit has the file's digest first, then the members of each write.
    recorder.record(objects=[file.digest])
    loads: LoadStore = RecordedLoads(deps.loads, recorder)
    options: dict[str, Any] = {"loads": loads, "now": deps.now, **_replacing(args, deps)}
    match kind:
        case LoadKind.PLANS:
            plans = reader(plans_format(deps.payer.review_clocks))
            return loading.load_plans(units_of_rows(plans), load_, **options)
        case LoadKind.MEMBERS if file.is_x12:
            x12, dated = _enrollment(args, deps, file, load_, monitor)
            options["ending"] = Ending(deps.payer.zone, args.allow_ending)
            return member_loading.load_enrollment(x12, dated, **options)
        case LoadKind.SSNS if file.is_x12:
            x12, dated = _enrollment(args, deps, file, load_, monitor)
            return member_loading.load_ssns(ssns_of(x12.units()), dated, **options)
        case LoadKind.MEMBERS:
            members = reader(members_format(deps.loads.plans()))
            return member_loading.load_members(units_of_members(members), load_, **options)
        case LoadKind.SSNS:
            return member_loading.load_ssns(units_of_rows(reader(ssns_format())), load_, **options)
        case LoadKind.PROVIDERS:
            deps.code_sets = code_sets_in(args.code_sets)
            entries = units_of_rows(reader(directory_format()))
            return loading.load_providers(entries, load_, zip_codes=deps.zip_codes, **options)
        case LoadKind.ZIPS:
            return loading.load_zips(units_of_rows(reader(zips_format())), load_, **options)
        case _:
            assert_never(kind)


def _replacing(args: argparse.Namespace, deps: Dependencies) -> dict[str, Any]:
    """The options by which a full load ends or removes records that its file does not contain."""
    if not args.full:
        return {}
    if args.kind is LoadKind.MEMBERS:
        return {"ending": Ending(deps.payer.zone, args.allow_ending)}
    return {"removal": Removal(deps.payer.zone, args.allow_removing)}


def _enrollment(
    args: argparse.Namespace, deps: Dependencies, file: _File, load_: Load, monitor: _Monitor
) -> tuple[EnrollmentFile, Load]:
    """Open an 834 file; returns it, and the load with the date of its interchange."""
    x12 = EnrollmentFile(
        file.parts(), deps.loads.plans(), deps.payer.zone, dependent_id=args.dependent_id
    )
    monitor.header = ("segments",)
    return x12, load_ if load_.dated else replace(load_, as_of=x12.as_of)
