"""Publishing the portal's files to its bucket."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws

from tests.fakes.samples import payer
from tools import portal_publish
from tools.portal_publish import contents, publish

BUCKET: Final = "portal-files"
OUTPUTS: Final = {
    "PortalAuthority": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_1",
    "PortalClientId": "abc",
    "PortalScope": "openid precert/read precert/write",
    "PortalSignInUrl": "https://precert-dev-1a2b3c4d.auth.us-east-1.amazoncognito.com",
}
NOW: Final = datetime.now(UTC)


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / ".vite").mkdir()
    (folder / ".vite" / "manifest.json").write_text("{}")
    (folder / "favicon.svg").write_text("<svg/>")
    version(folder, "1111")
    return folder


def version(dist: Path, name: str) -> None:
    """A build: a page and the script that it names."""
    for old in (dist / "assets").glob("*"):
        old.unlink()
    (dist / "assets" / f"index-{name}.js").write_text(f"start('{name}')")
    (dist / "index.html").write_text(f'<script src="/assets/index-{name}.js"></script>')


def test_stack_is_that_of_the_stages_region_when_credentials_have_another(
    dist: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stack is deployed to the Region of the stage's file, whatever the deployer's profile has."""
    regions = set[str]()
    boto: Any = boto3.client

    def client(service: str, **more: Any) -> Any:
        made = boto(service, **more)
        regions.add(made.meta.region_name)
        return made

    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(boto3, "client", client)
    monkeypatch.setattr(portal_publish, "PortalSource", lambda: SimpleNamespace(dist=dist))
    (dist.parent / "config").mkdir()
    (dist.parent / "config" / "dev.toml").write_text('region = "us-west-2"\n', encoding="utf-8")
    monkeypatch.setattr(portal_publish, "ROOT", dist.parent)
    with mock_aws():
        assert portal_publish.main(["--stage", "dev"]) == 1
    assert "the portal could not be published" in capsys.readouterr().err
    assert regions == {"us-west-2"}


def test_configuration_is_named_when_the_stage_cannot_be_read(
    dist: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(portal_publish, "PortalSource", lambda: SimpleNamespace(dist=dist))
    assert portal_publish.main(["--stage", "uat"]) == 1
    assert "config/uat.toml" in capsys.readouterr().err


def files(dist: Path) -> dict[str, bytes]:
    return contents(dist, OUTPUTS, "dev", payer())


def keys(s3: Any) -> set[str]:
    return {found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}


def test_page_is_stored_last_when_the_portal_is_published(s3: Any, dist: Path) -> None:
    stored = publish(s3, BUCKET, files(dist), NOW).stored
    assert stored[0] == "assets/index-1111.js"
    assert stored[-1] == "index.html"
    assert set(stored) == keys(s3)
    assert keys(s3) == {
        *("assets/index-1111.js", "config.json", "favicon.svg", "index.html", "payer/logo.svg"),
    }


def test_type_and_caching_are_stored_when_files_are_published(s3: Any, dist: Path) -> None:
    publish(s3, BUCKET, files(dist), NOW)
    script = s3.head_object(Bucket=BUCKET, Key="assets/index-1111.js")
    assert script["ContentType"] == "text/javascript; charset=utf-8"
    assert script["CacheControl"] == "public, max-age=31536000, immutable"
    page = s3.head_object(Bucket=BUCKET, Key="index.html")
    assert (page["ContentType"], page["CacheControl"]) == ("text/html; charset=utf-8", "no-cache")
    configuration = s3.get_object(Bucket=BUCKET, Key="config.json")
    assert configuration["CacheControl"] == "no-cache"
    assert json.loads(configuration["Body"].read())["client_id"] == "abc"


def test_unchanged_assets_are_not_stored_again_when_the_portal_is_published_twice(
    s3: Any, dist: Path
) -> None:
    publish(s3, BUCKET, files(dist), NOW)
    assert "assets/index-1111.js" not in publish(s3, BUCKET, files(dist), NOW).stored


def test_earlier_assets_stay_for_open_pages_when_a_version_replaces_them(
    s3: Any, dist: Path
) -> None:
    publish(s3, BUCKET, files(dist), NOW)
    (dist / "favicon.svg").unlink()
    version(dist, "2222")
    assert publish(s3, BUCKET, files(dist), NOW).deleted == ("favicon.svg",)
    assert {"assets/index-1111.js", "assets/index-2222.js"} <= keys(s3)
    later = publish(s3, BUCKET, files(dist), NOW + timedelta(days=31))
    assert later.deleted == ("assets/index-1111.js",)
    assert "assets/index-2222.js" in keys(s3)


def test_no_password_is_published_when_the_stage_is_in_aws(dist: Path) -> None:
    configuration = json.loads(files(dist)["config.json"])
    assert "sample_users" not in configuration
    assert "password" not in json.dumps(configuration).lower()
