"""FHIR datatypes: select the valid parts of received elements that a response returns.

Receivers refuse a response as a whole if one value is not valid FHIR, so invalid values of a claim are
left out of its response. The stored bundle still has them.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from math import isfinite
from typing import Any, Final

from precert.fhir import systems
from precert.fhir.elements import Json
from precert.fhir.us_core import valid_extension

TypeOf = Callable[[Json], str | None]
"""Returns the type of the resource that a Reference names; ``None`` if the bundle does not have it."""

_SHAPES: Final = {
    "Address": "use:AddressUse type:AddressType text:string line:string* city:string district:string "
    "state:string postalCode:string country:string period:Period",
    "Attachment": "contentType:code language:code url:uri title:string creation:dateTime",
    "CodeableConcept": "coding:Coding* text:string",
    "Coding": "system:uri version:string code:code display:string userSelected:boolean",
    "ContactPoint": "system:ContactSystem value:string use:ContactUse rank:positiveInt period:Period",
    "HumanName": "use:NameUse text:string family:string given:string* prefix:string* suffix:string* "
    "period:Period",
    "Identifier": "use:IdentifierUse type:CodeableConcept system:uri value:string period:Period "
    "assigner:Reference(Organization)",
    "Meta": "versionId:id lastUpdated:instant source:uri profile:uri* security:Coding* tag:Coding*",
    "Money": "value:decimal currency:Currency",
    "Period": "start:dateTime end:dateTime",
    "Quantity": "value:decimal unit:string system:uri code:code",
    "Reference": "reference:string type:uri identifier:Identifier display:string",
    # Without ``repeat``, whose invariants between elements are not checked here.
    "Timing": "event:dateTime* code:CodeableConcept",
    # -- Parts of resources
    "CareTeam": "sequence:positiveInt provider:Reference(Practitioner|PractitionerRole|Organization)",
    "ClaimItem": "sequence:positiveInt careTeamSequence:positiveInt* revenue:CodeableConcept "
    "unitPrice:Money",
    "Communication": "language:CodeableConcept preferred:boolean",
    "OrganizationContact": "purpose:CodeableConcept name:HumanName telecom:ContactPoint* "
    "address:Address",
    "Qualification": "identifier:Identifier* code:CodeableConcept period:Period "
    "issuer:Reference(Organization)",
    "SupportingInfo": "category:CodeableConcept timingDate:date",
}
"""Elements with their types by datatype; ``*`` marks a list. All have ``id`` and ``extension`` too."""

_TEXT: Final = re.compile(r"[ \r\n\t\S]+")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_PATTERNS: Final[Mapping[str, re.Pattern[str]]] = {
    "code": re.compile(r"[^\s]+(\s[^\s]+)*"),
    "id": re.compile(r"[A-Za-z0-9\-.]{1,64}"),
    "uri": re.compile(r"\S+"),
    "string": _TEXT,
    "Currency": re.compile(r"[A-Z]{3}"),
}
_LARGEST: Final = 2**31 - 1
_CODES: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(codes.split())
    for name, codes in {
        "AddressType": "postal physical both",
        "AddressUse": "home work temp old billing",
        "ContactSystem": "phone fax email pager url sms other",
        "ContactUse": "home work temp old mobile",
        "Gender": "male female other unknown",
        "LocationStatus": "active",
        "IdentifierUse": "usual official temp secondary old",
        "NameUse": "usual official temp nickname anonymous old maiden",
    }.items()
}
"""Codes of FHIR's required value sets. LocationStatus has the only status that PAS permits."""

_EXTENSION_VALUES: Final = {
    **{
        f"value{one}": one
        for one in (
            *("Address", "Attachment", "CodeableConcept", "Coding", "ContactPoint", "HumanName"),
            *("Identifier", "Money", "Period", "Quantity", "Reference"),
        )
    },
    **{
        f"value{one[0].upper()}{one[1:]}": one
        for one in [
            "boolean",
            "code",
            "date",
            "dateTime",
            "decimal",
            "id",
            "instant",
            "integer",
            "positiveInt",
            "string",
            "uri",
        ]
    },
    "valueMarkdown": "string",
    "valueUrl": "uri",
    "valueCanonical": "uri",
}
"""Datatype by name of ``value[x]``, for the extensions that are returned."""

_X12_ELEMENTS: Final = {
    "certificationType": "1322",
    "nursingHomeLevelOfCare": "1337",
    "serviceItemRequestType": "1525",
}
_OF_PAS: Final[Mapping[str, tuple[str, str | None]]] = {
    systems.extension_url(name): found
    for name, found in {
        **{
            name: ("valueCodeableConcept", f"{systems.X12}/{element}")
            for name, element in _X12_ELEMENTS.items()
        },
        "authorizationNumber": ("valueString", None),
        "epsdtIndicator": ("valueBoolean", None),
        "identifierJurisdiction": ("valueCodeableConcept", None),
        "identifierSubDepartment": ("valueString", None),
        "itemTraceNumber": ("valueIdentifier", None),
        "nursingHomeResidentialStatus": ("valueCodeableConcept", None),
        "productOrServiceCodeEnd": ("valueCodeableConcept", None),
        "requestedService": ("valueReference", None),
        "revenueUnitRateLimit": ("valueDecimal", None),
    }.items()
}
"""Constraints of PAS extensions by URL: the element of the value, and the code system of its code."""


