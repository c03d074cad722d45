"""The sample payer, and one sample request as a provider would enter it."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from local.journey import content as journey
from local.sample import sample_directory
from precert.domain.clocks import Deadline
from precert.domain.content import RequestContent
from precert.domain.coverage import Plan
from precert.domain.decision_clocks import ClockKind, DecisionClock
from precert.domain.decisions import DecidingRole, Decision, service_lines_of
from precert.domain.delegation import Delegation, RecordedReport, VendorReviewer
from precert.domain.directory import DirectoryEntry
from precert.domain.disputes import Rights
from precert.domain.notices import NoticeWords
from precert.domain.payer import Payer
from precert.domain.questionnaires import QUESTIONNAIRES, Questionnaires
from precert.domain.request import Request
from precert.domain.review import Review
from precert.domain.rules import DelegatedVendor
from precert.domain.statuses import LineStatus, Status
from tests.fakes.clock import START

DATA: Final = Path(__file__).resolve().parents[2] / "data"
REQUEST_ID: Final = "01J1QZ8Y7N4W3V2T1S0R9Q8P7M"
NUMBER: Final = "PC1234567897"
STRANGER_TIN: Final = "690121431"
PATIENT: Final[Mapping[str, str]] = journey.PATIENT

_FACILITY, _PHYSICIAN = sample_directory()[:2]


def _entered(entry: DirectoryEntry, fax: str) -> Mapping[str, Any]:
    """A provider of the directory as a request names it."""
    return {**entry.as_provider().model_dump(mode="json", exclude_none=True), "fax": fax}


PROVIDER_TIN: Final = _PHYSICIAN.tin
FACILITY_TIN: Final = _FACILITY.tin
ADDRESS: Final[Mapping[str, str]] = _FACILITY.address.model_dump(exclude_none=True)
_CONTENT: Final[Mapping[str, Any]] = {
    "patient": PATIENT,
    "servicing_provider": _entered(_FACILITY, "2165550198"),
    "requesting_provider": _entered(_PHYSICIAN, "2165550199"),
    "services": [
        {
            "authorization_type": "INPATIENT",
            "type_of_service": "SURGICAL_INPATIENT",
            "place_of_service": "SURGICAL",
            "urgency": "STANDARD",
            "admission_date": "2026-07-20",
            "requested_days": 3,
            "primary_diagnosis": "K5650",
            "additional_diagnoses": ["E1122", "Z9884"],
            "procedures": [
                {
                    "code": "44120",
                    "code_type": "CPT",
                    "start_date": "2026-07-20",
                    "units": 1,
                    "unit_type": "UNITS",
                },
                {
                    "code": "44121",
                    "code_type": "CPT",
                    "start_date": "2026-07-20",
                    "units": 2,
                    "unit_type": "UNITS",
                    "modifiers": ["50", "51"],
                },
            ],
        }
    ],
}
BOWEL_SURGERIES: Final[Mapping[str, Any]] = {
    **_CONTENT["services"][0],
    "procedures": [
        {"code": "44125", "start_date": "2026-07-20", "units": 1, "unit_type": "UNITS"},
        {"code": "44130", "start_date": "2026-07-20", "units": 2, "unit_type": "UNITS"},
    ],
}
"""Two lines like it."""
OFFICE_VISIT: Final[Mapping[str, Any]] = {
    "authorization_type": "OUTPATIENT",
    "type_of_service": "OFFICE_VISIT",
    "place_of_service": "OFFICE",
    "urgency": "STANDARD",
    "service_date": "2026-07-06",
    "primary_diagnosis": "K55",
    "procedures": [{"code": "99213"}],
}
"""A service that needs no precertification."""
BOWEL_SURGERY: Final[Mapping[str, Any]] = {
    **_CONTENT["services"][0],
    "procedures": [{"code": "44125", "start_date": "2026-07-20", "units": 1, "unit_type": "UNITS"}],
}
"""A service that a reviewer decides, and whose rule requires no documents."""
IMAGES: Final[Mapping[str, Any]] = {
    "authorization_type": "OUTPATIENT",
    "type_of_service": "IMAGING",
    "place_of_service": "IMAGING_CENTER",
    "urgency": "STANDARD",
    "service_date": "2026-07-20",
    "primary_diagnosis": "K5650",
    "procedures": [
        {"code": "70450", "start_date": "2026-07-20", "units": 1, "unit_type": "UNITS"},
        {"code": "70460", "start_date": "2026-07-20", "units": 2, "unit_type": "UNITS"},
    ],
}
"""Two lines that the sample rule list delegates to EVICORE-RAD."""
PLAN: Final = Plan(
    plan_id="OAP-COMPLETE",
    name="Open Access Plus 1500",
    plan_type="OAP",
    line_of_business="COMMERCIAL",
    management_level="Complete",
)


@cache
def payer() -> Payer:
    return Payer.model_validate_json((DATA / "payer" / "payer.json").read_text(encoding="utf-8"))


def clock(
    line_of_business: str = "COMMERCIAL", kind: ClockKind = ClockKind.STANDARD
) -> DecisionClock:
    """A clock of the sample payer."""
    return payer().review_clocks[line_of_business].clock(kind)


@cache
def notice_words() -> NoticeWords:
    text = (DATA / "payer" / "notices.json").read_text(encoding="utf-8")
    return NoticeWords.model_validate_json(text)


@cache
def questionnaires() -> Questionnaires:
    text = (DATA / "payer" / QUESTIONNAIRES).read_text(encoding="utf-8")
    return Questionnaires.model_validate_json(text)


def entered(**changes: Any) -> dict[str, Any]:
    """A complete request as a provider sends it; ``changes`` replace whole parts of it."""
    return deepcopy(dict(_CONTENT)) | changes


def later(services: Sequence[Mapping[str, Any]], days: int) -> list[dict[str, Any]]:
    """The same services this many days later."""
    moved = deepcopy([dict(service) for service in services])
    for service in moved:
        for dated in (service, *service["procedures"]):
            for name in {"admission_date", "service_date", "start_date"} & dated.keys():
                day = date.fromisoformat(dated[name]) + timedelta(days=days)
                dated[name] = day.isoformat()
    return moved


def content(**changes: Any) -> RequestContent:
    return RequestContent.model_validate(entered(**changes))


def directory() -> dict[str, DirectoryEntry]:
    """The directory entries of the sample request's providers, by id."""
    return {entry.provider_id: entry for entry in (_FACILITY, _PHYSICIAN)}


