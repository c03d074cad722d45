"""Invariants of each commit, written from the rules and not from the product's code."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from precert.adapters.dynamodb.request_items import request_of
from precert.adapters.dynamodb.table import from_wire
from precert.domain.request import Request
from precert.names import NEW_DOCUMENTS
from tests.simulation.broken import broken
from tests.simulation.expressions import Wire
from tests.simulation.machine import Execution
from tests.simulation.people import People
from tests.simulation.reference import SLOTS
from tests.simulation.table import Written
from tests.simulation.world import World

_MAY_FOLLOW: Final[Mapping[str, frozenset[str]]] = {
    "INCOMPLETE": frozenset({"INCOMPLETE", "PROCESSING"}),
    "PROCESSING": frozenset(
        {"PROCESSING", "PENDING", "APPROVED", "PARTIALLY_APPROVED", "DENIED", "VOID"}
    ),
    "PENDING": frozenset({"PENDING", "APPROVED", "PARTIALLY_APPROVED", "DENIED", "VOID"}),
    "DENIED": frozenset({"DENIED", "PARTIALLY_APPROVED", "APPROVED"}),
    "PARTIALLY_APPROVED": frozenset({"PARTIALLY_APPROVED", "APPROVED"}),
    "APPROVED": frozenset({"APPROVED"}),
    "VOID": frozenset({"VOID"}),
}
_REMINDERS: Final[Mapping[str, Callable[[Request], datetime | None]]] = {
    "DeadlineApproaching": lambda request: request.deadline.warn_at if request.deadline else None,
    "DeadlinePassed": lambda request: request.deadline.due_at if request.deadline else None,
    "DeemedDenialDue": lambda request: request.deadline.due_at if request.deadline else None,
    "InformationOverdue": lambda request: request.due_at,
}
_UNVERSIONED: Final[Mapping[str, Any]] = {"slots_taken": None, NEW_DOCUMENTS: None}
"""Attributes that documents change without a new version of the request."""
SECOND: Final = timedelta(seconds=1)
_LATEST: Final = timedelta(minutes=5)
"""How late a reminder may be without failures, whether or not an execution watches the clock."""


def _resumed(before: Request | None, at: datetime) -> datetime:
    """The end of the pause at ``at``, as no reminder is recorded in a pause; else ``at``."""
    for one in before.submitted.information_requests if before else ():
        if one.pauses and one.closed_at and one.requested_at <= at < one.closed_at:
            at = one.closed_at
    return at


class Commits:
    """What must hold at each commit, and when an execution ends. Collects what was committed."""

    def __init__(self, world: World, people: People) -> None:
        self.world = world
        self.people = people
        self.images: dict[str, list[Wire]] = {}
        self.deleted: set[str] = set()
        """Drafts that are no more."""
        self.warned: set[tuple[str, int]] = set()
        """Drafts with the version that their provider was warned of."""
        self.numbers: dict[str, str] = {}
        self.reminders: Counter[tuple[str, str, int]] = Counter()
        """Recorded reminders by request, type and cycle."""
        world.checks.append(self.at_commit)
        world.machine.on_success = self.at_success

    def at_commit(self, written: list[Written]) -> None:
        changed = {one.key: one for one in written}
        for one in written:
            pk, sk = one.key
            if sk == "REQUEST":
                self._header(one, changed)
            elif sk.startswith("EVENT#") and one.old is not None:
                raise broken("an event was changed or removed:", pk, sk)
            elif sk.startswith("EVENT#"):
                self._reminder(one, changed)
            elif sk == "NUMBER" and one.old is not None:
                raise broken("a number was assigned twice:", pk)

    def _reminder(self, one: Written, changed: Mapping[tuple[str, str], Written]) -> None:
        """A reminder is correct by the clock as it was before."""
        event = json.loads(one.new["event"]["S"]) if one.new else {}
        if event["type"] == "DraftExpiring":
            self._warning(event["request_id"])
        if event["type"] not in _REMINDERS:
            return
        header = changed[one.key[0], "REQUEST"].old
        before = request_of(from_wire(header)) if header else None
        at = _REMINDERS[event["type"]](before) if before else None
        if at is None or _at(event["at"]) < at:
            raise broken("a reminder was recorded too early:", one.key[0], event["type"])
        calm_since = self.world.calm_since
        if (
            calm_since is not None
            and calm_since < _resumed(before, at) < _at(event["at"]) - _LATEST
        ):
            raise broken("a reminder was recorded too late:", one.key[0], event["type"])
        if before is not None and calm_since is not None and event["type"] == "DeadlinePassed":
            review, warn_at = before.submitted, _REMINDERS["DeadlineApproaching"](before)
            if review.warned_cycle < review.cycle and warn_at and warn_at > calm_since:
                raise broken("a deadline passed without a reminder:", one.key[0])
        reminder = (event["request_id"], event["type"], event["cycle"])
        self.reminders[reminder] += 1
        # One for the deadline and one after its only extension; an RFI's end has no such limit.
        if event["type"] != "InformationOverdue" and self.reminders[reminder] > 2:
            raise broken("a reminder was recorded again:", *reminder)

    def _warning(self, request_id: str) -> None:
        """A draft is warned of once per version, while it is a draft."""
        draft = self.images[request_id][-1]
        version = int(draft["version"]["N"])
        if draft["status"]["S"] != "INCOMPLETE" or request_id in self.deleted:
            raise broken("a provider was warned about a request that is not a draft:", request_id)
        if (request_id, version) in self.warned:
            raise broken("a provider was warned twice about one draft:", request_id, version)
        self.warned.add((request_id, version))

    def _header(self, one: Written, changed: Mapping[tuple[str, str], Written]) -> None:
        request_id = one.key[0].removeprefix("REQUEST#")
        if one.new is None:
            self._removed(request_id, one)
            return
        if one.old is None and request_id in self.deleted:
            raise broken("a deleted draft was recreated:", request_id)
        self.images.setdefault(request_id, []).append(one.new)
        slots = int(one.new["document_slots"]["N"])
        taken = len(one.new["slots_taken"]["SS"]) if "slots_taken" in one.new else 0
        if not 0 <= taken <= slots <= SLOTS:
            raise broken("too many upload slots:", request_id, taken, slots)
        if one.old is not None:
            self._changed(request_id, one.old, one.new, changed)
        elif one.new["version"]["N"] != "1":
            raise broken("a request begins with version 1:", request_id)

    def _removed(self, request_id: str, one: Written) -> None:
        old = one.old
        if old is None or old["status"]["S"] != "INCOMPLETE":
            raise broken("a submitted request was removed:", request_id)
        if one.by_ttl and self.world.clock.at < _instant(old["expires_at"]):
            raise broken("a draft was removed before its time:", request_id)
        if one.by_ttl and (request_id, int(old["version"]["N"])) not in self.warned:
            raise broken("a draft expired without a warning:", request_id)
        self.deleted.add(request_id)

    def _changed(
        self,
        request_id: str,
        old: Wire,
        new: Wire,
        changed: Mapping[tuple[str, str], Written],
    ) -> None:
        before, after = old["status"]["S"], new["status"]["S"]
        version = int(new["version"]["N"])
        if after not in _MAY_FOLLOW[before]:
            raise broken("a status followed that may not:", request_id, before, after)
        if version == int(old["version"]["N"]):
            if {**old, **_UNVERSIONED} != {**new, **_UNVERSIONED}:
                raise broken("a change without its own version:", request_id, version)
            return
        if version != int(old["version"]["N"]) + 1:
            raise broken("a version was skipped or repeated:", request_id, version)
        if before == "INCOMPLETE" and self.world.clock.at >= _instant(old["expires_at"]) + SECOND:
            raise broken("a draft was written after its time:", request_id)
        if after != "INCOMPLETE" and (new["pk"]["S"], f"EVENT#{version:06d}") not in changed:
            raise broken("a change without its event:", request_id, version)

    def at_success(self, execution: Execution) -> None:
        """An execution ends only after its cycle is closed."""
        header = self.people.item(execution.request_id)
        if header is None:
            raise broken("an execution ended without a request:", execution.name)
        is_open = "worklist_pk" in header and int(header["cycle"]["N"]) == execution.cycle
        if is_open:
            raise broken("an execution ended before its cycle:", execution.name)


def _instant(value: Wire) -> datetime:
    return _at(value["S"])


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
