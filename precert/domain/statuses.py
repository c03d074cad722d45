"""The statuses of requests and service lines, and the actions on them, in tables with one row for each.

A status or action is a member of an enumeration and its row here. The rows have the display names, X12
review actions, allowed transitions and index letters that other modules use. This module imports only
the standard library.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal


class Transition(StrEnum):
    """A type of change of a request, which the status must allow."""

    SAVE = "SAVE"
    DELETE = "DELETE"
    SUBMIT = "SUBMIT"
    PEND = "PEND"
    DELEGATE = "DELEGATE"
    DETERMINE = "DETERMINE"
    VOID = "VOID"
    END_AS_DUPLICATE = "END_AS_DUPLICATE"
    ATTACH = "ATTACH"
    REQUEST_INFORMATION = "REQUEST_INFORMATION"
    APPEAL = "APPEAL"
    DETERMINE_APPEAL = "DETERMINE_APPEAL"
    REPORT = "REPORT"
    CHANGE_DATES = "CHANGE_DATES"
    AMEND = "AMEND"
    """The submitter adds, replaces or cancels service lines by an update (Da Vinci PAS)."""


class Action(StrEnum):
    """An action that a caller can take next (T1); some are only for reviewers or operators.

    MODIFY adds documents or responds to a request for information. Providers change nothing else of a
    submitted request in the portal (W5, W6). A partner can change service lines by a PAS update.
    """

    RESUME = "RESUME"
    DELETE = "DELETE"
    DETAILS = "DETAILS"
    MODIFY = "MODIFY"
    VOID = "VOID"
    APPEAL = "APPEAL"
    DECIDE = "DECIDE"
    ASSIGN = "ASSIGN"
    RELEASE = "RELEASE"
    REQUEST_INFORMATION = "REQUEST_INFORMATION"
    EXTEND = "EXTEND"
    OFFER_PEER_TO_PEER = "OFFER_PEER_TO_PEER"
    SIGN = "SIGN"
    RETURN_PROPOSAL = "RETURN_PROPOSAL"
    RECORD_PEER_TO_PEER = "RECORD_PEER_TO_PEER"
    REQUEST_PEER_TO_PEER = "REQUEST_PEER_TO_PEER"
    RECONSIDER = "RECONSIDER"
    CHANGE_DATES = "CHANGE_DATES"
    CONFIRM_INTAKE = "CONFIRM_INTAKE"
    RECONCILE_PROVIDER = "RECONCILE_PROVIDER"
    ADD_NOTE = "ADD_NOTE"
    REASSIGN = "REASSIGN"

    @property
    def rule(self) -> "ActionRule":
        """The row of the action."""
        return ACTIONS[self]


CLERK_ACTIONS: Final = frozenset({Action.DETAILS, Action.MODIFY, Action.VOID})
"""The providers' actions that the payer's staff can take for a registered request (S5)."""


@dataclass(frozen=True)
class ActionRule:
    """The display name and the description of an action."""

    label: str
    """Display name (T6)."""
    description: str | None = None


ACTIONS: Final[Mapping[Action, ActionRule]] = MappingProxyType(
    {
        Action.RESUME: ActionRule("Resume"),
        Action.DELETE: ActionRule("Delete"),
        Action.DETAILS: ActionRule("Details"),
        Action.MODIFY: ActionRule(
            "Modify", "Add documents or respond to a request for information."
        ),
        Action.VOID: ActionRule("Void"),
        Action.APPEAL: ActionRule("Appeal"),
        Action.DECIDE: ActionRule("Decide"),
        Action.ASSIGN: ActionRule("Assign to me"),
        Action.RELEASE: ActionRule("Release"),
        Action.REQUEST_INFORMATION: ActionRule("Request information"),
        Action.EXTEND: ActionRule("Extend the deadline"),
        Action.OFFER_PEER_TO_PEER: ActionRule("Offer a peer-to-peer discussion"),
        Action.SIGN: ActionRule("Sign the decisions"),
        Action.RETURN_PROPOSAL: ActionRule(
            "Return the proposed decisions",
            "Withdraw your own proposal, or return another reviewer's without signing it.",
        ),
        Action.RECORD_PEER_TO_PEER: ActionRule("Record the outcome of the discussion"),
        Action.REQUEST_PEER_TO_PEER: ActionRule(
            "Request a peer-to-peer discussion", "It does not count as an appeal."
        ),
        Action.RECONSIDER: ActionRule(
            "Request a reconsideration", "It does not count as an appeal."
        ),
        Action.CHANGE_DATES: ActionRule("Change the approved dates"),
        Action.CONFIRM_INTAKE: ActionRule("Confirm the intake exceptions"),
        Action.RECONCILE_PROVIDER: ActionRule("Match a provider with the directory"),
        Action.ADD_NOTE: ActionRule("Add a note", "Only reviewers and operators can read it."),
        Action.REASSIGN: ActionRule(
            "Assign to a colleague",
            "A lead assigns the case to another reviewer, or takes it back.",
        ),
    }
)


class Status(StrEnum):
    """Status of a whole request (T1)."""

    INCOMPLETE = "INCOMPLETE"
    PROCESSING = "PROCESSING"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    PARTIALLY_APPROVED = "PARTIALLY_APPROVED"
    DENIED = "DENIED"
    VOID = "VOID"

    @property
    def rule(self) -> "StatusRule":
        """The row of the status."""
        return STATUSES[self]


@dataclass(frozen=True)
class StatusRule:
    """The row of a request status."""

    label: str
    """Display name (T6)."""
    description: str
    review_action: str | None
    """X12 306 (HCR01); ``None`` for a draft."""
    index_letter: str
    """The letter of the status in index keys, which must be short."""
    provider_actions: tuple[Action, ...]
    """The actions that a provider can take next."""
    transitions: Mapping[Transition, frozenset[Status]]
    """The allowed transitions, each with the statuses it can lead to; an empty set if it deletes the
    draft."""
    open: bool = False
    """Whether the initial determination of the payer or a delegated vendor is pending."""
    notices: tuple[str, ...] = ()
    """Names of the payer's notices in the details for providers, after those about disputes."""
    vendor_notices: tuple[str, ...] = ()
    """The same for a request that delegated vendors decide."""


