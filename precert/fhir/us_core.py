"""Validation of the US Core 7.0.0 extensions of a party, such as race.

The extensions are optional, so a response leaves out invalid ones. Of detailed races and ethnicities,
whose value sets have more than 900 codes, only the code system is checked.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from precert.fhir.elements import Json

CDC_RACE: Final = "urn:oid:2.16.840.1.113883.6.238"
NULL_FLAVOR: Final = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
_UNKNOWN: Final = frozenset({(NULL_FLAVOR, "UNK"), (NULL_FLAVOR, "ASKU")})
_RACES: Final = frozenset(
    (CDC_RACE, code) for code in ("1002-5", "2028-9", "2054-5", "2076-8", "2106-3")
)
_ETHNICITIES: Final = frozenset((CDC_RACE, code) for code in ("2135-2", "2186-5"))
_BIRTH_SEXES: Final = frozenset({"F", "M", "UNK"})
"""The codes that are in every version of US Core."""


def _url(name: str) -> str:
    return f"http://hl7.org/fhir/us/core/StructureDefinition/us-core-{name}"


class _Part(NamedTuple):
    """The constraints of an extension within an extension."""

    value: str
    """The element of the value."""
    codes: Collection[tuple[str, str]] = ()
    """System and code of each member of its value set; empty if the members are not listed."""
    system: str | None = None
    """The code system of a Coding whose codes are not listed."""
    maximum: int | None = 1
    """How often the part can occur; ``None`` for any number."""

    def has(self, part: Json) -> bool:
        """Whether the value has the datatype and is in the value set."""
        value = part.get(self.value)
        if value is None:
            return False
        if self.codes:
            return (value.get("system"), value.get("code")) in self.codes
        return self.system is None or (value.get("system") == self.system and "code" in value)


_VALUES: Final[Mapping[str, tuple[str, Collection[str]]]] = {
    _url("birthsex"): ("valueCode", _BIRTH_SEXES),
    _url("sex"): ("valueCode", ()),
    _url("genderIdentity"): ("valueCodeableConcept", ()),
}
"""The element of the value, and its codes if US Core requires them, of extensions without parts."""
_DETAILED: Final = _Part("valueCoding", system=CDC_RACE, maximum=None)
_PARTS: Final[Mapping[str, tuple[str, Mapping[str, _Part]]]] = {
    _url("race"): (
        "text",
        {
            "ombCategory": _Part("valueCoding", codes=_RACES | _UNKNOWN, maximum=6),
            "detailed": _DETAILED,
            "text": _Part("valueString"),
        },
    ),
    _url("ethnicity"): (
        "text",
        {
            "ombCategory": _Part("valueCoding", codes=_ETHNICITIES),
            "detailed": _DETAILED,
            "text": _Part("valueString"),
        },
    ),
    _url("tribal-affiliation"): (
        "tribalAffiliation",
        {
            "tribalAffiliation": _Part("valueCodeableConcept"),
            "isEnrolled": _Part("valueBoolean"),
        },
    ),
}
"""The required part, and all parts by name, of extensions with parts."""
_ONCE: Final = frozenset(map(_url, ("race", "ethnicity", "birthsex", "sex")))
"""Extensions that a patient can have only once."""


def valid_extension(extension: Json) -> Json | None:
    """The extension with its valid parts; ``None`` if it is invalid, or a required part is.

    Extensions of other guides are returned unchanged.
    """
    url = extension["url"]
    if url in _VALUES:
        name, codes = _VALUES[url]
        is_valid = name in extension and (not codes or extension[name] in codes)
        return extension if is_valid else None
    if url not in _PARTS:
        return extension
    required, known = _PARTS[url]
    parts = [
        one
        for one in extension.get("extension", ())
        if one["url"] not in known or known[one["url"]].has(one)
    ]
    for name, part in known.items():
        if _is_contradictory(named := [one for one in parts if one["url"] == name], part):
            parts = [one for one in parts if one not in named]
    if all(one["url"] != required for one in parts):
        return None
    return {**extension, "extension": parts}


def first_of_each(extensions: Sequence[Json]) -> Iterator[Json]:
    """Yield the extensions of a patient without repetitions of those that can occur only once."""
    seen: set[str] = set()
    for one in extensions:
        if one["url"] not in seen:
            yield one
        if one["url"] in _ONCE:
            seen.add(one["url"])


def _is_contradictory(parts: Sequence[Json], part: _Part) -> bool:
    """Whether there are more parts than permitted, or a category in addition to an unknown one."""
    if part.maximum is not None and len(parts) > part.maximum:
        return True
    unknown = [one for one in parts if part.codes and one[part.value].get("system") == NULL_FLAVOR]
    return bool(unknown) and len(parts) > 1
