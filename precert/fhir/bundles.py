"""Received FHIR bundles: validation, entries, references and the profiles that they name.

Received bundles are read as JSON, element by element. Elements that are not read are ignored, as FHIR
requires; a bundle with an unknown modifier element is refused.
"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from precert.fhir import systems
from precert.fhir.elements import Json

MAX_ENTRIES: Final = 500
MAX_DEPTH: Final = 40
"""Levels of nesting; the deepest element of the guide's profiles is at 14."""
SUBMIT: Final = "$submit"
INQUIRE: Final = "$inquire"
_OPERATION_OF: Final = {
    f"{systems.PAS}/StructureDefinition/profile-{name}": operation
    for name, operation in (
        ("pas-request-bundle", SUBMIT),
        ("claim", SUBMIT),
        ("claim-update", SUBMIT),
        ("pas-inquiry-request-bundle", INQUIRE),
        ("claim-inquiry", INQUIRE),
    )
}
_PURPOSE_OF: Final = {SUBMIT: "a request", INQUIRE: "an inquiry"}


@dataclass(frozen=True)
class Issue:
    """An issue of an OperationOutcome about a received resource."""

    code: str
    """FHIR's issue-type."""
    expression: str
    """FHIRPath of the element."""
    message: str
    """What is wrong, and the valid value or the remedy."""


class UnprocessableBundleError(Exception):
    """A received resource cannot be processed; ``issues`` lists every reason."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__("unprocessable bundle")
        self.issues = tuple(issues)


@dataclass(frozen=True)
class Bundle:
    """A received bundle whose entries have resources."""

    document: Json
    entries: Mapping[str, Json] = field(repr=False)
    """Resources by ``fullUrl``, and by ``Type/id`` (of the resource and of the ``fullUrl``) if only one
    resource has it."""
    positions: Mapping[int, int] = field(repr=False)
    """Index of the entry of a resource, by the identity of the resource."""

    @property
    def first(self) -> Json:
        """The resource of the first entry: the Claim."""
        resource: Json = self.document["entry"][0]["resource"]
        return resource

    def target(self, reference: object, *types: str) -> Json | None:
        """The resource that a Reference names, in the bundle or contained in its first resource.

        ``None`` if there is none, or ``types`` are given and its type is not one of them. The version
        in a version-specific reference is ignored, as a bundle has one version of a resource.
        """
        found = self._target(reference)
        return None if found is not None and types and found["resourceType"] not in types else found

    def _target(self, reference: object) -> Json | None:
        if not isinstance(reference, dict) or not isinstance(
            url := reference.get("reference"), str
        ):
            return None
        if url.startswith("#"):
            contained = objects(self.first, "contained")
            return next((one for one in contained if one.get("id") == url[1:]), None)
        url = url.partition("/_history/")[0]
        return self.entries.get(url) or self.entries.get("/".join(url.split("/")[-2:]))

    @cached_property
    def stored(self) -> bytes:
        """The bundle as it is stored: :attr:`plain`, compressed by gzip."""
        return gzip.compress(self.plain, mtime=0)

    @cached_property
    def plain(self) -> bytes:
        """The bundle as JSON, without the data of its files."""
        return json.dumps(without_files(self.document)).encode()

    def path(self, resource: Json | None) -> str:
        """The FHIRPath of a resource of the bundle; ``Bundle`` for any other."""
        position = self.positions.get(id(resource))
        if position is not None:
            return f"Bundle.entry[{position}].resource"
        contained = objects(self.first, "contained")
        found = (at for at, one in enumerate(contained) if one is resource)
        return next((f"Bundle.entry[0].resource.contained[{at}]" for at in found), "Bundle")

    def full_url(self, resource: Json) -> str | None:
        """The ``fullUrl`` of an entry's resource, if it has one."""
        position = self.positions.get(id(resource))
        if position is None:
            return None
        url = self.document["entry"][position].get("fullUrl")
        return url if isinstance(url, str) else None


def bundle_of(document: object, *, first: str) -> Bundle:
    """A received bundle whose first entry is of the type ``first``.

    Raises:
        UnprocessableBundleError: it is not a valid collection bundle, its first entry has another type,
            a ``fullUrl`` is repeated or relative, or a modifier element is unknown.
    """
    if not isinstance(document, dict) or document.get("resourceType") != "Bundle":
        raise UnprocessableBundleError(
            [Issue("structure", "Bundle", "The body must be one resource of type Bundle.")]
        )
    if depth_of(document) > MAX_DEPTH:
        message = f"The bundle must have at most {MAX_DEPTH} levels of nesting."
        raise UnprocessableBundleError([Issue("too-long", "Bundle", message)])
    found = document.get("entry")
    if not isinstance(found, list) or not found:
        message = f"The bundle must have entries, of which the first is the {first}."
        raise UnprocessableBundleError([Issue("required", "Bundle.entry", message)])
    if len(found) > MAX_ENTRIES:
        message = f"The bundle must have at most {MAX_ENTRIES} entries."
        raise UnprocessableBundleError([Issue("too-long", "Bundle.entry", message)])
    issues = list(_issues(document, found, first))
    if issues:
        raise UnprocessableBundleError(issues)
    return _indexed(document)


