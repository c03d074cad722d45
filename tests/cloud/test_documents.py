"""Uploads: what the signed policy allows, and the event that follows."""

import json
from typing import Any
from uuid import uuid4

from tests.cloud.stand import Answer, Stand, call, until


def post(stand: Stand, form: dict[str, Any], content: bytes, **changes: str) -> Answer:
    """Send the form as a browser would."""
    edge, parts = "edge", []
    for name, value in {**form["fields"], **changes}.items():
        parts.append(
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        )
    parts.append(f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n')
    body = "".join(parts).encode() + content + f"\r\n--{edge}--\r\n".encode()
    kind = f"multipart/form-data; boundary={edge}"
    return call(form["url"], "POST", body, {"Content-Type": kind})


def signed(stand: Stand) -> tuple[str, dict[str, Any]]:
    key = f"drafts/{uuid4()}"
    form, error = stand.invoke("Presign", {"key": key})
    assert error is None, form
    return key, form


def test_an_upload_within_the_policy_is_taken_and_announced_when_filled(stand: Stand) -> None:
    key, form = signed(stand)
    assert post(stand, form, b"12345").status in {200, 201, 204}

    def announced() -> list[Any]:
        events = [note["event"] for note in stand.notes("event")]
        return [e for e in events if e.get("detail", {}).get("object", {}).get("key") == key]

    event = until(announced)[0]
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["detail"]["bucket"]["name"] == stand.out["Documents"]
    assert event["detail"]["object"]["size"] == 5
    assert event["detail"]["object"]["version-id"]
    assert event["detail"]["reason"] == "POST Object"
    head = stand.cloud.client("s3").head_object(Bucket=stand.out["Documents"], Key=key)
    assert head["ContentType"] == "text/plain"


def test_an_upload_outside_the_policy_is_refused_when_filled(stand: Stand) -> None:
    _, form = signed(stand)
    assert post(stand, form, b"x" * 11).status == 400
    assert post(stand, form, b"").status == 400
    assert post(stand, form, b"123", key="drafts/other").status == 403
    assert post(stand, form, b"123", **{"Content-Type": "text/html"}).status == 403
    signature = form["fields"]["x-amz-signature"]
    assert post(stand, form, b"123", **{"x-amz-signature": "0" * len(signature)}).status == 403


def test_a_signed_download_is_given_and_a_forged_one_is_not_when_filled(stand: Stand) -> None:
    key = f"drafts/{uuid4()}"
    stand.cloud.client("s3").put_object(Bucket=stand.out["Documents"], Key=key, Body=b"text")
    url, error = stand.invoke("Presign", {"key": key, "download": True})
    assert error is None, url
    answer = call(url)
    assert (answer.status, answer.body) == (200, b"text")
    assert answer.headers["Content-Disposition"] == "attachment; filename=x.txt"
    assert call(url.replace(key, f"{key}x")).status == 403


def test_a_bucket_that_takes_tls_only_refuses_everybody_when_unfilled(raw: Stand) -> None:
    _, form = signed(raw)
    assert post(raw, form, b"12345").status == 403


def test_the_announcement_names_no_version_when_unfilled(raw: Stand) -> None:
    s3, name = raw.cloud.client("s3"), raw.out["Documents"]
    key = str(uuid4())
    s3.delete_bucket_policy(Bucket=name)
    s3.put_object(Bucket=name, Key=key, Body=b"x")
    objects = [
        n["event"]["detail"]["object"]
        for n in until(
            lambda: [
                n
                for n in raw.notes("event")
                if n["event"]["detail"].get("object", {}).get("key") == key
            ]
        )
    ]
    assert "version-id" not in objects[0]


def test_the_bucket_answers_the_browsers_preflight_when_filled(stand: Stand) -> None:
    _, form = signed(stand)
    origin = "https://portal.example"
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = call(form["url"], "OPTIONS", headers=asked)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == origin


def test_the_bucket_is_as_the_template_says_when_filled(stand: Stand) -> None:
    s3, name = stand.cloud.client("s3"), stand.out["Documents"]
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    assert policy["Statement"][0]["Effect"] == "Deny"
