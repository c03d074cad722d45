"""The environment variables of a function. Only this module reads them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from precert.domain.caller import ClaimNames
from precert.names import (
    DEFAULT_ENTITLEMENTS_CLAIM,
    DEFAULT_PLANS_CLAIM,
    DEFAULT_TINS_CLAIM,
    DEFAULT_VENDORS_CLAIM,
    FHIR_PATH,
    OAUTH_PATH,
    Env,
)


class SettingsError(Exception):
    """A required environment variable is missing or invalid, or AWS is not configured."""


@dataclass(frozen=True)
class Settings:
    """Environment variables by name.

    Raises:
        SettingsError: a variable that is read is missing or invalid; the message names it.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def __getitem__(self, name: Env) -> str:
        value = self.environ.get(name.value)
        if not value:
            raise SettingsError(f"the environment variable {name.value} is not set")
        return value

    @cached_property
    def claims(self) -> ClaimNames:
        return ClaimNames(
            entitlements=self._get(Env.ENTITLEMENTS_CLAIM, DEFAULT_ENTITLEMENTS_CLAIM),
            tins=self._get(Env.TINS_CLAIM, DEFAULT_TINS_CLAIM),
            plans=self._get(Env.PLANS_CLAIM, DEFAULT_PLANS_CLAIM),
            vendors=self._get(Env.VENDORS_CLAIM, DEFAULT_VENDORS_CLAIM),
        )

    @property
    def calls_per_minute(self) -> int | None:
        """Maximum number of calls of a client per minute; ``None`` if there is no limit."""
        value = self[Env.CALLS_PER_MINUTE]
        if value == "off":
            return None
        if not value.isdecimal() or value == "0":
            raise SettingsError(f"{Env.CALLS_PER_MINUTE.value} must be off or a number of calls")
        return int(value)

    @property
    def origin_secrets(self) -> tuple[str, ...]:
        """The accepted secrets of CloudFront; empty if the API has no CloudFront distribution."""
        value = self[Env.ORIGIN_SECRETS]
        return () if value == "off" else tuple(value.split(","))

    @property
    def partners_domain(self) -> str | None:
        value = self[Env.PARTNERS_DOMAIN]
        return None if value == "none" else value

    @property
    def smart_issuer(self) -> str:
        """The issuer of SMART access tokens."""
        return f"{self[Env.PUBLIC_URL]}{OAUTH_PATH}"

    @property
    def fhir_url(self) -> str:
        """The FHIR endpoint, which is the audience of SMART access tokens."""
        return f"{self[Env.PUBLIC_URL]}{FHIR_PATH}"

    @property
    def local_jwks_url(self) -> str | None:
        """The URL of the issuer's keys in the local cloud; ``None`` in AWS."""
        endpoint = self.environ.get("AWS_ENDPOINT_URL")
        pool = self[Env.ISSUER].rpartition("/")[2]
        return f"{endpoint}/{pool}/.well-known/jwks.json" if endpoint else None

    @property
    def grants_in_table(self) -> bool:
        """Whether TINs, plans and vendors are granted in the table, instead of stated in the token."""
        match self[Env.RIGHTS]:
            case "table":
                return True
            case "claims":
                return False
        raise SettingsError(f"{Env.RIGHTS.value} must be table or claims")

    @property
    def scans_documents(self) -> bool:
        """Whether documents are scanned for malware before they can be downloaded."""
        match self[Env.SCAN_DOCUMENTS]:
            case "on":
                return True
            case "off":
                return False
        raise SettingsError(f"{Env.SCAN_DOCUMENTS.value} must be on or off")

    @property
    def calls_aws(self) -> bool:
        """Whether calls go to AWS itself, and not to the local cloud with its single host name."""
        return "AWS_ENDPOINT_URL" not in self.environ

    @property
    def notifies_locally(self) -> bool:
        """Whether subscriptions can have endpoints on this machine, which is only in the local cloud.

        There the endpoint of AWS services is on this machine. In AWS, no endpoint is configured.
        """
        address = urlsplit(self.environ.get("AWS_ENDPOINT_URL", ""))
        return address.hostname in {"localhost", "127.0.0.1"}

    def _get(self, name: Env, default: str) -> str:
        return self.environ.get(name.value) or default
