"""Compile the FHIR Shorthand sources of a guide into the facts that `tools.fhir_validator` checks.

``python -m tools.fsh_facts SOURCES --to data/fhir/crd.json`` reads a checkout of a guide's sources
(``sushi-config.yaml`` and ``input``) and writes the constraints of its profiles and extensions, in the
format of :mod:`tools.fhir_facts`. Constraints of FHIR itself are left out. A profile that is derived
from another guide (US Core, SDC) names its parent, whose facts are in that guide's file. The sources of
Da Vinci CRD, DTR and HRex and of SDC are public (HL7/davinci-crd, HL7/davinci-dtr, HL7/davinci-ehrx,
HL7/sdc; CC0-1.0). Texts of the guides are left out. The standard prefetch of CRD is read from its
example of services.
"""

import argparse
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tools.fhir_facts import written
from tools.fsh_entities import Entity, entities

Json = dict[str, Any]
_SETTING: Final = re.compile(r"^(\w+): *([^\s#]+)", re.MULTILINE)
_CARD: Final = re.compile(r"(\d*)\.\.(\d+|\*)?")
_CHOICE: Final = re.compile(r"(?<![\[\w])value[A-Z]\w*")
_SLICE: Final = re.compile(r"^([\w\-\[\]]+?)\[([^\]x+=][^\]]*)\]$")
_CODE: Final = re.compile(r"^([^\s#]*)#(?:\"([^\"]+)\"|(\S+))")
_PROFILE_KINDS: Final = frozenset({"Profile", "Extension"})
_SAME: Final = {"SimpleQuantity": "Quantity"}
"""FHIR's own profiles of datatypes, with their datatype."""
_FHIR: Final = "http://hl7.org/fhir/StructureDefinition/"
_CODE_SYSTEMS: Final = {"TaskStatus": "http://hl7.org/fhir/task-status"}
"""FHIR's own code systems that guides use without an alias, by name."""
_RESOURCES: Final = re.findall(
    r"\w+",
    "Appointment Bundle CommunicationRequest Coverage Device DeviceRequest Encounter Extension Library "
    "Location Medication MedicationRequest NutritionOrder OperationOutcome Organization Parameters "
    "Patient Practitioner PractitionerRole Questionnaire QuestionnaireResponse ServiceRequest "
    "SupplyRequest Task Timing ValueSet VisionPrescription",
)


