"""Print and download determination notices (W4).

Printing is started by the event of the determination, so that a decision does not wait for it. A
notice depends only on stored data: a second run prints the same text and records nothing more.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from precert.domain.errors import NotFoundError
from precert.domain.event_types import EventType
from precert.domain.events import Event, event_id
from precert.domain.notices import (
    Audience,
    Notice,
    NoticeWords,
)
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.usecases.documents import DocumentLink
from precert.usecases.notice_facts import Issue, issues_of, notice_facts
from precert.usecases.ports.documents import NoticeBytes, NoticeRecords, Printer
from precert.usecases.ports.reference import CodeSets, ReferenceReader
from precert.usecases.ports.requests import RequestFile, RequestStore

TEMPLATE: Final = "notice"


def print_notices(  # noqa: PLR0913 - each is a dependency
    request_id: str,
    cycle: int,
    *,
    requests: RequestStore,
    reference: ReferenceReader,
    code_sets: CodeSets,
    notices: NoticeRecords,
    notice_bytes: NoticeBytes,
    printer: Printer,
    payer: Payer,
    notice_words: NoticeWords,
    now: datetime,
) -> tuple[Notice, ...]:
    """Print, store and record the notices of a cycle, of vendors' decisions and of changed dates.

    Returns the notices that it printed: none if nothing is decided, or if they exist.
    """
    file = requests.read_file(request_id)
    if file is None or file.request.review is None:
        return ()
    request, recorded = file.request, {notice.notice_id for notice in file.notices}
    due = [
        one for one in issues_of(file.request, cycle) if not recorded.intersection(one.notice_ids)
    ]
    if not due:
        notices.issued(request)
        return ()
    patient = request.content.patient
    member = reference.member(patient.member_id) if patient else None
    printed = list[Notice]()
    for issue in due:
        issued = list[Notice]()
        for audience in Audience:
            facts = notice_facts(
                request, issue, audience, payer, notice_words, member=member, code_sets=code_sets
            )
            document = printer.print(TEMPLATE, facts)
            name, digest = issue.notice_id(audience), sha256(document).hexdigest()
            version_id = notice_bytes.put(request_id, name, document, digest)
            issued.append(
                Notice(
                    notice_id=name,
                    kind=issue.kind,
                    audience=audience,
                    cycle=issue.cycle,
                    printed_at=now,
                    size=len(document),
                    sha256=digest,
                    version_id=version_id,
                )
            )
        notices.record(request_id, issued, _event(request, issue, now))
        printed += issued
    notices.issued(request)
    return tuple(printed)


def _event(request: Request, issue: Issue, now: datetime) -> Event:
    return Event(
        event_id=event_id(request.request_id, f"notices-{issue.cycle}{issue.suffix}"),
        type=EventType.NOTICES_ISSUED,
        request_id=request.request_id,
        cycle=issue.cycle,
        at=now,
        status=request.status,
        number=request.submitted.number,
        tins=tuple(sorted(request.tins)),
    )


def _notice_in(file: RequestFile, notice_id: str) -> Notice:
    for notice in file.notices:
        if notice.notice_id == notice_id:
            return notice
    raise NotFoundError("This request does not have a determination notice with this ID.")


def link_to_notice(
    file: RequestFile, notice_id: str, *, notice_bytes: NoticeBytes, payer: Payer, now: datetime
) -> DocumentLink:
    """Links to a determination notice of a request that the caller can read. No AWS call.

    Raises:
        NotFoundError: the request does not have this notice.
    """
    notice = _notice_in(file, notice_id)
    seconds = payer.documents.download_seconds
    request_id = file.request.request_id
    return DocumentLink(
        url=notice_bytes.download_url(request_id, notice, seconds=seconds),
        inline_url=notice_bytes.download_url(
            request_id, notice, seconds=seconds, shown_as="application/pdf"
        ),
        expires_at=now + timedelta(seconds=seconds),
    )
