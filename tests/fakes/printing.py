"""The product's own printer with the sample payer's templates, and the text of a PDF."""

import io
from functools import cache
from typing import Any

from pypdf import PageObject, PdfReader

from precert.adapters.typst_printer import TypstPrinter
from tests.fakes.samples import DATA


@cache
def printer() -> TypstPrinter:
    return TypstPrinter(DATA / "payer" / "templates")


def opened(document: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(document), strict=True)


def outside_pages(document: bytes) -> list[str]:
    """Text that is positioned outside its page, where neither a screen nor paper shows it."""
    return [text for page in opened(document).pages for text in _outside(page)]


def _outside(page: PageObject) -> list[str]:
    found = list[str]()
    width, height = float(page.mediabox.width), float(page.mediabox.height)

    def visit(text: str, cm: Any, tm: Any, _font: Any, _size: Any) -> None:
        x = cm[0] * tm[4] + cm[2] * tm[5] + cm[4]
        y = cm[1] * tm[4] + cm[3] * tm[5] + cm[5]
        if text.strip() and not (0 <= x <= width and 0 <= y <= height):
            found.append(text)

    page.extract_text(visitor_text=visit)
    return found


def text_of(document: bytes) -> str:
    """All printed text in one line, without the places where a word may break."""
    pages = [page.extract_text() for page in opened(document).pages]
    return " ".join(" ".join(pages).replace("\u200b", "").split())
