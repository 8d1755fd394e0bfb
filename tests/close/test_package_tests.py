"""Each test of the package passes on sound data, and fails on data that breaks its rule."""

# Names of tables are the test's own.
# ruff: noqa: S608

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from close.conftest import Serve
from close.warehouses import TRANSFORM, Close, DuckClose, Row
from simulator import Books

FIRST, LAST = date(2024, 1, 1), date(2024, 2, 29)
UNIQUE = "unique_together"
EQUITY = (
    "(select min(account_code) from close.int_account_year"
    " where company_id = '101' and account_type = 'EQUITY')"
)
BREAKAGES: dict[str, str | tuple[str, ...]] = {
    "account_map_can_be_read": (
        "insert into inputs.account_map values ('101', '1.*.1', null, 'A', '01/04/2024', null)"
    ),
    "account_map_decides": "update close.int_account_map set winners = 2",
    "account_map_names_group_accounts": "delete from close.group_accounts",
    "amounts_keep_their_digits": (
        "alter table erp.subledger alter debit_amount type varchar",
        "update erp.subledger set debit_amount = '0.1234567891' where line_number = 1",
    ),
    "balance_sheet_balances": (
        "update close.balance_sheet set amount = amount + 1 where account_code = 'RESULT'"
    ),
    "balance_sheet_sums_to_the_ledger": (
        "update close.balance_sheet set amount = amount + 1 where account_code like '1.1.01.02.001'"
    ),
    "before_closing_and_closing_are_the_ledger": (
        "update close.account_balances set net_before_closing = net_before_closing + 1"
    ),
    "cash_and_accrual_are_not_consolidated_together": (
        "update close.int_group_periods set accounting_basis = 'cash' where company_id = '102'"
    ),
    "closing_rules_can_be_read": "insert into inputs.closing_rules values (null, 'ENC', '', '')",
    "companies_can_be_read": (
        "insert into inputs.companies values ('101', '', '', '13', '50,01', null, '31/12/2024')"
    ),
    "closing_entries_are_in_the_ledger": (
        "update close.postings set posting_kind = 'CLOSING' where account_code like '1%'"
    ),
    "closing_entries_are_marked": (
        (
            "insert into close.postings select * exclude (code, net) replace ('ENC' as entry_id,"
            " 'ENC' as journal_id, 'NORMAL' as posting_kind, code as account_code,"
            " net as net_amount)"
            " from (select * from"
            " close.postings where company_id = '101' and period_start = '2024-02-01' limit 1)"
            " cross join (values ('3.1.01.01.001', 100), ('5.1.02.01.001', -60),"
            f" ({EQUITY}, -40)) as lines(code, net)"
        ),
        (
            f"insert into close.int_posting_sums select * replace ({EQUITY} as account_code) from"
            " close.int_posting_sums where company_id = '101' and period_start = '2024-02-01'"
        ),
    ),
    "consolidated_is_companies_less_eliminations": (
        "update close.consolidated set consolidated = consolidated + 1"
    ),
    "cost_centers_sum_to_accounts": (
        "update close.cost_center_result set month_amount = month_amount + 1"
    ),
    "ecd_account_map_can_be_read": (
        "insert into inputs.ecd_account_map values ('101', '1001', ' ', null, null)"
    ),
    "group_accounts_can_be_read": (
        "insert into inputs.group_accounts values ('A', null, 'A again', 'BS', null)"
    ),
    "fiscal_years_are_one_year": (
        "insert into close.int_periods select * replace (date '2025-02-01' as period_start,"
        " date '2025-02-28' as period_end) from close.int_periods"
        " where company_id = '101' and period_start = '2024-01-01'"
    ),
    "group_is_loaded_whole": (
        "delete from close.int_group_periods"
        " where company_id = '102' and period_start = '2024-02-01'"
    ),
    "income_statement_sums_to_the_ledger": (
        "update close.income_statement set month_amount = month_amount + 1 where not is_summary"
    ),
    "income_statement_year_is_its_months": (
        "update close.income_statement set ytd_amount = ytd_amount + 1 where not is_summary"
    ),
    "currencies_are_not_consolidated_together": (
        "update close.int_group_periods set currency = 'USD' where company_id = '102'"
    ),
    "inputs_name_loaded_companies": (
        "insert into close.intercompany (company_id, entity_id, counterparty_company_id)"
        " values ('101', '1', 'another')"
    ),
    "intercompany_can_be_read": "insert into inputs.intercompany values ('', '1.1', '', '102')",
    "intercompany_counts_once": (
        "insert into close.intercompany (company_id, account_code, counterparty_company_id)"
        " values ('101', '1.1*', '102'), ('101', '1.1.01.02.001', '103')"
    ),
    "intercompany_names_what_it_means": (
        "insert into close.intercompany (company_id, counterparty_company_id) values ('101', '102')"
    ),
    "intercompany_pairs_agree": (
        "insert into close.eliminations values ('2024-01-31', 'R', '101', '102', 5, 5)"
    ),
    "mapped_total_is_the_company_total": (
        "update close.int_group_amounts set amount = amount + 1 where statement = 'BS'"
    ),
    "periods_do_not_overlap": (
        "insert into close.int_periods select * replace (date '2024-03-31' as period_end)"
        " from close.int_periods where company_id = '101' and period_start = '2024-01-01'"
    ),
    "postings_are_the_current_subledger": (
        "delete from close.postings where company_id = '101' and line_number = 1"
    ),
    "staging_is_current_subledger": (
        "create or replace view close.stg_erp__subledger as select * from erp.subledger limit 3"
    ),
    "staging_is_current_trial_balance": (
        "create or replace view close.stg_erp__trial_balance as select *, net_opening_balance as"
        " net_opening, debit_amount as debit, credit_amount as credit, net_closing_balance as"
        " net_closing from erp.trial_balance limit 3"
    ),
    "staging_is_current_validation_issues": (
        "create or replace view close.stg_erp__validation_issues as select 'x' as issue_id"
    ),
    "years_are_loaded_whole": (
        "delete from close.int_periods where company_id = '101' and period_start = '2024-01-01'"
    ),
    "validity_does_not_overlap": (
        "insert into close.companies (company_id, valid_from) values ('101', '2020-01-01'),"
        " ('101', '2021-01-01')"
    ),
    f"{UNIQUE}_postings_company_id__account_code__entry_id__line_number": (
        "insert into close.postings select * from close.postings limit 1"
    ),
    f"{UNIQUE}_account_balances_company_id__period_start__period_end__account_code": (
        "insert into close.account_balances select * from close.account_balances limit 1"
    ),
    "accepted_values_postings_posting_kind__NORMAL__CLOSING__LATE": (
        "update close.postings set posting_kind = 'OTHER' where line_number = 1"
    ),
}
"""What breaks each rule, in tables that are built already."""

