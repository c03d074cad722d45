"""Admit calls that came through CloudFront and AWS WAF, or by the domain for partners.

CloudFront adds a secret header to each call, and a header with the viewer's IP address, which a
CloudFront function overwrites so that viewers cannot set it. The source address that API Gateway
reports is that of CloudFront.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final

from precert.names import ORIGIN_SECRET_HEADER, VIEWER_ADDRESS_HEADER, VIEWER_HOST_HEADER

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every response of the functions; CloudFront replaces them with the portal's headers."""
_ADDRESS: Final = re.compile(r"[0-9a-fA-F.:]{2,45}")


@dataclass(frozen=True)
class Edge:
    """The settings by which calls through CloudFront or the domain for partners are recognized."""

    secrets: tuple[str, ...] = ()
    """The current and the previous secret; empty if the API has no CloudFront distribution."""
    partners_domain: str | None = None
    """A domain that requires a client certificate (mutual TLS), which API Gateway verifies."""

    def admits(self, event: Mapping[str, Any]) -> bool:
        """Whether the call came through CloudFront or the domain for partners."""
        return not self.secrets or self._forwarded(event) or self._of_partner(event)

    def address(self, event: Mapping[str, Any]) -> str | None:
        """The base URL that was called, if it is the domain for partners."""
        return f"https://{self.partners_domain}" if self._of_partner(event) else None

    def source_ip(self, event: Mapping[str, Any]) -> str | None:
        """The caller's IP address. The header is trusted only in calls from CloudFront."""
        http = event["requestContext"].get("http") or {}
        found = http.get("sourceIp")
        if self._forwarded(event):
            found = (event.get("headers") or {}).get(VIEWER_ADDRESS_HEADER)
        return found if isinstance(found, str) and _ADDRESS.fullmatch(found) else None

    def base_url(self, event: Mapping[str, Any]) -> str:
        """The URL that was called, without its path. The header is trusted as in :meth:`source_ip`."""
        host = event["requestContext"].get("domainName")
        if self._forwarded(event):
            host = (event.get("headers") or {}).get(VIEWER_HOST_HEADER) or host
        return f"https://{host}"

    def _forwarded(self, event: Mapping[str, Any]) -> bool:
        sent = str((event.get("headers") or {}).get(ORIGIN_SECRET_HEADER, "")).encode()
        return any(compare_digest(sent, secret.encode()) for secret in self.secrets)

    def _of_partner(self, event: Mapping[str, Any]) -> bool:
        domain = event["requestContext"].get("domainName")
        return self.partners_domain is not None and domain == self.partners_domain
