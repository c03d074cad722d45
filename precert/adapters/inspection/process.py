"""Run :mod:`.decoding` in a process with limits, which cannot end, block or fill the function."""

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

from precert.adapters.inspection import decoding
from precert.domain.documents import Refusal

_LIBRARIES: Final = "/var/lang/lib"
"""Where Lambda's interpreter has its library."""


@dataclass(frozen=True)
class Limits:
    """What the inspection of a document may use."""

    cpu_seconds: int = 20
    memory: int = 1200 << 20
    """Bytes of address space. The largest picture needs half; the function has more memory."""
    seconds: int = 45
    """Less than the function's timeout, for a machine that is overloaded."""


class DecoderError(Exception):
    """The program failed on its own account: the document is neither accepted nor refused."""


def decoded(body: bytes, content_type: str, limits: Limits = Limits()) -> Refusal | None:
    """Return why a picture or PDF is refused, or ``None``.

    A document that exceeds a limit, or on which a decoder crashes, is too complex.
    """
    # Nothing of the function's environment, which contains its credentials.
    environment = {"LD_LIBRARY_PATH": _LIBRARIES, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = (content_type, str(limits.cpu_seconds), str(limits.memory))
    try:
        ran = subprocess.run(  # noqa: S603 - the interpreter, with a known content type
            [sys.executable, "-P", "-S", "-m", decoding.__name__, *arguments],
            input=body,
            capture_output=True,
            env=environment,
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Refusal.TOO_COMPLEX
    if ran.returncode < 0:
        return Refusal.TOO_COMPLEX
    if ran.returncode:
        raise DecoderError(ran.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    return Refusal(ran.stdout.decode()) if ran.stdout else None
