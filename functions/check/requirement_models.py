"""Request and response models of checks, and of the export for a delegated vendor."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, RootModel

from precert.api.labels import (
    label_of,
    labels_of,
    labels_of_content,
    optional_label_of,
    public_codes_of,
)
from precert.api.models import ResponseModel, RuleListResponse
from precert.api.operation import FHIR_JSON
from precert.domain.code_lists import CodeLists, code_lists_of
from precert.domain.code_sets import is_verified
from precert.domain.content import RequestContent
from precert.domain.dates import Instant
from precert.domain.delegation import DecidedBy
from precert.domain.next_steps import NextAction, NextStep
from precert.domain.payer import Payer
from precert.domain.review import IntakeException
from precert.domain.rules import CareCoordination, CodeResult, DelegatedVendor, Requirement
from precert.domain.values import CodeType, Text, Value
from precert.fhir.export import request_bundle
from precert.usecases.checks import CheckResult, Export
from precert.usecases.ports.reference import CodeSets

EXPORT_METHOD: Final = "POST"
EXPORT_PATH: Final = "/v1/checks/export"


class CheckBody(Value):
    """The services to check for precertification (C3).

    With ``as_of`` the check uses the rule list that was in effect at that time in the past.
    """

    content: RequestContent
    as_of: Instant | None = None
    received_at: Annotated[
        Instant | None,
        Field(
            description="Only for the payer's staff: when the request that they check was received. "
            "Retrospective services and intake exceptions are determined as of then."
        ),
    ] = None


class ConfirmCheckBody(Value):
    """The content of a check with the result *not required*; it is checked again."""

    content: RequestContent


class ExportBody(Value):
    """The content that was checked, and the delegated vendor for which it is exported."""

    content: RequestContent
    vendor_id: Text


class NextStepResponse(ResponseModel):
    """What to do next, and the payer's text to show unchanged."""

    action: NextAction
    action_label: ClassVar[Any] = label_of("action")
    text: str

    @classmethod
    def of(cls, step: NextStep) -> "NextStepResponse":
        return cls(action=step.action, text=step.text)


class CodeRequirement(ResponseModel):
    """The result of one code, and the rule that decided it (C6).

    ``code_label`` is the text of that rule; for a DRG its public description. ``verified`` is whether
    the code was found in its public code set, valid on the service date (C5); of CPT and revenue codes
    only the format is checked.
    """

    code: str
    code_label: str | None
    code_type: CodeType
    code_type_label: str | None
    verified: bool
    requirement: Requirement
    requirement_label: ClassVar[Any] = label_of("requirement")
    rule_id: str | None
    effective_from: date | None
    vendor_id: str | None
    decided_by: DecidedBy | None = Field(
        description="Who decides a request for the code. Null if none can be submitted."
    )
    decided_by_label: ClassVar[Any] = optional_label_of("decided_by")
    retrospective: bool = Field(
        description="Whether the service began before the day of the check or, if `received_at` was "
        "sent, of the receipt. `decided_by` then states who decides it retrospectively."
    )
    predetermination: bool
    next_step: NextStepResponse

    @classmethod
    def of(
        cls,
        answer: CodeResult,
        step: NextStep,
        label: str | None,
        lists: CodeLists,
        *,
        retrospective: bool,
    ) -> "CodeRequirement":
        return cls(
            code=answer.code,
            code_label=label,
            code_type=answer.code_type,
            **lists.labels(code_type=answer.code_type),
            verified=is_verified(answer.code_type),
            requirement=answer.requirement,
            rule_id=answer.rule_id,
            effective_from=answer.effective_from,
            vendor_id=answer.vendor_id,
            decided_by=_DECIDED_BY[step.action],
            retrospective=retrospective,
            predetermination=answer.predetermination,
            next_step=NextStepResponse.of(step),
        )


_DECIDED_BY: Final[Mapping[NextAction, DecidedBy | None]] = {
    NextAction.GO_TO_VENDOR: DecidedBy.VENDOR,
    NextAction.START_DRAFT: DecidedBy.PAYER,
    NextAction.NONE: None,
    NextAction.CALL: None,
}
"""Who decides a request for a code, by the next step."""


class ServiceResponse(ResponseModel):
    """A service's codes, in the order requested. ``service`` is its number, counted from 1.

    ``next_step`` is set for a stay without codes, which continues to the request (C3).
    """

    service: int
    codes: list[CodeRequirement]
    next_step: NextStepResponse | None

    @classmethod
    def of(
        cls,
        number: int,
        codes: Sequence[CodeResult],
        steps: Sequence[NextStep],
        own_step: NextStep | None,
        lists: CodeLists,
        content_labels: Mapping[str, str],
        *,
        retrospective: bool,
    ) -> "ServiceResponse":
        here = f"/services/{number - 1}/procedures"
        own = NextStepResponse.of(own_step) if own_step else None
        requirements = [
            CodeRequirement.of(
                code,
                step,
                content_labels.get(f"{here}/{at}/code"),
                lists,
                retrospective=retrospective,
            )
            for at, (code, step) in enumerate(zip(codes, steps, strict=True))
        ]
        return cls(service=number, codes=requirements, next_step=own)


class DelegatedCode(ResponseModel):
    """A code that a delegated vendor decides. ``service`` is its service's number, from 1."""

    service: int
    code: str
    code_label: str | None
    code_type: CodeType
    code_type_label: str | None


