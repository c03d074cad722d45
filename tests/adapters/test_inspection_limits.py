"""The process that decodes pictures and PDFs: its limits, its environment, and how it can end."""

import resource
import subprocess
import sys
import zlib
from collections.abc import Callable
from io import BytesIO
from random import Random
from struct import pack
from typing import Any, Final

import pytest
from PIL import Image

from precert.adapters.inspection.content_types import (
    INSPECTIONS,
    DecoderError,
    Limits,
    decoded,
    inspect_content,
)
from precert.adapters.inspection.decoding import PIXELS, decode
from precert.domain.documents import CONTENT_TYPES, Refusal, content_type_of
from tests.adapters.corpus import images, writing
from tests.adapters.test_inspection_budget import CORPUS, changed
from tests.depth import depth

SMALL: Final = Limits(cpu_seconds=1, memory=200 << 20)
"""A share of the product's limits."""


def png(width: int, height: int) -> bytes:
    """A PNG of black pixels, which takes a thousandth of its size."""
    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = images.chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = images.chunk(b"IDAT", pixels)
    return b"\x89PNG\r\n\x1a\n" + header + data + images.chunk(b"IEND", b"")


def film(frames: int) -> bytes:
    """A GIF with many frames of 2000 by 2000 pixels."""
    out, black = BytesIO(), Image.new("L", (2000, 2000))
    black.save(out, "GIF", save_all=True, append_images=[Image.new("L", black.size, 255)])
    body = out.getvalue()
    first = body.index(b"\x21\xf9")
    return body[:first] + body[first:-1] * frames + b";"


def pdf_of_one_page(times: int) -> bytes:
    """A page with 300,000 lines, which the page tree names many times."""
    lines = zlib.compress(b"0 0 m 9 9 l S\n" * 300_000, 9)
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Count " + str(times).encode() + b"/Kids["
        b"" + b"3 0 R " * times + b"]>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>endobj\n"
        b"4 0 obj<</Length " + str(len(lines)).encode() + b"/Filter/FlateDecode>>stream\n"
        b"" + lines + b"\nendstream endobj\n"
        b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF"
    )


HOSTILE: Final[dict[str, tuple[str, Callable[[], bytes]]]] = {
    "directories with one table": ("a.tif", lambda: images.many_directories(2000, 500_000)),
    "frames of a film": ("a.gif", lambda: film(2000)),
    "fill bytes": ("a.jpg", lambda: b"\xff\xd8" + b"\xff" * (5 << 20)),
    "one page many times": ("a.pdf", lambda: pdf_of_one_page(100)),
    "pixels of zeros": ("a.png", lambda: png(7_000, 7_000)),
    "a picture of a wall": ("a.png", lambda: images.png_of(images.PIXELS, width=PIXELS, height=2)),
}


def content_type(file_name: str) -> str:
    found = content_type_of(file_name)
    assert found is not None
    return found


@pytest.mark.rule("U7")
@pytest.mark.parametrize("about", HOSTILE)
def test_file_is_refused_as_too_complex_when_it_exceeds_a_limit(about: str) -> None:
    file_name, make = HOSTILE[about]
    body, before = make(), resource.getrusage(resource.RUSAGE_CHILDREN)
    assert decoded(body, content_type(file_name), SMALL) is Refusal.TOO_COMPLEX
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < SMALL.cpu_seconds + 1


def pages_of_a_fax() -> bytes:
    """Fifty pages, each with one strip for each of its 2,200 rows."""
    out, page = BytesIO(), Image.new("1", (1728, 2200))
    options = {"compression": "group4", "tiffinfo": {278: 1}}
    page.save(out, "TIFF", save_all=True, append_images=[page] * 49, **options)
    return out.getvalue()


LARGE: Final[dict[str, tuple[str, Callable[[], bytes]]]] = {
    "pages of a fax": ("fax.tif", pages_of_a_fax),
    "a picture of 12 megapixels": ("scan.jpg", lambda: images.noise("JPEG", (4000, 3000))),
    "a scan of a page": ("scan.png", lambda: images.noise("PNG", (1700, 2200))),
    "pages of a document": ("note.pdf", lambda: writing.of_pages(100)),
}


@pytest.mark.rule("U7")
@pytest.mark.parametrize("about", LARGE)
def test_large_file_is_accepted_within_a_share_of_the_limits_when_it_is_in_order(
    about: str,
) -> None:
    file_name, make = LARGE[about]
    assert decoded(make(), content_type(file_name), Limits(cpu_seconds=4, memory=400 << 20)) is None


@pytest.mark.parametrize("sample", ["a.pdf", "scan.jpg"])
def test_reason_is_that_of_the_decoder_when_it_runs_in_its_process(sample: str) -> None:
    body = writing.encrypted("RC4-128", user="x") if sample == "a.pdf" else images.damaged_scan()
    reason = Refusal.PROTECTED if sample == "a.pdf" else Refusal.DAMAGED
    assert inspect_content(body, content_type(sample)) is reason


def test_credentials_are_not_passed_when_a_document_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environments: list[dict[str, str]] = []

    def run(*_: object, env: dict[str, str], **__: Any) -> subprocess.CompletedProcess[bytes]:
        environments.append(env)
        return subprocess.CompletedProcess([], 0, b"", b"")

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(subprocess, "run", run)
    decoded(images.jpeg(), "image/jpeg")
    assert set(environments[0]) == {"LD_LIBRARY_PATH", "PYTHONPATH"}


def test_file_is_refused_as_too_complex_when_its_process_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(*_: object, **__: object) -> subprocess.CompletedProcess[bytes]:
        raise subprocess.TimeoutExpired([], 45)

    monkeypatch.setattr(subprocess, "run", run)
    assert decoded(images.jpeg(), "image/jpeg") is Refusal.TOO_COMPLEX


def test_file_is_neither_accepted_nor_refused_when_the_decoder_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The event is then delivered again, and an alarm is raised."""
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(DecoderError, match="No module named 'precert'"):
        decoded(images.jpeg(), "image/jpeg")


@pytest.mark.rule("U7")
@pytest.mark.parametrize(
    "ending", sorted(e for e in CONTENT_TYPES if CONTENT_TYPES[e] not in INSPECTIONS)
)
def test_decoder_returns_a_result_when_a_file_has_random_changes(ending: str) -> None:
    """A crash of native code would end the test run."""
    bodies = [s.make() for s in CORPUS if s.file_name.lower().endswith(ending)]
    random = Random(ending)
    for _ in range(depth(50, 5_000)):
        result = decode(changed(random.choice(bodies), random), CONTENT_TYPES[ending])
        assert result is None or Refusal(result)
