"""Questionnaires about the documentation that the rule list requires (Da Vinci DTR).

A *family* is the rules that require the same documentation: it has one questionnaire, with a section
for each of these documents. So the rule list alone decides the questions, and a completed section
stands for its document.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from precert.domain.loading_rules import Row
from precert.domain.loading_table import LIST_SEPARATOR, RowError
from precert.domain.values import Text, Value

QUESTIONNAIRES: Final = "questionnaires.json"
"""The name of their file, beside ``payer.json``."""
CONTEXT: Final = "PAS-"
"""The beginning of the contexts by which requests for documentation name questionnaires."""
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class QuestionKind(StrEnum):
    """What an answer is, by the names of FHIR's item types."""

    ATTACHMENT = "attachment"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    DATE = "date"
    DECIMAL = "decimal"
    INTEGER = "integer"
    STRING = "string"
    TEXT = "text"


class KnownAnswer(StrEnum):
    """What the order answers by itself."""

    DIAGNOSIS = "DIAGNOSIS"
    SERVICE = "SERVICE"
    SERVICE_DATE = "SERVICE_DATE"


class Question(Value):
    """One question. ``initial`` is a FHIRPath expression that an EHR answers it by."""

    link_id: Name
    text: Text
    kind: QuestionKind
    required: bool = True
    value_set: Name | None = None
    initial: Text | None = None
    known: KnownAnswer | None = None

    @model_validator(mode="after")
    def _has_choices(self) -> Self:
        if (self.kind is QuestionKind.CHOICE) != (self.value_set is not None):
            raise ValueError(f"{self.link_id}: a choice has a value_set, and only a choice has one")
        return self


class Section(Value):
    """The questions about one document."""

    title: Text
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]


class Family(Value):
    """The questionnaire of the rules that require exactly these documents."""

    name: Name
    title: Text
    documents: Annotated[frozenset[Text], Field(min_length=1)]


class CodedValue(Value):
    system: Text
    code: Text
    display: Text


class AnswerChoices(Value):
    """The codes of a choice."""

    title: Text
    codes: Annotated[tuple[CodedValue, ...], Field(min_length=1)]


class Questionnaires(Value):
    """The payer's questionnaires, in one file beside its other data."""

    url: Annotated[str, Field(pattern=r"^https://[^\s]+[^/\s]$")]
    """The beginning of their canonical addresses."""
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$")]
    published_on: date
    effective_from: date
    effective_to: date | None = None
    about: Section
    """The first section of each questionnaire."""
    sections: Mapping[str, Section]
    """By code of the required documentation."""
    families: tuple[Family, ...]
    value_sets: Mapping[Name, AnswerChoices] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if errors := [*self._errors()]:
            raise ValueError("; ".join(errors))
        return self

    def _errors(self) -> Iterator[str]:
        questions = [*self.about.questions]
        for section in self.sections.values():
            questions += section.questions
        yield from _repeated("link_id", [one.link_id for one in questions])
        yield from _repeated("the name of a family", [one.name for one in self.families])
        yield from _repeated(
            "the documents of a family", [" ".join(sorted(one.documents)) for one in self.families]
        )
        for one in questions:
            if one.value_set is not None and one.value_set not in self.value_sets:
                yield f"{one.link_id} has the unknown value_set {one.value_set}"
        for family in self.families:
            if unknown := family.documents - self.sections.keys():
                yield f"{family.name} has documents without a section: {sorted(unknown)}"

    def family_of(self, documents: Collection[str]) -> Family | None:
        """The family of rules that require exactly these documents."""
        return next((one for one in self.families if one.documents == set(documents)), None)

    def sections_of(self, family: Family) -> tuple[tuple[str, Section], ...]:
        """The document and section of each part, in the order of the file."""
        return tuple(
            (code, section) for code, section in self.sections.items() if code in family.documents
        )

    def canonical(self, family: Family) -> str:
        """The address of a family's questionnaire, with its version."""
        return f"{self.address(family)}|{self.version}"

    def address(self, family: Family) -> str:
        return f"{self.url}/Questionnaire/{family.name}"

    def family_at(self, canonical: str) -> Family | None:
        """The family whose questionnaire has this address; a version has to be the current one."""
        address, _, version = canonical.partition("|")
        if version not in ("", self.version):
            return None
        return next((one for one in self.families if self.address(one) == address), None)

    def context(self, family: Family) -> str:
        """What a request for documentation names its questionnaire by; no address and no version."""
        return f"{CONTEXT}{family.name}"

    def family_in(self, context: str) -> Family | None:
        """The family that a request for documentation named."""
        return next((one for one in self.families if self.context(one) == context), None)

    def value_set_address(self, name: str) -> str:
        return f"{self.url}/ValueSet/{name}"

    def value_set_at(self, canonical: str) -> str | None:
        """The name of the value set with this address."""
        address, _, version = canonical.partition("|")
        if version not in ("", self.version):
            return None
        return next(
            (one for one in self.value_sets if self.value_set_address(one) == address), None
        )

    def answered_documents(self, family: Family, answered: Collection[str]) -> frozenset[str]:
        """The documents whose required questions are all answered, by the link ids with an answer."""
        return frozenset(
            code
            for code, section in self.sections_of(family)
            if all(one.link_id in answered for one in section.questions if one.required)
        )


def rules_without_questionnaire(
    rows: Iterable[Row], questionnaires: Questionnaires
) -> Iterator[RowError]:
    """One error for each combination of documents without a questionnaire, by its first line."""
    first: dict[frozenset[str], int] = {}
    for line, rule in rows:
        first.setdefault(frozenset(rule.required_documentation), line)
    for documents, line in first.items():
        if documents and questionnaires.family_of(documents) is None:
            words = (
                f"no questionnaire collects {LIST_SEPARATOR.join(sorted(documents))}; add a family"
            )
            yield RowError(line, "required_documentation", f"{words} to questionnaires.json")


def _repeated(what: str, names: list[str]) -> Iterator[str]:
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield f"{what} {name} is used twice"