def _indexed(document: Json) -> Bundle:
    found = document["entry"]
    resources = [one["resource"] for one in found]
    by_url = {one["fullUrl"]: one["resource"] for one in found if one.get("fullUrl")}
    by_id: dict[str, list[Json]] = {}
    for entry, one in zip(found, resources, strict=True):
        names = {"/".join((entry.get("fullUrl") or "").split("/")[-2:])}
        if isinstance(one.get("id"), str):
            names.add(f"{one['resourceType']}/{one['id']}")
        for name in names:
            by_id.setdefault(name, []).append(one)
    single = {name: ones[0] for name, ones in by_id.items() if len(ones) == 1}
    positions = {id(one): index for index, one in enumerate(resources)}
    return Bundle(document, {**single, **by_url}, positions)


def stored_bundle(stored: bytes, *, sent: Bundle | None = None) -> Bundle:
    """The bundle in its stored form (:attr:`Bundle.stored`), which was validated when it was received.

    If ``sent`` was stored as the same bytes, ``sent`` is returned, which saves parsing.
    """
    if sent is not None and sent.stored == stored:
        return sent
    return _indexed(json.loads(gzip.decompress(stored)))


def _issues(document: Json, found: list[Any], first: str) -> Iterator[Issue]:
    if document.get("type") != "collection":
        yield Issue("value", "Bundle.type", "The type of the bundle must be collection.")
    yield from unknown_modifiers({**document, "entry": None}, "Bundle")
    urls: set[str] = set()
    for index, entry in enumerate(found):
        path = f"Bundle.entry[{index}]"
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            yield Issue("required", f"{path}.resource", "The entry must have a resource.")
            continue
        url = entry.get("fullUrl")
        if url is not None and not isinstance(url, str):
            yield Issue("value", f"{path}.fullUrl", "The full URL must be a string.")
        elif url is not None and not _FULL_URL.match(url):
            message = "The full URL must be an http or https URL, or begin with urn:uuid:."
            yield Issue("value", f"{path}.fullUrl", message)
        elif url in urls:
            yield Issue("duplicate", f"{path}.fullUrl", "The full URL must be unique.")
        elif url is not None:
            urls.add(url)
        if index == 0 and resource["resourceType"] != first:
            yield Issue("structure", f"{path}.resource", f"The first entry must be a {first}.")
        yield from unknown_modifiers(entry, path, of_claim=resource["resourceType"] == "Claim")


_FULL_URL: Final = re.compile(r"https?://.|urn:(uuid|oid):.")
"""What a full URL begins with. FHIR permits ``urn:oid`` too."""
INFO_CANCELLED: Final = f"{systems.PAS}/StructureDefinition/modifierextension-infoCancelled"
KNOWN_MODIFIERS: Final = frozenset({INFO_CANCELLED})


def unknown_modifiers(element: object, path: str, *, of_claim: bool = False) -> Iterator[Issue]:
    """An issue for each unknown modifier element, which could change the meaning of its element.

    ``of_claim`` if the element is in a Claim, of which parts can have the flag that cancels them.
    """
    if isinstance(element, dict):
        for name, value in element.items():
            if name == "implicitRules" and value:
                message = "Implicit rules are not supported: the element must be absent."
                yield Issue("not-supported", f"{path}.implicitRules", message)
            elif name == "modifierExtension" and value:
                can_be_cancelled = of_claim and _CANCELLABLE.fullmatch(path) is not None
                yield from _unknown_extensions(value, f"{path}.{name}", cancel=can_be_cancelled)
            elif isinstance(value, dict | list):
                yield from unknown_modifiers(value, f"{path}.{name}", of_claim=of_claim)
    elif isinstance(element, list):
        for index, one in enumerate(element):
            if isinstance(one, dict | list):
                yield from unknown_modifiers(one, f"{path}[{index}]", of_claim=of_claim)


_CANCELLABLE: Final = re.compile(
    r"Bundle\.entry\[[0-9]+\]\.resource(\.(item|supportingInfo)\[[0-9]+\])?"
)
"""Paths of the elements of which the flag infoCancelled is processed."""