class ExportLink(ResponseModel):
    """How to export the content as a document for the delegated vendor.

    Send ``{"content": …, "vendor_id": …}`` with the content that was checked.
    """

    method: str
    path: str
    media_type: str


class DelegatedCodesResponse(ResponseModel):
    """A delegated vendor that decides some codes: how to contact it, and what it requires (C8, C12)."""

    vendor_id: str
    name: str
    services: str
    url: str
    phone: str | None
    fax: str | None
    hours: str | None
    requirements: list[str]
    care_coordination: CareCoordination | None
    codes: list[DelegatedCode]
    export: ExportLink

    @classmethod
    def of(cls, vendor: DelegatedVendor, codes: list[DelegatedCode]) -> "DelegatedCodesResponse":
        return cls(
            vendor_id=vendor.vendor_id,
            name=vendor.name,
            services=vendor.services,
            url=vendor.url,
            phone=vendor.phone,
            fax=vendor.fax,
            hours=vendor.hours,
            requirements=list(vendor.requirements),
            care_coordination=vendor.care_coordination,
            codes=codes,
            export=ExportLink(method=EXPORT_METHOD, path=EXPORT_PATH, media_type=FHIR_JSON),
        )


class RequirementsResponse(ResponseModel):
    """The result for each code, and the result of the whole check.

    ``assertion_id`` identifies the result; send it within the content of the draft.
    ``content_labels`` are the display names of the codes that were sent, by JSON pointer.
    """

    requirement: Requirement
    requirement_label: ClassVar[Any] = label_of("requirement")
    content_labels: dict[str, str]
    services: list[ServiceResponse]
    vendors: list[DelegatedCodesResponse]
    rule_list: RuleListResponse
    assertion_id: str | None
    assertion_valid: bool | None
    confirmation_available: bool
    referral_needed: bool
    predetermination_available: bool
    checked_at: datetime
    as_of: datetime | None
    notices: list[str]
    intake_exceptions: list[IntakeException] = Field(
        description="Intake exceptions, which only the payer's staff can enter."
    )
    intake_exceptions_labels: ClassVar[Any] = labels_of("intake_exceptions")

    @classmethod
    def of(
        cls, answer: CheckResult, *, payer: Payer, code_sets: CodeSets
    ) -> "RequirementsResponse":
        steps, content, plan = answer.next_steps(payer), answer.content, answer.coverage.plan
        descriptions = code_sets.descriptions({*public_codes_of(content)})
        lists = code_lists_of(payer)
        labels = labels_of_content(content, lists, descriptions, answer.payers_words)
        return cls(
            requirement=answer.requirement,
            content_labels=labels,
            services=_services(answer, payer, lists, labels),
            vendors=_vendors(answer, steps, lists, labels),
            rule_list=RuleListResponse.of(answer.rule_list, payer),
            assertion_id=answer.assertion_id,
            assertion_valid=answer.assertion_valid,
            confirmation_available=answer.requirement is Requirement.NOT_REQUIRED,
            referral_needed=plan.referral_needed,
            predetermination_available=answer.predetermination_available,
            checked_at=answer.checked_at,
            as_of=answer.as_of,
            notices=list(answer.notices(payer)),
            intake_exceptions=list(answer.intake_exceptions),
        )


def _services(
    answer: CheckResult, payer: Payer, lists: CodeLists, labels: Mapping[str, str]
) -> list[ServiceResponse]:
    steps, own_steps = answer.next_steps(payer), answer.steps_without_codes(payer)
    services = zip(answer.services, steps, own_steps, strict=True)
    return [
        ServiceResponse.of(
            number, *service, lists, labels, retrospective=answer.is_retrospective(entered)
        )
        for number, (service, entered) in enumerate(
            zip(services, answer.content.services, strict=True), start=1
        )
    ]


def _vendors(
    answer: CheckResult,
    steps: Sequence[Sequence[NextStep]],
    lists: CodeLists,
    content_labels: Mapping[str, str],
) -> list[DelegatedCodesResponse]:
    """Each delegated vendor that decides some code, in the order of the codes."""
    decided: dict[str, list[DelegatedCode]] = {}
    for number, (codes, steps_of_service) in enumerate(
        zip(answer.services, steps, strict=True), start=1
    ):
        for at, (code, step) in enumerate(zip(codes, steps_of_service, strict=True)):
            known = code.vendor_id if code.vendor_id in answer.vendors else None
            if known and step.action is NextAction.GO_TO_VENDOR:
                pointer = f"/services/{number - 1}/procedures/{at}/code"
                code_row = DelegatedCode(
                    service=number,
                    code=code.code,
                    code_label=content_labels.get(pointer),
                    code_type=code.code_type,
                    **lists.labels(code_type=code.code_type),
                )
                decided.setdefault(known, []).append(code_row)
    return [DelegatedCodesResponse.of(answer.vendors[one], codes) for one, codes in decided.items()]


class ExportResponse(RootModel[dict[str, Any]]):
    """A Da Vinci PAS request bundle (FHIR R4), for the vendor's own system."""

    @classmethod
    def of(cls, export: Export, *, payer: Payer, new_uuid: Callable[[], str]) -> "ExportResponse":
        bundle = request_bundle(
            export.content,
            export.answer.coverage,
            payer,
            note=export.note,
            at=export.answer.checked_at,
            new_uuid=new_uuid,
        )
        return cls(bundle)
