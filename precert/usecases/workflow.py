"""What the stream and the state machine start: relay events, assess a request, wait for its
decision and watch its deadline (W1, W2).

Every task may run twice, late, or after the request was changed: each reads the current state, does
what is still to do, and returns how the workflow continues.
"""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from math import ceil
from typing import assert_never

from precert.domain.assessing import (
    JudgedLine,
    assessed_lines,
    attached_types,
    automatic_decisions,
    delegate_of,
    is_automatic,
    is_late_notification,
    missing_documents,
)
from precert.domain.clocks import (
    Deadline,
    appeal_deadline,
    decision_deadline,
    information_deadline,
    local_date,
)
from precert.domain.coverage import Plan
from precert.domain.determination import requested_lines
from precert.domain.documents import DocumentStatus
from precert.domain.duplicates import (
    Fingerprint,
    fingerprint_of,
    potential_duplicates,
    sure_duplicates,
)
from precert.domain.errors import TransientError
from precert.domain.event_types import EVENTS, WorkflowEffect
from precert.domain.events import Event
from precert.domain.matching import matched, provider_ids
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.retry import retry
from precert.domain.review import FIRST_CYCLE, SYSTEM, Assessment
from precert.domain.reviewing import request_information
from precert.domain.rules import DelegatedVendor
from precert.domain.statuses import AppealStatus, Status
from precert.names import Route
from precert.usecases.checks import judge_codes, prove_assertion
from precert.usecases.ports.reference import ReferenceReader, RuleLists, RuleListVersions
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    Cycle,
    Fingerprints,
    RequestFile,
    RequestStore,
)
from precert.usecases.ports.workflow import EventBus, TaskTokens, Workflow


def with_matches(request: Request, reference: ReferenceReader) -> Request:
    """The request, marked where a provider does not fit its directory entry; it goes on anyway.

    One call, and none where both providers were typed in. What an operator reconciled stands.
    """
    review, content = request.submitted, request.content
    entries = reference.entries(provider_ids(content))
    found = matched(request.request_id, content, review.temporary_providers, entries)
    marked = review.model_copy(update={"temporary_providers": found})
    return request.model_copy(update={"review": marked})


TOLERANCE_SECONDS = 60
"""How much later than its mark a clock may be looked at; less is no reason to wake anybody."""


@dataclass(frozen=True)
class CycleStatus:
    """How a cycle goes on, and in how many seconds its deadline must be checked (at least one)."""

    route: Route
    seconds_to_next_check: int


def await_decision(
    cycle: Cycle,
    seconds: int,
    *,
    requests: RequestStore,
    tokens: TaskTokens,
    payer: Payer,
    now: datetime,
) -> None:
    """Let the cycle wait with this task token; what closes or changes it answers the token.

    The execution sleeps for ``seconds``, which were counted before the token was stored: what moved
    the clock meanwhile found no token to wake, so it is looked at once more.

    Raises:
        RequestClosedError: nothing is to be waited for.
    """
    requests.renew_cycle(cycle)
    request = requests.read(cycle.request_id)
    standing = cycle_status_of(request, cycle.number, payer, now)
    sooner = seconds - standing.seconds_to_next_check > TOLERANCE_SECONDS
    if standing.route is Route.REVIEW and sooner:
        tokens.wake(cycle.task_token, standing.seconds_to_next_check)


def check_deadline(
    request_id: str, cycle: int, *, requests: RequestStore, payer: Payer, now: datetime
) -> CycleStatus:
    """Record the reminder or the escalation; the cycle keeps waiting (W2)."""

    def attempt() -> CycleStatus:
        request = requests.read(request_id)
        if request is not None and is_open(request, cycle):
            change = request.check_deadline(now)
            if change is not None:
                requests.record(change)
                request = change.request
        return cycle_status_of(request, cycle, payer, now)

    return retry(attempt, on=ConcurrentChangeError)


def is_open(request: Request, cycle: int) -> bool:
    """Whether this cycle of the request still waits for the payer."""
    return request.cycle_is_open and request.review is not None and request.review.cycle == cycle


def cycle_status_of(
    request: Request | None, cycle: int, payer: Payer, now: datetime
) -> CycleStatus:
    """How a cycle goes on as the request stands now."""
    if request is None or not is_open(request, cycle):
        return CycleStatus(Route.CLOSED, 1)
    deadline = request.clock or deadline_of(request, payer)
    if _mark_is_missing(request, deadline, now):
        return CycleStatus(Route.REVIEW, 1)
    wait = deadline.next_check_at(now) - now
    return CycleStatus(Route.REVIEW, max(1, ceil(wait.total_seconds())))


