"""Read a synthesized CDK assembly: the template and its assets."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.cloud.errors import LocalCloudError

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Asset:
    """A file or folder that the template refers to, and its S3 key."""

    key: str
    path: Path
    zipped: bool

    def content(self) -> bytes:
        """The bytes to upload: the file, or a zip of the folder."""
        return zip_of(self.path) if self.zipped else self.path.read_bytes()


@dataclass(frozen=True)
class Assembly:
    """One stack of a `cdk.out` folder."""

    name: str
    template: str
    assets: tuple[Asset, ...]
    buckets: frozenset[str]

    def mark(self) -> str:
        """Return a hash of everything that is deployed (asset keys are content hashes)."""
        seen = hashlib.sha256(self.template.encode())
        for key in sorted(asset.key for asset in self.assets):
            seen.update(key.encode())
        return seen.hexdigest()


def zip_of(folder: Path) -> bytes:
    """Return the folder as a zip that depends only on file names and contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (path.stat().st_mode & 0xFFFF) << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _substituted(text: str, account: str, region: str) -> str:
    for name, value in (("AccountId", account), ("Region", region), ("Partition", "aws")):
        text = text.replace(f"${{AWS::{name}}}", value)
    return text


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LocalCloudError(f"{path} cannot be read: {error}") from error


def _artifacts(manifest: Any, kind: str) -> dict[str, Any]:
    return {
        name: artifact.get("properties", {})
        for name, artifact in manifest.get("artifacts", {}).items()
        if artifact["type"] == kind
    }


def load(folder: Path, account: str, region: str) -> Assembly:
    """Read the one stack of the folder's manifest, and its assets.

    Other files in the folder, from a synthesis under another name, are ignored.
    """
    manifest = _read(folder / "manifest.json")
    stacks = _artifacts(manifest, "aws:cloudformation:stack")
    if len(stacks) != 1:
        raise LocalCloudError(f"{folder} contains {len(stacks)} stacks; it must contain one")
    [(name, stack)] = stacks.items()
    files = [
        file
        for listing in _artifacts(manifest, "cdk:asset-manifest").values()
        for file in _read(folder / listing["file"]).get("files", {}).values()
    ]
    assets: list[Asset] = []
    buckets: set[str] = set()
    for file in files:
        source = file["source"]
        for destination in file["destinations"].values():
            buckets.add(_substituted(destination["bucketName"], account, region))
            if source["path"] != stack["templateFile"]:
                zipped = source.get("packaging") == "zip"
                assets.append(Asset(destination["objectKey"], folder / source["path"], zipped))
    template = (folder / stack["templateFile"]).read_text(encoding="utf-8")
    return Assembly(stack.get("stackName", name), template, tuple(assets), frozenset(buckets))
