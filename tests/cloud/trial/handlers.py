"""Functions of the trial stack: each records its input in the results table."""

import importlib.util
import json
import os
import time
import uuid
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

VERSION = "one"


class FlakyError(Exception):
    pass


class RefusedError(Exception):
    pass


def _note(kind: str, **seen: Any) -> None:
    boto3.client("dynamodb").put_item(
        TableName=os.environ["RESULTS"],
        Item={
            "pk": {"S": kind},
            "sk": {"S": f"{time.time_ns():020d}-{uuid.uuid4()}"},
            "seen": {"S": json.dumps(seen)},
        },
    )


def echo(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the request itself and the environment of the function."""
    layer = importlib.util.find_spec("trial_layer")
    both = importlib.util.find_spec("both")
    body = {
        "both": both.origin if both else None,
        "event": event,
        "version": VERSION,
        "layer": layer.origin if layer else None,
        "pid": os.getpid(),
        "imported_here": layer and os.getpid() == importlib.import_module("trial_layer").PID,
        "emulator": importlib.util.find_spec("ministack") is not None,
        "environment": sorted(os.environ),
    }
    return {"statusCode": 200, "body": json.dumps(body)}


def slow(event: dict[str, Any], context: Any) -> dict[str, Any]:
    time.sleep(0.2)
    return {"pid": os.getpid()}


def late(event: dict[str, Any], context: Any) -> int:
    """Return the milliseconds left, after more than the timeout."""
    left: int = context.get_remaining_time_in_millis()
    time.sleep(1.1)
    return left


def on_insert(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Record each stream record; fail those whose item requests it."""
    failures = []
    for record in event["Records"]:
        change = record["dynamodb"]
        image = change.get("NewImage", {})
        _note("insert", sk=change["Keys"]["sk"]["S"], batch=len(event["Records"]))
        if image.get("poison"):
            failures.append({"itemIdentifier": change["SequenceNumber"]})
            break
    return {"batchItemFailures": failures}


def on_remove(event: dict[str, Any], context: Any) -> None:
    for record in event["Records"]:
        if record["dynamodb"]["OldImage"].get("explode"):
            raise FlakyError("cannot be cleaned up")
        keys = record["dynamodb"]["Keys"]
        _note("remove", sk=keys["sk"]["S"], identity=record.get("userIdentity"))


def on_event(event: dict[str, Any], context: Any) -> None:
    _note("event", event=event)
    if event.get("detail", {}).get("explode"):
        raise FlakyError("no, thanks")


def task(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A task of the workflow: performs the action of its input."""
    _note("task", **event)
    if event.get("raise") == "FlakyError":
        raise FlakyError("once more: with\nfeeling")
    if event.get("raise") == "RefusedError":
        raise RefusedError("no")
    return {"answer": 42}


def probe(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Make one call with this function's own role and return the result."""
    client = boto3.client(event["service"])
    try:
        getattr(client, event["call"])(**event["arguments"])
    except ClientError as error:
        return {"code": error.response["Error"]["Code"]}
    return {"code": "OK"}


def presign(event: dict[str, Any], context: Any) -> Any:
    client = boto3.client(
        "s3", config=Config(signature_version="s3v4", s3={"addressing_style": "path"})
    )
    if event.get("download"):
        expected = {
            "Bucket": os.environ["DOCUMENTS"],
            "Key": event["key"],
            "ResponseContentDisposition": "attachment; filename=x.txt",
        }
        return client.generate_presigned_url("get_object", Params=expected, ExpiresIn=60)
    return client.generate_presigned_post(
        os.environ["DOCUMENTS"],
        event["key"],
        Fields={"Content-Type": "text/plain"},
        Conditions=[
            {"Content-Type": "text/plain"},
            ["content-length-range", 1, 10],
        ],
        ExpiresIn=60,
    )
