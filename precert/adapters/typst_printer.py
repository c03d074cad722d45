"""Prints the payer's templates with typst, as accessible PDF (port ``Printer``).

Data is passed as JSON and never as source, so that entered text is never interpreted as markup. The
fonts are those of typst and those in the folder of the templates; system fonts are not used.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typst

_ACCESSIBLE: Final = "ua-1"
_UNREADABLE: Final = "PDF/UA-1 error"


class TypstPrinter:
    """Prints the templates of one folder. The compiler of each template is created once."""

    def __init__(self, templates: Path) -> None:
        self._templates = templates
        self._compilers: dict[str, typst.Compiler] = {}

    def print(self, template: str, data: Mapping[str, object]) -> bytes:
        """A tagged PDF: PDF/UA-1, unless the fonts lack a character.

        PDF/UA-1 forbids characters without a glyph. A text with such a character is printed without the
        standard: with a box as its glyph, and the character for screen readers and searches.
        """
        compiler = self._compiler(template)
        inputs = {"data": json.dumps(data, ensure_ascii=False)}
        try:
            return _document(compiler.compile(sys_inputs=inputs, pdf_standards=_ACCESSIBLE))
        except typst.TypstError as error:
            if not error.message.startswith(_UNREADABLE):
                raise
            return _document(compiler.compile(sys_inputs=inputs))

    def _compiler(self, template: str) -> typst.Compiler:
        if template not in self._compilers:
            self._compilers[template] = typst.Compiler(
                self._templates / f"{template}.typ",
                root=self._templates,
                font_paths=[self._templates],
                ignore_system_fonts=True,
            )
        return self._compilers[template]


def _document(content: object) -> bytes:
    if not isinstance(content, bytes):
        raise TypeError("typst returned several documents for one")
    return content
