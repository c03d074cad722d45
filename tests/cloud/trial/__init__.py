"""A small stack with every kind of resource that the product uses, for testing the cloud."""

import io
import json
import zipfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.cloud.trial.resources import (
    BUCKET,
    Properties,
    allow,
    api,
    attribute,
    documents,
    events,
    functions,
    machine,
    mapping,
    ref,
    resource,
    role,
    table,
    watching,
)

NAME: Final = "Trial"
HANDLERS: Final = Path(__file__).with_name("handlers.py")
LAYER: Final = "import os\nPID = os.getpid()\n"


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()


def template(code: str, layer: str, *, patched: bool) -> Properties:
    inserts = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "EVT#"}]}}}}
    resources: Properties = {
        "Requests": table(stream=True),
        "Results": table(stream=False),
        "DeadLetters": resource("SQS::Queue", MessageRetentionPeriod=1209600),
        "Layer": resource(
            "Lambda::LayerVersion",
            Content={"S3Bucket": BUCKET, "S3Key": layer},
            CompatibleRuntimes=["python3.11"],
        ),
        **functions(code, layer=True),
        "Inserts": mapping(
            "OnInsert",
            inserts,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            MaximumRetryAttempts=2,
        ),
        "Removals": mapping("OnRemove", {"eventName": ["REMOVE"]}, MaximumRetryAttempts=1),
        "MachineRole": role(
            "states.amazonaws.com", allow((["lambda:InvokeFunction"], attribute("Task", "Arn")))
        ),
        "Machine": resource(
            "StepFunctions::StateMachine",
            StateMachineType="STANDARD",
            RoleArn=attribute("MachineRole", "Arn"),
            DefinitionString={"Fn::Sub": [machine(), {"Task": attribute("Task", "Arn")}]},
            LoggingConfiguration={
                "Level": "ERROR",
                "IncludeExecutionData": False,
                "Destinations": [
                    {"CloudWatchLogsLogGroup": {"LogGroupArn": attribute("Log", "Arn")}}
                ],
            },
            TracingConfiguration={"Enabled": True},
        ),
        **api(cors=True),
        **documents(),
        **events(archive=patched),
        **watching(metric_math=patched),
    }
    named = (
        "Requests",
        "Results",
        "DeadLetters",
        "Machine",
        "Pool",
        "Client",
        "Stranger",
        "Page",
        "Api",
        "Documents",
        "Bus",
        "Inserts",
        "Removals",
        "Echo",
        "Slow",
        "Late",
        "Task",
        "Probe",
        "Presign",
        "OnEvent",
    )
    return {
        "Resources": resources,
        "Outputs": {
            **{name: {"Value": ref(name)} for name in named},
            "ApiEndpoint": {"Value": attribute("Api", "ApiEndpoint")},
        },
    }


def write(folder: Path, *, patched: bool = True, version: str = "one") -> Path:
    """Write the stack to its output folder as CDK does."""
    source = HANDLERS.read_text().replace('VERSION = "one"', f'VERSION = "{version}"')
    contents = {
        "code": zipped({"handlers.py": source, "both.py": ""}),
        # The layer hides nothing: functions with it import boto3 from the environment of the tests.
        "layer": zipped({"python/trial_layer.py": LAYER, "python/both.py": "", **sdk()}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    files, keys = {}, {}
    for name, content in contents.items():
        keys[name] = f"{sha256(content).hexdigest()}.zip"
        (folder / f"asset.{keys[name]}").write_bytes(content)
        files[name] = {
            "source": {"path": f"asset.{keys[name]}", "packaging": "file"},
            "destinations": {"d": {"bucketName": BUCKET, "objectKey": keys[name]}},
        }
    return assembly(folder, NAME, template(keys["code"], keys["layer"], patched=patched), files)


def assembly(
    folder: Path, name: str, body: Properties, files: Properties, *, after: Sequence[str] = ()
) -> Path:
    """The folder, with this stack and its files added to its manifest; ``after`` names other stacks."""
    artifacts = {
        name: {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": [*after, f"{name}.assets"],
        },
        f"{name}.assets": {
            "type": "cdk:asset-manifest",
            "properties": {"file": f"{name}.assets.json"},
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.template.json").write_text(json.dumps(body))
    (folder / f"{name}.assets.json").write_text(json.dumps({"files": files}))
    manifest = folder / "manifest.json"
    others = json.loads(manifest.read_text())["artifacts"] if manifest.exists() else {}
    manifest.write_text(json.dumps({"artifacts": {**artifacts, **others}}))
    return folder


def sdk() -> dict[str, str]:
    """Substitutes for boto3 and botocore: `echo` imports them and calls nothing."""
    return {
        "python/boto3/__init__.py": "",
        "python/botocore/__init__.py": "",
        "python/botocore/handlers.py": "BUILTIN_HANDLERS = []\n",
        "python/botocore/config.py": "class Config: ...\n",
        "python/botocore/exceptions.py": "class ClientError(Exception): ...\n",
    }
