"""Loaders of others take our messages twice, and are held to what is known of them."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from psycopg.conninfo import conninfo_to_dict

from e2e.commands import TapRunner
from e2e.warehouse import Warehouse
from loaders.known import CSV, DUCKDB, JSONL, LOADERS, PIPELINEWISE, Amounts, Loader, Repeated
from simulator import Books, Line, Simulator

pytestmark = pytest.mark.loaders

LARGE = Decimal("12345678901234567.89")
FORMS = [("number", "object"), ("decimal", "json"), ("string", "json")]
"""How amounts and objects are written."""
Row = dict[str, Any]


@pytest.fixture(scope="session")
def erp() -> Iterator[Simulator]:
    """A quarter of small books with one amount that no binary float holds."""
    books = Books.generate(entries_per_month=10)
    books.company.add_entry(
        date=date(2024, 2, 10),
        lines=[
            Line("1.1.01.02.001", LARGE, Decimal(0)),
            Line("3.1.01.01.001", Decimal(0), LARGE),
        ],
    )
    with Simulator(books) as simulator:
        yield simulator


@pytest.fixture(params=FORMS, ids="-".join)
def form(request: pytest.FixtureRequest) -> tuple[str, str]:
    """How amounts and objects are written."""
    amounts, objects = request.param
    return amounts, objects


@pytest.fixture
def messages(run_tap: TapRunner, erp: Simulator, form: tuple[str, str]) -> str:
    """What the tap says of those books."""
    amounts, objects = form
    config = erp.settings(
        "omie",
        start_date="2024-01-01",
        end_date="2024-03-31",
        amounts=amounts,
        objects=objects,
        rate_limit={"requests": 100_000, "burst": 1_000},
    )
    done = run_tap("tap-omie", config)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Tables:
    """Where a loader loads to, and how it is read."""

    def __init__(self, loader: Loader, folder: Path, warehouse: Warehouse) -> None:
        self._folder = folder
        self._warehouse = warehouse
        reads: dict[str, Callable[[], list[Row]]] = {
            DUCKDB.folder: self._duckdb,
            JSONL.folder: self._jsonl,
            CSV.folder: self._csv,
            PIPELINEWISE.folder: self._postgres,
        }
        self.rows = reads[loader.folder]
        settings: dict[str, Row] = {
            DUCKDB.folder: {
                "path": str(folder / "books.duckdb"),
                "default_target_schema": "erp",
                "add_metadata_columns": False,
                "temp_dir": str(folder),
            },
            JSONL.folder: {"destination_path": str(folder), "do_timestamp_file": False},
            CSV.folder: {"output_path": str(folder)},
            PIPELINEWISE.folder: {
                **{
                    name: conninfo_to_dict(warehouse.uri).get(name) or usual
                    for name, usual in (
                        ("host", "localhost"),
                        ("port", "5432"),
                        ("user", "postgres"),
                        ("password", "-"),
                        ("dbname", ""),
                    )
                },
                "default_target_schema": "erp",
                "parallelism": 1,
            },
        }
        self.settings = settings[loader.folder]

    def _duckdb(self) -> list[Row]:
        with duckdb.connect(str(self._folder / "books.duckdb"), read_only=True) as database:
            found = database.execute("select * from erp.subledger")
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def _jsonl(self) -> list[Row]:
        lines = (self._folder / "subledger.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line, parse_float=Decimal) for line in lines]

    def _csv(self) -> list[Row]:
        (path,) = self._folder.glob("subledger*.csv")
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _postgres(self) -> list[Row]:
        return self._warehouse.rows("select * from erp.subledger")


def of_value(value: Any) -> Amounts:
    """What a value of an amount's column is."""
    if isinstance(value, float):
        return Amounts.FLOAT
    return Amounts.TEXT if isinstance(value, str) else Amounts.EXACT


@pytest.mark.parametrize("loader", LOADERS, ids=lambda one: one.folder)
def test_a_loader_does_what_is_known_of_it(
    loader: Loader,
    form: tuple[str, str],
    messages: str,
    warehouse: Warehouse,
    tmp_path: Path,
) -> None:
    amounts, objects = form
    expected = [
        one["record"]
        for line in messages.splitlines()
        if (one := json.loads(line, parse_float=Decimal)).get("stream") == "subledger"
        and one["type"] == "RECORD"
    ]
    folder = tmp_path / "loaded"
    folder.mkdir()
    tables = Tables(loader, folder, warehouse)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(tables.settings), encoding="utf-8")
    for time in (1, 2):
        done = subprocess.run(
            [str(loader.command), "--config", str(config)],
            input=messages,
            capture_output=True,
            text=True,
            cwd=folder,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        rows = tables.rows()
        copies = time if loader.repeated is Repeated.ADDS else 1
        assert len(rows) == len(expected) * copies

    by_key = {(row["account_code"], row["entry_id"], int(row["line_number"])): row for row in rows}
    assert len(by_key) == len(expected)
    found: set[Amounts] = set()
    for one in expected:
        row = by_key[one["account_code"], one["entry_id"], one["line_number"]]
        assert str(row["transaction_date"])[:10] == one["transaction_date"]
        assert (row["description"] or None) == one["description"]
        metadata = row["metadata"]
        read = json.loads(metadata) if isinstance(metadata, str) else metadata
        stated = one["metadata"]
        assert read == (json.loads(stated) if isinstance(stated, str) else stated)
        for name in ("debit_amount", "credit_amount"):
            if loader.amounts[amounts] is Amounts.FLOAT:
                found.add(of_value(row[name]))
            else:
                found.add(of_value(row[name]) if loader is not CSV else Amounts.EXACT)
                assert Decimal(row[name]) == Decimal(one[name])
    assert found == {loader.amounts[amounts]} or (
        # A jsonl file keeps a whole number as one.
        loader is JSONL and found <= {Amounts.EXACT, loader.amounts[amounts]}
    )
    assert objects in loader.objects
