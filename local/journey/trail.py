"""The visible trail: what a person does, what moved behind it, and what each step proved."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import httpx

AWAIT_SECONDS: Final = 60.0
SIGN_OF_LIFE_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.1

Found = TypeVar("Found")


class DeviationError(Exception):
    """Something was not as expected: what it was about, what was expected, what came instead."""

    def __init__(self, about: str, expected: object, got: object) -> None:
        super().__init__(f"{about}: expected {expected!r}, got {got!r}")


def expect(about: str, got: object, expected: object) -> None:
    """Go on only if it is as expected.

    Raises:
        DeviationError: it is not.
    """
    if got != expected:
        raise DeviationError(about, expected, got)


def answer(about: str, response: httpx.Response, status: int) -> Any:
    """The body of an answer that has the expected status."""
    if response.status_code != status:
        raise DeviationError(about, status, f"{response.status_code} {response.text[:300]}")
    return response.json() if response.content else None


def told_instant(instant: str) -> str:
    """An instant of an answer, to the minute."""
    return f"{instant[:10]} {instant[11:16]} UTC"


@dataclass
class Trail:
    """Tells the journey; ``say`` prints or, in tests, keeps quiet."""

    say: Callable[[str], None]
    proven: list[tuple[str, str]] = field(default_factory=list)

    def chapter(self, title: str) -> None:
        self.say(f"\n{title}")

    def step(self, told: str) -> None:
        """What a person does, as they would tell it."""
        self.say(f"  • {told}")

    def behind(self, moved: str) -> None:
        """What moved in the cloud behind it."""
        self.say(f"      {moved}")

    def prove(self, what: str, how: str) -> None:
        """Note for the table at the end."""
        self.proven.append((what, how))

    def until(
        self, about: str, look: Callable[[], Found | None], seconds: float = AWAIT_SECONDS
    ) -> Found:
        """Wait until ``look`` finds something, with a sign of life while it takes long.

        Raises:
            DeviationError: it did not within ``seconds``.
        """
        began = time.monotonic()
        shown = began
        while (found := look()) is None:
            now = time.monotonic()
            if now - began > seconds:
                raise DeviationError(about, "to happen", f"nothing within {seconds:.0f} s")
            if now - shown > SIGN_OF_LIFE_SECONDS:
                shown = now
                self.say(f"      … {about}, {now - began:.0f} s")
            time.sleep(_POLL_SECONDS)
        return found
