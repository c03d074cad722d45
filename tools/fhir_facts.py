"""Compile the published Da Vinci PAS package into the facts that `tools.fhir_validator` checks.

``python -m tools.fhir_facts PACKAGE.tgz`` reads the structure definitions, value sets and code systems
of an HL7 package and writes ``data/fhir/pas.json``: for each profile, the elements that it constrains
(cardinality, fixed values and patterns, slices, bindings, reference targets, must-support and
invariants). Given a checkout of a guide's sources, such as US Core (HL7/US-Core, CC0-1.0), it reads the
differentials of the profiles in ``--only`` and of their extensions. Texts of the guides are left out.
The package is public (https://hl7.org/fhir/us/davinci-pas, CC0-1.0).
"""

import argparse
import json
import re
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

FACTS: Final = Path("data/fhir/pas.json")
_COMMON: Final = frozenset({"ele-1", "ext-1", "dom-6"})
"""Invariants of FHIR's base types (ele-1, ext-1), and one that only recommends a narrative (dom-6)."""
_COMPACT: Final = (",", ":")
_HEAD: Final = ("package", "version", "license")
Json = dict[str, Any]


def main() -> None:
    """Compile the package or sources that the command names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("package", type=Path, help="a package, or a checkout of a guide's sources")
    parser.add_argument("--to", type=Path, default=FACTS)
    parser.add_argument("--only", nargs="*", default=(), help="ids of profiles in the sources")
    arguments = parser.parse_args()
    facts = (
        facts_of_sources(arguments.package, arguments.only)
        if arguments.package.is_dir()
        else facts_of(arguments.package)
    )
    arguments.to.write_text(written(facts), encoding="utf-8")
    profiles, value_sets = len(facts["profiles"]), len(facts["value_sets"])
    print(f"{arguments.to}: {profiles} profiles and extensions, {value_sets} value sets")


def facts_of(package: Path) -> Json:
    """Return the facts of a package; profiles and value sets are by canonical URL without version."""
    resources = dict(_resources(package))
    manifest = resources["package.json"]
    definitions = _of_type(resources, "StructureDefinition")
    systems = _of_type(resources, "CodeSystem")
    invariants: Json = {}
    profiles = {one["url"]: _profile(one, invariants) for one in definitions}
    value_sets = {
        one["url"]: found
        for one in _of_type(resources, "ValueSet")
        if (found := _codes(one, systems)) is not None
    }
    return {
        "package": manifest["name"],
        "version": manifest["version"],
        "license": manifest["license"],
        "profiles": dict(sorted(profiles.items())),
        "value_sets": dict(sorted(value_sets.items())),
        "invariants": dict(sorted(invariants.items())),
    }


_SETTING: Final = re.compile(r"^(\w+): *'?([^\s'#]+)", re.MULTILINE)


def facts_of_sources(sources: Path, only: Sequence[str]) -> Json:
    """Return the facts of the profiles with these ids, from the differentials in a guide's sources."""
    config = dict(_SETTING.findall((sources / "sushi-config.yaml").read_text(encoding="utf-8")))
    files = (sources / "input" / "resources").glob("*.json")
    resources = {one.name: json.loads(one.read_text(encoding="utf-8")) for one in files}
    known = {one["url"]: one for one in _of_type(resources, "StructureDefinition")}
    invariants: Json = {}
    profiles: Json = {}
    waiting = [url for url, one in known.items() if one["id"] in only]
    while waiting:
        url = waiting.pop()
        profiles[url] = _profile(known[url], invariants)
        named = (name for row in profiles[url]["elements"] for name in row.get("profiles", ()))
        waiting += [name for name in named if name in known and name not in profiles]
    systems = _of_type(resources, "CodeSystem")
    rows = (row for one in profiles.values() for row in one["elements"])
    bound = {row["binding"][1] for row in rows if "binding" in row}
    value_sets = {
        one["url"]: found
        for one in _of_type(resources, "ValueSet")
        if one["url"] in bound and (found := _codes(one, systems)) is not None
    }
    return {
        "package": config["id"],
        "version": config["version"],
        "license": config["license"],
        "profiles": dict(sorted(profiles.items())),
        "value_sets": dict(sorted(value_sets.items())),
        "invariants": dict(sorted(invariants.items())),
    }


def written(facts: Json) -> str:
    """Return the facts as JSON with one element per line, so that versions can be compared."""
    head = (f"{json.dumps(name)}:{json.dumps(facts[name])}," for name in _HEAD)
    lines = ["{", *head]
    lines.append('"profiles":{')
    for url, profile in facts["profiles"].items():
        rows = ",\n".join(
            json.dumps(one, ensure_ascii=False, separators=_COMPACT) for one in profile["elements"]
        )
        names = {name: one for name, one in profile.items() if name != "elements"}
        opened = f'{json.dumps(url)}:{json.dumps(names, separators=_COMPACT)[:-1]},"elements":['
        lines.append(f"{opened}\n{rows}]}},")
    lines[-1] = lines[-1].rstrip(",")
    for name in ("value_sets", "invariants", *(("prefetch",) if facts.get("prefetch") else ())):
        entries = ",\n".join(
            f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False, separators=_COMPACT)}"
            for key, value in facts[name].items()
        )
        lines.append(f"}},\n{json.dumps(name)}:{{\n{entries}")
    return "\n".join([*lines, "}}", ""])


