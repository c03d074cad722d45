"""Providers and reviewers: they call the API as portals do, repeat unanswered calls, and record
acknowledged responses.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any, Final, NamedTuple

from functions.review import handler as review
from functions.status import handler as status
from functions.submit import handler as submit
from functions.upload import handler as upload
from precert.adapters.dynamodb.request_items import request_of
from precert.adapters.dynamodb.table import from_wire
from precert.domain.request import Request
from precert.names import DOCUMENT_PREFIX
from tests.fakes.gateway import matched
from tests.fakes.samples import FACILITY_TIN, PLAN, PROVIDER_TIN, entered
from tests.simulation.broken import InvariantError
from tests.simulation.expressions import Wire
from tests.simulation.world import KILLED, REQUESTS, World

Claims = Mapping[str, str]
ATTEMPTS: Final = 3
VARIANTS: Final = 3
DAYS: Final = ("2026-07-20", "2026-10-20", "2026-07-20")
"""By the number of a start's key: the first and the last are a duplicate of one another."""
PDF: Final = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF"
WRONG: Final = b"not the type of its name"
MANY_DRAFTS: Final = 2
REASONS: Final = {"reason_code": "0F", "rationale": "Too soon.", "criterion": "MCG S-310"}


def _claims(subject: str, group: str, tins: str = "", plans: str = "") -> Claims:
    return {
        "sub": subject,
        "cognito:groups": f"[{group}]",
        "custom:tins": tins,
        "custom:plans": plans,
    }


PROVIDERS: Final = (
    _claims("provider-user", "PatientSearch", PROVIDER_TIN),
    _claims("facility-user", "PatientSearch", FACILITY_TIN),
)
REVIEWERS: Final = tuple(
    _claims(f"reviewer-{number}", group, plans=PLAN.plan_id)
    for number, group in enumerate((*["Reviewer PhysicianReviewer"] * 3, "Reviewer"))
)
"""Three physicians, and a nurse who proposes denials."""
PHYSICIANS: Final = frozenset(by["sub"] for by in REVIEWERS[:3])


class Reply(NamedTuple):
    """The response; ``status`` is 0 without one."""

    status: int
    body: Any


class Acknowledged(NamedTuple):
    """A success that a caller received: the product must preserve it."""

    what: str
    request_id: str
    detail: Mapping[str, Any]


@cache
def content(variant: int, urgency: str, day: str) -> str:
    """What a provider enters, as JSON; the variants differ in what is requested."""
    whole = entered()
    [service] = whole["services"]
    service |= {"requested_days": variant + 1, "urgency": urgency, "admission_date": day}
    for procedure in service["procedures"]:
        procedure["start_date"] = day
    return json.dumps({"content": whole})


@cache
def _route(method: str, path: str) -> dict[str, Any]:
    return matched(method, path)


