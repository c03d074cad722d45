"""Requests with providers that do not match the directory, for tests of rule S3."""

from typing import Any, Final

from tests.adapters.callers import PROVIDER
from tests.adapters.cloud import Cloud
from tests.fakes.samples import STRANGER_TIN, entered

SERVICING: Final = "SERVICING_PROVIDER"
REQUESTING: Final = "REQUESTING_PROVIDER"
ABSENT: Final = "01J1QZ8Y7N4W3V2T1S0R9Q8P7Z"


def manually_entered(tin: str = STRANGER_TIN, **changes: Any) -> dict[str, Any]:
    """The facility as manually entered, with another TIN."""
    return {**entered()["servicing_provider"], "provider_id": None, "tin": tin, **changes}


def with_wrong_tin(cloud: Cloud) -> str:
    """A request that the wrong TIN sees in place of the facility."""
    return cloud.submitted(servicing_provider=manually_entered())


def unmatched_reasons(cloud: Cloud, request_id: str) -> dict[str, list[str]]:
    response = cloud.read(request_id, PROVIDER).body["temporary_providers"]
    return {one["role"]: one["reason_codes"] for one in response if one["reconciled_at"] is None}


def listed_roles(cloud: Cloud) -> list[tuple[str, str]]:
    reply = cloud.unmatched()
    assert reply.status == 200, reply.text
    return [(row["request_id"], row["role"]) for row in reply.body["providers"]]
