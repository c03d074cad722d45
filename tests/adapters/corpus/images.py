"""Pictures: JPEG, PNG, GIF and TIFF."""

from functools import cache, partial
from io import BytesIO
from struct import pack
from typing import Any, Final

from PIL import Image

from precert.domain.documents import Refusal
from tests.adapters.corpus import Sample
from tests.adapters.corpus.office import archive


@cache
def picture(kind: str, **options: Any) -> bytes:
    out = BytesIO()
    Image.radial_gradient("L").resize((64, 48)).save(out, kind, **options)
    return out.getvalue()


@cache
def pages(kind: str) -> bytes:
    """Several pictures in one file."""
    out, page = BytesIO(), Image.linear_gradient("L")
    page.save(out, kind, save_all=True, append_images=[page.rotate(90), page.rotate(180)])
    return out.getvalue()


def tiff(order: str, *, big: bool = False) -> bytes:
    """One page of 2 by 2 gray pixels; ``<`` or ``>`` is the byte order."""
    wide, count = ("Q", "Q") if big else ("I", "H")
    entries = [(256, 2), (257, 2), (258, 8), (259, 1), (262, 1), (273, 0), (278, 2), (279, 4)]
    first = 16 if big else 8
    data = first + (8 if big else 2) + len(entries) * (20 if big else 12) + (8 if big else 4)
    head = {"<": b"II", ">": b"MM"}[order] + (
        pack(f"{order}HHHQ", 43, 8, 0, first) if big else pack(f"{order}HI", 42, first)
    )
    directory = b"".join(
        pack(f"{order}HH{wide}{wide}", tag, 16 if big else 4, 1, data if tag == 273 else value)
        for tag, value in entries
    )
    return (
        head
        + pack(f"{order}{count}", len(entries))
        + directory
        + pack(f"{order}{wide}", 0)
        + b"\x00\x55\xaa\xff"
    )


def cut(body: bytes, by: int = 8) -> bytes:
    return body[:-by]


def chunk_changed() -> bytes:
    body = bytearray(picture("PNG"))
    body[len(body) // 2] ^= 0xFF
    return bytes(body)


jpeg, png, gif = (partial(picture, kind) for kind in ("JPEG", "PNG", "GIF"))
SVG: Final = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"

SAMPLES: Final = (
    Sample("a picture", "scan.jpg", jpeg),
    Sample("a picture", "scan.jpeg", jpeg),
    Sample("an uppercase ending", "SCAN.JPG", jpeg),
    Sample("a progressive picture", "scan.jpg", partial(picture, "JPEG", progressive=True)),
    Sample("bytes that a camera adds", "scan.jpg", lambda: jpeg() + bytes(100)),
    Sample("a truncated picture", "scan.jpg", lambda: cut(jpeg(), 40), Refusal.DAMAGED),
    Sample("a signature alone", "scan.jpg", lambda: jpeg()[:3], Refusal.DAMAGED),
    Sample("another picture", "scan.jpeg", png, Refusal.CONTENT),
    Sample("an archive behind it", "scan.jpg", lambda: jpeg() + archive(a="b"), Refusal.CONTENT),
    Sample("a picture", "scan.png", png),
    Sample("an uppercase ending", "SCAN.PNG", png),
    Sample("another picture", "scan.png", jpeg, Refusal.CONTENT),
    Sample("a truncated picture", "scan.png", lambda: cut(png()), Refusal.DAMAGED),
    Sample("a changed byte", "scan.png", chunk_changed, Refusal.DAMAGED),
    Sample("a signature alone", "scan.png", lambda: png()[:8], Refusal.DAMAGED),
    Sample("a drawing with a script", "scan.png", lambda: SVG, Refusal.CONTENT),
    Sample("an archive behind it", "scan.png", lambda: png() + archive(a="b"), Refusal.CONTENT),
    Sample("a picture of 1987", "scan.gif", gif),
    Sample("a picture of 1989", "scan.gif", partial(picture, "GIF", comment=b"left knee")),
    Sample("a film", "scan.gif", partial(pages, "GIF")),
    Sample("an uppercase ending", "SCAN.GIF", gif),
    Sample("a truncated picture", "scan.gif", lambda: cut(gif(), 2), Refusal.DAMAGED),
    Sample("a signature alone", "scan.gif", lambda: gif()[:6], Refusal.DAMAGED),
    Sample(
        "a script with a picture's name", "a.gif", lambda: b"GIF89a=1;alert(1)", Refusal.DAMAGED
    ),
    Sample("another picture", "scan.gif", jpeg, Refusal.CONTENT),
    Sample("a little-endian picture", "scan.tif", lambda: tiff("<")),
    Sample("a big-endian picture", "scan.tiff", lambda: tiff(">")),
    Sample("a large-file picture", "scan.tif", lambda: tiff("<", big=True)),
    Sample("a big-endian large-file picture", "scan.tif", lambda: tiff(">", big=True)),
    Sample("a picture of a library", "scan.tif", partial(picture, "TIFF")),
    Sample("a fax of three pages", "fax.tiff", partial(pages, "TIFF")),
    Sample("an uppercase ending", "FAX.TIFF", lambda: tiff("<")),
    Sample("a truncated picture", "scan.tif", lambda: cut(tiff("<"), 2), Refusal.DAMAGED),
    Sample("half a fax", "fax.tif", lambda: pages("TIFF")[:70000], Refusal.DAMAGED),
    Sample("a signature alone", "scan.tif", lambda: tiff(">")[:4], Refusal.DAMAGED),
    Sample("another picture", "scan.tiff", png, Refusal.CONTENT),
)
