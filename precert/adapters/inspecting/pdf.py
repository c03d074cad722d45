"""PDF (ISO 32000): header within the first 1,024 bytes, cross-reference and end of file at the end."""

from io import BytesIO
from typing import Final

from precert.domain.documents import Refusal

_WHITE: Final = b"\0\t\n\x0b\f\r "
_OTHER_FORMATS: Final = (
    *(b"PK", b"MZ", b"\x7fELF", b"GIF8", b"\x89PNG", b"\xff\xd8\xff", b"II", b"MM", b"BM"),
    *(b"\xd0\xcf\x11\xe0", b"<", b"#!", b"%!PS"),
)


def inspect_pdf(body: bytes) -> Refusal | None:
    """Readers take bytes before the header; not those of a file that is something else, too."""
    header = body.find(b"%PDF-", 0, 1024)
    if header < 0 or (header and body.lstrip(_WHITE).startswith(_OTHER_FORMATS)):
        return Refusal.CONTENT
    end = body.rstrip(_WHITE)[-1024:]
    if b"%%EOF" not in end or b"startxref" not in end:
        return Refusal.DAMAGED
    # The trailer's entry is plain text wherever it stands: most files need no parser.
    if b"/Encrypt" in body and _asks_for_password(body):
        return Refusal.PROTECTED
    return None


def _asks_for_password(body: bytes) -> bool:
    """Many are encrypted with an owner's password alone, and open for everybody."""
    from pypdf import PasswordType, PdfReader

    reader = PdfReader(BytesIO(body))
    return reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED
