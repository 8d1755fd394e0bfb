"""What the holding's page says of a company in one line: its result and its cash over time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from close_report.amounts import total
from close_report.books import Books
from close_report.models import Income, Sheet

# What Brazilian and English charts call the heading of cash, and the accounts below it.
_HEADING = re.compile(r"dispon[ií]ve|disponibilidade|caixa e equivalente|cash", re.IGNORECASE)
_ACCOUNT = re.compile(
    r"(fundo fixo|caixa|bancos?|banco .*|conta corrente|cash|bank)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Result:
    """The sums of the analytic accounts of an income statement; an income is positive."""

    month: Decimal
    ytd: Decimal
    prior_ytd: Decimal | None
    """None if the year before is not there."""


@dataclass(frozen=True)
class Overview:
    """A company over its periods."""

    company_id: str
    results: dict[date, Result]
    cash: dict[date, Decimal]
    """Empty where the chart has no heading or account of that name."""


def overview(books: Books) -> Overview:
    """The company's results and cash by the periods' last days."""
    return Overview(
        books.company_id,
        {end: result(rows) for end, rows in books.income.items()},
        {
            end: amount
            for end, rows in books.sheet.items()
            for amount in [cash(rows)]
            if amount is not None
        },
    )


def result(rows: Iterable[Income]) -> Result:
    """The result of a period."""
    analytic = [row for row in rows if not row.is_summary]
    before = [row.prior_year_ytd_amount for row in analytic]
    known = [amount for amount in before if amount is not None]
    return Result(
        total(row.month_amount for row in analytic),
        total(row.ytd_amount for row in analytic),
        total(known) if known else None,
    )


def cash(rows: Sequence[Sheet]) -> Decimal | None:
    """The balance of cash and banks: the highest headings of that name, else accounts so named."""
    assets = [row for row in rows if row.account_type == "ASSET"]
    headings = [row for row in assets if row.is_summary and _HEADING.match(row.account_name or "")]
    if headings:
        highest = min(row.level or 0 for row in headings)
        return total(row.amount for row in headings if (row.level or 0) == highest)
    accounts = [
        row for row in assets if not row.is_summary and _ACCOUNT.match(row.account_name or "")
    ]
    return total(row.amount for row in accounts) if accounts else None
