"""A build over an earlier one makes what a first build makes, and leaves alone what is the same."""

# Names of tables are the test's own.
# ruff: noqa: S608

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import yaml

from close.conftest import Serve
from close.warehouses import TRANSFORM, Close, DuckClose, Row
from simulator import Books
from simulator.generate import RETAINED
from simulator.sales_between import CLIENT, partner

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


OWN = {"company_id": "101"}
AFTER, BEFORE = date(2024, 2, 1), date(2024, 1, 31)
ACCOUNTS: tuple[Row, ...] = tuple(
    {"group_account": one, "name": one, "statement": "BS" if one in "AB" else "PL"}
    for one in "ABCDEF"
)
MAP: tuple[Row, ...] = tuple(
    {"company_id": company, "account_code_pattern": f"{root}*", "group_account": group}
    for company in ("101", "102")
    for root, group in zip("12345", "ABCDE", strict=True)
)
BUYER = partner(1, "").id
WITH_BUYER = {**OWN, "entity_id": BUYER, "counterparty_company_id": "102"}
RENT = "5.1.02.01.001"
FILED_RENT = "7001"

SEEDS: dict[str, tuple[str, tuple[Row, ...], set[str]]] = {
    "a name": ("companies", ({**OWN, "name": "Loja"},), {"companies"}),
    "a CNPJ": ("companies", ({**OWN, "cnpj": "12345678000195"},), {"companies"}),
    "a fiscal year": (
        "companies",
        ({**OWN, "fiscal_year_start_month": 2},),
        {"postings", "int_posting_sums", "income_statement", "consolidated"},
    ),
    "a part owned": ("companies", ({**OWN, "ownership_pct": 50},), {"consolidated"}),
    "a company joins": ("companies", ({**OWN, "valid_from": AFTER},), {"consolidated"}),
    "a company leaves": ("companies", ({**OWN, "valid_to": BEFORE},), {"consolidated"}),
    "a group account's name, place and parent": (
        "group_accounts",
        ({**ACCOUNTS[0], "name": "Assets", "line_order": 3, "parent": "B"}, *ACCOUNTS[1:]),
        {"group_accounts"},
    ),
    "a group account's statement": (
        "group_accounts",
        ({**ACCOUNTS[0], "statement": "PL"}, *ACCOUNTS[1:]),
        {"group_accounts"},
    ),
    "a group account less": ("group_accounts", ACCOUNTS[1:], {"group_accounts"}),
    "an account of the map": (
        "account_map",
        (*MAP, {**OWN, "account_code_pattern": RENT, "group_account": "F"}),
        {"int_account_map", "consolidated"},
    ),
    "a map's end": (
        "account_map",
        (*MAP[1:], {**MAP[0], "valid_to": BEFORE}),
        {"int_account_map", "unmapped_accounts", "consolidated"},
    ),
    "a map's beginning": (
        "account_map",
        (*MAP, {**OWN, "account_code_pattern": "5.1*", "group_account": "F", "valid_from": AFTER}),
        {"int_account_map", "consolidated"},
    ),
    "a cost center of the map": (
        "account_map",
        (
            *MAP,
            {**OWN, "account_code_pattern": "5*", "cost_center": "(none)", "group_account": "F"},
        ),
        {"int_account_map", "consolidated"},
    ),
    "an entity": ("intercompany", (WITH_BUYER,), {"eliminations", "consolidated"}),
    "an account": (
        "intercompany",
        ({**OWN, "account_code": CLIENT, "counterparty_company_id": "102"},),
        {"eliminations", "consolidated"},
    ),
    "an entity on an account": (
        "intercompany",
        ({**WITH_BUYER, "account_code": CLIENT},),
        {"eliminations", "consolidated"},
    ),
    "a document type that closes": (
        "closing_rules",
        ({**OWN, "document_type": "ENC"},),
        {"postings", "int_posting_sums", "account_balances", "income_statement"},
    ),
    "a description that closes": (
        "closing_rules",
        ({**OWN, "description_prefix": "encerramento"},),
        {"postings", "int_posting_sums", "account_balances", "income_statement"},
    ),
    "an equity account that closes": (
        "closing_rules",
        ({**OWN, "document_type": "ENC", "equity_account": RETAINED},),
        {"postings", "int_posting_sums", "account_balances", "income_statement"},
    ),
    "a filed account": (
        "ecd_account_map",
        ({**OWN, "ecd_account_code": FILED_RENT, "account_code": RENT},),
        {"ecd_tie_out", "ecd_posting_diff", "close_status"},
    ),
    "a filed account's end": (
        "ecd_account_map",
        ({**OWN, "ecd_account_code": FILED_RENT, "account_code": RENT, "valid_to": BEFORE},),
        {"ecd_tie_out", "ecd_posting_diff", "close_status"},
    ),
    "a filed account's beginning": (
        "ecd_account_map",
        ({**OWN, "ecd_account_code": FILED_RENT, "account_code": RENT, "valid_from": AFTER},),
        {"ecd_tie_out", "ecd_posting_diff", "close_status"},
    ),
}
"""Of each column of the seeds a change: the seed, its rows, and tables that it must change."""
VARIABLES: dict[str, tuple[Row, set[str]]] = {
    "other books": ({"erp_schema": "others"}, {"postings", "income_statement", "ecd_tie_out"}),
    "no filed ledger": ({"ecd_schema": "nowhere"}, {"ecd_tie_out", "close_status"}),
    "the package's own seeds": ({"close_inputs_schema": None}, {"consolidated", "account_map"}),
}
"""Of each variable that tables depend on a change, and tables that it must change."""


