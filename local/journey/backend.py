"""Read state that the API does not return: executions of the state machine, and stored objects."""

from local.deployment import Deployment
from precert.adapters.stepfunctions import execution_name


def execution(deployment: Deployment, request_id: str, cycle: int) -> str:
    """Return one line with the name, the status and the entered states of a cycle's execution."""
    arn = _arn(deployment, request_id, cycle)
    client = deployment.cloud.client("stepfunctions")
    status = client.describe_execution(executionArn=arn)["status"]
    entered = " → ".join(states(deployment, request_id, cycle)) or "started"
    name = execution_name(request_id, cycle)
    return f"Step Functions: execution {name[:10]}…-{cycle} is {status} ({entered})"


def states(deployment: Deployment, request_id: str, cycle: int) -> list[str]:
    """Return the names of the states that a cycle's execution has entered, in order; [] without one."""
    client = deployment.cloud.client("stepfunctions")
    try:
        arn = _arn(deployment, request_id, cycle)
        events = client.get_execution_history(executionArn=arn)["events"]
    except client.exceptions.ExecutionDoesNotExist:
        return []
    return [
        event["stateEnteredEventDetails"]["name"]
        for event in events
        if "stateEnteredEventDetails" in event
    ]


def execution_status(deployment: Deployment, request_id: str, cycle: int) -> str | None:
    """Return the status of a cycle's execution, or ``None`` before it exists."""
    client = deployment.cloud.client("stepfunctions")
    try:
        arn = _arn(deployment, request_id, cycle)
        return str(client.describe_execution(executionArn=arn)["status"])
    except client.exceptions.ExecutionDoesNotExist:
        return None


def objects(deployment: Deployment, request_id: str) -> int:
    """Return the number of a request's objects in the documents bucket."""
    listed = deployment.cloud.client("s3").list_objects_v2(
        Bucket=deployment.outputs["DocumentsBucketName"], Prefix=f"documents/{request_id}/"
    )
    return int(listed["KeyCount"])


def _arn(deployment: Deployment, request_id: str, cycle: int) -> str:
    machine = deployment.outputs["StateMachineArn"]
    name = execution_name(request_id, cycle)
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
