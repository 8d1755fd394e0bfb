"""Every model equals what follows from the journal entries alone, for all four ERPs."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from close import holding
from close.conftest import Serve
from close.oracle import Oracle, Table
from close.warehouses import Close, DuckClose
from simulator import Books

PLANS: dict[str, dict[str, Any]] = {
    "open": {"closing": "none"},
    "closed": {"closing": "yearly"},
    "from July": {"closing": "yearly", "fiscal_year_start_month": 7},
    "by quarter": {"closing": "quarterly"},
    "in January": {"closing": "yearly", "closing_day": 15},
}


def built(close: Close, serve: Serve, plan: dict[str, Any]) -> Books:
    """Books, loaded and closed."""
    books = holding.generate(**plan)
    # Where the last day of a fiscal year shows them, Omie's closing entries need no rule.
    structural = plan["closing"] == "yearly" and "closing_day" not in plan
    holding.seed(close, books, ruled=("104",) if structural else ("101", "104"))
    month = plan.get("fiscal_year_start_month", 1)
    close.load(holding.read(serve(books), closing=plan["closing"], first_month=month))
    close.build()
    return books


def check(close: Close, books: Books, month: int) -> None:
    """Compare every model."""
    oracles = [Oracle(one, holding.FIRST, holding.LAST, month) for one in books.companies]
    check_companies(close, oracles)
    check_group(close, books, month)
    assert close.rows("restatements") == []
    statuses = close.rows("close_status")
    assert len(statuses) == sum(len(oracle.months) for oracle in oracles)
    assert all(row["is_balanced"] and row["is_reconciled"] for row in statuses)
    assert {(row["error_count"], row["restated_accounts"]) for row in statuses} == {(0, 0)}


def check_companies(close: Close, oracles: list[Oracle]) -> None:
    """Compare what is each company's own."""
    expected: dict[str, Table] = {
        name: {key: row for one in oracles for key, row in getattr(one, name)().items()}
        for name in ("account_balances", "income_statement", "balance_sheet", "cost_center_result")
    }
    columns = {
        "account_balances": (
            "fiscal_year account_type parent_account_code is_summary net_opening debit credit"
            " net_closing closing_entries net_before_closing ytd_before_closing"
        ),
        "income_statement": (
            "fiscal_year level is_summary month_amount ytd_amount prior_year_ytd_amount"
        ),
        "balance_sheet": "account_type amount",
        "cost_center_result": "month_amount ytd_amount",
    }
    for model, names in columns.items():
        keys = ["company_id", "period_end", "account_code"]
        if model == "cost_center_result":
            keys.insert(2, "cost_center")
        rows = close.rows(model)
        found = {
            tuple(row[key] for key in keys): tuple(row[name] for name in names.split())
            for row in rows
        }
        assert len(found) == len(rows)
        if model == "cost_center_result":
            found = {key: row for key, row in found.items() if any(row)}
        same(found, expected[model], model)
    kinds = Counter(
        (row["company_id"], row["posting_kind"])
        for row in close.rows("postings", "company_id, posting_kind")
    )
    wanted: Counter[tuple[str, str]] = Counter()
    for oracle in oracles:
        wanted.update(oracle.kinds())
    assert kinds == wanted


def same(found: Table, expected: Table, model: str) -> None:
    """Compare tables, and tell the first few rows that differ."""
    keys = sorted({*found, *expected}, key=str)
    differing = [key for key in keys if found.get(key) != expected.get(key)]
    told = [(key, found.get(key), expected.get(key)) for key in differing[:5]]
    assert not differing, f"{model}: {len(differing)} of {len(keys)} rows, such as {told}"


def check_group(close: Close, books: Books, month: int) -> None:
    """Compare the group."""
    aggregated, eliminated, differences = holding.consolidated(books, month)
    by_group: Counter[tuple[date, str]] = Counter()
    for (end, group, _, _), amount in eliminated.items():
        by_group[end, group] += amount  # type: ignore[assignment] # amounts, not counts
    found = {
        (row["period_end"], row["group_account"]): (
            row["aggregated"],
            row["eliminated"],
            row["consolidated"],
        )
        for row in close.rows("consolidated")
    }
    assert found == {
        (end, group): (amount, by_group[end, group], amount - by_group[end, group])
        for (end, group), amount in aggregated.items()
        if (end, group) in found or amount
    }
    told = {
        (r["period_end"], r["group_account"], r["company_id"], r["counterparty_company_id"]): (
            r["amount"],
            r["difference"],
        )
        for r in close.rows("eliminations")
    }
    assert told == {key: (eliminated[key], differences[key]) for key in eliminated}
    assert {bool(difference) for _, difference in told.values()} == {True, False}
    assert close.rows("unmapped_accounts") == []


@pytest.mark.close
@pytest.mark.timeout(900)
@pytest.mark.parametrize("plan", PLANS)
def test_every_way_to_close(close: Close, serve: Serve, plan: str) -> None:
    books = built(close, serve, PLANS[plan])
    check(close, books, PLANS[plan].get("fiscal_year_start_month", 1))
    if plan == "closed":
        # Whoever tells of the closing entries, they are found.
        reasons = {
            (row["company_id"], row["posting_kind_reason"])
            for row in close.rows("postings", where="posting_kind = 'CLOSING'")
        }
        assert reasons == {("101", "structural"), ("102", "erp"), ("103", "erp"), ("104", "rule")}


@pytest.mark.close
@pytest.mark.timeout(900)
def test_december_is_the_same_with_and_without_closing_entries(
    duck: DuckClose, serve: Serve
) -> None:
    results = []
    for plan in ("open", "closed"):
        built(duck, serve, PLANS[plan])
        results.append(
            {
                (row["company_id"], row["account_code"]): (row["month_amount"], row["ytd_amount"])
                for row in duck.rows("income_statement", where="period_end = '2023-12-31'")
            }
        )
        closing = {row["amount"] for row in duck.rows(
            "balance_sheet", where="period_end = '2023-12-31' and account_code = 'RESULT'"
        )}  # fmt: skip
        assert (closing == {Decimal(0)}) == (plan == "closed")
        duck.path.unlink()
    assert results[0] == results[1]
    assert any(amount for amount, _ in results[0].values())
