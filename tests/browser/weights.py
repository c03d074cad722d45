"""The weight of the built portal: JavaScript in bytes, gzipped, by the entries of Vite's manifest."""

import gzip
import json
from typing import Final

from local.cloud.process import ROOT

DIST: Final = ROOT / "portal" / "dist"


def javascript(*entries: str) -> dict[str, int]:
    """Bytes of each file that must be loaded before all of the entries are shown."""
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    needed: set[str] = set()

    def add(entry: str) -> None:
        if entry not in needed:
            needed.add(entry)
            for one in manifest[entry].get("imports", ()):
                add(one)

    for entry in entries:
        add(entry)
    return {
        entry: len(gzip.compress((DIST / manifest[entry]["file"]).read_bytes(), 9))
        for entry in needed
    }
