"""Start the workers of functions as copies of a process that has imported their layers.

Emulator: each worker is a new interpreter, which imports boto3, pydantic and the product's own layer
again: about a second of processor time for each of some fifty workers, and again after each error,
which ends the worker.
Patch: a process imports the modules of ``settings.PRELOADED`` from a function's layers once, and forks
a worker in milliseconds, also for a function with further layers. A worker has its own environment,
path, standard streams and code. Linux only.
Remove when: the emulator starts workers from a snapshot.
"""

import json
import os
import select
import signal
import socket
import subprocess
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

from local.cloud import fork_server, settings
from local.cloud.gaps.upstream import module

_lock = threading.Lock()
_servers: dict[tuple[str, str], "_Server"] = {}
"""By interpreter and search path."""


class Forked:
    """A process that the fork server started, with the methods of ``Popen`` that the emulator calls."""

    def __init__(self, process: int, stdin: IO[str], stdout: IO[str], stderr: IO[str]) -> None:
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self.returncode: int | None = None
        self._process = process
        self._ended = select.poll()
        self._ended.register(process, select.POLLIN)
        weakref.finalize(self, os.close, process)

    def poll(self) -> int | None:
        """Return 0 if the process has ended, else None; its exit code is not known."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the process has ended, and return 0.

        Raises:
            subprocess.TimeoutExpired: It has not ended after ``timeout`` seconds.
        """
        if self.returncode is None:
            if not self._ended.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired("worker", timeout or 0)
            self.returncode = 0
        return self.returncode

    def _send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, number)

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)


class _Server:
    """A running fork server, whose modules are imported from one search path."""

    def __init__(self, binary: str, environment: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            subprocess.Popen(
                [binary, fork_server.__file__, str(theirs.fileno()), *_preloaded()],
                cwd="/",
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def start(self, script: str, folder: str, environment: Mapping[str, str]) -> Forked:
        """Fork a worker.

        Raises:
            OSError: The server has ended.
        """
        worker = {"script": script, "folder": folder, "environment": dict(environment)}
        ours, theirs = zip(*(os.pipe() for _ in range(3)), strict=True)
        (their_input, *outputs), (our_input, *their_outputs) = ours, theirs
        with self._lock:
            message = json.dumps(worker).encode()
            socket.send_fds(self._connection, [message], [their_input, *their_outputs])
            answer, descriptors, _, _ = socket.recv_fds(self._connection, 16, 1)
        for descriptor in (their_input, *their_outputs):
            os.close(descriptor)
        if not answer:
            raise ConnectionResetError("the fork server has ended")
        stdin = os.fdopen(our_input, "w", buffering=1, encoding="utf-8")
        stdout, stderr = (os.fdopen(one, "r", encoding="utf-8") for one in outputs)
        return Forked(descriptors[0], stdin, stdout, stderr)


def _preloaded() -> Sequence[str]:
    named = os.environ.get(settings.PRELOAD)
    return named.split(",") if named else settings.PRELOADED


def key_of(binary: str, path: str) -> tuple[str, str]:
    """Return the key of a running server whose layers are all on this path, or else of a new one."""
    layers = set(path.split(os.pathsep))
    fitting = (
        key for key in _servers if key[0] == binary and layers.issuperset(key[1].split(os.pathsep))
    )
    return next(fitting, (binary, path))


def _started(popen: Callable[..., Any]) -> Callable[..., Any]:
    def start(command: Sequence[str], **options: Any) -> Any:
        environment = options.get("env") or {}
        path = environment.get("PYTHONPATH")
        if len(command) != 2 or Path(command[1]).name != "_worker.py" or not path:
            return popen(command, **options)
        with _lock:
            key = key_of(command[0], path)
            if key not in _servers:
                _servers[key] = _Server(command[0], environment)
            server = _servers[key]
        try:
            return server.start(command[1], options["cwd"], environment)
        except OSError:
            with _lock:
                _servers.pop(key, None)
            return popen(command, **options)

    return start


def apply() -> None:
    """Start workers by fork servers in the module that runs functions; on Linux only."""
    if not hasattr(os, "pidfd_open"):
        return
    named = {name: getattr(subprocess, name) for name in subprocess.__all__}
    named["Popen"] = _started(subprocess.Popen)
    module("core.lambda_runtime").subprocess = SimpleNamespace(**named)
