"""The DAG without any service: `airflow dags test`, on one machine and for one company."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from demo.meltano import turn
from docs.blocks import shell
from e2e.commands import target_postgres
from e2e.holding import MEMBERS, keys, settings, storage
from e2e.warehouse import Warehouse
from orchestration.airflow_engine import own_settings, program
from orchestration.page import block
from simulator import Books, Simulator

pytestmark = [
    pytest.mark.orchestration,
    pytest.mark.xdist_group("meltano"),
    pytest.mark.timeout(1800),
]

DATAHUB = next(member for member in MEMBERS if member.code == "DATAHUB")


def test_a_backfill_of_one_company(warehouse: Warehouse, tmp_path: Path) -> None:
    target_postgres()
    airflow = own_settings(tmp_path)
    with Simulator(Books.generate(companies=["DATAHUB"], entries_per_month=8)) as erp, turn():
        # The settings of the other companies are not there, which keeps nobody from working.
        env = airflow | settings(erp) | keys(erp, DATAHUB) | storage(warehouse, tmp_path)
        env |= warehouse.dbt_environment
        env["MELTANO_ENVIRONMENT"] = "prod"
        said = shell(block("airflow db migrate\nairflow dags test"), env, path=[program().parent])
    assert "DATAHUB     2024-03-31" in said
    # The books begin in January; the run was asked for March.
    read = warehouse.rows("select company_id, period_start, is_reconciled from periods")
    assert [tuple(row.values()) for row in read] == [("DATAHUB", date(2024, 3, 1), True)]


def test_a_pool_for_companies_that_share_an_allowance(tmp_path: Path) -> None:
    asked = "airflow db migrate\n{}airflow dags reserialize\n"
    pools = block("airflow pools set")
    whole = type(pools)(pools.heading, pools.language, asked.format(pools.text))
    shell(whole, own_settings(tmp_path), path=[program().parent])
    with closing(sqlite3.connect(tmp_path / "airflow.db")) as database:
        slots = dict(database.execute("select pool, slots from slot_pool").fetchall())
        [planned] = database.execute(
            "select data from serialized_dag where dag_id = 'portfolio-daily'"
        ).fetchone()
    assert slots["tap-contaazul"] == 2
    # Once for each company with ContaAzul, and none of the others.
    assert planned.count('"pool": "tap-contaazul"') == sum(
        member.tap == "tap-contaazul" for member in MEMBERS
    )
