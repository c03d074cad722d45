"""Steps started by the stream and the state machine: relay events, assess a request, wait for its
decision and watch its deadline (W1, W2).

Every step may run twice, late, or after the request was changed: each reads the current state, does
what is still due, and returns how the workflow continues.
"""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from math import ceil
from typing import Final, assert_never

from precert.domain import disputing
from precert.domain.amending import running_deadline
from precert.domain.assessing import (
    JudgedLine,
    assessed_lines,
    automatic_decisions,
    is_automatic,
    is_late_notification,
    missing_documents,
    sent_types,
)
from precert.domain.assessment import (
    Assessment,
    DuplicateReason,
    LineAssessment,
    PotentialDuplicate,
)
from precert.domain.clocks import deadline_of, local_date
from precert.domain.coverage import Plan
from precert.domain.decisions import SYSTEM
from precert.domain.determination import requested_lines
from precert.domain.documents import Document, DocumentStatus
from precert.domain.errors import TransientError
from precert.domain.event_types import EVENTS, WorkflowEffect
from precert.domain.events import Event
from precert.domain.matching import matched, provider_ids
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.retry import retry
from precert.domain.review import FIRST_CYCLE
from precert.domain.reviewing import request_information
from precert.domain.statuses import AppealStatus, Status
from precert.names import Route
from precert.usecases.checks import judge_codes, prove_assertion, retained_by_payer
from precert.usecases.duplicates import FoundDuplicates, find_duplicates
from precert.usecases.ownership import ownership_of
from precert.usecases.ports.reference import ReferenceReader, RuleLists, RuleListVersions
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    Cycle,
    Fingerprints,
    RequestClosedError,
    RequestFile,
    RequestStore,
)
from precert.usecases.ports.workflow import EventBus, TaskTokens, Workflow


def with_matches(request: Request, reference: ReferenceReader) -> Request:
    """Flag providers that do not match their directory entry; the request continues.

    One call, or none where both providers were entered manually. Reconciled providers stay.
    """
    review, content = request.submitted, request.content
    entries = reference.entries(provider_ids(content))
    temporary = matched(request.request_id, content, review.temporary_providers, entries)
    marked = review.model_copy(update={"temporary_providers": temporary})
    return request.model_copy(update={"review": marked})


TOLERANCE_SECONDS = 60
"""How late a deadline check may be; smaller differences do not wake the execution."""


@dataclass(frozen=True)
class CycleStatus:
    """How a cycle continues, and in how many seconds to check its deadline (at least one)."""

    route: Route
    seconds_to_next_check: int


CLOSED: Final = {"status": "CLOSED"}
"""The result of a task that found its cycle closed. No state of the machine reads it."""


def complete_task(task_token: str, status: CycleStatus, tokens: TaskTokens) -> None:
    """Complete the task that computed how its cycle continues: it ends, or waits for a decision."""
    match status.route:
        case Route.CLOSED:
            tokens.answer(task_token, CLOSED)
        case Route.REVIEW:
            tokens.pend(task_token, status.seconds_to_next_check)
        case other:
            assert_never(other)


def await_decision(
    cycle: Cycle,
    seconds: int,
    *,
    requests: RequestStore,
    tokens: TaskTokens,
    now: datetime,
) -> None:
    """Store the task token; whatever closes or changes the cycle completes the task.

    ``seconds`` were computed before the token was stored. A change of the deadline in between found
    no token, so the deadline is read again. The execution ends if the cycle was closed meanwhile.
    """
    try:
        requests.renew_cycle(cycle)
    except RequestClosedError:
        tokens.answer(cycle.task_token, CLOSED)
        return
    request = requests.read(cycle.request_id)
    status = cycle_status_of(request, cycle.number, now)
    sooner = seconds - status.seconds_to_next_check > TOLERANCE_SECONDS
    if status.route is Route.REVIEW and sooner:
        tokens.wake(cycle.task_token, status.seconds_to_next_check)


