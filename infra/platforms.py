"""Where packages will run. Apart from the stage's configuration: packaging needs no CDK."""

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
    """On this machine, or in Lambda on arm64."""

    LOCAL = "local"
    AWS = "aws"

    @property
    def architecture(self) -> str:
        """Lambda's name for the processor that the packaged wheels are built for."""
        on_arm = self is Platform.AWS or machine.machine().lower() in {"arm64", "aarch64"}
        return "arm64" if on_arm else "x86_64"

    @property
    def python(self) -> str:
        """The Python version that packages are made for: on this machine, its own."""
        return LAMBDA_PYTHON if self is Platform.AWS else machine_python()


def machine_python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def interpreter(version: str) -> str | None:
    """An interpreter of this version on this machine, or ``None``: on the path, or one of pyenv's."""
    if version == machine_python():
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    name = f"python{version}"
    candidates = (shutil.which(name), *sorted(pyenv.glob(f"versions/{version}.*/bin/{name}")))
    return next((str(one) for one in candidates if one and _runs(one, version)), None)


def _runs(command: str | Path, version: str) -> bool:
    """Whether it is of the version indeed: pyenv puts commands on the path that only fail."""
    code = "import sys; print('{}.{}'.format(*sys.version_info))"
    ran = subprocess.run([command, "-c", code], capture_output=True, text=True, check=False)
    return ran.stdout.strip() == version