ROUNDS = (
    (
        "account_map_can_be_read",
        "account_map_decides",
        "account_map_names_group_accounts",
        "amounts_keep_their_digits",
        "balance_sheet_balances",
        "before_closing_and_closing_are_the_ledger",
        "cash_and_accrual_are_not_consolidated_together",
        "closing_rules_can_be_read",
        "companies_can_be_read",
        "cost_centers_sum_to_accounts",
        "currencies_are_not_consolidated_together",
        "consolidated_is_companies_less_eliminations",
        "ecd_account_map_can_be_read",
        "group_accounts_can_be_read",
        "income_statement_year_is_its_months",
        "inputs_name_loaded_companies",
        "intercompany_can_be_read",
        "intercompany_counts_once",
        "intercompany_names_what_it_means",
        "validity_does_not_overlap",
        "postings_are_the_current_subledger",
    ),
    (
        "balance_sheet_sums_to_the_ledger",
        "income_statement_sums_to_the_ledger",
        "intercompany_pairs_agree",
        "mapped_total_is_the_company_total",
        "closing_entries_are_in_the_ledger",
        "fiscal_years_are_one_year",
        "group_is_loaded_whole",
        "periods_do_not_overlap",
        f"{UNIQUE}_postings_company_id__account_code__entry_id__line_number",
    ),
    (
        "staging_is_current_subledger",
        "staging_is_current_trial_balance",
        "staging_is_current_validation_issues",
        "accepted_values_postings_posting_kind__NORMAL__CLOSING__LATE",
        f"{UNIQUE}_account_balances_company_id__period_start__period_end__account_code",
        "closing_entries_are_marked",
        "years_are_loaded_whole",
    ),
)
"""What is broken at once: none of a round breaks another's rule."""


def names() -> set[str]:
    """The package's own tests."""
    return {file.stem for file in Path(TRANSFORM / "tests").glob("*.sql")}


def test_each_test_is_broken_here() -> None:
    broken = [name for one in ROUNDS for name in one]
    assert names() <= set(broken) == set(BREAKAGES)
    assert len(broken) == len(BREAKAGES)


