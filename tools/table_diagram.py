"""Create ``docs/table.md``, the diagram of the DynamoDB tables.

The keys are read from the docstring of :mod:`precert.adapters.dynamodb.keys`, the indexes from
:mod:`precert.names`.
"""

import re
from collections.abc import Iterator
from typing import Final

from precert import names as shared_names
from precert.adapters.dynamodb import keys
from tools.openapi_files import ROOT

DRAWING: Final = ROOT / "docs" / "table.md"
_ITEM: Final = re.compile(
    r"\s+(?:pk (?P<pk>\S+(?: \S+)*)\s{2,})?sk (?P<sk>\S+(?: \S+)*)(?:\s{2,}(?P<text>.*))?$"
)
_TABLE: Final = re.compile(r"^(Requests|Reference|Audit) table\b")


def items() -> Iterator[tuple[str, str, str, str]]:
    """Yield table, partition key, sort key and content of each item that the docstring lists."""
    table = pk = ""
    for line in (keys.__doc__ or "").splitlines():
        if named := _TABLE.match(line):
            table = named[1]
        found = _ITEM.match(line)
        if found:
            pk = found["pk"] or pk
            yield table, pk, found["sk"], found["text"] or ""


def _label(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;").replace('"', "'")


def _picture() -> Iterator[str]:
    yield "flowchart LR"
    collections: dict[tuple[str, str], list[str]] = {}
    for table, pk, sk, _ in items():
        collections.setdefault((table, pk), []).append(sk)
    for table in dict.fromkeys(table for table, _ in collections):
        yield f'  subgraph {table}["{table} table"]'
        for number, ((of, pk), sks) in enumerate(collections.items()):
            if of == table:
                lines = "<br/>".join(_label(sk) for sk in sks)
                yield f'    c{number}["<b>{_label(pk)}</b><br/>{lines}"]'
        yield "  end"
    for name, index in shared_names.INDEXES.items():
        yield f'  Requests --> {name}(["{name}: {index.partition_key}, {index.sort_key}"])'
    yield "  Requests -- every change --> stream([stream])"
    yield f"  Requests -- {shared_names.TTL_ATTRIBUTE} --> expiry([TTL])"


def drawing() -> str:
    """Return the Markdown document: the diagram, the items and the indexes."""
    rows = (f"| {table} | `{pk}` | `{sk}` | {text} |" for table, pk, sk, text in items())
    indexes = (
        f"| `{name}` | `{index.partition_key}` | `{index.sort_key}` | {', '.join(index.carries)} |"
        for name, index in shared_names.INDEXES.items()
    )
    return "\n".join(
        [
            "# The tables",
            "",
            "Drawn by `make diagram` from `precert/adapters/dynamodb/keys.py` and `precert/names.py`.",
            "The first line of a box is the partition key, the others are sort keys.",
            "",
            "```mermaid",
            *_picture(),
            "```",
            "",
            "| table | pk | sk | content |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "| index of the Requests table | partition key | sort key | projected attributes |",
            "| --- | --- | --- | --- |",
            *indexes,
            "",
        ]
    )