def _mark_is_missing(request: Request, deadline: Deadline, now: datetime) -> bool:
    """Whether a mark was reached while no execution waited, and no one was told yet."""
    review = request.submitted
    if review.open_information_request:
        return now >= deadline.due_at
    return (now >= deadline.due_at and review.escalated_cycle < review.cycle) or (
        now >= deadline.warn_at and review.warned_cycle < review.cycle
    )


def deadline_of(request: Request, payer: Payer) -> Deadline:
    """Deadline that the open cycle begins with, by the line of business of the plan (W2).

    Extensions and pauses move it later: :attr:`Request.clock` knows where it stands.
    """
    clock = payer.clock_for(request)
    review = request.submitted
    if appeal := review.open_appeal:
        return appeal_deadline(appeal.filed_at, expedited=appeal.expedited, clock=clock)
    return decision_deadline(review.submitted_at, request.urgency, clock)


def assess_cycle(
    request_id: str,
    cycle: int,
    *,
    requests: RequestStore,
    reference: ReferenceReader,
    rule_lists: RuleLists,
    versions: RuleListVersions,
    fingerprints: Fingerprints,
    payer: Payer,
    now: datetime,
) -> CycleStatus:
    """Decide the way of a cycle and record it, whatever of it was recorded before (W1).

    It ends where it repeats another request (S2); one delegated vendor decides it (W8); the rules
    approve it; or it pends for a reviewer with its deadline (W2) and the assessment, and what the
    rules want with it is asked for at once. An appeal pends with a deadline of its own.

    Raises:
        TransientError: others were quicker every time, or no rule list is published.
    """

    def next_change(file: RequestFile) -> Change | None:
        request = file.request
        appeal = request.submitted.open_appeal
        if appeal is not None:
            filed = appeal.status is AppealStatus.FILED
            return request.pend_appeal(deadline_of(request, payer), now) if filed else None
        if request.status is Status.PROCESSING:
            return _first_change(
                file,
                requests=requests,
                reference=reference,
                rule_lists=rule_lists,
                versions=versions,
                fingerprints=fingerprints,
                payer=payer,
                now=now,
            )
        return _asking(file, payer, now)

    def attempt() -> CycleStatus:
        # At most three changes: it pends, requests information, and takes what arrived meanwhile.
        while True:
            file = requests.read_file(request_id)
            if file is None or not is_open(file.request, cycle):
                return CycleStatus(Route.CLOSED, 1)
            change = next_change(file)
            if change is None:
                return cycle_status_of(file.request, cycle, payer, now)
            requests.record(change)
            if not _may_ask(change.request):
                return cycle_status_of(change.request, cycle, payer, now)

    return retry(attempt, on=ConcurrentChangeError)


def _first_change(
    file: RequestFile,
    *,
    requests: RequestStore,
    reference: ReferenceReader,
    rule_lists: RuleLists,
    versions: RuleListVersions,
    fingerprints: Fingerprints,
    payer: Payer,
    now: datetime,
) -> Change:
    """How the first cycle goes on, by the list in effect."""
    request = with_matches(file.request, reference)
    content, received_at = request.content, request.submitted.submitted_at
    if content.patient is None:
        raise AssertionError("completeness requires a patient")
    facts = reference.check_facts(content.patient.member_id)
    rule_list = facts.rule_list
    if rule_list is None:
        raise TransientError("No rule list is published yet. Try again later.")

    def plan_on(day: date) -> Plan:
        coverage = facts.coverage_on(day)
        return coverage.plan if coverage else request.plan

    judged = judge_codes(content.services, plan_on, rule_list=rule_list, rule_lists=rule_lists)
    asked = requested_lines(content)
    codes = chain.from_iterable(of_service or (None,) for of_service in judged)
    lines = tuple(
        JudgedLine(line_id, asked[line_id], *(code or ()))
        for line_id, code in zip(asked, codes, strict=True)
    )
    vendor_ids = sorted({line.vendor_id for line in lines if line.vendor_id})
    vendors = rule_lists.vendors(rule_list, vendor_ids) if vendor_ids else {}
    delegate = delegate_of(lines, vendors, local_date(received_at, payer.zone))
    own = fingerprint_of(request.request_id, request.submitted.number, received_at, content)
    others = fingerprints.of_member(content.patient.member_id)
    duplicate_window_days = payer.utilization_management.duplicate_window_days
    assertion = prove_assertion(
        request.content_as_submitted, reference=reference, versions=versions
    )
    assessment = Assessment(
        rule_list=rule_list.version,
        assessed_at=now,
        lines=assessed_lines(lines),
        required_documentation=missing_documents(lines, file.documents),
        assertion=assertion,
        potential_duplicates=potential_duplicates(own, others, duplicate_window_days),
        delegate=delegate,
        late_notification=is_late_notification(content, received_at, payer),
    )
    for other in sure_duplicates(own, others, duplicate_window_days):
        if _goes_on_instead(other, own, requests):
            return request.end_as_duplicate(other.number, assessment, now, seen_by=other.tins)
    return _judged(request, lines, assessment, delegate, payer, now)


