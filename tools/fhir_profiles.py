"""The profiles and value sets of the guides in ``data/fhir``, as trees of elements.

The facts are compiled by :mod:`tools.fhir_facts` and :mod:`tools.fsh_facts`.
:mod:`tools.fhir_validator` checks resources against them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from precert.fhir.systems import X12
from tools.fhir_facts import FACTS

Json = dict[str, Any]
SUBSCRIPTION_FACTS: Final = Path("data/fhir/subscriptions-backport.json")
"""The R4 backport of topic-based subscriptions 1.1.0, transcribed from its profiles."""
GUIDE_FACTS: Final = (
    FACTS,
    SUBSCRIPTION_FACTS,
    Path("data/fhir/us-core.json"),
    Path("data/fhir/sdc.json"),
    Path("data/fhir/crd.json"),
    Path("data/fhir/dtr.json"),
    Path("data/fhir/hrex.json"),
)
_X12_VALUE_SET: Final = "https://valueset.x12.org/"
_NUBC_ELEMENTS: Final = frozenset({"1314", "1315", "1352"})
"""X12 data elements whose codes are NUBC's, in NUBC's own code systems."""


@dataclass
class Node:
    """An element of a profile: its own facts, its children and its slices by name."""

    facts: Json = field(default_factory=dict)
    children: "dict[str, Node]" = field(default_factory=dict)
    slices: "dict[str, Node]" = field(default_factory=dict)

    def at(self, path: str) -> "Node | None":
        """Return the descendant at a dotted path; ``$this`` is the node itself."""
        node: Node | None = self
        for name in () if path == "$this" else path.split("."):
            node = node.children.get(name) or node.children.get(f"{name}[x]") if node else None
        return node


@dataclass(frozen=True)
class Profiles:
    """The facts of guides. Profiles and value sets are named by canonical URL."""

    facts: Json

    def must_support(self, profile: str) -> frozenset[str]:
        """Return the ids of the elements that a profile marks as must-support."""
        rows = self.facts["profiles"][profile]["elements"]
        return frozenset(row["id"] for row in rows if row.get("must_support"))

    @cached_property
    def _trees(self) -> dict[str, Node]:
        return {url: _tree(one["elements"]) for url, one in self.facts["profiles"].items()}

    def tree(self, profile: str) -> Node | None:
        """Return the root element of a profile; ``None`` if the guides do not have it."""
        return self._trees.get(profile.partition("|")[0])

    def parents(self, profile: str) -> Iterator[Node]:
        """Yield the profiles of other guides from which a profile is derived."""
        known = self.facts["profiles"].get(profile.partition("|")[0], {})
        while (name := known.get("parent")) is not None:
            found = next((url for url in self._trees if name in self._names(url)), None)
            if found is None:
                return
            yield self._trees[found]
            known = self.facts["profiles"][found]

    def _names(self, url: str) -> tuple[str, str]:
        return str(self.facts["profiles"][url].get("name")), url.rpartition("/")[2]

    def type_of(self, profile: str) -> str:
        """Return the type that a profile constrains; that of FHIR's own profiles is their name."""
        url = profile.partition("|")[0]
        known = self.facts["profiles"].get(url)
        name = url.rpartition("/")[2]
        return str(known["type"]) if known else _CORE_TYPES.get(name, name)

    def is_member(self, coding: tuple[str | None, str], value_set: str) -> bool:
        """Whether a value set has a code, given as system and code.

        Of X12's value sets, which are licensed, only the system is checked. Other value sets whose
        codes are not known have every code.
        """
        codes = self.facts["value_sets"].get(value_set)
        if codes is not None:
            return is_listed(coding, codes)
        element = value_set.rpartition("/")[2]
        if value_set.startswith(_X12_VALUE_SET) and element not in _NUBC_ELEMENTS:
            return coding[0] in (None, f"{X12}/{element}")
        return True


_CORE_TYPES: Final = {
    "us-core-allergyintolerance": "AllergyIntolerance",
    "us-core-condition-encounter-diagnosis": "Condition",
    "us-core-condition-problems-health-concerns": "Condition",
    "us-core-diagnosticreport-lab": "DiagnosticReport",
    "us-core-encounter": "Encounter",
    "us-core-immunization": "Immunization",
    "us-core-location": "Location",
    "us-core-medicationrequest": "MedicationRequest",
    "us-core-observation-clinical-result": "Observation",
    "us-core-organization": "Organization",
    "us-core-patient": "Patient",
    "us-core-practitioner": "Practitioner",
    "us-core-practitionerrole": "PractitionerRole",
    "us-core-procedure": "Procedure",
    "us-core-questionnaireresponse": "QuestionnaireResponse",
    "us-core-servicerequest": "ServiceRequest",
    "us-core-simple-observation": "Observation",
    "us-core-vital-signs": "Observation",
}


@cache
def guide_facts() -> Json:
    """Return the facts of all guides in the repository, merged."""
    packages = [json.loads(one.read_text(encoding="utf-8")) for one in GUIDE_FACTS]
    kinds = ("profiles", "value_sets", "invariants")
    merged = {kind: {k: v for one in packages for k, v in one[kind].items()} for kind in kinds}
    return {**packages[0], **merged}


def _tree(rows: Sequence[Json]) -> Node:
    root = Node()
    for row in rows:
        node = root
        for segment in row["id"].split(".")[1:]:
            name, _, slice_name = segment.partition(":")
            node = node.children.setdefault(name, Node())
            if slice_name:
                node = node.slices.setdefault(slice_name, Node())
        node.facts = row
    return root


def codings(value: Any) -> Iterator[tuple[str | None, str]]:
    """Yield system and code of a code, a Coding or a CodeableConcept."""
    if isinstance(value, str):
        yield None, value
    elif isinstance(value, dict):
        for one in value.get("coding", [value]):
            if "code" in one:
                yield one.get("system"), one["code"]


def is_listed(coding: tuple[str | None, str], codes: Sequence[Sequence[str]]) -> bool:
    """Whether a list of systems and codes has a code; without a system, by the code alone."""
    system, code = coding
    return any(code == one[1] and system in (None, one[0]) for one in codes)
