"""Amounts as they are read and summed: every digit, whatever there is of them.

Most amounts are only shown, so the database writes them out, and a `Decimal` is made of those alone
that are added up.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, localcontext
from typing import Final, NewType

Written = NewType("Written", str)
"""An amount as the database writes it: `1234.5`, `-0.07`; no trailing zeros, no exponent."""
NOTHING: Final = Written("0")
"""How zero is written."""
ZERO: Final = Decimal(0)

DIGITS: Final = 80
"""More than any sum has: a database's 38 digits, added up a great many times."""


def total(amounts: Iterable[Decimal | Written | None]) -> Decimal:
    """The sum of the amounts that there are, exactly."""
    with localcontext(Context(prec=DIGITS)):
        return sum((Decimal(amount) for amount in amounts if amount is not None), ZERO)


def matters(*amounts: Written | None) -> bool:
    """Whether one of them is there and not zero."""
    return any(amount is not None and amount != NOTHING for amount in amounts)
