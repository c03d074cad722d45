"""One example request, from its check to the decision on its appeal, from which examples are derived.

The member, providers, rules and texts are those of the sample payer. Everything else is computed by the
domain, so that examples always correspond to the code.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from infra.code_sets import compiled
from local.sample import sample_directory, sample_members, sample_rules
from precert.adapters.code_sets import SqliteCodeSets
from precert.domain import disputing
from precert.domain.assertion import assertion_id
from precert.domain.clocks import deadline_of, draft_expiry
from precert.domain.content import Patient, Procedure, RequestContent, Service
from precert.domain.coverage import Coverage
from precert.domain.decisions import DecidingRole, Decision, service_lines_of
from precert.domain.directory import DirectoryEntry
from precert.domain.disputing import with_rights
from precert.domain.documents import Document, DocumentStatus, Refusal, content_type_of
from precert.domain.event_types import EVENTS, EventType, Subject
from precert.domain.events import Event
from precert.domain.notices import Audience, Notice, kind_of, notice_id
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.request_events import event_of
from precert.domain.review import Review
from precert.domain.rules import (
    CodeQuery,
    DelegatedVendor,
    Rule,
    RuleListVersion,
    answer_code,
    overall,
)
from precert.domain.statuses import LineStatus, Status
from precert.domain.values import AuthorizationType, CodeType, UnitType, Urgency, precert_number
from precert.usecases.checks import CheckResult, Export
from precert.usecases.cleanup import expired_event, expiring_event
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import DeletedDraft
from tools.example_events import further_events

ROOT: Final = Path(__file__).resolve().parent.parent
DATA: Final = ROOT / "data"

REQUEST_ID: Final = "01KJQ8ZV4M6T2XW9C3RDBH5NGE"
DOCUMENT_ID: Final = "01KJQ9B7Q2W8F5Y1ZT4XK6MPSC"
NOTICE_ID: Final = notice_id(1, Audience.PROVIDER)
REFUSED_DOCUMENT_ID: Final = "01KJQ9D0H3E7V2N8RA5CWB4TJX"
DELETION_ID: Final = "01KJQ9F3M5C8X1T7P2ZB6WNRDK"
PROVIDER_USER: Final = "provider-user"
REVIEWER: Final = "reviewer-1"
OTHER_REVIEWER: Final = "reviewer-2"

STARTED: Final = datetime(2027, 3, 1, 15, 4, tzinfo=UTC)
WARNED: Final = STARTED + timedelta(hours=60)
SUBMITTED: Final = STARTED + timedelta(minutes=27)
PENDED: Final = SUBMITTED + timedelta(seconds=4)
OFFERED: Final = SUBMITTED + timedelta(hours=1)
ATTACHED: Final = OFFERED + timedelta(seconds=40)
DETERMINED: Final = SUBMITTED + timedelta(days=4)
APPEALED: Final = DETERMINED + timedelta(days=10)
APPEAL_PENDED: Final = APPEALED + timedelta(seconds=4)
APPEAL_DETERMINED: Final = APPEALED + timedelta(days=9)

DELEGATED_CODE: Final = "70551"
DENIAL_REASON: Final = "0F"
APPROVED_LINE: Final = "1.1"
DENIED_LINE: Final = "1.2"


@dataclass(frozen=True)
class ExampleRequest:
    """The request at each stage of its life cycle, with its events and documents."""

    payer: Payer
    code_sets: CodeSets
    coverage: Coverage
    facility: DirectoryEntry
    physician: DirectoryEntry
    check: CheckResult
    export: Export
    draft: Request
    submitted: Request
    pended: Change
    determined: Change
    voided: Change
    appealed: Change
    appeal_pended: Change
    appeal_determined: Change
    awaited: Document
    attached: Document
    refused: Document
    events: tuple[Event, ...]
    """At most one event of each type; those outside the main sequence are at plausible times."""

    @property
    def patient(self) -> Patient:
        """The patient as entered."""
        return patient_of(self.coverage)

    @property
    def history(self) -> tuple[Event, ...]:
        """The events up to the first determination."""
        types = (
            *(EventType.DRAFT_STARTED, EventType.REQUEST_SUBMITTED, EventType.REQUEST_PENDED),
            *(EventType.DOCUMENT_ATTACHED, EventType.REQUEST_DETERMINED),
        )
        return tuple(self.event(event_type) for event_type in types)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The notices of the first determination."""
        kind = kind_of(self.determined.request.submitted, 1)
        if kind is None:
            raise AssertionError("the example request must be determined")
        return tuple(
            Notice(
                notice_id=notice_id(1, audience),
                kind=kind,
                audience=audience,
                cycle=1,
                printed_at=DETERMINED + timedelta(seconds=4),
                size=58_212,
                sha256="0" * 64,
            )
            for audience in Audience
        )

    def event(self, event_type: EventType) -> Event:
        """The event of a type; if none was recorded, one that is derived from the draft or request."""
        recorded = (event for event in self.events if event.type is event_type)
        return next(recorded, None) or self._derived_event(event_type)

    def _derived_event(self, event_type: EventType) -> Event:
        rule = EVENTS[event_type]
        request = self.draft if rule.subject is Subject.DRAFT else self.pended.request
        if rule.of_document:
            is_refused = event_type is EventType.DOCUMENT_REFUSED
            document = self.refused if is_refused else self.attached
            return _document_event(request, document, event_type)
        return event_of(request, event_type, PROVIDER_USER)


