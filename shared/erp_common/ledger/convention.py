"""How a reported ledger states its balances, and what they are debit-positive.

Under the debit-positive convention a liability of 100 stands as -100, under the natural one as 100.
The convention belongs to the ledger of a period, not to the account: an ERP does not mix them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import Enum

from erp_common.ledger.account_types import normal_side
from erp_common.ledger.exact import add, close, subtract, turned
from erp_common.ledger.models import Side, StatedAccount
from erp_common.ledger.parents import ChartAccount
from erp_common.ledger.rules import Rules


class Convention(str, Enum):
    """The sign in which an ERP states balances."""

    DEBIT_POSITIVE = "debit_positive"
    NATURAL = "natural"


def convention_of(accounts: Iterable[ChartAccount], rules: Rules) -> Convention:
    """The convention that is set, else the one that more credit-natured accounts satisfy."""
    if rules.balance_convention != "auto":
        return Convention(rules.balance_convention)
    debit_positive = natural = 0
    for account in accounts:
        stated = account.stated
        moved = stated.debit != stated.credit
        if moved and (stated.normal_balance or normal_side(account.account_type)) is Side.CREDIT:
            debit_positive += _holds_on(Side.DEBIT, stated, rules.tolerance)
            natural += _holds_on(Side.CREDIT, stated, rules.tolerance)
    if debit_positive == natural:
        return Convention.NATURAL if rules.natural_if_undecided else Convention.DEBIT_POSITIVE
    return Convention.NATURAL if natural > debit_positive else Convention.DEBIT_POSITIVE


def net_balances(
    account: ChartAccount, convention: Convention, tolerance: Decimal
) -> tuple[Decimal, Decimal]:
    """The account's opening and closing balance, debit-positive."""
    stated = account.stated
    if convention is Convention.NATURAL and _natural_side(account, tolerance) is Side.CREDIT:
        return turned(stated.opening), turned(stated.closing)
    return stated.opening, stated.closing


def _natural_side(account: ChartAccount, tolerance: Decimal) -> Side:
    """The side the ERP states, else the one on which the balances add up, else the type's."""
    stated = account.stated
    if stated.normal_balance is not None:
        return stated.normal_balance
    on_debit = _holds_on(Side.DEBIT, stated, tolerance)
    on_credit = _holds_on(Side.CREDIT, stated, tolerance)
    if on_debit != on_credit:
        return Side.DEBIT if on_debit else Side.CREDIT
    return normal_side(account.account_type)


def _holds_on(side: Side, stated: StatedAccount, tolerance: Decimal) -> bool:
    movement = subtract(stated.debit, stated.credit)
    increase = movement if side is Side.DEBIT else turned(movement)
    return close(add(stated.opening, increase), stated.closing, tolerance)
