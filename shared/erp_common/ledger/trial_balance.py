"""The trial balance as the ERP reports it: interpreted and checked, its amounts untouched."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from erp_common.ledger import checks
from erp_common.ledger.balances import Totals, TrialBalance
from erp_common.ledger.convention import Convention, convention_of, net_balances
from erp_common.ledger.hierarchy import ChartAccount, build
from erp_common.ledger.models import AccountBalance, Basis, StatedAccount
from erp_common.ledger.periods import Period
from erp_common.ledger.rules import Rules

__all__ = ["Convention", "Rules", "Totals", "TrialBalance", "reported"]


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
        accounts,
        chart=chart,
        basis=Basis.REPORTED,
        convention=convention,
        tolerance=rules.tolerance,
        period=period,
        findings=chart.findings,
    )
    if rules.checks:
        balance.findings += checks.unbalanced(balance.totals, rules, period)
        balance.findings += checks.balance_equation(accounts, rules, period)
        balance.findings += checks.summary_mismatch(accounts, chart.children, rules, period)
    return balance


def _row(account: ChartAccount, convention: Convention, tolerance: Decimal) -> AccountBalance:
    stated = account.stated
    net_opening, net_closing = net_balances(account, convention, tolerance)
    return AccountBalance(
        account_code=account.code,
        account_name=account.name,
        account_type=account.account_type,
        parent_account_code=account.parent_code,
        level=account.level,
        normal_balance=stated.normal_balance,
        opening_balance=stated.opening,
        debit_amount=stated.debit,
        credit_amount=stated.credit,
        closing_balance=stated.closing,
        net_opening_balance=net_opening,
        net_closing_balance=net_closing,
        is_summary=account.is_summary,
        basis=Basis.REPORTED,
        metadata=account.metadata,
    )
