"""Uploads: what the signed policy allows, and the resulting event."""

import json
from typing import Any
from uuid import uuid4

from tests.cloud.deployment import Answer, Deployment, call, until


def post(deployment: Deployment, form: dict[str, Any], content: bytes, **changes: str) -> Answer:
    """Send the form as a browser does."""
    edge, parts = "edge", []
    for name, value in {**form["fields"], **changes}.items():
        parts.append(
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        )
    parts.append(f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n')
    body = "".join(parts).encode() + content + f"\r\n--{edge}--\r\n".encode()
    kind = f"multipart/form-data; boundary={edge}"
    return call(form["url"], "POST", body, {"Content-Type": kind})


def signed(deployment: Deployment) -> tuple[str, dict[str, Any]]:
    key = f"drafts/{uuid4()}"
    form, error = deployment.invoke("Presign", {"key": key})
    assert error is None, form
    return key, form


def test_an_upload_within_the_policy_is_accepted_and_announced_when_patched(
    deployment: Deployment,
) -> None:
    key, form = signed(deployment)
    assert post(deployment, form, b"12345").status in {200, 201, 204}

    def announced() -> list[Any]:
        events = [note["event"] for note in deployment.notes("event")]
        return [e for e in events if e.get("detail", {}).get("object", {}).get("key") == key]

    event = until(announced)[0]
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["detail"]["bucket"]["name"] == deployment.out["Documents"]
    assert event["detail"]["object"]["size"] == 5
    assert event["detail"]["object"]["version-id"]
    assert event["detail"]["reason"] == "POST Object"
    head = deployment.cloud.client("s3").head_object(Bucket=deployment.out["Documents"], Key=key)
    assert head["ContentType"] == "text/plain"


def test_an_upload_outside_the_policy_is_rejected_when_patched(deployment: Deployment) -> None:
    _, form = signed(deployment)
    assert post(deployment, form, b"x" * 11).status == 400
    assert post(deployment, form, b"").status == 400
    assert post(deployment, form, b"123", key="drafts/other").status == 403
    assert post(deployment, form, b"123", **{"Content-Type": "text/html"}).status == 403
    signature = form["fields"]["x-amz-signature"]
    assert post(deployment, form, b"123", **{"x-amz-signature": "0" * len(signature)}).status == 403


def test_a_signed_download_succeeds_and_a_forged_one_does_not_when_patched(
    deployment: Deployment,
) -> None:
    key = f"drafts/{uuid4()}"
    deployment.cloud.client("s3").put_object(
        Bucket=deployment.out["Documents"], Key=key, Body=b"text"
    )
    url, error = deployment.invoke("Presign", {"key": key, "download": True})
    assert error is None, url
    answer = call(url)
    assert (answer.status, answer.body) == (200, b"text")
    assert answer.headers["Content-Disposition"] == "attachment; filename=x.txt"
    assert call(url.replace(key, f"{key}x")).status == 403


def test_a_tls_only_bucket_refuses_every_caller_when_unpatched(
    unpatched: Deployment,
) -> None:
    _, form = signed(unpatched)
    assert post(unpatched, form, b"12345").status == 403


def test_the_notification_has_no_version_when_unpatched(unpatched: Deployment) -> None:
    s3, name = unpatched.cloud.client("s3"), unpatched.out["Documents"]
    key = str(uuid4())
    s3.delete_bucket_policy(Bucket=name)
    s3.put_object(Bucket=name, Key=key, Body=b"x")
    objects = [
        n["event"]["detail"]["object"]
        for n in until(
            lambda: [
                n
                for n in unpatched.notes("event")
                if n["event"]["detail"].get("object", {}).get("key") == key
            ]
        )
    ]
    assert "version-id" not in objects[0]


def test_the_bucket_answers_a_browsers_preflight_when_patched(deployment: Deployment) -> None:
    _, form = signed(deployment)
    origin = "https://portal.example"
    requested = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = call(form["url"], "OPTIONS", headers=requested)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == origin


def test_the_bucket_matches_the_template_when_patched(deployment: Deployment) -> None:
    s3, name = deployment.cloud.client("s3"), deployment.out["Documents"]
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    assert policy["Statement"][0]["Effect"] == "Deny"
