"""Defects that a developer could introduce: each disables one safeguard of the product and must be
detected.

A defect removes a check where the product makes it. If two safeguards cover the same case, it
removes both.
"""

from collections.abc import Mapping
from typing import Final

from tests.simulation import defects, planted_cycles, planted_deliveries, planted_writes

MODULES: Final = (planted_writes, planted_deliveries, planted_cycles)
"""Each registers its defects when it is imported."""
DEFECTS: Final[Mapping[str, defects.Plant]] = defects.DEFECTS
