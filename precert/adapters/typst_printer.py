"""Prints with typst: templates of the payer's, accessible PDF out.

Data goes in as JSON and never becomes source, so that nothing typed is ever markup. Fonts are those
that typst brings and those beside the templates; what this machine has installed plays no part.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typst

_ACCESSIBLE: Final = "ua-1"
_UNREADABLE: Final = "PDF/UA-1 error"


class TypstPrinter:
    """Prints the templates of one folder; each is parsed once."""

    def __init__(self, templates: Path) -> None:
        self._templates = templates
        self._compilers: dict[str, typst.Compiler] = {}

    def print(self, template: str, data: Mapping[str, object]) -> bytes:
        """A tagged PDF: PDF/UA-1, unless some character is in none of the fonts.

        UA-1 forbids a character that cannot be seen. A name with one is printed all the same, with
        a box in its place and the character itself for screen readers and searches.
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
        raise TypeError("typst was asked for one document")
    return content
