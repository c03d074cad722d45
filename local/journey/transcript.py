"""The transcript of a journey: the users' steps, what the services did, and what was verified."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import httpx

AWAIT_SECONDS: Final = 180.0
"""The time limit for asynchronous processing after a call, on an overloaded machine."""
PROGRESS_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.1
_MAX_POLL_SECONDS: Final = 0.5
_POLLS_PER_WAIT: Final = 8
"""A pause is at least an eighth of the time waited: each poll takes processor time from the service."""

Found = TypeVar("Found")


class DeviationError(Exception):
    """A result was not as expected. The message contains both values."""

    def __init__(self, about: str, expected: object, got: object) -> None:
        super().__init__(f"{about}: expected {expected!r}, got {got!r}")


def expect(about: str, got: object, expected: object) -> None:
    """Compare a value with the expected one.

    Raises:
        DeviationError: They differ.
    """
    if got != expected:
        raise DeviationError(about, expected, got)


def answer(about: str, response: httpx.Response, status: int) -> Any:
    """Return the body of a response, parsed from JSON; None if it is empty.

    Raises:
        DeviationError: The status is not the expected one.
    """
    if response.status_code != status:
        raise DeviationError(about, status, f"{response.status_code} {response.text[:300]}")
    return response.json() if response.content else None


def to_the_minute(instant: str) -> str:
    """Format a UTC timestamp of a response, in ISO 8601, to the minute."""
    return f"{instant[:10]} {instant[11:16]} UTC"


@dataclass
class Transcript:
    """Writes the steps of a journey with ``write``, which prints them or, in tests, discards them."""

    write: Callable[[str], None]
    proven: list[tuple[str, str]] = field(default_factory=list)

    def chapter(self, title: str) -> None:
        """Write the title of a part of the demo."""
        self.write(f"\n{title}")

    def step(self, text: str) -> None:
        """Write what a user did."""
        self.write(f"  • {text}")

    def effect(self, text: str) -> None:
        """Write what the AWS services did in the last step."""
        self.write(f"      {text}")

    def prove(self, what: str, how: str) -> None:
        """Add a row to the table at the end: the statement, and what verified it."""
        self.proven.append((what, how))

    def until(
        self, about: str, look: Callable[[], Found | None], seconds: float = AWAIT_SECONDS
    ) -> Found:
        """Poll ``look`` until it returns a value, which is returned; write progress of a long wait.

        Raises:
            DeviationError: It returned None for ``seconds``.
        """
        began = time.monotonic()
        shown = began
        while (found := look()) is None:
            now = time.monotonic()
            if now - began > seconds:
                raise DeviationError(about, "to happen", f"nothing within {seconds:.0f} s")
            if now - shown > PROGRESS_SECONDS:
                shown = now
                self.write(f"      … {about}, {now - began:.0f} s")
            pause = min((now - began) / _POLLS_PER_WAIT, _MAX_POLL_SECONDS)
            time.sleep(max(pause, _POLL_SECONDS))
        return found