@cache
def example_request() -> ExampleRequest:
    """Return the example request, the same object at every call."""
    payer = example_payer()
    members = sample_members(payer)
    coverage = next(member for member in members if member.member_id == "849382930")
    facility, physician = sample_directory()[:2]
    content = _content(coverage, facility, physician)
    draft = _draft(content, coverage, physician.tin, payer)
    submitted = _submitted(draft)
    pended = submitted.pend(
        deadline_of(submitted, payer), payer.documents.max_while_pending, PENDED
    )
    determined = with_rights(
        pended.request.determine(_first_decisions(), REVIEWER, DETERMINED), payer
    )
    appealed = disputing.file_appeal(
        determined.request,
        [DENIED_LINE],
        reason="The operative report shows why the second resection cannot wait.",
        expedited=False,
        payer=payer,
        by=PROVIDER_USER,
        now=APPEALED,
    )
    appeal_pended = disputing.pend_appeal(
        appealed.request, deadline_of(appealed.request, payer), APPEAL_PENDED
    )
    overturned = {DENIED_LINE: _decision(LineStatus.APPROVED, 2, OTHER_REVIEWER, APPEAL_DETERMINED)}
    voided = pended.request.void("The procedure was cancelled.", PROVIDER_USER, OFFERED)
    attached = _document(DOCUMENT_ID, "operative-report.pdf", DocumentStatus.ATTACHED)
    refused = _document(REFUSED_DOCUMENT_ID, "imaging.png", DocumentStatus.REFUSED)
    appeal_determined = disputing.determine_appeal(
        appeal_pended.request, overturned, OTHER_REVIEWER, APPEAL_DETERMINED
    )
    changes = (pended, determined, voided, appealed, appeal_pended, appeal_determined)
    return ExampleRequest(
        payer=payer,
        code_sets=SqliteCodeSets(compiled),
        coverage=coverage,
        facility=facility,
        physician=physician,
        check=checked(content, coverage),
        export=_export(content, coverage),
        draft=draft,
        submitted=submitted,
        pended=pended,
        determined=determined,
        voided=voided,
        appealed=appealed,
        appeal_pended=appeal_pended,
        appeal_determined=appeal_determined,
        awaited=_document(DOCUMENT_ID, "operative-report.pdf", DocumentStatus.AWAITING_UPLOAD),
        attached=attached,
        refused=refused,
        events=(
            event_of(draft, EventType.DRAFT_STARTED, PROVIDER_USER),
            event_of(_deleted(draft), EventType.DRAFT_DELETED, PROVIDER_USER),
            expiring_event(draft, WARNED),
            expired_event(DeletedDraft.of(draft)),
            event_of(submitted, EventType.REQUEST_SUBMITTED, PROVIDER_USER),
            *(change.event for change in changes),
            *_clock_events(pended.request, payer),
            *further_events(
                submitted,
                pended.request,
                determined.request,
                REVIEWER,
                OTHER_REVIEWER,
                facility=facility,
                payer=payer,
            ),
            _document_event(pended.request, attached, EventType.DOCUMENT_ATTACHED),
            _document_event(pended.request, refused, EventType.DOCUMENT_REFUSED),
            _document_event(draft, refused, EventType.DOCUMENT_DELETED, DELETION_ID),
        ),
    )


