"""Pictures: JPEG, PNG, GIF and TIFF."""

from collections.abc import Mapping
from functools import cache, partial
from io import BytesIO
from struct import pack
from typing import Any, Final
from zlib import compress, crc32

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


def tiff(order: str, *, big: bool = False, changed: Mapping[int, int] | None = None) -> bytes:
    """One page of 2 by 2 gray pixels; ``<`` or ``>`` is the byte order.

    ``changed`` has other values of tags; a tag with -1 is omitted.
    """
    wide, count = ("Q", "Q") if big else ("I", "H")
    values = {256: 2, 257: 2, 258: 8, 259: 1, 262: 1, 273: 0, 278: 2, 279: 4} | dict(changed or {})
    entries = [(tag, value) for tag, value in sorted(values.items()) if value >= 0]
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


def tiff_in_a_circle() -> bytes:
    """A page whose directory names itself as the next."""
    body = bytearray(tiff("<"))
    body[-8:-4] = pack("<I", 8)
    return bytes(body)


def tiff_without_a_next_directory() -> bytes:
    """The data first, and the directory at the end, without the offset of another."""
    body = tiff("<")
    data, directory = body[-4:], bytearray(body[8:-8])
    for at in range(2, len(directory), 12):
        if directory[at : at + 2] == pack("<H", 273):
            directory[at + 8 : at + 12] = pack("<I", 8)
    return b"II*\0" + pack("<I", 12) + data + bytes(directory)


@cache
def fax(compression: str) -> bytes:
    """Two pages as a fax machine writes them: black and white, one strip for each row."""
    out = BytesIO()
    page = Image.radial_gradient("L").resize((200, 100)).convert("1")
    page.save(
        out,
        "TIFF",
        compression=compression,
        save_all=True,
        append_images=[page.rotate(180)],
        tiffinfo={278: 1},
        dpi=(204, 196),
    )
    return out.getvalue()


def many_directories(directories: int, strips: int) -> bytes:
    """Directories that all name one table of strips."""
    lengths = 8 + 4 * strips
    at = lengths + 4 * strips
    out = bytearray(b"II*\0" + pack("<I", at) + pack("<I", 8) * strips + bytes(4 * strips))
    for number in range(directories):
        entries = [(256, 3, 1, 1), (257, 3, 1, 1), (259, 3, 1, 4), (273, 4, strips, 8)]
        at += 2 + 12 * (len(entries) + 1) + 4
        out += pack("<H", len(entries) + 1)
        out += b"".join(pack("<HHII", *entry) for entry in entries)
        out += pack("<HHIII", 279, 4, strips, lengths, at if number + 1 < directories else 0)
    return bytes(out)


@cache
def noise(kind: str, size: tuple[int, int], compression: str | None = None) -> bytes:
    """A picture that compresses as badly as a photograph."""
    out = BytesIO()
    Image.effect_noise(size, 40).save(out, kind, compression=compression)
    return out.getvalue()


def damaged_lzw(kind: str) -> bytes:
    """A run of ones in the compressed data is a code that no stream has defined so early."""
    body = bytearray(noise(kind, (300, 200), "tiff_lzw"))
    at = 850 if kind == "GIF" else 20
    body[at : at + 6] = b"\xff" * 6
    return bytes(body)


def taller_gif() -> bytes:
    """A picture whose header states more rows than its data has."""
    body = bytearray(gif())
    at = body.index(b"\x2c\0\0\0\0") + 7
    body[at : at + 2] = pack("<H", 480)
    return bytes(body)


def after_first_segment(added: bytes) -> bytes:
    """A JPEG with bytes between its first segment and the next."""
    body = jpeg()
    end = 4 + int.from_bytes(body[4:6])
    return body[:end] + added + body[end:]


def with_frame(marker: int) -> bytes:
    return jpeg().replace(b"\xff\xc0\x00", bytes((0xFF, marker, 0)), 1)


def without_segments(marker: int) -> bytes:
    """A JPEG that lacks the segments with this marker."""
    body = jpeg()
    while (at := body.find(bytes((0xFF, marker, 0)))) >= 0:
        body = body[:at] + body[at + 2 + int.from_bytes(body[at + 2 : at + 4]) :]
    return body


def without_last_scans() -> bytes:
    """A progressive JPEG that ends after its second scan."""
    body = picture("JPEG", progressive=True)
    second = body.index(b"\xff\xda", body.index(b"\xff\xda") + 2)
    return body[: body.index(b"\xff\xda", second + 2)]


