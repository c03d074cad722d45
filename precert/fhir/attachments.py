"""The files in a received bundle or resource.

A file is an ``Attachment`` with data in a resource, a Binary, or an attachment in
``Claim.supportingInfo``. A DocumentReference can refer to a Binary of its bundle.
Nothing is retrieved from other URLs.
"""

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha1
from typing import Final

from precert.fhir import systems
from precert.fhir.bundles import INFO_CANCELLED, Bundle, code_in, objects, text
from precert.fhir.elements import Json

_ATTACHMENTS_OF: Final = {"DocumentReference": "content", "DiagnosticReport": "presentedForm"}
DOCUMENT_RESOURCES: Final = frozenset({*_ATTACHMENTS_OF, "Binary"})
"""Resource types that represent a document. Other resources can contain an ``Attachment`` as well."""


@dataclass(frozen=True)
class SentFile:
    """A received file.

    ``body`` is ``None`` if there is no content, it is not valid base64, or its size or hash is not the
    stated one.
    """

    place: str
    """FHIRPath of the element with the file."""
    title: str | None
    content_type: str
    body: bytes | None
    codes: tuple[str, ...] = ()
    """LOINC codes of the document type."""
    address: str | None = None
    """The URL of the content, if the content itself was not sent."""


def files_of_bundle(bundle: Bundle) -> tuple[SentFile, ...]:
    """The files of a claim's bundle, in the order of ``supportingInfo`` and then of the entries."""
    found: list[SentFile] = []
    seen: set[int] = set()
    claim = bundle.first
    for index, info in enumerate(objects(claim, "supportingInfo")):
        target = bundle.target(info.get("valueReference"))
        codes = _loinc_of(info.get("code"))
        if _is_cancelled(info) or _is_entered_in_error(target):
            # Withdrawn supporting information is not attached, even if it is an entry of the bundle.
            seen |= {id(target)} if target is not None else set()
        elif isinstance(attachment := info.get("valueAttachment"), dict):
            place = f"{bundle.path(claim)}.supportingInfo[{index}].valueAttachment"
            found.append(_of_attachment(attachment, place, codes, bundle, seen))
        elif target is not None and id(target) not in seen:
            seen.add(id(target))
            found += files_of_resource(target, bundle.path(target), bundle, codes, seen)
    seen |= {
        id(one["resource"])
        for one in bundle.document["entry"]
        if _is_entered_in_error(one["resource"])
    }
    for entry in bundle.document["entry"]:
        resource = entry["resource"]
        # Documents first: a Binary is read with the document that refers to it.
        if id(resource) not in seen and resource["resourceType"] in _ATTACHMENTS_OF:
            seen.add(id(resource))
            found += files_of_resource(resource, bundle.path(resource), bundle, (), seen)
    for entry in bundle.document["entry"]:
        resource = entry["resource"]
        if id(resource) not in seen and resource["resourceType"] not in _ATTACHMENTS_OF:
            seen.add(id(resource))
            if resource is not claim:
                found += files_of_resource(resource, bundle.path(resource), bundle, (), seen)
    return tuple(found)


def files_of_resource(
    resource: Json,
    path: str,
    bundle: Bundle | None = None,
    codes: tuple[str, ...] = (),
    seen: set[int] | None = None,
) -> Iterator[SentFile]:
    """Yield the files of one resource.

    ``path`` is its FHIRPath. ``codes`` are LOINC codes from its context; if empty, those of the
    resource are used. The identities of Binaries that it refers to are added to ``seen``.
    """
    seen = set() if seen is None else seen
    kind = resource["resourceType"]
    if kind == "Binary":
        content_type = text(resource, "contentType") or ""
        body = _decoded(resource.get("data"))
        yield SentFile(f"{path}.data", None, content_type, body, codes)
        return
    element = _ATTACHMENTS_OF.get(kind)
    if element is None:
        # The files of a QuestionnaireResponse are read with its answers.
        if kind != "QuestionnaireResponse":
            for place, attachment in _attachments_in(resource, path):
                yield _of_attachment(attachment, place, codes, bundle, seen)
        return
    codes = codes or _loinc_of(resource.get("type")) or _loinc_of(resource.get("code"))
    for index, one in enumerate(objects(resource, element)):
        attachment, place = one, f"{path}.{element}[{index}]"
        if element == "content":
            found = one.get("attachment")
            attachment, place = found if isinstance(found, dict) else {}, f"{place}.attachment"
        title = text(attachment, "title") or text(resource, "description")
        yield _of_attachment({**attachment, "title": title}, place, codes, bundle, seen)


def _attachments_in(element: object, path: str) -> Iterator[tuple[str, Json]]:
    """The place and the Attachment, for each with data at any depth of a resource."""
    if isinstance(element, dict):
        if isinstance(element.get("data"), str) and "contentType" in element:
            yield path, element
            return
        for name, value in element.items():
            if isinstance(value, dict | list):
                yield from _attachments_in(value, f"{path}.{name}")
    elif isinstance(element, list):
        for index, one in enumerate(element):
            if isinstance(one, dict | list):
                yield from _attachments_in(one, f"{path}[{index}]")


def _of_attachment(
    attachment: Json, place: str, codes: tuple[str, ...], bundle: Bundle | None, seen: set[int]
) -> SentFile:
    title, content_type = text(attachment, "title"), text(attachment, "contentType") or ""
    url = text(attachment, "url")
    body = _whole(_decoded(attachment.get("data")), attachment)
    if "data" not in attachment and bundle is not None and url:
        target = bundle.target({"reference": url})
        if target is not None and target["resourceType"] == "Binary":
            seen.add(id(target))
            content_type = content_type or text(target, "contentType") or ""
            return SentFile(place, title, content_type, _decoded(target.get("data")), codes)
    return SentFile(
        place, title, content_type, body, codes, address=None if "data" in attachment else url
    )


def _whole(body: bytes | None, attachment: Json) -> bytes | None:
    """The content; ``None`` if the Attachment states another size or hash (SHA-1 in FHIR)."""
    size, digest = attachment.get("size"), _decoded(attachment.get("hash"))
    if body is None or (isinstance(size, int) and size != len(body)):
        return None
    is_other = digest and digest != sha1(body, usedforsecurity=False).digest()
    return None if is_other else body


def _decoded(data: object) -> bytes | None:
    """The bytes of a base64Binary, in which white space is ignored; ``None`` if it is not valid."""
    if not isinstance(data, str):
        return None
    try:
        return b64decode("".join(data.split()), validate=True)
    except ValueError:
        return None


def _loinc_of(concept: object) -> tuple[str, ...]:
    code = code_in(concept, systems.LOINC)
    return (code,) if code else ()


ENTERED_IN_ERROR: Final = "entered-in-error"
"""The status of a resource that its author withdrew."""


def withdrawn_places(bundle: Bundle) -> Iterator[str]:
    """The FHIRPaths of documents and QuestionnaireResponses with the status entered-in-error.

    They are not read.
    """
    for entry in bundle.document["entry"]:
        resource = entry["resource"]
        types = {*DOCUMENT_RESOURCES, "QuestionnaireResponse"}
        if resource["resourceType"] in types and _is_entered_in_error(resource):
            yield bundle.path(resource)


def _is_entered_in_error(resource: Json | None) -> bool:
    return resource is not None and resource.get("status") == ENTERED_IN_ERROR


def _is_cancelled(info: Json) -> bool:
    flags = objects(info, "modifierExtension")
    return any(
        one.get("url") == INFO_CANCELLED and one.get("valueBoolean") is True for one in flags
    )
