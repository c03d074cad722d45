"""Events of the example request that are not part of its main sequence, each at a plausible time."""

from datetime import datetime, timedelta
from typing import Final

from precert.domain import case_assignment, operator_actions, proposals, reviewing
from precert.domain.assessment import Assessment, LineAssessment
from precert.domain.clocks import Deadline
from precert.domain.decisions import Decision
from precert.domain.delegation import Delegation, RecordedReport
from precert.domain.directory import DirectoryEntry
from precert.domain.event_types import EventType
from precert.domain.events import Event
from precert.domain.matching import ProviderRole, manually_entered
from precert.domain.operator_actions import reconcile_provider
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.request_events import event_of
from precert.domain.rules import DelegatedVendor, Requirement
from precert.domain.statuses import LineStatus

RULE_LIST: Final = "2026-02-27.1"
VENDOR: Final = "EVICORE"
OPERATOR: Final = "operator-1"
MISTYPED_TIN: Final = "203129813"
_HOUR: Final = timedelta(hours=1)


def further_events(
    submitted: Request,
    pended: Request,
    determined: Request,
    reviewer: str,
    other: str,
    *,
    facility: DirectoryEntry,
    payer: Payer,
) -> tuple[Event, ...]:
    """Return one event of each type that the main sequence does not have.

    ``reviewer`` and ``other`` are subjects of reviewers.
    """
    at = pended.updated_at + _HOUR
    assessment = _assessment(submitted, at)
    requested = reviewing.request_information(
        pended, ["OPERATIVE_NOTE"], None, payer=payer, by=reviewer, now=at
    )
    assigned = case_assignment.assign(pended, reviewer, at + _HOUR, at)
    proposed = proposals.propose(pended, _decisions(pended, reviewer, at), reviewer, at)
    delegated = submitted.delegate([delegation_of(submitted, at, payer)], assessment, at)
    own = _decisions(delegated.request, reviewer, at)
    changes: tuple[Change | None, ...] = (
        delegated,
        delegated.request.determine(own, reviewer, at + _HOUR),
        *_vendor_events(delegated.request, at, payer),
        submitted.end_as_duplicate(determined, assessment, at),
        requested,
        requested.request.receive_information(at + _HOUR, payer),
        requested.request.check_deadline(requested.request.due_at or at, payer),
        reviewing.extend(
            pended, "A specialist's opinion is awaited.", payer=payer, by=reviewer, now=at
        ),
        _deemed_denial(pended, payer),
        reviewing.offer_peer_to_peer(pended, "800.882.4470", at + 24 * _HOUR, by=reviewer, now=at),
        assigned,
        case_assignment.reassign(pended, other, at + _HOUR, reviewer, at),
        case_assignment.release(assigned.request, reviewer, at + _HOUR) if assigned else None,
        proposed,
        proposals.return_proposal(
            proposed.request, other, at + _HOUR, comment="Name the criterion."
        ),
        reviewing.add_note(pended, "The surgeon was called.", reviewer, at + _HOUR),
        _dates_changed(determined),
        reconciled(with_manual_facility(pended), facility, at),
    )
    return (*(change.event for change in changes if change), _notices(determined))


def delegation_of(request: Request, at: datetime, payer: Payer) -> Delegation:
    """Return the delegation of the example's last line to a vendor."""
    vendor = DelegatedVendor(
        vendor_id=VENDOR,
        name="EviCore by Evernorth",
        services="Radiology",
        url="https://www.evicore.com",
        requirements=("Order of the physician",),
    )
    return Delegation(
        vendor=vendor,
        line_ids=(request.submitted.lines[-1].line_id,),
        rule_list=RULE_LIST,
    ).delegated(_in_three_days(request, at, payer), at)


def _in_three_days(request: Request, at: datetime, payer: Payer) -> Deadline:
    return Deadline(at + 48 * _HOUR, at + 72 * _HOUR, payer.decision_clock(request))


