"""Loaders of others take our messages twice, and are held to what was seen of them before."""

from __future__ import annotations

import csv
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from psycopg.conninfo import conninfo_to_dict

from e2e.commands import TapRunner
from e2e.warehouse import Warehouse
from erp_common.sql import Dialect, create_views
from loaders.known import CSV, DUCKDB, JSONL, LOADERS, PARQUET, PIPELINEWISE, Kind, Loader
from loaders.measured import Again, Amounts, Deleted, Seen, hold
from loaders.s3 import local_s3
from simulator import Books, Line, Simulator

pytestmark = pytest.mark.loaders

LARGE = Decimal("12345678901234567.89")
FORMS = [("number", "object"), ("decimal", "json"), ("string", "json")]
"""How amounts and objects are written."""
DECLARING = [one for one in LOADERS if one.kind is Kind.COLUMNS]
LOADING = [one for one in LOADERS if one not in DECLARING]
WITH_VIEWS = [one for one in LOADING if one.kind is Kind.DATABASE]
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


@pytest.fixture(scope="session")
def said(erp: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], str]:
    """What the tap says of those books, read once for each form."""

    @cache
    def messages(amounts: str, objects: str) -> str:
        config = erp.settings(
            "omie",
            start_date="2024-01-01",
            end_date="2024-03-31",
            amounts=amounts,
            objects=objects,
            rate_limit={"requests": 100_000, "burst": 1_000},
        )
        done = TapRunner(tmp_path_factory.mktemp("tap"))("tap-omie", config)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return messages


