"""A process that has imported packages, and starts copies of itself as workers of functions.

    python fork_server.py SOCKET MODULE...

SOCKET is the file descriptor of a socket. Each message is a JSON object with the ``script`` to run, its
working ``folder`` and its ``environment``, with the descriptors of its standard streams. The response
is a pidfd of the new process. The server ends when the socket is closed. It ignores a module that it
cannot import: the worker imports the module itself and reports the error.
"""

import gc
import importlib
import json
import os
import random
import runpy
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

MESSAGE_BYTES = 200_000


def serve(connection: socket.socket) -> None:
    """Start a worker for each message, until the other end of the socket is closed."""
    while True:
        message, streams, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, 3)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            connection.close()
            _become(json.loads(message), streams)
        process = os.pidfd_open(pid)
        socket.send_fds(connection, [b"started"], [process])
        for descriptor in (process, *streams):
            os.close(descriptor)
        _reap()


def _reap() -> None:
    """Wait for workers that have ended, so that none remains a zombie process."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue


def search_path(worker: dict[str, Any]) -> list[str]:
    """Return ``sys.path`` of a worker, whose function can have more layers than this process."""
    own = os.environ["PYTHONPATH"].split(os.pathsep)
    layers = worker["environment"]["PYTHONPATH"].split(os.pathsep)
    rest = [folder for folder in sys.path[1:] if folder not in own]
    return [str(Path(worker["script"]).parent), *layers, *rest]


def _become(worker: dict[str, Any], streams: list[int]) -> NoReturn:
    """Run a script as a new interpreter would."""
    code = 1
    try:
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(worker["folder"])
        sys.path[:] = search_path(worker)
        os.environ.clear()
        os.environ.update(worker["environment"])
        random.seed()
        sys.argv = [worker["script"]]
        runpy.run_path(worker["script"], run_name="__main__")
        code = 0
    except BaseException:  # noqa: BLE001 - printed, as an interpreter does when a script fails
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


def main(descriptor: str, *modules: str) -> None:
    """Import the modules, then serve."""
    connection = socket.socket(fileno=int(descriptor))
    # A function must not import from this folder. A worker's standard output contains its responses
    # only, so modules that keep a reference to it at their import get standard error, as in a worker.
    sys.path[0] = "/nonexistent"
    output, sys.stdout = sys.stdout, sys.stderr
    for module in modules:
        with suppress(Exception):
            importlib.import_module(module)
    sys.stdout = output
    gc.freeze()
    serve(connection)


if __name__ == "__main__":
    main(*sys.argv[1:])
