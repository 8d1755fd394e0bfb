"""docs/meltano.md, in a fresh project: from the repository to the tables."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from demo.postgres import Postgres
from docs.blocks import Block, blocks, shell, substituted
from docs.test_publishing import committed, settings
from e2e.commands import PROJECT
from e2e.warehouse import Warehouse
from simulator import Books, Simulator

# Two plugins are installed from the repository.
pytestmark = [pytest.mark.pipelines, pytest.mark.timeout(900)]

PAGE = PROJECT / "docs" / "meltano.md"
TAG = "v0.2.0"


def put_in(file: Path, block: Block) -> None:
    """Put the block's `pip_url` into meltano.yml, as a reader does with an editor."""
    text = file.read_text(encoding="utf-8")
    package = block.text.split("#subdirectory=")[-1].strip().rpartition("/")[2]
    known = {"tap-omie": "tap-omie", "target-postgres": "erp-target-postgres"}[package]
    line = f"    pip_url: {known}\n"
    assert text.count(line) == 1
    tagged = substituted(block, {f"@{TAG}": committed()[f"@{TAG}"]})
    file.write_text(text.replace(line, tagged.text), encoding="utf-8")


def test_a_fresh_project(warehouse: Warehouse, postgres: Postgres, tmp_path: Path) -> None:
    begin, go, views, update = blocks(PAGE, "sh")
    tap, loader, own = blocks(PAGE, "yaml")
    project = tmp_path / "books"
    known = settings()
    # As on a reader's machine, where another project's environment is not active.
    known |= {"MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONPATH": ""}
    shell(begin, known, folder=tmp_path)
    file = project / "meltano.yml"
    for block in (tap, loader):
        put_in(file, block)
    with Simulator(Books.generate(companies=["123"], entries_per_month=5)) as erp:
        ours = erp.settings("omie", companies=["123"])
        known |= {
            "TAP_OMIE_BASE_URL": ours["base_url"],
            "TAP_OMIE_CA_BUNDLE": ours["ca_bundle"],
            "TAP_OMIE_END_DATE": "2024-02-29",
        }
        typed = substituted(
            go,
            {
                "TAP_OMIE_APP_KEY=…": f"TAP_OMIE_APP_KEY={ours['app_key']}",
                "TAP_OMIE_APP_SECRET=…": f"TAP_OMIE_APP_SECRET={ours['app_secret']}",
                "TARGET_POSTGRES_HOST=… TARGET_POSTGRES_USER=… TARGET_POSTGRES_PASSWORD=…"
                " TARGET_POSTGRES_DATABASE=…": (
                    f"TARGET_POSTGRES_SQLALCHEMY_URL='{warehouse.sqlalchemy_url}'"
                ),
            },
        )
        said = shell(typed, known, folder=project)
        assert json.loads(said.splitlines()[-1])["status"] == "connected"
        shell(
            substituted(views, {"psql …": f"{postgres.psql()} '{warehouse.uri}'"}),
            known,
            folder=project,
        )
        loaded = rows(warehouse)
        assert len(loaded) > 0
        # MeltanoLabs' own loader with the page's settings makes the same rows.
        assert file.read_text(encoding="utf-8").count("executable: erp-target-postgres\n") == 1
        text = file.read_text(encoding="utf-8").replace(
            "    executable: erp-target-postgres\n",
            f"    executable: target-postgres\n{own.text}",
        )
        file.write_text(text, encoding="utf-8")
        warehouse.execute("drop schema erp cascade")
        again = typed.text.replace("meltano install\n", "").replace(
            "meltano run", "meltano run --full-refresh"
        )
        shell(Block(typed.heading, "sh", again), known, folder=project)
        assert rows(warehouse) == loaded
    assert update.text == "meltano install --clean\n"
    assert sys.prefix not in file.read_text(encoding="utf-8")


def rows(warehouse: Warehouse) -> list[dict[str, object]]:
    """What is loaded of the trial balance, but for when."""
    return warehouse.rows(
        "select company_id, period_end, account_code, opening_balance, debit_amount,"
        " credit_amount, closing_balance from trial_balance order by 1, 2, 3"
    )
