"""Standard output and error that take any text: what their encoding lacks is said in other letters.

A terminal or a file in an old code page has no minus sign, no accents, no blocks of a QR code.
"""

import codecs
import sys
import unicodedata
from typing import Any, TextIO

HANDLER = "alignsim.plain"
STRICT = ("strict", "backslashreplace")
"""How Python opens standard output and error by itself; what a user chose is let be."""
SAID = {
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{PLUS-MINUS SIGN}": "+-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{VULGAR FRACTION ONE HALF}": "1/2",
    "\N{INFINITY}": "inf",
    "\N{REPLACEMENT CHARACTER}": "?",
    "\N{FULL BLOCK}": "#",
}


def plain(text: str) -> str:
    """The text in ASCII: signs as above, letters without accents, anything else by its number."""
    return "".join(_letter(letter) for letter in text)


def _letter(letter: str) -> str:
    bare = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return SAID.get(letter) or bare or letter.encode("ascii", "backslashreplace").decode()


def _handled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end


def make_safe() -> None:
    """Let standard output and error take any text from now on. A closed stream is let be."""
    codecs.register_error(HANDLER, _handled)
    for stream in (sys.stdout, sys.stderr):
        _make_safe(stream)


def _make_safe(stream: Any) -> None:
    if getattr(stream, "errors", None) in STRICT and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors=HANDLER)


def shows(text: str, stream: TextIO | None = None) -> bool:
    """Whether a stream, standard output by default, can show a text as it is."""
    encoding = getattr(stream or sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
