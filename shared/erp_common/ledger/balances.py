"""The trial balance of a period: the accounts with their balances, and the control totals."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from erp_common.ledger.convention import Convention
from erp_common.ledger.exact import add, close, subtract, total
from erp_common.ledger.hierarchy import Chart
from erp_common.ledger.models import ZERO, AccountBalance, Basis, Finding
from erp_common.ledger.periods import Period

Own = tuple[Decimal, Decimal, Decimal]
"""Opening, debit and credit, debit-positive."""


class Totals(msgspec.Struct, frozen=True):
    """Sums over the analytic accounts; in a sound ledger debit = credit and both nets are zero.

    What a derived ledger has posted on a summary account itself counts too: no account below
    holds it, and without it the books would not balance.
    """

    account_count: int
    debit: Decimal
    credit: Decimal
    net_opening: Decimal
    net_closing: Decimal

    @classmethod
    def of(cls, accounts: Iterable[AccountBalance], own: Iterable[Own] = ()) -> Totals:
        """Sum up the analytic accounts; summary accounts would count their amounts twice.

        Args:
            accounts: All accounts.
            own: Opening, debit and credit of what is posted on summary accounts themselves.
        """
        amounts = [
            (a.debit_amount, a.credit_amount, a.net_opening_balance, a.net_closing_balance)
            for a in accounts
            if not a.is_summary
        ]
        count = len(amounts)
        amounts += [
            (debit, credit, opening, add(opening, subtract(debit, credit)))
            for opening, debit, credit in own
        ]
        columns = zip(*amounts, strict=True) if amounts else [()] * 4
        debit, credit, net_opening, net_closing = map(total, columns)
        return cls(count, debit, credit, net_opening, net_closing)

    def is_balanced(self, tolerance: Decimal) -> bool:
        """Whether debits equal credits and net openings and net closings each sum to zero."""
        return (
            close(self.debit, self.credit, tolerance)
            and close(self.net_opening, ZERO, tolerance)
            and close(self.net_closing, ZERO, tolerance)
        )


class TrialBalance(msgspec.Struct, kw_only=True):
    """One company's accounts in one period, in the ERP's order; the sums follow from them.

    Attributes:
        accounts: The rows, each account once.
        chart: The chart of accounts they stand in.
        basis: Whether the ERP or the tap worked the balances out.
        convention: The sign in which `opening_balance` and `closing_balance` are stated.
        tolerance: The largest difference that counts as equal.
        period: The period, for the messages of checks.
        findings: What is wrong with the chart and the balances.
        own: Opening, debit and credit of what is posted on summary accounts themselves.
    """

    accounts: list[AccountBalance]
    chart: Chart
    basis: Basis
    convention: Convention
    tolerance: Decimal
    period: Period | None = None
    findings: list[Finding]
    own: list[Own] = []
    by_code: dict[str, AccountBalance] = {}
    totals: Totals = Totals.of(())
    is_balanced: bool = True

    def __post_init__(self) -> None:
        """Sum the accounts up."""
        self.by_code = {account.account_code: account for account in self.accounts}
        self.totals = Totals.of(self.accounts, self.own)
        self.is_balanced = self.totals.is_balanced(self.tolerance)

    @property
    def is_zero(self) -> bool:
        """Whether no account has any amount, analytic or not."""
        return all(account.is_zero for account in self.accounts)

    def analytic(self) -> list[AccountBalance]:
        """The accounts that are posted on."""
        return [account for account in self.accounts if not account.is_summary]

    def moved(self) -> list[AccountBalance]:
        """The analytic accounts with a debit or a credit: those whose subledger has postings."""
        return [a for a in self.analytic() if a.debit_amount or a.credit_amount]
