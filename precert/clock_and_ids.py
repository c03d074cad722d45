"""The clock, ids and random values: the only module that reads the clock or randomness."""

import random
import secrets
from datetime import UTC, datetime
from hashlib import sha256
from uuid import uuid4

from ulid import ULID

from precert.domain.values import SERIAL_LIMIT


def utc_now() -> datetime:
    return datetime.now(UTC)


def random_id() -> str:
    """Return an id that sorts by time and cannot be guessed (ULID)."""
    return str(ULID())


def id_from_key(tin: str, subject: str, key: str) -> str:
    """Return an id that is derived from the caller and an idempotency key."""
    digest = sha256(f"{tin}\x1f{subject}\x1f{key}".encode()).digest()
    return str(ULID.from_bytes(digest[:16]))


def id_of_received(content: str) -> str:
    """Return the id of a document in a partner's call, which is derived from its content."""
    return id_from_key("-", "document", content)


def random_serial() -> int:
    return secrets.randbelow(SERIAL_LIMIT)


def random_key() -> bytes:
    """Return a random key for HMAC-SHA-256."""
    return secrets.token_bytes(32)


def random_password() -> str:
    """Return a temporary password with upper and lower case letters, digits and symbols."""
    return f"{secrets.token_urlsafe(18)}-aA1"


def random_uuid() -> str:
    return str(uuid4())


def random_share() -> float:
    """Return a pseudo-random number from 0 up to 1, for delays between retries."""
    return random.random()


def seed_again() -> None:
    """Seed the pseudo-random generator from the operating system's.

    Environments that are restored from one snapshot would otherwise generate the same numbers.
    """
    random.seed()
