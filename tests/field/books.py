"""Rows of a run as plain figures, to be compared with what a test works out by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contract.commands import Run

Figures = tuple[Decimal, Decimal, Decimal, Decimal]
Line = tuple[str, str, Decimal]


def balances(run: Run, month: str) -> dict[str, Figures]:
    """Opening, debit, credit and closing of each account that is not all zero, debit-positive."""
    return {
        row["account_code"]: figures
        for row in run.records("trial_balance")
        if row["period_start"].startswith(month)
        and not row["is_summary"]
        and any(
            figures := (
                Decimal(row["net_opening_balance"]),
                Decimal(row["debit_amount"]),
                Decimal(row["credit_amount"]),
                Decimal(row["net_closing_balance"]),
            )
        )
    }


def lines(run: Run, month: str) -> list[Line]:
    """Account, day and debit less credit of each posting, sorted."""
    return sorted(
        (
            row["account_code"],
            row["transaction_date"],
            Decimal(row["debit_amount"]) - Decimal(row["credit_amount"]),
        )
        for row in run.records("subledger")
        if row["period_start"].startswith(month)
    )


def header(run: Run, month: str) -> tuple[bool, bool, int]:
    """Whether a period is balanced and reconciled, and how many findings it has."""
    (row,) = (row for row in run.records("periods") if row["period_start"].startswith(month))
    return row["is_balanced"], row["is_reconciled"], row["issue_count"]


def whole(run: Run) -> None:
    """The run came to its end; its own words if not."""
    assert run.returncode == 0, run.stderr


def account(opening: str, debit: str, credit: str) -> Figures:
    """An account's figures; the closing follows."""
    o, d, c = Decimal(opening), Decimal(debit), Decimal(credit)
    return o, d, c, o + d - c
