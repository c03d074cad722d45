"""Assessment of a submitted request by the rules: delegated, automatic, or to a reviewer."""

from datetime import date, datetime, timedelta
from typing import Any, Final

import pytest

from precert.domain.assertion import assertion_id
from precert.domain.assessment import AssertionStatus, Assessment
from precert.domain.decisions import SYSTEM, service_lines_of
from precert.domain.documents import Document, DocumentStatus
from precert.domain.event_types import EventType
from precert.domain.request import Request
from precert.domain.review import IntakeException
from precert.domain.rules import DelegatedVendor
from precert.domain.statuses import LineStatus, Status, WaitingOn
from precert.names import Route
from precert.usecases.workflow import CycleStatus
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.reference import RULE_LIST, VENDOR, SampleReference, assess, rule
from tests.fakes.requests import InMemoryRequests

CLOSED: Final = CycleStatus(Route.CLOSED, 1)
LIMITED: Final = SampleReference.of(
    rule("44120", auto_approve_max_days=3), rule("44121", auto_approve_max_units=2)
)
FREE: Final = SampleReference.of(rule("44120", "NOT_REQUIRED"), rule("44121", "NOT_REQUIRED"))
DELEGATED: Final = SampleReference.of(
    rule("44120", "DELEGATED_VENDOR", vendor_id="IMAGING"),
    rule("44121", "DELEGATED_VENDOR", vendor_id="IMAGING"),
)
DOCUMENTS_REQUIRED: Final = SampleReference.of(
    rule("44120", required_documentation=("OPERATIVE_PLAN", "CLINICAL_NOTES")),
    rule("44121", required_documentation=("CLINICAL_NOTES",)),
)


def service(**changes: Any) -> dict[str, Any]:
    changed: dict[str, Any] = samples.entered()["services"][0] | changes
    return changed


def submitted(*services: dict[str, Any], **parts: Any) -> Request:
    content = samples.content(services=list(services) or [service()], **parts)
    review = samples.review().model_copy(update={"lines": service_lines_of(content.services)})
    return samples.request(Status.PROCESSING, content=content, review=review)


def assessed(
    by: SampleReference, request: Request | None = None, *documents: Document
) -> tuple[Request, InMemoryRequests, CycleStatus]:
    requests = InMemoryRequests.holding(request or submitted())
    requests.documents = list(documents)
    cycle_status = assess(requests, by=by)
    return requests.requests[samples.REQUEST_ID], requests, cycle_status


def assessment(request: Request) -> Assessment:
    found = request.submitted.assessment
    assert found is not None
    return found


def document(
    code: str | None, at: datetime = START - timedelta(hours=1), **changes: Any
) -> Document:
    return Document(
        document_id=f"D-{code}",
        file_name="note.pdf",
        content_type="application/pdf",
        document_type=code,
        status=changes.get("status", DocumentStatus.ATTACHED),
        sent_by_tin=samples.PROVIDER_TIN,
        offered_at=at,
        upload_until=at + timedelta(minutes=15),
        settled_at=at,
    )


# -- automatic -----------------------------------------------------------------------------------------


@pytest.mark.rule("W1")
def test_request_is_approved_as_requested_when_every_line_is_within_its_rules_limits() -> None:
    request, requests, cycle_status = assessed(LIMITED)
    assert (request.status, cycle_status) == (Status.APPROVED, CLOSED)
    first, second = (line.decisions[-1] for line in request.submitted.lines)
    assert (first.status, first.decided_by, first.criterion) == (
        LineStatus.APPROVED,
        SYSTEM,
        "R-44120",
    )
    assert first.approved is not None
    assert (first.approved.from_date, first.approved.to_date) == (
        date(2026, 7, 20),
        date(2026, 7, 22),
    )
    assert second.approved is not None
    assert (second.approved.units, second.criterion) == (2, "R-44121")
    assert [event.type for event in requests.events] == [EventType.REQUEST_DETERMINED]
    assert assessment(request).rule_list == RULE_LIST.version


