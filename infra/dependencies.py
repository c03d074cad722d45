"""Install the locked third-party packages for one platform, without the files that are never read."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from infra import certificates
from infra.platforms import Platform

_CACHE: Final = Path(__file__).resolve().parent.parent / ".local" / "cache" / "uv"
_EXCLUDED_FOLDERS: Final = ("bin", "share", "tests", "examples")
_EXCLUDED_FILES: Final = (
    *("*.pyi", ".lock", "examples-1.json*"),
    *("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"),
)


class PackagingError(Exception):
    """The packages could not be installed; the message ends with the installer's last line."""


def install(requirements: Path, target: Path, platform: Platform) -> None:
    """Install the lock file's packages from wheels, verified by hash; nothing is built."""
    wheels_for = (
        ("--python-platform", "aarch64-manylinux_2_28", "--python-version", platform.python)
        if platform is Platform.AWS
        else ("--python", sys.executable)
    )
    command = [
        *(_uv(), "pip", "install", "--quiet", "--target", str(target), *wheels_for),
        *("--only-binary", ":all:", "--require-hashes", "--no-deps", "--link-mode", "copy"),
        *("-r", str(requirements)),
    ]
    # Use the machine's certificates: uv does not ship the certificate of a company's proxy.
    cache = {"UV_CACHE_DIR": str(_CACHE)} | os.environ
    environment = {**cache, "UV_SYSTEM_CERTS": "1"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        last = (ran.stderr.strip() or f"uv exited with {ran.returncode}").splitlines()[-1].strip()
        raise PackagingError(f"{requirements.name} could not be installed: {last}")
    _prune(target)


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = os.environ.get("UV") or (str(beside) if beside.exists() else shutil.which("uv"))
    if not found:
        raise FileNotFoundError(
            "uv is required to package dependencies: install requirements/dev.txt"
        )
    return found


def _prune(target: Path) -> None:
    """Remove scripts, which name this machine's interpreter, and file lists, which would be outdated.

    Names, versions, entry points and licenses of the packages remain.
    """
    for name in _EXCLUDED_FOLDERS:
        for folder in [path for path in target.rglob(name) if path.is_dir()]:
            shutil.rmtree(folder, ignore_errors=True)
    for pattern in _EXCLUDED_FILES:
        for path in list(target.rglob(pattern)):
            path.unlink()
    if (target / "botocore").exists():
        certificates.trust_amazon_alone(target / certificates.BUNDLE)
