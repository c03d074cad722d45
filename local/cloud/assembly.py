"""Read a synthesized CDK assembly: the templates of its stacks and their assets."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Final

from local.cloud.errors import LocalCloudError

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Asset:
    """A file or folder that the template refers to, and the S3 key to which it is uploaded."""

    key: str
    path: Path
    zipped: bool

    def content(self) -> bytes:
        """Return the bytes to upload: the file, or a zip of the folder."""
        return zip_of(self.path) if self.zipped else self.path.read_bytes()


@dataclass(frozen=True)
class Assembly:
    """One stack of a `cdk.out` folder: its template, its assets, and the buckets of the assets."""

    name: str
    template: str
    assets: tuple[Asset, ...]
    buckets: frozenset[str]

    def content_hash(self) -> str:
        """Return a SHA-256 hash of everything that is deployed; asset keys are content hashes."""
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


def load(folder: Path, account: str, region: str) -> tuple[Assembly, ...]:
    """Read the stacks of the folder's manifest and their assets, in the order of their deployment.

    A stack follows the stacks on which it depends. Files that the manifest does not name are ignored.

    Raises:
        LocalCloudError: A file cannot be read, or the manifest contains no stack.
    """
    manifest = _read(folder / "manifest.json")
    stacks = _artifacts(manifest, "aws:cloudformation:stack")
    if not stacks:
        raise LocalCloudError(f"{folder} contains no stack")
    depends = {
        name: [one for one in manifest["artifacts"][name].get("dependencies", ()) if one in stacks]
        for name in stacks
    }
    return tuple(
        _assembly(folder, name, stacks[name], manifest, account, region)
        for name in TopologicalSorter(depends).static_order()
    )


def _assembly(
    folder: Path, name: str, stack: Any, manifest: Any, account: str, region: str
) -> Assembly:
    listing = manifest["artifacts"][f"{name}.assets"]["properties"]["file"]
    assets: list[Asset] = []
    buckets: set[str] = set()
    for file in _read(folder / listing).get("files", {}).values():
        source = file["source"]
        for destination in file["destinations"].values():
            buckets.add(_substituted(destination["bucketName"], account, region))
            if source["path"] != stack["templateFile"]:
                zipped = source.get("packaging") == "zip"
                assets.append(Asset(destination["objectKey"], folder / source["path"], zipped))
    template = (folder / stack["templateFile"]).read_text(encoding="utf-8")
    return Assembly(stack.get("stackName", name), template, tuple(assets), frozenset(buckets))
