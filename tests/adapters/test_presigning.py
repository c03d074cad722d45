"""The addresses of presigned forms and links, which the portal's content security policy names."""

import boto3
import pytest

from precert.bootstrap import Dependencies

BUCKET = "precert-dev-documents-1a2b3c4d"


def signed(region: str, endpoint_url: str | None = None) -> tuple[str, str]:
    """The addresses of a form and of a link."""
    deps = Dependencies(endpoint_url=endpoint_url)
    deps.session = boto3.Session(
        aws_access_key_id="x",
        aws_secret_access_key="x",
        region_name=region,
    )
    form = deps.s3.generate_presigned_post(BUCKET, "k")["url"]
    link = deps.s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "k"})
    return form, link.partition("?")[0]


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2"])
def test_address_is_the_buckets_regional_one_when_it_is_signed(region: str) -> None:
    origin = f"https://{BUCKET}.s3.{region}.amazonaws.com"
    assert signed(region) == (f"{origin}/", f"{origin}/k")


def test_address_is_that_of_the_local_cloud_when_it_has_an_endpoint() -> None:
    cloud = "http://127.0.0.1:4566"
    assert signed("us-east-1", cloud) == (f"{cloud}/{BUCKET}", f"{cloud}/{BUCKET}/k")
