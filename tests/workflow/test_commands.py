"""The local commands: `make up | down | reset`, `local token`, as separate processes."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from local.cloud.process import ROOT, cloud_python, free_port, start
from tests.journeys.portal import until

INSTALLED = (
    "-o.venv/.installer",
    *(
        f"-o{folder}/.stamp"
        for folder in (".venv", ".local/venv", "node_modules", "portal/node_modules")
    ),
)
"""What ``make`` shall not install again: the tests run in these environments."""
LINE = re.compile(r"precert: [^\n]+\n")


@dataclass
class Terminal:
    """A terminal with its own folder for the commands' state."""

    home: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PRECERT_LOCAL_DIR": str(self.home)}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run(sys.executable, "-m", "local", *words)

    def make(self, target: str) -> subprocess.CompletedProcess[str]:
        return self._run("make", *INSTALLED, target)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def refused(self, *words: str) -> str:
        """The single line of a command that fails before it starts."""
        ran = self.run(*words)
        assert (ran.returncode, ran.stdout) == (1, ""), ran.stdout + ran.stderr
        assert LINE.fullmatch(ran.stderr), ran.stderr
        return ran.stderr

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a command as a script does with ``&``: with SIGINT ignored."""
        out = self.home / f"up-{len(self.started)}.log"
        self.home.mkdir(parents=True, exist_ok=True)
        with out.open("wb") as log:
            process = subprocess.Popen(
                ["bash", "-c", 'trap "" INT; exec "$@"', "bash", *command],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def up(self, *command: str) -> tuple[subprocess.Popen[bytes], str]:
        """Start the cloud; return the process and its output until it was ready."""
        process = self.start(*command)

        def welcome() -> str | None:
            printed = self.printed()
            assert process.poll() is None, printed
            return printed if "stops the local cloud." in printed else None

        return process, until("waiting for the welcome", welcome, 240)

    def printed(self, number: int = -1) -> str:
        return (self.home / f"up-{number % len(self.started)}.log").read_text()


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if not cloud_python().exists():
        pytest.skip("the local cloud is not installed")
    new_terminal = Terminal(tmp_path / "local")
    yield new_terminal
    for process in new_terminal.started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def printed_curls(welcome: str) -> list[list[str]]:
    """The curl commands of the welcome text, as a shell would split them."""
    joined = welcome.replace("\\\n", " ")
    found = re.findall(r"^  (curl .*?)(?=\n\n|\n  #)", joined, re.MULTILINE | re.DOTALL)
    return [shlex.split(curl) for curl in found]


def called(curl: list[str], api: str, token: str) -> httpx.Response:
    """The response to this curl command."""
    words = [word.replace("$API", api).replace("$TOKEN", token) for word in curl[1:]]
    headers = {
        name: value
        for at, word in enumerate(words)
        if word == "-H"
        for name, value in [words[at + 1].split(": ", 1)]
    }
    body = words[words.index("-d") + 1] if "-d" in words else None
    return httpx.request(
        "POST" if body else "GET", words[-1], headers=headers, content=body, timeout=120
    )


def is_browsable(address: re.Match[str] | None) -> None:
    """The document's page and all that it loads are from this address, and call the API there."""
    assert address is not None
    page = httpx.get(address.group())
    assert "script-src 'self'" in page.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(loaded) == page.text.count("src=") + page.text.count("href=") - 1, "one is data:"
    for path in (*loaded, "/docs/openapi.json"):
        assert httpx.get(httpx.URL(address.group()).join(path)).status_code == 200, path
    document = httpx.get(f"{address.group()}/openapi.json").json()
    assert [server["url"] for server in document["servers"]] == [
        address.group().removesuffix("/docs")
    ]
    outside = httpx.get(f"{address.group()}/../../package.json")
    assert outside.status_code == 404


def test_printed_commands_work_and_reset_waits_when_the_cloud_is_up(terminal: Terminal) -> None:
    port = free_port()
    process, welcome = terminal.up("make", *INSTALLED, "up", f"PORT={port}", "PORTAL_PORT=0")
    found = re.search(r"export API='([^']+)'", welcome)
    assert found is not None
    api = found.group(1)
    assert f":{port}/" in api
    requested = terminal.run("token", "provider")
    assert requested.returncode == 0
    assert requested.stdout.count(".") == 2
    curls = printed_curls(welcome)
    assert len(curls) == 3
    answers = [called(curl, api, requested.stdout.strip()) for curl in curls]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[1].json()["check_available"] is True
    assert answers[2].json()["providers"]
    is_browsable(re.search(r"http://localhost:\d+/docs", welcome))
    first = welcome.split("\n\n")[1].splitlines()[0]
    assert first.startswith("The portal: http://localhost:")
    portal = first.removeprefix("The portal: ")
    assert httpx.get(portal).text.lower().startswith("<!doctype html>")
    users = httpx.get(f"{portal}/config.json").json()["sample_users"]
    assert all(f"  {user['username']} " in welcome for user in users)
    assert all(f"with the password {user['password']}:" in welcome for user in users)

    assert "a local cloud is running on" in terminal.refused("up")
    assert "a local cloud is running on" in terminal.refused("reset")
    other = Terminal(terminal.home.parent / "other")
    assert f"port {port} is in use" in other.refused("up", "--port", str(port))
    taken = portal.rpartition(":")[2]
    assert f"port {taken} of the portal is in use" in other.refused(
        "up", "--port", str(free_port()), "--portal-port", taken
    )

    assert terminal.make("down").stdout == "The local cloud has stopped.\n"
    assert process.wait(60) == 0
    assert "Traceback" not in terminal.printed()
    assert "is not running" in terminal.refused("token", "provider")
    assert terminal.make("down").stdout == "The local cloud is not running.\n"
    assert terminal.make("reset").returncode == 0
    assert not (terminal.home / "state").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_no_process_remains_when_a_signal_arrives_while_the_cloud_starts(
    terminal: Terminal, number: signal.Signals
) -> None:
    """A second signal, as impatient users send it, changes nothing."""
    ports = ("--port", str(free_port()), "--portal-port", "0")
    process = terminal.start(sys.executable, "-m", "local", "up", *ports)
    until("waiting for the emulator", lambda: (terminal.home / "cloud.log").exists() or None, 120)
    process.send_signal(number)
    process.send_signal(number)
    assert process.wait(60) == 0
    assert "Traceback" not in terminal.printed()
    assert terminal.run("reset").returncode == 0


def test_reset_works_when_the_cloud_was_killed(terminal: Terminal) -> None:
    """What it left behind, `running.json` and a locked file, is ignored."""
    cloud = start(terminal.home / "state", 0)
    try:
        (terminal.home / "running.json").write_text("{}")
        assert "a local cloud is running on" in terminal.refused("reset")
    finally:
        cloud.kill()
    assert (terminal.home / "state" / "lock").exists()
    assert terminal.run("reset").returncode == 0
    assert not (terminal.home / "running.json").exists()
    assert not (terminal.home / "state").exists()


def test_token_command_reports_it_when_the_recorded_cloud_is_not_running(
    terminal: Terminal,
) -> None:
    terminal.home.mkdir()
    known = f'{{"endpoint_url": "http://127.0.0.1:{free_port()}", "client_id": "x"}}'
    (terminal.home / "running.json").write_text(known)
    assert "does not respond" in terminal.refused("token", "provider")