def main() -> None:
    """Compile the sources that the command names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sources", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="ids of profiles and value sets; else all")
    arguments = parser.parse_args()
    facts = Guide(arguments.sources).facts()
    if arguments.only:
        facts = facts_of(facts, arguments.only)
    arguments.to.write_text(written(facts), encoding="utf-8")
    profiles, value_sets = len(facts["profiles"]), len(facts["value_sets"])
    print(f"{arguments.to}: {profiles} profiles and extensions, {value_sets} value sets")


def facts_of(facts: Json, ids: Sequence[str]) -> Json:
    """Return the facts of some profiles, and of the extensions, value sets and invariants they use.

    ``ids`` can contain ids of value sets as well.
    """
    waiting = [url for url in facts["profiles"] if url.rpartition("/")[2] in ids]
    found: Json = {}
    while waiting:
        url = waiting.pop()
        if url in facts["profiles"] and url not in found:
            found[url] = facts["profiles"][url]
            waiting += [one for row in found[url]["elements"] for one in row.get("profiles", ())]
    rows = [row for one in found.values() for row in one["elements"]]
    used = {
        "profiles": found,
        "value_sets": {
            *(row["binding"][1] for row in rows if "binding" in row),
            *(url for url in facts["value_sets"] if url.rpartition("/")[2] in ids),
        },
        "invariants": {key for row in rows for key in row.get("invariants", ())},
    }
    return facts | {
        kind: {key: one for key, one in facts[kind].items() if key in keys}
        for kind, keys in used.items()
    }


class Guide:
    """The definitions in a guide's sources, a folder with ``sushi-config.yaml`` and ``input``."""

    def __init__(self, sources: Path) -> None:
        config = dict(_SETTING.findall((sources / "sushi-config.yaml").read_text(encoding="utf-8")))
        self.canonical = config["canonical"]
        self.head = {
            "package": config.get("packageId") or f"hl7.fhir.us.{config['id']}",
            "version": config["version"],
            "license": config["license"],
        }
        found = [
            one
            for file in sorted((sources / "input" / "fsh").rglob("*.fsh"))
            for one in entities(file.read_text(encoding="utf-8"))
        ]
        self.aliases = dict(
            one.name.split(None, 2)[::2] for one in found if one.kind == "Alias" and "=" in one.name
        )
        self.aliases = {name: url.partition("|")[0] for name, url in self.aliases.items()}
        self.definitions = {one.name: one for one in found if one.kind != "Alias"}
        services = sources / "input" / "resources" / "CRDServices.json"
        self.services = (
            json.loads(services.read_text(encoding="utf-8"))["services"]
            if services.exists()
            else ()
        )
        self.logical = sorted(
            (sources / "input" / "resources").glob("structuredefinition-CRDHooks*")
        )

    def facts(self) -> Json:
        """Return the facts in the format of :func:`tools.fhir_facts.facts_of`, with the prefetch."""
        profiles = {
            self.url(one.name): self._profile(one)
            for one in self.definitions.values()
            if one.kind in _PROFILE_KINDS
        }
        invariants = {
            one.name: {
                "severity": one.keywords["Severity"].lstrip("#"),
                "expression": one.keywords["Expression"],
            }
            for one in self.definitions.values()
            if one.kind == "Invariant" and "Expression" in one.keywords
        }
        for file in self.logical:
            if file.suffix == ".xml":
                url, profile = _logical(file, invariants)
                profiles[url] = profile
        value_sets = {
            self.url(one.name): codes
            for one in self.definitions.values()
            if one.kind == "ValueSet" and (codes := self._codes(one))
        }
        return {
            **self.head,
            "profiles": dict(sorted(profiles.items())),
            "value_sets": dict(sorted(value_sets.items())),
            "invariants": dict(sorted(invariants.items())),
            "prefetch": {one["hook"]: one["prefetch"] for one in self.services},
        }

    def _profile(self, one: Entity) -> Json:
        """The facts of a profile, with its name and the first ancestor in another guide."""
        parent = one.keywords.get("Parent", "").split(" ")[0].partition("|")[0]
        while (own := self.find(parent or "-")) is not None and own is not one:
            parent = own.keywords.get("Parent", "").split(" ")[0].partition("|")[0]
        url = self.aliases.get(parent, parent)
        named = {"name": one.name, "parent": url.rpartition("/")[2]} if url else {"name": one.name}
        return {"type": self.type_of(one.name), **named, "elements": self._elements(one)}

    # -- Names ------------------------------------------------------------------------------------

    def find(self, name: str) -> Entity | None:
        """Return the definition of this guide with this name, id or canonical URL."""
        name = name.partition("|")[0]
        for one in self.definitions.values():
            if name in (one.name, one.keywords.get("Id")) or name == self._address(one):
                return one
        return None

    def _address(self, one: Entity) -> str:
        folder = one.kind if one.kind in ("ValueSet", "CodeSystem") else "StructureDefinition"
        return f"{self.canonical}/{folder}/{one.keywords.get('Id', one.name)}"

    def url(self, name: str) -> str:
        """Return the canonical URL for a name, alias or id."""
        name = self.aliases.get(name, name).partition("|")[0]
        if name.startswith(("http", "urn:")):
            return name
        found = self.find(name)
        return self._address(found) if found else _CODE_SYSTEMS.get(name, f"{_FHIR}{name}")

    def type_of(self, name: str) -> str:
        """Return the FHIR type of a profile; for another guide's profile, the type within its name."""
        name = self.aliases.get(name, name)
        found = self.find(name)
        if found is not None and found.kind == "Extension":
            return "Extension"
        if found is not None and "Parent" in found.keywords:
            return self.type_of(found.keywords["Parent"].split()[0])
        if name in _SAME:
            return _SAME[name]
        plain = name.partition("|")[0].rpartition("/")[2].replace("-", "").lower()
        within = [one for one in _RESOURCES if one.lower() in plain]
        return max(within, key=len) if within else name.rpartition("/")[2]

    # -- Elements ---------------------------------------------------------------------------------

    def _elements(self, entity: Entity) -> list[Json]:
        kind = self.type_of(entity.name)
        rows: dict[str, Json] = {}
        parent = self.find(entity.keywords.get("Parent", "").split(" ")[0] or "-")
        if parent is not None and parent is not entity:
            rows = {row["id"]: dict(row) for row in self._elements(parent)}
        for rule in entity.rules:
            self._apply(rule, kind, rows)
        if entity.kind == "Extension":
            url = rows.setdefault("Extension.url", {"id": "Extension.url"})
            url["fixed"] = self.url(entity.name)
        filled = (row for row in rows.values() if len(row) > 1)
        return [_ordered(row) for row in filled]

    def _apply(self, rule: str, kind: str, rows: dict[str, Json]) -> None:
        """Add the constraint of a rule to the elements of a profile."""
        if rule.startswith("obeys "):
            _invariants(rows.setdefault(kind, {"id": kind}), rule[6:])
            return
        path, _, rest = rule.partition(" ")
        if path in ("insert", ".") or path.startswith("^"):
            return
        row = self._row(path, kind, rows)
        verb, _, content = rest.partition(" ")
        match verb:
            case "contains":
                self._contains(row, content, rows)
            case "only":
                self._types(row, content)
            case "from":
                self._binding(row, content)
            case "obeys":
                _invariants(row, content)
            case "=":
                self._fixed(row, content)
            case _ if verb.startswith("^"):
                _slicing(row, rest)
            case _:
                _cardinality(row, rest)

    def _binding(self, row: Json, content: str) -> None:
        name, _, strength = content.partition(" ")
        words = strength.strip("() ") or "required"
        if words in ("required", "extensible"):
            row["binding"] = [words, self.url(name)]

    def _fixed(self, row: Json, content: str) -> None:
        value = self._value(content.removesuffix(" (exactly)"))
        if value is not None:
            row["fixed" if content.endswith("(exactly)") else "pattern"] = value

    def _row(self, path: str, kind: str, rows: dict[str, Json]) -> Json:
        parts = []
        for segment in _segments(_CHOICE.sub("value[x]", path)):
            found = _SLICE.match(segment)
            parts.append(f"{found[1]}:{found[2]}" if found else segment)
        name = ".".join([kind, *parts])
        return rows.setdefault(name, {"id": name})

    def _contains(self, row: Json, content: str, rows: dict[str, Json]) -> None:
        extension = row["id"].rpartition(".")[2] in ("extension", "modifierExtension")
        if extension:
            row.setdefault("slicing", {"by": [["value", "url"]], "closed": False})
        for part in re.split(r"\s+and\s+", content):
            words = part.split()
            named = "named" in words
            name = words[2] if named else words[0]
            child = rows.setdefault(f"{row['id']}:{name}", {"id": f"{row['id']}:{name}"})
            if extension:
                child["types"] = ["Extension"]
            if named:
                child["profiles"] = [self.url(words[0])]
            elif extension:
                url = f"{child['id']}.url"
                rows[url] = {"id": url, "fixed": name}
            _cardinality(child, " ".join(words[3:] if named else words[1:]))

    def _types(self, row: Json, content: str) -> None:
        reference = re.match(r"(Reference|Canonical|canonical)\((.*)\)", content)
        if reference and reference[1] == "Reference":
            row["types"] = ["Reference"]
            row["targets"] = [self.url(one.strip()) for one in reference[2].split(" or ")]
        elif reference:
            row["types"] = ["canonical"]
        else:
            names = [one.strip() for one in content.split(" or ")]
            row["types"] = list(dict.fromkeys(self.type_of(one) for one in names))

    def _value(self, text: str) -> object:
        text = text.strip()
        if text in ("true", "false"):
            return text == "true"
        if text.startswith('"'):
            return text.strip('"')
        if (found := _CODE.match(text)) is None:
            return None
        code = found[2] or found[3]
        return {"coding": [{"system": self.url(found[1]), "code": code}]} if found[1] else code

    # -- Codes ------------------------------------------------------------------------------------

    def _codes(self, value_set: Entity) -> list[list[str]] | None:
        """System and code of each member; ``None`` if the sources do not list all members."""
        found: list[list[str]] = []
        for rule in value_set.rules:
            if rule.startswith("^"):
                continue
            if within := re.match(r"(?:include )?codes from system (\S+)$", rule):
                system = self.find(within[1])
                if system is None:
                    return None
                found += [[self._address(system), code] for code in _own_codes(system)]
            elif code := _CODE.match(rule.removeprefix("include ")):
                found.append([self.url(code[1]), code[2] or code[3]])
            else:
                return None
        return found or None


