"""How a call reached the API: through CloudFront and AWS WAF, or by the domain of partners.

CloudFront adds a secret to each call, and the address of the viewer, which a function of the
distribution sets in place of what the viewer sent. API Gateway itself sees the address of CloudFront.
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
"""Of every answer of the functions; CloudFront replaces them by those of the portal."""
_ADDRESS: Final = re.compile(r"[0-9a-fA-F.:]{2,45}")


@dataclass(frozen=True)
class Edge:
    """What identifies calls that came through CloudFront or the domain of partners."""

    secrets: tuple[str, ...] = ()
    """The current secret and the one before it; without one, the API has no edge before it."""
    partners_domain: str | None = None
    """A domain that requires a client certificate, which API Gateway verifies itself."""

    def admits(self, event: Mapping[str, Any]) -> bool:
        """Whether the call came on one of the two ways."""
        return not self.secrets or self._forwarded(event) or self._of_partner(event)

    def address(self, event: Mapping[str, Any]) -> str | None:
        """The address of the API that was called, if it is the domain of partners."""
        return f"https://{self.partners_domain}" if self._of_partner(event) else None

    def source_ip(self, event: Mapping[str, Any]) -> str | None:
        """The address of the caller; a header is trusted only from CloudFront."""
        http = event["requestContext"].get("http") or {}
        found = http.get("sourceIp")
        if self._forwarded(event):
            found = (event.get("headers") or {}).get(VIEWER_ADDRESS_HEADER)
        return found if isinstance(found, str) and _ADDRESS.fullmatch(found) else None

    def base_url(self, event: Mapping[str, Any]) -> str:
        """The address that the caller called, without a path; a header is trusted as above."""
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
