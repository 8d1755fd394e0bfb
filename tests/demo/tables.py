"""What the demo shows of the loaded ledgers: trial balances, and the tie-out of every period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby

import msgspec
from psycopg.rows import class_row
from rich import box
from rich.markup import escape
from rich.table import Table

from demo import Connection

DEEPEST_LEVEL = 3
TIE_OUTS_SHOWN = 2
COLUMN_WIDTH = 20
ZERO = Decimal(0)
HOLDING, NO_TYPE, TOTAL = "Holding", "(no type)", "Total"
ACCOUNT_TYPES = ("ASSET", "LIABILITY", "EQUITY", "REVENUE", "EXPENSE")
# One query for the whole holding. Nothing in it depends on the ERP that a row came from: the
# balances of all are debit-positive. `cube` adds the totals by type, by company, and of everything.
CONSOLIDATED = """
    select account_type, company_name, sum(net_closing_balance) as net_closing_balance,
           grouping(account_type) = 1 as of_all_types,
           grouping(company_name) = 1 as of_the_holding
    from current_trial_balance
    where period_end = %s and not is_summary
    group by cube (account_type, (company_id, company_name))
    order by of_the_holding, company_id
"""
BEFORE_CLOSING = """
    select account_type, company_name, sum(net_before_closing) as net_closing_balance,
           grouping(account_type) = 1 as of_all_types,
           grouping(company_name) = 1 as of_the_holding
    from close.account_balances
    join periods using (company_id, period_start, period_end)
    where period_end = %s and not is_summary
    group by cube (account_type, (company_id, company_name))
    order by of_the_holding, company_id
"""


class Balance(msgspec.Struct):
    """One account of the trial balance that is shown."""

    account_code: str
    account_name: str
    level: int
    net_opening_balance: Decimal
    debit_amount: Decimal
    credit_amount: Decimal
    net_closing_balance: Decimal


class TieOut(msgspec.Struct):
    """One row of `periods`, as far as it is shown."""

    company_name: str
    period_end: date
    total_debit: Decimal
    total_credit: Decimal
    is_balanced: bool
    subledger_debit: Decimal
    subledger_credit: Decimal
    is_reconciled: bool
    issue_count: int


class Sum(msgspec.Struct):
    """One cell of the consolidated trial balance."""

    account_type: str | None
    company_name: str | None
    net_closing_balance: Decimal
    of_all_types: bool
    of_the_holding: bool

    @property
    def row(self) -> str:
        """Where it stands; memorandum accounts have no type."""
        return TOTAL if self.of_all_types else self.account_type or NO_TYPE

    @property
    def column(self) -> str | None:
        """The company, or the holding."""
        return HOLDING if self.of_the_holding else self.company_name


def trial_balance(connection: Connection, company_id: str, end: date) -> Table:
    """The trial balance of one company and period, down to the third level of its chart."""
    with connection.cursor(row_factory=class_row(Balance)) as cursor:
        accounts = cursor.execute(
            """
            select account_code, account_name, level, net_opening_balance, debit_amount,
                   credit_amount, net_closing_balance
            from current_trial_balance
            where company_id = %s and period_end = %s and level <= %s
              and (net_opening_balance, debit_amount, credit_amount, net_closing_balance)
                  <> (0, 0, 0, 0)
            order by account_code
            """,
            (company_id, end, DEEPEST_LEVEL),
        ).fetchall()
        total = cursor.execute(
            """
            select '' as account_code, 'All ' || count(*) || ' analytic accounts' as account_name,
                   1 as level, sum(net_opening_balance) as net_opening_balance,
                   sum(debit_amount) as debit_amount, sum(credit_amount) as credit_amount,
                   sum(net_closing_balance) as net_closing_balance
            from current_trial_balance
            where company_id = %s and period_end = %s and not is_summary
            """,
            (company_id, end),
        ).fetchall()
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("Account", "Name"):
        table.add_column(title, no_wrap=True)
    for title in ("Opening", "Debit", "Credit", "Closing"):
        table.add_column(title, justify="right", no_wrap=True)
    for account in accounts:
        _add_balance(table, account)
    table.add_section()
    for account in total:
        _add_balance(table, account)
    return table


def tie_out(connection: Connection) -> Table:
    """Each company's control totals: its last periods, and what all of its periods come to."""
    with connection.cursor(row_factory=class_row(TieOut)) as cursor:
        periods = cursor.execute(
            """
            select company_name, period_end, total_debit, total_credit, is_balanced,
                   subledger_debit, subledger_credit, is_reconciled, issue_count
            from periods order by company_id, period_end
            """
        ).fetchall()
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Period", no_wrap=True)
    for title in ("Debits", "Credits", "Balanced"):
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("Postings' debits", "Postings' credits", "Reconciled", "Issues"):
        table.add_column(title, justify="right", no_wrap=True)
    for company, its_periods in groupby(periods, key=lambda period: period.company_name):
        _add_tie_outs(table, company, list(its_periods))
    return table


