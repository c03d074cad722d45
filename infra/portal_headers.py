"""The headers of the portal's files: CloudFront and the local cloud send the same.

This module imports no CDK, so that the local cloud can use it without loading the CDK.
"""

from collections.abc import Iterable
from typing import Final

SIGNED_IN_PATH: Final = "/signed-in"
"""Where the identity provider returns the user with the authorization code."""

CONFIGURATION_PATH: Final = "/config.json"
ASSETS_PREFIX: Final = "assets/"
"""The folder of files whose names contain the hash of their content."""

IMMUTABLE: Final = "public, max-age=31536000, immutable"
REVALIDATED: Final = "no-cache"
"""The file may be stored, and is requested again with its ETag each time."""

HSTS_SECONDS: Final = 63_072_000
"""Two years."""

PERMISSIONS_POLICY: Final = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "payment",
        "usb",
    )
)


def content_security_policy(*, sign_in: Iterable[str], documents: Iterable[str]) -> str:
    """Return what the portal may load and call.

    ``sign_in`` are the origins of the identity provider's endpoints that the page calls, ``documents``
    those of the documents bucket, from which documents are shown and to which they are uploaded.
    """
    stored = tuple(documents)
    directives: dict[str, tuple[str, ...]] = {
        "default-src": ("'none'",),
        "script-src": ("'self'",),
        "style-src": ("'self'",),
        "font-src": ("'self'",),
        "manifest-src": ("'self'",),
        "img-src": ("'self'", "data:", "blob:", *stored),
        "connect-src": tuple(dict.fromkeys(("'self'", *sign_in, *stored))),
        # A browser's PDF viewer runs in a frame, and needs an object in frames of blobs.
        "frame-src": ("blob:", *stored),
        "object-src": ("blob:",),
        "base-uri": ("'none'",),
        "form-action": ("'self'",),
        "frame-ancestors": ("'none'",),
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in directives.items())


def security_headers(*, sign_in: Iterable[str], documents: Iterable[str]) -> dict[str, str]:
    """Return the security headers of every response of the portal's address."""
    return {
        "Content-Security-Policy": content_security_policy(sign_in=sign_in, documents=documents),
        "Strict-Transport-Security": f"max-age={HSTS_SECONDS}; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": PERMISSIONS_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def cache_control(key: str) -> str:
    """Return the caching of a file, by its path below the portal's folder."""
    return IMMUTABLE if key.startswith(ASSETS_PREFIX) else REVALIDATED


def is_page(path: str) -> bool:
    """Return whether the path is a page, which ``index.html`` renders: it has no file extension."""
    return "." not in path.rpartition("/")[2]