@pytest.mark.rule("W1")
def test_review_action_is_no_action_required_when_the_rules_require_nothing() -> None:
    request, _, _ = assessed(FREE)
    assert request.status is Status.APPROVED
    assert {line.review_action for line in request.submitted.lines} == {"NA"}
    assert {line.decisions[-1].reason_code for line in request.submitted.lines} == {"0H"}


TWICE: Final = [
    {"code": "44121", "start_date": "2026-07-20", "units": 2, "unit_type": "UNITS"},
    {"code": "44121", "start_date": "2026-07-21", "units": 1, "unit_type": "UNITS"},
]


@pytest.mark.rule("W1")
@pytest.mark.parametrize(
    ("by", "request_"),
    [
        (LIMITED, submitted(service(requested_days=4))),
        (LIMITED, submitted(service(procedures=TWICE))),
        (LIMITED, submitted(service(urgency="EMERGENCY"))),
        (FREE, submitted(service(urgency="EMERGENCY"))),
        (LIMITED, submitted(purpose="PREDETERMINATION")),
        (LIMITED, submitted(service(procedures=()))),
        (SampleReference.of(rule("44120", auto_approve_max_days=3)), submitted()),
        (SampleReference.of(rule("44120"), rule("44121")), submitted()),
        (
            SampleReference.of(
                rule("44120", auto_approve_max_days=3, auto_approve_max_units=0), rule("44121")
            ),
            submitted(),
        ),
        (SampleReference(), submitted()),
    ],
    ids=[
        *("too many days", "units split over lines", "emergency", "free emergency"),
        *("predetermination", "no code", "one unknown", "no limits", "one limit of two"),
        "all unknown",
    ],
)
def test_case_is_pended_for_review_when_the_rules_leave_a_line_open(
    by: SampleReference, request_: Request
) -> None:
    request, requests, cycle_status = assessed(by, request_)
    assert (request.status, cycle_status.route) == (Status.PENDING, Route.REVIEW)
    assert request.waiting_on is WaitingOn.PAYER
    assert [event.type for event in requests.events] == [EventType.REQUEST_PENDED]


@pytest.mark.rule("W1")
def test_rule_of_each_line_is_stored_when_a_reviewer_decides() -> None:
    by = SampleReference.of(rule("44120"), rule("44121", auto_approve_max_units=2))
    request, _, _ = assessed(by)
    retained = [(line.line_id, line.rule_id, line.automatic) for line in assessment(request).lines]
    assert retained == [("1.1", "R-44120", False), ("1.2", "R-44121", True)]


# -- delegated -----------------------------------------------------------------------------------------


@pytest.mark.rule("W8")
def test_vendor_decides_when_every_line_is_delegated_to_it() -> None:
    request, requests, cycle_status = assessed(DELEGATED)
    assert (request.status, request.waiting_on) == (Status.PENDING, WaitingOn.VENDOR)
    assert (request.review_action, cycle_status) == ("CT", CLOSED)
    [delegation] = request.submitted.delegations
    assert (delegation.vendor, delegation.line_ids) == (VENDOR, ("1.1", "1.2"))
    assert (delegation.delegated_at, delegation.due_at) == (START, START + timedelta(days=15))
    assert delegation.rule_list == RULE_LIST.version
    assert [event.type for event in requests.events] == [EventType.REQUEST_DELEGATED]


OTHER: Final = VENDOR.model_copy(update={"vendor_id": "OTHER", "name": "Other Vendor"})


@pytest.mark.rule("W8", "C13")
def test_each_vendor_decides_its_lines_when_lines_are_delegated_to_two_vendors() -> None:
    by = SampleReference.of(
        rule("44120", "DELEGATED_VENDOR", vendor_id="IMAGING"),
        rule("44121", "DELEGATED_VENDOR", vendor_id="OTHER"),
        vendors_by_id={"IMAGING": VENDOR, "OTHER": OTHER},
    )
    request, _, cycle_status = assessed(by)
    assert (request.waiting_on, request.is_delegated) == (WaitingOn.VENDOR, True)
    owners = {one.vendor_id: one.line_ids for one in request.submitted.delegations}
    assert owners == {"IMAGING": ("1.1",), "OTHER": ("1.2",)}
    assert cycle_status == CLOSED


