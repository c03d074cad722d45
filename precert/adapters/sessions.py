"""AWS clients as boto3 makes them, without boto3.

It adds resources and managed transfers, which nothing here uses, and their imports to every cold
start (``bench/README.md``). Region, profile, credentials and endpoints are botocore's to find, as ever.
"""

from typing import TYPE_CHECKING, Any

from botocore.session import get_session

if TYPE_CHECKING:
    from botocore.config import Config


class ClientSession:
    """As much of ``boto3.Session`` as is used."""

    def __init__(self) -> None:
        self._session = get_session()

    @property
    def region_name(self) -> str | None:
        region: str | None = self._session.get_config_variable("region")
        return region

    def client(
        self, name: str, *, config: "Config | None" = None, endpoint_url: str | None = None
    ) -> Any:
        return self._session.create_client(name, config=config, endpoint_url=endpoint_url)
