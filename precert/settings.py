"""The environment of a function, read here and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from precert.domain.caller import ClaimNames
from precert.names import (
    DEFAULT_ENTITLEMENTS_CLAIM,
    DEFAULT_PLANS_CLAIM,
    DEFAULT_TINS_CLAIM,
    DEFAULT_VENDORS_CLAIM,
    Env,
)


class SettingsError(Exception):
    """The function was deployed without a variable it needs: nothing it could do about it."""


@dataclass(frozen=True)
class Settings:
    """Variables by name; a missing one is named when it is first asked for."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def __getitem__(self, name: Env) -> str:
        value = self.environ.get(name.value)
        if not value:
            raise SettingsError(f"the environment variable {name.value} is not set")
        return value

    @cached_property
    def claims(self) -> ClaimNames:
        return ClaimNames(
            entitlements=self._get(Env.ENTITLEMENTS_CLAIM, DEFAULT_ENTITLEMENTS_CLAIM),
            tins=self._get(Env.TINS_CLAIM, DEFAULT_TINS_CLAIM),
            plans=self._get(Env.PLANS_CLAIM, DEFAULT_PLANS_CLAIM),
            vendors=self._get(Env.VENDORS_CLAIM, DEFAULT_VENDORS_CLAIM),
        )

    @property
    def scans_documents(self) -> bool:
        """Whether documents wait for a scan for malware before they are given out."""
        match self[Env.SCAN_DOCUMENTS]:
            case "on":
                return True
            case "off":
                return False
        raise SettingsError(f"{Env.SCAN_DOCUMENTS.value} is neither on nor off")

    def _get(self, name: Env, default: str) -> str:
        return self.environ.get(name.value) or default