@dataclass
class People:
    """All users, their calls, and what they have read."""

    world: World
    urgency: str = "STANDARD"
    ids: list[str] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    keys: dict[str, Claims] = field(default_factory=dict)
    forms: list[tuple[str, str]] = field(default_factory=list)
    days: dict[str, str] = field(default_factory=dict)
    known: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Version and cycle that a user read earlier."""
    proposed: list[str] = field(default_factory=list)
    """Requests with decisions that wait for a signature."""
    read: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    """The versions on which a reviewer based actions, by request and reviewer."""

    def __post_init__(self) -> None:
        self.world.actors.append(self.move)

    # -- calls --------------------------------------------------------------------------------------

    def call(
        self,
        function: ModuleType,
        method: str,
        path: str,
        body: str | None,
        by: Claims,
        **headers: str,
    ) -> Reply:
        """A call, repeated unchanged while it is unanswered or the error is transient."""
        event = {
            **_route(method, path),
            "headers": {name.replace("_", "-").lower(): value for name, value in headers.items()},
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "requestContext": {
                "http": {"method": method, "path": path},
                "authorizer": {"jwt": {"claims": by}},
                "stage": "$default",
            },
            "body": body,
            "isBase64Encoded": False,
        }
        world = self.world
        for attempts_left in reversed(range(world.rng.randint(1, ATTEMPTS))):
            world.note(f"{by['sub']} calls {method} {path} {headers or ''}")
            outcome = world.invoke(function, event)
            if outcome.error == KILLED:
                reply = Reply(502, None)
            else:
                answer = outcome.answer
                text = answer["body"]
                reply = Reply(answer["statusCode"], json.loads(text) if text else None)
                world.note(f"{by['sub']} is answered {reply.status} {_code(reply)}")
            if reply.status == 500:
                raise InvariantError(f"{method} {path} was answered with 500")
            if world.wire.failures_left and world.chance(world.wire.failure_share / 4):
                world.note("the answer is lost")
                reply = Reply(0, None)
            if reply.status < 500 and reply.status:
                return reply
            if attempts_left:
                world.pause(1)
        return Reply(0, None)

    def acknowledge(self, what: str, request_id: str, **detail: Any) -> None:
        self.acknowledged.append(Acknowledged(what, request_id, detail))

    # -- reads --------------------------------------------------------------------------------------

    def item(self, request_id: str) -> Wire | None:
        return self.world.tables.item(REQUESTS, (f"REQUEST#{request_id}", "REQUEST"))

    def seen(self, request_id: str) -> tuple[str, int, int]:
        """Status, version and cycle as a user read them, now or earlier."""
        item = self.item(request_id)
        if item is None:
            return "GONE", *self.known.get(request_id, (1, 1))
        now = int(item["version"]["N"]), int(item["cycle"]["N"]) if "cycle" in item else 1
        known = self.known.setdefault(request_id, now)
        if self.world.chance(0.25):
            return item["status"]["S"], *known
        self.known[request_id] = now
        return item["status"]["S"], *now

    def request(self, request_id: str) -> Request | None:
        item = self.item(request_id)
        return request_of(from_wire(item)) if item else None

    # -- actions ------------------------------------------------------------------------------------

    def move(self) -> Callable[[], None] | None:
        rng = self.world.rng
        if not self.ids or (len(self.ids) < MANY_DRAFTS and rng.random() < 0.1):
            return self.start
        request_id = rng.choice(self.ids)
        if self.forms and rng.random() < 0.3:
            return self.upload
        if self.proposed and rng.random() < 0.3:
            request_id = rng.choice(self.proposed)
            _, version, cycle = self.seen(request_id)
            return lambda: self.sign(request_id, version, cycle)
        status_, version, cycle = self.seen(request_id)
        # Mostly an allowed action; sometimes another one, as with late clicks.
        moves = _ACTIONS_BY_STATUS.get(status_, ()) if rng.random() < 0.9 else _ANY
        if not moves:
            return None
        chosen = rng.choice(moves)
        return lambda: chosen(self, request_id, version, cycle)

    def provider(self) -> Claims:
        return self.world.rng.choice(PROVIDERS)

    def start(self) -> None:
        rng, by = self.world.rng, PROVIDERS[0]
        number = rng.randrange(3)
        key = f"key-{number}"
        reply = self.call(
            submit,
            "POST",
            "/v1/drafts",
            content(0, self.urgency, DAYS[number]),
            by,
            idempotency_key=key,
        )
        if reply.status == 201:
            draft_id = reply.body["draft_id"]
            self.acknowledge("started", draft_id, key=key, version=reply.body["version"])
            self.days[draft_id] = DAYS[number]
            if draft_id not in self.ids:
                self.ids.append(draft_id)

    def save(self, draft_id: str, version: int, _cycle: int) -> None:
        variant = self.world.rng.randrange(VARIANTS)
        before = self.world.clock.at
        reply = self.call(
            submit,
            "PUT",
            f"/v1/drafts/{draft_id}",
            content(variant, self.urgency, self.days[draft_id]),
            PROVIDERS[0],
            if_match=f'"{version}"',
        )
        if reply.status == 200:
            saved = reply.body["version"]
            self.acknowledge("saved", draft_id, version=saved, variant=variant, at=before)

    def patch(self, draft_id: str, version: int, _cycle: int) -> None:
        variant = self.world.rng.randrange(VARIANTS)
        part = json.loads(content(variant, self.urgency, self.days[draft_id]))["content"][
            "services"
        ]
        reply = self.call(
            submit,
            "PATCH",
            f"/v1/drafts/{draft_id}",
            json.dumps({"content": {"services": part}}),
            PROVIDERS[0],
            if_match=f'"{version}"',
        )
        if reply.status == 200:
            saved = reply.body["version"]
            self.acknowledge(
                "saved", draft_id, version=saved, variant=variant, at=self.world.clock.at
            )

    def submit(self, draft_id: str, version: int, _cycle: int) -> None:
        variant = self.world.rng.randrange(VARIANTS)
        reply = self.call(
            submit,
            "POST",
            f"/v1/drafts/{draft_id}/submission",
            content(variant, self.urgency, self.days[draft_id]),
            PROVIDERS[0],
            if_match=f'"{version}"',
        )
        if reply.status == 202:
            number = reply.body["number"]
            self.acknowledge(
                "submitted", draft_id, number=number, variant=variant, based_on=version
            )

    def delete(self, draft_id: str, version: int, _cycle: int) -> None:
        path = f"/v1/drafts/{draft_id}"
        reply = self.call(submit, "DELETE", path, None, PROVIDERS[0], if_match=f'"{version}"')
        if reply.status == 204:
            self.acknowledge("deleted", draft_id)

    def offer(self, request_id: str, _version: int, _cycle: int) -> None:
        body = '{"file_name": "note.pdf"}'
        path = f"/v1/requests/{request_id}/documents"
        reply = self.call(upload, "POST", path, body, self.provider())
        if reply.status == 201:
            document_id = reply.body["document"]["document_id"]
            self.acknowledge("offered", request_id, document_id=document_id)
            self.forms.append((request_id, document_id))

    def upload(self) -> None:
        rng = self.world.rng
        index = rng.randrange(len(self.forms))
        request_id, document_id = self.forms[index]
        if rng.random() < 0.7:
            del self.forms[index]
        self.world.note(f"upload of {document_id}")
        body = PDF if rng.random() < 0.7 else WRONG
        self.world.bucket.upload(f"{DOCUMENT_PREFIX}{request_id}/{document_id}", body)

    def void(self, request_id: str, _version: int, _cycle: int) -> None:
        path = f"/v1/requests/{request_id}/void"
        reply = self.call(submit, "POST", path, '{"reason": "Chose another."}', self.provider())
        if reply.status == 200:
            self.acknowledge("voided", request_id)

    def appeal(self, request_id: str, _version: int, cycle: int) -> None:
        request = self.request(request_id)
        if request is None or request.review is None:
            return
        lines = [line.line_id for line in request.review.lines if line.status == "DENIED"]
        if not lines:
            return
        expedited = self.world.chance(0.5)
        entered = {"line_ids": lines, "reason": "It grew.", "expedited": expedited}
        body = json.dumps({"cycle": cycle, **entered})
        path = f"/v1/requests/{request_id}/appeals"
        reply = self.call(submit, "POST", path, body, self.provider())
        if reply.status == 202:
            self.acknowledge("appealed", request_id)

    def dispute(self, request_id: str, _version: int, cycle: int) -> None:
        """Request a reconsideration or a discussion."""
        request = self.request(request_id)
        if request is None or request.review is None:
            return
        lines = [line.line_id for line in request.review.lines if line.adverse]
        body: dict[str, Any] = {"cycle": cycle, "line_ids": lines, "reason": "It grew."}
        path = self.world.rng.choice(["reconsiderations", "peer-to-peer"])
        if path == "peer-to-peer":
            body["phone"] = "2165550188"
        reply = self.call(
            submit, "POST", f"/v1/requests/{request_id}/{path}", json.dumps(body), self.provider()
        )
        if reply.status == 202:
            self.acknowledge("appealed", request_id)

    def record_outcome(self, request_id: str, version: int, cycle: int) -> None:
        rng = self.world.rng
        request = self.request(request_id)
        if request is None or request.review is None:
            return
        outcome = rng.choice(["UPHELD", "OVERTURNED", "WITHDRAWN", "NO_SHOW"])
        lines = [
            {"line_id": line.line_id, "status": "APPROVED"}
            for line in request.lines_to_decide
            if outcome == "OVERTURNED"
        ]
        body = json.dumps({"cycle": cycle, "outcome": outcome, "lines": lines})
        path = f"/v1/review/requests/{request_id}/peer-to-peer/outcome"
        self.act(request_id, version, path, body, rng.choice(REVIEWERS))

    def decide(self, request_id: str, version: int, cycle: int) -> None:
        rng = self.world.rng
        request = self.request(request_id)
        if request is None or request.review is None:
            return
        # The lines of a cycle decided meanwhile are sent as well: a late click.
        lines = request.lines_to_decide or request.review.lines
        denied = rng.random() < 0.5
        whole: Sequence[Mapping[str, Any]] = [
            {"line_id": line.line_id, "status": "DENIED", **REASONS}
            if denied or rng.random() < 0.3
            else {"line_id": line.line_id, "status": "APPROVED"}
            for line in lines
        ]
        by = rng.choice(REVIEWERS)
        before = self.world.chance(0.7)
        seen = sorted(request.new_documents) if self.world.chance(0.9) else []
        entered = {"cycle": cycle, "lines": whole, "before_response": before}
        body = json.dumps({**entered, "overlap_confirmed": before, "seen_documents": seen})
        path = f"/v1/review/requests/{request_id}/decisions"
        reply = self.act(request_id, version, path, body, by)
        if reply.status == 202:
            self.proposed.append(request_id)
        if reply.status == 200:
            decided = {one["line_id"]: one["status"] for one in whole}
            self.acknowledge("decided", request_id, cycle=cycle, by=by["sub"], lines=decided)

    def sign(self, request_id: str, version: int, cycle: int) -> None:
        by = self.world.rng.choice(REVIEWERS)
        request = self.request(request_id)
        proposal = request.review.proposal if request and request.review else None
        accept = self.world.chance(0.8)
        comment = {} if accept else {"comment": "Name the criterion."}
        read_at = proposal.proposed_at if proposal else self.world.clock.at
        entered = {
            "cycle": cycle,
            "proposed_at": read_at.isoformat(),
            "accept": accept,
            "before_response": accept,
            "overlap_confirmed": accept,
            "seen_documents": sorted(request.new_documents) if request else [],
            **comment,
        }
        body = json.dumps(entered)
        path = f"/v1/review/requests/{request_id}/signature"
        reply = self.act(request_id, version, path, body, by)
        if request_id in self.proposed and (reply.status == 200 or not proposal):
            self.proposed.remove(request_id)
        if reply.status == 200 and accept and proposal:
            self.acknowledge("signed", request_id, cycle=cycle, by=by["sub"])

    def assign_case(self, request_id: str, version: int, _cycle: int) -> None:
        self.reviewer_action(request_id, version, "assign", None)

    def add_note(self, request_id: str, version: int, _cycle: int) -> None:
        self.reviewer_action(request_id, version, "notes", '{"text": "The surgeon was called."}')

    def release(self, request_id: str, version: int, _cycle: int) -> None:
        self.reviewer_action(request_id, version, "release", None)

    def request_information(self, request_id: str, version: int, _cycle: int) -> None:
        self.reviewer_action(request_id, version, "information", '{"text": "Send the images."}')

    def extend(self, request_id: str, version: int, _cycle: int) -> None:
        by = self.world.rng.choice(("MEMBER", "PAYER"))
        body = {"reason": "A specialist reviews it.", "requested_by": by}
        self.reviewer_action(request_id, version, "extension", json.dumps(body))

    def offer_peer_to_peer(self, request_id: str, version: int, _cycle: int) -> None:
        self.reviewer_action(request_id, version, "peer-to-peer", None)

    def reviewer_action(self, request_id: str, version: int, move: str, body: str | None) -> None:
        path, by = f"/v1/review/requests/{request_id}/{move}", self.world.rng.choice(REVIEWERS)
        self.act(request_id, version, path, body, by)

    def act(self, request_id: str, version: int, path: str, body: str | None, by: Claims) -> Reply:
        """Call an action of a reviewer who read this version."""
        self.read.setdefault((request_id, by["sub"]), set()).add(version)
        return self.call(review, "POST", path, body, by, if_match=f'"{version}"')

    def answer(self, request_id: str, _version: int, _cycle: int) -> None:
        request = self.request(request_id)
        rfis = request.review.information_requests if request and request.review else ()
        read_at = rfis[-1].requested_at if rfis else self.world.clock.at
        body = json.dumps({"requested_at": read_at.isoformat(), "answer": "There are none."})
        path = f"/v1/requests/{request_id}/information"
        self.call(submit, "POST", path, body, self.provider())

    def remove_document(self, request_id: str, _version: int, _cycle: int) -> None:
        """Delete a document of a draft."""
        offered = [
            one
            for one in self.acknowledged
            if (one.what, one.request_id) == ("offered", request_id)
        ]
        if not offered:
            return
        document_id = self.world.rng.choice(offered).detail["document_id"]
        path = f"/v1/requests/{request_id}/documents/{document_id}"
        reply = self.call(upload, "DELETE", path, None, PROVIDERS[0])
        if reply.status == 204:
            self.acknowledge("taken off", request_id, document_id=document_id)

    def look(self, request_id: str, _version: int, _cycle: int) -> None:
        self.call(status, "GET", f"/v1/requests/{request_id}", None, self.provider())


def _code(reply: Reply) -> str:
    return reply.body.get("code", "") if isinstance(reply.body, dict) else ""


Action = Callable[[People, str, int, int], None]
_DRAFT: Final[tuple[Action, ...]] = (
    People.save,
    People.patch,
    People.submit,
    People.submit,
    People.submit,
    People.submit,
    People.delete,
    People.offer,
    People.remove_document,
)
_WAITING: Final[tuple[Action, ...]] = (
    People.void,
    People.decide,
    People.decide,
    People.decide,
    People.decide,
    People.sign,
    People.sign,
    People.assign_case,
    People.add_note,
    People.release,
    People.request_information,
    People.request_information,
    People.answer,
    People.extend,
    People.offer_peer_to_peer,
    People.record_outcome,
    People.offer,
    People.offer,
    People.offer,
)
_DECIDED: Final[tuple[Action, ...]] = (
    People.request_information,
    People.answer,
    People.extend,
    People.appeal,
    People.appeal,
    People.appeal,
    People.dispute,
    People.dispute,
    People.record_outcome,
    People.record_outcome,
    People.decide,
    People.decide,
    People.decide,
    People.sign,
    People.offer_peer_to_peer,
    People.offer,
)
_ANY: Final[tuple[Action, ...]] = tuple(dict.fromkeys((*_DRAFT, *_WAITING, *_DECIDED, People.look)))
_ACTIONS_BY_STATUS: Final[Mapping[str, tuple[Action, ...]]] = {
    "INCOMPLETE": _DRAFT,
    "PROCESSING": (People.void, People.submit, People.offer, People.decide),
    "PENDING": _WAITING,
    "DENIED": _DECIDED,
    "PARTIALLY_APPROVED": _DECIDED,
}
