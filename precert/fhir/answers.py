"""The answers in QuestionnaireResponses, as text documents of a request.

Each answered section of one of the payer's questionnaires becomes a document with its questions and
answers. If the response is completed and all required questions of the section are answered, the
document has the document type that the section collects, and counts as that required documentation. A
response to any other questionnaire becomes one document without a type.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from precert.domain.questionnaires import Family, Questionnaires
from precert.fhir.attachments import ENTERED_IN_ERROR
from precert.fhir.bundles import Bundle, objects, text
from precert.fhir.elements import Json
from precert.fhir.questionnaires import answered_links

_COMPLETED: Final = frozenset({"completed", "amended"})
_MAX_LINES: Final = 2000
_UNKNOWN: Final = "Questionnaire response"


@dataclass(frozen=True)
class SentAttachment:
    """The ``valueAttachment`` of an answer. ``body`` is ``None`` if the data is not valid base64."""

    title: str | None
    content_type: str
    body: bytes | None


@dataclass(frozen=True)
class AnsweredSection:
    """The answers of one section, as the lines of a text document.

    ``document`` is the payer's code of the required document that the answers replace; ``None`` if the
    section is not complete or not of one of the payer's questionnaires.
    """

    place: str
    """FHIRPath of the QuestionnaireResponse."""
    title: str
    lines: tuple[str, ...]
    document: str | None = None
    attachments: tuple[SentAttachment, ...] = field(default=(), repr=False)

    @property
    def body(self) -> bytes:
        """The document in UTF-8."""
        return "\n".join([*self.lines, ""]).encode()


RESPONSE: Final = "QuestionnaireResponse"


def resources_in(content: object) -> Iterator[tuple[str, Json]]:
    """Yield the path and the resource; of a Bundle, as DTR sends responses, each of its resources.

    The path is relative to ``content``, and empty for ``content`` itself.
    """
    if not isinstance(content, dict):
        return
    if content.get("resourceType") != "Bundle":
        yield "", content
        return
    for index, entry in enumerate(objects(content, "entry")):
        one = entry.get("resource")
        if isinstance(one, dict):
            yield f".entry[{index}].resource", one


def is_complete(response: Json) -> bool:
    """Whether the status of a QuestionnaireResponse is ``completed`` or ``amended``."""
    return response.get("status") in _COMPLETED


def responses_of(bundle: Bundle) -> list[Json]:
    """The QuestionnaireResponses of a claim's bundle, each once: those in supportingInfo first.

    Responses that are entered in error are left out.
    """
    named = [
        bundle.target(info.get("valueReference"))
        for info in objects(bundle.first, "supportingInfo")
    ]
    entries = [entry["resource"] for entry in bundle.document["entry"]]
    found: list[Json] = []
    for one in (*named, *entries):
        if one is None or one["resourceType"] != RESPONSE:
            continue
        if one.get("status") == ENTERED_IN_ERROR:
            continue
        if not any(one is each for each in found):
            found.append(one)
    return found


def answered_sections(
    response: Json, place: str, data: Questionnaires
) -> Iterator[AnsweredSection]:
    """Yield the sections of a response that have answers; ``place`` is its FHIRPath."""
    canonical = text(response, "questionnaire") or ""
    family = data.family_at(canonical)
    head = [f"{family.title if family else _UNKNOWN} ({canonical or 'no questionnaire'})"]
    head += [f"Answered: {at}"] if (at := text(response, "authored")) else []
    items = list(_items(response))
    if family is None:
        lines = [line for one in items for line in _written(one, {})]
        if lines:
            files = tuple(file for one in items for file in _files(one))
            yield AnsweredSection(
                place, _UNKNOWN, tuple([*head, "", *lines][:_MAX_LINES]), attachments=files
            )
        return
    yield from _of_family(response, place, family, data, head, items)


def _of_family(
    response: Json,
    place: str,
    family: Family,
    data: Questionnaires,
    head: Sequence[str],
    items: Sequence[Json],
) -> Iterator[AnsweredSection]:
    """The answered sections of one of the payer's questionnaires."""
    by_link = {link: one for one in items if (link := text(one, "linkId"))}
    answered = data.answered_documents(family, answered_links(response))
    complete = is_complete(response)
    texts = {one.link_id: one.text for one in data.about.questions}
    about = [line for link in texts if link in by_link for line in _written(by_link[link], texts)]
    for code, section in data.sections_of(family):
        words = {one.link_id: one.text for one in section.questions}
        found = [by_link[link] for link in words if link in by_link]
        lines = [line for one in found for line in _written(one, words)]
        if lines:
            yield AnsweredSection(
                place,
                section.title,
                tuple([*head, "", *about, "", section.title, "", *lines][:_MAX_LINES]),
                code if complete and code in answered else None,
                tuple(file for one in found for file in _files(one)),
            )


def _items(holder: Json) -> Iterator[Json]:
    """Every item of a response at any depth, in document order."""
    for one in objects(holder, "item"):
        yield one
        yield from _items(one)
        for answer in objects(one, "answer"):
            yield from _items(answer)


def _written(item: Json, texts: Mapping[str, str]) -> Iterator[str]:
    """The line of a question and one line for each answer; nothing for a question without answers."""
    values = [value for one in objects(item, "answer") if (value := _value(one)) is not None]
    if values:
        link = text(item, "linkId") or ""
        yield texts.get(link) or text(item, "text") or link
        yield from (f"  {value}" for value in values)


def _value(answer: Json) -> str | None:
    for name, value in answer.items():
        if not name.startswith("value"):
            continue
        if name == "valueAttachment":
            return f"Attached: {text(value, 'title') or 'a file'}"
        if name == "valueBoolean":
            return "Yes" if value is True else "No"
        if name == "valueCoding":
            return " ".join(filter(None, (text(value, "code"), text(value, "display")))) or None
        if name == "valueQuantity":
            number = value.get("value") if isinstance(value, dict) else None
            unit = text(value, "unit") or text(value, "code") or ""
            return f"{number} {unit}".strip() if number is not None else None
        if isinstance(value, str | int | float) and value != "":
            return " ".join(str(value).split())
    return None


def _files(item: Json) -> Iterator[SentAttachment]:
    for answer in objects(item, "answer"):
        sent = answer.get("valueAttachment")
        data = text(sent, "data")
        if isinstance(sent, dict) and data is not None:
            content_type = text(sent, "contentType") or ""
            yield SentAttachment(text(sent, "title"), content_type, _decoded(data))


def _decoded(data: str) -> bytes | None:
    try:
        return b64decode("".join(data.split()), validate=True)
    except ValueError:
        return None
