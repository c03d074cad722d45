"""Files within a received bundle or in a received resource, and the bundle without them.

A file is an ``Attachment`` with data in a DocumentReference or DiagnosticReport, a Binary, or an
attachment in ``Claim.supportingInfo``. A DocumentReference may refer to a Binary of its bundle.
Nothing is retrieved from other addresses.
"""

from base64 import b64decode
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from precert.fhir import systems
from precert.fhir.bundles import INFO_CANCELLED, Bundle, code_in, objects, text
from precert.fhir.elements import Json

_ATTACHMENTS_OF: Final = {"DocumentReference": "content", "DiagnosticReport": "presentedForm"}
FILED_RESOURCES: Final = frozenset({*_ATTACHMENTS_OF, "Binary"})
"""Types of resources that can have a file."""


@dataclass(frozen=True)
class SentFile:
    """A file as it was sent. ``body`` is ``None`` where there is no content, or none in base64."""

    place: str
    """FHIRPath of the element."""
    title: str | None
    content_type: str
    body: bytes | None
    codes: tuple[str, ...] = ()
    """LOINC codes of what it is."""
    address: str | None = None
    """Where the content is, if it was not sent."""


def files_of_bundle(bundle: Bundle) -> tuple[SentFile, ...]:
    """The files of a claim's bundle, in the order of ``supportingInfo`` and then of the entries."""
    found: list[SentFile] = []
    seen: set[int] = set()
    claim = bundle.first
    for index, info in enumerate(objects(claim, "supportingInfo")):
        target = bundle.target(info.get("valueReference"))
        codes = _loinc_of(info.get("code"))
        if _is_cancelled(info):
            # Withdrawn supporting information is not attached, also where it is an entry.
            seen |= {id(target)} if target is not None else set()
        elif isinstance(attachment := info.get("valueAttachment"), dict):
            place = f"{bundle.path(claim)}.supportingInfo[{index}].valueAttachment"
            found.append(_of_attachment(attachment, place, codes, bundle, seen))
        elif target is not None and id(target) not in seen:
            seen.add(id(target))
            found += files_of_resource(target, bundle.path(target), bundle, codes, seen)
    for entry in bundle.document["entry"]:
        resource = entry["resource"]
        # A Binary is that of the document that refers to it, wherever that is.
        if id(resource) not in seen and resource["resourceType"] in _ATTACHMENTS_OF:
            seen.add(id(resource))
            found += files_of_resource(resource, bundle.path(resource), bundle, (), seen)
    for entry in bundle.document["entry"]:
        resource = entry["resource"]
        if id(resource) not in seen and resource["resourceType"] == "Binary":
            found += files_of_resource(resource, bundle.path(resource), bundle, (), seen)
    return tuple(found)


def files_of_resource(
    resource: Json,
    path: str,
    bundle: Bundle | None = None,
    codes: tuple[str, ...] = (),
    seen: set[int] | None = None,
) -> Iterator[SentFile]:
    """The files of one resource; ``seen`` gets the Binaries that it refers to."""
    seen = set() if seen is None else seen
    kind = resource["resourceType"]
    if kind == "Binary":
        content_type = text(resource, "contentType") or ""
        body = _decoded(resource.get("data"))
        yield SentFile(f"{path}.data", None, content_type, body, codes)
        return
    element = _ATTACHMENTS_OF.get(kind)
    if element is None:
        return
    codes = codes or _loinc_of(resource.get("type")) or _loinc_of(resource.get("code"))
    for index, one in enumerate(objects(resource, element)):
        attachment, place = one, f"{path}.{element}[{index}]"
        if element == "content":
            found = one.get("attachment")
            attachment, place = found if isinstance(found, dict) else {}, f"{place}.attachment"
        title = text(attachment, "title") or text(resource, "description")
        yield _of_attachment({**attachment, "title": title}, place, codes, bundle, seen)


def _of_attachment(
    attachment: Json, place: str, codes: tuple[str, ...], bundle: Bundle | None, seen: set[int]
) -> SentFile:
    title, content_type = text(attachment, "title"), text(attachment, "contentType") or ""
    url = text(attachment, "url")
    body = _decoded(attachment.get("data"))
    if "data" not in attachment and bundle is not None and url:
        target = bundle.target({"reference": url})
        if target is not None and target["resourceType"] == "Binary":
            seen.add(id(target))
            content_type = content_type or text(target, "contentType") or ""
            return SentFile(place, title, content_type, _decoded(target.get("data")), codes)
    return SentFile(
        place, title, content_type, body, codes, address=None if "data" in attachment else url
    )


def _decoded(data: object) -> bytes | None:
    """The bytes of a base64Binary, which may have blanks; ``None`` if it is none."""
    if not isinstance(data, str):
        return None
    try:
        return b64decode("".join(data.split()), validate=True)
    except ValueError:
        return None


def _loinc_of(concept: object) -> tuple[str, ...]:
    code = code_in(concept, systems.LOINC)
    return (code,) if code else ()


def _is_cancelled(info: Json) -> bool:
    flags = objects(info, "modifierExtension")
    return any(
        one.get("url") == INFO_CANCELLED and one.get("valueBoolean") is True for one in flags
    )


def without_files(document: Json) -> Json:
    """A copy of a bundle without the data of its files, which are documents of the request."""
    copy: Json = deepcopy({**document, "entry": []})
    copy["entry"] = [
        {**deepcopy({**entry, "resource": None}), "resource": _without_data(entry["resource"])}
        for entry in document["entry"]
    ]
    return copy


def _without_data(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_data(one) for one in value]
    if not isinstance(value, dict):
        return value
    is_file = isinstance(value.get("data"), str) and (
        "contentType" in value or value.get("resourceType") == "Binary"
    )
    return {
        name: _without_data(one) for name, one in value.items() if not (is_file and name == "data")
    }
