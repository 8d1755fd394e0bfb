"""Texts and amounts from the ERP, made harmless and written out in full."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

# Control characters, and those that turn the direction of what follows or join invisibly: in a page
# or a spreadsheet they make an account look like another.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufffe\uffff]"
)
_BLANKS = re.compile(r"\s+")
_FIGURES = re.compile("([0-9]+)")
MAX_TEXT = 300
"""Longer texts are cut in pages and spreadsheets; the warehouse keeps them whole."""


def harmless(text: str, limit: int = MAX_TEXT) -> str:
    """The text in one line, characters that hide or turn text replaced by U+FFFD, and cut to size.

    Args:
        text: Any text.
        limit: The most characters; what is cut ends with an ellipsis.
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    # Controls, marks of direction and all blanks but the plain one are not printable.
    if text.isprintable():
        return text
    return _BLANKS.sub(" ", _HARMFUL.sub("\ufffd", text)).strip()


def collated(text: str) -> list[tuple[int, str]]:
    """What to sort names by, so that they stand as people look for them.

    Neither case nor accents count, and numbers in them go by their value: `filial 2` stands before
    `filial 10`, and `Água` among the names with A.
    """
    parted = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in parted if not unicodedata.combining(sign))
    # Texts and figures take turns; of figures without leading zeros the longer is the greater.
    parts = _FIGURES.split(bare)
    return [
        (len(figures), figures) if place % 2 else (0, part)
        for place, part in enumerate(parts)
        for figures in [part.lstrip("0")]
    ]


def plain(amount: Decimal) -> str:
    """The amount with all its digits and no more: `1234.5`, never an exponent, never `-0`."""
    if not amount:
        return "0"
    written = str(amount)
    if "E" in written:
        written = format(amount, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written
