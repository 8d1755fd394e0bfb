"""Books in which every account has as many rows in every month as any other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from bench.months import months
from simulator import Account, Books, Company, Entry, Line
from simulator.model import FIRST_ENTRY_ID, ZERO


def even_books(start: date, end: date, accounts: int, rows: int) -> Books:
    """Books from a month to another.

    Args:
        start: The first day.
        end: The last.
        accounts: How many accounts are posted on; an even number.
        rows: Rows of each of them in each month.
    """
    chart = [
        Account("1", "Ativo", "ASSET", "D", None, 1, is_summary=True),
        *(
            Account(f"1.{1 + at:03}", f"Conta {1 + at}", "ASSET", "D", "1", 2, is_summary=False)
            for at in range(accounts)
        ),
    ]
    return Books([Company("101", "Even Ltda", chart, {}, _entries(start, end, accounts, rows))])


def _entries(start: date, end: date, accounts: int, rows: int) -> Iterator[Entry]:
    number = 0
    for month in months(start, end):
        first = date.fromisoformat(month["period_start"])
        for row in range(rows):
            day = first.replace(day=1 + row * 28 // rows)
            for at in range(0, accounts, 2):
                amount = Decimal(100 + number % 99_999).scaleb(-2)
                yield Entry(
                    id=FIRST_ENTRY_ID + number,
                    date=day,
                    posting_date=day,
                    lines=(
                        Line(f"1.{1 + at:03}", amount, ZERO),
                        Line(f"1.{2 + at:03}", ZERO, amount),
                    ),
                    document_number=f"NF-{number:07d}",
                    document_type="NF",
                    description=f"Lançamento {number}",
                )
                number += 1