def mixed(own: str = "REQUIRED", **changes: Any) -> SampleReference:
    """The payer decides the first line, a vendor the second."""
    return SampleReference.of(
        rule("44120", own, **changes), rule("44121", "DELEGATED_VENDOR", vendor_id="IMAGING")
    )


@pytest.mark.rule("W8", "W2")
def test_payers_lines_are_pended_with_their_clock_when_a_vendor_decides_others() -> None:
    request, requests, cycle_status = assessed(mixed())
    assert [event.type for event in requests.events] == [
        EventType.REQUEST_DELEGATED,
        EventType.REQUEST_PENDED,
    ]
    assert (request.status, request.waiting_on) == (Status.PENDING, WaitingOn.PAYER)
    assert (cycle_status.route, request.due_at) == (Route.REVIEW, START + timedelta(days=15))
    assert [line.line_id for line in request.lines_to_decide] == ["1.1"]
    [delegation] = request.submitted.delegations
    assert (delegation.line_ids, delegation.delegated_at) == (("1.2",), START)
    [delegated, pended] = requests.events
    assert delegated.vendor_lines == pended.vendor_lines
    assert [
        (one.vendor_id, one.line_id, one.procedure_code) for one in delegated.vendor_lines or ()
    ] == [("IMAGING", "1.2", "44121")]


@pytest.mark.rule("W1", "W3")
def test_request_stays_pended_when_the_rules_approve_only_the_payers_lines() -> None:
    request, requests, cycle_status = assessed(mixed(auto_approve_max_days=3))
    assert (request.status, request.waiting_on) == (Status.PENDING, WaitingOn.VENDOR)
    assert [line.status for line in request.submitted.lines] == [
        LineStatus.APPROVED,
        LineStatus.OPEN,
    ]
    assert requests.events[-1].type is EventType.PAYER_LINES_DETERMINED
    assert cycle_status == CLOSED


def test_documents_are_requested_for_the_payers_lines_only_when_a_vendor_decides_others() -> None:
    by = SampleReference.of(
        rule("44120", required_documentation=("OPERATIVE_PLAN",)),
        rule(
            "44121",
            "DELEGATED_VENDOR",
            vendor_id="IMAGING",
            required_documentation=("CLINICAL_NOTES",),
        ),
    )
    request, requests, _ = assessed(by)
    requested = request.submitted.open_information_request
    assert requested is not None
    assert requested.documents == ("OPERATIVE_PLAN",)
    assert len(requests.events) == 3


def test_lines_are_delegated_once_when_the_assessment_failed_after_delegating() -> None:
    _, requests, _ = assessed(mixed())
    complete = requests.requests[samples.REQUEST_ID]
    half_done = complete.model_copy(
        update={
            "version": complete.version - 1,
            "status": Status.PROCESSING,
            "review": complete.submitted.model_copy(update={"due_at": None, "warn_at": None}),
        }
    )
    again = InMemoryRequests.holding(half_done)
    assess(again, by=mixed(), now=START + timedelta(minutes=1))
    assert [event.type for event in again.events] == [EventType.REQUEST_PENDED]
    assert again.requests[samples.REQUEST_ID].submitted.delegations == (
        complete.submitted.delegations
    )


@pytest.mark.rule("W8")
def test_line_stays_with_the_payer_when_the_submission_did_not_give_it_to_the_vendor() -> None:
    """The list delegates it since the submission, so no provider confirmed the vendor."""
    request = submitted()
    review = request.submitted.model_copy(update={"ownership": ()})
    request, requests, _ = assessed(mixed(), request.model_copy(update={"review": review}))
    assert [event.type for event in requests.events] == [EventType.REQUEST_PENDED]
    assert len(request.lines_to_decide) == 2


