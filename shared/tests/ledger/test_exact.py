"""Arithmetic that never rounds, whatever the caller's decimal context."""

from __future__ import annotations

from decimal import Decimal, Inexact, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger.exact import add, close, plain, subtract, total, turned
from erp_common.ledger.normalize import InvalidValue, amount


@st.composite
def amounts(draw: st.DrawFn) -> Decimal:
    """Whatever `amount` lets through."""
    digits = draw(st.integers(-(10**40), 10**40))
    try:
        return amount(Decimal(digits).scaleb(draw(st.integers(-60, 5))))
    except (InvalidValue, Inexact):
        return Decimal(draw(st.integers(-100, 100)))


@given(st.lists(amounts(), max_size=20))
def test_sums_are_exact(values: list[Decimal]) -> None:
    assert Fraction(total(values)) == sum(map(Fraction, values))


@given(amounts(), amounts())
def test_differences_are_exact_in_a_coarse_context(one: Decimal, other: Decimal) -> None:
    with localcontext() as context:
        context.prec = 3
        difference, negative = subtract(one, other), turned(one)
        assert add(difference, other) == one
    assert Fraction(difference) == Fraction(one) - Fraction(other)
    assert Fraction(negative) == -Fraction(one)
    assert str(turned(Decimal("0.00"))) == "0.00"


def test_what_does_not_fit_raises_instead_of_rounding() -> None:
    with pytest.raises(Inexact):
        add(Decimal(1).scaleb(200), Decimal(1))


def test_within_the_tolerance_means_not_above_it() -> None:
    cent = Decimal("0.01")
    assert close(Decimal("1.00"), Decimal("1.01"), cent)
    assert close(Decimal("1.01"), Decimal("1.00"), cent)
    assert not close(Decimal("1.00"), Decimal("1.0101"), cent)
    assert close(Decimal("1.0"), Decimal("1.00"), Decimal(0))


def test_plain() -> None:
    assert [plain(Decimal(written)) for written in ("1E+5", "1E-7", "-1.50", "0.00")] == [
        *("100000", "0.0000001", "-1.50", "0.00"),
    ]
