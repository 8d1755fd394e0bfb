"""Installed by `packages.yml` in a project of somebody's own, as docs/close.md says."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from close.conftest import Serve
from close.warehouses import TRANSFORM, DuckClose
from simulator import Books

pytestmark = [pytest.mark.close, pytest.mark.timeout(900)]

FIRST, LAST = date(2024, 1, 1), date(2024, 1, 31)
PROJECT_FILE = """\
name: mine
version: 1.0.0
profile: erp_close
flags: {send_anonymous_usage_stats: false}
"""
OWN_MODEL = """\
select company_id, period_end, sum(month_amount) as result
from {{ ref('income_statement') }}
where not is_summary
group by company_id, period_end
"""


def repository(folder: Path) -> Path:
    """A git repository that has the package in its folder `transform`, as this one has."""
    leave = shutil.ignore_patterns("target", "logs", "dbt_packages")
    shutil.copytree(TRANSFORM, folder / "transform", ignore=leave)
    author = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    for command in (("init", "-q", "-b", "main"), ("add", "."), (*author, "commit", "-qm", "All")):
        subprocess.run(["git", "-C", folder, *command], check=True)
    return folder


@pytest.mark.parametrize("source", ["git", "local"])
def test_a_project_of_ones_own_builds_on_it(
    duck: DuckClose, serve: Serve, tmp_path: Path, source: str
) -> None:
    mine = tmp_path / "mine"
    (mine / "models").mkdir(parents=True)
    (mine / "macros").mkdir()
    (mine / "dbt_project.yml").write_text(PROJECT_FILE, encoding="utf-8")
    (mine / "models" / "result_of_the_month.sql").write_text(OWN_MODEL, encoding="utf-8")
    shutil.copy(TRANSFORM / "macros" / "schema.sql", mine / "macros")
    package = f"  - local: {TRANSFORM}\n"
    if source == "git":
        package = (
            f"  - git: file://{repository(tmp_path / 'erp-taps')}\n"
            "    revision: main\n    subdirectory: transform\n"
        )
    (mine / "packages.yml").write_text(f"packages:\n{package}", encoding="utf-8")
    duck.project = mine
    installed = duck.dbt("deps")
    assert installed.returncode == 0, installed.stdout

    duck.load(serve(Books.generate(entries_per_month=4)).read("omie", "101", FIRST, LAST))
    duck.build()
    [balance] = duck.rows("balance_sheet", "amount", "account_code = 'RESULT'")
    [own] = duck.query("select * from close.result_of_the_month")
    assert own["result"] == balance["amount"] != 0
    # Over what is there already, which is written by a macro of the package.
    duck.build("--select", "balance_sheet")
    assert duck.rows("balance_sheet", "amount", "account_code = 'RESULT'") == [balance]