def request(status: Status = Status.INCOMPLETE, **changes: Any) -> Request:
    """A request of two lines in a status, reached through the domain's operations."""
    sample = content()
    request_ = Request(
        request_id=REQUEST_ID,
        version=3,
        status=status,
        tins=frozenset(sample.tins),
        plan=PLAN,
        content=sample,
        created_at=START,
        updated_at=START,
        review=None if status is Status.INCOMPLETE else review(_LINES.get(status, (None, None))),
    )
    if status is Status.PENDING and request_.review:
        pended = {
            "clock": payer().decision_clock(request_),
            "warn_at": START + timedelta(days=10),
            "due_at": START + timedelta(days=15),
        }
        pended_review = request_.review.model_copy(update=pended)
        request_ = request_.model_copy(update={"review": pended_review})
    return request_.model_copy(update=changes)


_APPROVED, _DENIED = LineStatus.APPROVED, LineStatus.DENIED
_LINES: Final[Mapping[Status, tuple[LineStatus, LineStatus]]] = {
    Status.APPROVED: (_APPROVED, _APPROVED),
    Status.PARTIALLY_APPROVED: (_APPROVED, _DENIED),
    Status.DENIED: (_DENIED, _DENIED),
}


def review(lines: tuple[LineStatus | None, ...] = (None, None)) -> Review:
    sample = service_lines_of(content().services)
    until = START + timedelta(days=180)
    rights = Rights(
        levels=2, peer_to_peer_until=until, reconsideration_until=until, appeal_until=until
    )
    return Review(
        number=NUMBER,
        submitted_at=START,
        submitted_version=2,
        lines=tuple(
            line.model_copy(update={"decisions": (decision(status),)}) if status else line
            for line, status in zip(sample, lines, strict=True)
        ),
        determined_at=START if any(lines) else None,
        rights=rights if any(line and line.rule.adverse for line in lines) else None,
    )


VENDOR: Final = DelegatedVendor(
    vendor_id="EVICORE-RAD",
    name="EviCore by Evernorth",
    services="Radiology",
    url="https://www.evicore.com",
    phone="8666689250",
    requirements=("Order of the physician",),
)


def delegation(
    *line_ids: str, vendor: DelegatedVendor = VENDOR, at: datetime = START, **changes: Any
) -> Delegation:
    """Lines that a vendor received, with the standard clock of the sample payer."""
    deadline = Deadline(at + timedelta(days=10), at + timedelta(days=15), clock())
    built = Delegation(vendor=vendor, line_ids=line_ids or ("1.1", "1.2"), rule_list="1")
    return built.delegated(deadline, at).model_copy(update=changes)


def delegated(status: Status, *delegations: Delegation) -> Request:
    """A request of which vendors decide all lines, or those of these delegations."""
    base = request(status)
    ownership = delegations or (delegation(),)
    if status not in (Status.PROCESSING, Status.PENDING) and not delegations:
        ownership = (delegation(reports=(report_of(),)),)
    reviewed = base.submitted.model_copy(update={"ownership": ownership})
    return base.model_copy(update={"review": reviewed})


def report_of(at: datetime = START, reviewer: VendorReviewer | None = None) -> RecordedReport:
    """A vendor's report, as it is recorded."""
    return RecordedReport(
        reference="RAD-1", reported_at=at, received_at=at, reported_by="vendor", reviewer=reviewer
    )


def decision(status: LineStatus, *, by: str = "reviewer-1", cycle: int = 1) -> Decision:
    adverse = status.rule.adverse
    return Decision(
        status=status,
        cycle=cycle,
        decided_at=START,
        decided_by=by,
        decided_as=DecidingRole.PHYSICIAN,
        reason_code="0F" if adverse else None,
        rationale="Conservative treatment was not tried." if adverse else None,
        criterion="MCG S-310" if adverse else None,
    )
