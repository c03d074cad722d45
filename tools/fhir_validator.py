"""Check FHIR resources against the profiles of Da Vinci PAS, CRD and DTR, SDC and US Core.

``python -m tools.fhir_validator FILE...`` checks each resource or bundle against the profiles that it
claims (``meta.profile``) and prints the violations. No FHIR server is needed. It checks the facts that
:mod:`tools.fhir_facts` and :mod:`tools.fsh_facts` compile: cardinality, fixed values and patterns,
slices, extensions, reference targets, bindings to value sets whose codes are listed, and invariants.
Base types and unknown elements are checked by ``fhir.resources``, whose R4B models have the same
resources as R4.
"""

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from tools.fhir_invariants import is_satisfied
from tools.fhir_profiles import Json, Node, Profiles, codings, guide_facts

_GUIDES: Final = (
    *("/davinci-pas/", "/davinci-crd/", "/davinci-dtr/", "/us/core/", "/uv/sdc/"),
    "/davinci-hrex/",
    "/subscriptions-backport/",
)
_CARE_TEAM_SCOPE: Final = re.compile(r"extension\('([^']+)'\)\.value(?:\.ofType\((\w+)\))?")
_UNSUPPORTED: Final = frozenset({"dom-3", "dom-r4b"})
"""Invariants with functions that fhirpathpy lacks."""
_RELATIVE: Final = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, order=True)
class Finding:
    """A violation: the FHIRPath of the element, and what is wrong."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class Validator(Profiles):
    """Checks resources against the profiles of the guides."""

    def findings(self, resource: Json, profile: str | None = None) -> list[Finding]:
        """Return the violations of FHIR, and of ``profile`` or else of the profiles that it claims.

        Resources in a bundle are checked against the profiles that they claim themselves.
        """
        return sorted(set(_Check(self, resource).run(profile)))

    def element_findings(self, value: Json, profile: str, path: str) -> list[Finding]:
        """Return the violations in a value that is not a resource: an extension or a logical model.

        ``path`` is its place in the findings.

        Raises:
            LookupError: the guides do not have the profile.
        """
        tree = self.tree(profile)
        if tree is None:
            raise LookupError(profile)
        return sorted(set(_Check(self, {}).element(value, tree, path, "")))


@cache
def pas_validator() -> Validator:
    """Return the validator for the guides in the repository: PAS, subscriptions, CRD and DTR."""
    return Validator(guide_facts())


class _Check:
    """The validation of one resource. References are resolved among its entries, if it is a bundle."""

    def __init__(self, validator: Validator, resource: Json) -> None:
        self.validator = validator
        self.resource = resource
        self.entries: dict[str, Json] = {
            entry["fullUrl"]: entry["resource"]
            for entry in resource.get("entry", ())
            if isinstance(entry, dict) and "fullUrl" in entry and "resource" in entry
        }

    def run(self, profile: str | None) -> Iterator[Finding]:
        """Yield the violations in the resource and in those that it contains.

        Parameters, contained resources and bundles within a bundle are validated on their own.
        """
        kind = self.resource.get("resourceType", "Resource")
        yield from base_findings(self.resource)
        yield from self._claimed(self.resource, kind, "", profile)
        for name in ("parameter", "contained"):
            for index, one in enumerate(self.resource.get(name, ())):
                within = one.get("resource") if name == "parameter" else one
                if isinstance(within, dict):
                    for finding in _Check(self.validator, within).run(None):
                        path = f"{kind}.{name}[{index}].{finding.path}"
                        yield Finding(path, finding.message)
        for index, entry in enumerate(self.resource.get("entry", ())):
            if not isinstance(resource := entry.get("resource"), dict):
                continue
            base = entry.get("fullUrl", "")
            path = f"{kind}.entry[{index}].resource"
            if resource.get("resourceType") == "Bundle":
                for one in _Check(self.validator, resource).run(None):
                    yield Finding(f"{path}.{one.path}", one.message)
                continue
            yield from self._claimed(resource, path, base, None)
            if self.resource.get("type") == "collection" and not self._is_package():
                yield from self._references(resource, path, base)

    def _claimed(
        self, resource: Json, path: str, base: str, profile: str | None
    ) -> Iterator[Finding]:
        claimed = [profile] if profile else _claims(resource)
        for one in claimed:
            tree = self.validator.tree(one)
            if tree is None:
                if any(guide in one for guide in _GUIDES):
                    yield Finding(path, f"claims {one}, which the guides do not have")
                continue
            if (kind := self.validator.type_of(one)) != resource.get("resourceType"):
                yield Finding(path, f"claims a profile of {kind}")
            for each in (tree, *self.validator.parents(one)):
                yield from self.element(resource, each, path, base)

    def _is_package(self) -> bool:
        """Whether the bundle is a DTR package, whose references name resources of the client."""
        return any("/davinci-dtr/" in one for one in _claims(self.resource))

    def _references(self, value: object, path: str, base: str) -> Iterator[Finding]:
        """The references in a collection bundle that name no entry."""
        if isinstance(value, dict):
            target = value.get("reference")
            within = isinstance(target, str) and not target.startswith("#")
            if within and self.entries and self.resolved(str(target), base) is None:
                yield Finding(path, f"refers to {target}, which is not in the bundle")
            for name, child in value.items():
                yield from self._references(child, f"{path}.{name}", base)
        elif isinstance(value, list):
            for index, child in enumerate(value):
                yield from self._references(child, f"{path}[{index}]", base)

    def resolved(self, reference: str, base: str) -> Json | None:
        """Return the entry that a reference names; ``base`` is the full URL of its own entry."""
        if reference in self.entries:
            return self.entries[reference]
        if _RELATIVE.fullmatch(reference) and base.startswith("http"):
            return self.entries.get(urljoin(f"{base.rstrip('/')}/", f"../../{reference}"))
        return None

    # -- Elements -------------------------------------------------------------------------------

    def element(self, value: Any, node: Node, path: str, base: str) -> Iterator[Finding]:
        """Yield the violations of an element of a profile in a value and its descendants."""
        yield from self._value(value, node.facts, path, base)
        yield from self._invariants(value, node.facts, path)
        if not isinstance(value, dict):
            return
        for name, child in node.children.items():
            found = list(_values(value, name))
            yield from _cardinality(found, child.facts, f"{path}.{name}")
            for label, one in found:
                if name.endswith("[x]") and not _has_type(label, child.facts.get("types", ())):
                    yield Finding(f"{path}.{label}", f"must be {child.facts['types']}")
                yield from self.element(one, child, f"{path}.{label}", base)
            if child.slices:
                yield from self._slices(found, child, path, base)

    def _value(self, value: Any, facts: Json, path: str, base: str) -> Iterator[Finding]:
        if "fixed" in facts and value != facts["fixed"]:
            yield Finding(path, f"must be {facts['fixed']!r}, not {value!r}")
        if "pattern" in facts and not _fits(value, facts["pattern"]):
            yield Finding(path, f"must contain {facts['pattern']!r}")
        yield from self._binding(value, facts, path)
        for profile in facts.get("profiles", ())[:1]:
            tree = self.validator.tree(profile)
            if tree is not None and isinstance(value, dict) and "resourceType" not in value:
                yield from self.element(value, tree, path, base)
        if "targets" in facts and isinstance(value, dict) and "reference" in value:
            target = self.resolved(value["reference"], base)
            allowed = {self.validator.type_of(one) for one in facts["targets"]}
            if target and not allowed & {target.get("resourceType"), "Resource"}:
                yield Finding(
                    path, f"refers to a {target.get('resourceType')}, not {sorted(allowed)}"
                )

    def _binding(self, value: Any, facts: Json, path: str) -> Iterator[Finding]:
        strength, value_set = facts.get("binding", (None, None))
        found = list(codings(value)) if strength == "required" else []
        if found and not any(self.validator.is_member(one, value_set) for one in found):
            yield Finding(path, f"{found} is not in {value_set}")

    def _invariants(self, value: Any, facts: Json, path: str) -> Iterator[Finding]:
        for key in facts.get("invariants", ()):
            rule = self.validator.facts["invariants"].get(key)
            if rule is None or rule["severity"] != "error" or key.partition(" ")[0] in _UNSUPPORTED:
                continue
            if not is_satisfied(rule["expression"], value, self.resource):
                yield Finding(path, f"violates {key}: {rule['expression']}")

    # -- Slices ---------------------------------------------------------------------------------

    def _slices(
        self, found: list[tuple[str, Any]], node: Node, path: str, base: str
    ) -> Iterator[Finding]:
        rules = node.facts.get("slicing", {"by": [["type", "$this"]], "closed": False})
        unmatched = list(found)
        for name, one in node.slices.items():
            matching = [
                (label, value)
                for label, value in found
                if all(self._matches(label, value, one, *by) for by in rules["by"])
            ]
            where = f"{path}.{node.facts.get('id', '').rpartition('.')[2]}:{name}"
            yield from _cardinality(matching, one.facts, where)
            for label, value in matching:
                yield from self.element(value, one, f"{path}.{label}", base)
            unmatched = [pair for pair in unmatched if pair not in matching]
        if rules["closed"]:
            for label, _ in unmatched:
                yield Finding(f"{path}.{label}", "fits no slice of a closed slicing")

    def _matches(self, label: str, value: Any, one: Node, by: str, path: str) -> bool:
        """Whether a value belongs to a slice, by one discriminator."""
        if by == "type":
            target = value.get(path) if path != "$this" and isinstance(value, dict) else value
            node = one.at(path)
            types = (node.facts if node else one.facts).get("types", ())
            if isinstance(target, dict) and "resourceType" in target:
                return target["resourceType"] in types
            return bool(types) and _has_type(label, types)
        if path == "url":
            profiles = one.facts.get("profiles")
            url = one.at("url")
            fixed = profiles[0].partition("|")[0] if profiles else url and url.facts.get("fixed")
            return isinstance(value, dict) and value.get("url") == fixed
        if scope := _CARE_TEAM_SCOPE.fullmatch(path):
            return self._matches_extension(value, one, scope[1])
        node = one.at(path)
        target = value if path == "$this" else _first(value, path)
        if node is None or target is None:
            return False
        facts = node.facts
        if "binding" in facts and "pattern" not in facts and "fixed" not in facts:
            return any(
                self.validator.is_member(one, facts["binding"][1]) for one in codings(target)
            )
        return _fits(target, facts.get("pattern", facts.get("fixed")))

    def _matches_extension(self, value: Any, one: Node, url: str) -> bool:
        """Whether a value belongs to a slice by the boolean value of an extension."""
        expected = None
        for extension in one.children.get("extension", Node()).slices.values():
            if url in {
                profile.partition("|")[0] for profile in extension.facts.get("profiles", ())
            }:
                node = extension.children.get("value[x]", Node())
                expected = node.facts.get("pattern", node.facts.get("fixed"))
        actual = [
            extension.get("valueBoolean")
            for extension in value.get("extension", ())
            if extension.get("url") == url
        ]
        return actual == [expected]


def _claims(resource: Json) -> list[str]:
    found: list[str] = resource.get("meta", {}).get("profile", [])
    return found


def base_findings(resource: Json) -> Sequence[Finding]:
    """Return the violations of FHIR itself: unknown elements, wrong types, missing elements."""
    return _base_findings(json.dumps(resource))


@lru_cache(maxsize=2**12)
def _base_findings(text: str) -> Sequence[Finding]:
    """The violations of a resource by its JSON text: answers have many resources in common."""
    return tuple(_found_in(json.loads(text)))


def _found_in(resource: Json) -> Iterator[Finding]:
    kind = resource.get("resourceType", "")
    try:
        model = get_fhir_model_class(kind)
    except KeyError:
        yield Finding(kind, "is not a FHIR resource")
        return
    try:
        model.model_validate(resource)
    except ValidationError as error:
        for one in error.errors():
            path = ".".join(str(part) for part in one["loc"])
            yield Finding(f"{kind}.{path}", one["msg"])


def _values(value: Json, name: str) -> Iterator[tuple[str, Any]]:
    """The values of an element, each with its path; of ``value[x]``, those of any type."""
    if name.endswith("[x]"):
        stem = name[:-3]
        names = [one for one in value if one.startswith(stem) and one[len(stem) :][:1].isupper()]
    else:
        names = [name] if name in value else []
        if not names and f"_{name}" in value:
            # A primitive with extensions only, such as a data-absent-reason, counts as present.
            yield name, value[f"_{name}"]
    for one in names:
        if isinstance(value[one], list):
            yield from ((f"{one}[{index}]", each) for index, each in enumerate(value[one]))
        else:
            yield one, value[one]


def _has_type(label: str, types: Sequence[str]) -> bool:
    """Whether the name of a ``value[x]`` ends with one of the types, if any are listed."""
    return not types or any(label.endswith(kind[0].upper() + kind[1:]) for kind in types)


def _cardinality(found: Sequence[object], facts: Json, path: str) -> Iterator[Finding]:
    if len(found) < facts.get("min", 0):
        yield Finding(path, f"is required ({len(found)} of at least {facts['min']})")
    maximum = facts.get("max", "*")
    if maximum != "*" and len(found) > int(maximum):
        yield Finding(path, f"has {len(found)} values, at most {maximum}")


def _first(value: Any, path: str) -> Any:
    for name in path.split("."):
        found = (
            next((one for _, one in _values(value, name)), None)
            if isinstance(value, dict)
            else None
        )
        if found is None:
            return None
        value = found
    return value


def _fits(value: Any, pattern: Any) -> bool:
    """Whether a value contains all elements of a pattern."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and _fits(value[name], one) for name, one in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(_fits(v, one) for v in value) for one in pattern)
    return bool(value == pattern)


def main() -> int:
    """Print the violations in the files; return 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path)
    found = 0
    for file in parser.parse_args().files:
        resource = json.loads(file.read_text(encoding="utf-8"))
        for finding in pas_validator().findings(resource):
            found += 1
            print(f"{file}: {finding}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