@pytest.fixture
def messages(said: Callable[[str, str], str], form: tuple[str, str]) -> str:
    """What the tap says in one form."""
    return said(*form)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3."""
    with local_s3("books") as address:
        yield address


class Tables:
    """Where a loader loads to, and how it is read."""

    def __init__(self, loader: Loader, folder: Path, warehouse: Warehouse, s3: str) -> None:
        self._folder = folder
        self._warehouse = warehouse
        self._s3 = s3
        reads: dict[str, Callable[[], list[Row]]] = {
            DUCKDB.folder: self._duckdb,
            JSONL.folder: self._jsonl,
            CSV.folder: self._csv,
            PIPELINEWISE.folder: self._postgres,
            PARQUET.folder: self._parquet,
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
            PARQUET.folder: {
                "format": {"format_type": "parquet"},
                "prefix": folder.parent.name,
                "cloud_provider": {
                    "cloud_provider_type": "aws",
                    "aws": {
                        "aws_access_key_id": "key",
                        "aws_secret_access_key": "secret",
                        "aws_region": "us-east-1",
                        "aws_bucket": "books",
                        "aws_endpoint_override": s3,
                    },
                },
            },
        }
        self.settings = settings[loader.folder]

    def with_views(self) -> tuple[int, Counter[tuple[Any, ...]]]:
        """How many postings are in the table, and those that the view leaves."""
        dialect = Dialect.DUCKDB if self.rows == self._duckdb else Dialect.POSTGRES
        views = create_views("erp", dialect)
        query = (
            "select cast(cast(transaction_date as date) as varchar(10)), account_code,"
            " cast(debit_amount as decimal(38, 9)), cast(credit_amount as decimal(38, 9))"
            " from erp.current_subledger"
        )
        there = len(self.rows())
        if dialect is Dialect.DUCKDB:
            with duckdb.connect(str(self._folder / "books.duckdb")) as database:
                database.execute(views)
                return there, Counter(database.execute(query).fetchall())
        self._warehouse.execute(views)
        return there, Counter(tuple(row.values()) for row in self._warehouse.rows(query))

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

    def _parquet(self) -> list[Row]:
        folder = f"books/{self._folder.parent.name}/subledger"
        said = asked(PARQUET, "rows_of_parquet.py", self._s3, folder)
        types, *rows = map(json.loads, said.splitlines())
        days = [name for name, kind in types.items() if kind.startswith("date")]
        # JSON has no dates.
        return [row | {name: date.fromisoformat(row[name]) for name in days} for row in rows]


def asked(loader: Loader, script: str, *arguments: str) -> str:
    """What a script says that runs where this loader is installed."""
    command = [str(loader.python), str(Path(__file__).with_name(script)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def versions(loader: Loader) -> dict[str, str]:
    """Which releases are installed of what its row names."""
    said: dict[str, str] = json.loads(asked(loader, "versions_of_packages.py", *loader.packages))
    return said


def of_amounts(loader: Loader, found: list[tuple[Any, Decimal]]) -> Amounts:
    """What a loader has made of amounts: its values beside those of the messages."""
    kinds = {type(value) for value, _ in found}
    if float in kinds:
        return Amounts.FLOAT
    assert all(Decimal(value) == stated for value, stated in found)
    # All of a CSV file is text.
    return Amounts.TEXT if kinds == {str} and loader is not CSV else Amounts.EXACT


def of_object(value: Any) -> str:
    """What an object is, in the words of the table."""
    return "text" if isinstance(value, str) else "json"


def of_day(value: Any) -> str:
    """What a date is, in the words of the table."""
    return {datetime: "timestamp", date: "date", str: "text"}[type(value)]


def of_second_load(first: int, second: int) -> Again:
    """What a second load did that had one row less than the first, by the rows that are there."""
    return {first: Again.REPLACES, 2 * first - 1: Again.ADDS, first - 1: Again.ANEW}[second]


@pytest.mark.parametrize("loader", LOADING, ids=lambda one: one.folder)
def test_a_loader_does_what_was_seen_of_it(
    loader: Loader,
    form: tuple[str, str],
    messages: str,
    warehouse: Warehouse,
    s3: str,
    tmp_path: Path,
) -> None:
    amounts, _ = form
    lines = messages.splitlines(keepends=True)
    read = [json.loads(line, parse_float=Decimal) for line in lines]
    posted = [
        number
        for number, one in enumerate(read)
        if one["type"] == "RECORD" and one["stream"] == "subledger"
    ]
    expected = [read[number]["record"] for number in posted]
    folder = tmp_path / "loaded"
    folder.mkdir()
    tables = Tables(loader, folder, warehouse, s3)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(tables.settings), encoding="utf-8")
    hold(loader, versions=versions(loader))
    without_the_last = [line for number, line in enumerate(lines) if number != posted[-1]]
    counts: list[int] = []
    for said in (lines, without_the_last):
        done = subprocess.run(
            [str(loader.command), "--config", str(config)],
            input="".join(said),
            capture_output=True,
            text=True,
            cwd=folder,
            check=False,
        )
        if done.returncode != 0 and not counts:
            hold(loader, forms={amounts: Seen(Amounts.FAILS)})
            return
        assert done.returncode == 0, done.stderr[-3000:]
        rows = tables.rows()
        counts.append(len(rows))
    assert counts[0] == len(expected)
    first, second = counts
    again = of_second_load(first, second)
    if again is Again.ANEW:
        del expected[-1]

    by_key = {(row["account_code"], row["entry_id"], int(row["line_number"])): row for row in rows}
    assert len(by_key) == len(expected)
    found: list[tuple[Any, Decimal]] = []
    for one in expected:
        row = by_key[one["account_code"], one["entry_id"], one["line_number"]]
        assert str(row["transaction_date"])[:10] == one["transaction_date"]
        assert (row["description"] or None) == one["description"]
        metadata = row["metadata"]
        kept = json.loads(metadata) if isinstance(metadata, str) else metadata
        stated = one["metadata"]
        assert kept == (json.loads(stated) if isinstance(stated, str) else stated)
        found += [(row[name], Decimal(one[name])) for name in ("debit_amount", "credit_amount")]
    (days,) = {of_day(row["transaction_date"]) for row in by_key.values()}
    (objects,) = {of_object(row["metadata"]) for row in by_key.values()}
    hold(loader, forms={amounts: Seen(of_amounts(loader, found), days, objects, again)})


@pytest.mark.parametrize("loader", WITH_VIEWS, ids=lambda one: one.folder)
def test_what_the_erp_has_deleted_is_gone_from_the_views(
    loader: Loader, warehouse: Warehouse, run_tap: TapRunner, tmp_path: Path
) -> None:
    folder = tmp_path / "loaded"
    folder.mkdir()
    tables = Tables(loader, folder, warehouse, "")
    config = tmp_path / "config.json"
    config.write_text(json.dumps(tables.settings), encoding="utf-8")
    books = Books.generate(entries_per_month=6)
    company = books.company

    def load(served: Simulator, state: Row | None) -> Row | None:
        settings = served.settings(
            "omie", start_date="2024-01-01", end_date="2024-03-31", amounts="string"
        )
        done = run_tap("tap-omie", settings, state=state)
        assert done.returncode == 0, done.stderr
        command = [str(loader.command), "--config", str(config)]
        subprocess.run(command, input=done.stdout.encode(), cwd=folder, check=True)
        return done.state

    with Simulator(books) as served:
        state = load(served, None)
        entries = company.entries_between(date(2024, 2, 1), date(2024, 3, 31))
        for gone in (entries[0], entries[-1]):
            company.delete_entry(gone.id)
        load(served, state)
    there, current = tables.with_views()
    expected = Counter(
        (one.entry.date.isoformat(), one.line.account, one.line.debit, one.line.credit)
        for one in company.lines(date(2024, 1, 1), date(2024, 3, 31))
    )
    assert current == expected
    assert there > sum(expected.values()), "the tables keep what they have got"
    hold(loader, deleted=Deleted.GONE)


@pytest.mark.parametrize("loader", DECLARING, ids=lambda one: one.folder)
def test_a_loader_makes_the_columns_that_were_seen_of_it(
    loader: Loader, form: tuple[str, str], messages: str, tmp_path: Path
) -> None:
    schema = next(
        line
        for line in messages.splitlines()
        if (one := json.loads(line))["type"] == "SCHEMA" and one["stream"] == "subledger"
    )
    file = tmp_path / "schema.jsonl"
    file.write_text(schema + "\n", encoding="utf-8")
    script = {
        "target-snowflake": "columns_of_snowflake.py",
        "target-bigquery": "columns_of_bigquery.py",
    }[loader.folder]
    columns = json.loads(asked(loader, script, str(file)).splitlines()[-1])
    assert columns["credit_amount"] == columns["debit_amount"]
    shown = ("transaction_date", "line_number", "metadata", "debit_amount")
    hold(
        loader,
        versions=versions(loader),
        forms={
            form[0]: Seen(
                of_column(columns["debit_amount"]),
                columns={name: columns[name] for name in shown},
            )
        },
    )


def of_column(kind: str) -> Amounts:
    """What a column of this type makes of amounts with nine places."""
    return {
        "FLOAT": Amounts.FLOAT,
        "NUMBER(38,9)": Amounts.EXACT,
        "STRING": Amounts.TEXT,
        "VARCHAR(16777216)": Amounts.TEXT,
    }[kind]