def filled_in() -> set[tuple[str, str]]:
    """Every column of every seed that SEEDS fills in otherwise than the books begin with."""
    begun = {"account_map": MAP, "group_accounts": ACCOUNTS}
    return {
        (seed, column)
        for seed, rows, _ in SEEDS.values()
        for row in rows
        if row not in begun.get(seed, ())
        for column in row
    }


def test_each_column_of_a_seed_and_each_variable_is_changed_here() -> None:
    columns = {
        (file.stem, column)
        for file in (TRANSFORM / "seeds").glob("*.csv")
        for column in file.read_text(encoding="utf-8").strip().split(",")
    }
    assert filled_in() == columns
    project = yaml.safe_load((TRANSFORM / "dbt_project.yml").read_text(encoding="utf-8"))
    # The tolerance is the tests' alone: no model reads it.
    models = TRANSFORM.glob("models/**/*.sql")
    assert not any("close_tolerance" in one.read_text(encoding="utf-8") for one in models)
    changed = {name for given, _ in VARIABLES.values() for name in given}
    assert changed == project["vars"].keys() - {"close_tolerance"}


@pytest.mark.close
@pytest.mark.timeout(3000)
def test_each_seed_and_variable_is_followed(duck: DuckClose, serve: Serve) -> None:
    """A change alone, built over what was there, gives what a first build with it gives."""
    plan: dict[str, Any] = {"companies": 2, "start": FIRST, "end": LAST, "sales_between": True}
    books = Books.generate(**plan, entries_per_month=6, closing="yearly", closing_day=5)
    others = Books.generate(**plan, entries_per_month=3)
    reader = serve(books)
    for company in ("101", "102"):
        duck.load(reader.read("omie", company, FIRST, LAST))
    duck.load(serve(others).read("omie", "101", FIRST, LAST), schema="others")
    filed = reader.read("omie", "101", FIRST, LAST)
    for name in ("trial_balance", "subledger"):
        for row in filed[name]:
            if row["account_code"] == RENT:
                row["account_code"] = FILED_RENT
    duck.load(filed, schema="ecd")
    duck.seed("group_accounts", *ACCOUNTS)
    duck.seed("account_map", *MAP)
    duck.build(*TESTLESS)
    first, built = held(duck), duck.path.read_bytes()
    found: dict[str, set[str]] = {}
    for what, (seed, rows, changes) in SEEDS.items():
        duck.seed(seed, *rows)
        found[what] = _not_followed(duck, first, changes)
        duck.path.write_bytes(built)
    usual = duck.vars
    for what, (given, changes) in VARIABLES.items():
        duck.vars = {**usual, **given}
        found[what] = _not_followed(duck, first, changes)
        duck.path.write_bytes(built)
    assert {what: names for what, names in found.items() if names} == {}


def _not_followed(duck: DuckClose, first: Held, changes: set[str]) -> set[str]:
    """Build over what is there, and name what is not as it should be."""
    duck.build(*TESTLESS)
    found = held(duck)
    unmoved = {name for name in changes if found[name] == first[name]}
    duck.build(*TESTLESS, "--full-refresh")
    afresh = held(duck)
    assert found.keys() == afresh.keys()
    return unmoved | {name for name in found if found[name] != afresh[name]}
