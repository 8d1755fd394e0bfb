"""Exact arithmetic on amounts: nothing is ever rounded, whatever the caller's decimal context.

Python's own context keeps 28 significant digits and rounds the rest away in silence, even in a
plain `-x`. Sums here are exact or an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import (
    Context,
    Decimal,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
)

from erp_common.ledger.models import ZERO

_TRAPS = [Inexact, InvalidOperation, FloatOperation]

BOUNDS = Context(prec=50, Emax=20, Emin=-30, traps=[*_TRAPS, Overflow, Subnormal])
"""What an amount may be: below 1e21, not finer than 1e-30, at most 50 digits. No books need more,
and "1e999999" must not become a number with a million digits."""

EXACT = Context(prec=150, traps=_TRAPS)
"""Room for the sum of any number of amounts within `BOUNDS`; a sum that would not fit raises."""

add = EXACT.add
subtract = EXACT.subtract


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    result = ZERO
    for amount in amounts:
        result = add(result, amount)
    return result


def turned(amount: Decimal) -> Decimal:
    """The amount with its sign turned round; zero stays zero."""
    return EXACT.minus(amount)


def close(one: Decimal, other: Decimal, tolerance: Decimal) -> bool:
    """Whether two amounts differ by no more than the tolerance."""
    return one == other or subtract(one, other).copy_abs() <= tolerance


def plain(amount: Decimal) -> str:
    """The amount as people write it in a message: `-1234.50`, never `1E+5`."""
    return f"{amount:f}"
