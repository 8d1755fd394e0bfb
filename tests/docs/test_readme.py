"""What the README tells a reader to type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demo.meltano import turn
from demo.postgres import Postgres
from docs.blocks import Block, blocks, shell, substituted
from e2e.commands import PROJECT, installed
from e2e.warehouse import Warehouse
from simulator import Books, Simulator

pytestmark = [pytest.mark.xdist_group("meltano"), pytest.mark.timeout(900)]

PAGE = PROJECT / "README.md"
PORTUGUESE = PROJECT / "README.pt-BR.md"
ELSEWHERE = {
    "make demo": "what it shows is tested on smaller books, with the rest of Meltano",
    "pip install ./shared": "test_publishing installs so, which takes longer",
}
"""Blocks that are not run here, by their beginning, and why."""


def block(beginning: str) -> Block:
    """The README's block that begins so."""
    [found] = [one for one in blocks(PAGE, "sh", "python") if one.text.startswith(beginning)]
    return found


def wanted(erp: Simulator) -> dict[str, Any]:
    """The settings of the reader's company, 123."""
    return erp.settings("omie", companies=["123"])


def test_every_block_is_run() -> None:
    run = ["cat > config.json", "export TAP_OMIE_APP_KEY", "python -m erp_common.sql", "from date"]
    listed = blocks(PAGE, "sh", "python")
    assert len(listed) == len({*run, *ELSEWHERE})
    assert all(one.text.startswith((*run, *ELSEWHERE)) for one in listed)


@pytest.mark.slow
def test_a_tap_by_itself(tmp_path: Path) -> None:
    with Simulator(Books.generate(companies=["123"], entries_per_month=5)) as erp:
        known = wanted(erp)
        reach = {name: known[name] for name in ("base_url", "ca_bundle")}
        more = f"{json.dumps(reach)[1:-1]}, "
        typed = substituted(
            block("cat > config.json"),
            {
                '"app_key": "…"': f'{more}"app_key": "{known["app_key"]}"',
                '"app_secret": "…"': f'"end_date": "2024-03-31", '
                f'"app_secret": "{known["app_secret"]}"',
            },
        )
        said = shell(typed, {}, folder=tmp_path)
    assert json.loads(said)["status"] == "connected"
    messages = (tmp_path / "out.singer").read_text(encoding="utf-8").splitlines()
    periods = [json.loads(line) for line in messages if '"stream":"periods"' in line]
    records = [one["record"] for one in periods if one["type"] == "RECORD"]
    assert [row["is_reconciled"] for row in records] == [True, True, True]


@pytest.mark.pipelines
def test_the_same_in_portuguese(tmp_path: Path) -> None:
    (told,) = [json.loads(one.text) for one in blocks(PORTUGUESE, "json")]
    listed = blocks(PORTUGUESE, "sh")
    assert [one.text.partition("  ")[0].strip() for one in listed] == [
        "make demo",
        "pip install ./shared ./taps/tap-omie",
        "tap-omie --config config.json --health-check",
    ]
    with Simulator(Books.generate(companies=["123"], entries_per_month=5)) as erp:
        known = wanted(erp)
        more = ("base_url", "ca_bundle", "app_key", "app_secret")
        told |= {name: known[name] for name in more} | {"end_date": "2024-01-31"}
        (tmp_path / "config.json").write_text(json.dumps(told), encoding="utf-8")
        said = shell(listed[-1], {}, folder=tmp_path)
    assert json.loads(said)["status"] == "connected"
    assert '"stream":"periods"' in (tmp_path / "saida.singer").read_text(encoding="utf-8")


@pytest.mark.pipelines
def test_meltano_and_the_views(warehouse: Warehouse, postgres: Postgres, tmp_path: Path) -> None:
    address = warehouse.sqlalchemy_url
    with Simulator(Books.generate(companies=["123"], entries_per_month=5)) as erp:
        known = wanted(erp)
        typed = substituted(
            block("export TAP_OMIE_APP_KEY"),
            {
                "TAP_OMIE_APP_KEY=…": f"TAP_OMIE_APP_KEY={known['app_key']}",
                "TAP_OMIE_APP_SECRET=…": f"TAP_OMIE_APP_SECRET={known['app_secret']}",
                "TARGET_POSTGRES_HOST=… TARGET_POSTGRES_USER=… TARGET_POSTGRES_PASSWORD=…"
                " TARGET_POSTGRES_DATABASE=…": f"TARGET_POSTGRES_SQLALCHEMY_URL='{address}'",
                # They are installed; who runs the tests did that.
                "meltano install tap-omie target-postgres\n": "",
            },
        )
        reach = {
            "TAP_OMIE_BASE_URL": known["base_url"],
            "TAP_OMIE_CA_BUNDLE": known["ca_bundle"],
            "TAP_OMIE_END_DATE": "2024-02-29",
            "MELTANO_DATABASE_URI": f"sqlite:///{tmp_path / 'meltano.db'}",
        }
        with turn():
            shell(typed, reach)
    views = substituted(
        block("python -m erp_common.sql"), {"psql …": f"{postgres.psql()} '{warehouse.uri}'"}
    )
    shell(views, {})
    accounts = warehouse.values("select count(*) from current_trial_balance")
    assert accounts[0] > 0


def test_python(tmp_path: Path) -> None:
    with Simulator(Books.generate(companies=["123"], entries_per_month=5)) as erp:
        known = wanted(erp)
        reach = {name: known[name] for name in ("base_url", "ca_bundle")}
        typed = substituted(
            block("from date"),
            {
                '"app_key": "…"': f'"app_key": "{known["app_key"]}"',
                '"app_secret": "…"': f'"app_secret": "{known["app_secret"]}"',
                "credentials=keys": f"credentials=keys, config={reach!r}",
            },
        )
        script = tmp_path / "reader.py"
        script.write_text(f"{typed.text}print(len(books.accounts))\n", encoding="utf-8")
        said = shell(Block("", "sh", f"{installed('python')} {script}"), {}, folder=tmp_path)
    assert int(said) > 0
