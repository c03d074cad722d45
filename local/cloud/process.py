"""Start and stop the local cloud as a child process.

with running_cloud(Path(".local/state")) as cloud:
    cloud.client("dynamodb").list_tables()
"""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config

from local.cloud import settings
from local.cloud.errors import LocalCloudError

ROOT: Final = Path(__file__).resolve().parents[2]
STATE_DIR: Final = ROOT / ".local" / "state"
READY_SECONDS: Final = 120.0
"""A start takes 5 s, and more than 30 s beside a dozen other programs."""

STOP_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.02
_PORTS_TRIED: Final = 5
#: Environment variables that functions inherit; no others, in particular no credentials.
_INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")

#: Variables with which `make anyday` sets the clock of the tests and of the local cloud.
CLOCK: Final = (
    "LD_PRELOAD",
    "FAKETIME",
    "FAKETIME_DONT_FAKE_MONOTONIC",
    "FAKETIME_DISABLE_SHM",
    "NO_FAKE_STAT",
    "PYTHONPATH",
)


def cloud_python() -> Path:
    """Return the Python of the emulator's environment; `PRECERT_CLOUD_PYTHON` replaces it."""
    named = os.environ.get("PRECERT_CLOUD_PYTHON")
    return Path(named) if named else ROOT / ".local" / "venv" / "bin" / "python"


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind((settings.HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class Cloud:
    """A running local cloud; created by `start`."""

    port: int
    state_dir: Path
    log_file: Path
    process: subprocess.Popen[bytes] = field(repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def endpoint_url(self) -> str:
        """The endpoint of all AWS services."""
        return f"http://{settings.HOST}:{self.port}"

    def api_url(self, api: str) -> str:
        """Return the base URL of an HTTP API, without a trailing slash.

        `api` is the API's id, or its endpoint from a stack's output. The unpatched emulator's endpoint
        is a host name that most DNS resolvers do not resolve.
        """
        if "/_aws/execute-api/" in api:
            return api
        api_id = api.partition("://")[2].partition(".")[0] if "://" in api else api
        return f"{self.endpoint_url}/_aws/execute-api/{api_id}/$default"

    def session(self) -> boto3.Session:
        """Return a session of the account's root user."""
        return boto3.Session(
            aws_access_key_id=settings.ADMIN_KEY,
            aws_secret_access_key=settings.ADMIN_SECRET,
            region_name=settings.REGION,
        )

    def client(self, service: str) -> Any:
        """Return a client of the account's root user, which threads may share."""
        if service not in self._clients:
            self._clients[service] = self._new_client(service)
        return self._clients[service]

    def _new_client(self, service: str) -> Any:
        config = Config(
            connect_timeout=20,
            read_timeout=120,
            retries={"total_max_attempts": 2},
            max_pool_connections=64,
            s3={"addressing_style": "path"},
        )
        return self.session().client(  # type: ignore[call-overload]
            service, endpoint_url=self.endpoint_url, config=config
        )

    def running(self) -> bool:
        """Return whether the process runs."""
        return self.process.poll() is None

    def stop(self, limit: float = STOP_SECONDS) -> None:
        """Send SIGTERM, on which the process saves its state; kill it after `limit` seconds."""
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(limit)
            except subprocess.TimeoutExpired:
                self.kill()
        self._close_pipe()

    def kill(self) -> None:
        """Kill the process, which then saves no state, as after a crash."""
        self.process.kill()
        self.process.wait()
        self._close_pipe()

    def _close_pipe(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()


def _refuse_busy(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST, port))
        except OSError:
            raise LocalCloudError(
                f"port {port} is in use on {settings.HOST}: stop the process that listens there, "
                "or choose another with `make up PORT=N`"
            ) from None


def chosen_port(state_dir: Path, port: int | None) -> int:
    """Return the requested port, or the port of the stored state, whose URLs contain it.

    Raises:
        LocalCloudError: Another process listens on the port.
    """
    remembered = state_dir / "port"
    if port is None:
        port = int(remembered.read_text()) if remembered.exists() else settings.DEFAULT_PORT
    elif port == 0:
        port = int(remembered.read_text()) if remembered.exists() else _unused_port()
    _refuse_busy(port)
    return port


def _unused_port() -> int:
    """Return a free port. It is checked once more: another process can take it meanwhile."""
    for _ in range(_PORTS_TRIED):
        with suppress(LocalCloudError):
            port = free_port()
            _refuse_busy(port)
            return port
    return free_port()


def _reason_of_exit(cloud: Cloud) -> str:
    code = cloud.process.returncode
    if code == settings.EXIT_STATE_IN_USE:
        return f"another local cloud is using {cloud.state_dir}: stop it first"
    if code == settings.EXIT_PORT_IN_USE:
        return f"port {cloud.port} is in use on {settings.HOST}"
    if code == settings.EXIT_INCOMPLETE:
        return f"boto3 or cryptography is not installed in the environment of {cloud_python()}"
    lines = cloud.log_file.read_text(errors="replace").strip().splitlines()
    last = lines[-1] if lines else "without output"
    return f"the local cloud ended with code {code} ({last}); see {cloud.log_file}"


def _await_ready(cloud: Cloud, limit: float) -> None:
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if not cloud.running():
            raise LocalCloudError(_reason_of_exit(cloud))
        try:
            with urllib.request.urlopen(f"{cloud.endpoint_url}/_ministack/ready", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(_POLL_SECONDS)
    cloud.kill()
    raise LocalCloudError(f"the local cloud was not ready in {limit:.0f} s; see {cloud.log_file}")


def start(
    state_dir: Path = STATE_DIR,
    port: int | None = None,
    *,
    log_file: Path | None = None,
    gaps: tuple[str, ...] | None = None,
    environment: dict[str, str] | None = None,
    ready_within: float = READY_SECONDS,
) -> Cloud:
    """Start the cloud with this state and return when it is ready.

    `port` None is the port of the stored state, or 4566 without one; 0 is the port of the stored state,
    or any free port. `gaps` names the patches to apply (default: all). `environment` adds environment
    variables of the emulator and the functions. `ready_within` is in seconds.

    Raises:
        LocalCloudError: The emulator is not installed, the port or the state is in use, or the process
            ended or was not ready in time.
    """
    python = cloud_python()
    if not python.exists():
        raise LocalCloudError(f"{python} is missing: the local cloud is not installed yet")
    state_dir = state_dir.resolve()
    log_file = (log_file or state_dir.parent / "cloud.log").resolve()
    port = chosen_port(state_dir, port)
    log_file.parent.mkdir(parents=True, exist_ok=True)
    names = _INHERITED + (CLOCK if "FAKETIME" in os.environ else ())
    inherited = {name: os.environ[name] for name in names if name in os.environ}
    command = [
        str(python),
        str(ROOT / "local" / "cloud" / "launcher.py"),
        "--state-dir",
        str(state_dir),
        "--port",
        str(port),
    ]
    if gaps is not None:
        command += ["--gaps", ",".join(gaps)]
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**inherited, **(environment or {})},
            start_new_session=True,
        )
    cloud = Cloud(port, state_dir, log_file, process)
    try:
        _await_ready(cloud, ready_within)
    except BaseException:
        cloud.stop()
        raise
    (state_dir / "port").write_text(str(port))
    return cloud


@contextmanager
def running_cloud(
    state_dir: Path = STATE_DIR, port: int | None = 0, **options: Any
) -> Iterator[Cloud]:
    """Run a cloud during the `with` block; options as for `start`."""
    cloud = start(state_dir, port, **options)
    try:
        yield cloud
    finally:
        cloud.stop()
