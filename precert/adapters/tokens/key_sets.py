"""The keys of clients, at their addresses or in their registrations (port ``KeySets``)."""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from precert.adapters.public_https import PublicAddressError
from precert.domain.clients import (
    FormerKeys,
    NotVerifiedError,
    PublicKey,
    RegisteredClient,
    public_keys,
)

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
        return self._with_former(client, now, REUSED)

    def keys_again(self, client: RegisteredClient, now: datetime) -> tuple[PublicKey, ...]:
        return self._with_former(client, now, READ_AGAIN_AFTER)

    def _with_former(
        self, client: RegisteredClient, now: datetime, reused: timedelta
    ) -> tuple[PublicKey, ...]:
        """The keys of a client, and after them the earlier ones, while they are accepted."""
        former = client.former_keys(now)
        if former is None:
            return self._of(client, now, reused)
        earlier: tuple[PublicKey, ...] = ()
        with suppress(NotVerifiedError):
            earlier = self._of(former, now, reused)
        try:
            return (*self._of(client, now, reused), *earlier)
        except NotVerifiedError:
            # The client may still sign with an earlier key.
            if not earlier:
                raise
            return earlier

    def _of(
        self, holder: RegisteredClient | FormerKeys, now: datetime, reused: timedelta
    ) -> tuple[PublicKey, ...]:
        return holder.jwks if holder.jwks_url is None else self._keys(holder.jwks_url, now, reused)

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
