"""Companies stand where people look for them, in the page, the workbook and the matrix alike."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from close_report.text import collated
from report.conftest import Database, Run, scripts
from report.ledgers import Rows

NAMES = ["Água Boa Ltda", "filial 2", "Filial 10", "Zênite S.A."]


@pytest.fixture
def numbered(rows: Rows) -> Rows:
    """The books of aurora under four names, whose ids stand in another order than the names."""
    ids = {f"company-{place}": name for place, name in zip((11, 2, 10, 1), NAMES, strict=True)}
    copied = {
        table: [
            {**row, "company_id": company}
            for company in ids
            for row in listed
            if row.get("company_id") == "aurora"
        ]
        for table, listed in rows.items()
    }
    named = [{"company_id": one, "name": name, "valid_from": None} for one, name in ids.items()]
    return {**copied, "companies": named}


def test_names_are_in_order_everywhere(
    database: Database, run: Run, numbered: Rows, tmp_path: Path
) -> None:
    database.build(numbered)
    lines = run("status").out.splitlines()
    assert [line[: len("Água Boa Ltda")].rstrip() for line in lines[2:6]] == NAMES
    listed = json.loads(run("status", "--json").out)["periods"]
    assert list(dict.fromkeys(row["company_name"] for row in listed)) == NAMES
    ends = [row["period_end"] for row in listed if row["company_name"] == NAMES[0]]
    assert ends == sorted(ends)
    said = run("render", "--out", str(tmp_path / "page"))
    assert said.status == 0, said.err
    assert list(scripts(tmp_path / "page" / "index.html").shared["names"].values()) == NAMES
    workbook = openpyxl.load_workbook(tmp_path / "page" / "close.xlsx")
    for title in ("Balancete", "DRE", "Balanço patrimonial", "Centros de custo", "Razão"):
        rows = workbook[title].iter_rows(min_row=2, max_col=1, values_only=True)
        shown = dict.fromkeys(name for [name] in rows if name in NAMES)
        assert list(shown) == NAMES, title
    workbook.close()


def test_ids_without_names_go_by_their_numbers(
    database: Database, run: Run, numbered: Rows
) -> None:
    database.build({**numbered, "companies": [], "stg_erp__periods": []})
    listed = json.loads(run("status", "--json").out)["periods"]
    ids = list(dict.fromkeys(row["company_id"] for row in listed))
    assert ids == ["company-1", "company-2", "company-10", "company-11"]


@given(st.integers(min_value=0), st.integers(min_value=0), st.text(), st.text())
def test_numbers_go_by_their_value(one: int, other: int, before: str, after: str) -> None:
    first, second = (collated(f"{before}.{number}.{after}") for number in (one, other))
    assert (first < second) is (one < other)
    assert first == collated(f"{before}.000{one}.{after}")


def test_figures_beyond_any_number_are_no_harm() -> None:
    assert collated("9" * 10_000) < collated("1" + "0" * 10_000)
    assert collated("x²") == collated("X2")
