"""Examples that the guides publish (CC0-1.0), one compressed file for each guide.

``python -m tests.guide_examples FOLDER NAME`` compresses the JSON files of a folder: of
``package/example`` of the published package of PAS 2.2.1 as ``pas-2.2.1``, and of
``input/resources`` of HL7/davinci-crd at 2.2.1 (its requests and responses of CDS Hooks) as
``crd-2.2.1``. DTR 2.2.0 publishes its examples as FHIR Shorthand (``input/fsh/examples``):
``dtr-2.2.0`` has a response and the inputs of two operations, written as JSON.
"""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent


@cache
def guide_examples(name: str) -> dict[str, Any]:
    """The examples of a guide by the name of their file, without its ending."""
    found: dict[str, Any] = json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()))
    return found


def compress(folder: Path, name: str) -> None:
    """Write the examples in a folder; the same files have the same bytes."""
    read = {one.stem: json.loads(one.read_text("utf-8")) for one in sorted(folder.glob("*.json"))}
    text = json.dumps(read, sort_keys=True, separators=(",", ":"))
    (FOLDER / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
