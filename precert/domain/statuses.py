"""Statuses, and which action leads where: one table for the machine, the API and the dashboards.

Statuses are those an office knows from the dashboard (T1), each with its X12 306 review action, so
that partner interfaces translate and need no second model.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Status(StrEnum):
    """Status of a whole request (T1)."""

    INCOMPLETE = "INCOMPLETE"
    PROCESSING = "PROCESSING"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    PARTIALLY_APPROVED = "PARTIALLY_APPROVED"
    DENIED = "DENIED"
    VOID = "VOID"


class LineStatus(StrEnum):
    """Status of one line of a service."""

    OPEN = "OPEN"
    APPROVED = "APPROVED"
    MODIFIED = "MODIFIED"
    """Approved otherwise than asked: fewer units, other dates, another code."""
    DENIED = "DENIED"


class AppealStatus(StrEnum):
    """Where an appeal stands; the request keeps its determination until the appeal is decided."""

    FILED = "FILED"
    PENDED = "PENDED"
    DETERMINED = "DETERMINED"


class WaitingOn(StrEnum):
    """Whose turn it is."""

    PROVIDER = "PROVIDER"
    PAYER = "PAYER"
    VENDOR = "VENDOR"
    NONE = "NONE"


class Who(StrEnum):
    """A reviewer as another reviewer sees them: never by name (A3)."""

    YOU = "YOU"
    ANOTHER = "ANOTHER"

    @classmethod
    def of(cls, subject: str, caller: str) -> "Who":
        return cls.YOU if subject == caller else cls.ANOTHER


class Transition(StrEnum):
    """What can happen to a request."""

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


class Action(StrEnum):
    """What a caller is offered (T1); some to reviewers or operators alone.

    MODIFY means adding documents, or answering what was asked: nothing else of a request can be
    changed once it was sent (W5, W6).
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
    CHANGE_DATES = "CHANGE_DATES"
    RECONCILE_PROVIDER = "RECONCILE_PROVIDER"


REVIEW_ACTIONS: Final[Mapping[Status, str | None]] = MappingProxyType(
    {
        Status.INCOMPLETE: None,
        Status.PROCESSING: "A4",
        Status.PENDING: "A4",
        Status.APPROVED: "A1",
        Status.PARTIALLY_APPROVED: "A2",
        Status.DENIED: "A3",
        Status.VOID: "C",
    }
)
"""X12 306 action of each status (HCR01); a draft was never sent, so it has none."""

_DETERMINED: Final = frozenset({Status.APPROVED, Status.PARTIALLY_APPROVED, Status.DENIED})

TRANSITIONS: Final[Mapping[Status, Mapping[Transition, frozenset[Status]]]] = MappingProxyType(
    {
        Status.INCOMPLETE: {
            Transition.SAVE: frozenset({Status.INCOMPLETE}),
            Transition.DELETE: frozenset(),
            Transition.SUBMIT: frozenset({Status.PROCESSING}),
            Transition.ATTACH: frozenset({Status.INCOMPLETE}),
        },
        Status.PROCESSING: {
            Transition.PEND: frozenset({Status.PENDING}),
            Transition.DELEGATE: frozenset({Status.PENDING}),
            Transition.DETERMINE: _DETERMINED,
            Transition.VOID: frozenset({Status.VOID}),
            Transition.END_AS_DUPLICATE: frozenset({Status.VOID}),
        },
        Status.PENDING: {
            Transition.DETERMINE: _DETERMINED,
            Transition.VOID: frozenset({Status.VOID}),
            Transition.ATTACH: frozenset({Status.PENDING}),
            Transition.REQUEST_INFORMATION: frozenset({Status.PENDING}),
            Transition.REPORT: _DETERMINED,
        },
        Status.APPROVED: {
            Transition.CHANGE_DATES: frozenset({Status.APPROVED}),
            Transition.REPORT: _DETERMINED,
        },
        Status.PARTIALLY_APPROVED: {
            Transition.CHANGE_DATES: frozenset({Status.PARTIALLY_APPROVED}),
            Transition.REPORT: _DETERMINED,
            Transition.APPEAL: frozenset({Status.PARTIALLY_APPROVED}),
            Transition.DETERMINE_APPEAL: frozenset({Status.PARTIALLY_APPROVED, Status.APPROVED}),
        },
        Status.DENIED: {
            Transition.APPEAL: frozenset({Status.DENIED}),
            Transition.REPORT: _DETERMINED,
            Transition.DETERMINE_APPEAL: _DETERMINED,
        },
        Status.VOID: {},
    }
)
"""Status → transition → statuses it may lead to. What is not here cannot happen.

An empty set means the request is gone afterwards.
"""

_ACTIONS: Final[Mapping[Status, tuple[Action, ...]]] = MappingProxyType(
    {
        Status.INCOMPLETE: (Action.RESUME, Action.DELETE),
        Status.PROCESSING: (Action.DETAILS, Action.VOID),
        Status.PENDING: (Action.DETAILS, Action.MODIFY, Action.VOID),
        Status.APPROVED: (Action.DETAILS,),
        Status.PARTIALLY_APPROVED: (Action.DETAILS, Action.APPEAL),
        Status.DENIED: (Action.DETAILS, Action.APPEAL),
        Status.VOID: (Action.DETAILS,),
    }
)


LINE_ACTIONS: Final[Mapping[LineStatus, str | None]] = MappingProxyType(
    {
        LineStatus.OPEN: "A4",
        LineStatus.APPROVED: "A1",
        LineStatus.MODIFIED: "A6",
        LineStatus.DENIED: "A3",
    }
)
"""X12 306 action of each line (HCR01)."""

NOT_REQUIRED_ACTION: Final = "NA"
"""X12 306 action of a line that needed no certification."""

DELEGATED_ACTION: Final = "CT"
"""X12 306 action of a request while a vendor decides it: contact the payer's vendor (W8)."""

ADVERSE: Final = frozenset({LineStatus.MODIFIED, LineStatus.DENIED})
"""Decisions that refuse something that was asked: they say why, and can be appealed (W4, W7)."""


def allows(status: Status, transition: Transition) -> bool:
    return transition in TRANSITIONS[status]


def allowed_actions(
    status: Status, *, appeal_open: bool = False, delegated: bool = False
) -> tuple[Action, ...]:
    """What either provider's office may do next (T1); one appeal at a time, and it takes documents.

    What a vendor decides is changed and appealed there (W7).
    """
    if delegated:
        return (Action.DETAILS,)
    actions = _ACTIONS[status]
    if not appeal_open:
        return actions
    return tuple(Action.MODIFY if action is Action.APPEAL else action for action in actions)


def determined_status(lines: Iterable[LineStatus]) -> Status:
    """The whole request's status from its decided lines (W3).

    A line approved otherwise than asked makes the whole a partial approval: something was refused.

    Raises:
        ValueError: a line is still open, or there is none.
    """
    found = set(lines)
    if not found or LineStatus.OPEN in found:
        raise ValueError("every line must be decided")
    if found == {LineStatus.APPROVED}:
        return Status.APPROVED
    if found == {LineStatus.DENIED}:
        return Status.DENIED
    return Status.PARTIALLY_APPROVED
