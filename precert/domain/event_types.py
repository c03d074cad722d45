"""Every event type and its effects, as one table for the whole product.

:data:`EVENTS` has a column for each effect: messages, determination notices, executions of the state
machine, the duplicate lock, upload slots. This module and :mod:`precert.domain.statuses` import only
the standard library, so that the CDK app can read them without loading the product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from precert.domain.statuses import WaitingOn


class EventType(StrEnum):
    """The detail types on the event bus. The history of a request has the same names."""

    DRAFT_STARTED = "DraftStarted"
    DRAFT_DELETED = "DraftDeleted"
    DRAFT_EXPIRING = "DraftExpiring"
    DRAFT_EXPIRED = "DraftExpired"
    REQUEST_SUBMITTED = "RequestSubmitted"
    REQUEST_PENDED = "RequestPended"
    REQUEST_DELEGATED = "RequestDelegated"
    REQUEST_DETERMINED = "RequestDetermined"
    PAYER_LINES_DETERMINED = "PayerLinesDetermined"
    VENDOR_LINES_DETERMINED = "VendorLinesDetermined"
    VENDOR_DEADLINE_APPROACHING = "VendorDeadlineApproaching"
    VENDOR_DEADLINE_PASSED = "VendorDeadlinePassed"
    REQUEST_AMENDED = "RequestAmended"
    LINES_CANCELLED = "LinesCancelled"
    REQUEST_VOIDED = "RequestVoided"
    REQUEST_ENDED_AS_DUPLICATE = "RequestEndedAsDuplicate"
    INFORMATION_REQUESTED = "InformationRequested"
    INFORMATION_RECEIVED = "InformationReceived"
    INFORMATION_OVERDUE = "InformationOverdue"
    DEADLINE_EXTENDED = "DeadlineExtended"
    PEER_TO_PEER_OFFERED = "PeerToPeerOffered"
    PEER_TO_PEER_RECORDED = "PeerToPeerRecorded"
    PEER_TO_PEER_REQUESTED = "PeerToPeerRequested"
    PEER_TO_PEER_PENDED = "PeerToPeerPended"
    PEER_TO_PEER_CLOSED = "PeerToPeerClosed"
    PEER_TO_PEER_OVERTURNED = "PeerToPeerOverturned"
    RECONSIDERATION_FILED = "ReconsiderationFiled"
    RECONSIDERATION_PENDED = "ReconsiderationPended"
    RECONSIDERATION_DETERMINED = "ReconsiderationDetermined"
    CASE_ASSIGNED = "CaseAssigned"
    CASE_REASSIGNED = "CaseReassigned"
    CASE_RELEASED = "CaseReleased"
    DECISION_PROPOSED = "DecisionProposed"
    DECISION_RETURNED = "DecisionReturned"
    NOTE_ADDED = "NoteAdded"
    DATES_CHANGED = "DatesChanged"
    PROVIDER_RECONCILED = "ProviderReconciled"
    INTAKE_CONFIRMED = "IntakeConfirmed"
    NOTICES_ISSUED = "NoticesIssued"
    DEADLINE_APPROACHING = "DeadlineApproaching"
    DEADLINE_PASSED = "DeadlinePassed"
    DEEMED_DENIAL_DUE = "DeemedDenialDue"
    DOCUMENT_ATTACHED = "DocumentAttached"
    DOCUMENT_REFUSED = "DocumentRefused"
    DOCUMENT_DELETED = "DocumentDeleted"
    APPEAL_FILED = "AppealFiled"
    APPEAL_PENDED = "AppealPended"
    APPEAL_DETERMINED = "AppealDetermined"


class WorkflowEffect(StrEnum):
    """The effect of an event on the state machine, when the relay reads it from the table's stream."""

    NONE = "NONE"
    ASSESS = "ASSESS"
    """Assess the determination cycle, and start its execution unless the assessment closed it."""
    START = "START"
    """Start the execution of the determination cycle."""
    RESTART = "RESTART"
    """Complete the execution of the previous cycle, if it waits, and start that of the new cycle."""
    END = "END"
    """Complete the execution that waits for a decision."""
    RESCHEDULE = "RESCHEDULE"
    """Wake the waiting execution, so that it waits for the changed deadline."""
    RESUME = "RESUME"
    """As RESCHEDULE, and request the required documentation that was refused while the RFI was open."""
    RECEIVE_DOCUMENT = "RECEIVE_DOCUMENT"
    """Close the open request for information that the document answers."""
    REQUEST_DOCUMENT = "REQUEST_DOCUMENT"
    """Request the required documentation that is missing because the document was refused."""