DETERMINED: Final = frozenset({Status.APPROVED, Status.PARTIALLY_APPROVED, Status.DENIED})
"""Statuses after a determination."""

STATUSES: Final[Mapping[Status, StatusRule]] = MappingProxyType(
    {
        Status.INCOMPLETE: StatusRule(
            "Incomplete",
            "A draft that has not been submitted.",
            review_action=None,
            index_letter="I",
            provider_actions=(Action.RESUME, Action.DELETE),
            transitions={
                Transition.SAVE: frozenset({Status.INCOMPLETE}),
                Transition.DELETE: frozenset(),
                Transition.SUBMIT: frozenset({Status.PROCESSING}),
                Transition.ATTACH: frozenset({Status.INCOMPLETE}),
            },
        ),
        Status.PROCESSING: StatusRule(
            "Processing",
            "Received; the payer's rules are being applied.",
            review_action="A4",
            index_letter="R",
            provider_actions=(Action.DETAILS, Action.VOID),
            transitions={
                Transition.PEND: frozenset({Status.PENDING}),
                Transition.DELEGATE: frozenset({Status.PROCESSING, Status.PENDING}),
                Transition.DETERMINE: frozenset({Status.PENDING, *DETERMINED}),
                Transition.VOID: frozenset({Status.VOID}),
                Transition.END_AS_DUPLICATE: frozenset({Status.VOID}),
            },
            open=True,
        ),
        Status.PENDING: StatusRule(
            "Pending",
            "Pended for clinical review, or a delegated vendor must decide a service line.",
            review_action="A4",
            index_letter="P",
            provider_actions=(Action.DETAILS, Action.MODIFY, Action.VOID),
            transitions={
                Transition.DETERMINE: frozenset({Status.PENDING, *DETERMINED}),
                Transition.VOID: frozenset({Status.VOID}),
                Transition.ATTACH: frozenset({Status.PENDING}),
                Transition.REQUEST_INFORMATION: frozenset({Status.PENDING}),
                Transition.REPORT: frozenset({Status.PENDING, *DETERMINED}),
                # The payer's part of a request can be determined before a vendor's.
                Transition.CHANGE_DATES: frozenset({Status.PENDING}),
                Transition.APPEAL: frozenset({Status.PENDING}),
                Transition.DETERMINE_APPEAL: frozenset({Status.PENDING}),
                Transition.AMEND: frozenset(
                    {Status.PROCESSING, Status.PENDING, Status.APPROVED, Status.VOID}
                ),
            },
            open=True,
        ),
        Status.APPROVED: StatusRule(
            "Approved",
            "Certified in total.",
            review_action="A1",
            index_letter="A",
            provider_actions=(Action.DETAILS,),
            transitions={
                Transition.CHANGE_DATES: frozenset({Status.APPROVED}),
                Transition.AMEND: frozenset({Status.PROCESSING, Status.APPROVED, Status.VOID}),
                Transition.REPORT: DETERMINED,
            },
            notices=("date_change", "code_change"),
            vendor_notices=("date_change", "code_change"),
        ),
        Status.PARTIALLY_APPROVED: StatusRule(
            "Partially approved",
            "Certified in part: at least one service line was denied or modified.",
            review_action="A2",
            index_letter="S",
            provider_actions=(Action.DETAILS, Action.APPEAL),
            transitions={
                Transition.CHANGE_DATES: frozenset({Status.PARTIALLY_APPROVED}),
                Transition.REPORT: DETERMINED,
                Transition.APPEAL: frozenset({Status.PARTIALLY_APPROVED}),
                Transition.DETERMINE_APPEAL: frozenset(
                    {Status.PARTIALLY_APPROVED, Status.APPROVED}
                ),
            },
            notices=("date_change", "code_change"),
            vendor_notices=("date_change", "code_change"),
        ),
        Status.DENIED: StatusRule(
            "Denied",
            "Not certified.",
            review_action="A3",
            index_letter="D",
            provider_actions=(Action.DETAILS, Action.APPEAL),
            transitions={
                Transition.APPEAL: frozenset({Status.DENIED}),
                Transition.REPORT: DETERMINED,
                Transition.DETERMINE_APPEAL: DETERMINED,
            },
        ),
        Status.VOID: StatusRule(
            "Void",
            "Cancelled before a determination. It remains in the history.",
            review_action="C",
            index_letter="V",
            provider_actions=(Action.DETAILS,),
            transitions={},
        ),
    }
)

