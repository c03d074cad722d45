"""The synthesized templates of a stage with queries on them."""

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

    @property
    def stacks(self) -> tuple[str, ...]:
        """The names of the stage's stacks, in the order of their deployment."""
        name = f"precert-{self.stage}"
        named = (f"{name}-data", f"{name}-edge", name, f"{name}-monitoring")
        return tuple(one for one in named if (self.folder / f"{one}.template.json").exists())

    @cached_property
    def texts(self) -> dict[str, str]:
        """The template of each stack."""
        return {
            name: (self.folder / f"{name}.template.json").read_text(encoding="utf-8")
            for name in self.stacks
        }

    @cached_property
    def templates(self) -> dict[str, dict[str, Any]]:
        return {name: json.loads(text) for name, text in self.texts.items()}

    @cached_property
    def template(self) -> dict[str, Any]:
        """The resources of all stacks as if they were one, with the outputs of the service.

        A reference to an output of another stack is replaced by that output's value.
        """
        merged: dict[str, Any] = {}
        for template in self.templates.values():
            for section, values in template.items():
                if isinstance(values, dict) and section != "Outputs":
                    merged.setdefault(section, {}).update(values)
        merged["Outputs"] = {
            name: output
            for name, output in self.templates[f"precert-{self.stage}"]["Outputs"].items()
            if not name.startswith("PublishOutput")
        }
        resolved: dict[str, Any] = self._resolved(merged)
        return resolved

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(one) for one in value]
        if not isinstance(value, dict):
            return value
        if "Fn::GetStackOutput" in value:
            named = value["Fn::GetStackOutput"]
            output = self.templates[named["StackName"]]["Outputs"][named["OutputName"]]
            return self._resolved(output["Value"])
        return {name: self._resolved(one) for name, one in value.items()}

    @cached_property
    def text(self) -> str:
        return "\n".join(self.texts.values())

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
        for name in self.stacks:
            file = self.folder / f"{name}.metadata.json"
            metadata = json.loads(file.read_text(encoding="utf-8"))
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


def state_machine(stack: Synthesized, kind: str) -> str:
    """The logical id of the state machine of a type; there is one of each."""
    [name] = (
        name
        for name, one in stack.properties("AWS::StepFunctions::StateMachine").items()
        if one["StateMachineType"] == kind
    )
    return name
