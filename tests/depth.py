"""The depth of searches: `make test` runs a share, `make deep` all (`PRECERT_DEEP=1`)."""

import os
from typing import Final

DEEP: Final = os.environ.get("PRECERT_DEEP") == "1"


def depth(share: int, deep: int) -> int:
    """The number of seeds, orders or calls to try."""
    return deep if DEEP else share
