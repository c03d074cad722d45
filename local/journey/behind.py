"""Inspects the stream, the workflow, the bucket and the bus, which the API does not show."""

from local.deployment import Deployment
from precert.adapters.stepfunctions import execution_name


def execution(deployment: Deployment, request_id: str, cycle: int) -> str:
    """One line about the execution of a cycle."""
    name = execution_name(request_id, cycle)
    arn = deployment.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:")
    client = deployment.cloud.client("stepfunctions")
    status = client.describe_execution(executionArn=f"{arn}:{name}")["status"]
    way = " → ".join(states(deployment, request_id, cycle)) or "started"
    return f"Step Functions: execution {name[:10]}…-{cycle} is {status} ({way})"


def states(deployment: Deployment, request_id: str, cycle: int) -> list[str]:
    """Names of the states that the execution of a cycle has entered, in their order."""
    name = execution_name(request_id, cycle)
    arn = deployment.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:")
    client = deployment.cloud.client("stepfunctions")
    try:
        events = client.get_execution_history(executionArn=f"{arn}:{name}")["events"]
    except client.exceptions.ExecutionDoesNotExist:
        return []
    return [
        event["stateEnteredEventDetails"]["name"]
        for event in events
        if "stateEnteredEventDetails" in event
    ]


def execution_status(deployment: Deployment, request_id: str, cycle: int) -> str | None:
    """Status of the execution of a cycle, or ``None`` before it exists."""
    name = execution_name(request_id, cycle)
    arn = deployment.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:")
    client = deployment.cloud.client("stepfunctions")
    try:
        return str(client.describe_execution(executionArn=f"{arn}:{name}")["status"])
    except client.exceptions.ExecutionDoesNotExist:
        return None


def objects(deployment: Deployment, request_id: str) -> int:
    """The number of a request's documents whose bytes are in the bucket."""
    listed = deployment.cloud.client("s3").list_objects_v2(
        Bucket=deployment.outputs["DocumentsBucketName"], Prefix=f"documents/{request_id}/"
    )
    return int(listed["KeyCount"])
