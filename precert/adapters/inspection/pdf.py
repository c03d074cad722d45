"""PDF: begin and end, whether it has pages, and whether it opens without a password.

Objects are found by their text, as viewers do when they repair a file: a cross-reference table may be
wrong in a file that every viewer opens. ISO 32000-2.
"""

import logging
import re
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Final

from precert.adapters.inspection.budget import Budget, Inflater
from precert.domain.documents import Refusal

_WHITE: Final = b"\0\t\n\x0b\f\r "
_NOT_PDF: Final = (
    *(b"PK", b"MZ", b"\x7fELF", b"GIF8", b"\x89PNG", b"\xff\xd8\xff", b"II", b"MM", b"BM"),
    *(b"\xd0\xcf\x11\xe0", b"<", b"#!", b"%!PS"),
)
_SEARCHED: Final = 1024
"""Bytes from the begin and from the end in which readers search for the header and the end."""
_DICTIONARY: Final = 1 << 14
"""The greatest size of a dictionary that is parsed; that of an encryption has some 500 bytes."""

_ENCRYPT: Final = re.compile(rb"/Encrypt\s*(?:(\d{1,10})\s+(\d{1,5})\s+R|<<)")
_SEPARATE_OWNER: Final = 5
"""The first revision in which the owner's password does not yield the user's."""
_IDENTIFIER: Final = re.compile(rb"/ID\s*\[\s*")
_COMMENTS: Final = re.compile(rb"(?:\s|%[^\r\n]*[\r\n])*+")
_TREE: Final = re.compile(rb"/Kids\s*(?:\[\s*)?(?:\d|<<|%)")
"""A node of the page tree that has children."""
_PAGE: Final = re.compile(rb"/Type\s*/Page(?![A-Za-z])|/MediaBox")
"""A page; some programs omit its type."""
_OVERLAP: Final = 64
"""Bytes in which a node may continue in the next piece."""
_OBJECT_STREAM: Final = re.compile(rb"/Type\s*/ObjStm")
_STREAM: Final = re.compile(rb"stream\r?\n?")


def inspect_pdf(body: bytes, budget: Budget) -> Refusal | None:
    """Viewers accept bytes before the header, unless they begin another format."""
    budget.spend_bytes(len(body))
    header = body.find(b"%PDF-", 0, _SEARCHED)
    if header < 0 or (header and body.lstrip(_WHITE).startswith(_NOT_PDF)):
        return Refusal.CONTENT
    end = body.rstrip(_WHITE)[-_SEARCHED:]
    if b"%%EOF" not in end or b"startxref" not in end:
        return Refusal.DAMAGED
    encrypted = False
    for encryption, identifier in _encryptions(body, budget):
        encrypted = True
        if _needs_password(encryption, identifier):
            return Refusal.PROTECTED
    # The streams of an encrypted file cannot be searched for pages.
    return None if encrypted or _has_page(body, budget) else Refusal.DAMAGED


def _encryptions(body: bytes, budget: Budget) -> Iterator[tuple[Any, bytes]]:
    """Each encryption dictionary that a trailer names, with the file's identifier."""
    budget.spend_bytes(len(body))
    references = set[bytes]()
    for found in _ENCRYPT.finditer(body):
        budget.spend()
        trailer = _trailer(body, found.start())
        # Every revision of a file names its encryption.
        if b"/Root" not in trailer or found[0] in references:
            continue
        at = found.end() - 2
        if found[1]:
            references.add(found[0])
            at = _object(body, found[1], found[2], budget)
        encryption = _read(body, at, budget)
        # Viewers ignore an encryption that is not in the file.
        if isinstance(encryption, Mapping) and "/Filter" in encryption:
            named = _IDENTIFIER.search(trailer)
            identifier = _read(trailer, named.end(), budget) if named else b""
            yield encryption, bytes(getattr(identifier, "original_bytes", b""))


def _trailer(body: bytes, at: int) -> bytes:
    """What surrounds an entry of a trailer: from ``trailer`` or ``obj`` on."""
    first = max(0, at - _DICTIONARY)
    begin = max(body.rfind(b"trailer", first, at), body.rfind(b"obj", first, at))
    return body[begin : at + _DICTIONARY] if begin >= 0 else b""


def _object(body: bytes, number: bytes, generation: bytes, budget: Budget) -> int:
    """Where the content of the last object with this number begins."""
    head = b"%s %s obj" % (number, generation)
    at = len(body)
    while at >= 0:
        before, at = at, body.rfind(head, 0, at)
        budget.spend_bytes(before - max(at, 0))
        if at >= 0 and not body[max(0, at - 1) : at].isdigit():
            return at + len(head)
    return -1


def _read(body: bytes, at: int, budget: Budget) -> object:
    """The object at an offset, or ``None`` if there is none."""
    from pypdf.generic import read_object

    if at < 0:
        return None
    budget.spend(_DICTIONARY // 2)
    # The library logs what it cannot read, which may be text of the document.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)
    begin = _COMMENTS.match(body, at, at + _DICTIONARY)
    at = begin.end() if begin else at
    try:
        return read_object(BytesIO(body[at : at + _DICTIONARY]), None)
    except Exception:  # noqa: BLE001 - the library raises errors of many types
        return None


def _needs_password(encryption: Any, identifier: bytes) -> bool:
    """Files encrypted with only an owner's password open without a password.

    Handlers other than the standard one require a certificate or a vendor's program.
    """
    from pypdf import PasswordType
    from pypdf._encryption import AlgV5, Encryption

    if encryption["/Filter"] != "/Standard":
        return True
    try:
        standard = Encryption.read(encryption, identifier)
        if standard.R < _SEPARATE_OWNER:
            return standard.verify("") is PasswordType.NOT_DECRYPTED
        # An owner's password that is empty opens nothing: viewers try the user's alone.
        user, key = standard.values.U, standard.values.UE
        return not AlgV5.verify_user_password(standard.R, b"", user, key)
    except Exception:  # noqa: BLE001 - the library raises errors of many types
        return True


def _has_page(body: bytes, budget: Budget) -> bool:
    """Whether there is a page and a tree that can name it, in the body or in compressed objects."""
    budget.spend_bytes(2 * len(body))
    missing = [pattern for pattern in (_TREE, _PAGE) if not pattern.search(body)]
    pieces = _object_streams(body, budget)
    end = b""
    while missing and (piece := next(pieces, None)) is not None:
        missing = [pattern for pattern in missing if not pattern.search(end + piece)]
        end = piece[-_OVERLAP:]
    return not missing


def _object_streams(body: bytes, budget: Budget) -> Iterator[bytes]:
    """The unpacked pieces of the streams that contain objects."""
    view = memoryview(body)
    for found in _OBJECT_STREAM.finditer(body):
        budget.spend_bytes(_DICTIONARY)
        begin = _STREAM.search(body, found.end(), found.end() + _DICTIONARY)
        if begin:
            end = body.find(b"endstream", begin.end())
            stream = view[begin.end() : end if end >= 0 else len(body)]
            budget.spend_bytes(len(stream))
            try:
                yield from Inflater(budget).pieces(stream)
            except zlib.error:
                continue
