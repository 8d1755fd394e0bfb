"""The models' tables in a real database, with the columns that dbt gives them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

SCHEMA = "close"
COMPANY = "company_id text"
AMOUNT = "numeric(38, 9)"
ACCOUNT = "account_code text, account_name text"
COLUMNS = {
    "companies": f"{COMPANY}, name text, valid_from date",
    "close_status": f"{COMPANY}, period_start date, period_end date, is_balanced boolean, "
    "is_reconciled boolean, issue_count integer, error_count integer, restated_accounts integer, "
    "ecd_status text, signed_by text, signed_at timestamptz, changed_since_signed boolean, "
    "extracted_at timestamptz",
    "account_balances": f"{COMPANY}, fiscal_year integer, period_start date, period_end date, "
    f"{ACCOUNT}, account_type text, parent_account_code text, level integer, is_summary boolean, "
    f"net_opening {AMOUNT}, debit {AMOUNT}, credit {AMOUNT}, net_closing {AMOUNT}, "
    f"closing_entries {AMOUNT}, net_before_closing {AMOUNT}, ytd_before_closing {AMOUNT}",
    "income_statement": f"{COMPANY}, fiscal_year integer, period_end date, {ACCOUNT}, "
    f"level integer, is_summary boolean, month_amount {AMOUNT}, ytd_amount {AMOUNT}, "
    f"prior_year_ytd_amount {AMOUNT}",
    "balance_sheet": f"{COMPANY}, period_end date, {ACCOUNT}, account_type text, level integer, "
    f"is_summary boolean, amount {AMOUNT}",
    "cost_center_result": f"{COMPANY}, fiscal_year integer, period_end date, cost_center text, "
    f"account_code text, month_amount {AMOUNT}, ytd_amount {AMOUNT}",
    "postings": f"{COMPANY}, period_start date, period_end date, fiscal_year integer, "
    "account_code text, entry_id text, line_number integer, transaction_date date, "
    f"debit_amount {AMOUNT}, credit_amount {AMOUNT}, description text, document_number text, "
    "document_type text, cost_center text, entity_name text, posting_kind text",
    "restatements": f"{COMPANY}, period_end date, account_code text, debit_before {AMOUNT}, "
    f"debit_after {AMOUNT}, credit_before {AMOUNT}, credit_after {AMOUNT}, delta {AMOUNT}, "
    "first_seen_at timestamptz",
    "stg_erp__validation_issues": f"{COMPANY}, period_end date, stream_name text, "
    "severity text, code text, message text",
    "stg_erp__periods": f"{COMPANY}, company_name text, currency text, period_end date",
    "group_accounts": "group_account text, parent text, name text, statement text, "
    "line_order integer",
    "consolidated": f"period_end date, group_account text, aggregated {AMOUNT}, "
    f"eliminated {AMOUNT}, consolidated {AMOUNT}",
    "eliminations": f"period_end date, group_account text, {COMPANY}, "
    f"counterparty_company_id text, amount {AMOUNT}, difference {AMOUNT}",
    "unmapped_accounts": f"{COMPANY}, {ACCOUNT}, net_closing {AMOUNT}",
    "ecd_tie_out": f"{COMPANY}, period_end date, account_code text, ecd_account_code text, "
    f"ecd_net_opening {AMOUNT}, ecd_debit {AMOUNT}, ecd_credit {AMOUNT}, "
    f"ecd_net_closing {AMOUNT}, erp_net_opening {AMOUNT}, erp_debit {AMOUNT}, "
    f"erp_credit {AMOUNT}, erp_net_closing {AMOUNT}, status text",
}


def names(table: str) -> list[str]:
    """The columns of a table."""
    kinds = COLUMNS[table].replace("(38, 9)", "")
    return [column.split()[0] for column in kinds.split(", ")]


def create(address: str, rows: Mapping[str, Sequence[Mapping[str, Any]]], folder: Path) -> None:
    """Make all tables anew and fill them; `folder` is for what passes through files."""
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create schema if not exists {SCHEMA}")
        for table, columns in COLUMNS.items():
            connection.exec_driver_sql(f"drop table if exists {SCHEMA}.{table}")
            connection.exec_driver_sql(f"create table {SCHEMA}.{table} ({columns})")
            if rows.get(table):
                _fill(connection, table, rows[table], folder)
    engine.dispose()


def _fill(
    connection: sa.Connection, table: str, rows: Sequence[Mapping[str, Any]], folder: Path
) -> None:
    columns = names(table)
    if connection.dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        with cursor.copy(f"copy {SCHEMA}.{table} ({', '.join(columns)}) from stdin") as copy:
            for row in rows:
                copy.write_row([row.get(column) for column in columns])
        return
    # Row by row DuckDB would take minutes. Null is told from an empty text by a word of its own.
    file = folder / f"{table}.csv"
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, quoting=csv.QUOTE_ALL)
        for row in rows:
            values = (row.get(column) for column in columns)
            writer.writerow(["\\N" if value is None else value for value in values])
    connection.exec_driver_sql(
        f"copy {SCHEMA}.{table} from '{file}' (format csv, header false, nullstr '\\N', "
        "quote '\"', escape '\"', allow_quoted_nulls true)"
    )