DELEGATED_ACTION: Final = "CT"
"""The X12 306 code of a pended request that delegated vendors decide: contact payer (W8)."""


class LineStatus(StrEnum):
    """Status of one service line."""

    OPEN = "OPEN"
    APPROVED = "APPROVED"
    MODIFIED = "MODIFIED"
    """Approved with other values than requested, such as fewer units, other dates or another code."""
    DENIED = "DENIED"
    CANCELLED = "CANCELLED"
    """Withdrawn by the submitter, or replaced by another line."""

    @property
    def rule(self) -> "LineStatusRule":
        """The row of the status."""
        return LINE_STATUSES[self]


EnteredStatus = Literal[LineStatus.APPROVED, LineStatus.MODIFIED, LineStatus.DENIED]
"""The statuses that a reviewer or a vendor can enter. An approval of less than requested becomes
``MODIFIED``."""


@dataclass(frozen=True)
class LineStatusRule:
    """The row of a service line status."""

    label: str
    """Display name (T6)."""
    description: str
    review_action: str
    """X12 306 (HCR01)."""
    outcome: str
    """The text of the decision in a determination notice."""
    approves: bool = False
    """Whether a code, units and a period are approved."""
    adverse: bool = False
    """Whether something requested is denied or reduced, so that it has a reason and can be appealed
    (W4, W7)."""


LINE_STATUSES: Final[Mapping[LineStatus, LineStatusRule]] = MappingProxyType(
    {
        LineStatus.OPEN: LineStatusRule(
            "Open", "Not determined yet.", review_action="A4", outcome="Not decided"
        ),
        LineStatus.APPROVED: LineStatusRule(
            "Approved",
            "Certified as requested.",
            review_action="A1",
            outcome="Approved",
            approves=True,
        ),
        LineStatus.MODIFIED: LineStatusRule(
            "Modified",
            "Certified with other units, dates or code.",
            review_action="A6",
            outcome="Approved in part",
            approves=True,
            adverse=True,
        ),
        LineStatus.DENIED: LineStatusRule(
            "Denied", "Not certified.", review_action="A3", outcome="Denied", adverse=True
        ),
        LineStatus.CANCELLED: LineStatusRule(
            "Cancelled",
            "Withdrawn or replaced by its submitter.",
            review_action="C",
            outcome="Cancelled",
        ),
    }
)