READ = ("stg_inputs__companies", "stg_inputs__account_map", "stg_inputs__ecd_account_map")
READABLE: tuple[Row, ...] = (
    {"valid_from": "2024-02-29", "valid_to": "2024-02-29", "ownership_pct": "0"},
    {"valid_from": "2000-02-29T00:00:00Z", "valid_to": "2000-02-29 00:00:00+00"},
    {"valid_from": "0001-01-01 00:00:00.000", "valid_to": "9999-12-31 00:00:00-03:00"},
    {"valid_to": "2024-11-30", "ownership_pct": "1.5"},
    {"valid_from": "\u00a02024-12-31\t", "ownership_pct": "\u00a0100.00\r\n", "name": "\t\u00a0 "},
)
UNREADABLE: dict[str, tuple[Row, ...]] = {
    "valid_from": (
        {"valid_from": "2024-02-31"},
        {"valid_from": "2023-02-29"},
        {"valid_from": "1900-02-29"},
        {"valid_from": "2024-04-31"},
        {"valid_from": "0000-01-01"},
        {"valid_from": "2024-12-31 00:00:00 lixo"},
        {"valid_from": "2024-12-31 12:00:00"},
    ),
    "valid_to": ({"valid_from": "2024-12-31T00:00:00Z", "valid_to": "2024-12-30"},),
    "ownership_pct": tuple({"ownership_pct": text} for text in ("0.51", "1", "1.00", "100.5")),
}
"""Rows of `companies`, those that cannot be read by the column that is told."""


@pytest.mark.close
@pytest.mark.timeout(900)
def test_what_people_fill_in_is_read_as_it_is_meant_or_told(close: Close) -> None:
    ids = iter(range(1000))
    good = [{"company_id": f"\u00a0{next(ids)}\t", **row} for row in READABLE]
    bad = {str(next(ids)): (column, row) for column, rows in UNREADABLE.items() for row in rows}
    wrong = [{"company_id": company, **row} for company, (_, row) in bad.items()]
    backwards = {"company_id": "101", "valid_from": "2024-12-31", "valid_to": "2024-01-01"}
    mapped = {"account_map": "account_code_pattern group_account"}
    mapped["ecd_account_map"] = "ecd_account_code account_code"

    def fill(companies: list[Row], *others: Row) -> None:
        close.seed("companies", *companies)
        for seed, columns in mapped.items():
            close.seed(seed, *({**row, **dict.fromkeys(columns.split(), "1")} for row in others))

    fill([*good, *wrong], backwards)
    tests = [f"{seed}_can_be_read" for seed in ("companies", *mapped)]
    assert close.failing("--store-failures", "--select", *tests) == set(tests)
    audit = "select company_id, column_name from dbt_test__audit"
    told = {one["company_id"]: one["column_name"] for one in close.query(f"{audit}.{tests[0]}")}
    assert told == {company: column for company, (column, _) in bad.items()}
    for test in tests[1:]:
        assert [one["column_name"] for one in close.query(f"{audit}.{test}")] == ["valid_to"]

    fill(good, {**backwards, "valid_to": "2024-12-31"})
    close.build("--select", *READ, "--indirect-selection=cautious")
    read = close.rows("companies")
    assert {row["company_id"]: str(row["valid_from"]) for row in read} == {
        "0": "2024-02-29",
        "1": "2000-02-29",
        "2": "0001-01-01",
        "3": "None",
        "4": "2024-12-31",
    }
    assert {row["ownership_pct"] for row in read if row["valid_to"] is None} == {100}
    assert {row["name"] for row in read} == {None}


@pytest.mark.close
@pytest.mark.timeout(1800)
def test_sound_books_pass_and_each_breakage_fails_its_test(duck: DuckClose, serve: Serve) -> None:
    books = Books.generate(companies=2, entries_per_month=6, end=LAST, sales_between=True)
    reader = serve(books)
    duck.seed(
        "group_accounts",
        {"group_account": "A", "name": "A", "statement": "BS"},
        {"group_account": "R", "name": "R", "statement": "PL"},
    )
    duck.seed(
        "account_map",
        *(
            {
                "company_id": company,
                "account_code_pattern": f"{root}*",
                "group_account": "A" if root in "12" else "R",
            }
            for company in ("101", "102")
            for root in "12345"
        ),
    )
    for name in ("closing_rules", "companies", "ecd_account_map", "intercompany"):
        duck.seed(name)
    read = [reader.read(erp, one, FIRST, LAST) for erp, one in (("omie", "101"), ("totvs", "102"))]
    duck.load({name: read[0][name] + read[1][name] for name in read[0]})
    duck.build()
    sound = duck.path.read_bytes()
    for broken in ROUNDS:
        for name in broken:
            breakage = BREAKAGES[name]
            duck.execute(*((breakage,) if isinstance(breakage, str) else breakage))
        assert set(broken) <= duck.failing()
        duck.path.write_bytes(sound)
