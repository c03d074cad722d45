"""Where packages will run. Apart from the stage's configuration: packaging needs no CDK."""

import platform as machine
from enum import StrEnum


class Platform(StrEnum):
    """On this machine, or in Lambda on arm64."""

    LOCAL = "local"
    AWS = "aws"

    @property
    def architecture(self) -> str:
        """Lambda's name for the processor that the packaged wheels are built for."""
        on_arm = self is Platform.AWS or machine.machine().lower() in {"arm64", "aarch64"}
        return "arm64" if on_arm else "x86_64"