def _segments(path: str) -> list[str]:
    """The parts of a path, which dots within brackets do not separate."""
    return re.findall(r"(?:[^.\[]|\[[^\]]*\])+", path)


def _own_codes(system: Entity) -> Iterator[str]:
    for rule in system.rules:
        named = [one for one in rule.split() if one.startswith("#") or ".#" in one]
        if named and not rule.startswith("^") and " ^" not in rule:
            yield re.findall(r"#([\w\-]+)", rule.partition('"')[0])[-1]


def _cardinality(row: Json, words: str) -> None:
    for word in words.split():
        if found := _CARD.fullmatch(word):
            if found[1] and found[1] != "0":
                row["min"] = int(found[1])
            if found[2] and found[2] != "*":
                row["max"] = found[2]
        elif word == "MS":
            row["must_support"] = True


def _invariants(row: Json, words: str) -> None:
    keys = row.setdefault("invariants", [])
    keys += [one for one in re.split(r"\s+and\s+", words.strip()) if one not in keys]


def _slicing(row: Json, rule: str) -> None:
    """Add the slicing of a caret rule; other caret rules are not constraints."""
    path, _, value = rule.partition(" = ")
    if not path.startswith("^slicing."):
        return
    slicing = row.setdefault("slicing", {"by": [], "closed": False})
    if path.endswith(".type"):
        slicing["by"].append([value.strip().lstrip("#"), "$this"])
    elif path.endswith(".path"):
        slicing["by"][-1][1] = value.strip().strip('"')
    elif path.endswith(".rules"):
        slicing["closed"] = value.strip() == "#closed"


