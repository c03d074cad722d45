"""What requests and an idle month cost: counted usage of AWS, times the prices of ``prices.toml``."""

import os
from typing import Final

ENVIRONMENT: Final = {
    "POWERTOOLS_SERVICE_NAME": "precert",
    "POWERTOOLS_METRICS_NAMESPACE": "precert",
}
"""Powertools reads these when ``precert.observability`` is first imported."""
os.environ |= {name: value for name, value in ENVIRONMENT.items() if name not in os.environ}
