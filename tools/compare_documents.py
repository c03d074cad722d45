"""Compare the inspection of documents with two independent readers per file type.

``python -m tools.compare_documents FOLDER`` prints a table; ``--list`` also prints each file that was
refused although both readers open it, or accepted although neither does. Run it in a separate
environment with the packages of ``READERS``, pydantic and those of ``requirements/inspecting.in``. Word
files are read by the programs ``antiword`` and ``soffice`` on the path. Each file is read in a process
that is killed after a minute, because readers crash on some files of test corpora.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr
from hashlib import sha256
from importlib import import_module
from io import StringIO
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from precert.adapters.inspection.content_types import inspect_content
from precert.domain.documents import content_type_of

SECONDS: Final = 60.0
PAGES: Final = 100
"""The greatest number of pages, images or sheets of a file that are read."""


class UnreadableError(Exception):
    """A reader opens the file, but finds no content."""


def _require(opened: object) -> None:
    if not opened:
        raise UnreadableError


def pdfium(path: Path) -> None:
    document: Any = import_module("pypdfium2").PdfDocument(path)
    _require(len(document))
    for index in range(min(len(document), PAGES)):
        document[index].get_textpage().count_chars()


def mupdf(path: Path) -> None:
    """Read with MuPDF; a file that it had to repair does not count as readable."""
    document: Any = import_module("pymupdf").open(path, filetype="pdf")
    _require(document.page_count and not document.needs_pass and not document.is_repaired)
    for index in range(min(document.page_count, PAGES)):
        document.load_page(index).get_text()


def pillow(path: Path) -> None:
    with import_module("PIL.Image").open(path) as picture:
        for index in range(min(getattr(picture, "n_frames", 1), PAGES)):
            picture.seek(index)
            picture.load()


def tifffile(path: Path) -> None:
    with import_module("tifffile").TiffFile(path) as file:
        for page in list(file.pages)[:PAGES]:
            page.asarray(maxworkers=1)


def ffmpeg(path: Path) -> None:
    kind = path.suffix.lower().replace(".jpg", ".jpeg")[1:]
    program: str = import_module("imageio_ffmpeg").get_ffmpeg_exe()
    demuxer = kind if kind == "gif" else f"{kind}_pipe"
    command: list[str | Path] = [
        program,
        "-v",
        "error",
        "-f",
        demuxer,
        "-i",
        path,
        "-f",
        "framecrc",
        "-",
    ]
    done = subprocess.run(command, capture_output=True, check=True)
    _require(b"\n0," in done.stdout and not done.stderr)


def openpyxl(path: Path) -> None:
    _require(import_module("openpyxl").load_workbook(path).sheetnames)


def calamine(path: Path) -> None:
    workbook: Any = import_module("python_calamine").CalamineWorkbook.from_path(path)
    for name in workbook.sheet_names[:PAGES]:
        workbook.get_sheet_by_name(name).to_python()


def xlrd(path: Path) -> None:
    _require(import_module("xlrd").open_workbook(path, logfile=StringIO()).nsheets)


def python_docx(path: Path) -> None:
    import_module("docx").Document(str(path))


def antiword(path: Path) -> None:
    subprocess.run(["antiword", path], capture_output=True, check=True)


def soffice(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command: list[str | Path] = [
            "soffice",
            "--headless",
            "--convert-to",
            "txt:Text",
            "--outdir",
            folder,
            path,
        ]
        subprocess.run(command, capture_output=True, check=True)
        _require(list(Path(folder).iterdir()))


Reader = Callable[[Path], None]

READERS: Final[Mapping[str, tuple[Reader, Reader]]] = {
    ".pdf": (pdfium, mupdf),
    ".jpg": (pillow, ffmpeg),
    ".jpeg": (pillow, ffmpeg),
    ".png": (pillow, ffmpeg),
    ".gif": (pillow, ffmpeg),
    ".tif": (pillow, tifffile),
    ".tiff": (pillow, tifffile),
    ".doc": (antiword, soffice),
    ".docx": (python_docx, soffice),
    ".xls": (xlrd, calamine),
    ".xlsx": (openpyxl, calamine),
}


def _report(reader: Reader, path: Path, end: Connection) -> None:
    with redirect_stderr(StringIO()):
        try:
            reader(path)
        except BaseException:  # noqa: BLE001 - readers raise anything, panic and exit
            end.send(False)
        else:
            end.send(True)


def opens(reader: Reader, path: Path) -> bool:
    """Whether a reader opens the file within :data:`SECONDS`."""
    here, there = get_context("fork").Pipe(duplex=False)
    process = get_context("fork").Process(target=_report, args=(reader, path, there))
    process.start()
    there.close()
    try:
        return here.poll(SECONDS) and bool(here.recv())
    except EOFError:
        return False
    finally:
        process.kill()
        process.join()


def files(folder: Path) -> Iterator[tuple[str, Path, bytes]]:
    """Yield extension, path and content of the folder's files with readers, each content once."""
    seen = set[str]()
    for path in sorted(folder.rglob("*")):
        ending = path.suffix.lower()
        if ending not in READERS or not path.is_file():
            continue
        body = path.read_bytes()
        digest = ending + sha256(body).hexdigest()
        if digest not in seen:
            seen.add(digest)
            yield ending, path, body


def main(arguments: list[str]) -> None:
    lists = "--list" in arguments
    [folder] = (argument for argument in arguments if argument != "--list")
    counts: Counter[tuple[str, str]] = Counter()
    for ending, path, body in files(Path(folder)):
        refusal = inspect_content(body, content_type_of(path.name) or "")
        readers = sum(opens(reader, path) for reader in READERS[ending])
        kind = ("neither", "one", "both")[readers]
        counts[ending, kind] += 1
        if kind == ("neither" if refusal is None else "both"):
            counts[ending, f"wrong {kind}"] += 1
            if lists:
                print(refusal or "accepted", path)
    print("| Type | Files | Both open | Refused of these | Neither opens | Accepted of these |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for ending in sorted({ending for ending, _ in counts}):
        both, one, neither = (counts[ending, kind] for kind in ("both", "one", "neither"))
        wrong = [counts[ending, f"wrong {kind}"] for kind in ("both", "neither")]
        print(
            f"| {ending} | {both + one + neither} | {both} | {wrong[0]} | {neither} | {wrong[1]} |"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
