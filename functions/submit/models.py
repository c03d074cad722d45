"""Request and response models of the operations on drafts and submitted requests."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from precert.api.labels import RequestLabels, label_of, labels_of
from precert.api.models import (
    Damaged,
    DamagedResponse,
    DelegatedVendorResponse,
    DocumentResponse,
    LineOwnerResponse,
    ResponseModel,
    RuleListResponse,
    draft_time_left_in_words,
)
from precert.api.problems import MAX_LISTED, ErrorItem
from precert.domain.content import ContentParts, RequestContent
from precert.domain.dates import Instant
from precert.domain.delegation import Ownership
from precert.domain.documents import Document
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.rules import Requirement
from precert.domain.statuses import Action, Status, WaitingOn, allowed_actions
from precert.domain.values import MULTILINE, WHOLE, Phone, Text, Tin, Value
from precert.usecases.drafts import ResumedDraft, StartedDraft, ValidatedDraft
from precert.usecases.ownership import ownership_of_check
from precert.usecases.ports.reference import CodeSets


class StartDraftBody(Value):
    """The content of a new draft."""

    content: RequestContent
    tin: Annotated[
        Tin | None,
        Field(description="The TIN that the draft belongs to. Optional for callers with one TIN."),
    ] = None


class ContentBody(Value):
    """The whole content of a draft, to save or to submit."""

    content: RequestContent


class PartsBody(Value):
    """Parts of the content of a draft. Omitted parts do not change."""

    content: ContentParts


class VoidBody(Value):
    """Why the request is withdrawn."""

    reason: Annotated[
        str,
        Field(min_length=1, max_length=500, examples=["The procedure was cancelled."]),
        MULTILINE,
    ]


ReadCycle = Annotated[
    int,
    Field(
        ge=1,
        description="The `cycle` of the request that you read. If the request was decided again since, "
        "the call is refused.",
        examples=[1],
    ),
    WHOLE,
]


class ReconsiderationBody(Value):
    """The service lines to reconsider, and why (W12)."""

    cycle: ReadCycle
    line_ids: Annotated[tuple[Text, ...], Field(max_length=100, examples=[("1.2",)])]
    reason: Annotated[
        str,
        Field(
            min_length=1,
            max_length=4000,
            examples=["The imaging report of last week was not yet attached."],
        ),
        MULTILINE,
    ]
    expedited: Annotated[
        bool, Field(description="Whether waiting could harm the patient. The deadline is shorter.")
    ] = False


class PeerToPeerBody(Value):
    """The service lines to discuss, and where the clinician can be reached (W12)."""

    cycle: ReadCycle
    line_ids: Annotated[tuple[Text, ...], Field(max_length=100, examples=[("1.2",)])]
    phone: Annotated[Phone, Field(examples=["2165550188"])]
    reason: Annotated[
        str,
        Field(
            min_length=1,
            max_length=4000,
            description="What to discuss, and when the clinician can be reached.",
            examples=["The surgeon can be reached from 8 to 10 a.m."],
        ),
        MULTILINE,
    ]


class AppealBody(Value):
    """The service lines to appeal, and why."""

    cycle: ReadCycle
    line_ids: Annotated[
        tuple[Text, ...],
        Field(
            min_length=1,
            max_length=100,
            description="Denied or modified service lines, `<service>.<line>`.",
            examples=[("1.2",)],
        ),
    ]
    reason: Annotated[
        str,
        Field(
            min_length=1,
            max_length=4000,
            examples=["The operative report shows why the second resection cannot wait."],
        ),
        MULTILINE,
    ]
    expedited: bool = False


class InformationResponseBody(Value):
    """A text response to a request for information (RFI)."""

    requested_at: Annotated[
        Instant,
        Field(
            description="The `requested_at` of the request for information that you respond to. A "
            "later request for information remains open.",
            examples=["2027-03-01T16:31:40Z"],
        ),
    ]
    answer: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2000,
            examples=["The note of January 12 was attached under another name."],
        ),
        MULTILINE,
    ]


class DraftResponse(ResponseModel):
    """A draft with its content and documents."""

    draft_id: Annotated[str, Field(description="After the submission, the ID of the request.")]
    version: Annotated[int, Field(description="Increases with every save. It is also in the ETag.")]
    status: Status
    status_label: ClassVar[Any] = label_of("status")
    expires_at: Annotated[
        datetime | None, Field(description="When the draft expires. Every save postpones it.")
    ]
    time_left: Annotated[
        str | None,
        Field(description="The time until `expires_at` as text, without days that do not count."),
    ]
    waiting_on: WaitingOn
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    allowed_actions: list[Action]
    allowed_actions_labels: ClassVar[Any] = labels_of("allowed_actions")
    content: RequestContent
    content_labels: dict[str, str]
    documents: list[DocumentResponse]
    damaged: Damaged
    lines: Annotated[
        list[LineOwnerResponse],
        Field(description="Who decides each service line, by the rule list in effect now."),
    ]
    vendors: Annotated[
        list[DelegatedVendorResponse],
        Field(
            description="The delegated vendors of these lines, with their contacts. The submission "
            "needs the `vendor_id` of each in `confirmed_vendors`."
        ),
    ]

    @classmethod
    def of(
        cls, resumed: ResumedDraft, *, payer: Payer, code_sets: CodeSets, now: datetime
    ) -> "DraftResponse":
        file = resumed.file
        labels = RequestLabels.of(file.request, payer, code_sets)
        members = _members(file.request, file.documents, resumed.ownership, payer, labels, now)
        return cls(**members, damaged=DamagedResponse.of(file.damaged))


def _members(
    draft: Request,
    documents: tuple[Document, ...],
    ownership: Ownership,
    payer: Payer,
    labels: RequestLabels,
    now: datetime,
) -> dict[str, Any]:
    """The members of :class:`DraftResponse`."""
    return {
        "draft_id": draft.request_id,
        "version": draft.version,
        "status": draft.status,
        "expires_at": draft.expires_at,
        "time_left": draft_time_left_in_words(draft.expires_at, payer, now),
        "waiting_on": draft.waiting_on,
        "allowed_actions": list(allowed_actions(draft.status)),
        "content": draft.content,
        "content_labels": replace(labels, payers_words=ownership.payers_words).content(
            draft.content
        ),
        "documents": [
            DocumentResponse.of(document, payer, draft.content) for document in documents
        ],
        "lines": LineOwnerResponse.of_content(draft.content, ownership),
        "vendors": _vendors(ownership),
    }


def _vendors(ownership: Ownership) -> list[DelegatedVendorResponse]:
    """The delegated vendors that decide some of the lines."""
    return [
        DelegatedVendorResponse.of(ownership.vendors[vendor_id])
        for vendor_id in ownership.lines_by_vendor()
    ]


class DraftCheckResponse(ResponseModel):
    """The result of the check that the draft was started from."""

    requirement: Requirement
    requirement_label: ClassVar[Any] = label_of("requirement")
    rule_list: RuleListResponse
    assertion_id: Annotated[
        str | None, Field(description="Identifies this check result in later inquiries.")
    ]
    assertion_valid: Annotated[
        bool | None,
        Field(
            description="Whether the `assertion_id` in the content belongs to this content and this "
            "rule list. Null if the content has none."
        ),
    ]


class StartedDraftResponse(DraftResponse):
    """The new draft, and the result of the check it was started from."""

    check: DraftCheckResponse

    @classmethod
    def of_started(
        cls, started: StartedDraft, *, payer: Payer, code_sets: CodeSets
    ) -> "StartedDraftResponse":
        result = started.answer
        labels = RequestLabels.of(started.draft, payer, code_sets)
        # The draft of a repeated start may have been saved since with other content.
        same = started.draft.content == result.content
        ownership = ownership_of_check(result, payer) if same else Ownership()
        return cls(
            **_members(started.draft, (), ownership, payer, labels, result.checked_at),
            damaged=[],
            check=DraftCheckResponse(
                requirement=result.requirement,
                rule_list=RuleListResponse.of(result.rule_list, payer),
                assertion_id=result.assertion_id,
                assertion_valid=result.assertion_valid,
            ),
        )


class DraftValidationResponse(ResponseModel):
    """The errors that prevent the submission of a draft."""

    draft_id: str
    version: Annotated[int, Field(description="The validated version. It is also in the ETag.")]
    errors: Annotated[
        list[ErrorItem],
        Field(
            description="Empty if the draft can be submitted. Pointers refer to the body of "
            "`submitDraft`. At most 100 are listed."
        ),
    ]
    further_errors: Annotated[int, Field(description="How many more errors there are.")]
    lines: Annotated[
        list[LineOwnerResponse],
        Field(description="Who decides each service line, by the rule list in effect now."),
    ]
    vendors: Annotated[
        list[DelegatedVendorResponse],
        Field(
            description="The delegated vendors of these lines, with their contacts. The submission "
            "needs the `vendor_id` of each in `confirmed_vendors`."
        ),
    ]

    @classmethod
    def of(cls, validated: ValidatedDraft) -> "DraftValidationResponse":
        return cls(
            draft_id=validated.draft.request_id,
            version=validated.draft.version,
            errors=[ErrorItem.of(error) for error in validated.errors[:MAX_LISTED]],
            further_errors=max(len(validated.errors) - MAX_LISTED, 0),
            lines=LineOwnerResponse.of_content(validated.draft.content, validated.ownership),
            vendors=_vendors(validated.ownership),
        )
