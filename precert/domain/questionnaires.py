"""Questionnaires about the documentation that the rule list requires (Da Vinci DTR).

A *family* is the rules that require the same documentation: it has one questionnaire, with a section
for each of these documents. So the rule list alone decides the questions, and a completed section
stands for its document.
"""

import re
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
VariableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,62}$")]
PatientQuery = Annotated[
    str, Field(pattern=r"^[A-Z][A-Za-z]+\?(?:patient|subject)=\{\{%patient\.id\}\}[!-~ ]*$")
]
"""A FHIR query (``application/x-fhir-query``) of one resource type, for the one patient."""
PATIENT: Final = "patient"
"""The variable of the patient, which each questionnaire is launched with."""
_VARIABLE: Final = re.compile(r"%([A-Za-z]\w*)")


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
    """One question. ``initial`` is a FHIRPath expression that an EHR answers it by.

    It reads ``%patient``, and the results of queries by their names.
    """

    link_id: Name
    text: Text
    kind: QuestionKind
    required: bool = True
    value_set: Name | None = None
    initial: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    known: KnownAnswer | None = None

    @model_validator(mode="after")
    def _has_choices(self) -> Self:
        if (self.kind is QuestionKind.CHOICE) != (self.value_set is not None):
            raise ValueError(f"{self.link_id}: a choice has a value_set, and only a choice has one")
        return self

    @property
    def variables(self) -> frozenset[str]:
        """What ``initial`` reads: the patient, and queries."""
        return frozenset(_VARIABLE.findall(self.initial or ""))


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
    queries: Mapping[VariableName, PatientQuery] = {}
    """By name: queries of an EHR's data of the patient, for ``initial`` of questions."""

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
            if unknown := one.variables - self.queries.keys() - {PATIENT}:
                yield f"{one.link_id} reads unknown queries: {sorted(unknown)}"
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

    def questions_of(self, family: Family) -> tuple[Question, ...]:
        """All questions of a family's questionnaire."""
        sections = (self.about, *(section for _, section in self.sections_of(family)))
        return tuple(question for one in sections for question in one.questions)

    def queries_of(self, family: Family) -> dict[str, str]:
        """The queries that populate answers of a family's questionnaire, and no others."""
        read = {name for one in self.questions_of(family) for name in one.variables}
        return {name: query for name, query in self.queries.items() if name in read}

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