def consolidated(connection: Connection, end: date, *, before_closing: bool = False) -> Table:
    """Closing balances by account type, of each company and of the holding.

    Args:
        connection: The database.
        end: Last day of the period.
        before_closing: Whether to leave out the entries that zero the result accounts, by the
            models of the close.
    """
    query = BEFORE_CLOSING if before_closing else CONSOLIDATED
    with connection.cursor(row_factory=class_row(Sum)) as cursor:
        sums = cursor.execute(query.encode(), (end,)).fetchall()
    columns = list(dict.fromkeys(one.company_name for one in sums if not one.of_the_holding))
    cells = {(one.row, one.column): one.net_closing_balance for one in sums}
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Account type", no_wrap=True)
    for column in columns:
        table.add_column(escape(column or ""), justify="right", max_width=COLUMN_WIDTH)
    table.add_column("Holding", justify="right", style="bold")
    for row in (*ACCOUNT_TYPES, NO_TYPE, TOTAL):
        balances = [cells.get((row, column), ZERO) for column in (*columns, HOLDING)]
        if row == TOTAL:
            table.add_section()
        if row != NO_TYPE or any(balances):
            table.add_row(row, *map(balance, balances), style="bold" if row == TOTAL else None)
    return table


def amount(value: Decimal) -> str:
    """An amount as Brazil writes it: 1.234.567,89."""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def balance(net: Decimal) -> str:
    """A debit-positive balance as accountants write it: without sign, D for debit, C for credit."""
    return f"{amount(abs(net))} {'D' if net > 0 else 'C' if net < 0 else ' '}"


def _add_balance(table: Table, account: Balance) -> None:
    table.add_row(
        escape(account.account_code),
        "  " * (account.level - 1) + escape(account.account_name),
        balance(account.net_opening_balance),
        amount(account.debit_amount),
        amount(account.credit_amount),
        balance(account.net_closing_balance),
        style="bold" if account.level == 1 else None,
    )


def _add_tie_outs(table: Table, company: str, periods: Sequence[TieOut]) -> None:
    table.add_section()
    table.add_row(escape(company), style="bold")
    for period in periods[-TIE_OUTS_SHOWN:]:
        table.add_row(
            f"  {period.period_end:%Y-%m}",
            amount(period.total_debit),
            amount(period.total_credit),
            _tick(good=period.is_balanced),
            amount(period.subledger_debit),
            amount(period.subledger_credit),
            _tick(good=period.is_reconciled),
            f"{period.issue_count}",
        )
    table.add_row(
        f"  all {len(periods)} since {periods[0].period_end:%Y-%m}",
        amount(sum((period.total_debit for period in periods), ZERO)),
        amount(sum((period.total_credit for period in periods), ZERO)),
        _how_many([period.is_balanced for period in periods]),
        amount(sum((period.subledger_debit for period in periods), ZERO)),
        amount(sum((period.subledger_credit for period in periods), ZERO)),
        _how_many([period.is_reconciled for period in periods]),
        f"{sum(period.issue_count for period in periods)}",
    )


def _how_many(good: Sequence[bool]) -> str:
    color = "green" if all(good) else "bold red"
    return f"[{color}]{sum(good)} of {len(good)}[/{color}]"


def _tick(*, good: bool) -> str:
    return "[green]yes[/green]" if good else "[bold red]NO[/bold red]"
