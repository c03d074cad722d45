"""Facts of a guide's FHIR Shorthand sources are those that its profiles state."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tools.fsh_facts import Guide

CONFIG: Final = """\
id: sample
canonical: http://example.org/fhir
version: 1.2.3
license: CC0-1.0
dependencies:
  hl7.fhir.us.core:
    version: 7.0.0
"""
SOURCE: Final = '''\
Alias: $cpt = http://www.ama-assn.org/go/cpt

/* A comment with * rules and "quotes" */
Profile: SampleOrder
Parent: USCoreServiceRequestProfile|7.0.0
Id: sample-order
Description: """A text:
* that is no rule"""
* obeys sample-1 and sample-2 // a comment
* extension contains SampleNote named note 1..* MS and http://example.org/other named other 0..1
* status MS
  * ^short = "A text with http://example.org"
* code 1..1 MS
* code = $cpt#99213
* intent from OrderIntent (required)
* category from OrderIntent (example)
* subject only Reference(USCorePatientProfile or Group)
* identifier ^slicing.discriminator.type = #pattern
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #closed
* identifier contains own 0..1
* identifier[own].system = "urn:own" (exactly)

Extension: SampleNote
Id: ext-note
* extension contains
    kind 1..1 MS and
    text 0..*
* extension[kind].value[x] only code
* extension[text]
  * valueString 1..1

Profile: SmallerOrder
Parent: SampleOrder
Id: smaller-order
* code 0..0

Invariant: sample-1
Description: "A rule"
Severity: #error
Expression: "code.exists() or text = \\"x\\""

CodeSystem: Kinds
Id: kinds
* #order "Order"
  * #draft "Draft"

ValueSet: OrderIntent
Id: order-intent
* include codes from system Kinds
* $cpt#1

Instance: order-example
InstanceOf: SampleOrder
* code = #x
'''


@pytest.fixture
def facts(tmp_path: Path) -> Any:
    (tmp_path / "sushi-config.yaml").write_text(CONFIG, encoding="utf-8")
    fsh = tmp_path / "input" / "fsh"
    fsh.mkdir(parents=True)
    (fsh / "a.fsh").write_text(SOURCE, encoding="utf-8")
    return Guide(tmp_path).facts()


def elements(facts: Any, name: str) -> dict[str, Any]:
    rows = facts["profiles"][f"http://example.org/fhir/StructureDefinition/{name}"]["elements"]
    return {row["id"].partition(".")[2]: row for row in rows}


def test_version_is_that_of_the_guide_when_it_depends_on_others(facts: Any) -> None:
    assert (facts["package"], facts["version"]) == ("hl7.fhir.us.sample", "1.2.3")


def test_constraints_are_facts_when_a_profile_states_them(facts: Any) -> None:
    rows = elements(facts, "sample-order")
    assert rows[""]["invariants"] == ["sample-1", "sample-2"]
    note, other = rows["extension:note"], rows["extension:other"]
    assert note["profiles"] == ["http://example.org/fhir/StructureDefinition/ext-note"]
    assert (note["min"], note["must_support"], other["max"]) == (1, True, "1")
    assert rows["status"] == {"id": "ServiceRequest.status", "must_support": True}
    coding = {"system": "http://www.ama-assn.org/go/cpt", "code": "99213"}
    assert rows["code"]["pattern"] == {"coding": [coding]}
    intent = "http://example.org/fhir/ValueSet/order-intent"
    assert rows["intent"]["binding"] == ["required", intent]
    assert "category" not in rows
    assert rows["identifier"]["slicing"] == {"by": [["pattern", "system"]], "closed": True}
    assert rows["identifier:own.system"]["fixed"] == "urn:own"
    assert len(rows["subject"]["targets"]) == 2
    assert facts["value_sets"][intent] == [
        ["http://example.org/fhir/CodeSystem/kinds", "order"],
        ["http://example.org/fhir/CodeSystem/kinds", "draft"],
        ["http://www.ama-assn.org/go/cpt", "1"],
    ]
    assert facts["invariants"]["sample-1"] == {
        "severity": "error",
        "expression": 'code.exists() or text = "x"',
    }


def test_parts_are_slices_when_an_extension_has_them(facts: Any) -> None:
    rows = elements(facts, "ext-note")
    assert rows["url"]["fixed"] == "http://example.org/fhir/StructureDefinition/ext-note"
    assert rows["extension"]["slicing"] == {"by": [["value", "url"]], "closed": False}
    assert (rows["extension:kind"]["min"], rows["extension:kind"]["must_support"]) == (1, True)
    assert rows["extension:kind.url"]["fixed"] == "kind"
    assert rows["extension:kind.value[x]"]["types"] == ["code"]
    assert rows["extension:text.value[x]"]["min"] == 1


def test_constraints_of_the_parent_hold_when_a_profile_derives_from_another(facts: Any) -> None:
    rows = elements(facts, "smaller-order")
    assert rows["code"]["max"] == "0"
    assert rows["extension:note"]["min"] == 1


@pytest.mark.parametrize(("name", "version"), [("crd", "2.2.1"), ("dtr", "2.2.0")])
def test_facts_are_of_the_supported_version_when_they_are_read(name: str, version: str) -> None:
    text = Path(f"data/fhir/{name}.json").read_text(encoding="utf-8")
    assert json.loads(text)["version"] == version
