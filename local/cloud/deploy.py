"""Deploy a synthesized CDK assembly to the local cloud.

outputs = deploy(cloud, Path("build/local/cdk.out"))
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from local.cloud import settings
from local.cloud.assembly import Assembly, load
from local.cloud.errors import LocalCloudError
from local.cloud.process import Cloud

Progress = Callable[[str], None]

DEPLOY_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 0.1
_CAPABILITIES: Final = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_WHOLE: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
#: A stack in one of these states cannot be updated and must be deleted first.
_DEAD: Final = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})


def _silent(_line: str) -> None:
    """Discard a line of progress."""


def _status(cloud: Cloud, name: str) -> str | None:
    try:
        stacks = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return str(stacks[0]["StackStatus"])


def _template(cloud: Cloud, name: str) -> Any:
    """Return the stack's template, which the emulator stores with the stack."""
    body = cloud.client("cloudformation").get_template(StackName=name)["TemplateBody"]
    return json.loads(body) if isinstance(body, str) else json.loads(json.dumps(body))


def outputs(cloud: Cloud, name: str) -> dict[str, str]:
    """Return the stack's outputs."""
    stacks = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return {o["OutputKey"]: o["OutputValue"] for o in stacks[0].get("Outputs", [])}


def _bucket(s3: Any, name: str) -> None:
    try:
        s3.head_bucket(Bucket=name)
    except ClientError:
        s3.create_bucket(Bucket=name)


def _uploaded(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        return False
    return True


def _upload(cloud: Cloud, assembly: Assembly, progress: Progress) -> str:
    """Upload every asset, and return the URL of the template."""
    s3 = cloud.client("s3")
    buckets = sorted(assembly.buckets) or [f"{assembly.name.lower()}-assets"]
    for bucket in buckets:
        _bucket(s3, bucket)
        for asset in assembly.assets:
            if not _uploaded(s3, bucket, asset.key):
                progress(f"uploading {asset.path.name}")
                s3.put_object(Bucket=bucket, Key=asset.key, Body=asset.content())
    key = f"{assembly.content_hash()}.json"
    s3.put_object(Bucket=buckets[0], Key=key, Body=assembly.template.encode())
    return f"{cloud.endpoint_url}/{buckets[0]}/{key}"


def _events(cloud: Cloud, name: str, since: set[str]) -> list[dict[str, Any]]:
    """Return the stack's events whose ids are not in `since`, oldest first."""
    client = cloud.client("cloudformation")
    found: list[dict[str, Any]] = []
    for page in client.get_paginator("describe_stack_events").paginate(StackName=name):
        found += [event for event in page["StackEvents"] if event["EventId"] not in since]
    return found[::-1]


def _first_failure(events: list[dict[str, Any]], name: str) -> str:
    for event in events:
        if event["ResourceStatus"].endswith("_FAILED") and event["LogicalResourceId"] != name:
            reason = event.get("ResourceStatusReason", "no reason stated")
            return f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
    for event in events:
        if "FAILED" in event["ResourceStatus"] or "ROLLBACK" in event["ResourceStatus"]:
            return str(event.get("ResourceStatusReason", event["ResourceStatus"]))
    return "no reason stated"


def _shows(progress: Progress, status: str) -> bool:
    return progress is not _silent and status != "DELETE_COMPLETE"


def _await_end(cloud: Cloud, name: str, before: set[str], progress: Progress) -> None:
    deadline = time.monotonic() + DEPLOY_SECONDS
    reported: set[str] = set(before)
    while True:
        status = _status(cloud, name) or "DELETE_COMPLETE"
        # A page of all events costs more than the deployment of a resource: read it only if shown.
        for event in _events(cloud, name, reported) if _shows(progress, status) else []:
            reported.add(event["EventId"])
            progress(f"{event['ResourceStatus']} {event['LogicalResourceId']}")
        if not status.endswith("_IN_PROGRESS"):
            break
        if time.monotonic() > deadline:
            raise LocalCloudError(f"stack {name} was still {status} after {DEPLOY_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
    if status not in _WHOLE:
        failure = _first_failure(_events(cloud, name, before), name)
        raise LocalCloudError(f"stack {name} is {status}: {failure}")


def _delete(cloud: Cloud, name: str) -> None:
    client = cloud.client("cloudformation")
    client.delete_stack(StackName=name)
    deadline = time.monotonic() + DEPLOY_SECONDS
    while _status(cloud, name) not in (None, "DELETE_COMPLETE"):
        if time.monotonic() > deadline:
            raise LocalCloudError(f"stack {name} could not be deleted")
        time.sleep(_POLL_SECONDS)


def _submit(cloud: Cloud, assembly: Assembly, url: str, status: str | None) -> bool:
    """Create or update the stack; return False if there is nothing to update."""
    client = cloud.client("cloudformation")
    request = {
        "StackName": assembly.name,
        "TemplateURL": url,
        "Capabilities": list(_CAPABILITIES),
    }
    if status is None or status == "DELETE_COMPLETE":
        client.create_stack(**request)
        return True
    try:
        client.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return False
        raise
    return True


def deploy(
    cloud: Cloud,
    cdk_out: Path,
    *,
    progress: Progress = _silent,
) -> dict[str, str]:
    """Create or update the stacks in order, and return the outputs of all of them.

    A stack whose template is unchanged is not updated: the template names assets by their content.

    Raises:
        LocalCloudError: A stack is rejected or fails; the message has the first resource that failed
            and the reason.
    """
    found: dict[str, str] = {}
    for assembly in load(cdk_out, settings.ACCOUNT, settings.REGION):
        found |= _deploy(cloud, assembly, progress)
    return found


def _deploy(cloud: Cloud, assembly: Assembly, progress: Progress) -> dict[str, str]:
    status = _status(cloud, assembly.name)
    if status in _WHOLE and _template(cloud, assembly.name) == json.loads(assembly.template):
        progress("nothing has changed")
        return outputs(cloud, assembly.name)
    if status in _DEAD or status == "CREATE_IN_PROGRESS":
        # The local cloud was stopped while the stack was created, or the creation failed.
        progress(f"deleting a stack that is {status}")
        _delete(cloud, assembly.name)
        status = None
    try:
        url = _upload(cloud, assembly, progress)
        before: set[str] = set()
        if status not in (None, "DELETE_COMPLETE"):
            before = {event["EventId"] for event in _events(cloud, assembly.name, set())}
        if _submit(cloud, assembly, url, status):
            _await_end(cloud, assembly.name, before, progress)
    except ClientError as error:
        raise LocalCloudError(f"stack {assembly.name} was rejected: {error}") from error
    return outputs(cloud, assembly.name)
