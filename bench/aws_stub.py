"""As much of DynamoDB and S3 as a first check asks, on loopback, by a thread of the benchmark."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.stand import Stand
from bench.workers import given
from precert.adapters.dynamodb.keys import ASSERTION_KEY
from precert.adapters.dynamodb.reference import member_item
from precert.adapters.dynamodb.rule_lists import RULE_LIST_KEY
from precert.adapters.dynamodb.table import to_wire
from precert.domain.coverage import Member


class Calls(list[str]):
    """What was asked, in order."""


@contextmanager
def aws(stand: Stand) -> Iterator[tuple[str, Calls]]:
    """Its address, and the calls it gets."""
    told = json.loads((stand.folder / "facts.json").read_text(encoding="utf-8"))
    member = Member.model_validate_json(json.dumps(told["member"]))
    items = [
        to_wire(member_item(member)),
        to_wire({**RULE_LIST_KEY, **told["rule_list"]}),
        to_wire({**ASSERTION_KEY, "key": given.KEY}),
    ]
    found = json.dumps({"Responses": {"reference": items}, "UnprocessedKeys": {}}, default=_text)
    objects = {
        f"/rules/{stand.object_key}": stand.stored,
        f"/rules/{stand.object_key}".replace(".sqlite.zlib", ".json"): (
            stand.folder / "rules.json"
        ).read_bytes(),
    }
    calls = Calls()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            calls.append(self.headers["x-amz-target"])
            self._answer(found.encode(), "application/x-amz-json-1.0")

        def do_GET(self) -> None:
            calls.append(f"GET {self.path}")
            self._answer(objects[self.path], "application/octet-stream")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", calls
    finally:
        server.shutdown()
        server.server_close()


def _text(value: object) -> str:
    """Bytes as DynamoDB's JSON writes them."""
    import base64

    if not isinstance(value, bytes):
        raise TypeError(type(value).__name__)
    return base64.b64encode(value).decode()
