"""Write generated files, or compare them with the committed ones."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent


def as_json(document: Any) -> str:
    """Return a document as JSON with sorted keys."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write_or_check(
    files: Mapping[Path, str], *, obsolete: frozenset[Path], check: bool, command: str
) -> int:
    """Write the files and delete the obsolete ones; with ``check``, only print those not current.

    ``command`` is the one that the message names. Returns the exit status: 1 if ``check`` found any.
    """
    old = [path for path, text in files.items() if _committed(path) != text]
    if check:
        for path in sorted({*old, *obsolete}):
            print(f"precert: {path.relative_to(ROOT)} is not current; run {command}")
        return 1 if old or obsolete else 0
    for path in old:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
        print(f"Written to {path.relative_to(ROOT)}")
    for path in obsolete:
        path.unlink()
        print(f"Removed {path.relative_to(ROOT)}")
    if not old and not obsolete:
        print("All files are current")
    return 0


def _committed(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
