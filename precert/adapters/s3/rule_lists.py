"""Compiled rule lists: one read-only SQLite file each, compressed in the bucket, and cached locally.

A function caches the files in its temporary folder. A check reads which list is in effect, and only the
first use of a list takes an S3 call.

The codes of each family are numbered, and a range is stored as the fewest blocks of 1, 10, 100 and so
on that exactly cover it: 44005 to 44238 is five single codes, three blocks of ten and so on. A code is
in one block of each size, so a lookup is six B-tree searches and reads only the rules that include the
code, whatever the length of the list and the number of overlapping ranges.
"""

import hashlib
import sqlite3
import tempfile
import weakref
import zlib
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from precert.adapters.text_search import has_words, like
from precert.domain.codes import canonical_code, family_of, ordinal_of
from precert.domain.errors import TransientError
from precert.domain.rules import DelegatedVendor, Requirement, Rule, RuleListVersion
from precert.domain.values import AuthorizationType, CodeType
from precert.names import RULE_LIST_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_FORMAT: Final = 2
"""The ``user_version`` of files in this format."""
_OPEN_LISTS: Final = 4
_FOUND_CODES: Final = 4096
"""Maximum number of lists, and of codes per list, that a process caches."""

_SCHEMA: Final = f"""
PRAGMA user_version = {_FORMAT};
CREATE TABLE families (family TEXT PRIMARY KEY, start INTEGER NOT NULL);
CREATE TABLE blocks (block INTEGER NOT NULL, rule INTEGER NOT NULL, PRIMARY KEY (block, rule));
CREATE TABLE rules (
    number INTEGER PRIMARY KEY, rule_id TEXT NOT NULL, code_type TEXT NOT NULL,
    code_from TEXT NOT NULL, code_to TEXT, requirement TEXT NOT NULL,
    effective_from INTEGER NOT NULL, effective_to INTEGER, vendor_id TEXT,
    authorization_type TEXT, plan_types TEXT, lines_of_business TEXT, types_of_service TEXT,
    places_of_service TEXT, auto_approve_max_units INTEGER, auto_approve_max_days INTEGER,
    required_documentation TEXT, label TEXT, guidance TEXT, predetermination INTEGER
);
CREATE TABLE vendors (vendor_id TEXT PRIMARY KEY, vendor TEXT NOT NULL);
"""
_SIZES: Final = 6
"""Block sizes are 1, 10, and so on: a code has at most five characters, one of them a letter."""
_LOOKUP: Final = """
SELECT rules.* FROM blocks CROSS JOIN rules ON number = rule WHERE block IN (?, ?, ?, ?, ?, ?)
"""
_BEGINNING: Final = "code_from >= ? AND code_from < ?"
_SEARCH: Final = """
SELECT * FROM rules WHERE code_to IS NULL AND {} AND effective_from <= ?
AND (effective_to IS NULL OR effective_to >= ?) ORDER BY code_from, number
"""
_INSERT: Final = """
INSERT INTO rules VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SEPARATOR: Final = "|"
_NAMES: Final[dict[str | None, Any]] = {
    None: None,
    **{kind.value: kind for kind in CodeType},
    **{requirement.value: requirement for requirement in Requirement},
    **{setting.value: setting for setting in AuthorizationType},
}

Code = tuple[CodeType, str]


class S3RuleLists:
    """Rule lists by version (port :class:`precert.usecases.ports.reference.RuleLists`)."""

    def __init__(self, client: "S3Client", *, bucket: str, folder: Path | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._folder = folder
        self._open: OrderedDict[str, _CompiledList] = OrderedDict()

    def rules(
        self, version: RuleListVersion, codes: Collection[Code]
    ) -> dict[Code, tuple[Rule, ...]]:
        return self._list(version).rules(codes)

    def vendors(
        self, version: RuleListVersion, vendor_ids: Collection[str]
    ) -> dict[str, DelegatedVendor]:
        return self._list(version).vendors(vendor_ids)

    def search(
        self,
        version: RuleListVersion,
        beginning: str,
        words: Collection[str],
        on: date,
        *,
        most: int,
    ) -> tuple[Rule, ...]:
        return self._list(version).search(beginning, words, on, most)

    def store(
        self, rules: Collection[Rule], vendors: Collection[DelegatedVendor]
    ) -> tuple[str, str]:
        body = zlib.compress(compile_rules(rules, vendors))
        digest = hashlib.sha256(body).hexdigest()
        # The key is derived from the content, so that one list cannot overwrite another.
        key = f"{RULE_LIST_PREFIX}{digest}.sqlite.zlib"
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body)
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The rule list could not be stored. Try again.") from error
        return key, digest

    def _list(self, version: RuleListVersion) -> "_CompiledList":
        """The opened list; the files of the least recently used lists are deleted."""
        if version.sha256 in self._open:
            self._open.move_to_end(version.sha256)
            return self._open[version.sha256]
        while len(self._open) >= _OPEN_LISTS:
            self._open.popitem(last=False)[1].drop()
        file = self._path(version)
        try:
            opened = _CompiledList(file)
        except sqlite3.OperationalError:
            # The file is not cached: it was never fetched, or another process deleted it.
            self._fetch(version, file)
            opened = _CompiledList(file)
        self._open[version.sha256] = opened
        return opened

    def _path(self, version: RuleListVersion) -> Path:
        folder = self._folder or Path(tempfile.gettempdir())
        return folder / f"rule-list-{version.sha256}.sqlite"

    def _fetch(self, version: RuleListVersion, file: Path) -> None:
        try:
            response = self._client.get_object(Bucket=self._bucket, Key=version.object_key)
            body = response["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The rule list could not be read. Try again.") from error
        if hashlib.sha256(body).hexdigest() != version.sha256:
            raise TransientError("The rule list differs from the published one.")
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as part:
            part.write(zlib.decompress(body))
        Path(part.name).replace(file)


class _CompiledList:
    """The opened file of one rule list."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._connection = sqlite3.connect(
            f"file:{file}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        weakref.finalize(self, self._connection.close)
        self._starts: dict[str, int] = dict(
            self._connection.execute("SELECT family, start FROM families")
        )
        self._found: dict[Code, tuple[Rule, ...]] = {}

    def rules(self, codes: Collection[Code]) -> dict[Code, tuple[Rule, ...]]:
        if len(self._found) + len(codes) > _FOUND_CODES:
            self._found.clear()
        found = self._found
        for code in codes:
            if code not in found:
                found[code] = self._looked_up(*code)
        return {code: found[code] for code in codes}

    def _looked_up(self, code_type: CodeType, code: str) -> tuple[Rule, ...]:
        filed = canonical_code(code, code_type)
        start = self._starts.get(family_of(filed, code_type))
        if start is None:
            return ()
        ordinal = ordinal_of(filed)
        blocks = [_block(start, ordinal // 10**size, size) for size in range(_SIZES)]
        return tuple(map(_rule_of, self._connection.execute(_LOOKUP, blocks)))

    def vendors(self, vendor_ids: Collection[str]) -> dict[str, DelegatedVendor]:
        one = partial(self._connection.execute, "SELECT vendor FROM vendors WHERE vendor_id = ?")
        texts = ((vendor_id, one((vendor_id,)).fetchone()) for vendor_id in vendor_ids)
        return {
            known: DelegatedVendor.model_validate_json(text[0]) for known, text in texts if text
        }

    def search(
        self, beginning: str, words: Collection[str], on: date, most: int
    ) -> tuple[Rule, ...]:
        day = on.toordinal()
        if beginning:
            bounds = (beginning, f"{beginning}\U0010ffff", day, day, most)
            rows = self._connection.execute(_SEARCH.format(_BEGINNING) + " LIMIT ?", bounds)
            return tuple(map(_rule_of, rows))
        condition, patterns = like("label", words)
        rows = self._connection.execute(_SEARCH.format(condition), (*patterns, day, day))
        found = (rule for rule in map(_rule_of, rows) if has_words(rule.label or "", words))
        return tuple(islice(found, most))

    def drop(self) -> None:
        self._connection.close()
        self._file.unlink(missing_ok=True)


def compile_rules(rules: Collection[Rule], vendors: Collection[DelegatedVendor] = ()) -> bytes:
    """The SQLite file of a rule list. The same rules and vendors have the same bytes."""
    ordered = sorted(rules, key=lambda rule: (rule.family, rule.code_from, rule.rule_id))
    families = _families(ordered)
    vendor_rows = sorted((one.vendor_id, one.model_dump_json(exclude_none=True)) for one in vendors)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rules.sqlite"
        connection = sqlite3.connect(file, isolation_level=None)
        try:
            # The file is temporary, so it need not survive a crash.
            connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(_SCHEMA)
            connection.execute("BEGIN")
            insert = connection.executemany
            insert("INSERT INTO families VALUES (?, ?)", families.items())
            insert("INSERT INTO blocks VALUES (?, ?)", sorted(_blocks(ordered, families)))
            insert(_INSERT, map(_row_of, range(len(ordered)), ordered))
            insert("INSERT INTO vendors VALUES (?, ?)", vendor_rows)
            connection.execute("COMMIT")
            connection.execute("VACUUM")
        finally:
            connection.close()
        return file.read_bytes()


def _families(rules: Iterable[Rule]) -> dict[str, int]:
    """The number of each family's first code. Each possible code of a family has a number."""
    starts: dict[str, int] = {}
    end = 0
    for rule in rules:
        if rule.family not in starts:
            starts[rule.family] = end
            end += 26 ** len(rule.code_from)
    return starts


def _blocks(rules: Iterable[Rule], starts: dict[str, int]) -> Iterator[tuple[int, int]]:
    """The blocks that cover each rule's codes, with the rule's number."""
    for number, rule in enumerate(rules):
        start = starts[rule.family]
        for block, size in blocks_of(ordinal_of(rule.code_from), ordinal_of(rule.code_to)):
            yield _block(start, block, size), number


def blocks_of(first: int, last: int) -> Iterator[tuple[int, int]]:
    """The fewest blocks that cover ``first`` to ``last``, as position and size (a power of ten)."""
    for size in range(_SIZES - 1):
        while first <= last and first % 10:
            yield first, size
            first += 1
        while first <= last and (last + 1) % 10:
            yield last, size
            last -= 1
        first, last = first // 10, (last + 1) // 10 - 1
    for block in range(first, last + 1):
        yield block, _SIZES - 1


def _block(start: int, block: int, size: int) -> int:
    """The key of a block. Keys of up to eight sizes are distinct."""
    return (start + block) * 8 + size


def _row_of(number: int, rule: Rule) -> tuple[Any, ...]:
    return (
        number,
        rule.rule_id,
        rule.code_type.value,
        rule.code_from,
        None if rule.code_to == rule.code_from else rule.code_to,
        rule.requirement.value,
        rule.effective_from.toordinal(),
        rule.effective_to.toordinal() if rule.effective_to else None,
        rule.vendor_id,
        rule.authorization_type.value if rule.authorization_type else None,
        _SEPARATOR.join(sorted(rule.plan_types)) or None,
        _SEPARATOR.join(sorted(rule.lines_of_business)) or None,
        _SEPARATOR.join(sorted(rule.types_of_service)) or None,
        _SEPARATOR.join(sorted(rule.places_of_service)) or None,
        rule.auto_approve_max_units,
        rule.auto_approve_max_days,
        _SEPARATOR.join(rule.required_documentation) or None,
        rule.label,
        rule.guidance,
        1 if rule.predetermination else None,
    )


def _rule_of(row: Sequence[Any]) -> Rule:
    """A rule from its compiled row.

    Rules are validated when they are loaded, so the fields are set without validation. This takes a
    quarter of the time of the constructor, which a check of 100 codes would call hundreds of times.
    """
    rule = object.__new__(Rule)
    vars(rule).update(
        rule_id=row[1],
        code_type=_NAMES[row[2]],
        code_from=row[3],
        code_to=row[4] or row[3],
        requirement=_NAMES[row[5]],
        effective_from=_day(row[6]),
        effective_to=_day(row[7]) if row[7] else None,
        vendor_id=row[8],
        authorization_type=_NAMES[row[9]],
        plan_types=_set(row[10]),
        lines_of_business=_set(row[11]),
        types_of_service=_set(row[12]),
        places_of_service=_set(row[13]),
        auto_approve_max_units=row[14],
        auto_approve_max_days=row[15],
        required_documentation=tuple(row[16].split(_SEPARATOR)) if row[16] else (),
        label=row[17],
        guidance=row[18],
        predetermination=row[19] is not None,
    )
    return rule


@lru_cache(maxsize=1024)
def _day(ordinal: int) -> date:
    return date.fromordinal(ordinal)


@lru_cache(maxsize=1024)
def _set(cell: str | None) -> frozenset[str]:
    return frozenset(cell.split(_SEPARATOR)) if cell else frozenset()
