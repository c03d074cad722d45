"""Request models of the reviewers' operations."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from precert.api.models import PageQuery
from precert.domain.dates import Instant
from precert.domain.decision_clocks import MAX_AMOUNT, ExtensionRequester
from precert.domain.decisions import LineDecision
from precert.domain.disputes import DiscussionOutcome
from precert.domain.values import NO_PLACEHOLDERS, WHOLE, Reason, Text, Value, Words
from precert.domain.worklist import QueueView

Cycle = Annotated[
    int,
    Field(
        ge=1,
        description="The `cycle` of the case that the reviewer read. Any other cycle is refused.",
    ),
    WHOLE,
]


PlanId = Annotated[Text | None, Field(description="One of the caller's plans. All, if omitted.")]


class WorklistQuery(PageQuery):
    """A page of the queue of the caller's plans."""

    plan_id: PlanId = None
    mine: Annotated[bool, Field(description="Only cases that are assigned to the caller.")] = False
    view: Annotated[
        QueueView | None, Field(description="Only this part of the queue, which is also counted.")
    ] = None


class CountsQuery(Value):
    """The plan whose cases to count; all plans if omitted."""

    plan_id: PlanId = None


SeenDocuments = Annotated[
    tuple[Text, ...],
    Field(
        max_length=100,
        description="Ids of `new_documents` of the case that the reviewer has read; they are then no "
        "longer new. A denial or a reduction is refused while any document is new.",
    ),
]


class RequestInformationBody(Value):
    """The documents, the text response, or both that the providers are requested to send (W2)."""

    documents: Annotated[
        tuple[Text, ...],
        Field(max_length=20, description="Codes of the payer's `required_documentation`."),
    ] = ()
    text: Annotated[Words, NO_PLACEHOLDERS] | None = None
    seen_documents: SeenDocuments = ()


class ExtendBody(Value):
    """Why the decision needs more time, and who requests it (W2)."""

    reason: Annotated[
        Reason,
        NO_PLACEHOLDERS,
        Field(
            description="Both providers can read it, and it is in the notice to member and provider. "
            "If the payer requests the extension, it states why it is in the member's interest."
        ),
    ]
    days: Annotated[
        int | None,
        Field(ge=1, le=MAX_AMOUNT, description="Calendar days. Null for the maximum."),
        WHOLE,
    ] = None
    requested_by: ExtensionRequester = ExtensionRequester.PAYER
    seen_documents: SeenDocuments = ()


BeforeResponse = Annotated[
    bool,
    Field(
        description="Whether to deny or reduce before the providers' time to respond to a request for "
        "information has ended. Otherwise such decisions are refused."
    ),
]


OverlapConfirmed = Annotated[
    bool,
    Field(
        description="Whether to approve a service that another request of the member approves on "
        "overlapping dates. Otherwise such decisions are refused."
    ),
]


class DecideBody(Value):
    """The decisions of all service lines of the open cycle."""

    cycle: Cycle
    lines: Annotated[tuple[LineDecision, ...], Field(max_length=100)]
    before_response: BeforeResponse = False
    overlap_confirmed: OverlapConfirmed = False
    seen_documents: SeenDocuments = ()


class PeerToPeerOutcomeBody(Value):
    """The outcome of a peer-to-peer discussion (W12)."""

    cycle: Cycle
    outcome: DiscussionOutcome
    lines: Annotated[
        tuple[LineDecision, ...],
        Field(
            max_length=100,
            description="With OVERTURNED after a determination: new decisions of the discussed lines.",
        ),
    ] = ()
    overlap_confirmed: OverlapConfirmed = False
    seen_documents: SeenDocuments = ()


class SignBody(Value):
    """A physician's confirmation or the second signature of proposed decisions."""

    cycle: Cycle
    proposed_at: Annotated[
        Instant,
        Field(
            description="The `proposed_at` of the proposal that the reviewer read. If the proposal was "
            "replaced since, the call is refused."
        ),
    ]
    accept: Annotated[bool, Field(description="False returns the decisions to the case.")]
    comment: Annotated[
        Words | None,
        Field(
            description="Required to return another reviewer's decisions: what they should change. "
            "Reviewers read it with the case, and it remains in `notes`."
        ),
    ] = None
    before_response: BeforeResponse = False
    overlap_confirmed: OverlapConfirmed = False
    seen_documents: SeenDocuments = ()

    @model_validator(mode="after")
    def _comments_on_a_return(self) -> Self:
        if self.accept and self.comment is not None:
            raise ValueError("a comment is allowed only if accept is false; add a note instead")
        return self


class NextCaseBody(Value):
    """The part of the queue from which the next case is assigned."""

    plan_id: PlanId = None
    view: Annotated[QueueView | None, Field(description="Only from this part of the queue.")] = None
    skip: Annotated[
        tuple[Text, ...],
        Field(max_length=50, description="Ids of requests to skip."),
    ] = ()


class ReassignBody(Value):
    """The reviewer to assign a case to."""

    reviewer: Annotated[
        Text | None,
        Field(
            description="The subject (`sub`) of the colleague at the identity provider: one that "
            "`listReviewers` returns where the payer grants the rights. Null ends the assignment."
        ),
    ]


class AddNoteBody(Value):
    """A note for other reviewers. No provider or delegated vendor reads it."""

    text: Words
    seen_documents: SeenDocuments = ()
