"""The answers in QuestionnaireResponses, as text documents of a request.

Each answered section of one of the payer's questionnaires becomes a document with its questions and
answers. If the response is completed and all required questions of the section are answered, the
document has the document type that the section collects, and counts as that required documentation. A
response to any other questionnaire becomes one document without a type.
"""

import json
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
_OTHER: Final = "Answers to other questions"
"""Those to questions that the current version of the questionnaire does not have."""


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


def responses_of(bundle: Bundle) -> list[tuple[str, Json]]:
    """The QuestionnaireResponses of a claim's bundle, each once, with its FHIRPath.

    Those in supportingInfo are first. A response can be in a Bundle, as DTR sends them. Responses that
    are entered in error are left out.
    """
    named = [
        bundle.target(info.get("valueReference"))
        for info in objects(bundle.first, "supportingInfo")
    ]
    entries = [entry["resource"] for entry in bundle.document["entry"]]
    found: list[tuple[str, Json]] = []
    for sent in (*named, *entries):
        for path, one in resources_in(sent):
            if one.get("resourceType") != RESPONSE or one.get("status") == ENTERED_IN_ERROR:
                continue
            if not any(one is each for _, each in found):
                found.append((f"{bundle.path(sent)}{path}", one))
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
            yield AnsweredSection(place, _UNKNOWN, _limited([*head, "", *lines]), attachments=files)
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
    by_link: dict[str, list[Json]] = {}
    for one in items:
        by_link.setdefault(text(one, "linkId") or "", []).append(one)
    answered = data.answered_documents(family, answered_links(response))
    complete = is_complete(response)
    texts = {one.link_id: one.text for one in data.about.questions}
    about = [
        line for link in texts for one in by_link.pop(link, ()) for line in _written(one, texts)
    ]
    # A question can be in several sections.
    others = dict(by_link)
    for code, section in data.sections_of(family):
        words = {one.link_id: one.text for one in section.questions}
        found = [one for link in words for one in by_link.get(link, ())]
        others = {link: ones for link, ones in others.items() if link not in words}
        lines = [line for one in found for line in _written(one, words)]
        if lines:
            yield AnsweredSection(
                place,
                section.title,
                _limited([*head, "", *about, "", section.title, "", *lines]),
                code if complete and code in answered else None,
                tuple(file for one in found for file in _files(one)),
            )
    unknown = [one for ones in others.values() for one in ones]
    if lines := [line for one in unknown for line in _written(one, {})]:
        yield AnsweredSection(
            place,
            _OTHER,
            _limited([*head, "", *about, "", _OTHER, "", *lines]),
            attachments=tuple(file for one in unknown for file in _files(one)),
        )


def _limited(lines: Sequence[str]) -> tuple[str, ...]:
    """At most :data:`_MAX_LINES` lines, of which the last states how many are left out."""
    if len(lines) <= _MAX_LINES:
        return tuple(lines)
    left_out = len(lines) - _MAX_LINES + 1
    return (*lines[: _MAX_LINES - 1], f"{left_out} further lines are in the response itself.")


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
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if name == "valueCoding" and (
            shown := " ".join(filter(None, (text(value, "code"), text(value, "display"))))
        ):
            return shown
        if name == "valueQuantity" and isinstance(value, dict) and value.get("value") is not None:
            unit = text(value, "unit") or text(value, "code") or ""
            return f"{text(value, 'comparator') or ''}{value['value']} {unit}".strip()
        if value not in (None, "", {}, []):
            # Other types, such as a Reference, are shown as they were sent.
            return " ".join((value if isinstance(value, str) else json.dumps(value)).split())
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