class DuplicateLock(StrEnum):
    """The effect of a change on the lock against duplicate requests (S2)."""

    KEEP = "KEEP"
    RELEASE = "RELEASE"
    """Delete the lock: the same services can be requested again."""
    REPLACE = "REPLACE"
    """Store the changed providers or dates in the lock."""
    MOVE = "MOVE"
    """Replace the lock by one with the signature of the changed service lines."""
    DETERMINE = "DETERMINE"
    """Keep the lock unless a service line is denied or modified, which can be requested again."""


class Subject(StrEnum):
    """What the event is about, which determines its members."""

    DRAFT = "DRAFT"
    """A draft: the event has no precertification number and no determination cycle."""
    REQUEST = "REQUEST"


@dataclass(frozen=True)
class EventRule:
    """The texts and the effects of an event type."""

    label: str
    """The display name (T6)."""
    meaning: str
    """The description in the JSON Schema of the event, for its consumers."""
    subject: Subject = Subject.REQUEST
    of_document: bool = False
    """Whether it has the id of a document."""
    message: bool = False
    """Whether both providers receive a message (T5)."""
    notices: bool = False
    """Whether determination notices are issued (W4)."""
    internal: bool = False
    """Whether it is about the work of reviewers, and not part of the providers' history."""
    workflow: WorkflowEffect = WorkflowEffect.NONE
    waiting_on: WaitingOn | None = None
    """Who must act next; ``None`` where the event does not change it."""
    duplicate_lock: DuplicateLock = DuplicateLock.KEEP
    grants_upload_slots: bool = False
    """Whether it sets the number of upload slots (U3). Otherwise only uploads reduce the number."""
    changes_content: bool = False
    """Whether the submitted content and the TINs that may read the request are stored again."""
    decides_lines: bool = False
    """Whether it records decisions of service lines. Only such an event can deny or reduce (W10)."""
    outdates_actions: bool = True
    """Whether an action of a caller who read the request before the event is refused. It is not after a
    reminder or another reviewer's note, on which no decision is based."""

    in_submit_response: bool = False
    """Whether the response to ``Claim/$submit`` can contain it, so that the client is not notified."""

    @property
    def notifies(self) -> bool:
        """Whether subscribers are notified, because the response to an inquiry may have changed."""
        changed = self.message or self.waiting_on is not None
        return self.subject is Subject.REQUEST and not self.of_document and changed


