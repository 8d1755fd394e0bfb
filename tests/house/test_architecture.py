"""docs/architecture.md names every room, and the way of a posting is what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from e2e.holding import ERPS
from house.imports import PROJECT, packages
from simulator import Books, Line, Simulator

PAGE = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
FOOTSTEPS = Path(__file__).with_name("footsteps.py")
MARK = "MARCA-DO-CAMINHO"
WAY = re.findall(r"^\d+\. `([\w.]+)`", PAGE, re.MULTILINE)
"""The rooms that a posting passes, as the page lists them."""


def rooms(storey: str) -> list[str]:
    """The rooms of a storey of `erp_common`."""
    folder = packages()["erp_common"] / storey
    return sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("__"))


@pytest.mark.parametrize(
    "storey",
    sorted(
        one.name for one in packages()["erp_common"].iterdir() if (one / "__init__.py").exists()
    ),
)
def test_every_room_is_named(storey: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `erp_common.{storey}`")]
    named = re.findall(r"`(\w+)`", row)
    assert sorted(set(named)) == rooms(storey)


def test_a_posting_passes_fewer_than_fifteen_rooms() -> None:
    assert 5 < len(WAY) < 15
    assert len(set(WAY)) == len(WAY)


@pytest.mark.parametrize("tap", ["tap-omie", "tap-totvs", "tap-bling", "tap-contaazul"])
def test_a_posting_passes_the_rooms_that_are_listed(tap: str, tmp_path: Path) -> None:
    """The real command, under a profiler that sees which rooms hand the posting on."""
    books = Books.generate(companies=["A"], entries_per_month=2, opening="entry")
    amount, zero = Decimal(5), Decimal(0)
    day = books.company.entries[-1].date.replace(month=1, day=10)
    lines = [Line("1.1.01.02.001", amount, zero), Line("2.1.01.01.001", zero, amount)]
    for month in (1, 2):
        books.company.add_entry(date=day.replace(month=month), description=MARK, lines=lines)
    (command,) = entry_points(group="console_scripts", name=tap)
    target = command.value.removesuffix(".cli")
    config, noted = tmp_path / "config.json", tmp_path / "rooms"
    with Simulator(books) as sim:
        settings = sim.settings(
            ERPS[tap], companies=["A"], start_date="2024-01-01", end_date="2024-02-29",
            rate_limit={"requests": 100_000, "burst": 1_000},
        )  # fmt: skip
        config.write_text(json.dumps(settings, default=str))
        words = [MARK, str(noted), target, "--config", str(config)]
        done = subprocess.run(
            [sys.executable, str(FOOTSTEPS), *words], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    assert MARK in done.stdout
    package = tap.replace("-", "_")
    listed = {room.replace("tap_*", package).removeprefix("erp_common.") for room in WAY}
    found = {room.removeprefix("erp_common.") for room in noted.read_text().split()}
    kept = {"extract.spool"} if tap == "tap-contaazul" else set()  # its listing needs no window
    assert found == {room.replace("mapping", f"{package}.mapping") for room in listed} - kept
