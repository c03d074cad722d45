"""Print and download determination notices (W4).

The determination's event starts the printing, so that a decision does not wait for it. A notice
depends on the request alone: a second run prints the same and records nothing more.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from precert.domain.caller import Caller
from precert.domain.clocks import last_day_to_appeal
from precert.domain.content import Provider, Service
from precert.domain.determination import RequestedLine, requested_lines
from precert.domain.errors import NotFoundError
from precert.domain.event_types import EventType
from precert.domain.events import Event, event_id
from precert.domain.notices import (
    Audience,
    Notice,
    NoticeKind,
    NoticeWords,
    decided_lines,
    kind_of,
    notice_id,
)
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.review import Approved, Decision, ServiceLine
from precert.domain.wording import (
    written_address,
    written_day,
    written_diagnosis,
    written_phone,
    written_tin,
    written_units,
)
from precert.usecases.documents import DocumentLink
from precert.usecases.ports.documents import NoticeBytes, NoticeRecords, Printer
from precert.usecases.ports.requests import RequestFile, RequestStore
from precert.usecases.requests import read_request
from precert.usecases.review import read_case

TEMPLATE: Final = "notice"


def print_notices(
    request_id: str,
    cycle: int,
    *,
    requests: RequestStore,
    notices: NoticeRecords,
    notice_bytes: NoticeBytes,
    printer: Printer,
    payer: Payer,
    notice_words: NoticeWords,
    now: datetime,
) -> tuple[Notice, ...]:
    """Print, store and record both determination notices of a decided cycle; returns them.

    Returns nothing if the cycle is not decided, a delegated vendor decided it, or they exist.
    """
    file = requests.read_file(request_id)
    if file is None:
        return ()
    request = file.request
    kind = kind_of(request.review, cycle) if request.review else None
    if kind is None or any(notice.cycle == cycle for notice in file.notices):
        return ()
    printed = []
    for audience in Audience:
        facts = notice_facts(request, cycle, kind, audience, payer, notice_words)
        document = printer.print(TEMPLATE, facts)
        name, digest = notice_id(cycle, audience), sha256(document).hexdigest()
        version_id = notice_bytes.put(request_id, name, document, digest)
        printed.append(
            Notice(
                notice_id=name,
                kind=kind,
                audience=audience,
                cycle=cycle,
                printed_at=now,
                size=len(document),
                sha256=digest,
                version_id=version_id,
            )
        )
    notices.record(request_id, printed, _event(request, cycle, now))
    return tuple(printed)


def _event(request: Request, cycle: int, now: datetime) -> Event:
    return Event(
        event_id=event_id(request.request_id, f"notices-{cycle}"),
        type=EventType.NOTICES_ISSUED,
        request_id=request.request_id,
        cycle=cycle,
        at=now,
        status=request.status,
        number=request.submitted.number,
        tins=tuple(sorted(request.tins)),
    )


# -- The template's data ------------------------------------------------------------------------------


def notice_facts(
    request: Request,
    cycle: int,
    kind: NoticeKind,
    audience: Audience,
    payer: Payer,
    words: NoticeWords,
) -> dict[str, object]:
    """All data of the notice as text; ``None`` or empty for what does not apply."""
    review, content = request.submitted, request.content
    patient = content.patient
    if patient is None:
        raise AssertionError("a submitted request has a patient")
    decided_at = max(decision.decided_at for _, decision in _decided(request, cycle))
    adverse = any(status.rule.adverse for status in decided_lines(review, cycle).values())
    clock = payer.clock_for(request)
    last_day = last_day_to_appeal(decided_at, clock.appeal_filing_days, payer.zone)
    name = f"{patient.first_name} {patient.last_name}"
    filled = {
        "name": name,
        "number": review.number,
        "payer": payer.name,
        "phone": payer.provider_services.phone,
        "last_day": written_day(last_day),
    }
    wording = words.kinds[kind][audience]
    return {
        "payer": {
            "name": payer.name,
            "contact": payer.provider_services.name,
            "phone": payer.provider_services.phone,
            "hours": payer.provider_services.hours,
        },
        "date": written_day(decided_at.astimezone(payer.zone).date()),
        "number": review.number,
        "title": wording.title.format(**filled),
        "opening": wording.opening.format(**filled),
        "recipient": _recipient(request, audience, name),
        "patient": {
            "name": name,
            "date_of_birth": written_day(patient.date_of_birth),
            "member_id": patient.member_id,
            "plan": request.plan.name,
        },
        "requesting_provider": _provider(content.requesting_provider),
        "servicing_provider": _provider(content.servicing_provider),
        "lines": list(_lines(request, cycle, payer)),
        "sections": [
            {"title": section.title, "text": section.text.format(**filled)}
            for section in words.sections
            if audience in section.audiences and (adverse or not section.adverse_only)
        ],
        "language_help": words.language_help,
    }


def _recipient(request: Request, audience: Audience, patient: str) -> list[str]:
    """The addressee; the mailing service adds the address by the member id."""
    if audience is Audience.MEMBER:
        return [patient]
    provider = request.content.requesting_provider or Provider()
    address = written_address(provider.address) if provider.address else []
    return [provider.name or "", *address]


def _provider(provider: Provider | None) -> dict[str, object]:
    known = provider or Provider()
    return {
        "name": known.name,
        "tin": known.tin and written_tin(known.tin),
        "npi": known.npi,
        "phone": known.phone and written_phone(known.phone),
    }


def _lines(request: Request, cycle: int, payer: Payer) -> Iterator[Mapping[str, object]]:
    """The lines that the cycle decided, each as requested and as decided."""
    asked = requested_lines(request.content)
    for line, decision in _decided(request, cycle):
        wanted = asked[line.line_id]
        yield {
            "line": line.line_id,
            "service": _service(wanted.service, payer),
            "code": f"{line.code_type}\u00a0{line.code}" if line.code else "Stay",
            "diagnosis": _diagnosis(wanted.service, decision),
            "asked": _asked(wanted, payer),
            "outcome": decision.status.rule.outcome,
            "approved": decision.approved and _approved(decision.approved, payer),
            "reason": decision.reason_code and payer.reason_codes.get(decision.reason_code),
            "reason_code": decision.reason_code,
            "rationale": decision.rationale,
            "criterion": decision.criterion,
            "adverse": decision.status.rule.adverse,
        }


def _decided(request: Request, cycle: int) -> Iterator[tuple[ServiceLine, Decision]]:
    """Each line that the cycle decided, with its decision; later ones only change dates (W5)."""
    for line in request.submitted.lines:
        decision = next((one for one in line.decisions if one.cycle == cycle), None)
        if decision is not None:
            yield line, decision


def _service(service: Service, payer: Payer) -> str:
    names = {kind.code: kind.name for kind in payer.form.types_of_service}
    return names.get(service.type_of_service or "", service.type_of_service or "")


def _diagnosis(service: Service, decision: Decision) -> str | None:
    """The decided diagnosis; with the requested one where they differ (W9)."""
    sent = service.primary_diagnosis
    if sent is None:
        return None
    if decision.diagnosis in (None, sent):
        return written_diagnosis(sent)
    return f"{written_diagnosis(decision.diagnosis or '')} (sent: {written_diagnosis(sent)})"


def _asked(asked: RequestedLine, payer: Payer) -> str:
    day = asked.from_date and written_day(asked.from_date)
    days = asked.service.requested_days
    amounts = [
        asked.units and _units(asked.units, asked.unit_type, payer),
        days and written_units(days, "Days"),
        day and f"from {day}",
    ]
    return ", ".join(amount for amount in amounts if amount)


def _approved(approved: Approved, payer: Payer) -> str:
    period = f"{written_day(approved.from_date)} to {written_day(approved.to_date)}"
    amounts = [
        approved.code,
        approved.units and _units(approved.units, approved.unit_type, payer),
        period,
    ]
    return ", ".join(amount for amount in amounts if amount)


def _units(units: int, unit_type: str | None, payer: Payer) -> str:
    names = {choice.code: choice.name for choice in payer.form.unit_types}
    return written_units(units, names.get(unit_type or ""))


def download_notice(
    request_id: str,
    notice_id: str,
    caller: Caller,
    *,
    requests: RequestStore,
    notice_bytes: NoticeBytes,
    payer: Payer,
    now: datetime,
) -> DocumentLink:
    """A link for either provider of the request; drafts and delegated requests have no notices.

    One call.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError.
    """
    file = read_request(request_id, caller, requests=requests, now=now)
    return _link(file, notice_id, notice_bytes, payer, now)


def download_case_notice(
    request_id: str,
    notice_id: str,
    caller: Caller,
    *,
    requests: RequestStore,
    notice_bytes: NoticeBytes,
    payer: Payer,
    now: datetime,
) -> DocumentLink:
    """A link for a reviewer of the request's plan. One call.

    Raises:
        NotEntitledError, NotFoundError.
    """
    file = read_case(request_id, caller, requests=requests)
    return _link(file, notice_id, notice_bytes, payer, now)


def _notice_in(file: RequestFile, notice_id: str) -> Notice:
    for notice in file.notices:
        if notice.notice_id == notice_id:
            return notice
    raise NotFoundError("This request does not have a determination notice with this ID.")


def _link(
    file: RequestFile, notice_id: str, notice_bytes: NoticeBytes, payer: Payer, now: datetime
) -> DocumentLink:
    notice = _notice_in(file, notice_id)
    seconds = payer.documents.download_seconds
    url = notice_bytes.download_url(file.request.request_id, notice, seconds=seconds)
    return DocumentLink(url=url, expires_at=now + timedelta(seconds=seconds))
