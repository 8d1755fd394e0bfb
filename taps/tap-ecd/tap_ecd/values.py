"""Values as an ECD writes them: decimal commas without signs, dates ddmmaaaa, sides D and C."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

from erp_common.ledger.exact import turned
from erp_common.ledger.models import ZERO
from erp_common.ledger.normalize import InvalidValue, shown

_digits = re.compile(r"[0-9]{1,20}(?:,[0-9]{1,9})?").fullmatch
_layout = re.compile(r"0*([0-9]{1,4})(?:[.,]0*)?").fullmatch


def amount(written: str, field: str) -> Decimal:
    """The amount in BRL, never negative; `10000` and `10000,00` are the same.

    Raises:
        InvalidValue: If it is empty, or anything but digits with a decimal comma: a point or a
            sign might change the amount, so none is guessed at. Padding goes.
    """
    if _digits(written) is None:
        bare = written.strip()
        if _digits(bare) is not None:
            return Decimal(bare.replace(",", "."))
        if not bare:
            raise InvalidValue(field, "is empty; every amount of an ECD is written, be it zero")
        raise InvalidValue(
            field,
            "is {value}; an ECD writes amounts as 1234,56, without sign or point",
            value=shown(written),
        )
    return Decimal(written.replace(",", "."))


def signed(written: str, side: str, field: str, side_field: str) -> Decimal:
    """The amount of a balance, debit-positive. The side of a zero means nothing, and may be absent.

    Raises:
        InvalidValue: If the amount cannot be read, or is not zero and on neither side.
    """
    number = amount(written, field)
    if not number:
        return ZERO
    return number if is_debit(side, side_field) else turned(number)


def is_debit(written: str, field: str) -> bool:
    """Whether the side is the debit's.

    Raises:
        InvalidValue: If it is neither D nor C: without it the amount has no sign.
    """
    side = written.strip().upper()
    if side == "D":
        return True
    if side == "C":
        return False
    raise InvalidValue(
        field, "is {value}; it must say D (debit) or C (credit)", value=shown(written)
    )


@lru_cache(maxsize=16384)
def day_or_none(written: str) -> date | None:
    """The date that eight digits ddmmaaaa write; None if they write none of the calendar."""
    stripped = written.strip()
    if len(stripped) != 8 or not (stripped.isascii() and stripped.isdigit()):  # noqa: PLR2004
        return None
    try:
        return date(int(stripped[4:]), int(stripped[2:4]), int(stripped[:2]))
    except ValueError:
        return None


def day(written: str, field: str) -> date:
    """The date.

    Raises:
        InvalidValue: If it is no date ddmmaaaa of the calendar.
    """
    found = day_or_none(written)
    if found is None:
        if not written.strip():
            raise InvalidValue(field, "is empty; it must hold a date")
        raise InvalidValue(field, "is {value}, which is no date ddmmaaaa", value=shown(written))
    return found


def count(written: str) -> int | None:
    """The count that a closing record states; None if it is no whole number."""
    stripped = written.strip()
    if stripped.isascii() and stripped.isdigit() and len(stripped) <= 18:  # noqa: PLR2004
        return int(stripped)
    return None


def layout_number(written: str) -> int | None:
    """The layout that a version such as `9.00` names; None if it names none."""
    found = _layout(written.strip())
    return int(found.group(1)) if found else None


def tax_number(written: str) -> str:
    """A CNPJ without its punctuation; it may hold letters (since 2026)."""
    return "".join(sign for sign in written.upper() if sign.isalnum())
