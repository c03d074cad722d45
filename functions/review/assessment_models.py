"""Response models of a case's assessment by the payer's rules, and of its potential duplicates."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from pydantic import Field

from precert.api.cycles import RequiredDocumentResponse
from precert.api.details import PotentialDuplicateResponse
from precert.api.labels import Codes, RequestLabels, label_of, optional_label_of
from precert.api.models import ResponseModel
from precert.domain.assessment import AssertionStatus, Assessment, DuplicateReason, LineAssessment
from precert.domain.code_lists import CodeLists, code_lists_of
from precert.domain.content import Provider
from precert.domain.documents import DocumentStatus
from precert.domain.duplicates import RequestedService
from precert.domain.payer import Payer
from precert.domain.rules import Requirement
from precert.domain.statuses import Status
from precert.domain.values import CodeType, UnitType
from precert.usecases.duplicates import ComparedDuplicate
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import RequestFile


class LineAssessmentResponse(ResponseModel):
    """The result of the rule list for one service line, and the rule that decided it."""

    line_id: str
    label: str | None = Field(description="The payer's text for the code, from that rule.")
    requirement: Requirement
    requirement_label: ClassVar[Any] = label_of("requirement")
    rule_id: str | None
    vendor_id: str | None
    required_documentation: list[RequiredDocumentResponse] = Field(
        description="The documents that the rule requires, whether or not they are attached. "
        "`documentation` of the case lists those that are."
    )
    automatic: bool = Field(
        description="Whether the rule's limits allow an approval without a reviewer."
    )

    @classmethod
    def of(cls, line: LineAssessment, payer: Payer) -> "LineAssessmentResponse":
        required = [RequiredDocumentResponse.of(one, payer) for one in line.required_documentation]
        return cls(**{**dict(line), "required_documentation": required})


class DocumentationResponse(ResponseModel):
    """Documentation that the rules require for the case, and the attached documents of its type."""

    code: str
    label: str
    line_ids: list[str] = Field(description="The service lines whose rule requires it.")
    document_ids: list[str] = Field(
        description="Attached documents of this type, last attached first. Empty if it is missing."
    )
    requested: bool = Field(description="Whether the open request for information requests it.")

    @classmethod
    def all_of(cls, file: RequestFile, payer: Payer) -> "list[DocumentationResponse]":
        review = file.request.submitted
        lines: dict[str, list[str]] = {}
        for line in review.assessment.lines if review.assessment else ():
            for code in line.required_documentation:
                lines.setdefault(code, []).append(line.line_id)
        rfi = review.open_information_request
        requested = rfi.documents if rfi else ()
        attached = sorted(
            (one for one in file.documents if one.status is DocumentStatus.ATTACHED),
            key=lambda one: one.settled_at or one.offered_at,
            reverse=True,
        )
        return [
            cls(
                code=code,
                label=payer.required_documentation.get(code, code),
                line_ids=lines.get(code, []),
                document_ids=[one.document_id for one in attached if one.document_type == code],
                requested=code in requested,
            )
            for code in dict.fromkeys([*lines, *requested])
        ]


class SuggestedInformationRequest(ResponseModel):
    """A request for the missing documentation, in the format of `requestInformation`."""

    documents: list[str] = Field(description="Codes of required documents that are missing.")
    text: str

    @classmethod
    def of(
        cls, documentation: Sequence[DocumentationResponse]
    ) -> "SuggestedInformationRequest | None":
        missing = [one for one in documentation if not one.document_ids and not one.requested]
        if not missing:
            return None
        names = "; ".join(one.label for one in missing)
        return cls(
            documents=[one.code for one in missing],
            text=f"Please send the documentation that this request requires: {names}.",
        )


class ComparedServiceResponse(ResponseModel):
    """One requested service, with the values that are compared with another request."""

    code_type: CodeType | None
    code_type_label: str | None
    code: str = Field(
        description="The procedure code, or the type of service of a stay without one."
    )
    code_label: str | None = Field(
        description="The public description, or the payer's own text. Null if there is neither."
    )
    modifiers: list[str]
    units: int | None
    unit_type: UnitType | None
    unit_type_label: str | None
    days: int | None = Field(description="Requested days of a stay.")
    place_of_service: str | None
    place_of_service_label: str | None
    medication: str | None
    first_day: date
    last_day: date

    @classmethod
    def of(
        cls, service: RequestedService | None, lists: CodeLists, codes: Codes
    ) -> "ComparedServiceResponse | None":
        if service is None:
            return None
        return cls(
            **service.model_dump(exclude={"place"}),
            code_label=codes.get((service.code_type, service.code))
            if service.code_type
            else lists.label("types_of_service", service.code),
            code_type_label=lists.label_of(service.code_type),
            unit_type_label=lists.label_of(service.unit_type),
            place_of_service=service.place,
            place_of_service_label=lists.label("places_of_service", service.place),
        )


class ComparedServicesResponse(ResponseModel):
    """The same code in both requests, or a service of one of them only."""

    this: ComparedServiceResponse | None
    other: ComparedServiceResponse | None


class DuplicateComparisonResponse(ResponseModel):
    """A potential duplicate compared with this request, in its current state."""

    reason_code: DuplicateReason = Field(description="How the two requests match.")
    reason_code_label: ClassVar[Any] = label_of("reason_code")
    visible: bool = Field(
        description="Whether the caller can read the other request with `readCase`. If not, it is of "
        "another plan, or its record is damaged and `damaged` of the case has its id; the following "
        "members are null or empty."
    )
    contact: str | None = Field(description="Whom to call about a request that is not visible.")
    request_id: str | None
    number: str | None
    status: Status | None
    status_label: ClassVar[Any] = optional_label_of("status")
    submitted_at: datetime | None
    requesting_provider: Provider | None
    servicing_provider: Provider | None
    services: list[ComparedServicesResponse] = Field(
        description="The services of both requests side by side."
    )

    @classmethod
    def all_of(
        cls,
        compared: Collection[ComparedDuplicate],
        codes: Codes,
        *,
        payer: Payer,
        code_sets: CodeSets,
    ) -> "list[DuplicateComparisonResponse]":
        """``codes`` are those of the request with which the duplicates are compared."""
        return [cls._of(one, codes, payer, code_sets) for one in compared]

    @classmethod
    def _of(
        cls, compared: ComparedDuplicate, codes: Codes, payer: Payer, code_sets: CodeSets
    ) -> "DuplicateComparisonResponse":
        other, lists = compared.other, code_lists_of(payer)
        if other is not None:
            labels = RequestLabels.of(other, payer, code_sets)
            codes = {**labels.of_codes(other.submitted.lines), **codes}
        contact = payer.provider_services
        return cls(
            reason_code=compared.reason,
            visible=other is not None,
            contact=None if other else f"{contact.name}, {contact.phone}",
            request_id=other.request_id if other else None,
            number=other.submitted.number if other else None,
            status=other.status if other else None,
            submitted_at=other.submitted.submitted_at if other else None,
            requesting_provider=other.content.requesting_provider if other else None,
            servicing_provider=other.content.servicing_provider if other else None,
            services=[
                ComparedServicesResponse(
                    this=ComparedServiceResponse.of(one, lists, codes),
                    other=ComparedServiceResponse.of(another, lists, codes),
                )
                for one, another in compared.services
            ],
        )


class AssessmentResponse(ResponseModel):
    """The assessment of the request by the payer's rules, when it was received (W1)."""

    rule_list: str
    assessed_at: datetime
    lines: list[LineAssessmentResponse]
    required_documentation: list[RequiredDocumentResponse] = Field(
        description="The required documents that were missing."
    )
    assertion: AssertionStatus = Field(
        description="Whether the quoted assertion id is that of this request."
    )
    assertion_label: ClassVar[Any] = label_of("assertion")
    potential_duplicates: list[PotentialDuplicateResponse]
    late_notification: bool

    @classmethod
    def of(
        cls, assessment: Assessment | None, payer: Payer, plan_ids: Collection[str]
    ) -> "AssessmentResponse | None":
        if assessment is None:
            return None
        return cls(
            rule_list=assessment.rule_list,
            assessed_at=assessment.assessed_at,
            lines=[LineAssessmentResponse.of(line, payer) for line in assessment.lines],
            required_documentation=[
                RequiredDocumentResponse.of(code, payer)
                for code in assessment.required_documentation
            ],
            assertion=assessment.assertion,
            potential_duplicates=[
                PotentialDuplicateResponse.of(one, visible=one.plan_id in plan_ids)
                for one in assessment.potential_duplicates
            ],
            late_notification=assessment.late_notification,
        )
