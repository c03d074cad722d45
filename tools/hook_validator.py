"""Check responses of CDS Hooks services against CDS Hooks 2.0 and Da Vinci CRD."""

from collections.abc import Iterator
from typing import Any, Final

from tools.fhir_validator import Finding, base_findings, pas_validator

Json = dict[str, Any]
CRD: Final = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition"
COVERAGE_INFORMATION: Final = f"{CRD}/ext-coverage-information"
_MEMBERS: Final = frozenset({"cards", "systemActions", "extension"})
_CARD: Final = {"summary": str, "indicator": str, "source": dict}
_INDICATORS: Final = frozenset({"info", "warning", "critical"})
_MAX_SUMMARY: Final = 140


def hook_findings(response: Json) -> list[Finding]:
    """The violations in a response, sorted and without repetition.

    Of updated resources, only the coverage information is checked, as the rest is the client's.
    """
    return sorted(set(_of_response(response)))


def _of_response(response: Json) -> Iterator[Finding]:
    cards, actions = response.get("cards"), response.get("systemActions", [])
    for name, values in (("cards", cards), ("systemActions", actions)):
        if not isinstance(values, list):
            yield Finding(name, "must be a list")
            return
    for unknown in response.keys() - _MEMBERS:
        yield Finding(unknown, "is not a member of a response")
    for index, card in enumerate(response["cards"]):
        yield from _of_card(card, f"cards[{index}]")
    yield from pas_validator().element_findings(response, f"{CRD}/CRDHooksResponseBase", "response")
    if actions:
        profile = f"{CRD}/CRDHooksResponse-coverageInformation"
        yield from pas_validator().element_findings(response, profile, "response")
    for index, action in enumerate(actions):
        yield from _of_action(action, f"systemActions[{index}]")


def _of_card(card: Json, path: str) -> Iterator[Finding]:
    for name, kind in _CARD.items():
        if not isinstance(card.get(name), kind):
            yield Finding(f"{path}.{name}", "is required")
    if len(card.get("summary", "")) > _MAX_SUMMARY:
        yield Finding(f"{path}.summary", f"has more than {_MAX_SUMMARY} characters")
    if card.get("indicator") not in _INDICATORS:
        yield Finding(f"{path}.indicator", f"must be one of {sorted(_INDICATORS)}")


def _of_action(action: Json, path: str) -> Iterator[Finding]:
    if not isinstance(action.get("description"), str):
        yield Finding(f"{path}.description", "is required")
    for extension in action.get("resource", {}).get("extension", ()):
        if isinstance(extension, dict) and extension.get("url") == COVERAGE_INFORMATION:
            yield from coverage_findings(extension, f"{path}.resource")


def coverage_findings(extension: Json, path: str) -> Iterator[Finding]:
    """The violations in an extension coverage-information; ``path`` is its place in findings."""
    holder = {"resourceType": "Basic", "code": {"text": "-"}, "extension": [extension]}
    for one in base_findings(holder):
        yield Finding(f"{path}.{one.path}", one.message)
    yield from pas_validator().element_findings(extension, COVERAGE_INFORMATION, path)