def of_several_pictures() -> bytes:
    """A JPEG of a telephone's camera: an index of pictures (MPF), and the second picture behind it."""
    index = b"\xff\xe2\x00\x0aMPF\0II*\0"
    return after_first_segment(index) + jpeg()


@cache
def cmyk() -> bytes:
    out = BytesIO()
    Image.radial_gradient("L").convert("CMYK").save(out, "JPEG")
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))


def png_of(*chunks: bytes, width: int = 2, height: int = 2) -> bytes:
    header = pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


PIXELS: Final = chunk(b"IDAT", compress(bytes(6)))


def cut(body: bytes, by: int = 8) -> bytes:
    return body[:-by]


def of_size(body: bytes, side: int) -> bytes:
    """A JPEG whose frame states another size."""
    at = body.index(b"\xff\xc0") + 5
    return body[:at] + pack(">HH", side, side) + body[at + 4 :]


def of_precision(bits: int) -> bytes:
    """A JPEG whose frame states another number of bits of a sample."""
    body = jpeg()
    at = body.index(b"\xff\xc0") + 4
    return body[:at] + bytes((bits,)) + body[at + 1 :]


def damaged_scan() -> bytes:
    """A JPEG whose compressed data contains a marker that no decoder expects there."""
    body = jpeg()
    at = body.index(b"\xff\xda") + 40
    return body[:at] + b"\xff\xc0\0\x0b" + body[at + 4 :]


