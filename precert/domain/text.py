"""Normalization of entered text: cleaned before it is stored, and folded for comparison.

Entered names have no-break and ideographic spaces, zero-width joiners, different apostrophes and
hyphens, and composed (Windows) or decomposed (macOS) characters. Cleaning removes invisible characters
and those that change the direction of text.

Names are compared without case, accents, hyphens, apostrophes and blanks: ``García-Ruiz`` equals
``GARCIA RUIZ``, and ``Women's`` equals ``womens``. They are stored and shown as entered.
"""

import re
from pathlib import PurePosixPath
from typing import Final
from unicodedata import category, decimal, normalize

_INVISIBLE: Final = re.compile(
    "["
    "\u00ad"  # soft hyphen
    "\u180e"
    "\u200b-\u200f"  # zero-width space and joiners, direction marks
    "\u061c"
    "\u202a-\u202e"  # embeddings and overrides of direction; phones add them to copied numbers
    "\u2060-\u2064"
    "\u2066-\u2069"
    "\ufeff"
    "]"
)
_SPACE: Final = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_END: Final = re.compile("\r\n|[\r\u000b\u000c\u0085\u2028\u2029]")
_APOSTROPHE: Final = re.compile(
    "['`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u055a\u07f4\u07f5\u2018\u2019\u201a\u201b\u2032\u2035"
    "\ua78b\ua78c\uff07\uff40]"
)
"""Apostrophes, and other characters that are entered as apostrophes, such as primes."""
_HYPHEN: Final = re.compile("[\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]")
_WITHOUT_ACCENT: Final = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ı": "i",
        "ħ": "h",
        "ŧ": "t",
        "ŋ": "n",
        "ƀ": "b",
        "ɨ": "i",
        "ʉ": "u",
        "ɓ": "b",
        "ɗ": "d",
    }
)
"""ASCII forms of letters that Unicode does not decompose into a letter and a mark."""
_WORD: Final = re.compile(r"[^\W_]+")
"""Letters and digits of any alphabet."""
CONTROL: Final = "must be plain text without control characters"


def cleaned_line(text: str) -> str:
    """Text of one line: composed, with plain spaces and without invisible characters.

    Raises:
        ValueError: it contains control characters or code points without a character.
    """
    if text.isascii() and text.isprintable():
        return text
    cleaned = _INVISIBLE.sub("", _SPACE.sub(" ", normalize("NFC", text)))
    if not cleaned.isprintable():
        raise ValueError(CONTROL)
    return cleaned


def cleaned_multiline(text: str) -> str:
    """Text of several lines, each cleaned by :func:`cleaned_line`; tabs become spaces.

    Raises:
        ValueError: as :func:`cleaned_line`.
    """
    lines = _LINE_END.sub("\n", text).replace("\t", " ").split("\n")
    return "\n".join(map(cleaned_line, lines))


def ascii_digits(text: str) -> str:
    """A number as typed or pasted, with digits, hyphens and spaces of any script as ASCII."""
    plain = _SPACE.sub(" ", _INVISIBLE.sub("", _HYPHEN.sub("-", normalize("NFKC", text))))
    if plain.isascii():
        return plain
    return "".join(str(decimal(one, one)) for one in plain)


def words_of(text: str) -> tuple[str, ...]:
    """The folded words of a text: letters and digits, without case, accents and apostrophes.

    All other characters separate words.
    """
    plain = _APOSTROPHE.sub("", _INVISIBLE.sub("", text))
    folded = normalize("NFKD", plain).casefold().translate(_WITHOUT_ACCENT)
    if not folded.isascii():
        # Compatibility decomposition can produce marks and apostrophes.
        folded = _APOSTROPHE.sub("", folded)
        folded = "".join(one for one in folded if not category(one).startswith("M"))
    return tuple(_WORD.findall(folded))


PARTICLE_LETTERS: Final = 3
"""The most letters of a word that is often joined with the next one, such as Mc, O, de or la."""


def search_words(name: str) -> tuple[str, ...]:
    """The folded words by which a name is found, whether its parts are joined or separate.

    ``O'Brien`` is *obrien*, *o* and *brien*; ``De La Cruz`` is also *delacruz*; ``Smith-Jones`` is
    also *smithjones*.
    """
    tokens = name.split()
    words = dict.fromkeys(words_of(name))
    for token in tokens:
        words |= dict.fromkeys(words_of(_APOSTROPHE.sub(" ", token)))
        words |= dict.fromkeys(filter(None, [folded(token)]))
    joined = [one for one in map(folded, tokens) if one]
    for at, first in enumerate(joined):
        whole, last = first, first
        for following in joined[at + 1 :]:
            if len(last) > PARTICLE_LETTERS:
                break
            whole, last = whole + following, following
            words[whole] = None
    return tuple(words)


def folded(name: str) -> str:
    """A name as one folded word, so that ``Thi Mai``, ``Thi-Mai`` and ``ThiMai`` are equal."""
    return "".join(words_of(name))


# -- File names -------------------------------------------------------------------------------------

MAX_FILE_NAME: Final = 120
_PATH_OF_WINDOWS: Final = re.compile(r"^([A-Za-z]:|\\)\\?.*\\", re.DOTALL)
"""A Windows path. Browsers send ``C:\\fakepath\\scan.pdf`` for a file of any folder."""
_RESERVED: Final = re.compile(r'[<>:"/\\|?*]')
_DEVICE: Final = re.compile(
    r"(CON|CONIN\$|CONOUT\$|PRN|AUX|NUL|(COM|LPT)[0-9\u00b9\u00b2\u00b3])\s*(\..*)?", re.IGNORECASE
)
"""Names that Windows reserves for devices, with any extension."""


def file_name_of(text: str) -> str:
    """A file name that is valid on every operating system, from a name or a Windows path.

    Folders of a Windows path, and dots and spaces at the end, are removed. Characters that Windows
    reserves become underscores, and names that it reserves get one before them. A name of more than
    :data:`MAX_FILE_NAME` characters is shortened before its extension.

    Raises:
        ValueError: it contains control characters.
    """
    name = _PATH_OF_WINDOWS.sub("", cleaned_line(text.strip()))
    name = _RESERVED.sub("_", name).strip().rstrip(". ")
    if _DEVICE.fullmatch(name):
        name = f"_{name}"
    if len(name) <= MAX_FILE_NAME:
        return name
    suffix = PurePosixPath(name).suffix[:MAX_FILE_NAME]
    return name[: MAX_FILE_NAME - len(suffix)].rstrip(". ") + suffix
