"""Questionnaires about the documentation that the rule list requires (Da Vinci DTR).

A *family* is the set of rules that require the same documentation. It has one questionnaire, with a
section for each of these documents. A completed section replaces its document.
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
"""The name of the file with the questionnaires, beside ``payer.json``."""
CONTEXT: Final = "PAS-"
"""The prefix of the context ids by which requests for documentation identify a questionnaire."""
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
VariableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,62}$")]
PatientQuery = Annotated[
    str, Field(pattern=r"^[A-Z][A-Za-z]+\?(?:patient|subject)=\{\{%patient\.id\}\}[!-~ ]*$")
]
"""A FHIR query (``application/x-fhir-query``) for resources of one type of the patient."""
PATIENT: Final = "patient"
"""The FHIRPath variable of the patient, in the launch context of each questionnaire."""
_VARIABLE: Final = re.compile(r"%([A-Za-z]\w*)")


class QuestionKind(StrEnum):
    """The type of an answer, by the names of FHIR's item types."""

    ATTACHMENT = "attachment"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    DATE = "date"
    DECIMAL = "decimal"
    INTEGER = "integer"
    STRING = "string"
    TEXT = "text"


class KnownAnswer(StrEnum):
    """Answers that are known from the order."""

    DIAGNOSIS = "DIAGNOSIS"
    SERVICE = "SERVICE"
    SERVICE_DATE = "SERVICE_DATE"


class Question(Value):
    """One question.

    ``initial`` is a FHIRPath expression with which an EHR populates the answer. Its variables are
    ``%patient`` and the results of queries, by their names. ``value_set`` names the choices.
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
            raise ValueError(
                f"{self.link_id} must have a value_set if its kind is choice, and otherwise none"
            )
        return self

    @property
    def variables(self) -> frozenset[str]:
        """The names of the variables that ``initial`` uses."""
        return frozenset(_VARIABLE.findall(self.initial or ""))


class Section(Value):
    """The questions that replace one document."""

    title: Text
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]


class Family(Value):
    """The questionnaire of the rules that require exactly these documents."""

    name: Name
    title: Text
    documents: Annotated[frozenset[Text], Field(min_length=1)]


class CodedValue(Value):
    """A code of a code system, with its display name."""

    system: Text
    code: Text
    display: Text


class AnswerChoices(Value):
    """The choices of questions, which become a FHIR ValueSet."""

    title: Text
    codes: Annotated[tuple[CodedValue, ...], Field(min_length=1)]


class Questionnaires(Value):
    """The payer's questionnaires, from :data:`QUESTIONNAIRES`."""

    url: Annotated[str, Field(pattern=r"^https://[^\s]+[^/\s]$")]
    """The base of their canonical URLs."""
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$")]
    published_on: date
    effective_from: date
    effective_to: date | None = None
    about: Section
    """The first section of each questionnaire."""
    sections: Mapping[str, Section]
    """The section for each document, by code of the required documentation."""
    families: tuple[Family, ...]
    value_sets: Mapping[Name, AnswerChoices] = {}
    queries: Mapping[VariableName, PatientQuery] = {}
    """Queries of the EHR's data about the patient, by the name that ``initial`` uses."""

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
                yield f"value_set of {one.link_id} must be a name in value_sets: {one.value_set} is not"
            if unknown := one.variables - self.queries.keys() - {PATIENT}:
                yield (
                    f"initial of {one.link_id} must use only %{PATIENT} and names in queries: "
                    f"{sorted(unknown)} are not"
                )
        for family in self.families:
            if unknown := family.documents - self.sections.keys():
                yield f"documents of {family.name} must be codes in sections: {sorted(unknown)} are not"

    def family_of(self, documents: Collection[str]) -> Family | None:
        """The family of the rules that require exactly these documents; ``None`` if there is none."""
        return next((one for one in self.families if one.documents == set(documents)), None)

    def sections_of(self, family: Family) -> tuple[tuple[str, Section], ...]:
        """The document code and the section of each part of a questionnaire, in their order."""
        return tuple(
            (code, section) for code, section in self.sections.items() if code in family.documents
        )

    def questions_of(self, family: Family) -> tuple[Question, ...]:
        """All questions of a family's questionnaire."""
        sections = (self.about, *(section for _, section in self.sections_of(family)))
        return tuple(question for one in sections for question in one.questions)

    def queries_of(self, family: Family) -> dict[str, str]:
        """The queries that a family's questionnaire uses, by name."""
        read = {name for one in self.questions_of(family) for name in one.variables}
        return {name: query for name, query in self.queries.items() if name in read}

    def canonical(self, family: Family) -> str:
        """The canonical URL of a family's questionnaire, with its version."""
        return f"{self.address(family)}|{self.version}"

    def address(self, family: Family) -> str:
        """The URL of a family's questionnaire, without its version."""
        return f"{self.url}/Questionnaire/{family.name}"

    def family_at(self, canonical: str) -> Family | None:
        """The family whose questionnaire has this canonical URL.

        ``None`` if there is none, or if the URL has another version than the current one.
        """
        address, _, version = canonical.partition("|")
        if version not in ("", self.version):
            return None
        return next((one for one in self.families if self.address(one) == address), None)

    def context(self, family: Family) -> str:
        """The context id by which a request for documentation identifies a family's questionnaire."""
        return f"{CONTEXT}{family.name}"

    def family_in(self, context: str) -> Family | None:
        """The family with this context id; ``None`` if there is none."""
        return next((one for one in self.families if self.context(one) == context), None)

    def value_set_address(self, name: str) -> str:
        """The URL of a value set, without its version."""
        return f"{self.url}/ValueSet/{name}"

    def value_set_at(self, canonical: str) -> str | None:
        """The name of the value set with this canonical URL; ``None`` as for :meth:`family_at`."""
        address, _, version = canonical.partition("|")
        if version not in ("", self.version):
            return None
        return next(
            (one for one in self.value_sets if self.value_set_address(one) == address), None
        )

    def answered_documents(self, family: Family, answered: Collection[str]) -> frozenset[str]:
        """The codes of the documents whose required questions are all answered.

        ``answered`` has the link ids of the questions with an answer.
        """
        return frozenset(
            code
            for code, section in self.sections_of(family)
            if all(one.link_id in answered for one in section.questions if one.required)
        )


def rules_without_questionnaire(
    rows: Iterable[Row], questionnaires: Questionnaires
) -> Iterator[RowError]:
    """Yield an error for each set of required documents without a questionnaire, at its first line."""
    first: dict[frozenset[str], int] = {}
    for line, rule in rows:
        first.setdefault(frozenset(rule.required_documentation), line)
    for documents, line in first.items():
        if documents and questionnaires.family_of(documents) is None:
            codes = LIST_SEPARATOR.join(sorted(documents))
            words = f"no questionnaire has exactly the documents {codes}; add a family"
            yield RowError(line, "required_documentation", f"{words} to {QUESTIONNAIRES}")


def _repeated(what: str, names: list[str]) -> Iterator[str]:
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield f"{what} must be unique: {name} is used more than once"
