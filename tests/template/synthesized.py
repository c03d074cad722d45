"""A synthesized template with queries on it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Properties = dict[str, Any]


@dataclass(frozen=True)
class Synthesized:
    """One stage on one platform."""

    stage: str
    platform: str
    folder: Path

    @cached_property
    def template(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed

    @cached_property
    def text(self) -> str:
        return (self.folder / f"precert-{self.stage}.template.json").read_text(encoding="utf-8")

    @cached_property
    def findings(self) -> list[str]:
        """Findings of the checks that are not acknowledged."""
        report = json.loads((self.folder / "validation-report.json").read_text(encoding="utf-8"))
        return [
            f"{violation['ruleName']} {construct['constructPath']}"
            for plugin in report["pluginReports"]
            for violation in plugin["violations"]
            for construct in violation["violatingConstructs"]
        ]

    @cached_property
    def acknowledged(self) -> list[tuple[str, str, str]]:
        """Construct path, finding and reason of each acknowledgment."""
        return list(self._acknowledged())

    def _acknowledged(self) -> Iterator[tuple[str, str, str]]:
        metadata = json.loads(
            (self.folder / f"precert-{self.stage}.metadata.json").read_text(encoding="utf-8")
        )
        for path, entries in metadata.items():
            for entry in entries:
                if "acknowledged" in entry["type"].lower():
                    for finding, reason in entry["data"].items():
                        yield path, finding, reason

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical ids and complete resources of a type."""
        return {
            name: resource
            for name, resource in self.template["Resources"].items()
            if resource["Type"] == kind
        }

    def properties(self, kind: str) -> dict[str, Properties]:
        """Logical ids and properties of a type."""
        return {name: r.get("Properties", {}) for name, r in self.resources(kind).items()}

    def statements(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each permission with the logical id of the role that has it."""
        for policy in self.properties("AWS::IAM::Policy").values():
            for statement in policy["PolicyDocument"]["Statement"]:
                yield policy["Roles"][0]["Ref"], statement


def listed(value: Any) -> list[Any]:
    """IAM renders a list of one element as the element."""
    return value if isinstance(value, list) else [value]
