"""The work of a parser: bounded for files made to exceed it, small for large files in order.

Steps are counted, not seconds. The parsers also read files with random changes, and raise no error
that they do not expect. Pictures and PDFs are decoded instead: ``test_inspection_limits``.
"""

import tracemalloc
from collections.abc import Callable
from random import Random
from struct import pack
from typing import Final

import pytest

from precert.adapters.inspection.budget import BYTES_PER_STEP, STEPS, Budget
from precert.adapters.inspection.content_types import INSPECTIONS, inspect_content, inspect_strictly
from precert.domain.documents import CONTENT_TYPES, Refusal, content_type_of
from tests.adapters.corpus import images, office, writing
from tests.adapters.corpus.compound import END, SECTOR
from tests.depth import depth

CORPUS: Final = (*writing.SAMPLES, *images.SAMPLES, *office.SAMPLES)
SHARE: Final = 40
"""The budget and the files of these tests are this many times smaller than those of the product."""
SIZE: Final = (20 << 20) // SHARE
"""That share of the greatest size of a document (U2)."""
OVERRUN: Final = 8192 + SIZE // BYTES_PER_STEP
"""The greatest number of steps that are spent at once: of a dictionary, or a pass over the file."""


def filled(pattern: bytes) -> bytes:
    return pattern * (SIZE // len(pattern))


def compound_of_tables() -> bytes:
    """A chain of allocation tables that returns to its first."""
    body = bytearray(office.doc())
    body[68:72] = pack("<I", 0)
    body[SECTOR : 2 * SECTOR] = pack(f"<{SECTOR // 4}I", *[END] * (SECTOR // 4 - 1), 0)
    return bytes(body)


def compound_of_streams() -> bytes:
    """Both streams, which are read, have the whole file as their sectors, in a circle."""
    body = bytearray(office.doc())
    body[SECTOR + 4 : SECTOR + 8] = pack("<I", 1)
    return bytes(body)


HOSTILE: Final[dict[str, tuple[str, Callable[[], bytes]]]] = {
    "parts of zeros": ("a.xlsx", lambda: office.bomb(office.xlsx(), 16 << 20)),
    "entries of an archive": ("a.docx", lambda: office.docx() + b"PK\1\2" * 20_001),
    "records": ("a.xls", lambda: office.record(9, bytes(4)) + filled(office.record(1))),
    "allocation tables": ("a.doc", compound_of_tables),
}
BOUNDED: Final[dict[str, tuple[str, Callable[[], bytes]]]] = {
    "a directory in a circle": ("a.doc", compound_of_streams),
    "letters": ("a.txt", lambda: filled(b"\xc3\xa9")),
}
"""Files that are at the greatest work for their size and yet within the budget."""


def inspected(file_name: str, body: bytes, budget: Budget) -> Refusal | None:
    content_type = content_type_of(file_name)
    assert content_type is not None
    return inspect_strictly(body, content_type, budget)


@pytest.mark.rule("U7")
@pytest.mark.parametrize("about", HOSTILE)
def test_file_is_refused_as_too_complex_when_it_exceeds_the_budget(about: str) -> None:
    file_name, make = HOSTILE[about]
    body, budget = make(), Budget(STEPS // SHARE)
    assert inspected(file_name, body, budget) is Refusal.TOO_COMPLEX
    assert budget.left >= -OVERRUN


@pytest.mark.rule("U7")
@pytest.mark.parametrize("about", BOUNDED)
def test_work_stays_within_the_budget_when_a_file_repeats_one_element(about: str) -> None:
    file_name, make = BOUNDED[about]
    body, budget = make(), Budget(STEPS // SHARE)
    inspected(file_name, body, budget)
    assert budget.left >= -OVERRUN


LARGE: Final[dict[str, tuple[str, Callable[[], bytes]]]] = {
    "rows of a workbook": ("labs.xlsx", lambda: office.rows(5_000)),
    "lines of text": ("note.txt", lambda: b"Hemoglobin 13.5 g/dL\r\n" * 100_000),
}


@pytest.mark.rule("U7")
@pytest.mark.parametrize("about", LARGE)
def test_large_file_needs_a_small_part_of_the_budget_when_it_is_in_order(about: str) -> None:
    file_name, make = LARGE[about]
    budget = Budget()
    assert inspected(file_name, make(), budget) is None
    assert STEPS - budget.left < STEPS // 10


@pytest.mark.rule("U7")
def test_memory_is_that_of_pieces_when_a_file_unpacks_to_much_more() -> None:
    file_name, make = HOSTILE["parts of zeros"]
    body = make()
    tracemalloc.start()
    inspected(file_name, body, Budget())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * len(body) + (4 << 20)


def changed(body: bytes, random: Random) -> bytes:
    """The file with a few random changes."""
    out = bytearray(body)
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(out) + 1)
        size = random.choice((1, 1, 2, 4, 64))
        match random.randrange(6):
            case 0:
                out[at : at + size] = random.randbytes(size)
            case 1:
                del out[at : at + size]
            case 2:
                out[at:at] = random.randbytes(size)
            case 3:
                out[at : at + 4] = random.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"))
            case 4:
                out[at:at] = out[random.randrange(len(out) + 1) :][:size]
            case _:
                del out[at:]
        if not out:
            return b"x"
    return bytes(out)


@pytest.mark.rule("U7")
@pytest.mark.parametrize(
    "ending", sorted(e for e in CONTENT_TYPES if CONTENT_TYPES[e] in INSPECTIONS)
)
def test_parser_raises_no_unexpected_error_when_a_file_has_random_changes(ending: str) -> None:
    bodies = [s.make() for s in CORPUS if s.file_name.lower().endswith(ending)]
    random = Random(ending)
    for _ in range(depth(150, 20_000)):
        body, budget = changed(random.choice(bodies), random), Budget()
        inspected(f"a{ending}", body, budget)
        assert STEPS - budget.left < STEPS // 10


def test_file_is_refused_as_damaged_when_a_parser_raises_an_unexpected_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(body: bytes, budget: Budget) -> None:
        raise RuntimeError

    monkeypatch.setitem(INSPECTIONS, "text/plain", broken)
    assert inspect_content(b"text", "text/plain") is Refusal.DAMAGED