def patient_of(coverage: Coverage) -> Patient:
    """Return the patient as entered from the ID card."""
    return Patient(
        member_id=coverage.member_id,
        date_of_birth=coverage.date_of_birth,
        last_name=coverage.last_name,
        first_name=coverage.first_name,
    )


def _content(
    coverage: Coverage, facility: DirectoryEntry, physician: DirectoryEntry
) -> RequestContent:
    admission = date(2027, 3, 15)
    return RequestContent(
        patient=patient_of(coverage),
        servicing_provider=facility.as_provider(),
        requesting_provider=physician.as_provider(),
        services=(
            Service(
                authorization_type=AuthorizationType.INPATIENT,
                type_of_service="SURGICAL_INPATIENT",
                place_of_service="SURGICAL",
                urgency=Urgency.STANDARD,
                admission_date=admission,
                requested_days=4,
                primary_diagnosis="K55",
                procedures=tuple(
                    Procedure(
                        code=code,
                        code_type=CodeType.CPT,
                        start_date=admission,
                        units=1,
                        unit_type=UnitType.UNITS,
                    )
                    for code in ("44120", "44140")
                ),
            ),
        ),
    )


@cache
def example_payer() -> Payer:
    """Return the sample payer."""
    return Payer.model_validate_json((DATA / "payer" / "payer.json").read_text(encoding="utf-8"))


@cache
def _rules() -> tuple[list[Rule], list[DelegatedVendor]]:
    return sample_rules(example_payer())


def checked(content: RequestContent, coverage: Coverage) -> CheckResult:
    """Return the result of a check by the sample rules."""
    rules, _ = _rules()
    version = "2027-02-26.1"
    services = tuple(
        tuple(answer_code(_query(procedure, service, coverage), rules) for procedure in requested)
        for service in content.services
        if (requested := service.procedures)
    )
    return CheckResult(
        services=services,
        requirement=overall(answer.requirement for answers in services for answer in answers),
        rule_list=RuleListVersion(
            version, date(2025, 1, 1), "", "", datetime(2027, 2, 26, 15, 0, tzinfo=UTC)
        ),
        coverage=coverage,
        checked_at=STARTED,
        content=content,
        assertion_id=assertion_id(content, version, STARTED, key=b"of the examples"),
    )


def _export(content: RequestContent, coverage: Coverage) -> Export:
    """The export of an imaging service that is ordered with the surgery, for a delegated vendor."""
    image = content.services[0].model_copy(
        update={
            "authorization_type": AuthorizationType.OUTPATIENT,
            "type_of_service": "IMAGING",
            "place_of_service": "IMAGING_CENTER",
            "admission_date": None,
            "service_date": content.services[0].first_day,
            "requested_days": None,
            "procedures": (Procedure(code=DELEGATED_CODE, code_type=CodeType.CPT),),
        }
    )
    requested = content.model_copy(update={"services": (image,)})
    answer = checked(requested, coverage)
    vendors = {one.vendor_id: one for one in _rules()[1]}
    vendor = vendors[answer.services[0][0].vendor_id or ""]
    return Export(vendor, requested, replace(answer, vendors={vendor.vendor_id: vendor}))


