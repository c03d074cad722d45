"""Invariants of the final state, after all queues are drained; those of commits are in ``commits``.

Written from the rules and not from the product's code; the simulation shows that both agree.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from precert.adapters.dynamodb.dashboard_rows import row_of
from precert.adapters.dynamodb.keys import LAST_APPROVAL_SK
from precert.adapters.dynamodb.request_items import request_of
from precert.adapters.dynamodb.table import from_wire
from precert.domain.event_types import MESSAGE_EVENT_TYPES
from precert.domain.request import Request
from precert.domain.statuses import WaitingOn
from tests.simulation.answers import Answers
from tests.simulation.broken import broken
from tests.simulation.commits import SECOND, Commits
from tests.simulation.expressions import Wire
from tests.simulation.machine import Execution
from tests.simulation.people import PHYSICIANS
from tests.simulation.world import REQUESTS

_TERMINAL: Final = frozenset({"APPROVED", "PARTIALLY_APPROVED", "DENIED", "VOID"})
_DETERMINES: Final = frozenset(
    {
        "RequestDetermined",
        "AppealDetermined",
        "ReconsiderationDetermined",
        "PeerToPeerOverturned",
    }
)
_ENDS: Final = _DETERMINES | {"RequestVoided", "RequestEndedAsDuplicate", "PeerToPeerClosed"}
_OUTDATE_NOTHING: Final = frozenset(
    {
        "NoteAdded",
        "NoticesIssued",
        "DeadlineApproaching",
        "DeadlinePassed",
        "DeemedDenialDue",
    }
)
"""A reviewer who has not read these acts on the request as it is."""
_SLACK: Final = timedelta(minutes=10)
"""The maximum delay of a reminder: the time of retries and deliveries."""


def unrecorded(request: Request) -> Iterator[tuple[str, datetime]]:
    """What the clock of an open cycle has yet to record, and when it is due, by the rules."""
    review, deadline = request.submitted, request.deadline
    if deadline is None:
        return
    current, rfi = review.cycle, review.open_information_request
    if rfi is not None:
        yield "InformationOverdue", rfi.answer_by
        if rfi.pauses:
            return
    if review.escalated_cycle < current:
        yield "DeadlinePassed", deadline.due_at
    if deadline.clock.deemed_denial is not None and review.deemed_cycle < current:
        yield "DeemedDenialDue", deadline.due_at
    if review.warned_cycle < current:
        yield "DeadlineApproaching", deadline.warn_at


def _was_adverse(request: Request) -> bool:
    """Whether a line was ever denied or modified: the request had left its lock then (S2)."""
    decisions = (one for line in request.submitted.lines for one in line.decisions)
    return any(one.status in {"DENIED", "MODIFIED"} for one in decisions)


class Invariants(Commits):
    """Checks a world from its first write, and after all queues are drained."""

    def at_rest(self, *, repaired: bool) -> None:
        """Check every request; ``repaired`` states whether orphaned executions were repaired."""
        for request_id in dict.fromkeys((*self.people.ids, *self.images)):
            self._request(request_id, repaired=repaired)
        self._bus()
        self._inboxes()
        self._fingerprints()
        Answers(self.people, self.images, self.deleted).hold()
        for name, execution in self.world.machine.executions.items():
            if execution.status == "FAILED":
                raise broken("an execution failed of transient errors:", name, execution.error)

    def _collection(self, request_id: str) -> dict[str, Wire]:
        items = self.world.tables.collection(REQUESTS, f"REQUEST#{request_id}")
        return {item["sk"]["S"]: item for item in items}

    def _request(self, request_id: str, *, repaired: bool) -> None:
        items = self._collection(request_id)
        header = items.get("REQUEST")
        if header is None:
            left = [sk for sk in items if not sk.startswith("EVENT#")]
            stored = [key for key in self.world.bucket.versions if f"/{request_id}/" in key]
            if request_id not in self.deleted:
                raise broken("a request was lost:", request_id)
            if left or stored:
                raise broken("something of a removed draft was left:", left, stored)
            return
        request = request_of(from_wire(header))
        events = [json.loads(items[sk]["event"]["S"]) for sk in items if sk.startswith("EVENT#")]
        self._lines(request, items)
        self._documents(request, items)
        if request.status == "INCOMPLETE":
            return
        self._number(request)
        self._cycles(request, events)
        self._licensed(request, events)
        self._as_read(request, items)
        self._executions(request, repaired=repaired)
        self._clock(request, events)

    def _lines(self, request: Request, items: Mapping[str, Wire]) -> None:
        """The dashboard matches the request; a draft has one row, each of its providers has one."""
        lines = {
            sk: row_of(from_wire(item))
            for sk, item in items.items()
            if sk.startswith("PARTY#") and "row" in item
        }
        expected = (
            {"PARTY#DRAFT"}
            if request.status == "INCOMPLETE"
            else {f"PARTY#{tin}" for tin in request.tins}
        )
        if set(lines) != expected:
            raise broken("dashboard rows are missing or too many:", request.request_id, set(lines))
        for sk, line in lines.items():
            if (line.status, line.updated_at) != (request.status, request.shown_at):
                raise broken("a dashboard row is outdated:", request.request_id, sk, line.status)
            if line.expires_at != request.expires_at:
                raise broken("a draft's row expires at another time:", request.request_id)

    def _documents(self, request: Request, items: Mapping[str, Wire]) -> None:
        taken_slots = set(items["REQUEST"].get("slots_taken", {"SS": []})["SS"])
        for sk, item in items.items():
            if not sk.startswith("DOCUMENT#"):
                continue
            document = json.loads(item["document"]["S"])
            name = document["document_id"]
            key = f"documents/{request.request_id}/{name}"
            stored = [version for version, _ in self.world.bucket.versions.get(key, [])]
            match document["status"]:
                case "ATTACHED":
                    if stored != [document["version_id"]]:
                        raise broken("an attached document is not its bytes:", name, stored)
                case "REFUSED":
                    if stored or name in taken_slots:
                        raise broken("a refused document left something:", name, stored)
                case "AWAITING_UPLOAD":
                    if stored:
                        raise broken("a document arrived and was not verified:", name)

    def _number(self, request: Request) -> None:
        number = request.submitted.number
        item = self.world.tables.item(REQUESTS, (f"NUMBER#{number}", "NUMBER"))
        if item is None or item["request_id"]["S"] != request.request_id:
            raise broken("a number is not its request's:", number, request.request_id)
        if self.numbers.setdefault(number, request.request_id) != request.request_id:
            raise broken("a number was assigned twice:", number)

    def _cycles(self, request: Request, events: Iterable[Mapping[str, Any]]) -> None:
        """One submission, at most one end per cycle, one decision per line in a cycle."""
        events = list(events)
        kinds = Counter(event["type"] for event in events)
        if kinds["RequestSubmitted"] != 1:
            raise broken("submitted other than once:", request.request_id)
        ends = Counter(event["cycle"] for event in events if event["type"] in _ENDS)
        if any(count > 1 for count in ends.values()):
            raise broken("a cycle was decided twice:", request.request_id, dict(ends))
        for line in request.submitted.lines:
            cycles = [decision.cycle for decision in line.decisions]
            if len(set(cycles)) != len(cycles):
                raise broken("a line was decided twice in a cycle:", request.request_id)
        current = request.submitted.cycle
        if ends[current] == 0 and not request.cycle_is_open:
            raise broken("a cycle ended without an event:", request.request_id, current)
        if ends[current] and request.cycle_is_open:
            raise broken("a cycle continues after its end:", request.request_id, current)
        for number in range(1, current):
            if ends[number] != 1:
                raise broken("a cycle was left undecided:", request.request_id, number)

    def _licensed(self, request: Request, events: Iterable[Mapping[str, Any]]) -> None:
        """A physician made each denial, and caused the event that recorded it (W10)."""
        actors = {
            event["cycle"]: event["actor"] for event in events if event["type"] in _DETERMINES
        }
        for line in request.submitted.lines:
            approved = False
            for decision in line.decisions:
                adverse = decision.status in {"DENIED", "MODIFIED"}
                if adverse and decision.decided_by not in PHYSICIANS:
                    raise broken("a line was refused without a physician:", request.request_id)
                if adverse and actors.get(decision.cycle) not in decision.persons:
                    raise broken("a refusal was recorded by someone else:", request.request_id)
                if approved and decision.status == "DENIED":
                    raise broken("an approved line was denied:", request.request_id)
                approved = decision.status != "DENIED"

    def _as_read(self, request: Request, items: Mapping[str, Wire]) -> None:
        """Each action of a reviewer is based on every change of the request before it."""
        since = 1
        for sk in sorted(items):
            kind, _, number = sk.partition("#")
            if kind != "EVENT" or not number.isdecimal():
                continue
            version, event = int(number), json.loads(items[sk]["event"]["S"])
            read = self.people.read.get((request.request_id, event.get("actor", "")))
            if read is not None and not any(since <= one < version for one in read):
                raise broken("a reviewer changed what they had not read:", request.request_id, sk)
            if event["type"] not in _OUTDATE_NOTHING:
                since = version

    def _executions(self, request: Request, *, repaired: bool) -> None:
        """An open cycle has a waiting execution; a closed one has none."""
        mine = [
            one
            for one in self.world.machine.executions.values()
            if one.request_id == request.request_id
        ]
        running = [one for one in mine if one.status == "RUNNING"]
        current = request.submitted.cycle
        if not request.cycle_is_open:
            if running:
                raise broken("an execution of a closed cycle runs:", [one.name for one in running])
            if request.status not in _TERMINAL:
                raise broken("the execution does not wait:", request.request_id, request.status)
            return
        of_cycle = [one for one in running if one.cycle == current]
        lost = any(one.name in self.world.lost for one in mine if one.cycle == current)
        if len(of_cycle) > 1:
            raise broken("a cycle has two executions:", [one.name for one in of_cycle])
        # The end of a first execution starts another one at once, that of a later one after a pause.
        pauses = any(
            one.name.count("-repair-") and one.status in {"ABORTED", "FAILED"}
            for one in mine
            if one.cycle == current
        )
        if not of_cycle and (repaired or not (lost or pauses)):
            raise broken("an open cycle has no execution:", request.request_id, current)
        if not of_cycle:
            return
        if len(running) != 1:
            raise broken("an execution of an earlier cycle runs:", [one.name for one in running])
        if not of_cycle[0].waits:
            raise broken("an execution does not wait:", of_cycle[0].name, of_cycle[0].state)
        if request.waiting_on is WaitingOn.NONE or request.status == "PROCESSING":
            raise broken("the execution does not wait:", request.request_id, request.status)

    def _clock(self, request: Request, events: Iterable[Mapping[str, Any]]) -> None:
        """Each reminder is recorded once, again only after an extension; and in time."""
        review = request.submitted
        response = Counter(event["type"] for event in events if event["cycle"] == review.cycle)
        most = 1 + response["DeadlineExtended"]
        once = response["DeadlinePassed"], response["DeemedDenialDue"], response["DeadlineExtended"]
        if response["DeadlineApproaching"] > most or max(once) > 1:
            raise broken("a reminder was recorded twice:", request.request_id)
        if response["InformationOverdue"] > response["InformationRequested"]:
            raise broken("an overdue response was recorded twice:", request.request_id)
        running, now = self._running(request), self.world.clock.at
        deadline = request.deadline
        if deadline is None:
            if running:
                raise broken("an open cycle has no clock:", request.request_id)
            return
        if any(one.times_out_at and one.times_out_at <= now + 2 * SECOND for one in running):
            return
        # A retried wait starts again.
        latest = request.next_check_at(now) + _SLACK
        if any(one.waits and one.times_out_at and one.times_out_at > latest for one in running):
            raise broken("an execution waits past the next check:", request.request_id)
        self._recorded(request)

    def _recorded(self, request: Request) -> None:
        """What was due is recorded, in time."""
        for reminder, at in unrecorded(request):
            if self.world.clock.at > at + _SLACK:
                raise broken("a reminder was not recorded:", request.request_id, reminder)

    def _running(self, request: Request) -> list[Execution]:
        """Executions of the open cycle."""
        return [
            one
            for one in self.world.machine.running
            if (one.request_id, one.cycle) == (request.request_id, request.submitted.cycle)
        ]

    # -- records outside the table ------------------------------------------------------------------

    def _events(self) -> dict[str, dict[str, Any]]:
        found = [
            json.loads(item["event"]["S"])
            for item in self.world.tables.items(REQUESTS)
            if item["sk"]["S"].startswith("EVENT#")
        ]
        by_id = {event["event_id"]: event for event in found}
        if len(by_id) != len(found):
            raise broken("two events have one id")
        return by_id

    def _bus(self) -> None:
        """Each event reaches the bus with its own id, and nothing else does."""
        recorded = self._events()
        published = {}
        for entry in self.world.published:
            detail = json.loads(entry["Detail"])
            published[detail["event_id"]] = detail
            response = dict(recorded.get(detail["event_id"], {}))
            response.pop("actor", None)
            if detail != response:
                raise broken("something was published that was not recorded:", detail["event_id"])
        if missing := recorded.keys() - published.keys():
            raise broken("an event never reached the bus:", sorted(missing))

    def _fingerprints(self) -> None:
        """A request that is not void has a fingerprint, and a lock unless a line is adverse (S2)."""
        submitted = [
            request
            for request_id in self.images
            if (request := self.people.request(request_id)) is not None and request.review
        ]
        valid = {one.request_id: one for one in submitted if one.status != "VOID"}
        unlocked = {
            request_id
            for request_id, request in valid.items()
            if {"DENIED", "MODIFIED"} & {line.status for line in request.submitted.lines}
        }
        compared, locks = set[str](), dict[str, set[str]]()
        for item in self.world.tables.items(REQUESTS):
            kind, _, name = item["pk"]["S"].partition("#")
            if kind == "MEMBER" and item["sk"]["S"] != LAST_APPROVAL_SK:
                compared.add(item["sk"]["S"].removeprefix("REQUEST#"))
            elif kind == "DUPLICATE":
                locks[name] = item.keys() - {"pk", "sk", "version"}
        if compared != valid.keys():
            raise broken("fingerprints are not those of valid requests:", compared ^ valid.keys())
        locked = {one for lock in locks.values() for one in lock}
        if locked != valid.keys() - unlocked:
            raise broken("locks are not those of valid requests:", locked, valid.keys() - unlocked)
        for lock in locks.values():
            # A denied service may be requested again, and the denial be overturned after that.
            days = Counter(
                self._admission(valid[one]) for one in lock if not _was_adverse(valid[one])
            )
            if any(count > 1 for count in days.values()):
                raise broken("a request and its duplicate are both valid:", lock)

    @staticmethod
    def _admission(request: Request) -> str:
        """Of the simulation's requests, equal admission days are the only ones that overlap."""
        [service] = request.content.services
        return str(service.admission_date)

    def _inboxes(self) -> None:
        """Each event with a message has one message per provider (T5)."""
        expected = Counter(
            (tin, event["event_id"])
            for event in self._events().values()
            if event["type"] in MESSAGE_EVENT_TYPES
            for tin in event["tins"]
        )
        found: Counter[tuple[str, str]] = Counter()
        unread: Counter[str] = Counter()
        for item in self.world.tables.items(REQUESTS):
            kind, _, tin = item["pk"]["S"].partition("#")
            if kind != "INBOX":
                continue
            if "message" in item:
                found[tin, json.loads(item["message"]["S"])["message_id"]] += 1
            else:
                unread[tin] = int(item["unread"]["N"])
        if unread != Counter(tin for tin, _ in found.elements()):
            raise broken("the count of unread messages is not theirs:", dict(unread))
        if found != expected:
            raise broken("messages are not the changes:", expected - found, found - expected)
