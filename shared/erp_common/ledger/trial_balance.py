"""The trial balance as the ERP reports it: interpreted and checked, its amounts untouched."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from erp_common.ledger import checks
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.convention import Convention, convention_of, net_balances
from erp_common.ledger.hierarchy import build
from erp_common.ledger.models import AccountBalance, Basis, StatedAccount
from erp_common.ledger.parents import ChartAccount
from erp_common.ledger.periods import Period
from erp_common.ledger.rules import Rules


def reported(
    stated: Iterable[StatedAccount], rules: Rules, period: Period | None = None
) -> TrialBalance:
    """The trial balance of accounts as an ERP states them, in its order.

    Args:
        stated: The ERP's rows; the first of a repeated code counts.
        rules: The company's accounting settings. Without `checks` there are no findings.
        period: The period, for the messages.
    """
    chart = build(stated, rules)
    convention = convention_of(chart.accounts, rules)
    accounts = [_row(account, convention, rules.tolerance) for account in chart.accounts]
    balance = TrialBalance(
        accounts=accounts,
        chart=chart,
        basis=Basis.REPORTED,
        convention=convention,
        tolerance=rules.tolerance,
        period=period,
        findings=[*chart.findings],
    )
    if rules.checks:
        balance.findings += checks.unbalanced(balance.totals, rules, period)
        balance.findings += checks.balance_equation(accounts, rules, period)
        balance.findings += checks.summary_mismatch(accounts, chart.children, rules, period)
    return balance


def _row(account: ChartAccount, convention: Convention, tolerance: Decimal) -> AccountBalance:
    stated = account.stated
    row = account.balance(
        Basis.REPORTED, stated.opening, stated.debit, stated.credit, stated.closing
    )
    row.net_opening_balance, row.net_closing_balance = net_balances(account, convention, tolerance)
    return row