def check_deadline(
    request_id: str, cycle: int, *, requests: RequestStore, payer: Payer, now: datetime
) -> CycleStatus:
    """Record the reminder, the escalation, and so on; the cycle continues to wait (W2)."""

    def attempt() -> CycleStatus:
        request = requests.read(request_id)
        while request is not None and is_open(request, cycle):
            change = request.check_deadline(now, payer)
            if change is None:
                break
            requests.record(change)
            request = change.request
        return cycle_status_of(request, cycle, now)

    return retry(attempt, on=ConcurrentChangeError)


def is_open(request: Request, cycle: int) -> bool:
    """Whether this cycle is open and the payer must act."""
    return request.cycle_is_open and request.review is not None and request.review.cycle == cycle


def cycle_status_of(request: Request | None, cycle: int, now: datetime) -> CycleStatus:
    """How a cycle continues, by the current state of the request."""
    if request is None or not is_open(request, cycle):
        return CycleStatus(Route.CLOSED, 1)
    wait = request.next_check_at(now) - now
    return CycleStatus(Route.REVIEW, max(1, ceil(wait.total_seconds())))


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
    """Assess a cycle and record the result; safe to repeat after a partial run (W1).

    A duplicate ends (S2); delegated vendors receive the lines that they decide (W8); the rules approve
    the payer's lines, or they pend for review with their deadline (W2), and missing required
    documentation is requested at once. An appeal pends with its own deadline.

    Raises:
        TransientError: every write conflicted, or no rule list is published.
    """

    def next_change(file: RequestFile) -> Change | None:
        request = file.request
        appeal = request.submitted.open_appeal
        if appeal is not None:
            filed = appeal.status is AppealStatus.FILED
            return (
                disputing.pend_appeal(request, deadline_of(request, payer), now) if filed else None
            )
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
        return _documentation_requested(file, payer, now)

    def attempt() -> CycleStatus:
        # At most four changes: delegate, pend, request information, accept documents that arrived
        # meanwhile.
        while True:
            file = requests.read_file(request_id)
            if file is None or not is_open(file.request, cycle):
                return CycleStatus(Route.CLOSED, 1)
            change = next_change(file)
            if change is None:
                return cycle_status_of(file.request, cycle, now)
            requests.record(change)
            after = change.request
            # Vendors have their lines: the payer's own are assessed next.
            if after.status is not Status.PROCESSING and not _lacks_documentation(after):
                return cycle_status_of(after, cycle, now)

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
    """How the initial cycle continues, by the rule list in effect."""
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

    judged = judge_codes(
        content.services, plan_on, rule_list=rule_list, rule_lists=rule_lists, payer=payer
    )
    vendor_ids = sorted({id_ for codes in judged for one in codes if (id_ := one.answer.vendor_id)})
    vendors = rule_lists.vendors(rule_list, vendor_ids) if vendor_ids else {}
    received_on = local_date(received_at, payer.zone)
    judged = retained_by_payer(judged, content.services, vendors, received_on)
    ownership = request.submitted.ownership
    open_ids = {line.line_id for line in request.submitted.active_lines if not line.decisions}
    if ownership is None:
        ownership = ownership_of(
            content, reference=reference, rule_lists=rule_lists, payer=payer, now=received_at
        ).delegations()
        review = request.submitted.model_copy(update={"ownership": ownership})
        request = request.model_copy(update={"review": review})
    requested = requested_lines(content)
    codes = chain.from_iterable(of_service or (None,) for of_service in judged)
    vendor_of = {line_id: one.vendor_id for one in ownership for line_id in one.line_ids}
    judged_lines = tuple(
        JudgedLine(
            line_id,
            requested[line_id],
            code.answer if code else None,
            code.rule if code else None,
            vendor_of.get(line_id),
        )
        for line_id, code in zip(requested, codes, strict=True)
    )
    lines = tuple(one for one in judged_lines if one.line_id in open_ids)
    duplicates = find_duplicates(request, fingerprints=fingerprints, requests=requests, payer=payer)
    assertion = prove_assertion(
        request.content_as_submitted, reference=reference, versions=versions
    )
    assessment = Assessment(
        rule_list=rule_list.version,
        assessed_at=now,
        lines=_with_earlier(request, assessed_lines(lines)),
        required_documentation=missing_documents(lines, file.documents),
        assertion=assertion,
        potential_duplicates=_potential(request, duplicates),
        late_notification=is_late_notification(content, received_at, payer),
    )
    waiting = [one for one in ownership if one.delegated_at is None and not one.reports]
    is_first = request.submitted.cycle == FIRST_CYCLE
    if is_first and any(one.delegated_at for one in ownership):
        return _of_own_lines(request, lines, assessment, payer, now)
    if is_first and duplicates.repeated is not None:
        return request.end_as_duplicate(duplicates.repeated, assessment, now)
    if waiting or not request.submitted.open_own_lines:
        delegations = [
            one.delegated(deadline_of(request, payer, one.line_ids), now) if one in waiting else one
            for one in ownership
        ]
        return request.delegate(delegations, assessment, now)
    return _of_own_lines(request, lines, assessment, payer, now)


