"""What is wrong is said in one sentence, without the database's secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from close_report.cli import main
from report.conftest import Database, Run

PASSWORD = "p@ss/wörd s3cret"  # noqa: S105 - a test's own
ENCODED = "p%40ss%2Fw%C3%B6rd%20s3cret"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (f"postgresql://ana:{ENCODED}@127.0.0.1:1/close", "cannot be opened"),
        (f"postgresql+nothing://ana:{ENCODED}@127.0.0.1:1/close", "is not installed"),
        (f"mysql://ana:{ENCODED}@127.0.0.1/close", "is not supported"),
        (f"ana:{PASSWORD}", "no SQLAlchemy address"),
        (f"postgresql://ana:{ENCODED}@127.0.0.1:port/close", "no SQLAlchemy address"),
        ("duckdb:///nowhere/at/all.duckdb", "There is no DuckDB file"),
        ("duckdb://", "There is no DuckDB file"),
    ],
)
@pytest.mark.parametrize("command", [("status",), ("render", "--out", "page")])
def test_an_address_that_does_not_do(
    address: str, sentence: str, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--database", address]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    for secret in (PASSWORD, ENCODED, "s3cret"):
        assert secret not in said.err + said.out


def test_no_address(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOSE_REPORT_DATABASE", raising=False)
    assert main(["status"]) == 2
    assert "CLOSE_REPORT_DATABASE" in capsys.readouterr().err


@pytest.mark.usefixtures("close")
def test_models_that_are_not_there(run: Run) -> None:
    said = run("status", "--schema", "elsewhere")
    assert said.status == 2
    assert "elsewhere.close_status" in said.err
    assert "dbt build" in said.err


@pytest.mark.usefixtures("close")
def test_a_language_that_is_not_spoken(run: Run) -> None:
    said = run("status", "--language", "es")
    assert said.status == 2
    assert "pt-BR or en" in said.err


@pytest.mark.usefixtures("close")
@pytest.mark.parametrize("day", ["2025-13-01", "hoje", "31/01/2025"])
def test_a_day_that_is_none(run: Run, day: str) -> None:
    said = run("status", "--as-of", day)
    assert said.status == 2
    assert said.err == (f"close-report: --as-of is '{day}': write a day, such as 2024-03-31.\n")


def test_binary_floats_are_refused(close: Database, run: Run, tmp_path: Path) -> None:
    engine = sa.create_engine(close.address)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "create table close.floats as select company_id, fiscal_year, period_end, "
            "account_code, account_name, level, is_summary, "
            "cast(month_amount as double precision) as month_amount, ytd_amount, "
            "prior_year_ytd_amount from close.income_statement"
        )
        connection.exec_driver_sql("drop table close.income_statement")
        connection.exec_driver_sql("alter table close.floats rename to income_statement")
    engine.dispose()
    said = run("render", "--out", str(tmp_path / "page"))
    assert said.status == 2
    assert "income_statement.month_amount is a binary float" in said.err
    assert not (tmp_path / "page" / "index.html").exists()
    assert not list((tmp_path / "page").glob("close.xlsx*"))


@pytest.mark.usefixtures("close")
def test_a_folder_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file", encoding="utf-8")
    said = run("render", "--out", str(taken))
    assert said.status == 2
    assert "taken" in said.err