def permitted(value: object, kind: str, type_of: TypeOf) -> Any:
    """The valid parts of a value of the datatype ``kind``; ``None`` if there are none.

    ``kind`` is a key of the tables above, or ``Reference(A|B)`` with the permitted resource types.
    """
    if kind in _PRIMITIVES:
        return value if _PRIMITIVES[kind](value) else None
    if not isinstance(value, dict):
        return None
    if kind == "Extension":
        known = _extension(value, type_of)
        return known and valid_extension(known)
    name, _, targets = kind.partition("(")
    found = members(value, _SHAPES[name], type_of)
    if name == "Reference" and (targets or "reference" in found):
        found = _reference(found, targets.rstrip(")"), type_of)
    return found or None


def members(element: Json, shape: str, type_of: TypeOf) -> Json:
    """The elements of an object that ``shape`` lists, each with its valid parts."""
    found: Json = {}
    for name, value in element.items():
        kind, is_list = _parsed(shape).get(name, (None, False))
        if (
            kind is not None
            and (valid := _valid_part(value, kind, type_of, is_list=is_list)) is not None
        ):
            found[name] = valid
    for name in element:
        stem = name[1:]
        if name[:1] == "_" and (sibling := _sibling(element[name], found.get(stem), type_of)):
            kind, is_list = _parsed(shape).get(stem, ("", False))
            unchanged = found.get(stem) == element.get(stem)
            if kind in _PRIMITIVES and is_list is isinstance(sibling, list) and unchanged:
                found[name] = sibling
    return found


def _valid_part(value: object, kind: str, type_of: TypeOf, *, is_list: bool) -> Any:
    if not is_list:
        return permitted(value, kind, type_of)
    if not isinstance(value, list):
        return None
    ones = [one for each in value if (one := permitted(each, kind, type_of)) is not None]
    return ones or None


def _sibling(value: object, primitive: object, type_of: TypeOf) -> Any:
    """The valid parts of ``_name``: extensions of a primitive, or of a list of the same length."""
    if isinstance(value, list):
        known = len(primitive) if isinstance(primitive, list) else len(value)
        found = [_sibling(one, None, type_of) for one in value]
        is_whole = len(found) == known and (isinstance(primitive, list) or all(found))
        return found if is_whole and any(found) else None
    return members(value, "", type_of) if isinstance(value, dict) else None


def _reference(found: Json, targets: str, type_of: TypeOf) -> Json:
    """The Reference without ``reference`` if that names a contained resource or a wrong type.

    Its text then remains as ``display``, if the Reference has nothing else.
    """
    sent = str(found.get("reference", ""))
    kind = type_of(found)
    if sent.startswith("#") or (targets and kind is not None and kind not in targets.split("|")):
        return {name: value for name, value in found.items() if name != "reference"} or {
            "display": sent
        }
    return found


def _extension(value: Json, type_of: TypeOf) -> Json | None:
    """The extension, if it has one valid value or else valid extensions of its own."""
    url = permitted(value.get("url"), "uri", type_of)
    names = [name for name in value if name.startswith("value")]
    if url is None or len(names) > 1:
        return None
    only, system = _OF_PAS.get(url, (None, None))
    if not names:
        inner = _valid_part(value.get("extension"), "Extension", type_of, is_list=True)
        return {"url": url, "extension": inner} if inner and only is None else None
    (name,) = names
    kind = _EXTENSION_VALUES.get(name)
    found = permitted(value[name], kind, type_of) if kind else None
    if found is None or only not in (None, name):
        return None
    if system and all(one.get("system") != system for one in found.get("coding", ())):
        return None
    known = permitted(value.get("id"), "string", type_of)
    return {**({"id": known} if known else {}), "url": url, name: found}


@cache
def _parsed(shape: str) -> Mapping[str, tuple[str, bool]]:
    """The datatype of each element of a shape, and whether the element is a list."""
    found = {"id": ("string", False), "extension": ("Extension", True)}
    for one in shape.split():
        name, _, kind = one.partition(":")
        found[name] = (kind.rstrip("*"), kind.endswith("*"))
    return found


# -- Primitives ---------------------------------------------------------------------------------------


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, str) and bool(value.strip()) and bool(pattern.fullmatch(value))
    )


def _is_one_of(codes: frozenset[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in codes


def is_full_date(value: object) -> bool:
    """Whether a value is a date with its day (YYYY-MM-DD)."""
    try:
        return date.fromisoformat(str(value)).isoformat() == value
    except ValueError:
        return False


def _is_date(value: object) -> bool:
    """Whether a value is a FHIR date, which can be a year or a month alone."""
    if not isinstance(value, str) or len(value) not in map(len, ("2026", "2026-01", "2026-01-01")):
        return False
    return is_full_date(f"{value}-01-01"[: len("2026-01-01")])


def _is_instant(value: object) -> bool:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return False
    hour, minute, second = (int(value[at : at + 2]) for at in (11, 14, 17))
    return is_full_date(value[:10]) and hour < 24 and minute < 60 and second < 60


def _is_integer(value: object, least: int = -_LARGEST - 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= _LARGEST


def _is_decimal(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


_PRIMITIVES: Final[Mapping[str, Callable[[object], bool]]] = {
    **{name: _matches(pattern) for name, pattern in _PATTERNS.items()},
    **{name: _is_one_of(codes) for name, codes in _CODES.items()},
    "boolean": lambda value: isinstance(value, bool),
    "date": _is_date,
    "dateTime": lambda value: _is_date(value) or _is_instant(value),
    "decimal": _is_decimal,
    "fullDate": is_full_date,
    "instant": _is_instant,
    "integer": _is_integer,
    "positiveInt": lambda value: _is_integer(value, 1),
}