def _goes_on_instead(other: Fingerprint, own: Fingerprint, requests: RequestStore) -> bool:
    """Whether of two alike the other one goes on: the earlier.

    A later one that was assessed before this one was there did not see it, and stands.
    """
    found = requests.read(other.request_id)
    if found is None or found.status is Status.VOID:
        return False
    return own.came_after(other) or found.status is not Status.PROCESSING


def _judged(
    request: Request,
    lines: tuple[JudgedLine, ...],
    assessment: Assessment,
    delegate: DelegatedVendor | None,
    payer: Payer,
    now: datetime,
) -> Change:
    if delegate is not None:
        return request.delegate(delegate.vendor_id, assessment, now)
    if is_automatic(request.content, assessment):
        days = payer.utilization_management.approval_days
        decisions = automatic_decisions(lines, approval_days=days, now=now)
        return request.determine(decisions, SYSTEM, now, assessment)
    slots = payer.documents.max_while_pending
    return request.pend(deadline_of(request, payer), slots, now, assessment)


def _may_ask(request: Request) -> bool:
    """Whether the rules want something that was not there when the request was assessed."""
    review = request.submitted
    return (
        request.status is Status.PENDING
        and not request.is_delegated
        and review.cycle == FIRST_CYCLE
        and review.assessment is not None
        and bool(review.assessment.required_documentation)
    )


def _asking(file: RequestFile, payer: Payer, now: datetime) -> Change | None:
    """Ask once for what the rules want, and take what came while it was being asked (W1, W2).

    The two changes after pending are looked for in what stands, so that an assessment that died
    between them goes on where it was.
    """
    request, review = file.request, file.request.submitted
    assessment = review.assessment
    if assessment is None or not _may_ask(request):
        return None
    there = attached_types(file.documents)
    missing = [code for code in assessment.required_documentation if code not in there]
    arrived = any(
        document.status is DocumentStatus.ATTACHED
        and document.settled_at is not None
        and document.settled_at >= assessment.assessed_at
        for document in file.documents
    )
    asked = review.open_information_request
    if asked is not None:
        return (
            request.receive_information(now) if arrived and asked.requested_by == SYSTEM else None
        )
    if review.information_requests or not missing or arrived:
        return None
    clock = payer.clock_for(request)
    return request_information(
        request,
        missing,
        "\n".join(payer.required_documentation[code] for code in missing),
        answer_by=information_deadline(now, request.urgency, clock),
        by=SYSTEM,
        now=now,
    )


def relay_event(
    event: Event,
    *,
    requests: RequestStore,
    workflow: Workflow,
    bus: EventBus,
    payer: Payer,
    now: datetime,
) -> None:
    """Do what the event asks for. Doing it twice, or late, changes nothing more.

    An execution is named by its cycle, so it starts once. A closed cycle's token is looked up by
    the event's cycle: where there is none, the execution did not wait yet and finds the cycle closed
    by itself.

    Raises:
        TransientError: something did not answer; deliver the event again.
    """
    match EVENTS[event.type].workflow:
        case WorkflowEffect.NONE:
            pass
        case WorkflowEffect.START:
            workflow.start(event.request_id, event.cycle)
        case WorkflowEffect.END:
            waiting = requests.cycle(event.request_id, event.cycle)
            if waiting is not None:
                workflow.answer(waiting.task_token, {"status": event.status.value})
        case WorkflowEffect.RESCHEDULE:
            _wake(event, requests=requests, workflow=workflow, payer=payer, now=now)
        case WorkflowEffect.RECEIVE_DOCUMENT:
            _receive_information(event, requests=requests, now=now)
        case other:
            assert_never(other)
    bus.publish(event)


def _wake(
    event: Event, *, requests: RequestStore, workflow: Workflow, payer: Payer, now: datetime
) -> None:
    """Let the execution sleep by the clock as it stands now.

    Where the product asked by itself, it did before the execution began to wait.
    """
    if event.actor == SYSTEM:
        return
    waiting = requests.cycle(event.request_id, event.cycle)
    if waiting is None:
        return
    request = requests.read(event.request_id)
    standing = cycle_status_of(request, event.cycle, payer, now)
    if standing.route is Route.REVIEW:
        workflow.wake(waiting.task_token, standing.seconds_to_next_check)


def _receive_information(event: Event, *, requests: RequestStore, now: datetime) -> None:
    """A document that arrives answers what was asked for: the payer's clock runs on (W2, W6)."""

    def attempt() -> None:
        request = requests.read(event.request_id)
        asked = request.review.open_information_request if request and request.review else None
        if request is None or asked is None or event.at < asked.requested_at:
            return
        change = request.receive_information(now)
        if change is not None:
            requests.record(change)

    retry(attempt, on=ConcurrentChangeError)
