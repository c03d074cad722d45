"""SnapStart: what environments restored from one snapshot share, and what each creates for itself.

A fork replaces the snapshot: two copies of one process, created after its hooks have run.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from local.cloud.process import CLOCK

ROOT: Final = Path(__file__).resolve().parents[2]

PROGRAM: Final = """
import json, os, random
import snapshot_restore_py as hooks
from precert.bootstrap import dependencies
from tests.fakes.code_sets import code_sets
from tests.fakes.samples import payer

deps = dependencies()
deps.payer, deps.code_sets = payer(), code_sets()

def run(registered):
    for hook, arguments, named in registered:
        hook(*arguments, **named)

def restored(work):
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            random.setstate(state)  # a fork seeds the generator, a snapshot does not
            run(hooks.get_after_restore())
            os.write(writing, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        return json.load(answer)

run(reversed(hooks.get_before_snapshot()))
state = random.getstate()
"""


@dataclass
class Aws:
    """DynamoDB and the endpoint of Lambda's credentials, on loopback."""

    url: str = ""
    expires: datetime = datetime.now(UTC) + timedelta(hours=6)
    tokens: list[str] = field(default_factory=list)
    """Tokens with which credentials were requested."""
    signed: list[str] = field(default_factory=list)
    """The access key of each call."""
    connections: list[Any] = field(default_factory=list)
    """Of calls, in order."""


@pytest.fixture
def aws() -> Iterator[Aws]:
    stub = Aws()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            token = self.headers["Authorization"]
            stub.tokens.append(token)
            expiration = stub.expires.strftime("%Y-%m-%dT%H:%M:%SZ")
            self._send(
                {
                    "AccessKeyId": f"KEY-{token}",
                    "SecretAccessKey": "secret",
                    "Token": "session",
                    "Expiration": expiration,
                }
            )

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            credential = self.headers["authorization"].partition("Credential=")[2]
            stub.signed.append(credential.partition("/")[0])
            stub.connections.append(self.client_address)
            batch = self.headers["x-amz-target"].endswith("BatchGetItem")
            self._send({"Responses": {"reference": []}, "UnprocessedKeys": {}} if batch else {})

        def _send(self, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield stub
    server.shutdown()
    server.server_close()


def ran(program: str, **environment: str) -> Any:
    """The program's output, as JSON; the hooks have run by then."""
    clock = {name: os.environ[name] for name in CLOCK if "FAKETIME" in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + program],
        cwd=ROOT,
        env={
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            **clock,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # the log comes before it


def reading(aws: Aws) -> dict[str, str]:
    """The environment of a function that reads both tables with Lambda's credentials."""
    return {
        "REFERENCE_TABLE": "reference",
        "REQUESTS_TABLE": "requests",
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{aws.url}/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "published",
    }


DRAW: Final = """
def work():
    return {
        "id": deps.new_id(), "serial": deps.serial(), "key": deps.new_key().hex(),
        "uuid": deps.new_uuid(), "random": random.random(),
    }
print(json.dumps([restored(work), restored(work)]))
"""


def test_ids_serials_and_keys_differ_when_two_environments_start_from_one_snapshot() -> None:
    one, other = ran(DRAW)
    assert [name for name in one if one[name] == other[name]] == []


NOW: Final = """
taken = deps.now()
def work():
    return [taken.isoformat(), deps.now().isoformat(), deps.now().isoformat()]
print(json.dumps(restored(work)))
"""


def test_clock_advances_when_an_environment_is_restored() -> None:
    taken, first, second = map(datetime.fromisoformat, ran(NOW))
    assert taken < first < second


CALL: Final = """
def work():
    deps.reference.member("1")
    deps.reference.member("1")
    return None
print(json.dumps([restored(work), restored(work)]))
"""


def test_each_environment_opens_its_own_connections_when_it_is_restored(aws: Aws) -> None:
    ran(CALL, **reading(aws))
    before, one, other = aws.connections[:2], aws.connections[2:4], aws.connections[4:]
    assert len(other) == 2
    assert [len(set(group)) for group in (before, one, other)] == [1, 1, 1]
    assert len({*before, *one, *other}) == 3


RENEWED: Final = """
def work():
    os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "restored"
    deps.reference.member("1")
    return None
print(json.dumps(restored(work)))
"""


def test_new_credentials_are_requested_when_those_of_the_snapshot_have_expired(aws: Aws) -> None:
    # So little time left that botocore renews them before each use, and enough for a busy machine.
    aws.expires = datetime.now(UTC) + timedelta(minutes=5)
    ran(RENEWED, **reading(aws))
    assert aws.signed[-1] == "KEY-restored"
    assert aws.tokens[0] == "published"


def test_snapshot_is_taken_when_the_tables_cannot_be_read() -> None:
    unreachable = {
        "REFERENCE_TABLE": "reference",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    assert ran("print(json.dumps('dynamodb' in vars(deps)))", **unreachable) is True


def test_first_call_creates_nothing_that_all_requests_share_when_it_is_restored(aws: Aws) -> None:
    """The parts of forms, and the payer's code lists."""
    program = """
import datetime
from precert.domain import code_lists, form

def parts():
    return sum(key[0] == "field" for key in deps.payer.form.memo if isinstance(key, tuple))

created = [parts(), len(code_lists._RECENT)]
for kind in deps.payer.form.types_of_service:
    service = form.Service(
        authorization_type=kind.authorization_type, type_of_service=kind.code
    )
    form.service_form(deps.payer, service, datetime.date(2026, 11, 28))
print(json.dumps([*created, parts(), code_lists.code_lists_of(deps.payer).payer is deps.payer]))
"""
    before, lists, after, own = ran(program, **reading(aws))
    assert (lists, own) == (1, True)
    assert before == after > 20