def _with_earlier(
    request: Request, lines: tuple[LineAssessment, ...]
) -> tuple[LineAssessment, ...]:
    """The assessed lines after those that an earlier cycle assessed."""
    earlier = request.submitted.assessment
    new = {one.line_id for one in lines}
    return (*(one for one in (earlier.lines if earlier else ()) if one.line_id not in new), *lines)


def _potential(request: Request, found: FoundDuplicates) -> tuple[PotentialDuplicate, ...]:
    """The potential duplicates. An update does not end a request: a reviewer compares the two."""
    other = found.repeated
    if other is None or request.submitted.cycle == FIRST_CYCLE:
        return found.potential
    repeated = PotentialDuplicate(
        request_id=other.request_id,
        number=other.submitted.number,
        reason_code=DuplicateReason.SHARED_CODES,
        plan_id=other.plan.plan_id,
        seen_by=other.tins,
    )
    return (repeated, *found.potential)


def _of_own_lines(
    request: Request,
    lines: tuple[JudgedLine, ...],
    assessment: Assessment,
    payer: Payer,
    now: datetime,
) -> Change:
    """Approve the payer's own lines by the rules, or pend them for review (W1)."""
    if is_automatic(request, assessment, {line.line_id for line in lines}):
        days = payer.utilization_management.approval_days
        cycle = request.submitted.cycle
        decisions = automatic_decisions(lines, approval_days=days, cycle=cycle, now=now)
        return request.determine(decisions, SYSTEM, now, assessment)
    slots = payer.documents.max_while_pending
    deadline = running_deadline(request.submitted) or deadline_of(request, payer)
    return request.pend(deadline, slots, now, assessment)


def _lacks_documentation(request: Request) -> bool:
    """Whether required documentation was missing at the assessment."""
    review = request.submitted
    return (
        request.status is Status.PENDING
        and request.cycle_is_open
        and review.open_appeal is None
        and review.assessment is not None
        and bool(review.assessment.required_documentation)
    )


def _documentation_requested(file: RequestFile, payer: Payer, now: datetime) -> Change | None:
    """Request missing documentation once, and accept what arrived meanwhile (W1, W2).

    Both changes are derived from the stored state, so an interrupted assessment resumes.
    """
    request, review = file.request, file.request.submitted
    assessment = review.assessment
    if assessment is None or not _lacks_documentation(request):
        return None
    arrived = any(
        document.status is DocumentStatus.ATTACHED
        and document.settled_at is not None
        and document.settled_at >= assessment.assessed_at
        and not _precedes(document, assessment.assessed_at)
        for document in file.documents
    )
    information_request = review.open_information_request
    if information_request is not None:
        return (
            request.receive_information(now, payer)
            if arrived and information_request.requested_by == SYSTEM
            else None
        )
    return None if arrived else _missing_requested(file, payer, now)


