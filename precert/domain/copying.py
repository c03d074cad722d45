"""Copies of a request's content for a new draft, so that nothing is entered twice.

Dates, documents, the assertion id and the confirmations of vendors belong to one request: they are
never copied.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from precert.domain.content import RequestContent, Service


class Keep(StrEnum):
    """What the new request has in common with the earlier one."""

    PATIENT = "PATIENT"
    SERVICES = "SERVICES"

    @property
    def is_for_the_patient(self) -> bool:
        """Whether the new request is for the same patient."""
        return {Keep.PATIENT: True, Keep.SERVICES: False}[self]


@dataclass(frozen=True)
class CopiedContent:
    """The content of a new draft, and JSON pointers to the entered values that were not copied."""

    content: RequestContent
    left_out: tuple[str, ...]


def copied(content: RequestContent, keep: Keep) -> CopiedContent:
    """The content without the values that belong to that request only.

    For another patient, the patient and the diagnoses are left out too.
    """
    left_out = [f"/{name}" for name in _left_out_parts(content, keep)]
    services = []
    for index, service in enumerate(content.services):
        removed = dict(_left_out_fields(service, keep))
        left_out += [f"/services/{index}/{name}" for name in removed]
        left_out += [
            f"/services/{index}/procedures/{at}/start_date"
            for at, procedure in enumerate(service.procedures)
            if procedure.start_date
        ]
        undated = tuple(one.model_copy(update={"start_date": None}) for one in service.procedures)
        services.append(service.model_copy(update={**removed, "procedures": undated}))
    return CopiedContent(
        RequestContent(
            patient=content.patient if keep.is_for_the_patient else None,
            servicing_provider=content.servicing_provider,
            requesting_provider=content.requesting_provider,
            services=tuple(services),
            purpose=content.purpose,
        ),
        tuple(left_out),
    )


def _left_out_parts(content: RequestContent, keep: Keep) -> Iterator[str]:
    if content.patient is not None and not keep.is_for_the_patient:
        yield "patient"
    if content.assertion_id is not None:
        yield "assertion_id"
    if content.confirmed_vendors:
        yield "confirmed_vendors"


def _left_out_fields(service: Service, keep: Keep) -> Iterator[tuple[str, Any]]:
    """Entered fields of a service that are not copied, each with its empty value."""
    names: tuple[str, ...] = ("admission_date", "service_date")
    if not keep.is_for_the_patient:
        names += ("primary_diagnosis",)
    for name in names:
        if getattr(service, name) is not None:
            yield name, None
    if service.additional_diagnoses and not keep.is_for_the_patient:
        yield "additional_diagnoses", ()