def _ordered(row: Json) -> Json:
    names = ("id", "min", "max", "fixed", "pattern", "profiles", "targets", "binding", "slicing")
    last = ("must_support", "invariants", "types")
    return {name: row[name] for name in (*names, *last) if name in row}


def _logical(file: Path, invariants: Json) -> tuple[str, Json]:
    """Return URL and facts of a logical model of CDS Hooks responses, in the form of a profile."""
    space = {"f": "http://hl7.org/fhir"}
    root = ET.parse(file).getroot()  # noqa: S314 - the guide's own sources

    def value(holder: ET.Element, path: str) -> str | None:
        found = holder.find(path, space)
        return None if found is None else found.get("value")

    rows: list[Json] = []
    for element in root.iterfind("f:differential/f:element", space):
        row: Json = {"id": element.get("id")}
        minimum, maximum = value(element, "f:min"), value(element, "f:max")
        row |= {"min": int(minimum)} if minimum not in (None, "0") else {}
        row |= {"max": maximum} if maximum not in (None, "*") else {}
        row |= {"must_support": True} if value(element, "f:mustSupport") == "true" else {}
        pattern = next(
            (
                one.get("value")
                for one in element
                if one.tag.partition("}")[2].startswith("pattern")
            ),
            None,
        )
        row |= {"pattern": pattern} if pattern is not None else {}
        keys = []
        for one in element.iterfind("f:constraint", space):
            key, expression = value(one, "f:key") or "", value(one, "f:expression")
            if expression:
                severity = value(one, "f:severity")
                invariants.setdefault(key, {"severity": severity, "expression": expression})
                keys.append(key)
        row |= {"invariants": keys} if keys else {}
        if len(row) > 1:
            rows.append(row)
    url = value(root, "f:url") or file.stem
    return url, {"type": "CDSHooksResponse", "elements": rows}


if __name__ == "__main__":
    main()
