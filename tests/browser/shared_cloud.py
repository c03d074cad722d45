"""One deployed cloud for several runs of pytest, each of which finds it as after the deployment."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final, cast

from local.cloud.process import Cloud
from local.deployment import Deployment

ADDRESSES: Final = "PRECERT_BROWSER_CLOUD"
"""The environment variable with the port of the cloud and the outputs of its stacks."""

TABLES: Final = ("RequestsTableName", "ReferenceTableName")

Item = dict[str, Any]
Key = tuple[str, ...]


def environment_of(deployment: Deployment) -> dict[str, str]:
    """The environment of a run that uses this deployment in place of one of its own."""
    known = {"port": deployment.cloud.port, "outputs": deployment.outputs}
    return {ADDRESSES: json.dumps(known)}


def shared() -> Deployment | None:
    """The deployment of the run that started this one, if there is one."""
    written = os.environ.get(ADDRESSES)
    if not written:
        return None
    known = json.loads(written)
    # The run that started the cloud stops it.
    process = cast("subprocess.Popen[bytes]", None)
    return Deployment(Cloud(known["port"], Path(), Path(), process), known["outputs"])


class Tables:
    """The items that the tables have after the deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self._client = deployment.cloud.client("dynamodb")
        self._keys = {
            deployment.outputs[one]: self._key_names(deployment.outputs[one]) for one in TABLES
        }
        self._stored = {table: self._items(table) for table in self._keys}

    def _key_names(self, table: str) -> Key:
        schema = self._client.describe_table(TableName=table)["Table"]["KeySchema"]
        return tuple(one["AttributeName"] for one in schema)

    def _items(self, table: str) -> dict[Key, Item]:
        pages = self._client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        names = self._keys[table]
        return {
            tuple(str(item[name]) for name in names): item
            for page in pages
            for item in page["Items"]
        }

    def reset(self) -> None:
        """Delete what a run added, and restore what it changed."""
        for table, stored in self._stored.items():
            found = self._items(table)
            for key, item in found.items():
                if key not in stored:
                    named = {name: item[name] for name in self._keys[table]}
                    self._client.delete_item(TableName=table, Key=named)
            for key, item in stored.items():
                if found.get(key) != item:
                    self._client.put_item(TableName=table, Item=item)
