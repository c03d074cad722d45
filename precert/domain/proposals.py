"""Proposed decisions, which take effect when another reviewer confirms or signs them (W10)."""

from collections.abc import Mapping
from datetime import datetime

from precert.domain.decisions import DecidingRole, Decision
from precert.domain.errors import FieldError, InvalidInputError, NotEntitledError, SameReviewerError
from precert.domain.event_types import EventType
from precert.domain.request import Change, Request
from precert.domain.review import MAX_PROPOSALS, Proposal, ReturnedProposal
from precert.domain.reviewing import review_changed, waiting_review, with_note
from precert.names import Entitlement


def propose(
    request: Request,
    decisions: Mapping[str, Decision],
    by: str,
    now: datetime,
    *,
    awaits_physician: bool = False,
) -> Change:
    """Propose decisions that a physician must confirm, or that need a second signature (W10).

    The reviewer who proposed decisions can replace them with others.

    Raises:
        ActionNotAllowedError: no cycle is open for review, another reviewer's decisions are proposed,
            or decisions were proposed :data:`MAX_PROPOSALS` times in this cycle.
        SameReviewerError: the appeal is against a decision of the same person.
        InvalidInputError: a line of the cycle has no decision, or a decision is for another line.
    """
    review = waiting_review(request)
    request.require_other_reviewer(by)
    request.require_lines(decisions)
    if review.proposal is not None and review.proposal.proposed_by != by:
        raise request.refusal("Another reviewer's decisions are already proposed.")
    if review.proposals >= MAX_PROPOSALS:
        raise request.refusal(
            f"Decisions of this case were proposed {MAX_PROPOSALS} times since the cycle was opened, "
            "which is the maximum. A physician reviewer can decide it without a proposal, unless the "
            "decisions need a second signature."
        )
    proposal = Proposal(
        proposed_by=by,
        proposed_at=now,
        decisions=dict(decisions),
        awaits_physician=awaits_physician,
    )
    return review_changed(
        request,
        EventType.DECISION_PROPOSED,
        by,
        now,
        proposal=proposal,
        proposals=review.proposals + 1,
        returned_proposal=None,
        assignment=None,
    )


def signed(request: Request, by: str, decided_as: DecidingRole) -> dict[str, Decision]:
    """The proposed decisions by line id, signed by another reviewer (W10).

    A physician who confirms adverse decisions is recorded as the person who decided.

    Raises:
        ActionNotAllowedError: nothing is proposed, or no cycle is open for review.
        SameReviewerError: the reviewer who proposed the decisions cannot sign them.
        NotEntitledError: a physician reviewer must confirm them.
    """
    proposal = _proposal(request)
    if proposal.proposed_by == by:
        raise SameReviewerError("You proposed these decisions. Another reviewer must sign them.")
    update: dict[str, object] = {"signed_by": by}
    if proposal.awaits_physician:
        if decided_as is not DecidingRole.PHYSICIAN:
            raise NotEntitledError(
                "These decisions deny or reduce something. A physician reviewer must confirm them. "
                "You can return them.",
                entitlement=Entitlement.PHYSICIAN_REVIEWER.value,
            )
        update |= {
            "decided_by": by,
            "decided_as": decided_as,
            "proposed_by": proposal.proposed_by,
        }
    return {
        line_id: decision.model_copy(update=update)
        for line_id, decision in proposal.decisions.items()
    }


def return_proposal(
    request: Request, by: str, now: datetime, *, comment: str | None = None
) -> Change | None:
    """Withdraw your own proposal, or return another reviewer's with a comment.

    The case can then be decided again. Returns ``None`` if the same reviewer returned the last proposal
    of this cycle with this comment.

    Raises:
        ActionNotAllowedError: nothing is proposed, or no cycle is open for review.
        InvalidInputError: the comment to another reviewer's proposal is missing.
    """
    review = request.submitted
    before = review.returned_proposal
    if review.proposal is None and before is not None:
        repeated = (before.cycle, before.returned_by, before.comment) == (review.cycle, by, comment)
        if repeated:
            return None
    proposal = _proposal(request)
    if comment is None and proposal.proposed_by != by:
        message = "must state what the reviewer who proposed the decisions should change"
        raise InvalidInputError([FieldError("/comment", "missing", message)])
    returned = ReturnedProposal(
        **dict(proposal), cycle=review.cycle, returned_by=by, returned_at=now, comment=comment
    )
    return review_changed(
        request,
        EventType.DECISION_RETURNED,
        by,
        now,
        proposal=None,
        returned_proposal=returned,
        notes=with_note(request, comment, by, now) if comment else review.notes,
    )


def _proposal(request: Request) -> Proposal:
    proposal = waiting_review(request).proposal
    if proposal is None:
        raise request.refusal("No decisions are proposed.")
    return proposal
