"""The part of S3 that documents use: one bucket with versions, and arrival events."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class NoSuchKeyError(Exception):
    """``client.exceptions.NoSuchKey``."""


class Exceptions:
    """``client.exceptions``."""

    NoSuchKey = NoSuchKeyError


@dataclass
class Bucket:
    """Versions by key, the newest last."""

    on_arrival: Callable[[str], None]
    versions: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)
    _count: int = 0

    def upload(self, key: str, body: bytes) -> None:
        """A portal sends its form; S3 sends the event."""
        self._add(key, body)
        self.on_arrival(key)

    def _add(self, key: str, body: bytes) -> str:
        self._count += 1
        self.versions.setdefault(key, []).append((f"v{self._count}", body))
        return f"v{self._count}"

    def perform(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        called: Callable[[Mapping[str, Any]], dict[str, Any]] = getattr(self, f"_{operation}")
        return called(parameters)

    def _get_object(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        versions = self.versions.get(parameters["Key"])
        if not versions:
            raise NoSuchKeyError
        version_id, body = versions[-1]
        return {"Body": io.BytesIO(body), "ContentLength": len(body), "VersionId": version_id}

    def _put_object(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return {"VersionId": self._add(parameters["Key"], parameters["Body"])}

    def _list_objects_v2(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        found = [key for key in self.versions if key.startswith(parameters["Prefix"])]
        return {"Contents": [{"Key": key} for key in sorted(found)]}

    def _list_object_versions(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Versions": [
                {"Key": key, "VersionId": version_id}
                for key in sorted(self.versions)
                if key.startswith(parameters["Prefix"])
                for version_id, _ in self.versions[key]
            ]
        }

    def _delete_object(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        left = [
            one
            for one in self.versions.get(parameters["Key"], [])
            if one[0] != parameters.get("VersionId")
        ]
        if left:
            self.versions[parameters["Key"]] = left
        else:
            self.versions.pop(parameters["Key"], None)
        return {}
