"""The product's own printer with the sample payer's templates, and the text of a PDF."""

import io
from functools import cache

from pypdf import PdfReader

from precert.adapters.typst_printer import TypstPrinter
from tests.fakes.samples import DATA


@cache
def printer() -> TypstPrinter:
    return TypstPrinter(DATA / "payer" / "templates")


def opened(document: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(document), strict=True)


def text_of(document: bytes) -> str:
    """All printed text in one line, without the places where a word may break."""
    pages = [page.extract_text() for page in opened(document).pages]
    return " ".join(" ".join(pages).replace("\u200b", "").split())