@pytest.mark.rule("C12")
@pytest.mark.parametrize(("day", "delegated"), [("2026-06-30", False), ("2026-07-01", True)])
def test_payer_decides_when_the_vendor_takes_no_retrospective_requests(
    day: str, delegated: bool
) -> None:
    strict: DelegatedVendor = VENDOR.model_copy(
        update={"retrospective_notice": "retrospective_equipment"}
    )
    by = SampleReference(DELEGATED.rules_by_code, {"IMAGING": strict})
    request, _, _ = assessed(by, submitted(service(admission_date=day)))
    assert request.is_delegated == delegated


@pytest.mark.rule("C12")
def test_only_the_retrospective_service_stays_with_the_payer_when_others_are_ahead() -> None:
    strict: DelegatedVendor = VENDOR.model_copy(
        update={"retrospective_notice": "retrospective_equipment"}
    )
    by = SampleReference(DELEGATED.rules_by_code, {"IMAGING": strict})
    request, _, _ = assessed(by, submitted(service(admission_date="2026-06-30"), service()))
    [delegation] = request.submitted.delegations
    assert delegation.line_ids == ("2.1", "2.2")


# -- required documentation ----------------------------------------------------------------------------


@pytest.mark.rule("W1", "W2")
def test_missing_documents_are_requested_at_once_when_the_rules_require_them() -> None:
    request, requests, cycle_status = assessed(DOCUMENTS_REQUIRED, None, document("CLINICAL_NOTES"))
    requested = request.submitted.open_information_request
    assert requested is not None
    assert (requested.documents, requested.requested_by) == (("OPERATIVE_PLAN",), SYSTEM)
    assert requested.text == samples.payer().required_documentation["OPERATIVE_PLAN"]
    assert requested.answer_by == START + timedelta(days=45)
    assert request.waiting_on is WaitingOn.PROVIDER
    assert cycle_status == CycleStatus(Route.REVIEW, int(timedelta(days=45).total_seconds()))
    assert [event.type for event in requests.events] == [
        EventType.REQUEST_PENDED,
        EventType.INFORMATION_REQUESTED,
    ]


@pytest.mark.rule("W1", "S5")
def test_intake_exception_prevents_an_approval_when_all_lines_are_within_the_limits() -> None:
    request = submitted()
    exceptions = {"intake_exceptions": (IntakeException.DATES_OUTSIDE_WINDOW,)}
    review = request.submitted.model_copy(update=exceptions)
    pended, _, _ = assessed(LIMITED, request.model_copy(update={"review": review}))
    assert pended.status is Status.PENDING
    assert pended.awaits_intake_confirmation


@pytest.mark.rule("W1")
def test_missing_documents_prevent_an_approval_when_all_lines_are_within_the_limits() -> None:
    by = SampleReference.of(
        rule("44120", auto_approve_max_days=3, required_documentation=("OPERATIVE_PLAN",)),
        rule("44121", auto_approve_max_units=2),
    )
    pended, _, _ = assessed(by)
    assert pended.status is Status.PENDING
    assert pended.submitted.open_information_request is not None
    approved, _, _ = assessed(by, None, document("OPERATIVE_PLAN"))
    assert approved.status is Status.APPROVED


def test_information_deadline_is_the_expedited_one_when_the_request_is_expedited() -> None:
    request, _, _ = assessed(DOCUMENTS_REQUIRED, submitted(service(urgency="EXPEDITED")))
    requested = request.submitted.open_information_request
    assert requested is not None
    assert requested.answer_by == START + timedelta(hours=48)


@pytest.mark.rule("W1")
def test_no_information_is_requested_when_required_documentation_is_attached() -> None:
    there = (document("CLINICAL_NOTES"), document("OPERATIVE_PLAN"))
    request, _, _ = assessed(DOCUMENTS_REQUIRED, None, *there)
    assert request.submitted.information_requests == ()
    refused = document("OPERATIVE_PLAN", status=DocumentStatus.REFUSED)
    request, _, _ = assessed(DOCUMENTS_REQUIRED, None, there[0], refused)
    assert assessment(request).required_documentation == ("OPERATIVE_PLAN",)


