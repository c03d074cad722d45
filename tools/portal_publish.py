"""Upload the built portal to the stack of a stage: ``python -m tools.portal_publish --stage dev``.

``make deploy`` runs it after the deployment, with your own AWS credentials. Assets, whose names contain
a hash of their content, are stored first, and the page that refers to them last, so that a page always
finds its assets. Assets of earlier versions are deleted after 30 days, as open pages can load them.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.portal_headers import ASSETS_PREFIX, CONFIGURATION_PATH, cache_control
from local.front_door.files import media_type
from precert.domain.payer import Payer
from tools.portal_build import ROOT, PortalSource
from tools.portal_configuration import portal_configuration

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PAYER: Final = ROOT / "data" / "payer"
RETENTION_DAYS: Final = 30
"""Days for which assets of earlier versions are retained: longer than a page stays open."""
_PAGE: Final = "index.html"


@dataclass(frozen=True)
class Published:
    """The keys that a publication stored and deleted."""

    stored: tuple[str, ...]
    deleted: tuple[str, ...]


def contents(dist: Path, outputs: Mapping[str, str], stage: str, payer: Payer) -> dict[str, bytes]:
    """Return the content of the portal's objects by key, in the order of storing: the page last."""
    built = {
        file.relative_to(dist).as_posix(): file.read_bytes()
        for file in sorted(dist.rglob("*"))
        if file.is_file() and not file.relative_to(dist).parts[0].startswith(".")
    }
    configuration = portal_configuration(outputs=outputs, stage=stage, payer=payer)
    built[CONFIGURATION_PATH.lstrip("/")] = json.dumps(configuration).encode()
    if payer.branding.logo and payer.branding.logo_file:
        built[payer.branding.logo.lstrip("/")] = (PAYER / payer.branding.logo_file).read_bytes()
    order = sorted(built, key=lambda key: (key == _PAGE, not key.startswith(ASSETS_PREFIX), key))
    return {key: built[key] for key in order}


def publish(s3: "S3Client", bucket: str, files: Mapping[str, bytes], now: datetime) -> Published:
    """Store the files in their order, without assets that are present; then delete obsolete objects.

    Assets of earlier versions are deleted when they are older than :data:`RETENTION_DAYS`, and other
    objects immediately.
    """
    present = dict(_objects(s3, bucket))
    stored = []
    for key, content in files.items():
        if key in present and key.startswith(ASSETS_PREFIX):
            continue
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=content,
            ContentType=media_type(key),
            CacheControl=cache_control(key),
        )
        stored.append(key)
    oldest = now - timedelta(days=RETENTION_DAYS)
    deleted = [
        key
        for key, modified in present.items()
        if key not in files and (modified < oldest or not key.startswith(ASSETS_PREFIX))
    ]
    for key in deleted:
        s3.delete_object(Bucket=bucket, Key=key)
    return Published(tuple(stored), tuple(deleted))


def _objects(s3: "S3Client", bucket: str) -> Iterator[tuple[str, datetime]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", ()):
            yield found["Key"], found["LastModified"]


def _region_of(stage: str) -> str | None:
    """The Region in the stage's file, which the deployment has validated."""
    text = (ROOT / "config" / f"{stage}.toml").read_text(encoding="utf-8")
    region: str | None = tomllib.loads(text).get("region")
    return region


def _outputs(stack: str, region: str | None) -> dict[str, str]:
    client = boto3.client("cloudformation", region_name=region)
    (found,) = client.describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())}


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish, and print the portal's URL or the error in one line; return the exit status."""
    parser = argparse.ArgumentParser(description="Publish the built portal.")
    parser.add_argument("--stage", default="dev")
    stage = parser.parse_args(arguments).stage
    dist = PortalSource().dist
    if not (dist / _PAGE).is_file():
        print(f"precert: {dist} is not built: run `make deploy`, which builds it", file=sys.stderr)
        return 1
    payer = Payer.model_validate_json((PAYER / "payer.json").read_text(encoding="utf-8"))
    try:
        # Without a Region in the stage's file, that of the deployer's profile, as in the deployment.
        region = _region_of(stage)
        outputs = _outputs(f"precert-{stage}", region)
        files = contents(dist, outputs, stage, payer)
        s3 = boto3.client("s3", region_name=region)
        done = publish(s3, outputs["PortalBucketName"], files, datetime.now(UTC))
    except (BotoCoreError, ClientError, OSError) as error:
        print(f"precert: the portal could not be published: {error}", file=sys.stderr)
        return 1
    print(f"{len(done.stored)} files stored, {len(done.deleted)} deleted: {outputs['PortalUrl']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
