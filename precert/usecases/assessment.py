"""Assess a determination cycle: the rules, duplicates and required documentation (W1).

The assessment may run twice, late, or after the request was changed: it reads the current state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain

from precert.domain import disputing
from precert.domain.amending import running_deadline
from precert.domain.assessing import (
    EvaluatedLine,
    assessed_lines,
    automatic_decisions,
    is_automatic,
    is_late_notification,
    missing_documents,
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
from precert.domain.errors import TransientError
from precert.domain.event_types import DuplicateLock
from precert.domain.matching import matched, provider_ids
from precert.domain.payer import Payer
from precert.domain.request import Change, Comparison, Request
from precert.domain.requested_lines import requested_lines
from precert.domain.retry import retry
from precert.domain.review import FIRST_CYCLE
from precert.domain.rules import RuleListVersion
from precert.domain.statuses import AppealStatus, Status
from precert.names import Route
from precert.usecases.checks import prove_assertion
from precert.usecases.code_rules import EvaluatedCode, evaluate_codes, retained_by_payer
from precert.usecases.documentation_requests import lacks_documentation, request_documentation
from precert.usecases.duplicates import FoundDuplicates, find_duplicates
from precert.usecases.facts_of_call import ComparedOnce, ReadOnce
from precert.usecases.ownership import ownership_of
from precert.usecases.ports.reference import (
    CheckFacts,
    ReferenceReader,
    RuleLists,
    RuleListVersions,
)
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    Fingerprints,
    RequestFile,
    RequestStore,
)
from precert.usecases.workflow import CycleStatus, cycle_status_of, is_open


@dataclass(frozen=True, kw_only=True)
class AssessmentSources:
    """What an assessment reads, with the payer's settings and the time of the assessment."""

    requests: RequestStore
    reference: ReferenceReader
    rule_lists: RuleLists
    rule_list_versions: RuleListVersions
    fingerprints: Fingerprints
    payer: Payer
    now: datetime


def with_matches(request: Request, reference: ReferenceReader) -> Request:
    """Flag providers that do not match their directory entry; the request continues.

    One database read, or none where both providers were entered manually. Reconciled providers are
    unchanged.
    """
    review, content = request.submitted, request.content
    entries = reference.entries(provider_ids(content))
    temporary = matched(request.request_id, content, review.temporary_providers, entries)
    marked = review.model_copy(update={"temporary_providers": temporary})
    return request.model_copy(update={"review": marked})


def assess_cycle(request_id: str, cycle: int, sources: AssessmentSources) -> CycleStatus:
    """Assess a cycle and record the result; safe to repeat after a partial run (W1).

    A duplicate ends (S2). Delegated vendors receive the lines that they decide (W8). The payer's lines
    are approved by the rules, or pended for review with a deadline (W2); required documentation that
    is missing is requested at once. An appeal is pended with its own deadline.

    Raises:
        TransientError: every write conflicted, or no rule list is published.
    """

    def attempt() -> CycleStatus:
        # At most four changes: delegate, pend, request information, accept documents that arrived
        # meanwhile.
        while True:
            file = sources.requests.read_file(request_id)
            if file is None or not is_open(file.request, cycle):
                return CycleStatus(Route.CLOSED, 1)
            change = _next_change(file, _read_once(sources))
            if change is None:
                return cycle_status_of(file.request, cycle, sources.now)
            sources.requests.record(change)
            if _is_assessed(change.request):
                return cycle_status_of(change.request, cycle, sources.now)

    return retry(attempt, on=ConcurrentChangeError)


def assess_updated(file: RequestFile, sources: AssessmentSources) -> RequestFile:
    """Assess the cycle that the same call has just stored, without reading the request again.

    Returns the file with the result. What arrives meanwhile, such as a document, is left to the
    workflow, which repeats the assessment.

    Raises:
        ConcurrentChangeError: the request was changed meanwhile.
        TransientError: as :func:`assess_cycle`.
    """
    using = _read_once(sources)
    while not _is_assessed(file.request):
        change = _next_change(file, using)
        if change is None:
            break
        using.requests.record(change)
        file = replace(file, request=change.request, events=(*file.events, change.event))
    return file


def assess_before_storing(file: RequestFile, sources: AssessmentSources) -> tuple[Change, ...]:
    """The changes that the assessment of a new request makes, in their order (W1).

    The caller stores them together with the request. Empty if the request is a duplicate: only a
    stored request can end as one.

    Raises:
        TransientError: as :func:`assess_cycle`.
    """
    using = replace(_read_once(sources), fingerprints=ComparedOnce(sources.fingerprints))
    changes = list[Change]()
    while True:
        change = _next_change(file, using)
        if change is None:
            return tuple(changes)
        if change.effects.duplicate_lock is DuplicateLock.RELEASE:
            return ()
        changes.append(change)
        if _is_assessed(change.request):
            return tuple(changes)
        file = replace(file, request=change.request)


def _read_once(sources: AssessmentSources) -> AssessmentSources:
    """The sources with reference data that is read at most once."""
    return replace(sources, reference=ReadOnce(sources.reference))


def _is_assessed(request: Request) -> bool:
    """Whether no further change follows. After delegation, the payer's own lines are still open."""
    return request.status is not Status.PROCESSING and not lacks_documentation(request)


def _next_change(file: RequestFile, using: AssessmentSources) -> Change | None:
    """The next change of the assessment; ``None`` if nothing is left to do."""
    request = file.request
    appeal = request.submitted.open_appeal
    if appeal is not None:
        if appeal.status is not AppealStatus.FILED:
            return None
        return disputing.pend_appeal(request, deadline_of(request, using.payer), using.now)
    if request.status is Status.PROCESSING:
        return _first_change(file, using)
    return request_documentation(file, using.payer, using.now)


