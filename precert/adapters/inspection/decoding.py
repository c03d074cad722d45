"""Decode an image or a PDF: the program of the process that :mod:`.content_types` starts.

Pillow and pdfium read untrusted bytes in native code, so the process has limits of processor time and
memory, and no credentials in its environment. The program imports no other module of the product, so
that it starts fast. It reads the document from standard input and writes the result to standard output.
"""

import logging
import resource
import sys
import warnings
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

Result = Literal["damaged_file", "password_protected", "too_complex", "unsupported_encoding"]
"""A code of :class:`~precert.domain.documents.Refusal`."""

PIXELS: Final = 1 << 27
"""Maximum pixels of an image: a drawing of 30 by 48 inches at 300 dots per inch has 130 million. Pillow
needs up to four bytes per pixel.
"""
_MOTOROLA_BIG_TIFF: Final = b"MM\0+"
"""Big-endian BigTIFF, which Pillow does not support and reports as damaged."""
PAGES: Final = 500
"""Maximum number of pages of a PDF that are read; further pages are not inspected."""


def decode_picture(body: bytes, content_type: str) -> Result | None:
    """Decode all pixels: of the first image of a JPEG or PNG, and of every page of other formats.

    Returns why the image is refused, or ``None``.
    """
    from PIL import GifImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

    readers: Mapping[str, Callable[[BytesIO], ImageFile]] = {
        "image/gif": GifImagePlugin.GifImageFile,
        "image/jpeg": JpegImagePlugin.JpegImageFile,
        "image/png": PngImagePlugin.PngImageFile,
        "image/tiff": TiffImagePlugin.TiffImageFile,
    }
    if body.startswith(_MOTOROLA_BIG_TIFF):
        return "unsupported_encoding"
    try:
        picture = readers[content_type](BytesIO(body))
        number = 0
        while number == 0 or (
            content_type in ("image/gif", "image/tiff") and _has(picture, number)
        ):
            if picture.width * picture.height > PIXELS:
                return "too_complex"
            if content_type == "image/tiff" and _lacks_rows(picture):
                return "damaged_file"
            picture.load()
            number += 1
    except SyntaxError as error:
        # Pillow does not support the encoding, or it is a JPEG with 12 or 16 bits per sample.
        is_unknown = isinstance(error.__cause__, KeyError) or "-bit layers" in str(error)
        return "unsupported_encoding" if is_unknown else "damaged_file"
    return None


def _lacks_rows(picture: "ImageFile") -> bool:
    """Whether a page of a TIFF has too few strips for its height, so that the rest would be black."""
    return (
        max((extents[3] for _, extents, *_ in picture.tile if extents), default=0) < picture.height
    )


def _has(picture: "ImageFile", number: int) -> bool:
    """Go to the page with this number; returns whether it exists."""
    try:
        picture.seek(number)
    except EOFError:
        return False
    return True


def decode_pdf(body: bytes) -> Result | None:
    """Open the document without a password, and read its pages.

    Returns why the document is refused, or ``None``.
    """
    from pypdfium2 import PdfDocument, PdfiumError, raw

    try:
        document = PdfDocument(body)
    except PdfiumError as error:
        # Documents that are encrypted for a certificate have a handler that pdfium lacks.
        is_protected = error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        return "password_protected" if is_protected else "damaged_file"
    try:
        count = len(document)
        for number in range(min(count, PAGES)):
            document[number].close()
    finally:
        document.close()
    return None if count else "damaged_file"


def decode(body: bytes, content_type: str) -> Result | None:
    """Return why the document is refused, or ``None``."""
    with warnings.catch_warnings():
        # Pillow emits warnings about metadata that it cannot read.
        warnings.simplefilter("ignore")
        try:
            if content_type == "application/pdf":
                return decode_pdf(body)
            return decode_picture(body, content_type)
        except (MemoryError, RecursionError):
            return "too_complex"
        except Exception:  # noqa: BLE001 - libraries raise errors of many types on a crafted file
            return "damaged_file"


def main(content_type: str, seconds: int, memory: int) -> None:
    """Decode the document in standard input. The limits are ``seconds`` of processor time and bytes of
    ``memory``.
    """
    logging.disable(logging.CRITICAL)
    # macOS, which is only used for the local cloud, rejects a limit of memory.
    for kind, limit in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory)):
        if sys.platform == "linux" or kind != resource.RLIMIT_AS:
            resource.setrlimit(kind, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.write(decode(sys.stdin.buffer.read(), content_type) or "")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