def _unknown_extensions(value: object, path: str, *, cancel: bool) -> Iterator[Issue]:
    for index, one in enumerate(value if isinstance(value, list) else [value]):
        if not isinstance(one, dict) or one.get("url") not in KNOWN_MODIFIERS or not cancel:
            message = "This modifier extension is not supported: it must be absent."
            yield Issue("extension", f"{path}[{index}]", message)
        elif not isinstance(one.get("valueBoolean"), bool):
            message = "This modifier extension must be a boolean, true or false."
            yield Issue("value", f"{path}[{index}].value", message)


def depth_of(value: object) -> int:
    """Levels of nesting; counting stops when there are more than :data:`MAX_DEPTH`."""
    deepest, waiting = 1, [(value, 1)]
    while waiting and deepest <= MAX_DEPTH:
        one, depth = waiting.pop()
        children = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        if children:
            deepest = max(deepest, depth + 1)
        waiting.extend((child, depth + 1) for child in children if isinstance(child, dict | list))
    return deepest


def without_files(document: Json) -> Json:
    """A copy of a bundle without the data of its files, which are stored as documents."""
    entries = [
        {**entry, "resource": _without_data(entry["resource"])} for entry in document["entry"]
    ]
    return {**document, "entry": entries}


def _without_data(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_data(one) if isinstance(one, dict | list) else one for one in value]
    is_file = isinstance(value.get("data"), str) and (
        "contentType" in value or value.get("resourceType") == "Binary"
    )
    return {
        name: _without_data(one) if isinstance(one, dict | list) else one
        for name, one in value.items()
        if not (is_file and name == "data")
    }


# -- Elements of resources ----------------------------------------------------------------------------


def objects(element: object, name: str) -> list[Json]:
    """The objects in a repeated element; other values are left out."""
    value = element.get(name) if isinstance(element, dict) else None
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(element: object, name: str) -> str | None:
    """The value of an element if it is a string that is not blank."""
    value = element.get(name) if isinstance(element, dict) else None
    return value if isinstance(value, str) and value.strip() else None


def codings(concept: object) -> Iterator[tuple[str, str]]:
    """Yield system and code of each coding of a CodeableConcept.

    The system is normalized: ``http`` is replaced by ``https``, and an alias by its code system.
    """
    for one in objects(concept, "coding"):
        system, code = text(one, "system"), text(one, "code")
        if system and code:
            secure = system.replace("http://", "https://", 1)
            yield systems.ALIASES.get(secure, secure).replace("http://", "https://", 1), code


def code_in(concept: object, system: str) -> str | None:
    """The first code of a CodeableConcept in a code system."""
    secure = system.replace("http://", "https://", 1)
    return next((code for found, code in codings(concept) if found == secure), None)


def extension_of(element: object, url: str) -> Json | None:
    """The first extension with this URL."""
    return next((one for one in objects(element, "extension") if one.get("url") == url), None)


def identifier(element: object, *systems: str) -> str | None:
    """The value of the first identifier in one of the systems."""
    for one in objects(element, "identifier"):
        if text(one, "system") in systems:
            return text(one, "value")
    return None


def day_of(value: object) -> str | None:
    """The date part (YYYY-MM-DD) of a FHIR date or dateTime; ``None`` for a year or month alone."""
    whole = 10
    return value[:whole] if isinstance(value, str) and len(value) >= whole else None


def require_profiles_of(operation: str, bundle: Bundle) -> None:
    """Require that the bundle and its claim name no profile of the other operation.

    Other profiles, also unknown ones, are accepted, with or without a version.

    Raises:
        UnprocessableBundleError: each profile of the other operation is listed.
    """
    issues = [
        Issue(
            "business-rule",
            place,
            f"This is a profile of {_PURPOSE_OF[other]}: send the bundle to Claim/{other}, or name the "
            f"profile of {_PURPOSE_OF[operation]}.",
        )
        for place, profile in _profiles(bundle)
        if (other := _OPERATION_OF.get(profile, operation)) != operation
    ]
    if issues:
        raise UnprocessableBundleError(issues)


def _profiles(bundle: Bundle) -> Iterator[tuple[str, str]]:
    """The place and the URL, without its version, of each profile of the bundle and of its claim."""
    resources: tuple[tuple[str, Json], ...] = (("Bundle", bundle.document), ("Claim", bundle.first))
    for path, resource in resources:
        meta = resource.get("meta")
        found = meta.get("profile") if isinstance(meta, dict) else None
        for index, one in enumerate(found if isinstance(found, list) else []):
            yield f"{path}.meta.profile[{index}]", str(one).partition("|")[0]