def _first_change(file: RequestFile, using: AssessmentSources) -> Change:
    """How a cycle that is being processed continues, by the rule list in effect."""
    payer, now = using.payer, using.now
    request = with_matches(file.request, using.reference)
    if request.content.patient is None:
        raise AssertionError("completeness requires a patient")
    facts = using.reference.check_facts(request.content.patient.member_id)
    if facts.rule_list is None:
        raise TransientError("No rule list is published yet. Try again later.")
    codes = _evaluated_codes(request, facts, facts.rule_list, using)
    request = _with_ownership(request, using)
    lines = _open_lines(request, codes)
    duplicates = find_duplicates(
        request, fingerprints=using.fingerprints, requests=using.requests, payer=payer
    )
    assertion = prove_assertion(
        request.content_as_submitted, reference=using.reference, versions=using.rule_list_versions
    )
    assessment = Assessment(
        rule_list=facts.rule_list.version,
        assessed_at=now,
        lines=_with_earlier(request, assessed_lines(lines)),
        required_documentation=missing_documents(lines, file.documents),
        assertion=assertion,
        potential_duplicates=_potential(request, duplicates),
        late_notification=is_late_notification(
            request.content, request.submitted.submitted_at, payer
        ),
    )
    ownership = request.submitted.ownership or ()
    waiting = [one for one in ownership if one.delegated_at is None and not one.reports]
    if request.submitted.cycle == FIRST_CYCLE:
        if any(one.delegated_at for one in ownership):
            return _of_own_lines(request, lines, assessment, duplicates.compared, payer, now)
        if duplicates.repeated is not None:
            return request.end_as_duplicate(duplicates.repeated, assessment, now)
    if waiting or not request.submitted.open_own_lines:
        delegations = [
            one.delegated(deadline_of(request, payer, one.line_ids), now) if one in waiting else one
            for one in ownership
        ]
        return request.delegate(delegations, assessment, now)
    return _of_own_lines(request, lines, assessment, duplicates.compared, payer, now)


def _evaluated_codes(
    request: Request, facts: CheckFacts, rule_list: RuleListVersion, using: AssessmentSources
) -> tuple[tuple[EvaluatedCode, ...], ...]:
    """The results of the rule list for the codes of each service."""
    services, rule_lists, payer = request.content.services, using.rule_lists, using.payer

    def plan_on(day: date) -> Plan:
        coverage = facts.coverage_on(day)
        return coverage.plan if coverage else request.plan

    evaluated = evaluate_codes(
        services, plan_on, rule_list=rule_list, rule_lists=rule_lists, payer=payer
    )
    vendor_ids = sorted(
        {id_ for codes in evaluated for one in codes if (id_ := one.answer.vendor_id)}
    )
    vendors = rule_lists.vendors(rule_list, vendor_ids) if vendor_ids else {}
    received_on = local_date(request.submitted.submitted_at, payer.zone)
    return retained_by_payer(evaluated, services, vendors, received_on)


def _with_ownership(request: Request, using: AssessmentSources) -> Request:
    """The request with the delegations of its lines, if they are not determined yet."""
    review = request.submitted
    if review.ownership is not None:
        return request
    ownership = ownership_of(
        request.content,
        reference=using.reference,
        rule_lists=using.rule_lists,
        payer=using.payer,
        now=review.submitted_at,
    )
    review = review.model_copy(update={"ownership": ownership.delegations()})
    return request.model_copy(update={"review": review})


def _open_lines(
    request: Request, codes: Sequence[Sequence[EvaluatedCode]]
) -> tuple[EvaluatedLine, ...]:
    """The active service lines without a decision, with the results of their codes."""
    review = request.submitted
    open_ids = {line.line_id for line in review.active_lines if not line.decisions}
    vendor_of = {
        line_id: one.vendor_id for one in review.ownership or () for line_id in one.line_ids
    }
    requested = requested_lines(request.content)
    by_line = chain.from_iterable(of_service or (None,) for of_service in codes)
    return tuple(
        EvaluatedLine(
            line_id,
            requested[line_id],
            code.answer if code else None,
            code.rule if code else None,
            vendor_of.get(line_id),
        )
        for line_id, code in zip(requested, by_line, strict=True)
        if line_id in open_ids
    )


def _with_earlier(
    request: Request, lines: tuple[LineAssessment, ...]
) -> tuple[LineAssessment, ...]:
    """The lines that an earlier cycle assessed, followed by the lines of this assessment."""
    earlier = request.submitted.assessment
    new = {one.line_id for one in lines}
    return (*(one for one in (earlier.lines if earlier else ()) if one.line_id not in new), *lines)


def _potential(request: Request, found: FoundDuplicates) -> tuple[PotentialDuplicate, ...]:
    """The potential duplicates.

    An updated request does not end as a duplicate: the one that it repeats is added to the list, and a
    reviewer compares the two.
    """
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
    lines: tuple[EvaluatedLine, ...],
    assessment: Assessment,
    compared: Comparison | None,
    payer: Payer,
    now: datetime,
) -> Change:
    """Approve the payer's own lines by the rules, or pend them for review (W1)."""
    if is_automatic(request, assessment, {line.line_id for line in lines}):
        days = payer.utilization_management.approval_days
        cycle = request.submitted.cycle
        decisions = automatic_decisions(lines, approval_days=days, cycle=cycle, now=now)
        approval = request.determine(decisions, SYSTEM, now, assessment)
        return approval._replace(compared=compared)
    slots = payer.documents.max_while_pending
    deadline = running_deadline(request.submitted) or deadline_of(request, payer)
    return request.pend(deadline, slots, now, assessment)
