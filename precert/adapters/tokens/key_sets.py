"""The keys of clients, at their addresses or in their registrations (port ``KeySets``)."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from precert.adapters.public_https import PublicAddressError
from precert.domain.clients import NotVerifiedError, PublicKey, RegisteredClient, public_keys

REUSED: Final = timedelta(minutes=5)
"""How long a key that a client removed from its address can still be used."""
READ_AGAIN_AFTER: Final = timedelta(seconds=30)
"""How often the keys are read for a key id that they do not have."""
_MOST_CLIENTS: Final = 500


class FetchedKeySets:
    """Reads an address at most once in five minutes, and for an unknown key twice a minute."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read
        self._cached: OrderedDict[str, tuple[datetime, tuple[PublicKey, ...]]] = OrderedDict()

    def keys(self, client: RegisteredClient, now: datetime) -> tuple[PublicKey, ...]:
        if client.jwks_url is None:
            return client.jwks
        return self._keys(client.jwks_url, now, REUSED)

    def keys_again(self, client: RegisteredClient, now: datetime) -> tuple[PublicKey, ...]:
        if client.jwks_url is None:
            return client.jwks
        return self._keys(client.jwks_url, now, READ_AGAIN_AFTER)

    def _keys(self, url: str, now: datetime, reused: timedelta) -> tuple[PublicKey, ...]:
        cached = self._cached.get(url)
        if cached is not None and timedelta(0) <= now - cached[0] < reused:
            return cached[1]
        try:
            found = public_keys(self._read(url))
        except (PublicAddressError, ValueError) as error:
            reason = error.reason if isinstance(error, PublicAddressError) else str(error)
            raise NotVerifiedError(f"The registered keys cannot be read: {reason}.") from None
        self._cached[url] = (now, found)
        self._cached.move_to_end(url)
        if len(self._cached) > _MOST_CLIENTS:
            self._cached.popitem(last=False)
        return found
