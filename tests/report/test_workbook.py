"""The Excel file: the books' numbers as numbers, texts as texts, totals as formulas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from report.conftest import Database, Run
from report.ledgers import Rows
from simulator import Books

JANUARY = (date(2025, 1, 1), date(2025, 1, 31))


@pytest.fixture
def workbook(run: Run, tmp_path: Path) -> Iterator[Any]:
    said = run("render", "--out", str(tmp_path / "page"))
    assert said.status == 0, said.err
    opened = openpyxl.load_workbook(tmp_path / "page" / "close.xlsx")
    yield opened
    opened.close()


def table(sheet: Any) -> list[dict[str, Any]]:
    """The rows of a sheet by its headings."""
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_the_trial_balance_holds_the_books_numbers(workbook: Any, books: Books) -> None:
    rows = [row for row in table(workbook["Balancete"]) if row["Código"]]
    for company in books.companies:
        expected = {
            row.code: tuple(map(float, row[1:]))
            for row in company.trial_balance(*JANUARY)
            if any(row[1:])
        }
        shown = {
            row["Código"]: tuple(
                row[column] for column in ("Saldo anterior", "Débito", "Crédito", "Saldo atual")
            )
            for row in rows
            if row["Empresa"] == company.name
        }
        assert shown == expected


def test_totals_are_formulas_over_the_rows_above(workbook: Any) -> None:
    sheet = workbook["Balancete"]
    totals = [row for row in sheet.iter_rows() if str(row[0].value).startswith("Soma de")]
    assert len(totals) == 2
    for row in totals:
        assert all(str(cell.value).startswith("=SUMIFS(") for cell in row[4:])
    assert workbook["DRE"].max_row > 4
    assert workbook["Centros de custo"].max_row > 4


def test_the_file_names_every_sheet_in_portuguese(workbook: Any) -> None:
    assert workbook.sheetnames == [
        "Visão geral", "Balancete", "DRE", "Balanço patrimonial", "Centros de custo", "Razão",
        "Apontamentos", "O que mudou", "Consolidado", "Eliminações", "Assinaturas",
    ]  # fmt: skip


def test_no_text_becomes_a_formula(
    database: Database, run: Run, rows: Rows, tmp_path: Path
) -> None:
    cruel = ('=HYPERLINK("http://example.com")', "+1+1", "-2", "@SUM(A1)")
    said_by = {
        "account_balances": ("account_name",),
        "income_statement": ("account_name",),
        "balance_sheet": ("account_name",),
        "postings": ("description", "entity_name"),
        "companies": ("name",),
    }
    for table_, columns in said_by.items():
        rows[table_] = [
            {**row, **dict.fromkeys(columns, cruel[place % len(cruel)])}
            for place, row in enumerate(rows[table_])
        ]
    database.build(rows)
    said = run("render", "--out", str(tmp_path / "page"))
    assert said.status == 0, said.err
    opened = openpyxl.load_workbook(tmp_path / "page" / "close.xlsx")
    formulas = [
        (sheet.title, cell.value)
        for sheet in opened
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    texts = [
        cell
        for sheet in opened
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "s" and cell.value in cruel
    ]
    assert len(texts) > 100
    assert {cell.value for cell in texts} == set(cruel)
    # The apostrophe of Excel: it stays a text when somebody edits the cell.
    assert all(cell.quotePrefix for cell in texts)
    assert formulas
    assert all(str(value).startswith(("=SUMIFS(", "=SUM(")) for _, value in formulas)
    opened.close()


def test_an_amount_with_more_digits_than_excel_has_keeps_them_as_text(
    database: Database, run: Run, rows: Rows, tmp_path: Path
) -> None:
    long = Decimal("12345678901234567.89")
    last = [row for row in rows["account_balances"] if row["period_end"] == JANUARY[1]]
    changed = [
        {**row, "net_opening": long} if row is last[0] else row for row in rows["account_balances"]
    ]
    database.build({**rows, "account_balances": changed})
    run("render", "--out", str(tmp_path / "page"))
    opened = openpyxl.load_workbook(tmp_path / "page" / "close.xlsx")
    values = {row["Saldo anterior"] for row in table(opened["Balancete"])}
    assert any(str(value).startswith("12345678901234567.89") for value in values)
    opened.close()
