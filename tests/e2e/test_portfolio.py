"""`meltano run portfolio`: every company of the portfolio, from its own ERP into one warehouse."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from demo.meltano import run
from e2e.commands import PROJECT, environment, meltano, target_postgres
from e2e.holding import ERPS, MEMBERS, MONTHS, agree, books, everything
from e2e.warehouse import Warehouse
from simulator import Simulator

pytestmark = [
    pytest.mark.pipelines,
    pytest.mark.xdist_group("meltano"),
    pytest.mark.timeout(900),
]


def test_the_whole_portfolio_is_in_the_warehouse_to_the_cent(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    meltano()
    target_postgres()
    of = books(entries_per_month=8)
    with Simulator(of) as erp:
        env = everything(erp, warehouse, tmp_path)
        run(env, log=tmp_path / "meltano.log", tell=print, what=["portfolio"])
        assert {request.company for request in erp.requests if request.company} == {
            member.code for member in MEMBERS
        }
    agree(warehouse, of)
    found = warehouse.rows(
        "select company_id, source_system, count(*) as periods,"
        " bool_and(is_balanced and is_reconciled) as good from periods group by 1, 2"
    )
    assert {row["company_id"] for row in found if row["good"]} == {one.code for one in MEMBERS}
    assert {row["periods"] for row in found} == {len(MONTHS)}
    assert len({row["source_system"] for row in found}) == len(ERPS)


def test_the_erp_may_know_a_company_by_another_id(tmp_path: Path) -> None:
    printed = subprocess.run(
        [meltano(), "config", "print", "tap-totvs--effecti"],
        cwd=PROJECT,
        env=environment(
            {
                "TAP_TOTVS__EFFECTI_ERP_ID": "01",
                "MELTANO_DATABASE_URI": f"sqlite:///{tmp_path / 'meltano.db'}",
            }
        ),
        stdin=subprocess.DEVNULL,
        check=True,
        capture_output=True,
    )
    assert json.loads(printed.stdout)["companies"] == [{"id": "EFFECTI", "erp_id": "01"}]
