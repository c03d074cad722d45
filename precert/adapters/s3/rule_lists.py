"""Compiled rule lists: one read-only SQLite file a version, in the bucket and at hand.

A function keeps the files it has seen in its temporary folder: a check names the version in force,
and only a version never seen before costs a call, and a client. Rules are filed under the first
characters of the codes they cover, so that a lookup touches few rows of however long a list.
"""

import hashlib
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from precert.contract import RULE_LIST_PREFIX
from precert.domain.errors import TransientError
from precert.domain.rules import Rule, RuleListVersion, canonical_code
from precert.domain.values import CodeType

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PREFIX_LENGTH = 2
_SCHEMA = """
CREATE TABLE rules (
    code_type TEXT NOT NULL,
    prefix TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    code_from TEXT NOT NULL,
    code_to TEXT NOT NULL,
    rule TEXT NOT NULL,
    PRIMARY KEY (code_type, prefix, rule_id)
) WITHOUT ROWID
"""
_LOOKUP = (
    "SELECT rule FROM rules WHERE code_type = ? AND prefix = ? AND code_from <= ? AND code_to >= ?"
)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class S3RuleLists:
    """Rule lists by version (port :class:`precert.usecases.ports.reference.RuleLists`)."""

    def __init__(
        self, client: "Callable[[], S3Client]", *, bucket: str, folder: Path | None = None
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._folder = folder
        self._open: dict[str, sqlite3.Connection] = {}

    def rules(
        self, version: RuleListVersion, codes: Collection[tuple[CodeType, str]]
    ) -> dict[tuple[CodeType, str], tuple[Rule, ...]]:
        connection = self._connection(version)
        return {(kind, code): _looked_up(connection, kind, code) for kind, code in codes}

    def publish(self, version: str, rules: Collection[Rule]) -> tuple[str, str]:
        body = compile_rules(rules)
        digest = hashlib.sha256(body).hexdigest()
        key = f"{RULE_LIST_PREFIX}{version}.sqlite"
        try:
            self._client().put_object(Bucket=self._bucket, Key=key, Body=body)
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The rule list could not be stored. Try again.") from error
        return key, digest

    def _connection(self, version: RuleListVersion) -> sqlite3.Connection:
        if version.sha256 not in self._open:
            self._open[version.sha256] = _read_only(self._file(version))
        return self._open[version.sha256]

    def _file(self, version: RuleListVersion) -> Path:
        folder = self._folder or Path(tempfile.gettempdir())
        file = folder / f"rule-list-{version.sha256}.sqlite"
        if file.exists():
            return file
        try:
            answer = self._client().get_object(Bucket=self._bucket, Key=version.object_key)
            body = answer["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The rule list could not be read. Try again.") from error
        if hashlib.sha256(body).hexdigest() != version.sha256:
            raise TransientError("The rule list is not the one that was published.")
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as part:
            part.write(body)
        Path(part.name).replace(file)
        return file


def _looked_up(connection: sqlite3.Connection, code_type: CodeType, code: str) -> tuple[Rule, ...]:
    filed = canonical_code(code, code_type)
    found = connection.execute(_LOOKUP, (code_type.value, filed[:PREFIX_LENGTH], filed, filed))
    return tuple(Rule.model_validate_json(text) for (text,) in found)


def compile_rules(rules: Collection[Rule]) -> bytes:
    """The SQLite file of a rule list, the same bytes for the same rules."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rules.sqlite"
        connection = sqlite3.connect(file, isolation_level=None)
        try:
            connection.execute(_SCHEMA)
            connection.execute("BEGIN")
            connection.executemany(
                "INSERT INTO rules VALUES (?, ?, ?, ?, ?, ?)",
                sorted(
                    (
                        rule.code_type.value,
                        prefix,
                        rule.rule_id,
                        rule.code_from,
                        rule.code_to,
                        rule.model_dump_json(exclude_defaults=True),
                    )
                    for rule in rules
                    for prefix in prefixes_of(rule)
                ),
            )
            connection.execute("COMMIT")
            connection.execute("VACUUM")
        finally:
            connection.close()
        return file.read_bytes()


def prefixes_of(rule: Rule) -> Iterator[str]:
    """First characters of every code that a rule can cover."""
    first, last = rule.code_from[:PREFIX_LENGTH], rule.code_to[:PREFIX_LENGTH]
    for high in _ALPHABET:
        for low in _ALPHABET:
            if first <= high + low <= last:
                yield high + low


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True, check_same_thread=False)
