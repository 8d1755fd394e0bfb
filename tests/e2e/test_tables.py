"""Amounts and balances as an accountant in Brazil reads them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from demo.tables import amount, balance


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("0", "0,00"),
        ("0.1", "0,10"),
        ("1234567.89", "1.234.567,89"),
        ("-1000", "-1.000,00"),
        ("12345678901234567.89", "12.345.678.901.234.567,89"),
    ],
)
def test_an_amount(value: str, written: str) -> None:
    assert amount(Decimal(value)) == written


@pytest.mark.parametrize(
    ("net", "written"), [("10.5", "10,50 D"), ("-10.5", "10,50 C"), ("0", "0,00  ")]
)
def test_a_balance_has_a_side_and_no_sign(net: str, written: str) -> None:
    assert balance(Decimal(net)) == written
