"""The loaders of meltano.yml beside target-postgres keep every digit as they stand there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from close.oracle import Oracle
from close.warehouses import DuckClose
from demo import PROJECT, meltano
from loaders.known import PARQUET
from loaders.s3 import local_s3
from loaders.test_others import LARGE, asked, erp
from simulator import Simulator

__all__ = ["erp"]

# Runs of Meltano take turns.
pytestmark = [pytest.mark.loaders, pytest.mark.timeout(900)]

START, END = date(2024, 1, 1), date(2024, 3, 31)


@pytest.fixture
def environment(erp: Simulator, tmp_path: Path) -> dict[str, str]:
    """What Meltano needs to know; nothing of it says how amounts are written."""
    settings = erp.settings("omie", start_date=str(START), end_date=str(END))
    written = {
        f"TAP_OMIE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
        if name != "rate_limit"
    }
    database = f"sqlite:///{tmp_path / 'meltano.db'}"
    return written | {"MELTANO_DATABASE_URI": database}


def run(environment: dict[str, str], loader: str, folder: Path) -> None:
    """`meltano run tap-omie LOADER`."""
    meltano.run(environment, log=folder / "meltano.log", tell=print, what=("tap-omie", loader))


def check(debited: list[Decimal], credited: list[Decimal]) -> None:
    """The books are there with every digit."""
    assert LARGE in debited
    assert sum(debited) == sum(credited)


def test_duckdb(environment: dict[str, str], erp: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "books.duckdb"
    run(environment | {"TARGET_DUCKDB_PATH": str(file)}, "target-duckdb", tmp_path)
    with duckdb.connect(str(file), read_only=True) as database:
        rows = database.execute("select debit_amount, credit_amount from erp.subledger").fetchall()
    check([Decimal(row[0]) for row in rows], [Decimal(row[1]) for row in rows])
    # And the close can be made of it.
    close = DuckClose(tmp_path)
    assert close.path == file
    close.build("--select", "+balance_sheet", "--indirect-selection=cautious")
    expected = Oracle(erp.books.company, START, END).balance_sheet()
    assert {
        (row["company_id"], row["period_end"], row["account_code"]): (
            row["account_type"],
            row["amount"],
        )
        for row in close.rows("balance_sheet")
    } == expected


@pytest.fixture
def by_itself(tmp_path: Path) -> list[str]:
    """The loader's command as Meltano has installed it, and a file of its own."""
    config = tmp_path / "target.json"
    config.write_text(json.dumps({"path": str(tmp_path / "alone.duckdb")}), encoding="utf-8")
    programs = PROJECT / ".meltano" / "loaders" / "target-duckdb" / "venv" / "bin"
    return [str(programs / "erp-target-duckdb"), "--config", str(config)]


def test_half_a_load_is_no_success(by_itself: list[str]) -> None:
    done = subprocess.run(
        by_itself, input=b'{"type": "STATE", "value": {}}\nnonsense\n',
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    *_, last = done.stderr.decode().splitlines()
    assert last.startswith("erp-target-duckdb: line 2 of the tap's output is no message")


def test_its_options_and_failures_are_the_loaders(by_itself: list[str]) -> None:
    asked_for = subprocess.run([by_itself[0], "--help"], capture_output=True, check=False)
    assert asked_for.returncode == 0
    assert b"--config" in asked_for.stdout
    Path(by_itself[2]).write_text("no JSON", encoding="utf-8")
    done = subprocess.run(by_itself, input=b"", capture_output=True, check=False)
    assert done.returncode != 0
    assert b"Expecting value" in done.stderr


@pytest.fixture
def s3() -> Iterator[str]:
    """The address of an S3."""
    with local_s3("books") as address:
        yield address


def test_parquet(environment: dict[str, str], s3: str, tmp_path: Path) -> None:
    aws = {
        "AWS_BUCKET": "books",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_OVERRIDE": s3,
    }
    named = {f"TARGET_PARQUET_CLOUD_PROVIDER_AWS_{name}": value for name, value in aws.items()}
    run(environment | named, "target-parquet", tmp_path)
    said = asked(PARQUET, "rows_of_parquet.py", s3, "books/erp/subledger")
    _, *rows = map(json.loads, said.splitlines())
    check(
        [Decimal(row["debit_amount"]) for row in rows],
        [Decimal(row["credit_amount"]) for row in rows],
    )
