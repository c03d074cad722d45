"""Setup behind a proxy with its own certificate authority, and the output when it fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

SCRIPT: Final = Path(__file__).resolve().parents[2] / "tools" / "setup.sh"
FOUND: Final = os.environ["PATH"]


def set_up(folder: Path, npm: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script in its own folder, with this command in place of npm."""
    for name in ("tools", "bin", "node_modules"):
        (folder / name).mkdir()
    shutil.copy(SCRIPT, folder / "tools")
    (folder / "bin" / "npm").write_text(f"#!/bin/sh\n{npm}\n")
    (folder / "bin" / "npm").chmod(0o755)
    return subprocess.run(
        ["bash", str(folder / "tools" / "setup.sh"), "node"],
        env={"PATH": f"{folder / 'bin'}:{FOUND}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"])
def test_npm_trusts_the_network_ca_when_any_variable_names_it(tmp_path: Path, name: str) -> None:
    npm = 'test "$NODE_EXTRA_CA_CERTS" = /etc/own.pem'
    assert set_up(tmp_path, npm, **{name: "/etc/own.pem"}).returncode == 0


def test_variable_is_unset_when_no_ca_is_configured(tmp_path: Path) -> None:
    assert set_up(tmp_path, 'test -z "${NODE_EXTRA_CA_CERTS+set}"').returncode == 0


@pytest.mark.parametrize(
    ("output", "result"),
    [
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "its certificate is not trusted"),
        ("npm error code UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "its certificate is not trusted"),
        ("invalid peer certificate: UnknownIssuer", "its certificate is not trusted"),
        ("npm error code EINTEGRITY", "does not match the hash in the lock file"),
        ("npm error code ENOTFOUND", "could not be reached"),
        ("error sending request for url (https://registry.example/simple)", "could not be reached"),
        ("npm error code EUSAGE", "the installation failed"),
    ],
)
def test_cause_is_printed_when_the_installation_fails(
    tmp_path: Path, output: str, result: str
) -> None:
    ran = set_up(tmp_path, f"echo '{output}'; exit 1")
    assert ran.returncode == 1
    first, *more = ran.stderr.splitlines()
    assert result in first
    assert ".local/log/setup-node.log" in ran.stderr
    assert more == [] or output in more[0]


def find_python(folder: Path, *probed: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Search for an interpreter among these only: name, version and microseconds that it prints."""
    for program in ("awk", "bash", "git", "node", "npm"):
        (folder / program).symlink_to(str(shutil.which(program)))
    for text in probed:
        name, result = text.split(" ", 1)
        command = folder / name
        command.write_text(f'#!/bin/sh\necho "{result} $0"\n')
        command.chmod(0o755)
    return subprocess.run(
        [str(folder / "bash"), str(SCRIPT.with_name("preflight.sh")), "python"],
        env={"PATH": str(folder), "PYENV_ROOT": str(folder / "pyenv"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("probed", "chosen"),
    [
        (("python3 3.11 1000", "python3.13 3.13 900"), "python3"),
        (("python3 3.11 1000", "python3.13 3.13 700"), "python3.13"),
        (("python3 3.11 1000", "python3.13 3.13 850", "python3.12 3.12 600"), "python3.12"),
        (("python3 3.10 100", "python3.13 3.13 1000", "python3.12 3.12 900"), "python3.13"),
        (("python3 3.15 100", "python 3.12 1000"), "python"),
        (("python3.13 ", "python3.11 3.11 1000"), "python3.11"),
    ],
)
def test_fastest_supported_interpreter_is_chosen_when_several_are_installed(
    tmp_path: Path, probed: tuple[str, ...], chosen: str
) -> None:
    ran = find_python(tmp_path, *probed)
    assert (ran.returncode, ran.stdout.strip()) == (0, str(tmp_path / chosen))


def test_named_interpreter_is_chosen_when_another_one_is_faster(tmp_path: Path) -> None:
    """The probe runs in a real interpreter."""
    ran = find_python(tmp_path, "python3 3.11 1", PRECERT_PYTHON=sys.executable)
    assert (ran.returncode, ran.stdout.strip()) == (0, sys.executable)


def test_named_program_is_in_the_message_when_it_is_no_interpreter(tmp_path: Path) -> None:
    ran = find_python(tmp_path, "python3 3.11 1", PRECERT_PYTHON="/bin/false")
    assert ran.returncode == 1
    assert "is needed (found: /bin/false)" in ran.stderr


def test_setup_lists_the_supported_versions_when_no_interpreter_has_one(tmp_path: Path) -> None:
    ran = find_python(tmp_path, "python3 3.10 1000")
    assert ran.returncode == 1
    assert "Python 3.11, 3.12, 3.13 or 3.14 with its venv module is needed" in ran.stderr


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ("20.18.3", False),
        ("20.19.0", True),
        ("21.7.0", False),
        ("22.11.0", False),
        ("22.12.0", True),
        ("24.1.0", True),
    ],
)
def test_node_is_accepted_when_the_portals_build_supports_it(
    tmp_path: Path, version: str, fits: bool
) -> None:
    """A script in place of node runs the same expression with this version."""
    real = shutil.which("node")
    for name in ("awk", "bash", "git", "npm"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    (tmp_path / "python3").symlink_to(sys.executable)
    fake = tmp_path / "node"
    fake.write_text(
        f"#!{tmp_path / 'bash'}\n"
        f'[ "$1" = --version ] && {{ echo v{version}; exit; }}\n'
        f"exec {real} -e \"Object.defineProperty(process, 'versions',"
        f" {{value: {{node: '{version}'}}}}); $2\"\n"
    )
    fake.chmod(0o755)
    ran = subprocess.run(
        [str(tmp_path / "bash"), str(SCRIPT.with_name("preflight.sh"))],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode == 0) is fits, ran.stderr
    if not fits:
        assert f"found: v{version}" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1
