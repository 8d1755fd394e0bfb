"""A build over an earlier one makes what a first build makes, and leaves alone what is the same."""

# Names of tables are the test's own.
# ruff: noqa: S608

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from close.conftest import Serve
from close.warehouses import Close
from simulator import Books

FIRST, JAN, LAST = date(2023, 12, 1), date(2024, 1, 31), date(2024, 3, 31)
TESTLESS = ("--exclude-resource-type", "test")
TABLES = ("trial_balance", "subledger", "periods", "validation_issues")
BY_PERIOD = (
    "postings",
    "int_posting_sums",
    "int_accounts",
    "int_account_year",
    "int_account_results",
    "account_balances",
    "income_statement",
    "balance_sheet",
    "cost_center_result",
)
"""What grows with postings, or with accounts and periods."""
Held = dict[str, Counter[tuple[Any, ...]]]


def held(close: Close) -> Held:
    """Every row of every table of the package, working tables included."""
    names = close.query(
        "select table_name as name from information_schema.tables where table_schema = 'close'"
    )
    return {
        one["name"]: Counter(tuple(row.values()) for row in close.rows(one["name"]))
        for one in names
    }


def places(close: Close, where: str = "true") -> dict[str, set[tuple[Any, ...]]]:
    """Where PostgreSQL keeps the rows, and which transaction wrote them."""
    columns = "ctid::text as place, xmin::text as writer"
    return {
        name: {tuple(row.values()) for row in close.rows(name, columns, where)}
        for name in BY_PERIOD
    }


def map_accounts(close: Close, schema: str, groups: str) -> None:
    """Map the roots of every chart to five groups."""
    charted = [
        {"group_account": one, "name": one, "statement": "BS" if root in "12" else "PL"}
        for root, one in zip("12345", groups, strict=True)
    ]
    close.seed("group_accounts", *charted, schema=schema)
    close.seed(
        "account_map",
        *(
            {"company_id": company, "account_code_pattern": f"{root}*", "group_account": group}
            for company in ("101", "102", "103", "104")
            for root, group in zip("12345", groups, strict=True)
        ),
        schema=schema,
    )


@pytest.mark.close
@pytest.mark.timeout(1800)
def test_a_build_over_an_earlier_one_is_a_first_build(close: Close, serve: Serve) -> None:
    postgres = close.kind == "postgres"
    books = Books.generate(
        companies=5, start=FIRST, end=LAST, entries_per_month=2, closing="yearly"
    )
    reader = serve(books)
    for company in ("101", "102", "104", "105"):
        close.load(reader.read("omie", company, FIRST, LAST))
    map_accounts(close, "inputs", "ABCDE")
    close.build(*TESTLESS)
    first = held(close)
    assert first["postings"]
    assert first["consolidated"]
    if postgres:  # nothing new: no row is written
        before = places(close)
        close.build(*TESTLESS)
        assert places(close) == before
    # One company's months change and its closing entries are told, another lacks a month now.
    changed = books.companies[0]
    entry = changed.entries_between(date(2024, 1, 1), JAN)[0]
    doubled = [replace(one, debit=one.debit * 2, credit=one.credit * 2) for one in entry.lines]
    changed.edit_entry(entry.id, lines=tuple(doubled))
    marks = {"closing_entries": {"document_types": ["ENC"]}}
    close.load(reader.read("omie", "101", FIRST, JAN, **marks))
    gone = "company_id = '104' or company_id = '102' and period_end = '2024-02-29'"
    close.execute(*(f"delete from erp.{table} where {gone}" for table in TABLES))
    # A company comes, one has gone; other tables stand for the seeds: map, year, rules, group.
    close.load(reader.read("omie", "103", FIRST, LAST))
    map_accounts(close, "elsewhere", "VWXYZ")
    close.seed(
        "companies",
        {"company_id": "101", "ownership_pct": 10},
        {"company_id": "105", "fiscal_year_start_month": 7},
        schema="elsewhere",
    )
    close.seed("closing_rules", {"company_id": "105", "document_type": "NF"}, schema="elsewhere")
    untouched = "company_id = '102' and period_end <= date '2024-01-31'"
    before = places(close, untouched) if postgres else {}
    close.build(*TESTLESS)
    if postgres:
        assert all(before.values())
        assert places(close, untouched) == before
    found = held(close)
    assert all(found[name] != first[name] for name in (*BY_PERIOD, "consolidated"))
    close.build(*TESTLESS, "--full-refresh")
    afresh = held(close)
    assert found.keys() == afresh.keys()
    assert {name for name in found if found[name] != afresh[name]} == set()
