"""The Parameters of CDex ``$submit-attachment`` (Da Vinci CDex 2.1, FHIR R4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from precert.fhir.answers import RESPONSE, is_complete, resources_in
from precert.fhir.attachments import (
    DOCUMENT_RESOURCES,
    ENTERED_IN_ERROR,
    SentFile,
    files_of_resource,
)
from precert.fhir.bundles import (
    MAX_DEPTH,
    Issue,
    UnprocessableBundleError,
    code_in,
    depth_of,
    objects,
    text,
    unknown_modifiers,
)
from precert.fhir.elements import Json
from precert.fhir.systems import LOINC

_USES: Final = ("preauthorization", "claim")


@dataclass(frozen=True)
class SubmittedAttachment:
    """The input of ``$submit-attachment``. Places are FHIRPaths."""

    tracking: tuple[str, ...]
    """TrackingId and AdminRefNumber as ``system|value``."""
    numbers: tuple[str, ...]
    """The values of these identifiers in upper case: possible precertification numbers."""
    member_id: str
    """In upper case."""
    lines: tuple[tuple[str, str], ...]
    """Each LineItem with the place of its attachment."""
    files: tuple[SentFile, ...]
    responses: tuple[tuple[str, Json], ...]
    """Each QuestionnaireResponse after its place."""
    final: bool
    """Whether no further attachments follow: Final is not false, and every QuestionnaireResponse is
    complete."""
    remarks: tuple[tuple[str, str], ...] = ()
    """The place of each part that is not used, and why."""


def read_attachment(document: object) -> SubmittedAttachment:
    """The attachments of the Parameters, with the claim, member and items that they belong to.

    Raises:
        UnprocessableBundleError: a parameter is missing or wrong; all of them are listed.
    """
    if not isinstance(document, dict) or document.get("resourceType") != "Parameters":
        raise UnprocessableBundleError(
            [Issue("structure", "Parameters", "The body must be one resource of type Parameters.")]
        )
    if depth_of(document) > MAX_DEPTH:
        message = f"The parameters must have at most {MAX_DEPTH} levels of nesting."
        raise UnprocessableBundleError([Issue("too-long", "Parameters", message)])
    read = _Parameters(document)
    issues = [*unknown_modifiers(document, "Parameters"), *read.issues()]
    if issues:
        raise UnprocessableBundleError(issues)
    known = [read.identifier("TrackingId"), read.identifier("AdminRefNumber")]
    member = read.identifier("MemberId")
    sent = [one for one in known if one]
    responses = tuple(read.responses())
    return SubmittedAttachment(
        tracking=tuple("|".join(one) for one in sent),
        numbers=tuple(value.strip().upper() for _, value in sent),
        member_id=member[1].strip().upper() if member else "",
        lines=tuple(read.lines()),
        files=tuple(read.files()),
        responses=responses,
        final=read.named("Final").get("valueBoolean") is not False
        and all(is_complete(one) for _, one in responses),
        remarks=tuple(read.remarks()),
    )


class _Parameters:
    def __init__(self, document: Json) -> None:
        self.all = objects(document, "parameter")
        self.attachments = [
            (f"Parameters.parameter[{index}]", one)
            for index, one in enumerate(self.all)
            if one.get("name") == "Attachment"
        ]

    def named(self, name: str) -> Json:
        """The first parameter of this name; empty if there is none."""
        return next((one for one in self.all if one.get("name") == name), {})

    def identifier(self, name: str) -> tuple[str, str] | None:
        """System and value of a parameter of type Identifier; ``None`` without a value."""
        found = self.named(name).get("valueIdentifier")
        value = text(found, "value")
        return (text(found, "system") or "", value) if value else None

    def issues(self) -> Iterator[Issue]:
        for name, meaning in (
            ("TrackingId", "the precertification number, or the identifier of the claim"),
            ("MemberId", "the member id"),
        ):
            if self.identifier(name) is None:
                yield _missing(name, f"{name} must be an Identifier with {meaning}.")
        if self.identifier("OrganizationId") is None and self.identifier("ProviderId") is None:
            message = "OrganizationId or ProviderId must be an Identifier with a value."
            yield _missing("OrganizationId", message)
        if self.named("AttachTo").get("valueCode") not in _USES:
            yield _missing("AttachTo", f"AttachTo must be the code {' or '.join(_USES)}.")
        if not self.attachments:
            yield _missing("Attachment", "There must be at least one Attachment with its Content.")
        final = self.named("Final")
        if final and not isinstance(final.get("valueBoolean"), bool):
            yield _missing("Final", "Final must be a boolean, true or false, or absent.")
        for place, one in self.attachments:
            yield from _issues_of_attachment(one, place)

    def lines(self) -> Iterator[tuple[str, str]]:
        """Each LineItem with the place of its attachment."""
        for place, one in self.attachments:
            for part in objects(one, "part"):
                if part.get("name") == "LineItem":
                    yield text(part, "valueString") or "", place

    def contents(self) -> Iterator[tuple[str, Json, tuple[str, ...]]]:
        """The place, resource and LOINC codes (at most one) of each Content."""
        for place, one in self.attachments:
            code = code_in(_part(one, "Code").get("valueCodeableConcept"), LOINC)
            for path, resource in _resources(one, place):
                yield path, resource, (code,) if code else ()

    def files(self) -> Iterator[SentFile]:
        for path, resource, codes in self.contents():
            if resource.get("resourceType") in DOCUMENT_RESOURCES:
                yield from files_of_resource(resource, path, codes=codes)

    def remarks(self) -> Iterator[tuple[str, str]]:
        """Resources beside a document that are none themselves, and document types without a code."""
        for place, one in self.attachments:
            code = _part(one, "Code")
            if code and code_in(code.get("valueCodeableConcept"), LOINC) is None:
                yield f"{place}.part.where(name='Code')", "not used, as it has no LOINC code"
            for path, resource in _resources(one, place):
                if resource.get("resourceType") not in {*DOCUMENT_RESOURCES, RESPONSE}:
                    types = ", ".join(sorted(DOCUMENT_RESOURCES))
                    yield path, f"not attached: send it as one of {types}, or as a {RESPONSE}"

    def responses(self) -> Iterator[tuple[str, Json]]:
        for path, resource, _ in self.contents():
            if resource.get("resourceType") == RESPONSE:
                yield path, resource


def _resources(attachment: Json, place: str) -> Iterator[tuple[str, Json]]:
    """The resources of the contents of an attachment, with their places."""
    contents = [one for one in objects(attachment, "part") if one.get("name") == "Content"]
    for index, content in enumerate(contents):
        which = f"[{index}]" if len(contents) > 1 else ""
        for path, resource in resources_in(content.get("resource")):
            yield f"{_content_path(place, which)}{path}", resource


def _issues_of_attachment(attachment: Json, place: str) -> Iterator[Issue]:
    """What is wrong with the content of one attachment."""
    sent = list(_resources(attachment, place))
    known = [one for one in sent if one[1].get("resourceType") in {*DOCUMENT_RESOURCES, RESPONSE}]
    if not known:
        types = ", ".join(sorted(DOCUMENT_RESOURCES))
        message = f"Content must be one of {types} with the content as data, or a {RESPONSE}."
        has_content = bool(_part(attachment, "Content").get("resource"))
        yield Issue("not-supported" if has_content else "required", place, message)
    for path, resource in known:
        if resource.get("status") == ENTERED_IN_ERROR:
            message = "This resource is marked as entered in error. Send the one that replaces it."
            yield Issue("business-rule", f"{path}.status", message)
        elif resource["resourceType"] != RESPONSE:
            yield from _issues_of_files(resource, path, place)


def _issues_of_files(resource: Json, path: str, place: str) -> Iterator[Issue]:
    files = list(files_of_resource(resource, path))
    if not files:
        yield Issue("required", place, "The attachment must have its content as data.")
    for file in files:
        if file.address is not None:
            message = "The content must be sent as data: documents are not retrieved from URLs."
            yield Issue("not-supported", file.place, message)


def _content_path(place: str, which: str = "") -> str:
    return f"{place}.part.where(name='Content'){which}.resource"


def _part(attachment: Json, name: str) -> Json:
    return next((one for one in objects(attachment, "part") if one.get("name") == name), {})


def _missing(name: str, message: str) -> Issue:
    return Issue("required", f"Parameters.parameter.where(name='{name}')", message)
