"""What the demo shows of the loaded ledgers: a trial balance, and the tie-out of every period."""

from __future__ import annotations

from collections.abc import Iterator
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


def tie_outs(connection: Connection) -> Iterator[Table]:
    """For each company the control totals of its periods, as the tap found them."""
    with connection.cursor(row_factory=class_row(TieOut)) as cursor:
        periods = cursor.execute(
            """
            select company_name, period_end, total_debit, total_credit, is_balanced,
                   subledger_debit, subledger_credit, is_reconciled, issue_count
            from periods order by company_id, period_end
            """
        ).fetchall()
    for company, its_periods in groupby(periods, key=lambda period: period.company_name):
        table = Table(box=box.SIMPLE_HEAD, title=escape(company), title_justify="left")
        table.add_column("Period", no_wrap=True)
        for title in ("Debits", "Credits", "Balanced"):
            table.add_column(title, justify="right", no_wrap=True)
        for title in ("Postings' debits", "Postings' credits", "Reconciled", "Issues"):
            table.add_column(title, justify="right", no_wrap=True)
        for period in its_periods:
            table.add_row(
                f"{period.period_end:%Y-%m}",
                amount(period.total_debit),
                amount(period.total_credit),
                _tick(good=period.is_balanced),
                amount(period.subledger_debit),
                amount(period.subledger_credit),
                _tick(good=period.is_reconciled),
                f"{period.issue_count}",
            )
        yield table


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


def _tick(*, good: bool) -> str:
    return "[green]yes[/green]" if good else "[bold red]NO[/bold red]"