def _precedes(document: Document, at: datetime) -> bool:
    """Whether a document was received before, so that it is no answer to what was requested then."""
    return document.received and document.offered_at <= at


def _missing_requested(file: RequestFile, payer: Payer, now: datetime) -> Change | None:
    """Request the required documents that were not sent, once in a cycle."""
    request, review = file.request, file.request.submitted
    assessment = review.assessment
    if assessment is None or not _lacks_documentation(request):
        return None
    sent = sent_types(file.documents)
    missing = [code for code in assessment.required_documentation if code not in sent]
    this_cycle = [
        one for one in review.information_requests if one.requested_at >= assessment.assessed_at
    ]
    if this_cycle or not missing:
        return None
    if not request.takes_information_request(now):
        return None
    return request_information(
        request,
        missing,
        "\n".join(payer.required_documentation[code] for code in missing),
        payer=payer,
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
    """Apply the event to the workflow and publish it; safe to repeat and to run late.

    An execution is named by its cycle, so it starts once. Where no task token is stored, the
    execution does not wait yet and will find the cycle closed.

    Raises:
        TransientError: an AWS call failed; deliver the event again.
    """
    match EVENTS[event.type].workflow:
        case WorkflowEffect.NONE:
            pass
        case WorkflowEffect.START:
            workflow.start(event.request_id, event.cycle)
        case WorkflowEffect.RESTART:
            before = requests.cycle(event.request_id, event.cycle - 1)
            if before is not None:
                workflow.answer(before.task_token, {"status": event.status.value})
            workflow.start(event.request_id, event.cycle)
        case WorkflowEffect.END:
            waiting = requests.cycle(event.request_id, event.cycle)
            if waiting is not None:
                workflow.answer(waiting.task_token, {"status": event.status.value})
        case WorkflowEffect.RESCHEDULE:
            _wake(event, requests=requests, workflow=workflow, now=now)
        case WorkflowEffect.RECEIVE_DOCUMENT:
            _receive_information(event, requests=requests, payer=payer, now=now)
        case WorkflowEffect.MISS_DOCUMENT:
            _request_missing(event, requests=requests, payer=payer, now=now)
        case other:
            assert_never(other)
    bus.publish(event)


def _wake(event: Event, *, requests: RequestStore, workflow: Workflow, now: datetime) -> None:
    """Make the execution wait for the current deadline.

    An automatic RFI is sent before the execution starts to wait.
    """
    if event.actor == SYSTEM:
        return
    waiting = requests.cycle(event.request_id, event.cycle)
    if waiting is None:
        return
    request = requests.read(event.request_id)
    status = cycle_status_of(request, event.cycle, now)
    if status.route is Route.REVIEW:
        workflow.wake(waiting.task_token, status.seconds_to_next_check)


def _receive_information(
    event: Event, *, requests: RequestStore, payer: Payer, now: datetime
) -> None:
    """An attached document answers the open RFI: a paused clock resumes (W2, W6).

    One that was received before the RFI, or whose sender announced more, does not.
    """

    def attempt() -> None:
        file = requests.read_file(event.request_id)
        review = file.request.review if file else None
        rfi = review.open_information_request if review else None
        if file is None or rfi is None or event.at < rfi.requested_at:
            return
        attached = next(
            (one for one in file.documents if one.document_id == event.document_id), None
        )
        if attached and (attached.more_to_come or _precedes(attached, rfi.requested_at)):
            return
        change = file.request.receive_information(now, payer)
        if change is not None:
            requests.record(change)

    retry(attempt, on=ConcurrentChangeError)


def _request_missing(event: Event, *, requests: RequestStore, payer: Payer, now: datetime) -> None:
    """Request the required documents that are missing because this one was refused (W1, W2)."""

    def attempt() -> None:
        file = requests.read_file(event.request_id)
        if file is None or file.request.review is None:
            return
        change = _missing_requested(file, payer, now)
        if change is not None:
            requests.record(change)

    retry(attempt, on=ConcurrentChangeError)
