"""The platforms that packages are built for. This module does not import the CDK."""

import os
import platform as machine
import shutil
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Final

LAMBDA_PYTHON: Final = "3.13"
"""The version of the functions' runtime in Lambda."""


class Platform(StrEnum):
    """This machine, or Lambda on arm64."""

    LOCAL = "local"
    AWS = "aws"

    @property
    def architecture(self) -> str:
        """Lambda's name of the instruction set that the wheels are built for."""
        on_arm = self is Platform.AWS or machine.machine().lower() in {"arm64", "aarch64"}
        return "arm64" if on_arm else "x86_64"

    @property
    def python(self) -> str:
        """The Python version that packages are built for; on this machine, that of this interpreter."""
        return LAMBDA_PYTHON if self is Platform.AWS else machine_python()


def machine_python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def interpreter(version: str) -> str | None:
    """Return an interpreter of this version from the path or from pyenv, or ``None``."""
    if version == machine_python():
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    name = f"python{version}"
    candidates = (shutil.which(name), *sorted(pyenv.glob(f"versions/{version}.*/bin/{name}")))
    return next((str(one) for one in candidates if one and _runs(one, version)), None)


def _runs(command: str | Path, version: str) -> bool:
    """Return whether the command runs this version; pyenv puts commands on the path that fail."""
    code = "import sys; print('{}.{}'.format(*sys.version_info))"
    ran = subprocess.run([command, "-c", code], capture_output=True, text=True, check=False)
    return ran.stdout.strip() == version
