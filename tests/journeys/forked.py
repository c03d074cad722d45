"""Commands as copies of one interpreter that has imported them: a start takes milliseconds.

As a program it is the server, with the descriptor of its socket; ``CLIENT`` runs one command there: the
module, and its arguments.
"""

import contextlib
import importlib
import json
import os
import runpy
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from typing import Final, NoReturn

from local.cloud.process import ROOT

IMPORTED: Final = ("precert.cli.main", "tools.smart_client", "local.users", "local.client", "boto3")
"""``local.commands`` is imported by each command, as it reads the environment."""
CLIENT: Final = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    command = {"arguments": sys.argv[2:], "environment": dict(os.environ)}
    socket.send_fds(server, [json.dumps(command).encode()], [0, 1, 2])
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(16) or 1))
"""


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The path of a server's socket. Its folder is a short one, as such a path is limited."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        address = f"{folder}/s"
        listener.bind(address)
        listener.listen()
        server = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, str(listener.fileno())],
            cwd=ROOT,
            pass_fds=[listener.fileno()],
        )
        try:
            yield address
        finally:
            server.kill()
            server.wait()


def serve(listener: socket.socket) -> None:
    for module in IMPORTED:
        importlib.import_module(module)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            run(connection)
        connection.close()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue


def run(connection: socket.socket) -> NoReturn:
    """Run one command, and answer its exit code."""
    code = 1
    try:
        text, streams, _, _ = socket.recv_fds(connection, 65536, 3)
        while more := connection.recv(65536):
            text += more
        command = json.loads(text)
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(command["environment"])
        module, *_ = sys.argv = command["arguments"]
        if module in IMPORTED:
            del sys.modules[module]  # else runpy warns that it is imported already
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001  (reported as an interpreter does)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(str(code).encode())
        os._exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
