"""Install the locked third-party packages for one platform, without the files that are never read."""

import hashlib
import os
import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Final

from infra.platforms import Platform

BUNDLE: Final = Path("botocore/cacert.pem")
"""The bundle's path below the folder in which packages are installed."""

AMAZON_ROOTS: Final = {
    "Amazon Root CA 1": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "Amazon Root CA 2": "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "Amazon Root CA 3": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "Amazon Root CA 4": "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "Starfield Services Root Certificate Authority - G2": (
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5"
    ),
}
"""SHA-256 of each of the five certificates that https://www.amazontrust.com/repository requires in a
custom trust store.
"""

_CERTIFICATE: Final = re.compile(
    "-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", re.DOTALL
)


class RootMissingError(Exception):
    """The installed bundle no longer contains a required certificate."""


def trust_only_amazon(bundle: Path) -> None:
    """Reduce a bundle to Amazon's root certificates, because functions call only AWS.

    Calls to addresses that partners name trust certifi's, and only these calls. botocore ships 126 root
    certificates, and every connection reads the whole bundle: 210 million instructions, against 9
    million for Amazon's five.

    Raises:
        RootMissingError: A root certificate is missing. The bundle is not changed.
    """
    found = {
        hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest(): pem
        for pem in _CERTIFICATE.findall(bundle.read_text(encoding="utf-8"))
    }
    missing = [name for name, digest in AMAZON_ROOTS.items() if digest not in found]
    if missing:
        raise RootMissingError(f"{bundle.name} of botocore has no {', '.join(missing)}")
    reduced = "".join(f"# {name}\n{found[digest]}" for name, digest in AMAZON_ROOTS.items())
    bundle.write_text(reduced, encoding="utf-8")


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
        trust_only_amazon(target / BUNDLE)
