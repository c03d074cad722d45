"""A handler that submits, with its AWS calls: ``MODULE CALLS``, or ``MODULE lines`` of its second call.

``BENCH_EVENT`` is the file with the event. What is counted are the executed lines of the product.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from bench.workers import harness
from precert.bootstrap import dependencies


class Lines:
    """Executed lines of the product's modules."""

    count = 0

    def trace(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "call" and not self._is_own(frame):
            return None
        self.count += event == "line"
        return self.trace

    @staticmethod
    def _is_own(frame: FrameType) -> bool:
        return f"{os.sep}precert{os.sep}" in (name := frame.f_code.co_filename) or (
            f"{os.sep}functions{os.sep}" in name
        )


def main() -> None:
    handle = import_module(sys.argv[1]).handle
    dependencies().now = lambda: harness.NOW
    event = json.loads(Path(os.environ["BENCH_EVENT"]).read_text(encoding="utf-8"))

    def call() -> None:
        answer = handle(event, harness.Context())
        if not 200 <= answer["statusCode"] < 300 or '"outcome": "error"' in answer["body"]:
            raise AssertionError(answer)

    if sys.argv[2] == "lines":
        call()
        lines = Lines()
        sys.settrace(lines.trace)
        call()
        sys.settrace(None)
        sys.stderr.write(str(lines.count))
        return
    for _ in range(int(sys.argv[2])):
        call()


if __name__ == "__main__":
    main()
