"""The commands of docs/close.md, in both languages, and of the report's README."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from close import holding
from close.conftest import Serve, serve
from close.warehouses import PostgresClose
from demo.meltano import turn
from docs.blocks import Block, blocks, shell, substituted
from e2e.commands import PROJECT
from e2e.warehouse import Warehouse
from report.conftest import START, Database, usual_rows
from simulator import Books, Simulator

__all__ = ["serve"]

CLOSE, FECHAMENTO = PROJECT / "docs" / "close.md", PROJECT / "docs" / "close.pt-BR.md"
README = PROJECT / "analyze" / "close-report" / "README.md"
COMPANY, MONTH = "aurora", f"{START:%Y-%m}"
ADDRESSES = (
    "postgresql://user:password@host/warehouse",
    "postgresql://usuario:senha@servidor/warehouse",
    "postgresql://…/warehouse",
)


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Models of two companies over five months, all of them closed by now."""
    database = Database(f"duckdb:///{tmp_path / 'warehouse.duckdb'}", tmp_path)
    database.build(usual_rows())
    return database.address


def report(page: Path, beginning: str = "") -> Block:
    """The page's block that renders, or the one that begins so."""
    found = [
        one
        for one in blocks(page, "sh")
        if (one.text.startswith(beginning) if beginning else "close-report render" in one.text)
    ]
    (block,) = found
    return block


@pytest.mark.pipelines
@pytest.mark.parametrize("page", [README, CLOSE, FECHAMENTO], ids=lambda page: page.name)
def test_rendered_and_signed(page: Path, address: str, tmp_path: Path) -> None:
    block = report(page)
    (told,) = [one for one in ADDRESSES if one in block.text]
    lines = [
        line
        for line in block.text.splitlines()
        # Installing and loading are tried elsewhere.
        if not line.startswith(("pip install", "meltano run"))
    ]
    here = Block(block.heading, "sh", "\n".join(lines) + "\n")
    typed = substituted(here, {told: address, "acme": COMPANY, "2024-03": MONTH})
    said = shell(typed, {}, folder=tmp_path)
    assert "aurora" in said.lower()
    (page_made,) = tmp_path.glob("*/index.html")
    assert page_made.with_name("close.xlsx").exists()
    status = Block("", "sh", "close-report status --json\n")
    after = json.loads(shell(status, {"CLOSE_REPORT_DATABASE": address}, folder=tmp_path))
    signed = [row["company_id"] for row in after["periods"] if row["signed_by"]]
    assert signed == [COMPANY]


@pytest.mark.pipelines
@pytest.mark.parametrize("page", [README, FECHAMENTO], ids=lambda page: page.name)
def test_mailed(page: Path, address: str, tmp_path: Path) -> None:
    mail = tmp_path / "mail"
    mail.write_text('#!/bin/sh\n{ printf "%s\\n" "$@"; cat; } > mailed\n', encoding="utf-8")
    mail.chmod(mail.stat().st_mode | stat.S_IXUSR)
    block = report(page, "close-report status --brief")
    shell(block, {"CLOSE_REPORT_DATABASE": address}, folder=tmp_path, path=[tmp_path])
    subject, *body = (tmp_path / "mailed").read_text(encoding="utf-8").splitlines()[1:]
    assert subject == "Fechamento"
    assert len(body) > 1


@pytest.mark.close
@pytest.mark.timeout(900)
def test_built(warehouse: Warehouse, serve: Serve, tmp_path: Path) -> None:
    close = PostgresClose(tmp_path, warehouse.uri)
    close.load(holding.read(serve(holding.generate(closing="yearly")), closing="yearly"))
    known = warehouse.dbt_environment
    block = report(CLOSE, "make install-dbt")
    typed = substituted(
        block,
        {
            # It is installed; who runs the tests did that.
            "make install-dbt\n": "",
            "DBT_HOST=localhost DBT_PORT=5432 DBT_USER=… DBT_PASSWORD=… DBT_DBNAME=warehouse": (
                " ".join(f"{name}='{value}'" for name, value in known.items())
            ),
        },
    )
    made = {"DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path / "logs")}
    with_time = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", typed.text],
        cwd=PROJECT, env={**os.environ, **made}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert with_time.returncode == 0, with_time.stdout
    assert close.rows("close_status")


@pytest.mark.pipelines
@pytest.mark.xdist_group("meltano")
@pytest.mark.timeout(900)
def test_loaded_and_built_by_meltano(warehouse: Warehouse, tmp_path: Path) -> None:
    (line,) = {
        report(page, "meltano run tap-omie").text.splitlines()[0] for page in (CLOSE, FECHAMENTO)
    }
    assert line == "meltano run tap-omie target-postgres dbt-postgres:build"
    with Simulator(Books.generate(companies=["123"], entries_per_month=5)) as erp:
        ours = erp.settings("omie", companies=["123"])
        known = {
            f"TAP_OMIE_{name.upper()}": ours[name]
            for name in ("base_url", "ca_bundle", "app_key", "app_secret")
        }
        known |= warehouse.dbt_environment | {
            "TAP_OMIE_COMPANIES": json.dumps(ours["companies"]),
            "TAP_OMIE_START_DATE": "2024-01-01",
            "TAP_OMIE_END_DATE": "2024-02-29",
            "TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url,
            "MELTANO_DATABASE_URI": f"sqlite:///{tmp_path / 'meltano.db'}",
            "DBT_TARGET_PATH": str(tmp_path / "target"),
            "DBT_LOG_PATH": str(tmp_path / "logs"),
        }
        with turn():
            shell(Block("", "sh", f"{line}\n"), known)
    assert warehouse.values("select count(*) from close.close_status") == [2]