EVENTS: Final[Mapping[EventType, EventRule]] = MappingProxyType(
    {
        EventType.DRAFT_STARTED: EventRule(
            "Draft started",
            "A draft was started.",
            subject=Subject.DRAFT,
            waiting_on=WaitingOn.PROVIDER,
        ),
        EventType.DRAFT_DELETED: EventRule(
            "Draft deleted", "A user deleted the draft.", subject=Subject.DRAFT
        ),
        EventType.DRAFT_EXPIRING: EventRule(
            "Draft about to expire",
            "The draft will be deleted soon unless it is saved; sent once for each save.",
            subject=Subject.DRAFT,
            message=True,
        ),
        EventType.DRAFT_EXPIRED: EventRule(
            "Draft expired",
            "The draft was deleted with its documents because it was not saved in time.",
            subject=Subject.DRAFT,
            message=True,
        ),
        EventType.REQUEST_SUBMITTED: EventRule(
            "Request submitted",
            "A request was submitted and has a precertification number.",
            message=True,
            in_submit_response=True,
            workflow=WorkflowEffect.ASSESS,
            waiting_on=WaitingOn.PAYER,
        ),
        EventType.REQUEST_PENDED: EventRule(
            "Pended for clinical review",
            "Clinical review has started.",
            message=True,
            in_submit_response=True,
            waiting_on=WaitingOn.PAYER,
            grants_upload_slots=True,
        ),
        EventType.REQUEST_DELEGATED: EventRule(
            "Sent to the delegated vendor",
            "Delegated vendors decide the service lines in `vendor_lines` and report them.",
            message=True,
            waiting_on=WaitingOn.VENDOR,
        ),
        EventType.REQUEST_DETERMINED: EventRule(
            "Request determined",
            "Every service line is decided; `status` is that of the whole request.",
            message=True,
            notices=True,
            workflow=WorkflowEffect.END,
            waiting_on=WaitingOn.NONE,
            duplicate_lock=DuplicateLock.DETERMINE,
            decides_lines=True,
        ),
        EventType.PAYER_LINES_DETERMINED: EventRule(
            "Payer's service lines determined",
            "The payer decided its service lines; a delegated vendor has others to decide.",
            message=True,
            notices=True,
            workflow=WorkflowEffect.END,
            waiting_on=WaitingOn.VENDOR,
            duplicate_lock=DuplicateLock.DETERMINE,
            decides_lines=True,
        ),
        EventType.VENDOR_LINES_DETERMINED: EventRule(
            "Delegated vendor's service lines determined",
            "A delegated vendor decided its service lines; others are open, or in an appeal.",
            message=True,
            notices=True,
            duplicate_lock=DuplicateLock.DETERMINE,
            decides_lines=True,
        ),
        EventType.VENDOR_DEADLINE_APPROACHING: EventRule(
            "Delegated vendor's decision due soon",
            "The decision of a delegated vendor is due soon: `vendor_id` names it.",
            outdates_actions=False,
        ),
        EventType.VENDOR_DEADLINE_PASSED: EventRule(
            "Delegated vendor's decision overdue",
            "The decision of a delegated vendor is overdue: `vendor_id` names it. The status does "
            "not change.",
            outdates_actions=False,
        ),
        EventType.REQUEST_VOIDED: EventRule(
            "Request voided",
            "A provider, or the payer's staff who registered it, withdrew the request before a "
            "determination.",
            message=True,
            workflow=WorkflowEffect.END,
            waiting_on=WaitingOn.NONE,
            duplicate_lock=DuplicateLock.RELEASE,
        ),
        EventType.REQUEST_AMENDED: EventRule(
            "Request updated",
            "The submitter added, changed or cancelled service lines. What is not decided is assessed "
            "in a new determination cycle.",
            message=True,
            workflow=WorkflowEffect.RESTART,
            waiting_on=WaitingOn.PAYER,
            duplicate_lock=DuplicateLock.MOVE,
            changes_content=True,
        ),
        EventType.LINES_CANCELLED: EventRule(
            "Service lines cancelled",
            "The submitter cancelled service lines, and the payer has no others to decide.",
            message=True,
            workflow=WorkflowEffect.END,
            duplicate_lock=DuplicateLock.MOVE,
            changes_content=True,
        ),
        EventType.REQUEST_ENDED_AS_DUPLICATE: EventRule(
            "Ended as a duplicate",
            "The request repeats another request, which continues.",
            message=True,
            workflow=WorkflowEffect.END,
            waiting_on=WaitingOn.NONE,
            duplicate_lock=DuplicateLock.RELEASE,
        ),
        EventType.INFORMATION_REQUESTED: EventRule(
            "Information requested",
            "The payer requested information from the providers.",
            message=True,
            workflow=WorkflowEffect.RESCHEDULE,
            waiting_on=WaitingOn.PROVIDER,
        ),
        EventType.INFORMATION_RECEIVED: EventRule(
            "Information received",
            "The requested information was received; the payer's clock runs.",
            workflow=WorkflowEffect.RESUME,
            waiting_on=WaitingOn.PAYER,
        ),
        EventType.INFORMATION_OVERDUE: EventRule(
            "Information not received in time",
            "The requested information was not received in time; the payer's clock runs.",
            message=True,
            waiting_on=WaitingOn.PAYER,
        ),
        EventType.DEADLINE_EXTENDED: EventRule(
            "Deadline extended",
            "The decision deadline was extended, with a reason.",
            message=True,
            notices=True,
            workflow=WorkflowEffect.RESCHEDULE,
        ),
        EventType.PEER_TO_PEER_OFFERED: EventRule(
            "Peer-to-peer discussion offered",
            "The requesting clinician is offered a peer-to-peer discussion.",
            message=True,
        ),
        EventType.PEER_TO_PEER_RECORDED: EventRule(
            "Outcome of a peer-to-peer discussion recorded",
            "The outcome of a discussion before the determination was recorded.",
            message=True,
        ),
        EventType.PEER_TO_PEER_REQUESTED: EventRule(
            "Peer-to-peer discussion requested",
            "A provider requested a discussion of denied or modified service lines; a cycle is open.",
            message=True,
            workflow=WorkflowEffect.START,
            waiting_on=WaitingOn.PAYER,
            grants_upload_slots=True,
        ),
        EventType.PEER_TO_PEER_PENDED: EventRule(
            "Peer-to-peer discussion due",
            "The payer contacts the clinician for the requested discussion.",
            message=True,
            waiting_on=WaitingOn.PAYER,
        ),
        EventType.PEER_TO_PEER_CLOSED: EventRule(
            "Peer-to-peer discussion closed",
            "The requested discussion ended, and the determination is unchanged.",
            message=True,
            workflow=WorkflowEffect.END,
            waiting_on=WaitingOn.NONE,
        ),
        EventType.PEER_TO_PEER_OVERTURNED: EventRule(
            "Determination changed after a discussion",
            "The discussion led to a new determination; `status` is that of the whole request.",
            message=True,
            notices=True,
            workflow=WorkflowEffect.END,
            waiting_on=WaitingOn.NONE,
            duplicate_lock=DuplicateLock.DETERMINE,
            decides_lines=True,
        ),
        EventType.RECONSIDERATION_FILED: EventRule(
            "Reconsideration requested",
            "A provider requested a reconsideration of denied or modified service lines.",
            message=True,
            workflow=WorkflowEffect.START,
            waiting_on=WaitingOn.PAYER,
            grants_upload_slots=True,
        ),
        EventType.RECONSIDERATION_PENDED: EventRule(
            "Reconsideration in review",
            "The reconsideration is in clinical review.",
            message=True,
            waiting_on=WaitingOn.PAYER,
        ),
        EventType.RECONSIDERATION_DETERMINED: EventRule(
            "Reconsideration determined",
            "The reconsideration is decided; `status` is that of the whole request afterwards.",
            message=True,
            notices=True,
            workflow=WorkflowEffect.END,
            waiting_on=WaitingOn.NONE,
            duplicate_lock=DuplicateLock.DETERMINE,
            decides_lines=True,
        ),
        EventType.CASE_ASSIGNED: EventRule(
            "Case assigned to a reviewer",
            "A reviewer was assigned the case for a limited time.",
            internal=True,
        ),
        EventType.CASE_REASSIGNED: EventRule(
            "Case assigned by a lead",
            "A lead assigned the case to a reviewer for a limited time.",
            internal=True,
        ),
        EventType.CASE_RELEASED: EventRule(
            "Case released", "The case is no longer assigned to a reviewer.", internal=True
        ),
        EventType.DECISION_PROPOSED: EventRule(
            "Decisions proposed",
            "The decisions wait for a physician's confirmation or a second signature.",
            internal=True,
        ),
        EventType.DECISION_RETURNED: EventRule(
            "Proposed decisions returned",
            "The proposal was withdrawn or not confirmed; the determination cycle is open again.",
            internal=True,
        ),
        EventType.NOTE_ADDED: EventRule(
            "Note added",
            "A reviewer added a note for other reviewers.",
            internal=True,
            outdates_actions=False,
        ),
        EventType.DATES_CHANGED: EventRule(
            "Approved dates changed",
            "An operator changed approved dates.",
            message=True,
            notices=True,
            duplicate_lock=DuplicateLock.REPLACE,
        ),
        EventType.PROVIDER_RECONCILED: EventRule(
            "Provider matched with the directory",
            "An operator matched a provider with the directory; `tins` may differ.",
            message=True,
            duplicate_lock=DuplicateLock.REPLACE,
            changes_content=True,
        ),
        EventType.INTAKE_CONFIRMED: EventRule(
            "Intake exceptions confirmed",
            "An operator confirmed a request that providers cannot enter in the portal.",
            internal=True,
        ),
        EventType.NOTICES_ISSUED: EventRule(
            "Determination notices issued",
            "The determination notices of the cycle can be downloaded and mailed.",
            outdates_actions=False,
        ),
        EventType.DEADLINE_APPROACHING: EventRule(
            "Decision due soon",
            "The decision of the open determination cycle is due soon.",
            outdates_actions=False,
        ),
        EventType.DEADLINE_PASSED: EventRule(
            "Decision overdue",
            "The decision of the open determination cycle is overdue.",
            outdates_actions=False,
        ),
        EventType.DEEMED_DENIAL_DUE: EventRule(
            "Deemed denial: a person must act today",
            "The decision was not made in time, which the line of business counts as a denial. The "
            "status does not change: a person must decide the request and issue the notice.",
            internal=True,
            outdates_actions=False,
        ),
        EventType.DOCUMENT_ATTACHED: EventRule(
            "Document attached",
            "A document was verified and attached to the request.",
            of_document=True,
            workflow=WorkflowEffect.RECEIVE_DOCUMENT,
        ),
        EventType.DOCUMENT_REFUSED: EventRule(
            "Document refused",
            "A document was refused.",
            of_document=True,
            message=True,
            workflow=WorkflowEffect.REQUEST_DOCUMENT,
        ),
        EventType.DOCUMENT_DELETED: EventRule(
            "Document deleted",
            "A provider deleted a document from the draft.",
            subject=Subject.DRAFT,
            of_document=True,
        ),
        EventType.APPEAL_FILED: EventRule(
            "Appeal filed",
            "A provider appealed denied or modified service lines; a new cycle is open.",
            message=True,
            workflow=WorkflowEffect.START,
            waiting_on=WaitingOn.PAYER,
            grants_upload_slots=True,
        ),
        EventType.APPEAL_PENDED: EventRule(
            "Appeal in review",
            "The appeal is in clinical review.",
            message=True,
            waiting_on=WaitingOn.PAYER,
        ),
        EventType.APPEAL_DETERMINED: EventRule(
            "Appeal determined",
            "The appeal is decided; `status` is that of the whole request afterwards.",
            message=True,
            notices=True,
            workflow=WorkflowEffect.END,
            waiting_on=WaitingOn.NONE,
            duplicate_lock=DuplicateLock.DETERMINE,
            decides_lines=True,
        ),
    }
)
"""A test of exhaustive tables lists each type without a row."""

SUBSCRIPTION_EVENT_TYPES: Final = tuple(kind for kind in EventType if EVENTS[kind].notifies)
MESSAGE_EVENT_TYPES: Final = tuple(kind for kind in EventType if EVENTS[kind].message)
NOTICE_EVENT_TYPES: Final = tuple(kind for kind in EventType if EVENTS[kind].notices)
