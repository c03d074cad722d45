"""Calls to the public Internet, where partners name hosts: which addresses, and whose certificates."""

import ssl
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

import certifi

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NOT_PUBLIC: Final = tuple(
    IPv6Network(one) for one in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
"""Of the global unicast addresses: protocols, documentation, and tunnels to IPv4 addresses."""
_NOT_PUBLIC_IPV4: Final = tuple(
    IPv4Network(one)
    for one in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15")
)
"""Beside those in Python's tables, which differ between 3.11 and 3.12."""


def is_public(address: str) -> bool:
    """Whether an address is one of the public Internet."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        return _is_public_ipv6(found)
    return _is_public_ipv4(found)


def _is_public_ipv4(found: IPv4Address) -> bool:
    special = found.is_multicast or found.is_reserved or found.is_unspecified
    return found.is_global and not special and not any(found in one for one in _NOT_PUBLIC_IPV4)


def _is_public_ipv6(found: IPv6Address) -> bool:
    public = found in _GLOBAL_UNICAST and found.is_global
    return public and not any(found in one for one in _NOT_PUBLIC)


def public_tls_context() -> ssl.SSLContext:
    """Trusts the public certificate authorities of certifi, whatever the runtime trusts itself."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