def _vendor_events(delegated: Request, at: datetime, payer: Payer) -> tuple[Change | None, ...]:
    """The vendor's deadline approaches and passes; the vendor reports before the payer decides."""
    pended = delegated.pend(_in_three_days(delegated, at, payer), 10, at).request
    warned = pended.check_vendor_deadline(VENDOR, at + 48 * _HOUR)
    reported_at = at + 50 * _HOUR
    report = RecordedReport(
        reference="RAD-2027-0001183",
        reported_at=reported_at,
        received_at=reported_at,
        reported_by=VENDOR,
    )
    decisions = {
        line.line_id: Decision(
            status=LineStatus.APPROVED, cycle=1, decided_at=reported_at, decided_by=VENDOR
        )
        for line in delegated.submitted.vendor_lines
    }
    return (
        warned,
        warned.request.check_vendor_deadline(VENDOR, at + 72 * _HOUR) if warned else None,
        pended.report(VENDOR, decisions, report, reported_at),
    )


def _deemed_denial(pended: Request, payer: Payer) -> Change | None:
    """The deadline passes for a request whose line of business has deemed denials."""
    plan = pended.plan.model_copy(update={"line_of_business": "MEDICAID"})
    medicaid = pended.model_copy(update={"plan": plan})
    review = pended.submitted.model_copy(
        update={"clock": payer.decision_clock(medicaid), "escalated_cycle": 1, "warned_cycle": 1}
    )
    late = medicaid.model_copy(update={"review": review})
    return late.check_deadline(late.due_at, payer) if late.due_at else None


def with_manual_facility(request: Request) -> Request:
    """Return the request with its facility manually entered instead of selected from the directory."""
    facility = request.content.servicing_provider
    if facility is None:
        raise AssertionError("the example must have a facility")
    entered = facility.model_copy(update={"provider_id": None, "tin": MISTYPED_TIN})
    content = request.content.model_copy(update={"servicing_provider": entered})
    temporary = manually_entered(request.request_id, content)
    review = request.submitted.model_copy(update={"temporary_providers": temporary})
    update = {"content": content, "tins": frozenset(content.tins), "review": review}
    return request.model_copy(update=update)


def reconciled(request: Request, facility: DirectoryEntry, at: datetime) -> Change:
    """Return the operator's reconciliation of a manually entered facility with a directory entry."""
    change = reconcile_provider(
        request, ProviderRole.SERVICING_PROVIDER, facility, by=OPERATOR, now=at
    )
    if change is None:
        raise AssertionError("the example must have a provider to reconcile")
    return change


def _notices(determined: Request) -> Event:
    """The event that :mod:`precert.usecases.notices` records when notices are issued."""
    event = event_of(determined, EventType.NOTICES_ISSUED)
    return event.model_copy(update={"event_id": f"{determined.request_id}.notices-1"})


def _assessment(submitted: Request, at: datetime) -> Assessment:
    lines = tuple(
        LineAssessment(line_id=line.line_id, requirement=Requirement.REQUIRED)
        for line in submitted.submitted.lines
    )
    return Assessment(rule_list=RULE_LIST, assessed_at=at, lines=lines)


def _decisions(request: Request, by: str, at: datetime) -> dict[str, Decision]:
    return {
        line.line_id: Decision(status=LineStatus.APPROVED, cycle=1, decided_at=at, decided_by=by)
        for line in request.lines_to_decide
    }


def _dates_changed(determined: Request) -> Change:
    at = determined.updated_at + _HOUR
    lines = [line for line in determined.submitted.lines if line.status is not LineStatus.DENIED]
    changed = {
        line.line_id: line.decisions[-1].model_copy(
            update={"decided_at": at, "date_change_reason": "The surgeon's calendar."}
        )
        for line in lines
    }
    return operator_actions.change_dates(determined, changed, by=OPERATOR, now=at)
