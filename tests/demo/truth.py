"""Compare what was loaded with the books that the ERP served, account by account to the cent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

from demo import Connection
from simulator import Books

Period = tuple[date, date]


class Difference(RuntimeError):  # noqa: N818 - it is what has been found, not a failure of the search
    """The warehouse and the books disagree."""


def compare(connection: Connection, books: Books, periods: Iterable[Period]) -> tuple[int, int]:
    """Compare everything; gives how many account balances and how many postings agree.

    Raises:
        Difference: Something is missing, too much, or another amount.
    """
    balances = postings = 0
    for company in books.companies:
        for start, end in periods:
            expected = {
                (row.code, row.opening, row.debit, row.credit, row.closing)
                for row in company.trial_balance(start, end)
            }
            loaded = set(
                connection.execute(
                    """
                    select account_code, net_opening_balance, debit_amount, credit_amount,
                           net_closing_balance
                    from current_trial_balance
                    where company_id = %s and period_start = %s and period_end = %s
                    """,
                    (company.id, start, end),
                ).fetchall()
            )
            _agree(f"trial balance of {company.name}, {start} to {end}", expected, loaded)
            balances += len(expected)

            # By day, account and amounts: each ERP has ids of its own for entries.
            lines = Counter(
                (line.entry.date, line.line.account, line.line.debit, line.line.credit)
                for line in company.lines(start, end)
            )
            kept = Counter(
                connection.execute(
                    """
                    select transaction_date, account_code, debit_amount, credit_amount
                    from current_subledger
                    where company_id = %s and transaction_date between %s and %s
                    """,
                    (company.id, start, end),
                ).fetchall()
            )
            _agree(f"subledger of {company.name}, {start} to {end}", lines, kept)
            postings += sum(lines.values())
    return balances, postings


def _agree(what: str, expected: object, loaded: object) -> None:
    if expected != loaded:
        raise Difference(f"The {what}, is not what the books say.")