def _resources(package: Path) -> Iterator[tuple[str, Json]]:
    with tarfile.open(package) as archive:
        for member in archive:
            folder, _, name = member.name.rpartition("/")
            if folder == "package" and name.endswith(".json") and not name.startswith("."):
                extracted = archive.extractfile(member)
                if extracted is not None:
                    yield name, json.load(extracted)


def _of_type(resources: Json, kind: str) -> list[Json]:
    return [one for one in resources.values() if one.get("resourceType") == kind]


def _profile(definition: Json, invariants: Json) -> Json:
    elements = []
    differential = "snapshot" not in definition
    for element in definition["differential" if differential else "snapshot"]["element"]:
        keys = [_named(one, invariants) for one in element.get("constraint", ()) if _own(one)]
        if row := _constrained(element, keys):
            elements.append(row)
    if not differential:
        return {"type": definition["type"], "elements": elements}
    return {
        "type": definition["type"],
        "name": definition["name"],
        "elements": [*_with_slicing(elements)],
    }


def _with_slicing(elements: list[Json]) -> Iterator[Json]:
    """Add the slicing of extensions, which is implied in a differential, to its elements."""
    sliced = {one["id"] for one in elements if "slicing" in one}
    for one in elements:
        place, _, name = one["id"].rpartition(":")
        if name and place.endswith("xtension") and place not in sliced:
            sliced.add(place)
            yield {"id": place, "slicing": {"by": [["value", "url"]], "closed": False}}
        yield one


def _own(invariant: Json) -> bool:
    return invariant["key"] not in _COMMON and "expression" in invariant


def _named(invariant: Json, invariants: Json) -> str:
    """Record an invariant and return its key, numbered if the guide uses it for several expressions."""
    rule = {"severity": invariant["severity"], "expression": invariant["expression"]}
    key, number = str(invariant["key"]), 1
    while invariants.setdefault(key, rule) != rule:
        number += 1
        key = f"{invariant['key']} ({number})"
    return key


def _constrained(element: Json, invariants: list[str]) -> Json | None:
    """Return the constraints of an element; ``None`` if it has none in addition to FHIR's own."""
    value = next(
        (
            {kind: element[name]}
            for name in element
            for kind in ("fixed", "pattern")
            if name.startswith(kind)
        ),
        {},
    )
    types = element.get("type", ())
    profiles = [url for one in types for url in one.get("profile", ())]
    targets = [url for one in types for url in one.get("targetProfile", ())]
    binding = element.get("binding", {})
    slicing = element.get("slicing")
    base = element.get("base", {})
    row: Json = {
        "min": element.get("min") or None,
        "max": maximum if (maximum := element.get("max")) != base.get("max") else None,
        **value,
        "profiles": profiles or None,
        "targets": None
        if targets == ["http://hl7.org/fhir/StructureDefinition/Resource"]
        else targets or None,
        "binding": (
            [binding["strength"], binding["valueSet"].partition("|")[0]]
            if binding.get("strength") in ("required", "extensible") and "valueSet" in binding
            else None
        ),
        "slicing": slicing and _slicing(slicing),
        "must_support": element.get("mustSupport") or None,
        "invariants": invariants or None,
    }
    row = {name: fact for name, fact in row.items() if fact is not None}
    narrowed = element["id"].endswith("[x]") and len(types) == 1
    if not row and not narrowed and "sliceName" not in element:
        return None
    if narrowed or "sliceName" in element or (types and element["id"].endswith(".resource")):
        row["types"] = [one["code"] for one in types]
    return {"id": element["id"], **row}


def _slicing(slicing: Json) -> Json:
    found = [[one["type"], one["path"]] for one in slicing.get("discriminator", ())]
    return {"by": found, "closed": slicing["rules"] == "closed"}


def _codes(value_set: Json, systems: list[Json]) -> list[list[str]] | None:
    """Return system and code of each member; ``None`` if the package does not list all members."""
    content = {one["url"]: one for one in systems if one.get("content") == "complete"}
    found: list[list[str]] = []
    if "exclude" in value_set.get("compose", {}):
        return None
    for part in value_set.get("compose", {}).get("include", ()):
        system = part.get("system")
        if "concept" in part:
            found += [[system, one["code"]] for one in part["concept"]]
        elif system in content and not part.keys() & {"filter", "valueSet"}:
            found += [[system, one["code"]] for one in content[system]["concept"]]
        else:
            return None
    return found or None


if __name__ == "__main__":
    main()