def damaged_fax() -> bytes:
    """A fax with the data of another compression."""
    return fax("group4").replace(pack("<HHII", 259, 3, 1, 4), pack("<HHII", 259, 3, 1, 8))


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
    Sample("bytes between segments", "scan.jpg", lambda: after_first_segment(bytes(5))),
    Sample("fill bytes between segments", "scan.jpg", lambda: after_first_segment(b"\xff" * 9)),
    Sample("a picture of a camera", "scan.jpg", of_several_pictures),
    Sample("a picture for print", "scan.jpg", cmyk),
    Sample("half a progressive picture", "scan.jpg", without_last_scans, Refusal.DAMAGED),
    Sample("a frame of another kind", "scan.jpg", lambda: with_frame(0xC3), Refusal.DAMAGED),
    Sample("a picture of 12 bits", "scan.jpg", lambda: of_precision(12), Refusal.UNSUPPORTED),
    Sample("a damaged scan", "scan.jpg", damaged_scan, Refusal.DAMAGED),
    Sample("no Huffman table", "scan.jpg", lambda: without_segments(0xC4)),
    Sample("no other table", "scan.jpg", lambda: without_segments(0xDB), Refusal.DAMAGED),
    Sample("no frame", "scan.jpg", lambda: without_segments(0xC0), Refusal.DAMAGED),
    Sample("a picture of a wall", "scan.jpg", lambda: of_size(jpeg(), 0xFFFF), Refusal.TOO_COMPLEX),
    Sample("another picture", "scan.jpeg", png, Refusal.CONTENT),
    Sample("an archive behind it", "scan.jpg", lambda: jpeg() + archive(a="b"), Refusal.CONTENT),
    Sample("a picture", "scan.png", png),
    Sample("an uppercase ending", "SCAN.PNG", png),
    Sample("another picture", "scan.png", jpeg, Refusal.CONTENT),
    Sample("a truncated picture", "scan.png", lambda: cut(png(), 40), Refusal.DAMAGED),
    Sample("a changed byte", "scan.png", chunk_changed, Refusal.DAMAGED),
    Sample("a signature alone", "scan.png", lambda: png()[:8], Refusal.DAMAGED),
    Sample("a drawing with a script", "scan.png", lambda: SVG, Refusal.CONTENT),
    Sample("an archive behind it", "scan.png", lambda: png() + archive(a="b"), Refusal.CONTENT),
    Sample("bytes behind it", "scan.png", lambda: png() + bytes(100)),
    Sample("a chunk of a program", "scan.png", lambda: png_of(chunk(b"prVt", b"x"), PIXELS)),
    Sample(
        "a wrong checksum of a comment",
        "scan.png",
        lambda: png_of(chunk(b"tEXt", b"Title\0knee")[:-1] + b"?", PIXELS),
        Refusal.DAMAGED,
    ),
    Sample("no pixels", "scan.png", png_of, Refusal.DAMAGED),
    Sample(
        "half its pixels",
        "a.png",
        lambda: png_of(chunk(b"IDAT", compress(b"x")[:-5])),
        Refusal.DAMAGED,
    ),
    Sample("no width", "scan.png", lambda: png_of(PIXELS, width=0), Refusal.DAMAGED),
    Sample(
        "a picture of a wall",
        "scan.png",
        lambda: png_of(PIXELS, width=1 << 20, height=1 << 20),
        Refusal.TOO_COMPLEX,
    ),
    Sample("a picture of 1987", "scan.gif", gif),
    Sample("a picture without its trailer", "scan.gif", lambda: cut(gif(), 1)),
    Sample("a picture of many colors", "scan.gif", lambda: noise("GIF", (300, 200))),
    Sample("a damaged LZW stream", "scan.gif", lambda: damaged_lzw("GIF"), Refusal.DAMAGED),
    Sample("fewer pixels than its size", "a.gif", taller_gif, Refusal.DAMAGED),
    Sample("an empty block too many", "scan.gif", lambda: cut(gif(), 1) + b"\0;"),
    Sample("a picture of 1989", "scan.gif", partial(picture, "GIF", comment=b"left knee")),
    Sample("a film", "scan.gif", partial(pages, "GIF")),
    Sample("an uppercase ending", "SCAN.GIF", gif),
    Sample("a truncated picture", "scan.gif", lambda: cut(gif(), 40), Refusal.DAMAGED),
    Sample("a signature alone", "scan.gif", lambda: gif()[:6], Refusal.DAMAGED),
    Sample(
        "a script with a picture's name", "a.gif", lambda: b"GIF89a=1;alert(1)", Refusal.DAMAGED
    ),
    Sample("another picture", "scan.gif", jpeg, Refusal.CONTENT),
    Sample("a little-endian picture", "scan.tif", lambda: tiff("<")),
    Sample("a big-endian picture", "scan.tiff", lambda: tiff(">")),
    Sample("a large-file picture", "scan.tif", lambda: tiff("<", big=True)),
    Sample(
        "a big-endian large-file picture",
        "scan.tif",
        lambda: tiff(">", big=True),
        Refusal.UNSUPPORTED,
    ),
    Sample("a picture of a library", "scan.tif", partial(picture, "TIFF")),
    Sample("a fax of three pages", "fax.tiff", partial(pages, "TIFF")),
    Sample("an uppercase ending", "FAX.TIFF", lambda: tiff("<")),
    Sample("a truncated picture", "scan.tif", lambda: cut(tiff("<"), 2), Refusal.DAMAGED),
    Sample("a fax of group 3", "fax.tif", lambda: fax("group3")),
    Sample("a fax of group 4", "fax.tif", lambda: fax("group4")),
    Sample("a fax of another compression", "fax.tif", damaged_fax, Refusal.DAMAGED),
    Sample("packed bits", "fax.tif", lambda: fax("packbits")),
    Sample("a scan with LZW", "scan.tif", partial(picture, "TIFF", compression="tiff_lzw")),
    Sample("a large scan with LZW", "scan.tif", lambda: noise("TIFF", (300, 200), "tiff_lzw")),
    Sample("a damaged LZW stream", "scan.tif", lambda: damaged_lzw("TIFF"), Refusal.DAMAGED),
    Sample("a scan with deflate", "scan.tif", partial(picture, "TIFF", compression="tiff_deflate")),
    Sample("a scan with JPEG", "scan.tif", partial(picture, "TIFF", compression="jpeg")),
    Sample("a circle of directories", "fax.tif", tiff_in_a_circle),
    Sample("no offset of another directory", "fax.tif", tiff_without_a_next_directory),
    Sample("no length of its data", "fax.tif", lambda: tiff("<", changed={279: -1})),
    Sample("too great a length of its data", "fax.tif", lambda: tiff("<", changed={279: 99})),
    Sample("less data than pixels", "a.tif", lambda: tiff("<", changed={257: 3}), Refusal.DAMAGED),
    Sample("no width", "a.tif", lambda: tiff("<", changed={256: -1}), Refusal.DAMAGED),
    Sample("one strip of two", "a.tif", lambda: tiff("<", changed={278: 1}), Refusal.DAMAGED),
    Sample("damaged deflate", "a.tif", lambda: tiff("<", changed={259: 8}), Refusal.DAMAGED),
    Sample("a rare compression", "a.tif", lambda: tiff("<", changed={259: 9}), Refusal.UNSUPPORTED),
    Sample(
        "a picture of a wall",
        "a.tif",
        lambda: tiff("<", changed={256: 1 << 20, 257: 1 << 20}),
        Refusal.TOO_COMPLEX,
    ),
    Sample("half a fax", "fax.tif", lambda: pages("TIFF")[:70000], Refusal.DAMAGED),
    Sample("a signature alone", "scan.tif", lambda: tiff(">")[:4], Refusal.DAMAGED),
    Sample("another picture", "scan.tiff", png, Refusal.CONTENT),
)
