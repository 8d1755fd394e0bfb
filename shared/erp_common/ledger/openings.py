"""Opening balances of a derived ledger: where they come from and how they are carried on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import msgspec

from erp_common.ledger.account_types import PROFIT_AND_LOSS
from erp_common.ledger.cash import NO_CATEGORY, UNCATEGORISED
from erp_common.ledger.exact import add, close, subtract, total
from erp_common.ledger.findings import Code, finding
from erp_common.ledger.hierarchy import Chart
from erp_common.ledger.models import (
    ZERO,
    AccountType,
    Finding,
    Side,
    StatedAccount,
    StatedType,
)
from erp_common.ledger.movements import Movements
from erp_common.ledger.parents import ChartAccount
from erp_common.ledger.rules import Rules

RETAINED = "RETAINED"
"""The synthetic equity account that takes the P&L balances of closed years."""


class Openings(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts' own net balances at the start of a day, debit-positive.

    Only balances unlike zero are kept. A summary account has an own balance only if it was posted
    on; what it sums up is not part of it.
    """

    as_of: date
    balances: dict[str, Decimal] = {}

    def of(self, account_code: str) -> Decimal:
        """The account's balance; zero if none is kept."""
        return self.balances.get(account_code, ZERO)

    def after(self, movements: Movements, as_of: date) -> Openings:
        """The balances once the movements are posted: the next period's openings.

        Args:
            movements: The postings from `self.as_of` to the day before `as_of`.
            as_of: The day the result stands for.
        """
        balances = dict(self.balances)
        for code in movements.codes():
            balances[code] = add(self.of(code), subtract(*movements.of(code)))
        return _sparse(as_of, balances)


def first_openings(chart: Chart, as_of: date) -> Openings:
    """The openings that the chart of accounts itself states, where it does.

    What a summary account with accounts below it states is their sum, and not counted again.
    """
    own = (account for account in chart.accounts if not _sums_up(account, chart))
    return _sparse(as_of, {account.code: account.stated.opening for account in own})


def first_opening_findings(chart: Chart, rules: Rules) -> list[Finding]:
    """What is wrong with the openings the chart states; call it once, for a ledger's first period.

    One warning if it states none at all, so that the ledger starts from nothing; else the summary
    accounts whose stated opening is not the sum of those below.
    """
    if not rules.checks:
        return []
    if not any(a.stated.opening_stated or a.stated.opening for a in chart.accounts):
        return [
            finding(
                Code.OPENING_ASSUMED_ZERO,
                "The ERP states no opening balances, so the ledger starts from zero and the "
                "balance sheet accounts lack what was there before. Set opening_balances_from "
                "to the day the books begin.",
            )
        ]
    sums = {account.code: ZERO for account in chart.accounts}
    for account in chart.bottom_up():
        if not _sums_up(account, chart):
            sums[account.code] = add(sums[account.code], account.stated.opening)
        if account.above is not None:
            sums[account.above] = add(sums[account.above], sums[account.code])
    return [
        _opening_mismatch(account, sums[account.code])
        for account in chart.accounts
        if _sums_up(account, chart)
        and account.stated.opening
        and not close(account.stated.opening, sums[account.code], rules.tolerance)
    ]


def close_year(openings: Openings, chart: Chart) -> Openings:
    """Move the balances of P&L accounts to `RETAINED`, as at the start of a fiscal year."""
    result = {
        code: balance
        for code, balance in openings.balances.items()
        if place(code, chart).account_type in PROFIT_AND_LOSS
    }
    retained = add(openings.of(RETAINED), total(result.values()))
    closed = {**openings.balances, **dict.fromkeys(result, ZERO), RETAINED: retained}
    return _sparse(openings.as_of, closed)


def place(code: str, chart: Chart, name: str | None = None) -> ChartAccount:
    """The account of the chart, or the place of one that is used but not in it.

    Args:
        code: The account's code; `RETAINED` is the synthetic equity account.
        chart: The chart of accounts.
        name: What to call an account that is not in the chart, else its code.
    """
    account = chart.by_code.get(code)
    if account is not None:
        return account
    if code == RETAINED:
        return chart.place(
            StatedAccount(
                code=RETAINED,
                name="Resultados acumulados",
                stated_type=StatedType(type=AccountType.EQUITY),
                normal_balance=Side.CREDIT,
                metadata={"synthetic": True},
            )
        )
    if code == UNCATEGORISED:
        name = NO_CATEGORY
    return chart.place(StatedAccount(code=code, name=name or code))


def _sums_up(account: ChartAccount, chart: Chart) -> bool:
    return account.is_summary and account.code in chart.children


def _sparse(as_of: date, balances: Mapping[str, Decimal]) -> Openings:
    kept = {code: balance for code, balance in balances.items() if balance}
    return Openings(as_of=as_of, balances=kept)


def _opening_mismatch(account: ChartAccount, expected: Decimal) -> Finding:
    stated = account.stated.opening
    return finding(
        Code.SUMMARY_MISMATCH,
        "Summary account {code} {name} states an opening balance of {stated}, but the accounts "
        "below it open with {expected} (debit-positive); the accounts below count. Correct the "
        "opening balances in the ERP.",
        name=account.name,
        stated=stated,
        account_code=account.code,
        expected=expected,
        actual=stated,
    )
