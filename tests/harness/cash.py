"""What must hold of every ledger on a cash basis, whatever ERP it comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from harness.runs import Run


def assert_sound(done: Run, starts: Iterable[object]) -> None:
    """Every period that starts on these days and every entry sums to zero; all of it ties out."""
    for start in starts:
        analytic = [
            row
            for row in done.rows["trial_balance"]
            if row["period_start"] == str(start) and not row["is_summary"]
        ]
        assert analytic
        assert sum(row["net_opening_balance"] for row in analytic) == 0
        assert sum(row["net_closing_balance"] for row in analytic) == 0
        assert sum(row["debit_amount"] - row["credit_amount"] for row in analytic) == 0
    entries: dict[str, Decimal] = defaultdict(Decimal)
    for row in done.rows["subledger"]:
        entries[row["entry_id"]] += row["debit_amount"] - row["credit_amount"]
    assert set(entries.values()) == {Decimal(0)}
    assert all(
        period["is_balanced"] and period["is_reconciled"] and period["basis"] == "derived"
        for period in done.rows["periods"]
    )
    for stream in ("trial_balance", "subledger", "periods"):
        assert {row["metadata"]["accounting_basis"] for row in done.rows[stream]} == {"cash"}
