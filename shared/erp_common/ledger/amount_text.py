"""Amounts written as text, in Brazilian and in English."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from erp_common.ledger.sentences import told

_MOST_CHARACTERS: Final = 64

# The common cases, which nobody can read in two ways.
_simple = re.compile(r"-?[0-9]{1,18}(?:\.(?:[0-9]{1,2}|[0-9]{4,20}))?").fullmatch
_brazilian = re.compile(r"-?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,18}),[0-9]{1,2}").fullmatch

_shape = re.compile(
    r"(?P<outer>[-+(]?) *(?:R\$)? *(?P<inner>[-+(]?) *"
    r"(?P<number>[.,]?[0-9][0-9., ]*?) *"
    r"(?P<after>[-+)]?) *(?:R\$)? *(?P<last>[-+)]?|[DC]) *",
    re.IGNORECASE,
).fullmatch
_blank_groups = re.compile(r"[0-9]{1,3}(?: [0-9]{3})+(?:[.,][0-9]+)?").fullmatch
_groups = {
    ".": re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+").fullmatch,
    ",": re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+").fullmatch,
}
_UNFINISHED: Final = told("which ends with a separator")
_POSITIVE: Final = frozenset({"", "+", "D"})
_NEGATIVE: Final = frozenset({"-", "()", "C"})
_MINUS: Final = str.maketrans({"\u2212": "-", "\u2013": "-"})


def read_amount(written: str) -> Decimal:
    """The amount, exactly as written.

    Raises:
        ValueError: If the text is no amount, or one that can be read in two ways; the message
            ends a sentence that begins with the text.
    """
    if _simple(written):
        return Decimal(written)
    if _brazilian(written):
        return Decimal(written.replace(".", "").replace(",", "."))
    if len(written) > _MOST_CHARACTERS:
        raise ValueError(told("which is too long for an amount"))
    # split() knows every kind of blank, the no-break space included.
    match = _shape(" ".join(written.translate(_MINUS).split()))
    if match is None:
        raise ValueError(told("which is no amount such as 1234.56 or 1.234,56"))
    outer, inner, number, after, last = match.groups()
    sign = f"{outer}{inner}{after}{last}".upper()
    if sign not in _POSITIVE | _NEGATIVE:
        raise ValueError(told("which has no sign or more than one; write -1234.56 or 1234.56 C"))
    value = Decimal(_english(number))
    return value.copy_negate() if sign in _NEGATIVE else value


def _english(number: str) -> str:
    """The digits with at most one decimal point."""
    if " " in number:
        if not _blank_groups(number):
            raise ValueError(told("which has blanks between its digits"))
        number = number.replace(" ", "")
    dots, commas = number.count("."), number.count(",")
    if dots and commas:
        point = max(".,", key=number.rfind)
        whole, _, fraction = number.rpartition(point)
        if not fraction:
            raise ValueError(_UNFINISHED)
        return _ungrouped(whole, "." if point == "," else ",") + "." + fraction
    if dots + commas > 1:
        return _ungrouped(number, "." if dots else ",")
    if dots + commas == 0:
        return number
    whole, _, fraction = number.partition("." if dots else ",")
    if len(fraction) == 3 and not whole.startswith("0"):  # noqa: PLR2004 - a group of thousands
        one, other = f"{whole or '0'}.{fraction}", f"{whole}{fraction}"
        raise ValueError(
            told(
                "which may mean {one} or {other}; have the ERP send a number, two decimals or none",
                one=one,
                other=other,
            )
        )
    if not fraction:
        raise ValueError(_UNFINISHED)
    return f"{whole}.{fraction}"


def _ungrouped(whole: str, separator: str) -> str:
    if not _groups[separator](whole):
        raise ValueError(told("whose separators do not stand at the thousands"))
    return whole.replace(separator, "")
