"""A check under SnapStart: the initialization, the first call after a restore, and a warm call.

Lambda initializes a version once. The first call of a restored environment includes the hook that runs
after the restore, and new connections. A stub on loopback replaces DynamoDB and S3, with TLS too,
where each new connection reads the certificates that the function trusts.
"""

import json
import shutil
import ssl
import tempfile
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import botocore
import snapshot_restore_py
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench import inputs
from bench.counting import PER_CALL, QUICK, instructions, per_call, require_valgrind
from bench.tables import table
from bench.workers import harness
from infra.dependencies import BUNDLE
from precert.adapters.dynamodb.keys import ASSERTION_KEY
from precert.adapters.dynamodb.reference import member_item
from precert.adapters.dynamodb.rule_lists import RULE_LIST_KEY
from precert.adapters.dynamodb.table import to_wire
from precert.domain.coverage import Member

TARGET: Final = 3.0
WORKER: Final = "bench.workers.restored"


def certificate(folder: Path) -> tuple[Path, Path]:
    """Return a self-signed certificate for loopback, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stub")])
    now = datetime.now(UTC)
    loopback = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(loopback, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "stub.pem", folder / "stub.key"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return public, private


def facts(of: inputs.Inputs) -> bytes:
    """Return DynamoDB's response to the one read of a check."""
    known = json.loads((of.folder / "facts.json").read_text(encoding="utf-8"))
    member = Member.model_validate_json(json.dumps(known["member"]))
    items = [
        to_wire(member_item(member)),
        to_wire({**RULE_LIST_KEY, **known["rule_list"]}),
        to_wire({**ASSERTION_KEY, "key": harness.KEY}),
    ]
    body = {"Responses": {"reference": items}, "UnprocessedKeys": {}}
    return json.dumps(body, default=lambda value: b64encode(value).decode()).encode()


@contextmanager
def aws(of: inputs.Inputs, folder: Path, *, tls: bool) -> Iterator[tuple[str, Path]]:
    """The stub's address, and the certificate it shows."""
    found, stored = facts(of), of.stored

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self._send(found, "application/x-amz-json-1.0")

        def do_GET(self) -> None:
            self._send(stored, "application/octet-stream")

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            return

    public, private = certificate(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(public, private)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}", public
    finally:
        server.shutdown()
        server.server_close()


def counts(bundle: Path | None, calls: tuple[int, int]) -> tuple[int, int, int]:
    """Instructions of the initialization, of the first call after a restore, and of a warm call.

    ``bundle`` holds the certificates to trust; ``None`` calls without TLS.
    """
    with tempfile.TemporaryDirectory() as created:
        folder = Path(created)
        shutil.copy(snapshot_restore_py.__file__, folder)
        with aws(inputs.sample(), folder, tls=bundle is not None) as (url, public):
            trusted = folder / "trusted.pem"
            roots = bundle.read_bytes() if bundle else b""
            trusted.write_bytes(roots + public.read_bytes())
            known = {**inputs.ENVIRONMENT, "AWS_ENDPOINT_URL": url, "AWS_CA_BUNDLE": str(trusted)}
            path = [*inputs.shipped(), folder]
            init, first = (
                instructions("-m", WORKER, until, path=path, environment=known).instructions
                for until in ("0", "1")
            )
            warm = per_call("-m", WORKER, path=path, environment=known, calls=calls).instructions
    return init, first - init, warm


def report(quick: bool) -> str:
    """The table of instructions, without TLS and by the certificates that the functions trust."""
    require_valgrind()
    bundles: dict[str, Path | None] = {"without TLS": None}
    if not quick:
        bundles["TLS, Amazon's five roots"] = inputs.shipped()[3] / BUNDLE
        bundles["TLS, botocore's bundle"] = Path(botocore.__file__).with_name("cacert.pem")
    rows = []
    for name, bundle in bundles.items():
        init, first, warm = counts(bundle, QUICK if quick else PER_CALL)
        rows.append((name, *(f"{one:,}" for one in (init, first, warm)), f"{first / warm:.2f}"))
    return table(
        f"Check under SnapStart (target: a first call of at most {TARGET} warm ones)",
        ("connections", "initialization", "first call", "warm call", "first by warm"),
        rows,
    )
