"""The stored state of a request, with its derived values and the allowed actions of each role.

Changes of a request are in :mod:`precert.domain.request`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field

from precert.domain.caller import Caller
from precert.domain.clocks import Deadline
from precert.domain.content import RequestContent, Service
from precert.domain.coverage import Plan
from precert.domain.dates import Moment
from precert.domain.decision_clocks import ClockKind, Extension, ExtensionRule
from precert.domain.decisions import DecidingRole, ServiceLine
from precert.domain.delegation import Delegation
from precert.domain.disputes import DisputeKind
from precert.domain.errors import ActionNotAllowedError
from precert.domain.matching import ProviderRole, as_submitted, unmatched
from precert.domain.requested_lines import active_services
from precert.domain.review import MAX_ASSIGNMENTS, MAX_NOTES, Proposal, Review
from precert.domain.statuses import (
    CLERK_ACTIONS,
    DELEGATED_ACTION,
    Action,
    Status,
    WaitingOn,
    allowed_actions,
    mixed_actions,
)
from precert.domain.values import Text, Tin, Urgency, Value
from precert.names import Entitlement

DISPUTE_ACTIONS: Final[Mapping[DisputeKind, Action]] = MappingProxyType(
    {
        DisputeKind.PEER_TO_PEER: Action.REQUEST_PEER_TO_PEER,
        DisputeKind.RECONSIDERATION: Action.RECONSIDER,
        DisputeKind.APPEAL: Action.APPEAL,
    }
)


def actions_of(
    until: Callable[[DisputeKind], datetime | None], now: datetime
) -> tuple[Action, ...]:
    """The actions of the disputes that are possible now; ``until`` returns the end of each."""
    return tuple(
        action
        for kind, action in DISPUTE_ACTIONS.items()
        if (end := until(kind)) is not None and now < end
    )


class RequestState(Value):
    """The state of a request. ``version`` increases by one with every change.

    A draft has ``expires_at`` (D3), a submitted request has ``review``.
    """

    request_id: Text
    version: Annotated[int, Field(ge=1)]
    status: Status
    tins: frozenset[Tin]
    plan: Plan
    content: RequestContent
    created_at: Moment
    updated_at: Moment
    internal_since: Moment | None = None
    """The time of the last change that providers see, if internal changes followed it."""
    expires_at: Moment | None = None
    document_slots: int = 0
    part_versions: Mapping[str, int] = {}
    """For a draft: the version in which each field of the content was last saved (D7)."""
    new_documents: frozenset[str] = frozenset()
    """Ids of the attached documents that no reviewer has seen. They do not change the version."""
    unchanged_since: int | None = None
    """The version since which there were only events without ``outdates_actions``, if any."""
    started_with: Text | None = None
    """Digest of the content with which the draft was created; identifies a repeated call."""
    review: Review | None = None

    @property
    def submitted(self) -> Review:
        """The review of a submitted request.

        Raises:
            ActionNotAllowedError: the request is a draft.
        """
        if self.review is None:
            raise ActionNotAllowedError(
                "This request is a draft. Submit it first.", request_status=self.status.value
            )
        return self.review

    @property
    def shown_at(self) -> datetime:
        """The last change that providers see, which orders lists and starts the retention (T2, T4)."""
        return self.internal_since or self.updated_at

    @property
    def unmatched_providers(self) -> tuple[ProviderRole, ...]:
        """Provider roles that an operator must match with a directory entry (S3)."""
        return unmatched(self.review.temporary_providers) if self.review else ()

    @property
    def content_as_submitted(self) -> RequestContent:
        """The content with its providers as submitted, before any reconciliation (S3)."""
        if self.review is None:
            return self.content
        return as_submitted(self.content, self.review.temporary_providers)

    def accepts_version(self, version: int) -> bool:
        """Whether an action of a caller who read this version is still valid."""
        return (self.unchanged_since or self.version) <= version <= self.version

    def saved_since(self, version: int) -> frozenset[str]:
        """The fields of a draft's content that were saved after ``version`` (D7)."""
        return frozenset(part for part, saved in self.part_versions.items() if saved > version)

    @property
    def active_services(self) -> tuple[Service, ...]:
        """The requested services, without those of which every line is cancelled."""
        return active_services(self.content, self.review.lines if self.review else ())

    @property
    def urgency(self) -> Urgency:
        """The most urgent level of the services that are not cancelled."""
        levels = {service.urgency for service in self.active_services}
        for urgency in (Urgency.EMERGENCY, Urgency.EXPEDITED):
            if urgency in levels:
                return urgency
        return Urgency.STANDARD

    @property
    def cycle_urgency(self) -> Urgency:
        """The urgency of the open cycle. An appeal has its own, whatever the request's (W7)."""
        appeal = self.review.open_appeal if self.review else None
        if appeal is None:
            return self.urgency
        return Urgency.EXPEDITED if appeal.expedited else Urgency.STANDARD

    @property
    def is_delegated(self) -> bool:
        """Whether delegated vendors decide all of its service lines (W8)."""
        review = self.review
        return review is not None and bool(review.delegations) and not review.own_lines

    @property
    def is_mixed(self) -> bool:
        """Whether the payer decides some of its service lines, and delegated vendors the others."""
        review = self.review
        return review is not None and bool(review.delegations) and bool(review.own_lines)

    @property
    def is_listed(self) -> bool:
        """Whether providers' lists have it: not while vendors decide all, and none has yet (W8)."""
        if not self.is_delegated or self.status is not Status.PENDING:
            return True
        return any(line.decisions for line in self.submitted.lines)

    @property
    def own_part_is_determined(self) -> bool:
        """Whether the payer has decided all service lines that it decides."""
        return self.review is not None and all(line.decisions for line in self.review.own_lines)

    @property
    def open_delegations(self) -> tuple[Delegation, ...]:
        """The delegations whose vendor has received its lines and has not reported decisions."""
        if self.review is None or self.status is Status.VOID:
            return ()
        review = self.review
        return tuple(
            one for one in review.delegations if one.awaits_report and review.lines_of_vendor(one)
        )

    @property
    def review_action(self) -> str | None:
        """The X12 306 code (HCR01) of the request; ``None`` for a draft."""
        if self.is_delegated and self.status is Status.PENDING:
            return DELEGATED_ACTION
        return self.status.rule.review_action

    @property
    def cycle_is_open(self) -> bool:
        """Whether the payer must still decide the current cycle, without lines of delegated vendors."""
        if self.review is None:
            return False
        if self.status is Status.PROCESSING:
            return True
        if self.status.rule.open and not self.own_part_is_determined:
            return True
        return self.review.open_appeal is not None

    @property
    def retention_has_begun(self) -> bool:
        """Whether no party must act, so that the retention began with the last change (T4)."""
        return self.waiting_on is WaitingOn.NONE

    @property
    def is_adverse(self) -> bool:
        """Whether the decision of a service line is adverse."""
        lines = self.review.lines if self.review else ()
        return any(line.adverse for line in lines)

    @property
    def takes_documents(self) -> bool:
        """Whether documents can be added: to a draft, a pended request (U4) or an open appeal (W7)."""
        if self.status is Status.INCOMPLETE:
            return True
        return self.cycle_is_open and self.status is not Status.PROCESSING

    @property
    def waiting_on(self) -> WaitingOn:
        """The party that must act next."""
        if self.status is Status.INCOMPLETE:
            return WaitingOn.PROVIDER
        if not self.cycle_is_open:
            return WaitingOn.VENDOR if self.open_delegations else WaitingOn.NONE
        rfi = self.review is not None and self.review.open_information_request is not None
        return WaitingOn.PROVIDER if rfi else WaitingOn.PAYER

    @property
    def deadline(self) -> Deadline | None:
        """The deadline of the open cycle; ``None`` until the cycle is pended, and if none is open."""
        if self.review is None or not self.cycle_is_open:
            return None
        cycle = self.review.open_appeal or self.review
        if cycle.clock is None or cycle.warn_at is None or cycle.due_at is None:
            return None
        return Deadline(cycle.warn_at, cycle.due_at, cycle.clock)

    @property
    def due_at(self) -> datetime | None:
        """The payer's deadline of the open cycle or, during an RFI, that of the providers.

        ``None`` until the cycle is pended, and if no cycle is open.
        """
        deadline = self.deadline
        if deadline is None or self.review is None:
            return None
        rfi = self.review.open_information_request
        return rfi.answer_by if rfi else deadline.due_at

    def was_performed(self, zone: ZoneInfo) -> bool:
        """Whether it is a standard request for services performed before its receipt (W2)."""
        received_on = self.submitted.submitted_at.astimezone(zone).date()
        return self.urgency is Urgency.STANDARD and all(
            service.was_performed_before(received_on) for service in self.active_services
        )

    def clock_kind(self, zone: ZoneInfo) -> ClockKind:
        """The kind of clock for the current cycle; ``zone`` is the payer's time zone (W2, W7)."""
        performed = self.was_performed(zone)
        if appeal := self.submitted.open_appeal:
            if appeal.kind is DisputeKind.RECONSIDERATION:
                return ClockKind.RECONSIDERATION
            if appeal.kind is DisputeKind.PEER_TO_PEER:
                return ClockKind.PEER_TO_PEER
            if appeal.expedited:
                return ClockKind.APPEAL_EXPEDITED
            return ClockKind.APPEAL_RETROSPECTIVE if performed else ClockKind.APPEAL_STANDARD
        if self.urgency is not Urgency.STANDARD:
            return ClockKind.EXPEDITED
        return ClockKind.RETROSPECTIVE if performed else ClockKind.STANDARD

    @property
    def extension(self) -> Extension | None:
        """The extension of the current cycle's deadline, if it was extended."""
        if self.review is None:
            return None
        appeal = self.review.open_appeal
        return appeal.extension if appeal else self.review.extension

    def extension_rule(self, now: datetime) -> ExtensionRule | None:
        """The clock's rule for extensions; ``None`` if the deadline cannot be extended now.

        A deadline can be extended once, before it passes.
        """
        deadline = self.deadline
        if deadline is None or self.extension is not None:
            return None
        return deadline.clock.extension if now < deadline.due_at else None

    def takes_information_request(self, now: datetime) -> bool:
        """Whether an RFI can be sent now (W2).

        No other can be open, and the deadline must be ahead unless the clock pauses. A peer-to-peer
        discussion after a determination has none.
        """
        deadline = self.deadline
        if deadline is None or self.submitted.open_information_request is not None:
            return False
        appeal = self.submitted.open_appeal
        if appeal is not None and appeal.kind is DisputeKind.PEER_TO_PEER:
            return False
        return deadline.clock.pause or now < deadline.due_at

    @property
    def vendor_due_at(self) -> datetime | None:
        """The earliest deadline of a delegated vendor, if only vendors must act (W8)."""
        if self.waiting_on is not WaitingOn.VENDOR:
            return None
        return min((one.due_at for one in self.open_delegations if one.due_at), default=None)

    @property
    def lines_to_decide(self) -> tuple[ServiceLine, ...]:
        """The service lines that the payer must decide in the open cycle; () if no cycle is open."""
        if self.review is None or not self.cycle_is_open:
            return ()
        appeal = self.review.open_appeal
        if appeal is None:
            return self.review.open_own_lines
        return tuple(line for line in self.review.lines if line.line_id in appeal.line_ids)

    def provider_actions(self, now: datetime) -> tuple[Action, ...]:
        """The actions that either provider can take next (T1)."""
        review = self.review
        rights = review.rights if review else None
        disputes = actions_of(rights.until, now) if rights else ()
        appeal_open = review is not None and review.open_appeal is not None
        if review is None or not self.is_mixed:
            return allowed_actions(
                self.status,
                appeal_open=appeal_open,
                delegated=self.is_delegated,
                disputes=disputes,
            )
        return mixed_actions(
            self.status,
            appeal_open=appeal_open,
            own_part_is_determined=self.own_part_is_determined,
            disputes=disputes,
            vendor_decided=any(line.decisions for line in review.vendor_lines),
        )

    def clerk_actions(self, now: datetime) -> tuple[Action, ...]:
        """The actions that the payer's staff can take for a request that they registered (S5)."""
        return tuple(one for one in self.provider_actions(now) if one in CLERK_ACTIONS)

    @property
    def awaits_intake_confirmation(self) -> bool:
        """Whether an operator has to confirm the intake exceptions of a registered request (S5)."""
        review = self.review
        return (
            review is not None
            and bool(review.intake_exceptions)
            and review.intake_confirmation is None
            # Also while vendors decide and the payer has no lines to decide.
            and self.status.rule.open
        )

    @property
    def waits_for_review(self) -> bool:
        """Whether reviewers can act, because a cycle is open and pended."""
        return self.status is not Status.PROCESSING and self.due_at is not None

    def reviewer_actions(self, caller: Caller, now: datetime) -> tuple[Action, ...]:
        """The actions that this reviewer can take next (T1).

        A reviewer who acts for a provider of the request can only read it. Notes can be added in any
        status. A lead can assign the case, also if it is assigned to another reviewer.
        """
        review = self.review
        if review is None or caller.acts_for(self):
            return (Action.DETAILS,)
        actions = [*self._actions_on_cycle(review, caller, now)]
        reassigned = review.assignments < MAX_ASSIGNMENTS or review.assignment is not None
        leads = Entitlement.REVIEW_LEAD in caller.entitlements
        if self.waits_for_review and leads and reassigned:
            actions.append(Action.REASSIGN)
        if len(review.notes) < MAX_NOTES:
            actions.append(Action.ADD_NOTE)
        return tuple(actions)

    def _actions_on_cycle(
        self, review: Review, caller: Caller, now: datetime
    ) -> tuple[Action, ...]:
        """The actions on the open cycle; only details if this reviewer may not act on it."""
        by = caller.subject
        if not self.waits_for_review or by in self.earlier_reviewers:
            return (Action.DETAILS,)
        assigned = review.assignment is not None and now < review.assignment.until
        if assigned and review.assignment is not None and review.assignment.assigned_to != by:
            return (Action.DETAILS,)
        actions = [Action.DETAILS]
        if review.assignments < MAX_ASSIGNMENTS:
            actions.append(Action.ASSIGN)
        if assigned:
            actions.append(Action.RELEASE)
        discussion = review.open_appeal
        if discussion is not None and discussion.kind is DisputeKind.PEER_TO_PEER:
            # The outcome of the discussion determines the cycle.
            return (*actions, Action.RECORD_PEER_TO_PEER)
        actions.extend(_actions_on_proposal(review.proposal, caller))
        if review.peer_to_peer is not None and review.peer_to_peer.outcome is None:
            actions.append(Action.RECORD_PEER_TO_PEER)
        if self.takes_information_request(now):
            actions.append(Action.REQUEST_INFORMATION)
        if self.extension_rule(now) is not None:
            actions.append(Action.EXTEND)
        if not self._discussion_is_offered(now):
            actions.append(Action.OFFER_PEER_TO_PEER)
        return tuple(actions)

    @property
    def earlier_reviewers(self) -> frozenset[str]:
        """Subjects of those who decided lines of the open appeal, and may not decide it (W7)."""
        appeal = self.review.open_appeal if self.review else None
        if appeal is None or appeal.kind.rule.before_appeal:
            return frozenset()
        decisions = (one for line in self.lines_to_decide for one in line.decisions)
        return frozenset(person for decision in decisions for person in decision.persons)

    @property
    def provider_persons(self) -> frozenset[str]:
        """Subjects of those who submitted or appealed the request, and may not review it (W10)."""
        review = self.review
        if review is None:
            return frozenset()
        persons = {review.submitted_by, *(appeal.filed_by for appeal in review.appeals)}
        return frozenset(person for person in persons if person is not None)

    def _discussion_is_offered(self, now: datetime) -> bool:
        offer = self.review.peer_to_peer if self.review else None
        return offer is not None and offer.outcome is None and now < offer.respond_by


def _actions_on_proposal(proposal: Proposal | None, caller: Caller) -> tuple[Action, ...]:
    """The actions on proposed decisions; the action to decide if none are proposed.

    Their author can replace or withdraw them. Others can sign or return them, except that only a
    physician signs those that await one.
    """
    if proposal is None:
        return (Action.DECIDE,)
    if proposal.proposed_by == caller.subject:
        return (Action.DECIDE, Action.RETURN_PROPOSAL)
    if not proposal.awaits_physician:
        return (Action.SIGN, Action.RETURN_PROPOSAL)
    if caller.deciding_role is DecidingRole.PHYSICIAN:
        return (Action.DECIDE, Action.SIGN, Action.RETURN_PROPOSAL)
    return (Action.RETURN_PROPOSAL,)
