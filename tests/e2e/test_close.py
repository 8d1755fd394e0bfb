"""From an ERP to a signed close by Meltano alone, with the commands of docs/close.md."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from close.oracle import Oracle
from close.test_models import check_companies
from close.warehouses import PostgresClose
from demo.meltano import run, turn
from e2e.commands import PROJECT, environment, meltano, target_postgres
from e2e.holding import books as portfolio
from e2e.holding import everything
from e2e.test_meltano import END, START, pipeline
from e2e.warehouse import Warehouse
from simulator import Books, Simulator

pytestmark = [
    pytest.mark.pipelines,
    pytest.mark.xdist_group("meltano"),
    pytest.mark.timeout(900),
]

LOADED = ("tap-omie", "target-postgres", "dbt-postgres:build")
FEBRUARY = date(2024, 2, 29)


@pytest.fixture
def books() -> Books:
    """The first quarter of one company."""
    return Books.generate(start=START, end=END, entries_per_month=8)


def test_a_signed_month_that_changes_is_named(
    books: Books, warehouse: Warehouse, tmp_path: Path
) -> None:
    meltano()
    target_postgres()
    with Simulator(books) as erp:
        env = pipeline(erp, warehouse, tmp_path) | warehouse.dbt_environment
        env |= {
            "TAP_OMIE_LOOKBACK_PERIODS": "2",
            "DBT_TARGET_PATH": str(tmp_path / "dbt"),
            "DBT_LOG_PATH": str(tmp_path / "dbt"),
            "CLOSE_REPORT_DATABASE": warehouse.sqlalchemy_url,
            "CLOSE_REPORT_OUT": str(tmp_path / "report"),
        }

        def invoke(*command: str) -> subprocess.CompletedProcess[str]:
            with turn():
                return subprocess.run(
                    [meltano(), "--log-level=warning", "invoke", *command],
                    cwd=PROJECT, env=environment(env), capture_output=True, text=True, check=False,
                )  # fmt: skip

        run(env, log=tmp_path / "meltano.log", tell=print, what=LOADED)
        signed = ("--company", "101", "--by", "Ana Souza", "--period")
        for month in ("2024-01", "2024-02", "2024-03"):
            done = invoke("close-report:sign", *signed, month)
            assert done.returncode == 0, done.stderr
        done = invoke("close-report:status")
        assert done.returncode == 0, done.stderr
        assert "S assinado" in done.stdout

        entry = next(
            one
            for one in books.company.entries_between(date(2024, 2, 1), FEBRUARY)
            if len(one.lines) == 2
        )
        twice = [
            replace(line, debit=2 * line.debit, credit=2 * line.credit) for line in entry.lines
        ]
        books.company.edit_entry(entry.id, lines=tuple(twice))
        run(env, log=tmp_path / "meltano.log", tell=print, what=LOADED)

        done = invoke("close-report:status", "--json")
        assert done.returncode == 1
        told = json.loads(done.stdout)["periods"]
        changed = [row["period_end"] for row in told if row["changed_since_signed"]]
        assert changed == [FEBRUARY.isoformat()]
        done = invoke("close-report:brief")
        assert done.returncode == 1
        assert "fevereiro de 2024: alterado desde que Ana Souza assinou" in done.stdout
        done = invoke("close-report:render")
        assert done.returncode == 0, done.stderr
    assert "alterado desde que Ana Souza" in (tmp_path / "report" / "index.html").read_text("utf-8")
    assert (tmp_path / "report" / "close.xlsx").exists()
    restated = warehouse.rows("select account_code, period_end, delta from close.restatements")
    moved = {line.account: line.debit - line.credit for line in entry.lines}
    assert {row["account_code"]: row["delta"] for row in restated} == moved
    assert {row["period_end"] for row in restated} == {FEBRUARY}
    assert sum((row["delta"] for row in restated), Decimal(0)) == 0


@pytest.mark.timeout(1800)  # seven companies and dbt, on a machine that may be busy
def test_the_job_reads_the_portfolio_and_closes_it(warehouse: Warehouse, tmp_path: Path) -> None:
    meltano()
    target_postgres()
    of = portfolio(entries_per_month=5)
    close = PostgresClose(tmp_path, warehouse.uri)
    # The fiscal years begin in March, as a table says that a team keeps elsewhere.
    close.seed(
        "companies",
        *({"company_id": one.id, "fiscal_year_start_month": 3} for one in of.companies),
    )
    with Simulator(of) as erp:
        env = everything(erp, warehouse, tmp_path) | warehouse.dbt_environment
        env |= {
            "DBT_TARGET_PATH": str(tmp_path / "dbt"),
            "DBT_LOG_PATH": str(tmp_path / "dbt"),
            "DBT_VARS": json.dumps(close.vars),
        }
        run(env, log=tmp_path / "meltano.log", tell=print, what=["close"])
    oracles = [Oracle(one, START, END, fiscal_year_start_month=3) for one in of.companies]
    check_companies(close, oracles)
    statuses = close.rows("close_status")
    assert len(statuses) == len(of.companies) * 3
    assert all(row["is_balanced"] and row["is_reconciled"] for row in statuses)
    assert close.rows("restatements") == []


def test_what_the_tables_mean_can_be_written_down(warehouse: Warehouse, tmp_path: Path) -> None:
    meltano()
    env = warehouse.dbt_environment | {
        "DBT_TARGET_PATH": str(tmp_path / "dbt"),
        "DBT_LOG_PATH": str(tmp_path / "dbt"),
        "MELTANO_DATABASE_URI": f"sqlite:///{tmp_path / 'meltano.db'}",
    }
    with turn():
        done = subprocess.run(
            [meltano(), "--log-level=warning", "invoke", "dbt-postgres:docs"],
            cwd=PROJECT, env=environment(env), capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "dbt" / "index.html").exists()
    manifest = json.loads((tmp_path / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    models = [node for node in manifest["nodes"].values() if node["name"] == "close_status"]
    assert [bool(model["description"]) for model in models] == [True]