NOT_REQUIRED_ACTION: Final = "NA"
"""The X12 306 code of a service line that needs no certification."""


class AppealStatus(StrEnum):
    """Status of an appeal. The request keeps its status until the appeal is determined."""

    FILED = "FILED"
    PENDED = "PENDED"
    DETERMINED = "DETERMINED"


class WaitingOn(StrEnum):
    """The party that must act next."""

    PROVIDER = "PROVIDER"
    PAYER = "PAYER"
    VENDOR = "VENDOR"
    NONE = "NONE"


class Who(StrEnum):
    """A reviewer in responses for another reviewer, which have the user name beside it."""

    YOU = "YOU"
    ANOTHER = "ANOTHER"

    @classmethod
    def of(cls, subject: str, caller: str) -> "Who":
        """Whether the reviewer ``subject`` is the caller."""
        return cls.YOU if subject == caller else cls.ANOTHER


def allows(status: Status, transition: Transition) -> bool:
    """Whether a request with this status can have the transition."""
    return transition in status.rule.transitions


def allowed_actions(
    status: Status,
    *,
    appeal_open: bool = False,
    delegated: bool = False,
    disputes: Iterable[Action] | None = None,
) -> tuple[Action, ...]:
    """The actions that either provider can take next (T1).

    While an appeal is open, documents can be added to it and no other one filed. A request that vendors
    decide (``delegated``) is changed and appealed with the vendor (W7). ``disputes`` are those that are
    possible now, in place of the status's ``APPEAL``.
    """
    if delegated and status is not Status.PROCESSING:
        return (Action.DETAILS,)
    actions = status.rule.provider_actions
    if not appeal_open:
        if disputes is None or Action.APPEAL not in actions:
            return actions
        return (*(action for action in actions if action is not Action.APPEAL), *disputes)
    return tuple(Action.MODIFY if action is Action.APPEAL else action for action in actions)


def mixed_actions(
    status: Status,
    *,
    appeal_open: bool,
    own_part_is_determined: bool,
    disputes: Iterable[Action],
    vendor_decided: bool,
) -> tuple[Action, ...]:
    """The actions that either provider can take if the payer and a vendor each decide lines (T1).

    ``disputes`` of the payer's lines are possible as soon as these are determined. The request cannot
    be withdrawn after the payer or a vendor decided lines.
    """
    if status.rule.open and not own_part_is_determined:
        actions = allowed_actions(status)
        return tuple(one for one in actions if one is not Action.VOID or not vendor_decided)
    if appeal_open:
        return (Action.DETAILS, Action.MODIFY)
    return (Action.DETAILS, *(disputes if allows(status, Transition.APPEAL) else ()))


def status_of_lines(lines: Iterable[LineStatus]) -> Status:
    """The status of a request from those of its lines (W3, W8).

    It is PENDING while a line of the payer or of a vendor is open. Cancelled lines do not count; a
    request with no other lines is VOID.
    """
    statuses = tuple(one for one in lines if one is not LineStatus.CANCELLED)
    if not statuses:
        return Status.VOID
    return Status.PENDING if LineStatus.OPEN in statuses else determined_status(statuses)


def determined_status(lines: Iterable[LineStatus]) -> Status:
    """The status of a request from those of its decided lines (W3).

    A request with a ``MODIFIED`` line is approved only in part, because something was denied or
    reduced.

    Raises:
        ValueError: a line is still open, or there is none.
    """
    statuses = set(lines)
    if not statuses or LineStatus.OPEN in statuses:
        raise ValueError("every line must be decided")
    if not any(status.rule.adverse for status in statuses):
        return Status.APPROVED
    if not any(status.rule.approves for status in statuses):
        return Status.DENIED
    return Status.PARTIALLY_APPROVED
