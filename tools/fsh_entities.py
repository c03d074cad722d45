"""Parse FHIR Shorthand into its definitions, for :mod:`tools.fsh_facts`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

_ENTITY: Final = re.compile(r"^(\w+):\s*(.*)$")
_COMMENT: Final = re.compile(r'("(?:[^"\\]|\\.)*")|(/\*.*?\*/)|((?<![:\w])//[^\n]*)', re.DOTALL)
_TRIPLE: Final = re.compile(r'"""(.*?)"""', re.DOTALL)
_RULE: Final = re.compile(r"^(\s*)\*\s+(.*)$")
_ENTITY_KINDS: Final = re.findall(
    r"\w+",
    "Alias CodeSystem Extension Instance Invariant Logical Mapping Profile Resource RuleSet ValueSet",
)


@dataclass
class Entity:
    """A definition: its keywords, and its rules with full paths instead of indentation."""

    kind: str
    name: str
    keywords: dict[str, str] = field(default_factory=dict)
    rules: list[str] = field(default_factory=list)


def entities(text: str) -> Iterator[Entity]:
    """Yield the definitions in the text of one file."""
    text = _TRIPLE.sub('""', text)
    text = _COMMENT.sub(lambda found: found[1] or "", text)
    current: Entity | None = None
    lines = iter(_joined(text.splitlines()))
    context: list[tuple[int, str]] = []
    for line in lines:
        if rule := _RULE.match(line):
            indentation, content = len(rule[1]), " ".join(rule[2].split())
            while context and context[-1][0] >= indentation:
                context.pop()
            path = content.split(" ", 1)[0]
            holder = context[-1][1] if context else ""
            context.append((indentation, f"{holder}.{path}".strip(".")))
            if current is not None:
                caret = path.startswith("^") or path in ("insert", "obeys")
                joined = f"{holder} {content}" if caret else f"{holder}.{content}"
                current.rules.append(joined.strip(". ") if holder else content)
        elif found := _ENTITY.match(line):
            key, value = found[1], _unquoted(found[2].strip())
            if key not in _ENTITY_KINDS:
                if current is not None:
                    current.keywords.setdefault(key, value)
                continue
            if current is not None:
                yield current
            context = []
            current = Entity(key, value)
    if current is not None:
        yield current


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text.startswith('"') and text.endswith('"')
    return text[1:-1].replace('\\"', '"') if quoted else text


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines, with continuation lines joined to the rule or keyword that they belong to."""
    held: str | None = None
    for line in lines:
        begins = not line.strip() or _RULE.match(line) or _ENTITY.match(line)
        if begins:
            if held is not None:
                yield held
            held = line if line.strip() else None
        elif held is not None:
            held = f"{held} {line.strip()}"
    if held is not None:
        yield held
