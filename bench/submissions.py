"""A PAS ``Claim/$submit`` against the submission of a draft of the same content, with AWS calls.

Both handlers are as shipped; a stub on loopback replaces DynamoDB. ``$submit`` also reads the claim,
assesses the request and writes the response bundle; after a submission the workflow assesses.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, Final
from uuid import UUID

from bench import inputs
from bench.counting import QUICK, per_call, require_valgrind, run_worker
from bench.restore import facts
from bench.tables import table
from bench.workers import harness
from local.journey.content import completed
from precert.domain.content import RequestContent
from precert.domain.coverage import Member
from precert.fhir.export import request_bundle

TARGET: Final = 3.0
WORKER: Final = "bench.workers.submitting"
CALLS: Final = (5, 25)
"""How many calls the two runs serve."""
ENVIRONMENT: Final = {
    **inputs.ENVIRONMENT,
    "REQUESTS_TABLE": "requests",
    "DOCUMENTS_BUCKET": "documents",
    "SUBSCRIPTIONS_QUEUE": "queue",
}
AUDIT: Final = "PutItem"
"""The audit record, which every call of the API writes."""
LINES: Final = {"one line": ("44120",), "four lines": ("44120", "44140", "47562", "99213")}
DRAFT: Final = "01JD0000000000000000000000"


def content(codes: tuple[str, ...]) -> dict[str, Any]:
    """What is requested, as a portal sends it."""
    checked: dict[str, Any] = json.loads(harness.body())["content"]
    (service,) = checked["services"]
    service["procedures"] = [{"code": code, "code_type": "CPT"} for code in codes]
    return completed(checked)


def events(folder: Path, codes: tuple[str, ...]) -> dict[str, Path]:
    """The event of each handler as a file, by the handler's module."""
    entered = content(codes)
    known = json.loads((inputs.sample().folder / "facts.json").read_text(encoding="utf-8"))
    member = Member.model_validate_json(json.dumps(known["member"]))
    request = RequestContent.model_validate(entered)
    numbers = count(1)
    claim = request_bundle(
        request,
        member.coverage_near(harness.NOW.date()),
        inputs.payer(),
        note="Sent by a benchmark.",
        at=harness.NOW,
        new_uuid=lambda: str(UUID(int=next(numbers))),
    )
    found = {
        "functions.submit.handler": harness.event_of(
            f"/v1/drafts/{DRAFT}/submission",
            json.dumps({"content": entered}),
            {"draft_id": DRAFT},
            **{"if-match": '"1"'},
        ),
        "functions.pas.handler": harness.event_of(
            "/fhir/r4/Claim/$submit", json.dumps(claim), {"operation": "$submit"}
        ),
    }
    paths = {name: folder / f"{name}.json" for name in found}
    for name, path in paths.items():
        path.write_text(json.dumps(found[name]), encoding="utf-8")
    return paths


@contextmanager
def dynamodb(called: list[str]) -> Iterator[str]:
    """The address of a stub whose member has no other requests; it notes the names of the calls."""
    known = facts(inputs.sample())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            operation = self.headers.get("x-amz-target", "").rpartition(".")[2]
            if operation != AUDIT:
                called.append(operation)
            empty = {"Query": b'{"Items":[],"Count":0}', "BatchGetItem": known}
            self._send(empty.get(operation, b"{}"))

        def do_GET(self) -> None:
            self._send(inputs.sample().stored)

        def _send(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def rows(quick: bool) -> Iterator[tuple[str, ...]]:
    """Instructions, executed lines of the product and AWS calls of a warm call."""
    require_valgrind()
    calls = QUICK if quick else CALLS
    for name, codes in list(LINES.items())[: 1 if quick else None]:
        counted: list[tuple[int, int, list[str]]] = []
        with tempfile.TemporaryDirectory() as created:
            for module, event in events(Path(created), codes).items():
                called: list[str] = []
                folder = f"function-{module.split('.')[1]}"
                with dynamodb(called) as url:
                    known = {**ENVIRONMENT, "AWS_ENDPOINT_URL": url, "BENCH_EVENT": str(event)}
                    path = inputs.shipped(folder)
                    arguments = ("-m", WORKER, module)
                    warm = per_call(*arguments, path=path, environment=known, calls=calls)
                    called.clear()
                    lines = run_worker(*arguments, "lines", path=path, environment=known)
                # The traced call is the second one: the first one reads the rule list.
                counted.append((warm.instructions, int(lines), called[len(called) // 2 :]))
        (first, first_lines, first_calls), (second, second_lines, second_calls) = counted
        yield (
            name,
            f"{first:,}",
            f"{second:,}",
            f"{second / first:.2f}",
            f"{first_lines:,}",
            f"{second_lines:,}",
            f"{second_lines / first_lines:.2f}",
            f"{len(first_calls)} and {len(second_calls)}",
        )


def report(quick: bool) -> str:
    """The table of both, for a request of one service line and of four."""
    return table(
        f"PAS $submit against the submission of a draft (target: at most {TARGET} times)",
        (
            "request",
            "submission: instructions",
            "$submit: instructions",
            "times",
            "submission: lines",
            "$submit: lines",
            "times the lines",
            "AWS calls beside the audit record",
        ),
        list(rows(quick)),
    )
