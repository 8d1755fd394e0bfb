"""Trial balances worked out from postings, for ERPs that serve none.

Balances are debit-positive, and a period's opening is the closing before it.
"""

from __future__ import annotations

from decimal import Decimal

from erp_common.ledger import checks
from erp_common.ledger.balances import TrialBalance
from erp_common.ledger.cash import UNCATEGORISED
from erp_common.ledger.convention import Convention
from erp_common.ledger.exact import add, subtract
from erp_common.ledger.findings import Code, finding
from erp_common.ledger.hierarchy import Chart
from erp_common.ledger.models import ZERO, AccountBalance, Basis, Finding
from erp_common.ledger.movements import Movements
from erp_common.ledger.openings import RETAINED, Openings, place
from erp_common.ledger.parents import ChartAccount
from erp_common.ledger.rules import Rules


def roll(
    chart: Chart,
    openings: Openings,
    movements: Movements,
    rules: Rules,
    basis: Basis = Basis.DERIVED,
) -> TrialBalance:
    """The trial balance of a period: openings + movements = closings.

    Every account of the chart has a row, in the chart's order; accounts that have a balance or
    postings without being in the chart come after it. Summary accounts sum up those below them,
    and what is posted on them directly. Without `checks` there are no findings; those of the
    movements themselves come from `Movements.findings`.

    Args:
        chart: The chart of accounts.
        openings: The balances as of the period's first day.
        movements: The period's postings.
        rules: The company's accounting settings.
        basis: What the rows say of where they come from.
    """
    unlisted = sorted({*openings.balances, *movements.codes()} - chart.by_code.keys())
    accounts = [*chart.accounts]
    accounts += [place(code, chart, movements.name_of(code)) for code in unlisted]
    sums = _summed_up(accounts, openings, movements)
    balance = TrialBalance(
        accounts=[_row(account, basis, *sums[account.code]) for account in accounts],
        chart=chart,
        basis=basis,
        convention=Convention.DEBIT_POSITIVE,
        tolerance=rules.tolerance,
        period=movements.period,
        findings=[*chart.findings],
        own=[
            (openings.of(account.code), *movements.of(account.code))
            for account in accounts
            if account.is_summary
        ],
    )
    if rules.checks:
        known = {*movements.codes(), RETAINED, UNCATEGORISED}
        carried = (code for code in unlisted if code not in known)
        balance.findings += [_carried(code, openings.of(code)) for code in carried]
        balance.findings += [
            _on_summary(account, openings.of(account.code))
            for account in accounts
            if account.is_summary and openings.of(account.code)
        ]
        balance.findings += checks.unbalanced(balance.totals, rules, movements.period)
    return balance


def _summed_up(
    accounts: list[ChartAccount], openings: Openings, movements: Movements
) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """Opening, debit and credit of each account; of summary accounts with those below them."""
    own = {a.code: (openings.of(a.code), *movements.of(a.code)) for a in accounts}
    sums = dict(own)
    for account in sorted(accounts, key=lambda account: -account.level):
        if account.above is not None:
            opening, debit, credit = sums[account.code]
            up = sums[account.above]
            sums[account.above] = (add(up[0], opening), add(up[1], debit), add(up[2], credit))
    # An account flagged analytic has its own amounts alone, even if others stand below it.
    return {a.code: sums[a.code] if a.is_summary else own[a.code] for a in accounts}


def _row(
    account: ChartAccount, basis: Basis, opening: Decimal, debit: Decimal, credit: Decimal
) -> AccountBalance:
    closing = add(opening, subtract(debit, credit))
    return account.balance(basis, opening, debit, credit, closing)


def _carried(code: str, balance: Decimal) -> Finding:
    return finding(
        Code.ACCOUNT_NOT_IN_CHART,
        "Account {code} has an opening balance of {balance}, but is not in the chart of "
        "accounts. It is emitted all the same; add the account to the chart, or move its "
        "balance.",
        balance=balance,
        account_code=code,
        actual=balance,
    )


def _on_summary(account: ChartAccount, balance: Decimal) -> Finding:
    return finding(
        Code.BALANCE_ON_SUMMARY,
        "Summary account {code} {name} opens with {balance} of its own, beside what the "
        "accounts below it hold (debit-positive). It is kept as its own amount; move it to an "
        "analytic account, or correct the account's class.",
        name=account.name,
        balance=balance,
        account_code=account.code,
        expected=ZERO,
        actual=balance,
    )