def _query(procedure: Procedure, service: Service, coverage: Coverage) -> CodeQuery:
    return CodeQuery(
        code=procedure.code,
        code_type=procedure.code_type or CodeType.CPT,
        on=service.first_day or STARTED.date(),
        plan_type=coverage.plan.plan_type,
        authorization_type=service.authorization_type or AuthorizationType.OUTPATIENT,
        line_of_business=coverage.plan.line_of_business,
        type_of_service=service.type_of_service,
        place_of_service=service.place_of_service,
    )


def _draft(content: RequestContent, coverage: Coverage, tin: str, payer: Payer) -> Request:
    return Request(
        request_id=REQUEST_ID,
        version=1,
        status=Status.INCOMPLETE,
        tins=frozenset({tin}),
        plan=coverage.plan,
        content=content,
        created_at=STARTED,
        updated_at=STARTED,
        expires_at=draft_expiry(STARTED, payer.draft_clock, payer.zone).astimezone(UTC),
        document_slots=payer.documents.max_at_submission,
    )


def _deleted(draft: Request) -> Request:
    return draft.model_copy(update={"version": draft.version + 1, "updated_at": SUBMITTED})


def _submitted(draft: Request) -> Request:
    review = Review(
        number=precert_number("PC", 104_482_736),
        submitted_at=SUBMITTED,
        submitted_version=draft.version,
        lines=service_lines_of(draft.content.services),
    )
    return draft.model_copy(
        update={
            "version": draft.version + 1,
            "status": Status.PROCESSING,
            "tins": frozenset(draft.content.tins),
            "updated_at": SUBMITTED,
            "expires_at": None,
            "document_slots": 0,
            "review": review,
        }
    )


def _first_decisions() -> dict[str, Decision]:
    denied = _decision(LineStatus.DENIED, 1, REVIEWER, DETERMINED).model_copy(
        update={
            "reason_code": DENIAL_REASON,
            "rationale": "The records sent do not show disease of the segment named.",
            "criterion": "Clinical guideline Bowel Resection, section 2",
        }
    )
    return {
        APPROVED_LINE: _decision(LineStatus.APPROVED, 1, REVIEWER, DETERMINED),
        DENIED_LINE: denied,
    }


def _decision(status: LineStatus, cycle: int, by: str, at: datetime) -> Decision:
    return Decision(
        status=status,
        cycle=cycle,
        decided_at=at,
        decided_by=by,
        decided_as=DecidingRole.PHYSICIAN,
    )


def _document(document_id: str, file_name: str, status: DocumentStatus) -> Document:
    awaited = status is DocumentStatus.AWAITING_UPLOAD
    attached = status is DocumentStatus.ATTACHED
    refused = status is DocumentStatus.REFUSED
    return Document(
        document_id=document_id,
        file_name=file_name,
        content_type=content_type_of(file_name) or "",
        document_type="OPERATIVE_PLAN" if not refused else "IMAGING_REPORT",
        status=status,
        sent_by_tin="203129831",
        offered_at=OFFERED,
        upload_until=OFFERED + timedelta(minutes=15),
        settled_at=None if awaited else ATTACHED,
        size=None if awaited else 183_402,
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        if attached
        else None,
        refusal=Refusal.CONTENT if refused else None,
    )


def _clock_events(pended: Request, payer: Payer) -> tuple[Event, ...]:
    review = pended.submitted
    changes = [pended.check_deadline(at, payer) for at in (review.warn_at, review.due_at) if at]
    return tuple(change.event for change in changes if change)


def _document_event(
    request: Request, document: Document, event_type: EventType, event_id: str | None = None
) -> Event:
    """The event of a document that was attached, refused, or deleted from its draft."""
    event = event_of(request, event_type)
    return event.model_copy(
        update={
            "event_id": f"{request.request_id}.{event_id or document.document_id}",
            "at": document.settled_at,
            "document_id": document.document_id,
            "refusal_code": document.refusal if event_type is EventType.DOCUMENT_REFUSED else None,
        }
    )
