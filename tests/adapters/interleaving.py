"""Concurrent callers, one AWS call at a time, in an order determined by a seed.

Each caller runs in its own thread, but only one runs at any time: before each AWS call it yields,
and the seed selects the next. So every order of calls is possible, moto never gets concurrent
calls, which it does not support, and a seed that failed fails again.
"""

import threading
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Work = Callable[[], None]


class Interleaving:
    """Run workers to their end; ``attach`` it to every client whose calls are switching points."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._turn = threading.Condition()
        self._waiting: list[int] = []
        self._running: int | None = None
        self._numbers: dict[int, int] = {}
        self._errors: list[BaseException] = []
        self.order: list[int] = []

    def attach(self, client: Any) -> None:
        client.meta.events.register("before-call", self._switch)

    def detach(self, client: Any) -> None:
        client.meta.events.unregister("before-call", self._switch)

    def run(self, works: Sequence[Work]) -> None:
        """Raise what the first failed worker raised."""
        threads = [
            threading.Thread(target=self._work, args=(number, work), daemon=True)
            for number, work in enumerate(works)
        ]
        with self._turn:
            self._waiting = list(range(len(works)))
            for thread in threads:
                thread.start()
            self._choose()
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _work(self, number: int, work: Work) -> None:
        self._numbers[threading.get_ident()] = number
        try:
            self._await_turn(number)
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by the waiting test
            self._errors.append(error)
        finally:
            with self._turn:
                self._choose()

    def _switch(self, **_: Any) -> None:
        number = self._numbers.get(threading.get_ident())
        if number is None:
            return
        with self._turn:
            self._waiting.append(number)
            self._choose()
        self._await_turn(number)

    def _await_turn(self, number: int) -> None:
        with self._turn:
            self._turn.wait_for(lambda: self._running == number)

    def _choose(self) -> None:
        self._running = None
        if self._waiting:
            self._running = self._random.choice(self._waiting)
            self._waiting.remove(self._running)
            self.order.append(self._running)
        self._turn.notify_all()
