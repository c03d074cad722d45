"""Display names in responses: ``x_label`` beside a code ``x``, ``xs_labels`` beside a list (T6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pydantic import computed_field

from precert.domain.code_lists import CodeLists, code_lists_of, display_name
from precert.domain.code_sets import CodeSet, PublicCode
from precert.domain.content import RequestContent
from precert.domain.content_labels import labels_of_content, public_codes_of
from precert.domain.decisions import ServiceLine
from precert.domain.payer import Payer
from precert.domain.pending import RowLine
from precert.domain.request import Request
from precert.domain.values import CodeType
from precert.usecases.ports.reference import CodeSets


def label_of(field: str) -> Any:
    """The member that has the display name of the code in ``field``, for a code of the product's own.

    As in ``status_label: ClassVar[Any] = label_of("status")``. A code that the payer names has a
    separate member, filled from :func:`precert.domain.code_lists.code_lists_of`.
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
    """The member that has the display names of the codes listed in ``field``, in the same order."""

    def labels(self: Any) -> list[str]:
        return [display_name(code) for code in getattr(self, field)]

    return computed_field(property(labels))


@dataclass(frozen=True)
class RequestLabels:
    """The display names of one request's codes; one look-up of descriptions for all of them."""

    lists: CodeLists
    descriptions: Mapping[PublicCode, str]
    payers_words: Mapping[str, str | None]
    """Of procedure codes, by line id."""

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

    def content(self, content: RequestContent) -> dict[str, str]:
        """The display names of the codes within the content, by JSON pointer."""
        return labels_of_content(content, self.lists, self.descriptions, self.payers_words)


def public_code_of(line: ServiceLine | RowLine) -> PublicCode | None:
    """The line's code with its public code set; None for codes whose text is the payer's own."""
    return (CodeSet.MS_DRG, line.code) if line.code and line.code_type is CodeType.DRG else None
