"""What of somebody else's text may stand in a log, on a terminal or in a table."""

from __future__ import annotations

import re

# Controls but tab and line ends, those that turn the direction of writing, and halves of pairs.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ufeff\ud800-\udfff]"
)


def printable(text: str) -> str:
    """The text without what moves a cursor, turns the writing round, or is no character."""
    return _UNPRINTABLE.sub("", text)


def cut_off(text: str, most: int) -> str:
    """The text, its end left out beyond so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
