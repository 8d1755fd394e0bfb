"""docs/operations.md, from top to bottom, on one company of the portfolio."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from demo.meltano import turn
from docs.blocks import Block, blocks, shell, substituted
from e2e.commands import PROJECT, environment, meltano
from e2e.holding import END, MEMBERS, agree, keys, settings, storage
from e2e.warehouse import Warehouse
from simulator import Books, Line, Simulator, faults

# More than a dozen commands of Meltano, each of which takes seconds to start.
pytestmark = [
    pytest.mark.pipelines,
    pytest.mark.xdist_group("meltano"),
    pytest.mark.timeout(900),
]

PAGE = PROJECT / "docs" / "operations.md"
DATAHUB = next(member for member in MEMBERS if member.code == "DATAHUB")
EVERYBODY = " ".join(member.job for member in MEMBERS)
STATE = "prod:tap-omie--datahub-to-target-postgres"


class World:
    """The company's books and ERP, the warehouse, and what a reader's environment holds."""

    def __init__(self, erp: Simulator, books: Books, warehouse: Warehouse, folder: Path) -> None:
        """Make the reader's environment: February and March are to be read at first."""
        self.erp = erp
        self.books = books
        self.warehouse = warehouse
        self.folder = folder
        self.killed = Event()
        self.env = settings(erp) | keys(erp, DATAHUB) | storage(warehouse, folder)
        self.env |= warehouse.dbt_environment
        self.env |= {name: str(folder / "dbt") for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH")}
        self.env["MELTANO_ENVIRONMENT"] = "prod"
        self.env["TAP_OMIE__DATAHUB_START_DATE"] = "2024-02-01"

    def run(self, block: Block, replacements: Mapping[str, str] | None = None) -> Any:
        """Run a block; gives what it prints, or a query's rows."""
        block = substituted(block, replacements or {})
        if block.language == "sql":
            return self.warehouse.rows(block.text)
        self.erp.requests.clear()
        with turn():
            return shell(block, self.env, folder=PROJECT)

    def months_read(self, method: str = "ListarBalancete") -> set[str]:
        """The months whose trial balance, or what begins in them, the block has asked for."""
        asked = self.erp.requests.select("omie", method)
        return {request.params["dDataDe"][3:5] for request in asked}

    def post(self, day: date) -> None:
        """Somebody posts an entry."""
        cash, fees = "1.1.01.02.001", "5.1.02.01.001"
        lines = [
            Line(cash, Decimal("7.00"), Decimal(0)),
            Line(fees, Decimal(0), Decimal("7.00")),
        ]
        self.books.company.add_entry(date=day, lines=lines, description="Lançamento tardio")


def first_run(world: World, block: Block) -> None:
    world.run(block)
    assert world.months_read() == {"02", "03"}
    world.warehouse.create_views()


def every_company(world: World, block: Block) -> None:
    # EFFECTI, the first of the portfolio, has no keys here.
    with pytest.raises(AssertionError, match="tap-totvs--effecti"):
        world.run(Block("Running", "sh", "meltano run portfolio\n"))
    assert world.months_read() == set()
    with pytest.raises(AssertionError, match=r"(?m)^failed: effecti$"):
        world.run(block, {EVERYBODY: "effecti datahub"})
    assert world.months_read() == {"02", "03"}
    # Whom it could read is closed all the same.
    closed = world.warehouse.rows(
        "select distinct company_id, is_reconciled from close.close_status"
    )
    assert [tuple(row.values()) for row in closed] == [("DATAHUB", True)]


def how_far(world: World, block: Block) -> None:
    [row] = world.run(block)
    assert (row["company_id"], row["read_until"]) == ("DATAHUB", END)
    assert (row["unbalanced"], row["unreconciled"], row["findings"]) == (0, 0, 0)


def findings(world: World, block: Block) -> None:
    assert world.run(block) == []


def as_json(world: World, block: Block) -> None:
    log = world.folder / "run.log"
    said, *points = world.run(block, {"run.log": str(log)}).splitlines()
    assert int(said) >= len({"02", "03"})
    measured = [json.loads(f"{{{point}}}")["metric_info"] for point in points]
    counted = {point["tags"]["stream"] for point in measured if point["metric"] == "record_count"}
    assert counted == {"periods", "subledger", "trial_balance", "validation_issues"}
    assert {"record_count", "sync_duration"} <= {point["metric"] for point in measured}
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert any("balanced, reconciled" in line["event"] for line in lines)


def backfill(world: World, block: Block) -> None:
    world.run(block)
    world.env["TAP_OMIE__DATAHUB_START_DATE"] = "2024-01-01"
    assert world.months_read() == {"01", "02", "03"}
    agree(world.warehouse, world.books)


def look_back(world: World, block: Block) -> None:
    world.post(date(2024, 1, 31))
    world.run(block)
    assert world.months_read() == {"01", "02", "03"}
    agree(world.warehouse, world.books)


def one_month(world: World, block: Block) -> None:
    world.run(block)
    assert world.months_read() == {"01"}
    agree(world.warehouse, world.books)


def new_key(world: World, block: Block) -> None:
    good = keys(world.erp, DATAHUB)
    answer = world.run(
        block,
        {
            "NEW_KEY": good["TAP_OMIE__DATAHUB_APP_KEY"],
            "NEW_SECRET": good["TAP_OMIE__DATAHUB_APP_SECRET"],
        },
    )
    assert json.loads(answer)["status"] == "connected"
    with pytest.raises(AssertionError, match="authentication_failed"):
        world.run(block)


def see_state(world: World, block: Block) -> None:
    said = world.run(block)
    assert STATE in said
    state = json.loads(said.rpartition(STATE)[2])
    assert str(END) in json.dumps(state["singer_state"]["bookmarks"]["periods"])


def repair_state(world: World, block: Block) -> None:
    world.run(block, {"state.json": str(world.folder / "state.json")})
    assert END.isoformat() in (world.folder / "state.json").read_text(encoding="utf-8")


def after_a_kill(world: World, block: Block) -> None:
    plain = substituted(block, {" --force": ""})
    world.erp.faults.add(faults.slow_first_byte(world.killed), erp="omie")
    world.erp.requests.clear()
    with turn():
        process = subprocess.Popen(
            plain.text.split(),
            executable=meltano(),
            cwd=PROJECT,
            env=environment(world.env),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        world.erp.requests.wait_for(1, erp="omie", timeout=120)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        world.killed.set()
    with pytest.raises(AssertionError, match="already running"):
        world.run(plain)
    world.run(block)
    # The state that was put back is what it goes on from; January is only looked at for changes.
    assert world.months_read() == {"01", "02", "03"}
    assert "01" not in world.months_read("ListarMovimentos")
    agree(world.warehouse, world.books)


STEPS: dict[str, list[Callable[[World, Block], None]]] = {
    "Running": [first_run, every_company],
    "What to look at": [how_far, findings, as_json],
    "Backfill": [backfill],
    "A closed month was reopened": [look_back, one_month],
    "Rotating keys": [new_key],
    "A failed company": [findings],
    "State": [see_state, repair_state],
    "A killed run": [after_a_kill],
}


def test_every_command_does_what_the_page_says(warehouse: Warehouse, tmp_path: Path) -> None:
    listed = blocks(PAGE, "sh", "sql")
    steps = [(heading, step) for heading, its in STEPS.items() for step in its]
    assert [block.heading for block in listed] == [heading for heading, _ in steps]
    books = Books.generate(companies=["DATAHUB"], entries_per_month=8)
    with Simulator(books) as erp:
        world = World(erp, books, warehouse, tmp_path)
        for block, (_, step) in zip(listed, steps, strict=True):
            print(block)
            step(world, block)
