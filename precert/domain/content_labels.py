"""The display names of the codes within a request's content (T6).

They are beside the content, by JSON pointer, so that the content of a response can be sent back as
it is.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from precert.domain.code_lists import CodeLists
from precert.domain.code_sets import CodeSet, PublicCode
from precert.domain.codes import has_form
from precert.domain.content import Procedure, RequestContent, Service, line_id_of
from precert.domain.values import CodeType


def public_codes_of(content: RequestContent) -> Iterator[PublicCode]:
    """The content's diagnoses and DRGs, whose descriptions are public."""
    for service in content.services:
        for diagnosis in (service.primary_diagnosis, *service.additional_diagnoses):
            if diagnosis is not None:
                yield CodeSet.ICD_10_CM, diagnosis
        yield from (found for one in service.procedures if (found := public_code(one)))


def public_code(procedure: Procedure) -> PublicCode | None:
    """A procedure's code, where its set is public."""
    if procedure.code_type is CodeType.DRG and has_form(procedure.code, CodeType.DRG):
        return CodeSet.MS_DRG, procedure.code
    return None


def labels_of_content(
    content: RequestContent,
    lists: CodeLists,
    descriptions: Mapping[PublicCode, str],
    payers_words: Mapping[str, str | None],
) -> dict[str, str]:
    """The display names by the pointers of their codes.

    ``descriptions`` are those of :func:`public_codes_of`, ``payers_words`` the payer's own words for
    procedure codes by line id. A code without a name is left out.
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
