"""The process of the local cloud, run as a child by the Python of the emulator's environment.

    python local/cloud/launcher.py --state-dir DIR --port N [--gaps NAME,...]

It locks the state directory, applies the patches in `local/cloud/gaps`, and serves until it receives a
signal or its parent ends. Its standard input is a pipe from the parent, which closes when the parent
ends for any reason.
"""

import argparse
import fcntl
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)

from local.cloud import gaps, settings  # noqa: E402  (this file is run by its path)


def environment(state_dir: Path, port: int) -> dict[str, str]:
    """Return the emulator's settings. Functions inherit them, so they contain no data of the user."""
    return {
        "AUTH": "true",
        "BIND_HOST": settings.HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_ACCOUNT_ID": settings.ACCOUNT,
        "MINISTACK_REGION": settings.REGION,
        "MINISTACK_WORKER_THREADS": "256",
        "PERSIST_STATE": "0" if os.environ.get(settings.TEMPORARY) else "1",
        "STATE_DIR": str(state_dir),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state_dir / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "COGNITO_EMAIL_ENABLED": "false",
        "LAMBDA_EXECUTOR": "local",
        "DOCKER_HOST": "unix:///nonexistent",
        "PYTHONNOUSERSITE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def stop_with(parent: int) -> None:
    """Send SIGTERM to this process when the parent's end of the pipe is closed."""

    def watch() -> None:
        while os.read(parent, 1):
            continue
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="precert-parent").start()


def missing() -> list[str]:
    """Return the missing packages that the emulator needs but does not require at its start.

    Without cryptography no token is valid; without boto3 a custom resource never responds.
    """
    return [name for name in ("boto3", "cryptography") if find_spec(name) is None]


def taken(state_dir: Path) -> bool:
    """Lock the state directory until this process ends; return True if another process has the lock."""
    state_dir.mkdir(parents=True, exist_ok=True)
    lock = os.open(state_dir / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def in_use(port: int) -> bool:
    """Return whether another process listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST, port))
        except OSError:
            return True
    return False


def main() -> int:
    """Serve until stopped. Return 0, or an exit code of ``settings`` if the start fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--gaps", default=",".join(gaps.ALL))
    options = parser.parse_args()
    state_dir = options.state_dir.resolve()
    if taken(state_dir):
        return settings.EXIT_STATE_IN_USE
    if in_use(options.port):
        return settings.EXIT_PORT_IN_USE
    if missing():
        print("not installed in the emulator's environment:", *missing())
        return settings.EXIT_INCOMPLETE
    stop_with(sys.stdin.fileno())
    # All temporary files are in one folder, which the next start clears after a crash.
    scratch = state_dir / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    os.environ.update(environment(state_dir, options.port), TMPDIR=str(scratch))
    tempfile.tempdir = str(scratch)
    sys.argv[1:] = []
    try:
        gaps.apply(name for name in options.gaps.split(",") if name)
        gaps.upstream.module("app").main()
        gaps.upstream.module("core.lambda_runtime").reset()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
