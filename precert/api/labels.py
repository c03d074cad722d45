"""Display names in responses: ``x_label`` beside a code ``x``, ``xs_labels`` beside a list (T6).

Those within a request's content are beside the content, by JSON pointer, so that the content of a
response can be sent back as it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any

from pydantic import computed_field

from precert.domain.assessing import RowLine
from precert.domain.code_lists import CodeLists, code_lists_of, display_name
from precert.domain.code_sets import CodeSet, PublicCode
from precert.domain.codes import has_format
from precert.domain.content import Procedure, RequestContent, Service, line_id_of
from precert.domain.decisions import ServiceLine
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.values import CodeType
from precert.usecases.ports.reference import CodeSets

Codes = Mapping[tuple[CodeType | None, str], str | None]
"""Descriptions by code set and code: public, or the payer's own text."""


def label_of(field: str) -> Any:
    """A computed member with the display name of the code in ``field``, an enum of this product.

    Use it as in ``status_label: ClassVar[Any] = label_of("status")``. A code whose display name the
    payer configures has a regular member, filled from
    :func:`precert.domain.code_lists.code_lists_of`.
    """

    def label(self: Any) -> str:
        return display_name(getattr(self, field))

    return computed_field(property(label))


def optional_label_of(field: str) -> Any:
    """As :func:`label_of`, for a code that can be absent."""

    def label(self: Any) -> str | None:
        code = getattr(self, field)
        return None if code is None else display_name(code)

    return computed_field(property(label))


def labels_of(field: str) -> Any:
    """A computed member with the display names of the codes listed in ``field``, in the same order."""

    def labels(self: Any) -> list[str]:
        return [display_name(code) for code in getattr(self, field)]

    return computed_field(property(labels))


@dataclass(frozen=True)
class RequestLabels:
    """The display names of one request's codes, with all descriptions looked up at once."""

    lists: CodeLists
    descriptions: Mapping[PublicCode, str]
    payers_words: Mapping[str, str | None]
    """The payer's text for procedure codes, by line id."""

    @classmethod
    def of(cls, request: Request, payer: Payer, code_sets: CodeSets) -> "RequestLabels":
        review = request.review
        codes = {*public_codes_of(request.content)}
        if review is not None:
            decisions = chain.from_iterable(line.decisions for line in review.lines)
            codes |= {(CodeSet.ICD_10_CM, one.diagnosis) for one in decisions if one.diagnosis}
            codes |= {found for line in review.lines if (found := public_code_of(line))}
        assessment = review.assessment if review else None
        return cls(
            lists=code_lists_of(payer),
            descriptions=code_sets.descriptions(codes),
            payers_words=(
                {line.line_id: line.label for line in assessment.lines} if assessment else {}
            ),
        )

    def diagnosis(self, code: str | None) -> str | None:
        return self.descriptions.get((CodeSet.ICD_10_CM, code)) if code else None

    def code_of(self, line: ServiceLine) -> str | None:
        """The description of a service line's code: public, or the payer's own text."""
        public = public_code_of(line)
        return self.descriptions.get(public) if public else self.payers_words.get(line.line_id)

    def of_codes(self, lines: Iterable[ServiceLine]) -> "Codes":
        """The descriptions of the lines' codes, by code set and code."""
        return {(line.code_type, line.code): self.code_of(line) for line in lines if line.code}

    def content(self, content: RequestContent) -> dict[str, str]:
        """The display names of the codes within the content, by JSON pointer."""
        return labels_of_content(content, self.lists, self.descriptions, self.payers_words)


def public_code_of(line: ServiceLine | RowLine) -> PublicCode | None:
    """The line's code with its public code set; ``None`` for codes that have only the payer's text."""
    return (CodeSet.MS_DRG, line.code) if line.code and line.code_type is CodeType.DRG else None


def public_codes_of(content: RequestContent) -> Iterator[PublicCode]:
    """The content's diagnoses and DRGs, whose descriptions are public."""
    for service in content.services:
        for diagnosis in (service.primary_diagnosis, *service.additional_diagnoses):
            if diagnosis is not None:
                yield CodeSet.ICD_10_CM, diagnosis
        yield from (found for one in service.procedures if (found := public_code(one)))


def public_code(procedure: Procedure) -> PublicCode | None:
    """A procedure's code with its public code set; ``None`` for other codes."""
    if procedure.code_type is CodeType.DRG and has_format(procedure.code, CodeType.DRG):
        return CodeSet.MS_DRG, procedure.code
    return None


def labels_of_content(
    content: RequestContent,
    lists: CodeLists,
    descriptions: Mapping[PublicCode, str],
    payers_words: Mapping[str, str | None],
) -> dict[str, str]:
    """The display names of the codes in the content, by JSON pointer.

    ``descriptions`` are those of :func:`public_codes_of`, ``payers_words`` the payer's text for
    procedure codes by line id. Codes without a display name are left out.
    """
    labels: dict[str, str | None] = {"/purpose": lists.label_of(content.purpose)}
    for part in ("servicing_provider", "requesting_provider"):
        if (provider := getattr(content, part)) is not None:
            labels[f"/{part}/kind"] = lists.label_of(provider.kind)
    for index, service in enumerate(content.services):
        here = f"/services/{index}"
        labels |= {
            f"{here}/{name}": label for name, label in _of_service(service, lists, descriptions)
        }
        for at, procedure in enumerate(service.procedures):
            public = public_code(procedure)
            labels |= {
                f"{here}/procedures/{at}/code": (
                    descriptions.get(public)
                    if public
                    else payers_words.get(line_id_of(index + 1, at + 1))
                ),
                f"{here}/procedures/{at}/code_type": lists.label_of(procedure.code_type),
                f"{here}/procedures/{at}/unit_type": lists.label_of(procedure.unit_type),
            }
    return {pointer: label for pointer, label in labels.items() if label is not None}


def _of_service(
    service: Service, lists: CodeLists, descriptions: Mapping[PublicCode, str]
) -> Iterator[tuple[str, str | None]]:
    for name in ("authorization_type", "urgency"):
        member: StrEnum | None = getattr(service, name)
        yield name, lists.label_of(member)
    yield "type_of_service", lists.label("types_of_service", service.type_of_service)
    yield "place_of_service", lists.label("places_of_service", service.place_of_service)
    if service.primary_diagnosis is not None:
        description = descriptions.get((CodeSet.ICD_10_CM, service.primary_diagnosis))
        yield "primary_diagnosis", description
    for at, diagnosis in enumerate(service.additional_diagnoses):
        description = descriptions.get((CodeSet.ICD_10_CM, diagnosis))
        yield f"additional_diagnoses/{at}", description
    if service.medication is not None:
        yield "medication/frequency", lists.label("frequencies", service.medication.frequency)
        yield "medication/route", lists.label("routes", service.medication.route)
