"""A process that has imported packages, and starts copies of itself as workers of functions.

    python fork_server.py SOCKET MODULE...

It reads messages from the socket with this file descriptor: the script to run, its folder and
environment as JSON, with the descriptors of its standard streams. The answer is a descriptor of the
new process. It ends when the socket is closed. A module that cannot be imported is left to the worker,
which reports the error.
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
    """Start workers until the other end is closed."""
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
    """Remove workers that have ended; the descriptor of one that ends later becomes readable."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue


def search_path(worker: dict[str, Any]) -> list[str]:
    """The path of a worker, whose function has more layers than this process imported from."""
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
    # This folder is not on a function's path. A worker's standard output carries its answers only:
    # what modules retain at their import is standard error, as in a worker.
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
