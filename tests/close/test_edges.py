"""Half an extraction, no subledger, accounts that leave the chart, cash beside accrual."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from close.conftest import Serve
from close.reading import merged
from close.warehouses import BuildFailedError, Close, DuckClose
from erp_common.ledger.periods import fiscal_year
from simulator import Books, Line
from simulator.sales_between import CLIENT, SUPPLIER, partner

FIRST, LAST = date(2024, 1, 1), date(2024, 2, 29)
RENT = "5.1.02.01.001"


@pytest.mark.close
@pytest.mark.timeout(900)
def test_a_company_without_subledger_has_its_result_in_no_cost_center(
    close: Close, serve: Serve
) -> None:
    rows = serve(Books.generate(entries_per_month=6, end=LAST)).read("omie", "101", FIRST, LAST)
    for header in rows["periods"]:
        for name in ("entry_count", "subledger_debit", "subledger_credit", "is_reconciled"):
            header[name] = None
    close.load({**rows, "subledger": []})
    close.build()
    by_account = {
        (row["period_end"], row["account_code"]): (row["month_amount"], row["ytd_amount"])
        for row in close.rows("income_statement", where="not is_summary")
    }
    centers = close.rows("cost_center_result")
    assert {row["cost_center"] for row in centers} == {"(none)"}
    by_center = {
        (row["period_end"], row["account_code"]): (row["month_amount"], row["ytd_amount"])
        for row in centers
    }
    assert by_center == {key: row for key, row in by_account.items() if key in by_center}
    assert not any(
        amount for key in by_account.keys() - by_center.keys() for amount in by_account[key]
    )


@pytest.mark.close
@pytest.mark.timeout(900)
def test_half_an_extraction_hides_nothing(duck: DuckClose, serve: Serve) -> None:
    rows = serve(Books.generate(entries_per_month=6, end=LAST)).read("omie", "101", FIRST, LAST)
    duck.load(rows)
    duck.build()
    whole = duck.rows("account_balances"), len(duck.rows("postings"))
    later = (max(str(row["extracted_at"]) for row in rows["periods"])).replace("2026", "2027")
    half = {
        name: [{**row, "extracted_at": later} for row in rows[name][: len(rows[name]) // 3]]
        for name in ("trial_balance", "subledger")
    }
    duck.load(half)
    duck.build()
    assert (sorted(map(str, duck.rows("account_balances"))), len(duck.rows("postings"))) == (
        sorted(map(str, whole[0])),
        whole[1],
    )


@pytest.mark.close
@pytest.mark.timeout(900)
def test_an_account_that_leaves_the_chart_keeps_its_year(duck: DuckClose, serve: Serve) -> None:
    books = Books.generate(entries_per_month=2, end=LAST)
    company = books.company
    company.add_entry(
        date=date(2024, 1, 10),
        lines=_lines(RENT, "1.1.01.02.001", "700.00"),
    )
    rows = serve(books).read("omie", "101", FIRST, LAST)
    rent = {
        row["period_end"]: row["debit_amount"] - row["credit_amount"]
        for row in rows["trial_balance"]
        if row["account_code"] == RENT
    }
    assert not rent["2024-02-29"], "the seed of the books must leave it alone in February"
    rows["trial_balance"] = [
        row
        for row in rows["trial_balance"]
        if not (row["account_code"] == RENT and row["period_end"] == "2024-02-29")
    ]
    duck.load(rows)
    duck.build("--exclude", "balance_sheet_balances")
    (row,) = duck.rows(
        "income_statement", where=f"account_code = '{RENT}' and period_end = '2024-02-29'"
    )
    assert (row["month_amount"], row["ytd_amount"]) == (0, -rent["2024-01-31"])
    total = sum(
        one["ytd_amount"]
        for one in duck.rows("income_statement", where="period_end = '2024-02-29' and level = 1")
    )
    analytic = sum(
        one["ytd_amount"]
        for one in duck.rows(
            "income_statement", where="period_end = '2024-02-29' and not is_summary"
        )
    )
    assert total == analytic


@pytest.mark.close
@pytest.mark.timeout(900)
def test_cash_beside_accrual_is_not_consolidated(duck: DuckClose, serve: Serve) -> None:
    books = Books.generate(companies=2, entries_per_month=6, end=LAST)
    reader = serve(books)
    accrual = reader.read("omie", "101", FIRST, LAST)
    cash = reader.read("bling", "102", FIRST, LAST)
    for header in cash["periods"]:
        header["metadata"] = {**header["metadata"], "accounting_basis": "cash"}
    duck.seed("group_accounts", *_group("A", "BS"), *_group("R", "PL"))
    duck.seed(
        "account_map",
        *(
            {"company_id": company, "account_code_pattern": pattern, "group_account": group}
            for company in ("101", "102")
            for pattern, group in {"1*": "A", "2*": "A", "3*": "R", "4*": "R", "5*": "R"}.items()
        ),
    )
    duck.load({name: accrual[name] + cash[name] for name in accrual})
    with pytest.raises(BuildFailedError, match="cash_and_accrual_are_not_consolidated_together"):
        duck.build()
    # What one of them has alone may be consolidated.
    duck.seed("companies", {"company_id": "102", "valid_from": str(LAST + timedelta(days=1))})
    duck.build()
    assert {row["period_end"] for row in duck.rows("consolidated")} == {date(2024, 1, 31), LAST}


@pytest.mark.close
@pytest.mark.timeout(900)
def test_what_rows_of_intercompany_name_more_than_once_is_eliminated_once(
    duck: DuckClose, serve: Serve
) -> None:
    books = Books.generate(companies=2, entries_per_month=2, end=LAST, sales_between=True)
    reader = serve(books)
    duck.load(
        merged(
            reader.read("omie", "101", FIRST, LAST),
            reader.read("bling", "102", FIRST, LAST),
        )
    )
    duck.seed("group_accounts", *_group("A", "BS"), *_group("R", "PL"))
    duck.seed(
        "account_map",
        *(
            {"company_id": company, "account_code_pattern": f"{root}*", "group_account": group}
            for company in ("101", "102")
            for root, group in zip("12345", "AARRR", strict=True)
        ),
    )
    buyer = {"company_id": "101", "entity_id": partner(1, "").id, "counterparty_company_id": "102"}
    seller = {"company_id": "102", "entity_id": partner(0, "").id, "counterparty_company_id": "101"}
    pairs = (
        *(buyer, {**buyer, "account_code": CLIENT}),
        *(seller, {**seller, "account_code": SUPPLIER}),
    )
    duck.seed("intercompany", *pairs)
    duck.build()
    eliminated = duck.rows("eliminations")
    assert {row["group_account"] for row in eliminated} == {"A", "R"}
    assert {row["difference"] for row in eliminated} == {0}
    again = ({**buyer, "account_code": code} for code in ("1.1.02*", "3*"))
    duck.seed("intercompany", *pairs, *again, seller)
    duck.build()
    assert sorted(map(str, duck.rows("eliminations"))) == sorted(map(str, eliminated))
    duck.seed("intercompany", *pairs, {**buyer, "counterparty_company_id": "103"})
    with pytest.raises(BuildFailedError, match="intercompany_counts_once"):
        duck.build()


@pytest.mark.close
@pytest.mark.timeout(900)
def test_a_fiscal_year_goes_on_outside_the_group_and_begins_where_it_is_seen_to(
    close: Close,
) -> None:
    july, calendar = 7, 1
    loaded: dict[str, tuple[int, str, str, int]] = {
        # What the tap's setting says, the first month, the last, and months in a period.
        "leaves": (calendar, "2023-07", "2024-10", 1),
        "joins": (calendar, "2023-07", "2024-10", 1),
        "returns": (july, "2024-06", "2024-10", 1),
        "changes": (calendar, "2023-07", "2024-12", 1),
        "is set otherwise": (calendar, "2024-01", "2024-06", 1),
        "from July": (july, "2023-07", "2024-07", 1),
        "from mid-year": (july, "2023-10", "2024-06", 1),
        "by quarter": (july, "2023-07", "2024-09", 3),
        "calendar": (calendar, "2023-10", "2024-06", 1),
    }
    rows = [row for one, plan in loaded.items() for row in _headers(one, *plan)]
    for row in rows:  # two months were read again after the setting had become April
        if row["company_id"] == "is set otherwise" and row["period_end"].month in (4, 5):
            row["fiscal_year"] = 2025
    close.load({"periods": rows})
    from_july, from_january = {"fiscal_year_start_month": 7}, {"fiscal_year_start_month": 1}
    close.seed(
        "companies",
        {"company_id": "leaves", **from_july, "valid_to": "2024-08-31"},
        {"company_id": "joins", **from_july, "valid_from": "2024-05-01"},
        {"company_id": "returns", **from_january, "valid_to": "2024-06-30"},
        {"company_id": "returns", **from_july, "valid_from": "2024-10-01"},
        {"company_id": "changes", **from_july, "valid_to": "2024-06-30"},
        {"company_id": "changes", **from_january, "valid_from": "2024-07-01"},
    )
    close.build("--select", "+int_periods", "--exclude", "resource_type:test")
    found = {
        (row["company_id"], str(row["period_end"])[:7]): (
            row["fiscal_year"],
            row["starts_fiscal_year"],
            row["ends_fiscal_year"],
        )
        for row in close.rows("int_periods")
    }
    years = {name: [year for (of, _), (year, *_) in sorted(found.items()) if of == name]
             for name in loaded}  # fmt: skip
    assert years["leaves"] == years["joins"] == [2024] * 12 + [2025] * 4
    assert years["returns"] == [2024] * 4 + [2025]
    assert years["from July"] == [2024] * 12 + [2025]
    starts = {key for key, (_, is_start, _) in found.items() if is_start}
    ends = {key for key, (_, _, is_end) in found.items() if is_end}
    for name in ("leaves", "joins"):
        assert {key for key in starts if key[0] == name} == {(name, "2023-07"), (name, "2024-07")}
        assert {key for key in ends if key[0] == name} == {(name, "2024-06")}
    # Nobody says when it begins: after June, for which October is no first month.
    assert {key for key in starts | ends if key[0] == "from mid-year"} == {
        ("from mid-year", "2024-06")
    }
    assert ("from mid-year", "2024-06") in ends
    assert {key for key in starts if key[0] == "by quarter"} == {
        ("by quarter", "2023-09"),
        ("by quarter", "2024-09"),
    }
    assert {key for key in ends if key[0] == "by quarter"} == {("by quarter", "2024-06")}
    assert {key for key in starts if key[0] == "calendar"} == {("calendar", "2024-01")}
    # Eighteen months of one number, and a year within another.
    name = "fiscal_years_are_one_year"
    assert close.failing("--select", name, "--store-failures") == {name}
    stored = close.query(f"select company_id, fiscal_year from {_stored(close, name)}")  # noqa: S608
    assert {(row["company_id"], row["fiscal_year"]) for row in stored} == {
        ("changes", 2024),
        ("is set otherwise", 2024),
    }


@pytest.mark.close
@pytest.mark.timeout(900)
def test_the_group_is_whom_its_tables_name_and_lacks_nobody_in_silence(close: Close) -> None:
    loaded = {
        "mapped": ("2024-01", "2024-03"),
        "behind": ("2024-01", "2024-02"),
        "late": ("2024-03", "2024-03"),
        "listed": ("2024-02", "2024-03"),
        "half": ("2024-01", "2024-01"),
        "other": ("2024-01", "2024-03"),
    }
    close.load(
        {"periods": [row for one, (a, b) in loaded.items() for row in _headers(one, 1, a, b, 1)]}
    )
    companies = (
        {"company_id": "listed"},
        {"company_id": "half", "ownership_pct": "50"},
    )
    close.seed("companies", *companies)
    close.seed("account_map")

    def held() -> dict[str, int]:
        close.build("--select", "+int_group_periods", "--exclude", "resource_type:test")
        counted = close.rows("int_group_periods", "company_id, count(*) as n", "true group by 1")
        return {row["company_id"]: row["n"] for row in counted}

    assert held() == {}, "without a map there is no group"
    close.seed(
        "account_map",
        *(
            {"company_id": one, "account_code_pattern": "1*", "group_account": "A"}
            for one in ("mapped", "behind", "late")
        ),
    )
    assert held() == {"mapped": 3, "behind": 2, "late": 1, "listed": 2}
    name = "group_is_loaded_whole"
    assert close.failing("--select", name, "--store-failures") == {name}
    stored = close.query(f"select * from {_stored(close, name)}")  # noqa: S608
    assert [tuple(row.values()) for row in stored] == [("behind", date(2024, 3, 31))]
    close.seed("companies", *companies, {"company_id": "behind", "valid_to": "2024-02-29"})
    assert held() == {"mapped": 3, "behind": 2, "late": 1, "listed": 2}
    assert close.failing("--select", name) == set()


@pytest.mark.close
@pytest.mark.timeout(900)
def test_accounts_and_companies_that_no_map_reaches_are_missing_in_the_group(
    duck: DuckClose, serve: Serve
) -> None:
    reader = serve(Books.generate(companies=2, entries_per_month=2, end=LAST))
    rows = reader.read("omie", "101", FIRST, LAST)
    model = next(row for row in rows["trial_balance"] if row["account_type"].value == "ASSET")
    still = {"is_summary": False, "debit_amount": Decimal(0), "credit_amount": Decimal(0)}
    assets = [
        {**model, **still, "account_code": code, "net_opening_balance": amount,
         "net_closing_balance": amount, "period_start": start, "period_end": end}
        for start, end in {(row["period_start"], row["period_end"]) for row in rows["periods"]}
        for code, amount in (("1.2.01", Decimal(1000000)), ("1.2.02", Decimal(-1000000)))
    ]  # fmt: skip
    rows["trial_balance"] += assets
    duck.load(merged(rows, reader.read("totvs", "102", FIRST, LAST)))
    duck.seed("group_accounts", *_group("A", "BS"), *_group("R", "PL"))
    patterns = {"1.1*": "A", "2*": "A", "3*": "R", "4*": "R", "5*": "R"}
    mapped = [
        {"company_id": "101", "account_code_pattern": pattern, "group_account": group}
        for pattern, group in patterns.items()
    ]
    name = "mapped_total_is_the_company_total"
    whole = ("--select", f"+{name}", "--exclude", "resource_type:test")
    duck.seed("account_map", *mapped)
    duck.build(*whole)
    assert duck.failing("--select", name) == {name}, "a machine and its depreciation"
    duck.seed("account_map", *mapped, {**mapped[0], "account_code_pattern": "1.2*"})
    duck.build(*whole)
    assert duck.failing("--select", name) == set()
    duck.seed("companies", {"company_id": "102"})
    duck.build(*whole)
    assert duck.failing("--select", name) == {name}, "a company of the group without a map"


@pytest.mark.close
def test_a_schema_of_inputs_that_is_misspelt_is_refused(duck: DuckClose) -> None:
    duck.load({})
    duck.vars["close_inputs_schema"] = "inptus"
    with pytest.raises(BuildFailedError, match="close_inputs_schema is inptus, where none of"):
        duck.build()


def _headers(
    company: str, first_month: int, first: str, last: str, months: int
) -> list[dict[str, Any]]:
    """Headers of periods from one month to another, as a tap with that setting tells them."""
    day, end = date.fromisoformat(f"{first}-01"), date.fromisoformat(f"{last}-01")
    rows = []
    while day <= end:
        beyond = day.month - 1 + months
        after = date(day.year + beyond // 12, beyond % 12 + 1, 1)
        until = after - timedelta(days=1)
        rows.append(
            {
                "company_id": company,
                "period_start": day,
                "period_end": until,
                "fiscal_year": fiscal_year(until, first_month),
                "extracted_at": "2024-12-31T00:00:00Z",
            }
        )
        day = after
    return rows


def _stored(close: Close, test: str) -> str:
    """The table in which dbt keeps what a test has found."""
    (row,) = close.query(
        f"select table_schema from information_schema.tables where table_name = '{test}'"  # noqa: S608
    )
    return f"{row['table_schema']}.{test}"


def _group(name: str, statement: str) -> list[dict[str, Any]]:
    return [{"group_account": name, "name": name, "statement": statement}]


def _lines(debit: str, credit: str, amount: str) -> list[Line]:
    return [Line(debit, Decimal(amount), Decimal(0)), Line(credit, Decimal(0), Decimal(amount))]