@pytest.mark.rule("C10")
def test_no_information_is_requested_when_it_is_an_emergency() -> None:
    request, _, _ = assessed(DOCUMENTS_REQUIRED, submitted(service(urgency="EMERGENCY")))
    assert request.submitted.information_requests == ()
    assert request.due_at == START + timedelta(hours=72)


def test_information_is_requested_once_when_the_assessment_failed_after_pending() -> None:
    request, requests, _ = assessed(DOCUMENTS_REQUIRED)
    [pended] = [e for e in requests.events if e.type is EventType.REQUEST_PENDED]
    half_done = request.model_copy(
        update={
            "version": request.version - 1,
            "review": request.submitted.model_copy(update={"information_requests": ()}),
        }
    )
    again = InMemoryRequests.holding(half_done)
    again.events.append(pended)
    statuses = [
        assess(again, by=DOCUMENTS_REQUIRED, now=START + timedelta(minutes=1)) for _ in range(3)
    ]
    assert len(again.requests[samples.REQUEST_ID].submitted.information_requests) == 1
    assert len(again.events) == 2
    assert {cycle_status.route for cycle_status in statuses} == {Route.REVIEW}


def test_decision_clock_runs_when_a_document_arrived_during_the_request_for_information() -> None:
    """Its event was relayed before information was requested, so it did not answer the request."""
    request, requests, _ = assessed(DOCUMENTS_REQUIRED)
    assert request.waiting_on is WaitingOn.PROVIDER
    requests.documents = [document(None, START)]
    cycle_status = assess(requests, by=DOCUMENTS_REQUIRED)
    assert requests.requests[samples.REQUEST_ID].waiting_on is WaitingOn.PAYER
    assert cycle_status.seconds_to_next_check == int((timedelta(days=15) * 0.75).total_seconds())


def test_no_more_information_is_requested_when_it_was_provided_and_a_repair_assesses_again() -> (
    None
):
    _, requests, _ = assessed(DOCUMENTS_REQUIRED)
    answered = requests.requests[samples.REQUEST_ID].receive_information(START, samples.payer())
    assert answered is not None
    requests.record(answered)
    assess(requests, by=DOCUMENTS_REQUIRED)
    assert requests.requests[samples.REQUEST_ID] == answered.request


# -- emergency admissions ------------------------------------------------------------------------------


@pytest.mark.rule("C10")
@pytest.mark.parametrize(
    ("admitted", "received", "late"),
    [
        ("2026-06-30", "2026-07-01T23:00:00-04:00", False),
        ("2026-06-30", "2026-07-02T00:00:00-04:00", True),
        ("2026-06-30", "2026-07-02T03:59:00+00:00", False),
        ("2026-06-26", "2026-06-29T12:00:00-04:00", False),
        ("2026-06-26", "2026-06-30T00:00:00-04:00", True),
        ("2026-07-02", "2026-07-06T12:00:00-04:00", False),
        ("2026-07-02", "2026-07-07T00:00:00-04:00", True),
    ],
    ids=["next day", "the day after", "payer's day", "weekend", "Tuesday", "holiday", "after it"],
)
def test_notification_is_late_when_more_than_one_business_day_has_passed(
    admitted: str, received: str, late: bool
) -> None:
    request = submitted(service(urgency="EMERGENCY", admission_date=admitted))
    review = request.submitted.model_copy(update={"submitted_at": datetime.fromisoformat(received)})
    request, _, _ = assessed(LIMITED, request.model_copy(update={"review": review}))
    assert assessment(request).late_notification == late
    assert request.status is Status.PENDING


# -- other stored values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quoted", "expected"),
    [
        (None, AssertionStatus.NONE),
        ("CHK-260701150000-7Q2W8F5Y1ZT4XK6M", AssertionStatus.CHANGED),
        (
            assertion_id(samples.content(), RULE_LIST.version, START, key=b"key"),
            AssertionStatus.PROVEN,
        ),
    ],
)
def test_quoted_assertion_is_verified_when_the_request_is_assessed(
    quoted: str | None, expected: AssertionStatus
) -> None:
    request, _, _ = assessed(SampleReference(), submitted(assertion_id=quoted))
    assert assessment(request).assertion is expected
